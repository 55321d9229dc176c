/* The columns of products and their reduction, as inline pieces from which the kernels of fp8.c and
 * fp2x8.c are put together. A product a_i b_j is cut by vpmadd52 at bit 52, not 50, so low and high
 * halves have accumulators of their own, joined once for each column: column k = low[k] + 4
 * high[k-1]. */
#ifndef KEYFENCE_BLS12381_PRODUCT_INT_H
#define KEYFENCE_BLS12381_PRODUCT_INT_H

#include "bls12381/ifma/fp8_int.h"

enum { BLS_FP8_COLUMNS = 2 * BLS_FP8_LIMBS };

struct bls_fp8_halves {
    bls_vec low[BLS_FP8_COLUMNS], high[BLS_FP8_COLUMNS];
};

static inline void bls_halves_zero(struct bls_fp8_halves *t)
{
#pragma GCC unroll 16
    for (int i = 0; i < BLS_FP8_COLUMNS; i++) {
        t->low[i] = t->high[i] = bls_vec_zero();
    }
}

/* t += a b 2^(50 i), for one limb b. */
static inline void bls_halves_row(struct bls_fp8_halves *t, int i,
                                  const bls_vec a[static BLS_FP8_LIMBS], bls_vec b)
{
#pragma GCC unroll 8
    for (int j = 0; j < BLS_FP8_LIMBS; j++) {
        t->low[i + j] = bls_vec_mul_add_low(t->low[i + j], a[j], b);
    }
#pragma GCC unroll 8
    for (int j = 0; j < BLS_FP8_LIMBS; j++) {
        t->high[i + j] = bls_vec_mul_add_high(t->high[i + j], a[j], b);
    }
}

/* t += c b 2^(50 i), for a constant of eight limbs. */
static inline void bls_halves_row_constant(struct bls_fp8_halves *t, int i,
                                           const uint64_t c[static BLS_FP8_LIMBS], bls_vec b)
{
#pragma GCC unroll 8
    for (int j = 0; j < BLS_FP8_LIMBS; j++) {
        t->low[i + j] = bls_vec_mul_add_low(t->low[i + j], b, bls_vec_set1(c[j]));
    }
#pragma GCC unroll 8
    for (int j = 0; j < BLS_FP8_LIMBS; j++) {
        t->high[i + j] = bls_vec_mul_add_high(t->high[i + j], b, bls_vec_set1(c[j]));
    }
}

/* t += a b */
static inline void bls_halves_product(struct bls_fp8_halves *t, const struct bls_fp8 *a,
                                      const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_halves_row(t, i, a->limb, b->limb[i]);
    }
}

/* t += a^2, limbs below 2^51: each product of two different limbs once, with one of them doubled.
 */
static inline void bls_halves_square(struct bls_fp8_halves *t, const struct bls_fp8 *a)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec twice = bls_vec_add(a->limb[i], a->limb[i]);
        t->low[2 * i] = bls_vec_mul_add_low(t->low[2 * i], a->limb[i], a->limb[i]);
        t->high[2 * i] = bls_vec_mul_add_high(t->high[2 * i], a->limb[i], a->limb[i]);
#pragma GCC unroll 8
        for (int j = i + 1; j < BLS_FP8_LIMBS; j++) {
            t->low[i + j] = bls_vec_mul_add_low(t->low[i + j], a->limb[j], twice);
            t->high[i + j] = bls_vec_mul_add_high(t->high[i + j], a->limb[j], twice);
        }
    }
}

static inline bls_vec bls_halves_column(const struct bls_fp8_halves *t, int k)
{
    return k == 0 ? t->low[0] : bls_vec_add(t->low[k], bls_vec_shift_left(t->high[k - 1], 2));
}

/* t / 2^400 modulo p, t not negative and its upper columns neither; the lower ones may be. */
static inline void bls_halves_reduce(struct bls_fp8 *out, struct bls_fp8_halves *t)
{
    const bls_vec mask = bls_vec_set1(bls_fp8_mask);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS - 1; i++) {
        bls_vec column = bls_halves_column(t, i);
        bls_vec carry = bls_vec_shift_right_signed(column, BLS_FP8_BITS);
        t->low[i + 1] = bls_vec_add(t->low[i + 1], carry);
        bls_halves_row_constant(t, i + 1, bls_fp8_fold, bls_vec_and(column, mask));
    }
    enum { LAST = BLS_FP8_LIMBS - 1 };
    bls_vec factor = bls_vec_mul_add_low(
        bls_vec_zero(), bls_vec_and(bls_halves_column(t, LAST), mask), bls_vec_set1(bls_fp8_p_inv));
    bls_halves_row_constant(t, LAST, bls_fp8_p, bls_vec_and(factor, mask));
    bls_vec carry = bls_vec_shift_right_signed(bls_halves_column(t, LAST), BLS_FP8_BITS);
    t->low[LAST + 1] = bls_vec_add(t->low[LAST + 1], carry);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_halves_column(t, BLS_FP8_LIMBS + i);
    }
    bls_fp8_carry(out, out);
}

#endif
