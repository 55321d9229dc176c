/* Sums of products of various lengths, in the shapes of paths with and without lanes. */
#include "support.h"

#include "cpabe/sums_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SUMS_MAX = 40, TERMS_MAX = 400 };

static struct bls_fr k[TERMS_MAX];
static struct bls_g1_affine a[TERMS_MAX];
static size_t first[SUMS_MAX + 1];

static void check(struct seeded *s, const size_t *lengths, size_t count, size_t lanes)
{
    struct tkn_sums sums;
    struct bls_g1 want[SUMS_MAX];
    struct bls_g1 got[SUMS_MAX];
    tkn_sums_init(&sums, first, k, a);
    sums.lanes = lanes;
    for (size_t i = 0; i < count; i++) {
        bls_g1_infinity(&want[i]);
        for (size_t t = 0; t < lengths[i]; t++) {
            struct bls_g1 p;
            struct bls_g1_affine affine;
            struct bls_fr base = seeded_scalar(s);
            struct bls_fr scalar = seeded_scalar(s);
            bls_g1_mul_generator(&p, &base);
            bls_g1_to_affine(&affine, &p);
            tkn_sums_add(&sums, &scalar, &affine);
            bls_fr_mul(&base, &base, &scalar);
            bls_g1_mul_generator(&p, &base);
            bls_g1_add(&want[i], &want[i], &p);
        }
        tkn_sums_close(&sums);
    }
    tkn_sums_run(got, &sums);
    for (size_t i = 0; i < count; i++) {
        assert_true(bls_g1_equal(&got[i], &want[i]));
    }
    tkn_sums_run_vartime(got, &sums);
    for (size_t i = 0; i < count; i++) {
        assert_true(bls_g1_equal(&got[i], &want[i]));
    }
}

static void test_shapes(void **state)
{
    (void)state;
    static const size_t shapes[][SUMS_MAX] = {
        {0},
        {1},
        {1, 1, 1, 1},
        {2, 2, 2, 2},
        {1, 1, 1, 1, 2, 2, 2, 2},
        {6, 6, 6, 4, 4, 4, 4, 4, 4, 6, 6, 6, 6, 6, 6},
        {0, 3, 0, 0, 5, 1, 0},
        {4, 4, 4, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2},
        {2, 4, 4, 4, 4, 1, 4, 4, 4, 4, 12, 12, 2, 12, 12, 12, 12, 12, 12, 12, 2, 2, 0, 12},
        {40, 40, 40, 40},
        {102, 1},
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    };
    static const size_t counts[] = {1, 1, 4, 4, 8, 15, 7, 15, 24, 4, 2, 27};
    struct seeded s;
    (void)seeded_random(&s, choose_seed());
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check(&s, shapes[i], counts[i], 1);
        check(&s, shapes[i], counts[i], 8);
    }
    for (int i = 0; i < 10; i++) {
        size_t lengths[SUMS_MAX];
        size_t count = (size_t)(seeded_next(&s) % SUMS_MAX);
        for (size_t j = 0; j < count; j++) {
            lengths[j] = (size_t)(seeded_next(&s) % 8);
        }
        check(&s, lengths, count, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
