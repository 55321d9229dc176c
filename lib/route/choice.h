/* How long to wait: before a hedge, for one attempt, and what to tell the next hop.
 *
 * Pure functions of numbers; microseconds and milliseconds as named. */
#ifndef KEYFENCE_ROUTE_CHOICE_H
#define KEYFENCE_ROUTE_CHOICE_H

#include "route/latency.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ROUTE_HEDGE_FLOOR_US = 15000,    /* never hedge sooner: local jitter is not slowness */
    ROUTE_HEDGE_CEILING_US = 400000, /* never later, but for a path that is itself longer */
    ROUTE_HEDGE_UNKNOWN_US = 60000, /* on top of the distance while answers are too few: the far end
                                       may have to open the policy key first */
    ROUTE_ATTEMPT_MIN_MS = 1000,    /* an attempt is given up after this, or ten 95th percentiles */
    ROUTE_MARGIN_MIN_MS = 5,
};

/* How long the first attempt may be out before a second is sent: the 95th percentile of the path's
 * answers once there are enough, before that twice the distance and an allowance; within the bounds
 * above. */
uint64_t route_hedge_after_us(struct route_window *answers, uint64_t distance_us);

/* How long one attempt may take, given what is left of the request's deadline. */
uint32_t route_attempt_ms(struct route_window *answers, uint64_t distance_us, uint32_t left_ms);

/* The deadline to tell the next hop: what is left, less the way back and a margin, so that each
 * hop's deadline is shorter than its caller's. 0 when nothing sensible is left: do not send. */
uint32_t route_hop_deadline_ms(uint32_t left_ms, uint64_t distance_us);

#endif
