#include "route/latency.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double radians(int32_t udeg)
{
    return (double)udeg * (3.14159265358979323846 / 180e6);
}

uint32_t route_great_circle_m(struct route_point a, struct route_point b)
{
    const double radius_m = 6371008.8;
    double la = radians(a.latitude_udeg);
    double lb = radians(b.latitude_udeg);
    double half_lat = (lb - la) / 2;
    double half_lon = (radians(b.longitude_udeg) - radians(a.longitude_udeg)) / 2;
    /* hav = sin^2(dlat/2) + cos(la) cos(lb) sin^2(dlon/2) */
    double hav = sin(half_lat) * sin(half_lat) + cos(la) * cos(lb) * sin(half_lon) * sin(half_lon);
    if (hav < 0)
        hav = 0;
    if (hav > 1)
        hav = 1;
    return (uint32_t)(2 * radius_m * asin(sqrt(hav)));
}

uint64_t route_estimate_us(struct route_point a, struct route_point b)
{
    /* 100 km a millisecond is 10 us a kilometre, times 3/2 for detours: 15 us a kilometre. */
    uint64_t us = (uint64_t)route_great_circle_m(a, b) * 15 / 1000;
    return us < 500 ? 500 : us;
}

void route_window_init(struct route_window *w)
{
    memset(w, 0, sizeof *w);
}

void route_window_add(struct route_window *w, uint64_t us)
{
    uint32_t sample = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    if (w->total == 0)
        w->mean_x8 = (uint64_t)sample * 8;
    else
        w->mean_x8 = w->mean_x8 - w->mean_x8 / 8 + sample;
    w->samples[w->next] = sample;
    w->next = (w->next + 1) % ROUTE_WINDOW_SIZE;
    if (w->count < ROUTE_WINDOW_SIZE)
        w->count++;
    w->total++;
}

bool route_window_measured(const struct route_window *w)
{
    return w->total != 0;
}

uint64_t route_window_mean_us(const struct route_window *w)
{
    assert(w->total != 0);
    return w->mean_x8 / 8;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

uint64_t route_window_p95_us(struct route_window *w)
{
    assert(w->total != 0);
    bool full = w->count == ROUTE_WINDOW_SIZE;
    if (w->p95_at == 0 || (!full && w->p95_at != w->total) || w->total - w->p95_at > 8) {
        uint32_t sorted[ROUTE_WINDOW_SIZE];
        memcpy(sorted, w->samples, w->count * sizeof sorted[0]);
        qsort(sorted, w->count, sizeof sorted[0], compare_u32);
        uint32_t rank = (w->count * 95 + 99) / 100; /* nearest rank: ceil(0.95 n), from 1 */
        w->p95 = sorted[rank - 1];
        w->p95_at = w->total;
    }
    return w->p95;
}
