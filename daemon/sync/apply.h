/* One feed response applied to the replica: verified record by record, committed in one transaction
 * with the cursor.
 *
 * Application stops at the first record that is refused: those before it are kept, it and those
 * after it are not, so that nothing genuine that a stranger altered on the way is ever passed over.
 * Records of kinds that this version does not know are passed over and counted.
 *
 * Threads: the replica's single writer. Public bytes only. */
#ifndef KEYFENCE_DAEMON_SYNC_APPLY_H
#define KEYFENCE_DAEMON_SYNC_APPLY_H

#include "base/status.h"
#include "envelope/record.h"
#include "store/store.h"

struct apply_context {
    struct store *replica;
    const char *machine; /* machine keys of others are passed over */
    uint8_t records_public[RECORD_PUBLIC_SIZE];
};

struct apply_outcome {
    size_t applied;
    size_t unknown;    /* of kinds that this version does not know */
    uint64_t position; /* of the last record that was applied or passed over; 0: none */
    bool certificates; /* something that the TLS server's files depend on changed */
};

/* store_id (may be NULL) is adopted by an empty replica with its first records. KF_OK when the
 * whole body was applied. KF_ERR_FORGED, KF_ERR_STALE, KF_ERR_MALFORMED, KF_ERR_LIMIT: a record was
 * refused, *out says what was kept. KF_ERR_IO and others: the replica could not be written, nothing
 * of the response is kept. */
KF_MUST_USE enum kf_status apply_body(struct apply_outcome *out,
                                      const struct apply_context *context, const uint8_t *store_id,
                                      const uint8_t *body, size_t length, struct kf_error *err);

#endif
