/* What the module's files share of the loop. */
#ifndef KEYFENCE_NET_LOOP_INT_H
#define KEYFENCE_NET_LOOP_INT_H

#include "keyless/frame.h"
#include "net/loop.h"

struct net_loop {
    struct event_base *base;
    struct evdns_base *dns; /* made when the first name has to be resolved */
    struct kf_clock clock;
    uint8_t frame[KEYLESS_FRAME_MAX]; /* frames are written here, then copied out */
    struct net_garbage *garbage;      /* what net_loop_release() was given */
    struct event *sweep;
};

/* Starts every block that is given to net_loop_release(). */
struct net_garbage {
    struct net_garbage *next;
};

/* Frees a heap block once the running callback has returned to the loop, so that an object may be
 * given up inside its own callback. The block must start with its struct net_garbage. */
void net_loop_release(struct net_loop *loop, struct net_garbage *block);

/* NULL when there is no resolver. */
struct evdns_base *net_loop_dns(struct net_loop *loop);

#endif
