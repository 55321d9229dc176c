/* Distances against published great-circle figures, percentiles against a sorted array, and the
 * waits that follow from them. */
#include "route/choice.h"
#include "route/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct route_point paris = {48856600, 2352200};
static const struct route_point frankfurt = {50110900, 8682100};
static const struct route_point new_york = {40712800, -74006000};
static const struct route_point tokyo = {35689500, 139691700};
static const struct route_point san_francisco = {37774900, -122419400};

static void near(uint64_t got, uint64_t want, uint64_t off)
{
    if (got + off < want || got > want + off)
        fail_msg("got %lu, expected %lu +- %lu", (unsigned long)got, (unsigned long)want,
                 (unsigned long)off);
}

static void great_circle_values(void **state)
{
    (void)state;
    near(route_great_circle_m(paris, frankfurt), 479000, 3000);
    near(route_great_circle_m(paris, new_york), 5837000, 10000);
    near(route_great_circle_m(tokyo, san_francisco), 8270000, 15000); /* over the date line */
    near(route_great_circle_m(paris, paris), 0, 0);
    struct route_point north = {90000000, 0}, south = {-90000000, 0};
    near(route_great_circle_m(north, south), 20015115, 100); /* half a meridian */
    struct route_point a = {0, 0}, b = {0, 180000000};
    near(route_great_circle_m(a, b), 20015115, 100);
    assert_int_equal(route_great_circle_m(paris, tokyo), route_great_circle_m(tokyo, paris));
}

static void estimates(void **state)
{
    (void)state;
    near(route_estimate_us(paris, new_york), 87550, 300); /* 5837 km at 15 us a km */
    assert_int_equal(route_estimate_us(paris, paris), 500);
}

static void mean_follows(void **state)
{
    (void)state;
    struct route_window w;
    route_window_init(&w);
    assert_false(route_window_measured(&w));
    route_window_add(&w, 8000);
    assert_int_equal(route_window_mean_us(&w), 8000);
    route_window_add(&w, 16000);
    assert_int_equal(route_window_mean_us(&w), 9000); /* 7/8 of the old, 1/8 of the new */
    for (int i = 0; i < 200; i++)
        route_window_add(&w, 50000);
    near(route_window_mean_us(&w), 50000, 10);
    route_window_add(&w, UINT64_MAX); /* counted as the largest sample, no overflow */
    assert_true(route_window_mean_us(&w) > 500000000);
}

static int compare(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void percentile_is_nearest_rank(void **state)
{
    (void)state;
    const unsigned seed = 20231;
    print_message("seed %u\n", seed);
    srand(seed);
    struct route_window w;
    route_window_init(&w);
    uint32_t all[1000];
    for (uint32_t n = 0; n < 1000; n++) {
        all[n] = (uint32_t)rand() % 100000;
        route_window_add(&w, all[n]);
        uint32_t have = n + 1 < ROUTE_WINDOW_SIZE ? n + 1 : ROUTE_WINDOW_SIZE;
        if (have == ROUTE_WINDOW_SIZE && n % 9 != 0)
            continue; /* asked rarely, it is recomputed each time */
        uint32_t sorted[ROUTE_WINDOW_SIZE];
        memcpy(sorted, &all[n + 1 - have], have * sizeof sorted[0]);
        qsort(sorted, have, sizeof sorted[0], compare);
        uint32_t rank = (have * 95 + 99) / 100;
        assert_int_equal(route_window_p95_us(&w), sorted[rank - 1]);
    }
}

static void percentile_is_recent(void **state)
{
    (void)state;
    struct route_window w;
    route_window_init(&w);
    for (int i = 0; i < 1000; i++) {
        route_window_add(&w, 1000);
        (void)route_window_p95_us(&w);
    }
    for (int i = 0; i < 9 + ROUTE_WINDOW_SIZE; i++)
        route_window_add(&w, 9000);
    assert_int_equal(route_window_p95_us(&w), 9000);
}

static void hedge_waits(void **state)
{
    (void)state;
    struct route_window w;
    route_window_init(&w);
    /* Nothing known: twice the distance and an allowance. */
    assert_int_equal(route_hedge_after_us(&w, 20000), 20000 * 2 + ROUTE_HEDGE_UNKNOWN_US);
    for (int i = 0; i < ROUTE_WINDOW_TRUSTED; i++)
        route_window_add(&w, 42000);
    assert_int_equal(route_hedge_after_us(&w, 20000), 42000);
    for (int i = 0; i < ROUTE_WINDOW_SIZE; i++)
        route_window_add(&w, 100);
    assert_int_equal(route_hedge_after_us(&w, 50), ROUTE_HEDGE_FLOOR_US);
    for (int i = 0; i < ROUTE_WINDOW_SIZE + 9; i++)
        route_window_add(&w, 3000000);
    assert_int_equal(route_hedge_after_us(&w, 20000), ROUTE_HEDGE_CEILING_US);
    assert_int_equal(route_hedge_after_us(&w, 600000), 900000);
}

static void deadlines_shrink(void **state)
{
    (void)state;
    uint32_t left = 5000;
    for (int hop = 0; hop < 3; hop++) {
        uint32_t next = route_hop_deadline_ms(left, 80000);
        assert_true(next < left && next > 0);
        left = next;
    }
    assert_int_equal(route_hop_deadline_ms(1000, 0), 950);
    assert_int_equal(route_hop_deadline_ms(1000, 100000), 900);
    assert_int_equal(route_hop_deadline_ms(20, 0), 15);
    assert_int_equal(route_hop_deadline_ms(5, 0), 0);
    assert_int_equal(route_hop_deadline_ms(0, 0), 0);
    struct route_window w;
    route_window_init(&w);
    assert_int_equal(route_attempt_ms(&w, 1000, 5000), ROUTE_ATTEMPT_MIN_MS);
    assert_int_equal(route_attempt_ms(&w, 1000, 300), 300);
    assert_int_equal(route_attempt_ms(&w, 100000, 5000), 2600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(great_circle_values),  cmocka_unit_test(estimates),
        cmocka_unit_test(mean_follows),         cmocka_unit_test(percentile_is_nearest_rank),
        cmocka_unit_test(percentile_is_recent), cmocka_unit_test(hedge_waits),
        cmocka_unit_test(deadlines_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
