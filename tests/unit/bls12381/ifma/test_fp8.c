/* The eight-lane field against the scalar one: random elements, and the largest, least and oddest
 * forms that an operand may have. */
#include "../helper.h"
#include "lanes.h"

enum { ROUNDS = 200 };

/* A field element in each lane and, as the scalar code has it, beside it. */
struct both {
    struct bls_fp8 v;
    struct bls_fp s[BLS_LANES];
};

static void lanes_set(bls_vec *v, int lane, uint64_t value)
{
    uint64_t t[BLS_LANES];
    bls_vec_store(t, *v);
    t[lane] = value;
    *v = bls_vec_load(t);
}

/* What a number in limbs stands for: the sum of limb 2^(50 i) / 2^400, by Horner's rule. */
static void meaning(struct bls_fp s[BLS_LANES], const struct bls_fp8 *v)
{
    struct bls_fp radix = bls_fp_one, inverse, t;
    for (int i = 0; i < BLS_FP8_BITS; i++) {
        bls_fp_double(&radix, &radix);
    }
    bls_fp_inverse(&inverse, &radix);
    for (int lane = 0; lane < BLS_LANES; lane++) {
        s[lane] = (struct bls_fp){{0}};
        for (int i = 0; i < BLS_FP8_LIMBS; i++) {
            uint64_t limb[BLS_LANES];
            bls_vec_store(limb, v->limb[i]);
            t = (struct bls_fp){{limb[lane]}};
            bls_fp_mul(&t, &t, &bls_fp_r2);
            bls_fp_add(&s[lane], &s[lane], &t);
            bls_fp_mul(&s[lane], &s[lane], &inverse); /* ends as the sum over i of 2^(50 (i - 8)) */
        }
    }
}

/* Operands: limbs below 2^bits, the top one below 2^top. The last lanes hold the extremes. */
static void draw(struct both *a, int bits, int top)
{
    const uint64_t most = ((uint64_t)1 << bits) - 1, most_top = ((uint64_t)1 << top) - 1;
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        a->v.limb[i] = bls_vec_zero();
        uint64_t limit = i < BLS_FP8_LIMBS - 1 ? most : most_top;
        for (int lane = 0; lane < BLS_LANES; lane++) {
            uint64_t v = next_u64() & limit;
            if (lane == 7) {
                v = limit;
            } else if (lane == 6) {
                v = next_u64() % 2 == 0 ? limit : 0;
            } else if (lane == 5) {
                v = bls_fp8_p[i]; /* zero in another form */
            } else if (lane == 4) {
                v = bls_fp8_p[i] - (i == 0);
            } else if (lane == 3) {
                v = 0;
            }
            lanes_set(&a->v.limb[i], lane, v);
        }
    }
    meaning(a->s, &a->v);
}

static void expect(const struct bls_fp8 *v, const struct bls_fp *s, const char *what)
{
    struct bls_fp out[BLS_LANES];
    bls_fp8_store(out, v, sizeof *out);
    for (int lane = 0; lane < BLS_LANES; lane++) {
        if (!bls_fp_equal(&out[lane], &s[lane])) {
            fail_msg("%s differs in lane %d", what, lane);
        }
    }
}

static void products(void **state)
{
    (void)state;
    struct both a, b;
    struct bls_fp8 r;
    struct bls_fp8_wide w;
    struct bls_fp s[BLS_LANES];
    for (int round = 0; round < ROUNDS; round++) {
        draw(&a, 52, 40);
        draw(&b, 52, 40);
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp_mul(&s[i], &a.s[i], &b.s[i]);
        }
        bls_fp8_mul(&r, &a.v, &b.v);
        expect(&r, s, "mul");
        bls_fp8_mul_wide(&w, &a.v, &b.v);
        bls_fp8_reduce(&r, &w);
        expect(&r, s, "mul_wide and reduce");
        r = a.v;
        bls_fp8_mul(&r, &r, &b.v);
        expect(&r, s, "mul in place");
    }
}

static void squares(void **state)
{
    (void)state;
    struct both a;
    struct bls_fp8 r;
    struct bls_fp8_wide w;
    struct bls_fp s[BLS_LANES];
    for (int round = 0; round < ROUNDS; round++) {
        draw(&a, 51, 40);
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp_square(&s[i], &a.s[i]);
        }
        bls_fp8_square(&r, &a.v);
        expect(&r, s, "square");
        bls_fp8_mul_wide(&w, &a.v, &a.v);
        bls_fp8_reduce(&r, &w);
        expect(&r, s, "mul_wide and reduce");
    }
}

