/* Sums of two products, reduced once, and other pieces of point formulas. Classes as in fp8_int.h.
 * Constant-time. Outputs may be inputs. */
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

/* a b - c and a b + c d - e, operands: reduced, whatever the last one's size. */
void bls_fp8_mul_sub(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                     const struct bls_fp8 *c);
void bls_fp8_mul_add_mul_sub(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                             const struct bls_fp8 *c, const struct bls_fp8 *d,
                             const struct bls_fp8 *e);

static inline void bls_fp8_mul_constant(struct bls_fp8 *out, const struct bls_fp8 *a,
                                        const uint64_t factor[static BLS_FP8_LIMBS])
{
    struct bls_fp8 f;
    bls_fp8_set(&f, factor);
    bls_fp8_mul(out, a, &f);
}

/* Lane i becomes what lane i + by was, the lanes being a ring. */
static inline void bls_fp8_rotate(struct bls_fp8 *out, const struct bls_fp8 *a, size_t by)
{
    uint64_t from[BLS_LANES];
    for (size_t i = 0; i < BLS_LANES; i++) {
        from[i] = (i + by) % BLS_LANES;
    }
    const bls_vec index = bls_vec_constant(from);
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_permute(a->limb[i], index);
    }
}

/* out = 3 t + 2 a: t as bls_fp8_reduce takes a third of, a an operand; reduced, as small as if a
 * had been multiplied. */
void bls_fp8_triple_and_twice(struct bls_fp8 *out, const struct bls_fp8_wide *t,
                              const struct bls_fp8 *a);

#endif
