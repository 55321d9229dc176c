/* G1 and G2: the group laws, every multiplication against double-and-add, the subgroup checks. */
#include "helper.h"

enum { ROUNDS = 12 };

static void test_g1_laws(void **state)
{
    (void)state;
    struct bls_g1 infinity, s, t;
    bls_g1_infinity(&infinity);
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_g1 p = next_g1(), q = next_g1();
        struct bls_g1_affine a;
        bls_g1_add(&s, &p, &q);
        bls_g1_add(&t, &q, &p);
        assert_true(bls_g1_equal(&s, &t));
        bls_g1_to_affine(&a, &s);
        assert_true(bls_g1_on_curve(&a));
        bls_g1_sub(&t, &s, &q);
        assert_true(bls_g1_equal(&t, &p));
        bls_g1_add(&s, &p, &p);
        bls_g1_double(&t, &p);
        assert_true(bls_g1_equal(&s, &t));
        bls_g1_sub(&s, &p, &p);
        assert_true(bls_g1_is_infinity(&s));
        bls_g1_add(&s, &p, &infinity);
        assert_true(bls_g1_equal(&s, &p));
        assert_int_equal(bls_g1_equal(&p, &infinity) != 0, bls_g1_is_infinity(&p) != 0);
        bls_g1_to_affine(&a, &p);
        if (!bls_g1_affine_is_infinity(&a)) {
            bls_g1_add_mixed(&s, &q, &a);
            bls_g1_add(&t, &q, &p);
            assert_true(bls_g1_equal(&s, &t));
        }
    }
    bls_g1_double(&s, &infinity);
    assert_true(bls_g1_is_infinity(&s));
    bls_g1_add(&s, &infinity, &infinity);
    assert_true(bls_g1_is_infinity(&s));
}

static void test_g2_laws(void **state)
{
    (void)state;
    struct bls_g2 infinity, s, t;
    bls_g2_infinity(&infinity);
    for (int i = 0; i < ROUNDS; i++) {
        struct bls_g2 p = next_g2(), q = next_g2();
        struct bls_g2_affine a;
        bls_g2_add(&s, &p, &q);
        bls_g2_add(&t, &q, &p);
        assert_true(bls_g2_equal(&s, &t));
        bls_g2_to_affine(&a, &s);
        assert_true(bls_g2_on_curve(&a));
        bls_g2_sub(&t, &s, &q);
        assert_true(bls_g2_equal(&t, &p));
        bls_g2_add(&s, &p, &p);
        bls_g2_double(&t, &p);
        assert_true(bls_g2_equal(&s, &t));
        bls_g2_sub(&s, &p, &p);
        assert_true(bls_g2_is_infinity(&s));
        bls_g2_add(&s, &p, &infinity);
        assert_true(bls_g2_equal(&s, &p));
        assert_int_equal(bls_g2_equal(&p, &infinity) != 0, bls_g2_is_infinity(&p) != 0);
        bls_g2_to_affine(&a, &p);
        if (!bls_g2_affine_is_infinity(&a)) {
            bls_g2_add_mixed(&s, &q, &a);
            bls_g2_add(&t, &q, &p);
            assert_true(bls_g2_equal(&s, &t));
        }
    }
    bls_g2_double(&s, &infinity);
    assert_true(bls_g2_is_infinity(&s));
}

static void check_g1_mul(const struct bls_fr *k, const struct bls_g1 *p)
{
    uint8_t bytes[32];
    struct bls_g1 want, got, generator;
    bls_fr_encode(bytes, k);
    slow_g1(&want, bytes, sizeof bytes, p);
    bls_g1_mul(&got, k, p);
    assert_true(bls_g1_equal(&got, &want));
    bls_g1_mul_vartime(&got, k, p);
    assert_true(bls_g1_equal(&got, &want));
    bls_g1_generator(&generator);
    slow_g1(&want, bytes, sizeof bytes, &generator);
    bls_g1_mul_generator(&got, k);
    assert_true(bls_g1_equal(&got, &want));
}

static void check_g2_mul(const struct bls_fr *k, const struct bls_g2 *p)
{
    uint8_t bytes[32];
    struct bls_g2 want, got, generator;
    bls_fr_encode(bytes, k);
    slow_g2(&want, bytes, sizeof bytes, p);
    bls_g2_mul(&got, k, p);
    assert_true(bls_g2_equal(&got, &want));
    bls_g2_mul_vartime(&got, k, p);
    assert_true(bls_g2_equal(&got, &want));
    bls_g2_generator(&generator);
    slow_g2(&want, bytes, sizeof bytes, &generator);
    bls_g2_mul_generator(&got, k);
    assert_true(bls_g2_equal(&got, &want));
}

