/* A server of the Keyless protocol on a Unix socket or, with mutual TLS, on TCP.
 *
 * It answers pings, unknown operations and malformed frames by itself and hands every other request
 * to its owner, who answers in any order, now or later, through a ticket. Bounds, all of them
 * enforced here: connections (and, separately, those that have not finished their handshake),
 * requests in flight on one connection (what is above is answered "overloaded" at once), bytes
 * queued for a peer that does not read (reading from it stops; it is closed if that lasts).
 *
 * Threads: the loop's. Ownership: the owner keeps the server; a ticket holds its connection's
 * memory and must be answered exactly once, also when the peer has gone (then nothing is sent). All
 * tickets are answered before the server is freed. */
#ifndef KEYFENCE_NET_SERVER_H
#define KEYFENCE_NET_SERVER_H

#include "base/status.h"
#include "keyless/frame.h"
#include "net/loop.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct net_server;
struct net_session; /* one connection */

/* Who asked, and what to call it: one for each request handed to the owner. */
struct net_ticket {
    struct net_session *session;
    uint32_t id;
};

struct net_server_options {
    const char *address; /* as net_address_parse; a Unix socket nobody serves is replaced */
    mode_t mode;         /* of a Unix socket */
    const char *group;   /* that owns a Unix socket; NULL: the process's own */
    struct net_tls *tls; /* needed for TCP, NULL for Unix; borrowed */
    const char *role;    /* that peers must have; with TLS; borrowed */
    uint32_t connections_max;
    uint32_t handshakes_max; /* connections not accepted yet; one more ends the oldest */
    uint32_t in_flight_max;  /* on one connection */
    size_t output_max;       /* bytes queued on one connection */
    uint32_t idle_seconds;   /* a connection that says nothing is closed; 0: never */
    void *context;
    /* May be NULL. A peer finished its handshake: false refuses it. peer is NULL on Unix sockets
     * and otherwise lives as long as the session. */
    bool (*accept)(void *context, struct net_session *session, const struct net_identity *peer);
    /* The message is borrowed until return. */
    void (*request)(void *context, struct net_ticket ticket, const struct keyless_message *message);
    /* May be NULL. After accept returned true: the connection has ended. */
    void (*closed)(void *context, struct net_session *session);
    /* May be NULL. A connection that never was accepted failed: for a log line. */
    void (*refused)(void *context, const char *peer_address, const char *reason);
};

/* Listens. The message in err names the address. KF_ERR_EXISTS: somebody serves that Unix socket.
 */
KF_MUST_USE enum kf_status net_server_new(struct net_server **out, struct net_loop *loop,
                                          const struct net_server_options *options,
                                          struct kf_error *err);
/* Closes every connection, removes the Unix socket. NULL is ignored. */
void net_server_free(struct net_server *server);

/* Answers a ticket; the message's id is replaced by the request's. */
void net_answer(struct net_ticket ticket, const struct keyless_message *message);
void net_answer_error(struct net_ticket ticket, enum keyless_error error, const char *reason);
/* Whether anybody still waits for the answer. */
bool net_ticket_alive(struct net_ticket ticket);

/* The owner's own pointer for a connection; NULL at first. */
void net_session_set(struct net_session *session, void *mark);
void *net_session_mark(const struct net_session *session);
const struct net_identity *net_session_peer(const struct net_session *session); /* or NULL */
void net_session_close(struct net_session *session);

/* Connections made from now on use these certificates; borrowed. */
void net_server_use_tls(struct net_server *server, struct net_tls *tls);
/* Stops accepting connections and reading requests, for a clean end; answers still go out. */
void net_server_quiesce(struct net_server *server);
/* Requests not answered yet plus connections with bytes queued. */
uint32_t net_server_busy(const struct net_server *server);
uint32_t net_server_connections(const struct net_server *server);
uint16_t net_server_port(const struct net_server *server); /* 0 for a Unix socket */

#endif
