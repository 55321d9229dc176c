/* Asks the core for what follows a revision: one GET over HTTPS with the machine's client
 * certificate, or over a Unix socket. The connection is kept and used again.
 *
 * Threads: one owner, except fetch_wake(), which any thread may call to end a waiting fetch_get or
 * fetch_pause at once. Ownership: a response is borrowed until the next call. */
#ifndef KEYFENCE_DAEMON_SYNC_FETCH_H
#define KEYFENCE_DAEMON_SYNC_FETCH_H

#include "base/status.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fetch;

struct fetch_options {
    const char *core;    /* https://HOST:PORT or unix:PATH */
    const char *machine; /* its id */
    const char *folder;  /* with sync.pem, sync.key, machine-ca.pem; only https reads them */
    const atomic_bool *stop;
};

struct fetch_response {
    const uint8_t *body;
    size_t length;
    bool has_head;
    uint64_t head;
    bool has_store_id;
    uint8_t store_id[STORE_ID_SIZE];
};

KF_MUST_USE enum kf_status fetch_new(struct fetch **out, const struct fetch_options *options,
                                     struct kf_error *err);
void fetch_free(struct fetch *fetch);

/* KF_ERR_UNAVAILABLE: unreachable, cut off or out of time. KF_ERR_DENIED: answered, but not with
 * 200. KF_ERR_LIMIT: a longer body than a feed's. KF_ERR_TIMEOUT: stop was set meanwhile. */
KF_MUST_USE enum kf_status fetch_get(struct fetch_response *out, struct fetch *fetch,
                                     uint64_t after, unsigned wait_seconds, struct kf_error *err);

/* Waits this long, less when woken. */
void fetch_pause(struct fetch *fetch, unsigned milliseconds);
void fetch_wake(struct fetch *fetch);

/* The certificate files may have changed: the next request makes a new connection. */
void fetch_reconnect(struct fetch *fetch);

#endif
