/* Every path's kernels against the portable ones: the same limbs for random and for adversarial
 * operands, up to the bounds that fp_int.h and tower_int.h allow. One argument names the path. */
#include "bls12381/inverse_int.h"
#include "helper.h"

enum { KERNEL_ROUNDS = 20000 };

static const struct bls_kernels *twin = &bls_kernels_portable;
static const struct bls_kernels *tested;

/* A limb; half of them are where carries are made or lost. */
static uint64_t next_limb(void)
{
    static const uint64_t edges[] = {0, 1, ~(uint64_t)0, ~(uint64_t)0 - 1, (uint64_t)1 << 63};
    uint64_t choice = next_u64();
    return choice % 2 == 0 ? next_u64() : edges[choice / 2 % 5];
}

static struct bls_fp next_limbs(void)
{
    struct bls_fp out;
    for (int i = 0; i < 6; i++) {
        out.limb[i] = next_limb();
    }
    return out;
}

/* out = m p + a, which must fit. */
static void add_multiple(uint64_t out[6], uint64_t m, const uint64_t a[6])
{
    uint64_t t[6];
    memcpy(t, a, sizeof t);
    for (uint64_t i = 0; i < m; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 6; j++) {
            t[j] = bls_adc(t[j], bls_p[j], &carry);
        }
        assert_int_equal(carry, 0);
    }
    memcpy(out, t, sizeof t);
}

/* A canonical number (edges: 0, 1, p - 2, p - 1, limbs of ones) plus up to k - 1 times p: lazy k.
 */
static struct bls_fp next_lazy(uint64_t k)
{
    struct bls_fp out = next_fp();
    if (next_u64() % 8 == 0) {
        out = (struct bls_fp){
            {bls_p[0] - 1 - next_u64() % 2, bls_p[1], bls_p[2], bls_p[3], bls_p[4], bls_p[5]}};
    }
    uint64_t m = next_u64() % (2 * k);
    add_multiple(out.limb, m < k ? m : k - 1, out.limb);
    return out;
}

static struct bls_fp2 next_lazy2(uint64_t k)
{
    struct bls_fp2 out = {next_lazy(k), next_lazy(k)};
    return out;
}

/* A number in [low, low + count - 1/100] times p 2^384, as a signed one: the low six limbs of any
 * kind, the highest number often. */
static struct bls_wide next_wide(int low, uint64_t count)
{
    struct bls_wide out;
    struct bls_fp lower = next_limbs(), upper = next_lazy(count), most = {{0}};
    uint64_t above = 0;
    most.limb[5] = bls_p[5] / 100 * 99;
    add_multiple(most.limb, count - 1, most.limb);
    for (int i = 0; i < 6; i++) {
        (void)bls_sbb(most.limb[i], upper.limb[i], &above);
    }
    upper = above ? most : upper;
    for (int i = low; i < 0; i++) {
        uint64_t borrow = 0;
        for (int j = 0; j < 6; j++) {
            upper.limb[j] = bls_sbb(upper.limb[j], bls_p[j], &borrow);
        }
    }
    memcpy(out.limb, lower.limb, sizeof lower);
    memcpy(out.limb + 6, upper.limb, sizeof upper);
    return out;
}

static void assert_canonical(const struct bls_fp *a)
{
    uint64_t borrow = 0;
    for (int i = 0; i < 6; i++) {
        (void)bls_sbb(a->limb[i], bls_p[i], &borrow);
    }
    assert_int_equal(borrow, 1);
}

static void assert_same_fp(const struct bls_fp *got, const struct bls_fp *want)
{
    assert_memory_equal(got, want, sizeof *got);
    assert_canonical(got);
}

static void assert_same_fp2(const struct bls_fp2 *got, const struct bls_fp2 *want)
{
    assert_same_fp(&got->c0, &want->c0);
    assert_same_fp(&got->c1, &want->c1);
}

