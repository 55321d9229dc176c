/* Keeps the TLS server's files and each running HAProxy in step with the replica: at once when a
 * certificate changed, every second it looks whether a HAProxy is another process than before, and
 * now and then it compares everything.
 *
 * Threads: publish_changed(), publish_thoroughly() and publish_wake() may be called by any thread;
 * the rest belongs to the thread that runs it. */
#ifndef KEYFENCE_DAEMON_SYNC_PUBLISH_H
#define KEYFENCE_DAEMON_SYNC_PUBLISH_H

#include "base/clock.h"
#include "base/status.h"
#include "store/store.h"

#include <stdatomic.h>

struct publish;

struct publish_options {
    struct store *replica;
    const char *folder;
    char *const *haproxy;
    size_t haproxy_count;
    struct kf_clock clock;
    const atomic_bool *stop;
};

KF_MUST_USE enum kf_status publish_new(struct publish **out, const struct publish_options *options,
                                       struct kf_error *err);
void publish_free(struct publish *publish);

/* Brings the files in step once. */
KF_MUST_USE enum kf_status publish_files(struct publish *publish, struct kf_error *err);

/* Returns when stop is set and publish_wake() was called. */
void publish_run(struct publish *publish);

void publish_changed(struct publish *publish);    /* something in the replica changed */
void publish_thoroughly(struct publish *publish); /* compare everything, files too */
void publish_wake(struct publish *publish);

#endif
