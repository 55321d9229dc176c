/* The table of the kernels. */
#include "bls12381/mulx/mulx_int.h"

const struct bls_kernels bls_kernels_mulx = {
    .fp_mul = bls_mulx_fp_mul,
    .fp_square = bls_mulx_fp_square,
    .fp_square_n = bls_mulx_fp_square_n,
    .fp_mul_wide = bls_mulx_fp_mul_wide,
    .fp_square_wide = bls_mulx_fp_square_wide,
    .fp_reduce_wide = bls_mulx_fp_reduce_wide,
    .fp2_mul = bls_mulx_fp2_mul,
    .fp2_square = bls_mulx_fp2_square,
    .fp2_mul_wide = bls_mulx_fp2_mul_wide,
    .fp2_square_wide = bls_mulx_fp2_square_wide,
    .fp2_reduce_wide = bls_mulx_fp2_reduce_wide,
    .thirty_steps = bls_mulx_thirty_steps,
};
