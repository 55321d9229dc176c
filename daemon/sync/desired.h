/* What the TLS server should have, computed from one snapshot of the replica: a line for each
 * certificate whose key's record is here too.
 *
 * A host belongs to one certificate of each key family (RSA, ECDSA, Ed25519), the one uploaded last
 * (the greatest revision: clocks go back, revisions do not); the others keep their other hosts, and
 * one that has none left gets no line. Without this, which of two certificates is shown would
 * depend on the order in which HAProxy heard of them.
 *
 * Ownership: a struct desired owns everything in it. Threads: values only. Public bytes only. */
#ifndef KEYFENCE_DAEMON_SYNC_DESIRED_H
#define KEYFENCE_DAEMON_SYNC_DESIRED_H

#include "base/status.h"
#include "envelope/payload.h"
#include "store/store.h"

enum { DESIRED_FILE_MAX = PAYLOAD_CHAIN_MAX + 4096 };

struct desired_item {
    char id[RECORD_ID_SIZE];
    uint64_t revision;     /* of the certificate's record */
    uint64_t key_revision; /* of its key's record */
    uint8_t family;        /* of the key; see above */
    char *hosts;           /* those it won, separated by spaces; "" when none: then no line */
};

struct desired {
    struct desired_item *items; /* in order of id */
    size_t count;
    size_t capacity;
    size_t waiting; /* certificates whose key's record is not here yet */
    size_t unfit;   /* certificates or hosts that no TLS server may be told about */
};

KF_MUST_USE enum kf_status desired_compute(struct desired *out, struct store_snapshot *snapshot,
                                           struct kf_error *err);
void desired_clear(struct desired *desired);
/* NULL when there is none. */
const struct desired_item *desired_find(const struct desired *desired, const char *id);

/* The content of a certificate's files: `pem` is its chain followed by its key reference, which is
 * all that a TLS server needs, in one file that is replaced as one; `key` is the reference alone.
 * Both NUL-terminated, DESIRED_FILE_MAX bytes of room each. No line is empty, as HAProxy's runtime
 * API needs it. Only CERTIFICATE blocks of the chain are taken. KF_ERR_NOT_FOUND: not, or no more,
 * in the snapshot. */
KF_MUST_USE enum kf_status desired_files(char *pem, char *key, struct store_snapshot *snapshot,
                                         const char *id, struct kf_error *err);

#endif
