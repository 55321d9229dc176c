/* The kernels of the eight-lane field that reduce. The contract is in fp8_int.h. */
#include "bls12381/ifma/product_int.h"

void bls_fp8_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
    bls_halves_product(&t, a, b);
    bls_halves_reduce(out, &t);
}

void bls_fp8_square(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
    bls_halves_square(&t, a);
    bls_halves_reduce(out, &t);
}

void bls_fp8_reduce(struct bls_fp8 *out, const struct bls_fp8_wide *a)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        t.low[i] = a->column[i];
        t.low[i + BLS_FP8_LIMBS] =
            bls_vec_add(a->column[i + BLS_FP8_LIMBS], bls_vec_set1(bls_fp8_above_wide[i]));
    }
    bls_halves_reduce(out, &t);
}
