/* Many inverses for one. The contract is in inverse_x8_int.h. */
#include "base/secret.h"
#include "bls12381/fp_int.h"
#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

#include <assert.h>

/* 1/a in each lane, a zero nowhere: the other lanes' product, made of the ones to the right, over
 * the product of all, which is inverted once. */
static void inverse_of_lanes(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8 right, two, four, others, all;
    struct bls_fp scalar;
    bls_fp8_rotate(&right, a, 1);
    bls_fp8_mul(&two, a, &right); /* the lane and the next one */
    others = right;
    bls_fp8_rotate(&right, &two, 2);
    bls_fp8_mul(&four, &two, &right);
    bls_fp8_mul(&others, &others, &right);
    bls_fp8_rotate(&right, &four, 4);
    bls_fp8_mul(&all, &four, &right);
    bls_fp8_mul(&others, &others, &right);
    bls_fp8_store_count(&scalar, &all, 0, 1);
    bls_fp_inverse(&scalar, &scalar);
    bls_fp8_load(&all, &scalar, 0);
    bls_fp8_mul(out, &others, &all);
    kf_wipe(&right, sizeof right);
    kf_wipe(&two, sizeof two);
    kf_wipe(&four, sizeof four);
    kf_wipe(&others, sizeof others);
    kf_wipe(&all, sizeof all);
    kf_wipe(&scalar, sizeof scalar);
}

void bls_fp8_inverses(struct bls_fp8 *a, size_t vectors)
{
    struct bls_fp8 one, zero, v[BLS_FP8_INVERSES], before[BLS_FP8_INVERSES], product, t;
    bls_lanes zeros[BLS_FP8_INVERSES];
    assert(vectors <= BLS_FP8_INVERSES);
    bls_fp8_set(&one, bls_fp8_one);
    bls_fp8_zero(&zero);
    product = one;
    for (size_t i = 0; i < vectors; i++) {
        zeros[i] = bls_fp8_is_zero(&a[i]);
        bls_fp8_select(&v[i], zeros[i], &one, &a[i]);
        before[i] = product;
        bls_fp8_mul(&product, &product, &v[i]);
    }
    inverse_of_lanes(&product, &product);
    for (size_t i = vectors; i-- > 0;) {
        bls_fp8_mul(&t, &before[i], &product);
        bls_fp8_mul(&product, &product, &v[i]);
        bls_fp8_select(&a[i], zeros[i], &zero, &t);
    }
    kf_wipe(v, vectors * sizeof v[0]);
    kf_wipe(before, vectors * sizeof before[0]);
    kf_wipe(&product, sizeof product);
    kf_wipe(&t, sizeof t);
}

/* conjugate(a) / (a0^2 + a1^2) */
void bls_fp2x8_inverses(struct bls_fp2x8 *a, size_t vectors)
{
    struct bls_fp8 norm[BLS_FP8_INVERSES];
    assert(vectors <= BLS_FP8_INVERSES);
    for (size_t i = 0; i < vectors; i++) {
        bls_fp8_mul_add_mul(&norm[i], &a[i].c0, &a[i].c0, &a[i].c1, &a[i].c1);
    }
    bls_fp8_inverses(norm, vectors);
    for (size_t i = 0; i < vectors; i++) {
        bls_fp8_mul(&a[i].c0, &a[i].c0, &norm[i]);
        bls_fp8_mul(&a[i].c1, &a[i].c1, &norm[i]);
        bls_fp8_neg(&a[i].c1, &a[i].c1);
        bls_fp8_carry(&a[i].c1, &a[i].c1);
    }
    kf_wipe(norm, vectors * sizeof norm[0]);
}
