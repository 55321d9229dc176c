/* When to stop asking a peer, and how to find out that it is back.
 *
 * closed: requests pass. After ROUTE_BREAKER_FAILURES failures in a row it opens; while open
 * nothing passes. When its time is over it is half open: exactly one request, the probe, passes;
 * its success closes the breaker, its failure opens it again for twice as long, up to a bound. A
 * probe that nobody reports on is forgotten after the time the breaker was open, so that a lost
 * report cannot keep a peer shut out.
 *
 * Times are kf_clock_monotonic_ns() values passed in. No allocation, no I/O, not thread-safe. */
#ifndef KEYFENCE_ROUTE_BREAKER_H
#define KEYFENCE_ROUTE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { ROUTE_BREAKER_FAILURES = 3, ROUTE_BREAKER_OPEN_MS = 500, ROUTE_BREAKER_OPEN_MAX_MS = 8000 };

enum route_breaker_state { ROUTE_CLOSED = 0, ROUTE_OPEN, ROUTE_HALF_OPEN };

struct route_breaker {
    enum route_breaker_state state;
    uint32_t failures; /* in a row, while closed */
    uint64_t open_for_ns;
    uint64_t changed_ns; /* opened at, or probe sent at */
    bool probing;
};

void route_breaker_init(struct route_breaker *b);
/* Whether a request may pass now; changes nothing. */
bool route_breaker_allows(const struct route_breaker *b, uint64_t now_ns);
/* A request is sent: takes the probe when the breaker's time is over. Also legal when the breaker
 * does not allow it (a last resort). */
void route_breaker_sent(struct route_breaker *b, uint64_t now_ns);
void route_breaker_succeeded(struct route_breaker *b);
void route_breaker_failed(struct route_breaker *b, uint64_t now_ns);
/* Opens at once: the connection itself is lost. */
void route_breaker_trip(struct route_breaker *b, uint64_t now_ns);
/* "closed", "open" or "half-open", as it is at that time. */
const char *route_breaker_name(const struct route_breaker *b, uint64_t now_ns);

#endif
