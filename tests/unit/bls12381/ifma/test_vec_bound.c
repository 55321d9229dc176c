/* Ranges hold what numbers give: operations on random ranges, and on random numbers of them, whose
 * result must lie in the range that was given, unless a fault was reported; and faults are reported
 * for numbers that lose something. */
#include "vec_meaning.h"

enum { ROUNDS = 20000, NUMBERS = 8 };

struct bls_vec_faults bls_vec_faults;

typedef bls_vec_i128 wide;

/* -2^63 to 2^64 */
static wide draw_number(void)
{
    const uint64_t v = meaning_draw();
    return next_u64() % 8 == 0 ? (wide)v : (wide)(int64_t)v;
}

static struct bls_vec_range draw_range(void)
{
    wide a = draw_number(), b = next_u64() % 4 == 0 ? a : draw_number();
    return bls_bound_range(bls_bound_min(a, b), bls_bound_max(a, b));
}

static wide draw_within(struct bls_vec_range r)
{
    switch (next_u64() % 4) {
    case 0:
        return r.low;
    case 1:
        return r.high;
    default:
        return r.low + (wide)(next_u64() % ((uint64_t)(r.high - r.low) | 1));
    }
}

static bls_vec whole(struct bls_vec_range r)
{
    bls_vec v;
    for (int i = 0; i < BLS_LANES; i++) {
        v.lane[i] = r;
    }
    return v;
}

/* Whether 64 bits are those of a number of the range. */
static bool holds(struct bls_vec_range r, uint64_t bits)
{
    const wide plus = (wide)bits, minus = (wide)(int64_t)bits;
    return (plus >= r.low && plus <= r.high) || (minus >= r.low && minus <= r.high);
}

static uint64_t faults_of(int op, bls_vec x, bls_vec y, bls_vec z, unsigned n, bls_vec *out)
{
    const uint64_t before = bls_vec_faults.count;
    *out = meaning_run(op, x, y, z, n);
    return bls_vec_faults.count - before;
}

static bool gives_signed(int op)
{
    return op == MEANING_ADD || op == MEANING_SUB || op == MEANING_SHIFT_RIGHT_SIGNED ||
           op == MEANING_MUL_ADD_LOW || op == MEANING_MUL_ADD_HIGH;
}

static void operations(void **state)
{
    (void)state;
    unsigned good[MEANING_OPS] = {0}, bad[MEANING_OPS] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        for (int op = 0; op < MEANING_OPS; op++) {
            const struct bls_vec_range a = draw_range(), b = draw_range(), c = draw_range();
            const unsigned n = (unsigned)(next_u64() % 64);
            bls_vec out, point;
            bool faulty = faults_of(op, whole(a), whole(b), whole(c), n, &out) != 0;
            good[op] += !faulty;
            assert_true(!gives_signed(op) || (out.lane[0].low >= -bls_bound_power(63) &&
                                              out.lane[0].high < bls_bound_power(63)));
            for (int i = 0; i < NUMBERS; i++) {
                const wide x = draw_within(a), y = draw_within(b), z = draw_within(c);
                const uint64_t e = meaning_of(op, (uint64_t)x, (uint64_t)y, (uint64_t)z, n);
                bool lost =
                    faults_of(op, whole(bls_bound_range(x, x)), whole(bls_bound_range(y, y)),
                              whole(bls_bound_range(z, z)), n, &point) != 0;
                bad[op] += lost;
                if ((lost && !faulty) || (!faulty && !holds(out.lane[i], e)) ||
                    (!lost && point.lane[i].low != point.lane[i].high &&
                     op != MEANING_SHIFT_LEFT_DROP) ||
                    (!lost && !holds(point.lane[i], e))) {
                    fail_msg("%s, shift %u", meaning_names[op], n);
                }
            }
        }
    }
    for (int op = 0; op < MEANING_OPS; op++) {
        bool total = op == MEANING_AND || op == MEANING_OR || op == MEANING_SHIFT_LEFT_DROP;
        assert_true(good[op] > 0 && (bad[op] > 0) == !total);
    }
}

