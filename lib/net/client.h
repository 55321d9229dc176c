/* A client of the Keyless protocol: one connection that many requests share and that keeps itself
 * alive.
 *
 * Once opened it connects, and connects again after a loss, with a delay that doubles up to a bound
 * and is spread by chance. With pings on, it is UP only after the first pong, because a TLS 1.3
 * client learns only then whether the server accepted its certificate; a ping that stays without
 * answer ends the connection. Requests may be sent while it connects; they wait in its output.
 *
 * Every request sent ends in exactly one call of its `done`, from the loop, never from within a
 * call of this module (but net_client_abandon): with the answer (an error answer is an answer), or
 * without one: KF_ERR_ TIMEOUT when its deadline passed, KF_ERR_UNAVAILABLE when the connection
 * failed. Except: a cancelled request, or one of a client that is freed, gets no call.
 *
 * Threads: the loop's. Ownership: the owner keeps the client and may free it in any callback. */
#ifndef KEYFENCE_NET_CLIENT_H
#define KEYFENCE_NET_CLIENT_H

#include "base/random.h"
#include "base/status.h"
#include "keyless/frame.h"
#include "net/loop.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stdint.h>

struct net_client;

enum net_state { NET_DOWN, NET_CONNECTING, NET_UP };

struct net_client_options {
    const char *address;       /* as net_address_parse; copied */
    const struct net_tls *tls; /* needed for TCP; borrowed for the client's life */
    const char *machine;       /* the peer must be this machine; copied */
    const char *role;          /* in this role; borrowed */
    uint32_t in_flight_max;    /* requests that wait for an answer */
    size_t output_max;         /* bytes queued */
    uint32_t connect_ms;       /* connecting, handshake and first pong together */
    uint32_t ping_ms;          /* a ping that often; 0: none */
    uint32_t ping_timeout_ms;  /* an answer must come within this */
    uint32_t backoff_ms;       /* delay before connecting again, at first */
    uint32_t backoff_max_ms;   /* at last */
    struct kf_random random;
    void *context;
    /* May be NULL. The connection came up or went down; reason says why it went. */
    void (*changed)(void *context, struct net_client *client, enum net_state state,
                    const char *reason);
    /* May be NULL. A measured round trip. */
    void (*measured)(void *context, struct net_client *client, uint64_t round_trip_us);
};

typedef void net_done(void *context, enum kf_status status, const struct keyless_message *answer);

KF_MUST_USE enum kf_status net_client_new(struct net_client **out, struct net_loop *loop,
                                          const struct net_client_options *options,
                                          struct kf_error *err);
void net_client_free(struct net_client *client); /* NULL is ignored */
/* Loses the connection now: every request gets its call, with KF_ERR_UNAVAILABLE, before this
 * returns, and it does not connect again by itself. For an owner that ends. */
void net_client_abandon(struct net_client *client);

/* Starts to connect, if it is down: also before the delay after a loss is over. It is
 * NET_CONNECTING then, and requests may be sent; a failure comes from the loop. */
void net_client_connect(struct net_client *client);
/* Connections made from now on use these certificates; borrowed. */
void net_client_use_tls(struct net_client *client, const struct net_tls *tls);
enum net_state net_client_state(const struct net_client *client);
/* When bytes last came from the peer; kf_clock_monotonic_ns(). */
uint64_t net_client_heard_ns(const struct net_client *client);
uint32_t net_client_in_flight(const struct net_client *client);

/* Sends a request; its id is replaced by one of the connection's own, which is returned for
 * net_client_cancel(). KF_ERR_UNAVAILABLE when down, KF_ERR_LIMIT when too much is in flight or
 * queued, KF_ERR_MALFORMED when the message cannot be written. */
KF_MUST_USE enum kf_status net_client_send(struct net_client *client, uint32_t *id,
                                           const struct keyless_message *message,
                                           uint64_t deadline_ns, net_done *done, void *context);
/* Forgets a request: its answer will be dropped. An id that is over is ignored. */
void net_client_cancel(struct net_client *client, uint32_t id);

#endif
