/* The base field: integers modulo p, in Montgomery form with factor 2^384. Constant-time.
 *
 * p has 381 bits, so 2^384 is 9.84 p: a sum of up to nine elements still fits six limbs, and a
 * product of two such sums fits the twelve limbs of a `struct bls_wide` as long as it stays below
 * 2^768 = 96.8 p^2. The tower uses this ("lazy reduction": Aranha, Karabina, Longa, Gebotys, Lopez,
 * ePrint 2010/526, section 4): products stay wide, are added and subtracted wide, and are reduced
 * once for each coefficient of the result. Each function says what it takes: canonical   below p
 *   lazy k      below k p, in six limbs
 *   wide k      below k p^2, in twelve limbs
 *   signed      any wide number, modulo 2^768 (two's complement). The tower's sums of products are
 *               these: nothing is corrected on the way, an intermediate may wrap around, and what
 *               matters is the exact value of the sum that is reduced in the end. Each such sum
 *               comes with its bounds, in units of p^2: [low, high]. */
#ifndef KEYFENCE_BLS12381_FP_INT_H
#define KEYFENCE_BLS12381_FP_INT_H

#include "bls12381/bls12381.h"
#include "bls12381/constants_int.h"
#include "bls12381/limb_int.h"
#include "bls12381/path_int.h"

struct bls_wide {
    uint64_t limb[12];
};

/* out = t - p if t >= p, else t. Requires t < 2p. */
static inline void bls_fp_reduce_once(uint64_t out[static 6], const uint64_t t[static 6])
{
    bls_subtract_if_not_less(out, t, bls_p);
}

/* The plain sum: lazy j + lazy k = lazy j+k, j+k <= 9. */
static inline void bls_fp_add_lazy(struct bls_fp *out, const struct bls_fp *a,
                                   const struct bls_fp *b)
{
    uint64_t carry = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 6; i++) {
        out->limb[i] = bls_adc(a->limb[i], b->limb[i], &carry);
    }
}

/* canonical + canonical = canonical. */
static inline void bls_fp_add(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b)
{
    struct bls_fp t;
    bls_fp_add_lazy(&t, a, b);
    bls_fp_reduce_once(out->limb, t.limb);
}

static inline void bls_fp_double(struct bls_fp *out, const struct bls_fp *a)
{
    bls_fp_add(out, a, a);
}

/* canonical - canonical = canonical. */
static inline void bls_fp_sub(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b)
{
    uint64_t t[6];
    uint64_t borrow = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 6; i++) {
        t[i] = bls_sbb(a->limb[i], b->limb[i], &borrow);
    }
    uint64_t mask = kf_ct_mask(borrow);
    uint64_t carry = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 6; i++) {
        out->limb[i] = bls_adc(t[i], mask & bls_p[i], &carry);
    }
}

static inline void bls_fp_neg(struct bls_fp *out, const struct bls_fp *a)
{
    static const struct bls_fp zero = {{0}};
    bls_fp_sub(out, &zero, a);
}

static inline void bls_fp_select(struct bls_fp *out, uint64_t mask, const struct bls_fp *a,
                                 const struct bls_fp *b)
{
#pragma GCC unroll 12
    for (int i = 0; i < 6; i++) {
        out->limb[i] = kf_ct_select(mask, a->limb[i], b->limb[i]);
    }
}

static inline uint64_t bls_fp_is_zero(const struct bls_fp *a)
{
    uint64_t d = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 6; i++) {
        d |= a->limb[i];
    }
    return kf_ct_is_zero(d);
}

static inline uint64_t bls_fp_equal(const struct bls_fp *a, const struct bls_fp *b)
{
    uint64_t d = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 6; i++) {
        d |= a->limb[i] ^ b->limb[i];
    }
    return kf_ct_is_zero(d);
}

/* wide j + wide k = wide j+k, j+k <= 96; signed + signed. */
static inline void bls_wide_add(struct bls_wide *out, const struct bls_wide *a,
                                const struct bls_wide *b)
{
    uint64_t carry = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) {
        out->limb[i] = bls_adc(a->limb[i], b->limb[i], &carry);
    }
}

