/* The HTTP server: libmicrohttpd in the core's one thread.
 *
 * It listens on Unix sockets and on loopback addresses alone, because it speaks plain HTTP: the TLS
 * server in front of it (HAProxy) gives TLS, and mutual TLS to the feed. On loopback a bearer token
 * is asked for; on a Unix socket the file's permissions decide.
 *
 * Uploads: the bytes of a body are copied to locked memory and wiped where libmicrohttpd had them;
 * its per-connection pool is large enough to be a mapping of its own, which is unmapped when the
 * connection closes, and a connection that carried a body is closed after its answer. */
#ifndef KEYFENCE_CORE_SERVER_H
#define KEYFENCE_CORE_SERVER_H

#include "core.h"

struct server;

struct server_listen {
    char *const *api;
    size_t api_count;
    char *const *feed;
    size_t feed_count;
    const char *group; /* of the Unix sockets; may be NULL */
};

/* Opens the listeners: "unix:PATH" or "HOST:PORT". KF_ERR_USAGE for an address that is not
 * loopback. Borrows the core. */
KF_MUST_USE enum kf_status server_open(struct server **out, struct core *core,
                                       const struct server_listen *listen, struct kf_error *err);

/* Serves, and writes heartbeats, until a signal says stop. */
KF_MUST_USE enum kf_status server_run(struct server *server, int signals, struct kf_error *err);
void server_close(struct server *server);

#endif
