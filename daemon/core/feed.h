/* The replication feed: what a machine asks, and the bytes it gets.
 *
 * A request is answered at once when there is a record for it after its cursor; otherwise when one
 * is committed, or, with an empty body, when its time is up. Other machines' keys are left out:
 * they are sealed, but need not travel. Format: docs/PROTOCOL.feed. */
#ifndef KEYFENCE_CORE_FEED_H
#define KEYFENCE_CORE_FEED_H

#include "core.h"
#include "problem.h"

#include <stdbool.h>

struct feed_query {
    uint64_t after;
    uint32_t wait_seconds;
    char machine[RECORD_ID_SIZE];
};

/* From the texts of the query (NULL: absent); `client` is the machine that the TLS server in front
 * has authenticated, NULL when it says none. KF_ERR_USAGE, KF_ERR_DENIED. */
KF_MUST_USE enum kf_status feed_query_parse(struct feed_query *out, const char *after,
                                            const char *wait, const char *machine,
                                            const char *client, struct problem *problem);

/* Whether the machine is in the registry and active. */
KF_MUST_USE enum kf_status feed_admit(struct core *core, const struct feed_query *query,
                                      struct problem *problem);

struct feed_answer {
    uint8_t *body; /* heap, for free(); NULL when length is 0 */
    size_t length;
    uint64_t head;
};
KF_MUST_USE enum kf_status feed_collect(struct feed_answer *out, struct core *core,
                                        const struct feed_query *query, struct kf_error *err);

#endif
