/* Normalising points in lanes, with one inversion (Montgomery's trick): over the vectors in lanes,
 * over the eight lanes of the last product in scalar code. */
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

enum { VECTORS = 16 }; /* at a time: 128 points */

static void multiply_constant(struct bls_fp8 *out, const struct bls_fp8 *a,
                              const uint64_t factor[static BLS_FP8_LIMBS])
{
    struct bls_fp8 f;
    bls_fp8_set(&f, factor);
    bls_fp8_mul(out, a, &f);
}

/* x = X / Z, y = Y / Z on E; the inverse of zero is zero. */
static void finish(struct bls_g1_affine *out, const struct bls_g1x8 *a,
                   const struct bls_fp8 *inverse, size_t n)
{
    struct bls_fp8 t;
    multiply_constant(&t, inverse, bls_fp8_unscale_2);
    bls_fp8_mul(&t, &t, &a->x);
    bls_fp8_store_count(&out[0].x, &t, sizeof out[0], n);
    multiply_constant(&t, inverse, bls_fp8_unscale_3);
    bls_fp8_mul(&t, &t, &a->y);
    bls_fp8_store_count(&out[0].y, &t, sizeof out[0], n);
}

static void some_to_affine(struct bls_g1_affine *out, const struct bls_g1x8 *a, size_t n)
{
    static const uint64_t zero[BLS_FP8_LIMBS];
    struct bls_fp8 one, nothing, z[VECTORS], before[VECTORS], product, inverse;
    bls_lanes infinite[VECTORS];
    size_t vectors = (n + BLS_LANES - 1) / BLS_LANES;
    bls_fp8_set(&one, bls_fp8_one);
    bls_fp8_set(&nothing, zero);
    product = one;
    for (size_t i = 0; i < vectors; i++) {
        infinite[i] = bls_fp8_is_zero(&a[i].z);
        bls_fp8_select(&z[i], infinite[i], &one, &a[i].z);
        before[i] = product;
        bls_fp8_mul(&product, &product, &z[i]);
    }
    bls_fp8_inverse_lanes(&product, &product);
    for (size_t i = vectors; i-- > 0;) {
        bls_fp8_mul(&inverse, &before[i], &product);
        bls_fp8_mul(&product, &product, &z[i]);
        bls_fp8_select(&inverse, infinite[i], &nothing, &inverse);
        size_t count = n - i * BLS_LANES;
        finish(out + i * BLS_LANES, &a[i], &inverse, count < BLS_LANES ? count : BLS_LANES);
    }
}

void bls_g1x8_to_affine(struct bls_g1_affine *out, const struct bls_g1x8 *a, size_t n)
{
    enum { POINTS = VECTORS * BLS_LANES };
    for (size_t done = 0; done < n; done += POINTS) {
        some_to_affine(out + done, a + done / BLS_LANES, n - done < POINTS ? n - done : POINTS);
    }
}
