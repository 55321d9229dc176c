/* The core's state: the store it writes, the key it signs records with, the generation it seals
 * under. Everything below the HTTP interface uses it.
 *
 * One thread. Ownership: core_close releases everything. Secrets: the record-signing key, in
 * guarded memory for the life of the process; no customer's key ever (upload_worker.h). */
#ifndef KEYFENCE_CORE_CORE_H
#define KEYFENCE_CORE_CORE_H

#include "base/clock.h"
#include "base/random.h"
#include "cpabe/cpabe.h"
#include "envelope/payload.h"
#include "envelope/record.h"
#include "policy/catalogue.h"
#include "store/store.h"

#include <limits.h>

enum { CORE_HEARTBEAT_MS = 2000, CORE_TOKEN_BYTES = 32 };

struct superseded_key;
struct superseded { /* superseded.h */
    struct superseded_key *keys;
    size_t count, room;
};

struct core_options {
    const char *state;     /* folder: store/, records.key, records.pub, token */
    const char *authority; /* socket */
    const char *catalogue; /* attributes.yaml */
    const char *regions;   /* regions.yaml */
};

struct core {
    struct store *store;
    struct kf_random random;
    struct kf_clock clock;
    struct catalogue *catalogue;
    struct core_options options; /* its texts are the caller's */
    uint8_t *signing_key;        /* secret memory, RECORD_SECRET_SIZE */
    uint8_t records_public[RECORD_PUBLIC_SIZE];
    char token[2 * CORE_TOKEN_BYTES + 1];
    uint8_t store_id[STORE_ID_SIZE];
    uint32_t generation; /* the newest active one */
    struct cpabe_public_key *master;
    uint8_t *payload; /* scratch for one payload, PAYLOAD_MAX */
    uint8_t *record;  /* scratch for one record, RECORD_MAX */
    uint64_t started_ms;
    uint64_t head; /* newest committed revision, kept by the store's watch */
    struct superseded superseded;
};

/* Opens or creates the state. At the first start it asks the authority for generation 1 and waits a
 * few seconds for it; later starts need no authority. The options' texts must outlive the core. */
KF_MUST_USE enum kf_status core_open(struct core **out, const struct core_options *options,
                                     const struct kf_random *random, const struct kf_clock *clock,
                                     struct kf_error *err);
void core_close(struct core *core);

/* Reads the catalogue again; on failure the former one stays. */
KF_MUST_USE enum kf_status core_reload(struct core *core, struct kf_error *err);

/* Signs and puts a record; the payload may be core->payload. expected as in store.h. */
KF_MUST_USE enum kf_status core_put(struct core *core, struct store_txn *txn, enum record_kind kind,
                                    const char *key, uint32_t generation, const uint8_t *payload,
                                    size_t length, uint64_t expected, struct kf_error *err);
/* Puts a signed tombstone where a live record is; nothing when there is none. */
KF_MUST_USE enum kf_status core_delete(struct core *core, struct store_txn *txn,
                                       enum record_kind kind, const char *key,
                                       struct kf_error *err);

/* Reads a live record of this core's own store. What it returns borrows from the store, as store.h
 * says. KF_ERR_NOT_FOUND. */
KF_MUST_USE enum kf_status core_txn_get(struct record *out, struct store_txn *txn, const char *key,
                                        struct kf_error *err);
KF_MUST_USE enum kf_status core_get(struct record *out, struct store_snapshot *snapshot,
                                    const char *key, struct kf_error *err);

/* Rewrites the heartbeat record. */
KF_MUST_USE enum kf_status core_heartbeat(struct core *core, struct kf_error *err);

#endif