static void test_mul(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * ROUNDS; i++) {
        struct bls_fr k = next_fr();
        struct bls_g1 p = next_g1();
        struct bls_g2 q = next_g2();
        check_g1_mul(&k, &p);
        check_g2_mul(&k, &q);
    }
    /* Every power of two and its negative: every digit of every window, carries included. */
    struct bls_g1 p = next_g1();
    struct bls_g2 q = next_g2();
    struct bls_fr k, negative;
    bls_fr_from_u64(&k, 1);
    for (int i = 0; i < 256; i += 3) {
        bls_fr_neg(&negative, &k);
        check_g1_mul(i % 2 ? &k : &negative, &p);
        check_g2_mul(i % 2 ? &k : &negative, &q);
        for (int j = 0; j < 3; j++) {
            bls_fr_add(&k, &k, &k);
        }
    }
}

/* d0 + d1 |x| + d2 x^2 + d3 |x|^3 of digits at the ends of their range and of windows that are all
 * at an edge of the recoding (16 becomes -16 and a carry, 15 stays). */
static void test_mul_digits(void **state)
{
    (void)state;
    const uint64_t edges[] = {0,
                              1,
                              0x8421084210842108,
                              0x8421084210842107,
                              0x7bdef7bdef7bdef7,
                              bls_x_abs - 1,
                              bls_x_abs - 2};
    const size_t n = sizeof edges / sizeof edges[0];
    struct bls_g1 p = next_g1();
    struct bls_g2 q = next_g2();
    for (size_t i = 0; i < n * n; i++) {
        const uint64_t digits[4] = {edges[i % n], edges[i / n], edges[(i + i / n) % n],
                                    edges[3 * i % n]};
        struct bls_fr k = {{0}}, x, d;
        bls_fr_from_u64(&x, bls_x_abs);
        for (int j = 3; j >= 0; j--) { /* Horner */
            bls_fr_mul(&k, &k, &x);
            bls_fr_from_u64(&d, digits[j]);
            bls_fr_add(&k, &k, &d);
        }
        check_g1_mul(&k, &p);
        check_g2_mul(&k, &q);
    }
}

/* Also counts around the groups of points that share their doublings. */
static void test_mul_sum(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 17};
    struct bls_fr k[17] = {0};
    struct bls_g1 p[17] = {0}, sum1, got1, t1;
    struct bls_g2 q[17] = {0}, sum2, got2, t2;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        bls_g1_infinity(&sum1);
        bls_g2_infinity(&sum2);
        for (size_t i = 0; i < counts[c]; i++) {
            k[i] = next_fr();
            p[i] = next_g1();
            q[i] = next_g2();
            bls_g1_mul(&t1, &k[i], &p[i]);
            bls_g1_add(&sum1, &sum1, &t1);
            bls_g2_mul(&t2, &k[i], &q[i]);
            bls_g2_add(&sum2, &sum2, &t2);
        }
        bls_g1_mul_sum(&got1, k, p, counts[c]);
        assert_true(bls_g1_equal(&got1, &sum1));
        bls_g1_mul_sum_vartime(&got1, k, p, counts[c]);
        assert_true(bls_g1_equal(&got1, &sum1));
        bls_g2_mul_sum(&got2, k, q, counts[c]);
        assert_true(bls_g2_equal(&got2, &sum2));
        bls_g2_mul_sum_vartime(&got2, k, q, counts[c]);
        assert_true(bls_g2_equal(&got2, &sum2));
    }
}

static void test_affine_batch(void **state)
{
    (void)state;
    struct bls_g1 p[9] = {0}, p2;
    struct bls_g2 q[9] = {0}, q2;
    struct bls_g1_affine a[9];
    struct bls_g2_affine b[9];
    for (size_t n = 0; n <= 9; n++) {
        for (size_t i = 0; i < n; i++) {
            p[i] = next_g1();
            q[i] = next_g2();
            if (i == 2 || i == 8) {
                bls_g1_infinity(&p[i]);
                bls_g2_infinity(&q[i]);
            }
        }
        bls_g1_to_affine_batch(a, p, n);
        bls_g2_to_affine_batch(b, q, n);
        for (size_t i = 0; i < n; i++) {
            bls_g1_from_affine(&p2, &a[i]);
            bls_g2_from_affine(&q2, &b[i]);
            assert_true(bls_g1_equal(&p2, &p[i]));
            assert_true(bls_g2_equal(&q2, &q[i]));
            assert_int_equal(bls_g1_affine_is_infinity(&a[i]), bls_g1_is_infinity(&p[i]));
            assert_int_equal(bls_g2_affine_is_infinity(&b[i]), bls_g2_is_infinity(&q[i]));
        }
    }
}

