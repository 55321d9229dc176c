#include "route/breaker.h"

#include <string.h>

static const uint64_t ns_per_ms = 1000000;

void route_breaker_init(struct route_breaker *b)
{
    memset(b, 0, sizeof *b);
    b->open_for_ns = ROUTE_BREAKER_OPEN_MS * ns_per_ms;
}

static bool time_over(const struct route_breaker *b, uint64_t now_ns)
{
    return now_ns - b->changed_ns >= b->open_for_ns;
}

bool route_breaker_allows(const struct route_breaker *b, uint64_t now_ns)
{
    if (b->state == ROUTE_CLOSED)
        return true;
    /* Open: until its time is over. Half open with a probe out: until the probe is forgotten. */
    return (b->state == ROUTE_HALF_OPEN && !b->probing) || time_over(b, now_ns);
}

void route_breaker_sent(struct route_breaker *b, uint64_t now_ns)
{
    if (b->state == ROUTE_CLOSED || !route_breaker_allows(b, now_ns))
        return;
    b->state = ROUTE_HALF_OPEN;
    b->probing = true;
    b->changed_ns = now_ns;
}

void route_breaker_succeeded(struct route_breaker *b)
{
    route_breaker_init(b);
}

static void open_breaker(struct route_breaker *b, uint64_t now_ns)
{
    b->state = ROUTE_OPEN;
    b->probing = false;
    b->changed_ns = now_ns;
}

void route_breaker_failed(struct route_breaker *b, uint64_t now_ns)
{
    if (b->state == ROUTE_OPEN)
        return; /* stragglers sent before it opened say nothing new */
    if (b->state == ROUTE_HALF_OPEN) {
        uint64_t most = ROUTE_BREAKER_OPEN_MAX_MS * ns_per_ms;
        b->open_for_ns = b->open_for_ns * 2 > most ? most : b->open_for_ns * 2;
        open_breaker(b, now_ns);
        return;
    }
    if (++b->failures >= ROUTE_BREAKER_FAILURES)
        open_breaker(b, now_ns);
}

void route_breaker_trip(struct route_breaker *b, uint64_t now_ns)
{
    if (b->state == ROUTE_CLOSED)
        b->failures = ROUTE_BREAKER_FAILURES - 1;
    route_breaker_failed(b, now_ns);
}

const char *route_breaker_name(const struct route_breaker *b, uint64_t now_ns)
{
    if (b->state == ROUTE_CLOSED)
        return "closed";
    if (b->state == ROUTE_HALF_OPEN || time_over(b, now_ns))
        return "half-open";
    return "open";
}
