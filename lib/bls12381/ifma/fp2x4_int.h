/* Four elements of Fp2 = Fp[u]/(u^2+1) at once in split lanes: of element i, the real part is lane
 * i of one struct bls_fp8 and the imaginary part lane i + 4. For four or fewer, half the work of
 * fp2x8_int.h. Sums, differences, carries, selections and products with an element of Fp, it in
 * both lanes, are those of fp8_int.h, as are the classes.
 *
 * With each part of a spread over both lanes, a b = a0 b + a1 (u b): two products, one reduction.
 *
 * Constant-time. Outputs may be inputs. */
#ifndef KEYFENCE_BLS12381_FP2X4_INT_H
#define KEYFENCE_BLS12381_FP2X4_INT_H

#include "bls12381/ifma/fp2x8_int.h"

enum { BLS_SPLIT = BLS_LANES / 2 };

/* operand times carried: reduced. */
void bls_fp2x4_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b);
/* The same where a, which several are multiplied by, has been spread. */
void bls_fp2x4_mul_spread(struct bls_fp8 *out, const struct bls_fp2x8 *a, const struct bls_fp8 *b);
/* a b - c d, a and c operands, b and d carried: reduced. */
void bls_fp2x4_difference_of_products(struct bls_fp8 *out, const struct bls_fp8 *a,
                                      const struct bls_fp8 *b, const struct bls_fp8 *c,
                                      const struct bls_fp8 *d);
/* carried: reduced. */
void bls_fp2x4_square(struct bls_fp8 *out, const struct bls_fp8 *a);

static inline bls_lanes bls_fp2x4_real(void)
{
    return bls_lanes_constant((1U << BLS_SPLIT) - 1);
}

static inline void bls_fp2x4_one(struct bls_fp8 *out)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        const bls_vec limb = bls_vec_set1(bls_fp8_one[i]);
        out->limb[i] = bls_vec_select(bls_fp2x4_real(), limb, bls_vec_zero());
    }
}

/* The real and the imaginary parts, each in lanes 0 to 3. */
static inline void bls_fp2x4_join(struct bls_fp8 *out, const struct bls_fp8 *real,
                                  const struct bls_fp8 *imaginary)
{
    static const uint64_t from[BLS_LANES] = {0, 1, 2, 3, 8, 9, 10, 11};
    const bls_vec index = bls_vec_constant(from);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_permute_two(real->limb[i], imaginary->limb[i], index);
    }
}

/* a1 + a0 u */
static inline bls_vec bls_vec_swap_parts(bls_vec a)
{
    static const uint64_t from[BLS_LANES] = {4, 5, 6, 7, 0, 1, 2, 3};
    return bls_vec_permute(a, bls_vec_constant(from));
}

static inline void bls_fp2x4_swap(struct bls_fp8 *out, const struct bls_fp8 *a)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_swap_parts(a->limb[i]);
    }
}

/* The real part in both lanes, and the imaginary part. */
static inline void bls_fp2x4_spread_real(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    static const uint64_t from[BLS_LANES] = {0, 1, 2, 3, 0, 1, 2, 3};
    const bls_vec index = bls_vec_constant(from);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_permute(a->limb[i], index);
    }
}

static inline void bls_fp2x4_spread_imaginary(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    static const uint64_t from[BLS_LANES] = {4, 5, 6, 7, 4, 5, 6, 7};
    const bls_vec index = bls_vec_constant(from);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_permute(a->limb[i], index);
    }
}

static inline void bls_fp2x4_spread(struct bls_fp2x8 *out, const struct bls_fp8 *a)
{
    const struct bls_fp8 t = *a;
    bls_fp2x4_spread_real(&out->c0, &t);
    bls_fp2x4_spread_imaginary(&out->c1, &t);
}

/* a1 + a0 u with one of the parts negated: -a1 + a0 u is u a, and a1 - a0 u is -u a. a carried: an
 * operand, limbs below 2^51. */
static inline void bls_fp2x4_swap_negated(struct bls_fp8 *out, const struct bls_fp8 *a,
                                          bls_lanes negative)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        const bls_vec t = bls_vec_swap_parts(a->limb[i]);
        out->limb[i] = bls_vec_sub_lanes(negative, t, bls_vec_set1(bls_fp8_above_high[i]), t);
    }
}

/* a0 - a1 u, a reduced: carried. */
static inline void bls_fp2x4_conjugate(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8 t;
    bls_fp8_neg(&t, a);
    bls_fp8_select(&t, bls_fp2x4_real(), a, &t);
    bls_fp8_carry(out, &t);
}

/* a^2 is left times right, lane by lane: (a0 + a1)(a0 - a1) + (2 a0) a1 u; with right made of k a,
 * k in Fp, it is k a^2. a carried: operands, left with limbs below 2^51 + 2^14. */
static inline void bls_fp2x4_square_left(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8 real, swapped;
    bls_fp2x4_spread_real(&real, a);
    bls_fp2x4_swap(&swapped, a);
    bls_fp8_add(out, &real, &swapped);
}

static inline void bls_fp2x4_square_right(struct bls_fp8 *out, const struct bls_fp8 *a)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        const bls_vec limb = a->limb[i];
        const bls_vec lifted = bls_vec_add(limb, bls_vec_set1(bls_fp8_above_high[i]));
        out->limb[i] = bls_vec_sub_lanes(bls_fp2x4_real(), limb, lifted, bls_vec_swap_parts(limb));
    }
}

#endif
