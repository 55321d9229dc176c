/* Eight elements of Fp2 = Fp[u]/(u^2+1) at once, one a lane, and what the tower above it is made
 * of. Classes of coordinates, after those of fp8_int.h:
 *
 *   reduced   what every product gives
 *   carried   limbs as in reduced; the top one matters little to a product: below 2^38
 *   sum       the plain sum of two carried ones: limbs below 2^51 + 2^14, top below 2^39
 *   wide      both coordinates wide
 *
 * Constant-time. Outputs may be inputs, except where wide. */
#ifndef KEYFENCE_BLS12381_FP2X8_INT_H
#define KEYFENCE_BLS12381_FP2X8_INT_H

#include "bls12381/ifma/fp8_int.h"

struct bls_fp2x8 {
    struct bls_fp8 c0, c1;
};
struct bls_fp2x8_wide {
    struct bls_fp8_wide c0, c1;
};

/* carried times carried; columns are within 2^58, column 15 within 2^31. */
void bls_fp2x8_mul(struct bls_fp2x8 *out, const struct bls_fp2x8 *a, const struct bls_fp2x8 *b);
void bls_fp2x8_mul_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a,
                        const struct bls_fp2x8 *b);
/* sum times sum. */
void bls_fp2x8_mul_sums_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a,
                             const struct bls_fp2x8 *b);
/* carried, with a top limb below 2^37. */
void bls_fp2x8_square(struct bls_fp2x8 *out, const struct bls_fp2x8 *a);
void bls_fp2x8_square_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a);
/* a^2 - 12 b^2, carried, with top limbs below 2^37: reduced. */
void bls_fp2x8_square_sub_12_squares(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                     const struct bls_fp2x8 *b);
/* The coordinates of a, operands, times b, operand. */
void bls_fp2x8_mul_fp(struct bls_fp2x8 *out, const struct bls_fp2x8 *a, const struct bls_fp8 *b);
/* a b + c d and a b - c d, carried: reduced. */
void bls_fp2x8_sum_of_products(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                               const struct bls_fp2x8 *b, const struct bls_fp2x8 *c,
                               const struct bls_fp2x8 *d);
void bls_fp2x8_difference_of_products(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                      const struct bls_fp2x8 *b, const struct bls_fp2x8 *c,
                                      const struct bls_fp2x8 *d);
void bls_fp2x8_reduce(struct bls_fp2x8 *out, const struct bls_fp2x8_wide *a);

static inline void bls_fp2x8_add(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                 const struct bls_fp2x8 *b)
{
    bls_fp8_add(&out->c0, &a->c0, &b->c0);
    bls_fp8_add(&out->c1, &a->c1, &b->c1);
}

/* Limbs of the input as bls_fp8_carry has them. */
static inline void bls_fp2x8_carry(struct bls_fp2x8 *out, const struct bls_fp2x8 *a)
{
    bls_fp8_carry(&out->c0, &a->c0);
    bls_fp8_carry(&out->c1, &a->c1);
}

/* b reduced; as bls_fp8_sub. */
static inline void bls_fp2x8_sub(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                 const struct bls_fp2x8 *b)
{
    bls_fp8_sub(&out->c0, &a->c0, &b->c0);
    bls_fp8_sub(&out->c1, &a->c1, &b->c1);
}

/* a - b, carried, for carried a and b whose top limbs are below 2^37. */
static inline void bls_fp2x8_difference(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                        const struct bls_fp2x8 *b)
{
    bls_fp8_sub_carried(&out->c0, &a->c0, &b->c0);
    bls_fp8_sub_carried(&out->c1, &a->c1, &b->c1);
    bls_fp2x8_carry(out, out);
}

static inline void bls_fp2x8_neg(struct bls_fp2x8 *out, const struct bls_fp2x8 *a)
{
    bls_fp8_neg(&out->c0, &a->c0);
    bls_fp8_neg(&out->c1, &a->c1);
}

static inline void bls_fp2x8_select(struct bls_fp2x8 *out, bls_lanes mask,
                                    const struct bls_fp2x8 *a, const struct bls_fp2x8 *b)
{
    bls_fp8_select(&out->c0, mask, &a->c0, &b->c0);
    bls_fp8_select(&out->c1, mask, &a->c1, &b->c1);
}

static inline void bls_fp2x8_wide_add(struct bls_fp2x8_wide *out, const struct bls_fp2x8_wide *a,
                                      const struct bls_fp2x8_wide *b)
{
    bls_fp8_wide_add(&out->c0, &a->c0, &b->c0);
    bls_fp8_wide_add(&out->c1, &a->c1, &b->c1);
}

static inline void bls_fp2x8_wide_sub(struct bls_fp2x8_wide *out, const struct bls_fp2x8_wide *a,
                                      const struct bls_fp2x8_wide *b)
{
    bls_fp8_wide_sub(&out->c0, &a->c0, &b->c0);
    bls_fp8_wide_sub(&out->c1, &a->c1, &b->c1);
}

/* out = a + (1 + u) b. */
static inline void bls_fp2x8_wide_add_xi(struct bls_fp2x8_wide *out, const struct bls_fp2x8_wide *a,
                                         const struct bls_fp2x8_wide *b)
{
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        bls_vec real = b->c0.column[i], imaginary = b->c1.column[i];
        bls_vec difference = bls_vec_sub(real, imaginary), sum = bls_vec_add(real, imaginary);
        out->c0.column[i] = bls_vec_add(a->c0.column[i], difference);
        out->c1.column[i] = bls_vec_add(a->c1.column[i], sum);
    }
}

/* out = 12 (1 + u) a: 3 b of the twist. */
static inline void bls_fp2x8_wide_times_3b(struct bls_fp2x8_wide *out,
                                           const struct bls_fp2x8_wide *a)
{
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        bls_vec real = a->c0.column[i], imaginary = a->c1.column[i];
        out->c0.column[i] = bls_vec_times(bls_vec_sub(real, imaginary), 12);
        out->c1.column[i] = bls_vec_times(bls_vec_add(real, imaginary), 12);
    }
}

/* out = a - b - c. */
static inline void bls_fp2x8_wide_sub_both(struct bls_fp2x8_wide *out,
                                           const struct bls_fp2x8_wide *a,
                                           const struct bls_fp2x8_wide *b,
                                           const struct bls_fp2x8_wide *c)
{
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        bls_vec real = bls_vec_sub(a->c0.column[i], b->c0.column[i]);
        bls_vec imaginary = bls_vec_sub(a->c1.column[i], b->c1.column[i]);
        out->c0.column[i] = bls_vec_sub(real, c->c0.column[i]);
        out->c1.column[i] = bls_vec_sub(imaginary, c->c1.column[i]);
    }
}

#endif