static void masks(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        const struct bls_vec_range a = draw_range(), b = draw_range();
        const wide x = draw_within(a), y = draw_within(b);
        const bls_vec v = whole(a), w = whole(b);
        const bool minus = (int64_t)(uint64_t)x < 0; /* the bits' sign */
        const bls_lanes negative = bls_vec_is_negative(v), zero = bls_vec_is_zero(v),
                        equal = bls_vec_equal(v, w);
        assert_true(!(negative.known & 1) || (negative.value & 1) == (unsigned)minus);
        assert_true(!(zero.known & 1) || (zero.value & 1) == (unsigned)(x == 0));
        assert_true(!(equal.known & 1) || (equal.value & 1) == (unsigned)(x == y));
        struct bls_vec_range r = bls_vec_select(negative, v, w).lane[0];
        assert_true(holds(r, (uint64_t)(minus ? x : y)));
        r = bls_vec_select(negative, w, v).lane[0];
        assert_true(holds(r, (uint64_t)(minus ? y : x)));
        r = bls_vec_select(bls_lanes_not(negative), v, w).lane[0];
        assert_true(holds(r, (uint64_t)(minus ? y : x)));
        r = bls_vec_select(bls_lanes_and(negative, zero), v, w).lane[0];
        assert_true(holds(r, (uint64_t)y));
        r = bls_vec_select(bls_lanes_or(negative, zero), v, w).lane[0];
        assert_true(holds(r, (uint64_t)(minus || x == 0 ? x : y)));
    }
}

/* What a carried subtraction needs, and what makes a mask unknown. */
static void selections(void **state)
{
    (void)state;
    const bls_vec a = whole(bls_bound_range(-5, 9)), b = whole(bls_bound_range(20, 30));
    struct bls_vec_range r = bls_vec_select(bls_vec_is_negative(a), b, a).lane[3];
    assert_true(r.low == 0 && r.high == 30);
    r = bls_vec_select(bls_vec_is_negative(a), a, b).lane[3];
    assert_true(r.low == -5 && r.high == 30);
    r = bls_vec_select(bls_lanes_from(0xff), a, b).lane[3];
    assert_true(r.low == -5 && r.high == 30);
    r = bls_vec_select(bls_lanes_constant(8), a, b).lane[3];
    assert_true(r.low == -5 && r.high == 9);
    r = bls_vec_select(bls_lanes_constant(8), a, b).lane[2];
    assert_true(r.low == 20 && r.high == 30);
    r = bls_vec_sub_lanes(bls_lanes_constant(8), a, b, a).lane[3];
    assert_true(r.low == 11 && r.high == 35);
    r = bls_vec_sub_lanes(bls_lanes_from(8), a, b, a).lane[3];
    assert_true(r.low == -5 && r.high == 35);
    r = bls_vec_load((const uint64_t[BLS_LANES]){0}).lane[7];
    assert_true(r.low == 0 && r.high == bls_bound_power(64) - 1);
}

/* What load_below relies on, and lanes in which nothing is computed. */
static void faults(void **state)
{
    (void)state;
    const bls_vec v = whole(bls_bound_range(-1, 9)), w = whole(bls_bound_range(0, 9));
    const bls_vec least = whole(bls_bound_range(-bls_bound_power(63), 0));
    uint64_t memory[BLS_LANES];
    uint64_t before = bls_vec_faults.count;
    bls_vec_store_below(memory, w, 10);
    assert_int_equal(bls_vec_faults.count, before);
    bls_vec_store_below(memory, w, 9);
    assert_int_equal(bls_vec_faults.count, before + BLS_LANES);
    bls_vec_store_below(memory, v, 10);
    assert_int_equal(bls_vec_faults.count, before + 2 * BLS_LANES);
    const struct bls_vec_range r = bls_vec_load_below(memory, 10).lane[4];
    assert_true(r.low == 0 && r.high == 9);
    (void)bls_vec_sub_lanes(bls_lanes_constant(3), w, least, w);
    assert_int_equal(bls_vec_faults.count, before + 2 * BLS_LANES + 2);
}

static void order(void **state)
{
    (void)state;
    bls_vec a, b;
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] = bls_bound_range(i, 10 + i);
        b.lane[i] = bls_bound_range(20 + i, 30 + i);
    }
    const uint64_t index[BLS_LANES] = {15, 0, 8, 7, 3, 3, 1, 12};
    const bls_vec out = bls_vec_permute_two(a, b, bls_vec_constant(index));
    const bls_vec one = bls_vec_permute(a, bls_vec_constant(index));
    for (int i = 0; i < BLS_LANES; i++) {
        const uint64_t j = index[i] % 8;
        assert_true(out.lane[i].low == (wide)(index[i] < 8 ? j : 20 + j));
        assert_true(one.lane[i].low == (wide)j && one.lane[i].high == (wide)(10 + j));
    }
    const struct bls_vec_range any = bls_vec_permute(a, bls_vec_load(index)).lane[0];
    assert_true(any.low == 0 && any.high == 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations), cmocka_unit_test(masks), cmocka_unit_test(selections),
        cmocka_unit_test(faults),     cmocka_unit_test(order),
    };
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
