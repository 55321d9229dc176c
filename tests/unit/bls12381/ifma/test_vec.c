/* The vector operations, each against one line of C that says what it means. The bounds of ranges
 * (test_vec_bound.c) are checked against the same lines. */
#include "lanes.h"
#include "vec_meaning.h"

enum { ROUNDS = 2000 };

static void draw(uint64_t a[BLS_LANES])
{
    for (int i = 0; i < BLS_LANES; i++) {
        a[i] = meaning_draw();
    }
}

static void expect(bls_vec v, const uint64_t e[BLS_LANES], const char *what)
{
    uint64_t got[BLS_LANES];
    bls_vec_store(got, v);
    for (int i = 0; i < BLS_LANES; i++) {
        if (got[i] != e[i]) {
            fail_msg("%s: lane %d is %" PRIx64 ", not %" PRIx64, what, i, got[i], e[i]);
        }
    }
}

static void arithmetic(void **state)
{
    (void)state;
    uint64_t a[BLS_LANES], b[BLS_LANES], c[BLS_LANES], e[BLS_LANES];
    for (int round = 0; round < ROUNDS; round++) {
        draw(a);
        draw(b);
        draw(c);
        const bls_vec x = bls_vec_load(a), y = bls_vec_constant(b), z = bls_vec_load(c);
        for (int op = 0; op < MEANING_OPS; op++) {
            for (int i = 0; i < BLS_LANES; i++) {
                e[i] = meaning_of(op, a[i], b[i], c[i], (unsigned)round % 64);
            }
            expect(meaning_run(op, x, y, z, (unsigned)round % 64), e, meaning_names[op]);
        }
    }
}

static void order(void **state)
{
    (void)state;
    uint64_t a[BLS_LANES], b[BLS_LANES], index[BLS_LANES], e[BLS_LANES];
    for (int round = 0; round < ROUNDS; round++) {
        draw(a);
        draw(b);
        for (int i = 0; i < BLS_LANES; i++) {
            index[i] = next_u64() % 16;
            e[i] = index[i] < 8 ? a[index[i]] : b[index[i] - 8];
        }
        expect(bls_vec_permute_two(bls_vec_load(a), bls_vec_load(b), bls_vec_constant(index)), e,
               "permute_two");
        const unsigned bits = (unsigned)next_u64() & 0xff;
        for (int i = 0; i < BLS_LANES; i++) {
            e[i] = bits >> i & 1 ? e[i] : 0;
        }
        expect(bls_vec_permute_two_lanes(bls_lanes_from(bits), bls_vec_load(a), bls_vec_load(b),
                                         bls_vec_constant(index)),
               e, "permute_two_lanes");
        for (int i = 0; i < BLS_LANES; i++) {
            index[i] %= 8;
            e[i] = a[index[i]];
        }
        expect(bls_vec_permute(bls_vec_load(a), bls_vec_load(index)), e, "permute");
    }
}

static void masks(void **state)
{
    (void)state;
    uint64_t a[BLS_LANES], b[BLS_LANES], e[BLS_LANES];
    for (int round = 0; round < ROUNDS; round++) {
        unsigned zero = 0, negative = 0, equal = 0, bits = (unsigned)next_u64() & 0xff;
        draw(a);
        draw(b);
        for (int i = 0; i < BLS_LANES; i++) {
            b[i] = next_u64() % 2 == 0 ? b[i] : a[i];
            zero |= (unsigned)(a[i] == 0) << i;
            negative |= (unsigned)(a[i] >> 63) << i;
            equal |= (unsigned)(a[i] == b[i]) << i;
            e[i] = bits >> i & 1 ? a[i] : b[i];
        }
        const bls_vec x = bls_vec_load(a), y = bls_vec_load(b);
        const bls_lanes m = bls_lanes_from(bits), n = bls_vec_equal(x, y);
        assert_int_equal(bls_lanes_bits(bls_vec_is_zero(x)), zero);
        assert_int_equal(bls_lanes_bits(bls_vec_is_negative(x)), negative);
        assert_int_equal(bls_lanes_bits(n), equal);
        expect(bls_vec_select(m, x, y), e, "select");
        expect(bls_vec_select(bls_lanes_constant(bits), x, y), e, "select");
        for (int i = 0; i < BLS_LANES; i++) {
            e[i] = bits >> i & 1 ? a[i] - b[i] : a[i];
        }
        expect(bls_vec_sub_lanes(m, x, x, y), e, "sub_lanes");
        bls_vec_store_below(e, x, UINT64_MAX);
        expect(bls_vec_load_below(e, UINT64_MAX), a, "load_below");
        assert_int_equal(bls_lanes_bits(bls_lanes_and(m, n)), bits & equal);
        assert_int_equal(bls_lanes_bits(bls_lanes_or(m, n)), bits | equal);
        assert_int_equal(bls_lanes_bits(bls_lanes_not(m)), ~bits & 0xff);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(order),
        cmocka_unit_test(masks),
    };
    if (!lanes_supported()) {
        return 77;
    }
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
