/* The scalar kernels for x86-64 with BMI2 (mulx) and ADX (adcx, adox), in assembly. Their twins are
 * the bls_portable_ functions of these names; the contracts are in fp_int.h and tower_int.h.
 * Constant-time. Every output may be the same object as an input, except the wide ones. Temporaries
 * below the stack pointer are not wiped, as those of the portable twins are not. */
#ifndef KEYFENCE_BLS12381_MULX_MULX_INT_H
#define KEYFENCE_BLS12381_MULX_MULX_INT_H

#include "bls12381/tower_int.h"

void bls_mulx_fp_mul(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b);
void bls_mulx_fp_square(struct bls_fp *out, const struct bls_fp *a);
void bls_mulx_fp_square_n(struct bls_fp *out, const struct bls_fp *a, size_t n);
void bls_mulx_fp_mul_wide(struct bls_wide *out, const struct bls_fp *a, const struct bls_fp *b);
void bls_mulx_fp_square_wide(struct bls_wide *out, const struct bls_fp *a);
void bls_mulx_fp_reduce_wide(struct bls_fp *out, const struct bls_wide *w);
void bls_mulx_fp2_mul(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_mulx_fp2_square(struct bls_fp2 *out, const struct bls_fp2 *a);
void bls_mulx_fp2_mul_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a,
                           const struct bls_fp2 *b);
void bls_mulx_fp2_square_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a);
void bls_mulx_fp2_reduce_wide(struct bls_fp2 *out, const struct bls_fp2_wide *w);
void bls_mulx_thirty_steps(struct bls_division_rows *out, struct bls_division_state *state);

extern const struct bls_kernels bls_kernels_mulx;

#endif
