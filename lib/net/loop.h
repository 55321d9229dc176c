/* The event loop: libevent with the project's clock, timers and descriptors to watch.
 *
 * One thread runs a loop and everything attached to it; nothing here is thread-safe. Callbacks run
 * on that thread, one after the other, and must not block. Whatever was made with a loop is freed
 * before it. A callback may free the object that called it. */
#ifndef KEYFENCE_NET_LOOP_H
#define KEYFENCE_NET_LOOP_H

#include "base/clock.h"
#include "base/status.h"

#include <stdint.h>

struct event_base;
struct evdns_base;

struct net_loop;
struct net_timer;
struct net_watch;

KF_MUST_USE enum kf_status net_loop_new(struct net_loop **out, const struct kf_clock *clock);
void net_loop_free(struct net_loop *loop); /* NULL is ignored */

/* Runs until net_loop_stop(). KF_ERR_IO when the kernel's poll fails. */
KF_MUST_USE enum kf_status net_loop_run(struct net_loop *loop);
/* Runs what is ready, waiting up to `wait_ms` for something; for tests and drains. */
KF_MUST_USE enum kf_status net_loop_turn(struct net_loop *loop, uint32_t wait_ms);
void net_loop_stop(struct net_loop *loop);

uint64_t net_loop_now_ns(const struct net_loop *loop); /* monotonic */
struct event_base *net_loop_base(struct net_loop *loop);

typedef void net_callback(void *context);

/* A timer that fires once each time it is set. */
KF_MUST_USE enum kf_status net_timer_new(struct net_timer **out, struct net_loop *loop,
                                         net_callback *fire, void *context);
void net_timer_set(struct net_timer *timer, uint64_t delay_us); /* replaces an earlier setting */
void net_timer_clear(struct net_timer *timer);
void net_timer_free(struct net_timer *timer); /* NULL is ignored */

/* Calls `readable` whenever the descriptor can be read; borrows the descriptor. */
KF_MUST_USE enum kf_status net_watch_new(struct net_watch **out, struct net_loop *loop, int fd,
                                         net_callback *readable, void *context);
void net_watch_free(struct net_watch *watch); /* NULL is ignored */

#endif