static void test_order(void **state)
{
    (void)state;
    uint8_t order[32];
    struct bls_g1 p = next_g1();
    struct bls_g2 q = next_g2();
    group_order(order);
    slow_g1(&p, order, sizeof order, &p);
    slow_g2(&q, order, sizeof order, &q);
    assert_true(bls_g1_is_infinity(&p));
    assert_true(bls_g2_is_infinity(&q));
}

static void refuse_g1(const struct bls_g1 *p)
{
    struct bls_g1_affine good[3], a;
    bls_g1_to_affine(&a, p);
    assert_true(bls_g1_on_curve(&a));
    assert_false(bls_g1_in_subgroup(&a));
    for (int i = 0; i < 3; i++) {
        struct bls_g1 g;
        bls_g1_generator(&g);
        bls_g1_to_affine(&good[i], &g);
    }
    assert_true(bls_g1_in_subgroup_batch(good, 3));
    good[1] = a;
    assert_false(bls_g1_in_subgroup_batch(good, 3));
}

/* Points outside of the subgroup: any of the curve, those of the cofactor's order, one of order 3,
 * and each of them plus a point of the subgroup. */
static void test_g1_subgroup(void **state)
{
    (void)state;
    uint8_t order[32];
    struct bls_g1 p, q;
    struct bls_g1_affine a;
    group_order(order);
    for (int i = 0; i < ROUNDS; i++) {
        a = next_on_e();
        bls_g1_from_affine(&p, &a);
        refuse_g1(&p);
        slow_g1(&p, order, sizeof order, &p);
        refuse_g1(&p);
        q = next_g1();
        bls_g1_add(&p, &p, &q);
        refuse_g1(&p);
        bls_g1_to_affine(&a, &q);
        assert_true(bls_g1_in_subgroup(&a));
    }
    struct bls_g1_affine three = {{{0}}, {{0}}};
    bls_fp_double(&three.y, &bls_fp_one); /* (0, 2) */
    bls_g1_from_affine(&p, &three);
    refuse_g1(&p);
    bls_g1_double(&q, &p);
    refuse_g1(&q);
    bls_g1_add(&q, &q, &p);
    assert_true(bls_g1_is_infinity(&q));
    bls_g1_generator(&q);
    bls_g1_add(&p, &p, &q);
    refuse_g1(&p);
    bls_g1_infinity(&p);
    bls_g1_to_affine(&a, &p);
    assert_true(bls_g1_in_subgroup(&a));
    a.x = bls_fp_one;
    assert_false(bls_g1_on_curve(&a));
}

static void refuse_g2(const struct bls_g2 *p)
{
    struct bls_g2_affine two[2];
    bls_g2_to_affine(&two[1], p);
    assert_true(bls_g2_on_curve(&two[1]));
    assert_false(bls_g2_in_subgroup(&two[1]));
    two[0] = (struct bls_g2_affine){0};
    assert_true(bls_g2_in_subgroup_batch(two, 1));
    assert_false(bls_g2_in_subgroup_batch(two, 2));
}

static void test_g2_subgroup(void **state)
{
    (void)state;
    uint8_t order[32];
    struct bls_g2 p, q;
    struct bls_g2_affine a;
    group_order(order);
    for (int i = 0; i < ROUNDS; i++) {
        a = next_on_twist();
        bls_g2_from_affine(&p, &a);
        refuse_g2(&p);
        slow_g2(&p, order, sizeof order, &p);
        refuse_g2(&p);
        q = next_g2();
        bls_g2_add(&p, &p, &q);
        refuse_g2(&p);
        bls_g2_to_affine(&a, &q);
        assert_true(bls_g2_in_subgroup(&a));
    }
    a.x = bls_fp2_one;
    assert_false(bls_g2_on_curve(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_g1_laws),     cmocka_unit_test(test_g2_laws),
        cmocka_unit_test(test_mul),         cmocka_unit_test(test_mul_digits),
        cmocka_unit_test(test_mul_sum),     cmocka_unit_test(test_affine_batch),
        cmocka_unit_test(test_order),       cmocka_unit_test(test_g1_subgroup),
        cmocka_unit_test(test_g2_subgroup),
    };
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
