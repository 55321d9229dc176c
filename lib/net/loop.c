#include "net/loop_int.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <stdlib.h>

struct net_timer {
    struct event *event;
    net_callback *fire;
    void *context;
};

struct net_watch {
    struct event *event;
    net_callback *readable;
    void *context;
};

static void sweep(evutil_socket_t fd, short what, void *context)
{
    struct net_loop *loop = context;
    (void)fd;
    (void)what;
    while (loop->garbage != NULL) {
        struct net_garbage *block = loop->garbage;
        loop->garbage = block->next;
        free(block);
    }
}

void net_loop_release(struct net_loop *loop, struct net_garbage *block)
{
    block->next = loop->garbage;
    loop->garbage = block;
    event_active(loop->sweep, EV_TIMEOUT, 0);
}

enum kf_status net_loop_new(struct net_loop **out, const struct kf_clock *clock)
{
    struct net_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return KF_ERR_MEMORY;
    loop->clock = *clock;
    struct event_config *config = event_config_new();
    /* Deadlines and hedges are counted in single milliseconds. */
    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        loop->base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    if (loop->base != NULL)
        loop->sweep = event_new(loop->base, -1, 0, sweep, loop);
    if (loop->sweep == NULL) {
        net_loop_free(loop);
        return KF_ERR_MEMORY;
    }
    *out = loop;
    return KF_OK;
}

void net_loop_free(struct net_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->dns != NULL)
        evdns_base_free(loop->dns, 1);
    sweep(-1, 0, loop);
    if (loop->sweep != NULL)
        event_free(loop->sweep);
    if (loop->base != NULL)
        event_base_free(loop->base);
    free(loop);
}

enum kf_status net_loop_run(struct net_loop *loop)
{
    return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? KF_ERR_IO : KF_OK;
}

static void wake(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

enum kf_status net_loop_turn(struct net_loop *loop, uint32_t wait_ms)
{
    struct timeval tv = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    struct event *timeout = evtimer_new(loop->base, wake, NULL);
    if (timeout == NULL || evtimer_add(timeout, &tv) != 0) {
        if (timeout != NULL)
            event_free(timeout);
        return KF_ERR_MEMORY;
    }
    int rc = event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
    event_free(timeout);
    return rc < 0 ? KF_ERR_IO : KF_OK;
}

void net_loop_stop(struct net_loop *loop)
{
    event_base_loopbreak(loop->base);
}

uint64_t net_loop_now_ns(const struct net_loop *loop)
{
    return kf_clock_monotonic_ns(&loop->clock);
}

struct event_base *net_loop_base(struct net_loop *loop)
{
    return loop->base;
}

struct evdns_base *net_loop_dns(struct net_loop *loop)
{
    if (loop->dns == NULL)
        loop->dns = evdns_base_new(loop->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                   EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    return loop->dns;
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
    struct net_timer *timer = context;
    (void)fd;
    (void)what;
    timer->fire(timer->context);
}

enum kf_status net_timer_new(struct net_timer **out, struct net_loop *loop, net_callback *fire,
                             void *context)
{
    struct net_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL)
        return KF_ERR_MEMORY;
    timer->fire = fire;
    timer->context = context;
    timer->event = evtimer_new(loop->base, timer_fired, timer);
    if (timer->event == NULL) {
        free(timer);
        return KF_ERR_MEMORY;
    }
    *out = timer;
    return KF_OK;
}

void net_timer_set(struct net_timer *timer, uint64_t delay_us)
{
    struct timeval tv = {.tv_sec = (time_t)(delay_us / 1000000),
                         .tv_usec = (suseconds_t)(delay_us % 1000000)};
    /* Fails only when its heap cannot grow; a timer that is lost is then the least trouble. */
    (void)evtimer_add(timer->event, &tv);
}

void net_timer_clear(struct net_timer *timer)
{
    (void)evtimer_del(timer->event);
}

void net_timer_free(struct net_timer *timer)
{
    if (timer == NULL)
        return;
    event_free(timer->event);
    free(timer);
}

static void watch_readable(evutil_socket_t fd, short what, void *context)
{
    struct net_watch *watch = context;
    (void)fd;
    (void)what;
    watch->readable(watch->context);
}

enum kf_status net_watch_new(struct net_watch **out, struct net_loop *loop, int fd,
                             net_callback *readable, void *context)
{
    struct net_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return KF_ERR_MEMORY;
    watch->readable = readable;
    watch->context = context;
    watch->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, watch_readable, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        net_watch_free(watch);
        return KF_ERR_MEMORY;
    }
    *out = watch;
    return KF_OK;
}

void net_watch_free(struct net_watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->event != NULL)
        event_free(watch->event);
    free(watch);
}
