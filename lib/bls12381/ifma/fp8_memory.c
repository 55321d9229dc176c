/* Between memory and lanes, and the one form of each element. The contract is in fp8_int.h. */
#include "bls12381/ifma/fp8_int.h"

enum { WORDS = 6, LAST = BLS_FP8_LIMBS - 1 };

/* Cuts 384 bits into limbs of 50. */
static void cut(struct bls_fp8 *out, uint64_t word[static WORDS][BLS_LANES])
{
    const bls_vec mask = bls_vec_set1(bls_fp8_mask);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        const int first = BLS_FP8_BITS * i / 64;
        const unsigned offset = BLS_FP8_BITS * (unsigned)i % 64;
        bls_vec v = bls_vec_shift_right(bls_vec_load(word[first]), offset);
        if (offset > 64 - BLS_FP8_BITS && first + 1 < WORDS) {
            v = bls_vec_or(v, bls_vec_shift_left_drop(bls_vec_load(word[first + 1]), 64 - offset));
        }
        out->limb[i] = bls_vec_and(v, mask);
    }
}

/* The part of a limb that belongs to a word; what is above belongs to the next one, if there is
 * one. */
static inline bls_vec lift(bls_vec limb, unsigned n, int word)
{
    return word == WORDS - 1 ? bls_vec_shift_left(limb, n) : bls_vec_shift_left_drop(limb, n);
}

/* And back, for limbs below 2^50 of a number below 2^384. */
static void paste(uint64_t word[static WORDS][BLS_LANES], const struct bls_fp8 *a)
{
#pragma GCC unroll 8
    for (int j = 0; j < WORDS; j++) {
        const int first = 64 * j / BLS_FP8_BITS;
        const unsigned offset = 64 * (unsigned)j % BLS_FP8_BITS;
        bls_vec v = bls_vec_shift_right(a->limb[first], offset);
        v = bls_vec_or(v, lift(a->limb[first + 1], BLS_FP8_BITS - offset, j));
        if (2 * BLS_FP8_BITS - offset < 64) {
            v = bls_vec_or(v, lift(a->limb[first + 2], 2 * BLS_FP8_BITS - offset, j));
        }
        bls_vec_store(word[j], v);
    }
}

static const struct bls_fp *element(const struct bls_fp *base, size_t stride, size_t i)
{
    return (const struct bls_fp *)(const void *)((const uint8_t *)base + stride * i);
}

void bls_fp8_load_times(struct bls_fp8 *out, const struct bls_fp *in, size_t stride, size_t n,
                        const uint64_t by[static BLS_FP8_LIMBS])
{
    uint64_t word[WORDS][BLS_LANES];
    struct bls_fp8 number, factor;
    for (size_t i = 0; i < BLS_LANES; i++) {
        for (size_t j = 0; j < WORDS; j++) {
            word[j][i] = i < n ? element(in, stride, i)->limb[j] : 0;
        }
    }
    cut(&number, word);
    bls_fp8_set(&factor, by);
    bls_fp8_mul(out, &number, &factor);
}

void bls_fp8_load_count(struct bls_fp8 *out, const struct bls_fp *in, size_t stride, size_t n)
{
    bls_fp8_load_times(out, in, stride, n, bls_fp8_from_fp);
}

void bls_fp8_load(struct bls_fp8 *out, const struct bls_fp *in, size_t stride)
{
    bls_fp8_load_count(out, in, stride, BLS_LANES);
}

/* Carries all the way: limbs below 2^61 to limbs below 2^50, but for the top one. */
static void ripple(struct bls_fp8 *a)
{
    const bls_vec mask = bls_vec_set1(bls_fp8_mask);
#pragma GCC unroll 8
    for (int i = 0; i < LAST; i++) {
        a->limb[i + 1] = bls_vec_add(a->limb[i + 1], bls_vec_shift_right(a->limb[i], BLS_FP8_BITS));
        a->limb[i] = bls_vec_and(a->limb[i], mask);
    }
}

/* a - p where that is not negative; carried limbs before and after. */
static void subtract_once(struct bls_fp8 *a)
{
    const bls_vec mask = bls_vec_set1(bls_fp8_mask);
    struct bls_fp8 t;
    bls_vec borrow = bls_vec_zero();
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec d = bls_vec_sub(a->limb[i], bls_vec_set1(bls_fp8_p[i]));
        d = bls_vec_add(d, borrow);
        borrow = bls_vec_shift_right_signed(d, BLS_FP8_BITS);
        t.limb[i] = i < LAST ? bls_vec_and(d, mask) : d;
    }
    bls_fp8_select(a, bls_vec_is_negative(t.limb[LAST]), a, &t);
}

/* a times a constant below p, divided by 2^400: below 2 p and a millionth; then below p. */
static void scale(struct bls_fp8 *out, const struct bls_fp8 *a,
                  const uint64_t factor[static BLS_FP8_LIMBS])
{
    struct bls_fp8 f;
    bls_fp8_set(&f, factor);
    bls_fp8_mul(out, a, &f);
    ripple(out);
    subtract_once(out);
    subtract_once(out);
}

void bls_fp8_canonical(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    scale(out, a, bls_fp8_one);
}

void bls_fp8_integer(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    static const uint64_t one[BLS_FP8_LIMBS] = {1};
    scale(out, a, one);
}

void bls_fp8_store_times(struct bls_fp *out, const struct bls_fp8 *a, size_t stride, size_t n,
                         const uint64_t by[static BLS_FP8_LIMBS])
{
    uint64_t word[WORDS][BLS_LANES];
    struct bls_fp8 number;
    scale(&number, a, by);
    paste(word, &number);
    for (size_t i = 0; i < n; i++) {
        struct bls_fp *to = (struct bls_fp *)(void *)((uint8_t *)out + stride * i);
        for (size_t j = 0; j < WORDS; j++) {
            to->limb[j] = word[j][i];
        }
    }
}

void bls_fp8_store_count(struct bls_fp *out, const struct bls_fp8 *a, size_t stride, size_t n)
{
    bls_fp8_store_times(out, a, stride, n, bls_fp8_to_fp);
}

void bls_fp8_store(struct bls_fp *out, const struct bls_fp8 *a, size_t stride)
{
    bls_fp8_store_count(out, a, stride, BLS_LANES);
}

bls_lanes bls_fp8_is_zero(const struct bls_fp8 *a)
{
    struct bls_fp8 t;
    bls_fp8_canonical(&t, a);
    bls_vec any = t.limb[0];
#pragma GCC unroll 8
    for (int i = 1; i < BLS_FP8_LIMBS; i++) {
        any = bls_vec_or(any, t.limb[i]);
    }
    return bls_vec_is_zero(any);
}

bls_lanes bls_fp8_equal(const struct bls_fp8 *a, const struct bls_fp8 *b)
{
    struct bls_fp8 t;
    bls_fp8_sub(&t, a, b);
    return bls_fp8_is_zero(&t);
}