static void test_fp_products(void **state)
{
    (void)state;
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        bool any = next_u64() % 2 == 0; /* with a b of at most 0.9 p */
        struct bls_fp a = any ? next_limbs() : next_lazy(3), b = next_lazy(any ? 1 : 3), s, t;
        b.limb[5] = any ? b.limb[5] / 10 * 9 : b.limb[5];
        twin->fp_mul(&t, &a, &b);
        tested->fp_mul(&s, &a, &b);
        assert_same_fp(&s, &t);
        tested->fp_mul(&b, &a, &b); /* in place */
        assert_same_fp(&b, &t);
        a = next_lazy(3);
        twin->fp_square(&t, &a);
        tested->fp_square(&s, &a);
        assert_same_fp(&s, &t);
        tested->fp_mul(&s, &a, &a);
        assert_same_fp(&s, &t);
        tested->fp_square(&a, &a);
        assert_same_fp(&a, &t);
        if (i % 8 == 0) {
            size_t n = 1 + next_u64() % 8;
            a = next_lazy(1);
            twin->fp_square_n(&t, &a, n);
            tested->fp_square_n(&a, &a, n);
            assert_same_fp(&a, &t);
        }
    }
}

static void test_fp_wide(void **state)
{
    (void)state;
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        struct bls_fp a = next_limbs(), b = next_limbs(), s, t;
        struct bls_wide v, w;
        twin->fp_mul_wide(&v, &a, &b);
        tested->fp_mul_wide(&w, &a, &b);
        assert_memory_equal(&v, &w, sizeof v);
        twin->fp_square_wide(&v, &a);
        tested->fp_square_wide(&w, &a);
        assert_memory_equal(&v, &w, sizeof v);
        v = next_wide(0, 1);
        twin->fp_reduce_wide(&t, &v);
        tested->fp_reduce_wide(&s, &v);
        assert_same_fp(&s, &t);
    }
}

static void test_fp2_products(void **state)
{
    (void)state;
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        uint64_t lazy = next_u64() % 3; /* 1 by 4, 4 by 1, 2 by 2 */
        struct bls_fp2 a = next_lazy2(lazy == 0 ? 1 : lazy == 1 ? 4 : 2), s, t;
        struct bls_fp2 b = next_lazy2(lazy == 0 ? 4 : lazy == 1 ? 1 : 2);
        twin->fp2_mul(&t, &a, &b);
        tested->fp2_mul(&s, &a, &b);
        assert_same_fp2(&s, &t);
        tested->fp2_mul(&b, &a, &b);
        assert_same_fp2(&b, &t);
        a = next_lazy2(1);
        twin->fp2_square(&t, &a);
        tested->fp2_square(&s, &a);
        assert_same_fp2(&s, &t);
        tested->fp2_square(&a, &a);
        assert_same_fp2(&a, &t);
    }
}

static void test_fp2_wide(void **state)
{
    (void)state;
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        struct bls_fp2 a = next_lazy2(4), b = next_lazy2(4), s, t;
        struct bls_fp2_wide v, w;
        add_multiple(a.c0.limb, next_u64() % 2, a.c0.limb); /* lazy 5 and 4: the sum is lazy 9 */
        twin->fp2_mul_wide(&v, &a, &b);
        tested->fp2_mul_wide(&w, &a, &b);
        assert_memory_equal(&v, &w, sizeof v);
        a = next_lazy2(2);
        twin->fp2_square_wide(&v, &a);
        tested->fp2_square_wide(&w, &a);
        assert_memory_equal(&v, &w, sizeof v);
        v = (struct bls_fp2_wide){next_wide(-2, 3), next_wide(-1, 3)};
        twin->fp2_reduce_wide(&t, &v);
        tested->fp2_reduce_wide(&s, &v);
        assert_same_fp2(&s, &t);
    }
}

static void test_division_steps(void **state)
{
    (void)state;
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        struct bls_division_state a = {next_limb() | 1, next_limb(),
                                       next_limb() % 64 - next_limb() % 64};
        struct bls_division_state b = a;
        struct bls_division_rows x, y;
        twin->thirty_steps(&x, &a);
        tested->thirty_steps(&y, &b);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(&x, &y, sizeof x);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fp_products),    cmocka_unit_test(test_fp_wide),
        cmocka_unit_test(test_fp2_products),   cmocka_unit_test(test_fp2_wide),
        cmocka_unit_test(test_division_steps),
    };
    const char *path = argc > 1 ? argv[1] : "portable";
    seed_start();
    for (size_t i = 0; i < bls_path_choice_count; i++) {
        if (strcmp(bls_path_choices[i].name, path) == 0) {
            tested = bls_path_choices[i].kernels;
        }
    }
    if (tested == NULL || !bls_path_supported(path)) {
        printf("this machine has no path %s\n", path);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
