/* Sums of two products, reduced once: what point formulas are made of. Classes as in fp8_int.h; top
 * limbs below 2^40. Constant-time. Outputs may be inputs. */
#ifndef KEYFENCE_BLS12381_FP8_SUMS_INT_H
#define KEYFENCE_BLS12381_FP8_SUMS_INT_H

#include "bls12381/ifma/fp8_int.h"

/* a b + c d, operands: reduced. */
void bls_fp8_mul_add_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                         const struct bls_fp8 *c, const struct bls_fp8 *d);
/* a^2 + c d, limbs of a below 2^51, c and d operands: reduced. */
void bls_fp8_square_add_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *c,
                            const struct bls_fp8 *d);
/* a b - v - w, a and b operands, columns of v and w within 2^59: reduced. */
void bls_fp8_mul_sub_wide(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                          const struct bls_fp8_wide *v, const struct bls_fp8_wide *w);

#endif