static void sums(void **state)
{
    (void)state;
    struct both a, b, c;
    struct bls_fp8 r, t;
    struct bls_fp8_wide v, w;
    struct bls_fp s[BLS_LANES], d[BLS_LANES], n[BLS_LANES];
    for (int round = 0; round < ROUNDS; round++) {
        draw(&a, 50, 34);
        draw(&b, 50, 34);
        draw(&c, 50, 34);
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp_add(&s[i], &a.s[i], &b.s[i]);
            bls_fp_sub(&d[i], &a.s[i], &b.s[i]);
            bls_fp_neg(&n[i], &b.s[i]);
        }
        bls_fp8_add(&r, &a.v, &b.v);
        expect(&r, s, "add");
        bls_fp8_carry(&t, &r);
        expect(&t, s, "add and carry");
        bls_fp8_sub(&t, &a.v, &b.v);
        expect(&t, d, "sub");
        bls_fp8_neg(&t, &b.v);
        expect(&t, n, "neg");
        bls_fp8_sub_2(&t, &c.v, &r);
        bls_fp8_carry(&t, &t);
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp_sub(&d[i], &c.s[i], &s[i]);
        }
        expect(&t, d, "sub_2");
        /* a b - c a, negative as often as not */
        bls_fp8_mul_wide(&v, &a.v, &b.v);
        bls_fp8_mul_wide(&w, &c.v, &a.v);
        bls_fp8_wide_sub(&v, &v, &w);
        bls_fp8_reduce(&r, &v);
        for (int i = 0; i < BLS_LANES; i++) {
            bls_fp_sub(&d[i], &b.s[i], &c.s[i]);
            bls_fp_mul(&d[i], &d[i], &a.s[i]);
        }
        expect(&r, d, "difference of products");
    }
}

static void memory(void **state)
{
    (void)state;
    struct bls_fp in[BLS_LANES], out[BLS_LANES];
    struct bls_fp8 v, w;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BLS_LANES; i++) {
            in[i] = next_fp();
        }
        in[0] = (struct bls_fp){{0}};
        in[1] = bls_fp_one;
        bls_fp_neg(&in[2], &in[1]);
        bls_fp8_load(&v, in, sizeof *in);
        bls_fp8_store(out, &v, sizeof *out);
        assert_memory_equal(in, out, sizeof in);
        unsigned zero = 0;
        for (int i = 0; i < BLS_LANES; i++) {
            zero |= (unsigned)(bls_fp_is_zero(&in[i]) & 1) << i;
        }
        assert_int_equal(bls_fp8_is_zero(&v), zero);
        bls_fp8_canonical(&w, &v);
        assert_int_equal(bls_fp8_equal(&v, &w), 0xff);
        bls_fp8_load_count(&w, in, sizeof *in, 3);
        assert_int_equal(bls_fp8_is_zero(&w) | 6, 0xff);
        assert_int_equal(bls_fp8_equal(&v, &w) & 7, 7);
        memset(out, 0, sizeof out);
        bls_fp8_store_count(out, &v, sizeof *out, 3);
        assert_memory_equal(in, out, 3 * sizeof *in);
        assert_true(bls_fp_is_zero(&out[3]));
    }
}

static void forms_of_zero(void **state)
{
    (void)state;
    struct both a;
    struct bls_fp8 v;
    draw(&a, 50, 34);
    assert_int_equal(bls_fp8_is_zero(&a.v) & 0x28, 0x28); /* p and 0 */
    bls_fp8_sub(&v, &a.v, &a.v);
    assert_int_equal(bls_fp8_is_zero(&v), 0xff);
    assert_int_equal(bls_fp8_equal(&a.v, &a.v), 0xff);
    bls_fp8_canonical(&v, &v);
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        assert_int_equal(bls_vec_is_zero(v.limb[i]), 0xff);
    }
}

/* Operands, found by search, whose product with bls_fp8_to_fp is at least 2 p: to be stored, p is
 * to be subtracted twice, which random ones need once in millions. */
static void largest_products(void **state)
{
    (void)state;
    static const uint64_t found[2][BLS_FP8_LIMBS] = {
        {0x952e4a78a00ca, 0xa3238d80c09ea, 0x8a1f0842e1804, 0xa1b7136c5bca7, 0x87570c1ffc943,
         0x82a7389eec066, 0x25e5cd98cc6b3, 0xffffffffff},
        {0xfe67c852c5626, 0xd00ceb038614f, 0x23deaee5638d7, 0xe8ae7525218b9, 0xe0a1c211d55ac,
         0x6afdf08bdf1a9, 0x2f72cd7bf378c, 0xffffffffff},
    };
    for (int i = 0; i < 2; i++) {
        struct both a;
        bls_fp8_set(&a.v, found[i]);
        meaning(a.s, &a.v);
        expect(&a.v, a.s, "store of a large product");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),      cmocka_unit_test(squares),
        cmocka_unit_test(sums),          cmocka_unit_test(memory),
        cmocka_unit_test(forms_of_zero), cmocka_unit_test(largest_products),
    };
    if (!lanes_supported()) {
        return 77;
    }
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
