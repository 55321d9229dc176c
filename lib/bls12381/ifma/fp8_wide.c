/* Products before reduction. The contract is in fp8_int.h. */
#include "bls12381/ifma/product_int.h"

void bls_fp8_mul_wide(struct bls_fp8_wide *restrict out, const struct bls_fp8 *a,
                      const struct bls_fp8 *b)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
    bls_halves_product(&t, a, b);
#pragma GCC unroll 16
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        out->column[k] = bls_halves_column(&t, k);
    }
}
