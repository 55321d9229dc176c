/* One framed connection, either end, with or without TLS: bytes in, messages out.
 *
 * Lives inside its owner's struct. Callbacks come from the loop, never from within a call of this
 * module; after net_link_close() none comes any more. A callback may close the link. Bounds: input
 * holds at most one incomplete frame and what one read brings; output at most output_max bytes. */
#ifndef KEYFENCE_NET_LINK_INT_H
#define KEYFENCE_NET_LINK_INT_H

#include "net/address.h"
#include "net/loop_int.h"
#include "net/tls_int.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bufferevent;

enum {
    NET_FRAME_SECONDS = 10, /* a frame begun must be complete by then */
    NET_MALFORMED_MAX = 16, /* frames that do not parse, before the connection is closed */
};

struct net_link_events {
    void (*up)(void *context); /* connected and, with TLS, the peer accepted */
    void (*message)(void *context, const struct keyless_message *message);
    /* A frame that does not parse: what to answer, to which id. The link goes on. */
    void (*malformed)(void *context, uint32_t id, enum keyless_error error);
    void (*writable)(void *context); /* the output fell under a quarter of its bound */
    /* Once; the link is closed already. */
    void (*down)(void *context, enum kf_status status, const char *reason);
};

struct net_link {
    struct net_loop *loop;
    struct bufferevent *bev; /* NULL when closed */
    SSL *ssl;                /* owned by bev */
    struct net_expectation expectation;
    const struct net_link_events *events;
    void *context;
    size_t output_max;
    uint64_t read_at_ns;  /* when bytes last came */
    uint64_t frame_at_ns; /* when the incomplete frame at the start of the input began, or 0 */
    uint32_t malformed;
    bool up;
    bool closing; /* flushes, then closes */
};

/* Takes over a connected descriptor (server side). tls may be NULL. */
KF_MUST_USE enum kf_status net_link_accept(struct net_link *link, int fd,
                                           const struct net_tls *tls);
/* Starts connecting. Failures that are known at once are returned, later ones come as down. */
KF_MUST_USE enum kf_status net_link_connect(struct net_link *link,
                                            const struct net_address *address,
                                            const struct net_tls *tls);
/* Queues a message. KF_ERR_LIMIT when the output is full, KF_ERR_UNAVAILABLE when closed. */
KF_MUST_USE enum kf_status net_link_send(struct net_link *link,
                                         const struct keyless_message *message);
size_t net_link_output(const struct net_link *link);    /* bytes queued */
void net_link_pause(struct net_link *link, bool pause); /* stop or go on reading */
void net_link_idle_timeout(struct net_link *link, uint32_t read_seconds, uint32_t write_seconds);
void net_link_close(struct net_link *link);

#endif
