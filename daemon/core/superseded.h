/* Keys whose certificate has got another key.
 *
 * A machine learns of a replacement in two steps: its signer reads the replica at once, its TLS
 * server gets the new chain and reference some milliseconds later. Were the former key gone with
 * the first step, every handshake between the two would fail, everywhere. So a replaced key
 * outlives its replacement by SUPERSEDED_GRACE_MS; a deleted certificate's key goes with it at
 * once.
 *
 * What waits is kept in memory only: at the start, superseded_find() finds the keys that no
 * certificate uses. One thread; owned by the core. */
#ifndef KEYFENCE_CORE_SUPERSEDED_H
#define KEYFENCE_CORE_SUPERSEDED_H

#include "core.h"

enum { SUPERSEDED_GRACE_MS = 10000 };

struct superseded_key {
    uint8_t ski[RECORD_SKI_SIZE];
    char certificate[RECORD_ID_SIZE]; /* whose it was; "" when that is not known any more */
    uint64_t due_ns;                  /* of the monotonic clock */
};

/* The key is to go when its time has come and no certificate uses it then. KF_ERR_MEMORY. */
KF_MUST_USE enum kf_status superseded_add(struct core *core,
                                          const uint8_t ski[static RECORD_SKI_SIZE],
                                          const char *certificate);
/* Adds the keys of the store that no certificate uses. */
KF_MUST_USE enum kf_status superseded_find(struct core *core, struct kf_error *err);
/* Removes the former keys of a certificate that is being deleted, in its transaction. */
KF_MUST_USE enum kf_status superseded_delete(struct core *core, struct store_txn *txn,
                                             const char *certificate, struct kf_error *err);
/* Removes the keys whose time has come; those it cannot remove stay for the next time. */
KF_MUST_USE enum kf_status superseded_sweep(struct core *core, struct kf_error *err);

#endif
