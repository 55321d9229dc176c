/* Breakers, rates and the retry budget, over simulated time. */
#include "route/breaker.h"
#include "route/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint64_t ms = 1000000;
static const uint64_t second = 1000000000;

static void opens_after_failures_in_a_row(void **state)
{
    (void)state;
    struct route_breaker b;
    uint64_t now = 10 * second;
    route_breaker_init(&b);
    for (int i = 0; i < 10; i++) {
        route_breaker_failed(&b, now);
        route_breaker_failed(&b, now);
        route_breaker_succeeded(&b); /* not in a row */
        assert_true(route_breaker_allows(&b, now));
    }
    for (int i = 0; i < ROUTE_BREAKER_FAILURES; i++) {
        assert_true(route_breaker_allows(&b, now));
        route_breaker_failed(&b, now);
    }
    assert_false(route_breaker_allows(&b, now));
    assert_string_equal(route_breaker_name(&b, now), "open");
    assert_false(route_breaker_allows(&b, now + (ROUTE_BREAKER_OPEN_MS - 1) * ms));
    assert_true(route_breaker_allows(&b, now + ROUTE_BREAKER_OPEN_MS * ms));
}

static void one_probe_at_a_time(void **state)
{
    (void)state;
    struct route_breaker b;
    uint64_t now = second;
    route_breaker_init(&b);
    route_breaker_trip(&b, now);
    assert_false(route_breaker_allows(&b, now));
    now += ROUTE_BREAKER_OPEN_MS * ms;
    assert_true(route_breaker_allows(&b, now));
    route_breaker_sent(&b, now);
    assert_string_equal(route_breaker_name(&b, now), "half-open");
    assert_false(route_breaker_allows(&b, now + 1));
    route_breaker_succeeded(&b);
    assert_true(route_breaker_allows(&b, now + 1));
    assert_string_equal(route_breaker_name(&b, now), "closed");
}

static void failed_probes_wait_longer(void **state)
{
    (void)state;
    struct route_breaker b;
    uint64_t now = second, wait = ROUTE_BREAKER_OPEN_MS;
    route_breaker_init(&b);
    route_breaker_trip(&b, now);
    for (int i = 0; i < 8; i++) {
        assert_false(route_breaker_allows(&b, now + wait * ms - 1));
        now += wait * ms;
        assert_true(route_breaker_allows(&b, now));
        route_breaker_sent(&b, now);
        route_breaker_failed(&b, now);
        wait = wait * 2 > ROUTE_BREAKER_OPEN_MAX_MS ? ROUTE_BREAKER_OPEN_MAX_MS : wait * 2;
    }
    assert_int_equal(wait, ROUTE_BREAKER_OPEN_MAX_MS);
    /* After a success it starts over with the short wait. */
    now += wait * ms;
    route_breaker_sent(&b, now);
    route_breaker_succeeded(&b);
    route_breaker_trip(&b, now);
    assert_true(route_breaker_allows(&b, now + ROUTE_BREAKER_OPEN_MS * ms));
}

static void a_lost_probe_is_forgotten(void **state)
{
    (void)state;
    struct route_breaker b;
    uint64_t now = second;
    route_breaker_init(&b);
    route_breaker_trip(&b, now);
    now += ROUTE_BREAKER_OPEN_MS * ms;
    route_breaker_sent(&b, now);
    assert_false(route_breaker_allows(&b, now + (ROUTE_BREAKER_OPEN_MS - 1) * ms));
    assert_true(route_breaker_allows(&b, now + ROUTE_BREAKER_OPEN_MS * ms));
}

static void stragglers_do_not_prolong(void **state)
{
    (void)state;
    struct route_breaker b;
    uint64_t now = second;
    route_breaker_init(&b);
    route_breaker_trip(&b, now);
    for (int i = 0; i < 100; i++)
        route_breaker_failed(&b, now + 400 * ms);
    assert_true(route_breaker_allows(&b, now + ROUTE_BREAKER_OPEN_MS * ms));
}

static void bucket_rates(void **state)
{
    (void)state;
    struct route_bucket b;
    uint64_t now = second, taken = 0;
    route_bucket_init(&b, 100, 20, now);
    for (int i = 0; i < 100; i++)
        taken += route_bucket_take(&b, now);
    assert_int_equal(taken, 20);
    for (int i = 0; i < 10000; i++) { /* ten seconds, asked a thousand times a second */
        now += ms;
        taken += route_bucket_take(&b, now);
    }
    assert_int_equal(taken, 20 + 1000);
    now += 3600 * 1000 * second; /* a long silence neither overflows nor exceeds the burst */
    for (taken = 0; route_bucket_take(&b, now); taken++)
        assert_true(taken < 20);
    assert_int_equal(taken, 20);
    assert_false(route_bucket_take(&b, now - second)); /* time going back gives nothing */
}

static void budget_is_a_fifth(void **state)
{
    (void)state;
    struct route_budget b;
    uint64_t now = second;
    route_budget_init(&b, now);
    uint32_t start = 0;
    while (route_budget_retry(&b, now))
        start++;
    assert_int_equal(start, 2 * ROUTE_BUDGET_RESERVE);
    /* Every request fails and wants a retry: a fifth gets one, and the trickle. */
    uint32_t retries = 0;
    for (int i = 0; i < 10000; i++) {
        now += ms;
        route_budget_request(&b, now);
        retries += route_budget_retry(&b, now);
    }
    assert_in_range(retries, 2000, 2000 + 10 * ROUTE_BUDGET_PER_SECOND + 1);
}

static void hedges_leave_the_reserve(void **state)
{
    (void)state;
    struct route_budget b;
    uint64_t now = second;
    uint32_t hedges = 0, retries = 0;
    route_budget_init(&b, now);
    while (route_budget_hedge(&b, now))
        hedges++;
    while (route_budget_retry(&b, now))
        retries++;
    assert_int_equal(hedges, ROUTE_BUDGET_RESERVE);
    assert_int_equal(retries, ROUTE_BUDGET_RESERVE);
    now += 5 * second; /* a quiet relay gets its reserve back */
    assert_true(route_budget_retry(&b, now));
    for (int i = 0; i < 1000000; i++)
        route_budget_request(&b, now);
    for (retries = 0; route_budget_retry(&b, now); retries++)
        assert_true(retries < ROUTE_BUDGET_MAX);
    assert_int_equal(retries, ROUTE_BUDGET_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_failures_in_a_row),
        cmocka_unit_test(one_probe_at_a_time),
        cmocka_unit_test(failed_probes_wait_longer),
        cmocka_unit_test(a_lost_probe_is_forgotten),
        cmocka_unit_test(stragglers_do_not_prolong),
        cmocka_unit_test(bucket_rates),
        cmocka_unit_test(budget_is_a_fifth),
        cmocka_unit_test(hedges_leave_the_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
