/* Eight elements of Fp at once, one a lane: the field of the IFMA path.
 *
 * Representation. An element is eight limbs of 50 bits, the sum of limb[i] 2^(50 i), and stands for
 * itself times R = 2^400 modulo p (Montgomery). p has 381 bits, so the number may be as large as
 * 2^19 p and nothing is ever subtracted to make it smaller: a value modulo p has many forms.
 * vpmadd52 multiplies 52 bits, so a limb may carry two bits more than its own 50, and sums of a few
 * elements are multiplied as they are, without carries. What each function takes and gives:
 *
 *   reduced     limbs 0 to 6 below 2^50 + 2^13, limb 7 below 2^34, hence below 10 p: what every
 *               multiplication gives
 *   carried     limbs as in reduced, limb 7 below 2^37: sums and differences after bls_fp8_carry
 *   operand     limbs 0 to 6 below 2^52, limb 7 below 2^40: what a multiplication takes; as the sum
 *               of reduced ones, it has to mind the limbs other than 7
 *   wide        sixteen columns, signed, the sum of column[i] 2^(50 i): products before reduction.
 *               Columns 0 to 14 within 2^61 either way, column 15 in [-2^33, 2^32)
 *
 * Limbs are never negative. The bounds are not hoped for. tests/unit/bls12381/ifma runs every
 * kernel on intervals (see vec_int.h): given operands of the stated range it proves that no column
 * overflows, that no multiplication sees more than 52 bits, and that the result is in the stated
 * range.
 *
 * Reduction (docs/design/0009-eight-lanes.md). A product's lowest column t is removed, seven
 * times, by adding (t mod 2^50) c in its place one limb higher, c = 2^-50 mod p, and its carry; the
 * last one by Montgomery's step with -1/p, which makes it a multiple of 2^50. The number left,
 * divided by 2^400, is below 2 p plus the product's own 2^400th.
 *
 * Memory. The type asks for 64-byte alignment, which aligned instructions rely on: elements live on
 * the stack or are static. malloc and caller's bytes align to 16 and must not hold them; there,
 * limbs are kept as uint64_t and go through bls_vec_load_below and bls_vec_store_below, which ask
 * for nothing.
 *
 * Constant-time. Outputs may be inputs. */
#ifndef KEYFENCE_BLS12381_FP8_INT_H
#define KEYFENCE_BLS12381_FP8_INT_H

#include "bls12381/bls12381.h"
#include "bls12381/ifma/constants_int.h"
#include "bls12381/ifma/vec_int.h"

enum { BLS_FP8_LIMBS = 8, BLS_FP8_BITS = 50 };

struct bls_fp8 {
    bls_vec limb[BLS_FP8_LIMBS];
};
struct bls_fp8_wide {
    bls_vec column[2 * BLS_FP8_LIMBS];
};

/* What limb i of a reduced element is below: elements are stored and loaded with these limits. */
static inline uint64_t bls_fp8_limit(int i)
{
    const uint64_t low = ((uint64_t)1 << BLS_FP8_BITS) + ((uint64_t)1 << 13);
    return i < BLS_FP8_LIMBS - 1 ? low : (uint64_t)1 << 34;
}

/* The same of a canonical one, as tables keep them. (Below p; but what is proved of
 * bls_fp8_canonical's result is this.) */
static inline uint64_t bls_fp8_canonical_limit(int i)
{
    return i < BLS_FP8_LIMBS - 1 ? ((uint64_t)1 << BLS_FP8_BITS) + 1 : (uint64_t)1 << 32;
}

/* operand times operand: reduced. */
void bls_fp8_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b);
/* operand with limbs 0 to 6 below 2^51: reduced. */
void bls_fp8_square(struct bls_fp8 *out, const struct bls_fp8 *a);
/* The product without reduction: columns in [0, 2^58), those of a reduced a or b in [0, 2^56),
 * column 15 below 2^31. out is none of the inputs. */
void bls_fp8_mul_wide(struct bls_fp8_wide *restrict out, const struct bls_fp8 *a,
                      const struct bls_fp8 *b);
/* wide to reduced. */
void bls_fp8_reduce(struct bls_fp8 *out, const struct bls_fp8_wide *a);

/* Between eight field elements of the scalar code, `stride` bytes apart, and eight lanes: canonical
 * to reduced, and an operand to canonical. The count forms have n <= 8 elements in memory; the
 * other lanes are loaded as zero and not stored. */
void bls_fp8_load(struct bls_fp8 *out, const struct bls_fp *in, size_t stride);
void bls_fp8_load_count(struct bls_fp8 *out, const struct bls_fp *in, size_t stride, size_t n);
void bls_fp8_store(struct bls_fp *out, const struct bls_fp8 *a, size_t stride);
void bls_fp8_store_count(struct bls_fp *out, const struct bls_fp8 *a, size_t stride, size_t n);
/* The same times a constant of constants.py, bls_fp8_from_fp_... or bls_fp8_to_fp_... */
void bls_fp8_load_times(struct bls_fp8 *out, const struct bls_fp *in, size_t stride, size_t n,
                        const uint64_t by[static BLS_FP8_LIMBS]);
void bls_fp8_store_times(struct bls_fp *out, const struct bls_fp8 *a, size_t stride, size_t n,
                         const uint64_t by[static BLS_FP8_LIMBS]);

