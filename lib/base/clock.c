#include "base/clock.h"

#include <time.h>

static uint64_t system_monotonic_ns(void *context)
{
    (void)context;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int64_t system_wall_ms(void *context)
{
    (void)context;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct kf_clock kf_clock_system(void)
{
    return (struct kf_clock){
        .monotonic_ns = system_monotonic_ns, .wall_ms = system_wall_ms, .context = NULL};
}

uint64_t kf_clock_monotonic_ns(const struct kf_clock *clock)
{
    return clock->monotonic_ns(clock->context);
}

int64_t kf_clock_wall_ms(const struct kf_clock *clock)
{
    return clock->wall_ms(clock->context);
}
