/* Follows the core's feed into the replica, for ever: asks for what comes after the cursor, applies
 * it, asks again. Unreachable, denied, forged, stale: says so once, keeps what it has, retries
 * within a second.
 *
 * The cursor is the revision of the newest record applied, committed with it, and decides what is a
 * replay. Besides it there is a position in memory, which may run ahead of the cursor: the core's
 * head, when the core said that nothing up to there is for this machine. The head is not signed, so
 * it decides only where to ask next.
 *
 * Threads: follow_run() belongs to one thread, the only writer of the replica. */
#ifndef KEYFENCE_DAEMON_SYNC_FOLLOW_H
#define KEYFENCE_DAEMON_SYNC_FOLLOW_H

#include "apply.h"
#include "base/clock.h"
#include "base/random.h"
#include "fetch.h"

#include <stdatomic.h>

struct follow_options {
    struct apply_context apply;
    struct fetch *fetch;
    const char *core; /* for messages */
    struct kf_clock clock;
    struct kf_random random;
    const atomic_bool *stop;
    atomic_bool *reconnect; /* set by SIGHUP; taken here */
    /* Called after a commit that concerns the TLS server's files. */
    void (*changed)(void *context);
    void *changed_context;
};

/* Returns when stop is set. */
void follow_run(const struct follow_options *options);

#endif
