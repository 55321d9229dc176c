/* Time is passed in, so that tests can move it. */
#ifndef KEYFENCE_BASE_CLOCK_H
#define KEYFENCE_BASE_CLOCK_H

#include <stdint.h>

struct kf_clock {
    uint64_t (*monotonic_ns)(void *context); /* never goes back; for deadlines and latency */
    int64_t (*wall_ms)(void *context);       /* milliseconds since 1970 UTC; for people */
    void *context;
};

struct kf_clock kf_clock_system(void);
uint64_t kf_clock_monotonic_ns(const struct kf_clock *clock);
int64_t kf_clock_wall_ms(const struct kf_clock *clock);

#endif
