#include "route/choice.h"

static uint64_t clamp(uint64_t v, uint64_t low, uint64_t high)
{
    if (v < low)
        return low;
    return v > high ? high : v;
}

uint64_t route_hedge_after_us(struct route_window *answers, uint64_t distance_us)
{
    uint64_t ceiling = ROUTE_HEDGE_CEILING_US;
    if (ceiling < distance_us + distance_us / 2)
        ceiling = distance_us + distance_us / 2;
    uint64_t after = answers->count >= ROUTE_WINDOW_TRUSTED
                         ? route_window_p95_us(answers)
                         : distance_us * 2 + ROUTE_HEDGE_UNKNOWN_US;
    return clamp(after, ROUTE_HEDGE_FLOOR_US, ceiling);
}

uint32_t route_attempt_ms(struct route_window *answers, uint64_t distance_us, uint32_t left_ms)
{
    uint64_t wait = route_hedge_after_us(answers, distance_us) * 10 / 1000;
    if (wait < ROUTE_ATTEMPT_MIN_MS)
        wait = ROUTE_ATTEMPT_MIN_MS;
    return wait > left_ms ? left_ms : (uint32_t)wait;
}

uint32_t route_hop_deadline_ms(uint32_t left_ms, uint64_t distance_us)
{
    /* The answer travels half a round trip; a twentieth of what is left covers our own handling. */
    uint64_t margin = distance_us / 2000 + left_ms / 20;
    if (margin < ROUTE_MARGIN_MIN_MS)
        margin = ROUTE_MARGIN_MIN_MS;
    return margin >= left_ms ? 0 : (uint32_t)(left_ms - margin);
}
