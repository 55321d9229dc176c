#include "route/budget.h"

#include <assert.h>

static const uint64_t nano = 1000000000;

void route_bucket_init(struct route_bucket *b, uint64_t per_second, uint64_t burst, uint64_t now_ns)
{
    assert(per_second <= (uint64_t)1 << 32 && burst <= (uint64_t)1 << 32);
    b->per_second = per_second;
    b->burst = burst;
    b->nano = burst * nano;
    b->at_ns = now_ns;
}

static void refill(struct route_bucket *b, uint64_t now_ns)
{
    if (now_ns <= b->at_ns)
        return;
    uint64_t full = b->burst * nano;
    uint64_t passed = now_ns - b->at_ns;
    b->at_ns = now_ns;
    /* passed * per_second overflows only when the bucket is long full. */
    if (b->per_second != 0 && passed > full / b->per_second)
        b->nano = full;
    else
        b->nano += passed * b->per_second;
    if (b->nano > full)
        b->nano = full;
}

bool route_bucket_take(struct route_bucket *b, uint64_t now_ns)
{
    refill(b, now_ns);
    if (b->nano < nano)
        return false;
    b->nano -= nano;
    return true;
}

void route_budget_init(struct route_budget *b, uint64_t now_ns)
{
    b->hundredths = (uint64_t)ROUTE_BUDGET_RESERVE * 100 * 2;
    b->at_ns = now_ns;
}

static void trickle(struct route_budget *b, uint64_t now_ns)
{
    const uint64_t ceiling = (uint64_t)ROUTE_BUDGET_RESERVE * 100 * 2;
    const uint64_t ns_per_hundredth = nano / (ROUTE_BUDGET_PER_SECOND * 100);
    if (now_ns <= b->at_ns)
        return;
    uint64_t gained = (now_ns - b->at_ns) / ns_per_hundredth;
    b->at_ns += gained * ns_per_hundredth;
    if (b->hundredths >= ceiling)
        return;
    b->hundredths = gained > ceiling - b->hundredths ? ceiling : b->hundredths + gained;
}

void route_budget_request(struct route_budget *b, uint64_t now_ns)
{
    trickle(b, now_ns);
    b->hundredths += ROUTE_BUDGET_PERCENT;
    if (b->hundredths > (uint64_t)ROUTE_BUDGET_MAX * 100)
        b->hundredths = (uint64_t)ROUTE_BUDGET_MAX * 100;
}

bool route_budget_retry(struct route_budget *b, uint64_t now_ns)
{
    trickle(b, now_ns);
    if (b->hundredths < 100)
        return false;
    b->hundredths -= 100;
    return true;
}

bool route_budget_hedge(struct route_budget *b, uint64_t now_ns)
{
    trickle(b, now_ns);
    if (b->hundredths < ((uint64_t)ROUTE_BUDGET_RESERVE + 1) * 100)
        return false;
    b->hundredths -= 100;
    return true;
}