/* An operand to the one form below p with limbs below 2^50. */
void bls_fp8_canonical(struct bls_fp8 *out, const struct bls_fp8 *a);
/* The same for the integer itself, out of Montgomery form: limbs of the number below p. */
void bls_fp8_integer(struct bls_fp8 *out, const struct bls_fp8 *a);
/* The lanes that are zero modulo p; operand. */
bls_lanes bls_fp8_is_zero(const struct bls_fp8 *a);
/* The lanes that are equal modulo p; both reduced. */
bls_lanes bls_fp8_equal(const struct bls_fp8 *a, const struct bls_fp8 *b);

/* One constant in every lane. */
static inline void bls_fp8_set(struct bls_fp8 *out, const uint64_t limb[static BLS_FP8_LIMBS])
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_set1(limb[i]);
    }
}

static inline void bls_fp8_zero(struct bls_fp8 *out)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_zero();
    }
}

/* k a for a small public constant k, at most 15: shifts and additions. */
static inline bls_vec bls_vec_times(bls_vec a, unsigned k)
{
    bls_vec sum = bls_vec_zero();
#pragma GCC unroll 4
    for (unsigned bit = 0; bit < 4; bit++) {
        if (k >> bit & 1) {
            sum = bls_vec_add(sum, bls_vec_shift_left(a, bit));
        }
    }
    return sum;
}

/* The same of an element: its limbs' bounds are multiplied. */
static inline void bls_fp8_times(struct bls_fp8 *out, const struct bls_fp8 *a, unsigned k)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_times(a->limb[i], k);
    }
}

/* Limb by limb, no carry: bounds add up. */
static inline void bls_fp8_add(struct bls_fp8 *out, const struct bls_fp8 *a,
                               const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_add(a->limb[i], b->limb[i]);
    }
}

/* a - b for a reduced b, as a + (a multiple of p above b) - b: below a's limbs and 2^51, the top
 * one 2^35. An operand for a reduced a, and for the sum of two. */
static inline void bls_fp8_sub(struct bls_fp8 *out, const struct bls_fp8 *a,
                               const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec lifted = bls_vec_add(a->limb[i], bls_vec_set1(bls_fp8_above_1[i]));
        out->limb[i] = bls_vec_sub(lifted, b->limb[i]);
    }
}

/* a - b for a carried b, with a top limb below 2^37: as bls_fp8_sub but for the top limb, which
 * becomes up to 2^38 larger than a's. */
static inline void bls_fp8_sub_carried(struct bls_fp8 *out, const struct bls_fp8 *a,
                                       const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec lifted = bls_vec_add(a->limb[i], bls_vec_set1(bls_fp8_above_high[i]));
        out->limb[i] = bls_vec_sub(lifted, b->limb[i]);
    }
}

/* a - b for a b that is the sum of two reduced elements: below a's limbs and 3 2^50, the top one
 * 2^36. An operand for a reduced a. */
static inline void bls_fp8_sub_2(struct bls_fp8 *out, const struct bls_fp8 *a,
                                 const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec lifted = bls_vec_add(a->limb[i], bls_vec_set1(bls_fp8_above_2[i]));
        out->limb[i] = bls_vec_sub(lifted, b->limb[i]);
    }
}

/* -b for a reduced b: limbs below 2^51, the top one below 2^35. */
static inline void bls_fp8_neg(struct bls_fp8 *out, const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_sub(bls_vec_set1(bls_fp8_above_1[i]), b->limb[i]);
    }
}

/* -b for a canonical b: limbs below 2^51, the top one below 2^33; reduced when it is carried. */
static inline void bls_fp8_neg_canonical(struct bls_fp8 *out, const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_sub(bls_vec_set1(bls_fp8_above_canonical[i]), b->limb[i]);
    }
}

/* One carry from each limb to the next, all at once: limbs in [0, 2^63) become limbs below 2^50 +
 * 2^13. The top limb takes and gives none, so the number must be small enough for it: reduced when
 * limb 7 is below 2^33, an operand when it is below 2^39. */
static inline void bls_fp8_carry(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    const bls_vec mask = bls_vec_set1(bls_fp8_mask);
    bls_vec carry = bls_vec_shift_right(a->limb[0], BLS_FP8_BITS);
    out->limb[0] = bls_vec_and(a->limb[0], mask);
#pragma GCC unroll 8
    for (int i = 1; i < BLS_FP8_LIMBS - 1; i++) {
        bls_vec next = bls_vec_shift_right(a->limb[i], BLS_FP8_BITS);
        out->limb[i] = bls_vec_add(bls_vec_and(a->limb[i], mask), carry);
        carry = next;
    }
    out->limb[BLS_FP8_LIMBS - 1] = bls_vec_add(a->limb[BLS_FP8_LIMBS - 1], carry);
}

static inline void bls_fp8_select(struct bls_fp8 *out, bls_lanes mask, const struct bls_fp8 *a,
                                  const struct bls_fp8 *b)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_select(mask, a->limb[i], b->limb[i]);
    }
}

static inline void bls_fp8_wide_add(struct bls_fp8_wide *out, const struct bls_fp8_wide *a,
                                    const struct bls_fp8_wide *b)
{
#pragma GCC unroll 16
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        out->column[i] = bls_vec_add(a->column[i], b->column[i]);
    }
}

static inline void bls_fp8_wide_sub(struct bls_fp8_wide *out, const struct bls_fp8_wide *a,
                                    const struct bls_fp8_wide *b)
{
#pragma GCC unroll 16
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        out->column[i] = bls_vec_sub(a->column[i], b->column[i]);
    }
}

#endif