/* The plain difference: wide where a >= b as numbers; signed - signed. */
static inline void bls_wide_sub(struct bls_wide *out, const struct bls_wide *a,
                                const struct bls_wide *b)
{
    uint64_t borrow = 0;
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) {
        out->limb[i] = bls_sbb(a->limb[i], b->limb[i], &borrow);
    }
}

/* out = a - b + 2^383 p, which is 4.9 p^2: wide 4 - wide 4 = wide 9, congruent to a - b. */
static inline void bls_wide_sub_shifted(struct bls_wide *out, const struct bls_wide *a,
                                        const struct bls_wide *b)
{
    uint64_t carry = 0;
    bls_wide_sub(out, a, b);
#pragma GCC unroll 12
    for (int i = 0; i < 7; i++) {
        out->limb[i + 5] = bls_adc(out->limb[i + 5], bls_p_2_63[i], &carry);
    }
}

/* A number below 2^384, plus the multiple of p that makes it a multiple of 2^384, divided by that:
 * at most p. A step of the portable kernels. */
void bls_portable_fp_reduce_low(uint64_t out[static 6], const uint64_t low[static 6]);

/* The kernels: each path has its own (path_int.h). */

/* lazy j times lazy k = wide jk, jk <= 96. out overlaps neither a nor b. */
static inline void bls_fp_mul_wide(struct bls_wide *out, const struct bls_fp *a,
                                   const struct bls_fp *b)
{
    bls_kernels->fp_mul_wide(out, a, b);
}

static inline void bls_fp_square_wide(struct bls_wide *out, const struct bls_fp *a)
{
    bls_kernels->fp_square_wide(out, a);
}

/* wide 9 to canonical: w / 2^384 modulo p. */
static inline void bls_fp_reduce_wide(struct bls_fp *out, const struct bls_wide *w)
{
    bls_kernels->fp_reduce_wide(out, w);
}

/* The product as Montgomery residues, canonical: lazy j, lazy k with jk <= 9; in general the
 * product of the numbers at most 9 p^2. */
static inline void bls_fp_mul(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b)
{
    bls_kernels->fp_mul(out, a, b);
}

/* a lazy 3. */
static inline void bls_fp_square(struct bls_fp *out, const struct bls_fp *a)
{
    bls_kernels->fp_square(out, a);
}

/* a^(2^n), n >= 1, of a canonical a. */
static inline void bls_fp_square_n(struct bls_fp *out, const struct bls_fp *a, size_t n)
{
    bls_kernels->fp_square_n(out, a, n);
}

/* 1/a, and 0 for 0. */
void bls_fp_inverse(struct bls_fp *out, const struct bls_fp *a);
/* a^((p-3)/4), from which square roots of a and of 1/a are made. */
void bls_fp_pow_p_minus_3_over_4(struct bls_fp *out, const struct bls_fp *a);
/* *out = a square root of a and a true mask when there is one; else *out is unspecified. */
uint64_t bls_fp_sqrt(struct bls_fp *out, const struct bls_fp *a);

/* The integer, little-endian limbs, not in Montgomery form. */
void bls_fp_to_raw(uint64_t out[static 6], const struct bls_fp *a);
/* Whether the integer is odd (RFC 9380, 4.1). */
uint64_t bls_fp_sgn0(const struct bls_fp *a);
/* Whether the integer exceeds (p-1)/2. */
uint64_t bls_fp_is_larger_half(const struct bls_fp *a);
/* 48 big-endian bytes; decoding gives a true mask when the number is below p. */
void bls_fp_encode(uint8_t out[static BLS_FP_BYTES], const struct bls_fp *a);
uint64_t bls_fp_decode(struct bls_fp *out, const uint8_t in[static BLS_FP_BYTES]);
/* 64 big-endian bytes modulo p (RFC 9380, 5.2, L = 64). */
void bls_fp_from_64_bytes(struct bls_fp *out, const uint8_t in[static 64]);

#endif
