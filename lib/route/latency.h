/* Distance and its spread: how far a data centre is, and how slow its slow answers are.
 *
 * Distance orders data centres; it is the smoothed round trip of pings once there are any, before
 * that an estimate from the great circle. The spread (95th percentile of a sliding window of
 * answers) decides when to hedge: a ping costs the far end nothing, a signature does, so the two
 * are kept apart.
 *
 * Units: microseconds, unless a name says otherwise. Pure values: no clock, no I/O, no allocation.
 * Threads: none of its own; a caller that shares a window locks it. Nothing here is secret.
 * Sources: haversine formula on a sphere of 6371.0088 km (the IUGG mean radius); the smoothing
 * factor 1/8 is that of RFC 6298, section 2. */
#ifndef KEYFENCE_ROUTE_LATENCY_H
#define KEYFENCE_ROUTE_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ROUTE_WINDOW_SIZE = 128,  /* samples the percentile looks at */
    ROUTE_WINDOW_TRUSTED = 20 /* fewer than these say nothing about a 95th percentile */
};

struct route_point {
    int32_t latitude_udeg; /* millionths of a degree, north positive */
    int32_t longitude_udeg;
};

/* Great-circle distance in metres. Any input is accepted; angles wrap as angles do. */
uint32_t route_great_circle_m(struct route_point a, struct route_point b);

/* A round trip between two points over real networks, before any has been measured: light in glass
 * covers 100 km of distance there and back in a millisecond, and cables take detours, for which the
 * result is half as much again; never under 500 microseconds. */
uint64_t route_estimate_us(struct route_point a, struct route_point b);

struct route_window {
    uint32_t samples[ROUTE_WINDOW_SIZE];
    uint32_t next;    /* where the next sample goes */
    uint32_t count;   /* at most ROUTE_WINDOW_SIZE */
    uint64_t mean_x8; /* smoothed mean times eight */
    uint64_t total;   /* samples ever */
    uint32_t p95;     /* of the window as it was `p95_at` samples ago */
    uint64_t p95_at;
};

void route_window_init(struct route_window *w);
/* Adds one sample; values above UINT32_MAX count as UINT32_MAX. */
void route_window_add(struct route_window *w, uint64_t us);
bool route_window_measured(const struct route_window *w);
/* The smoothed mean. Requires route_window_measured(). */
uint64_t route_window_mean_us(const struct route_window *w);
/* The 95th percentile (nearest rank) of the window; exact while the window fills, afterwards at
 * most eight samples old. Requires route_window_measured(). */
uint64_t route_window_p95_us(struct route_window *w);

#endif
