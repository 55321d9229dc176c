/* Signed windows of eight scalars at once: the digits of split.c (Booth's recoding, windows of five
 * bits, from -16 to 16), taken from the top; and the choice among multiples by digits. */
#ifndef KEYFENCE_BLS12381_DIGITS_INT_H
#define KEYFENCE_BLS12381_DIGITS_INT_H

#include "base/secret.h"
#include "bls12381/ifma/fp8_int.h"
#include "bls12381/point_int.h"

/* What is left of a number of 128 bits in each lane. */
struct bls_half_x8 {
    bls_vec high, low;
};
struct bls_digit_x8 {
    bls_vec magnitude; /* 0 to 16 */
    bls_lanes negative;
};

static inline void bls_half_x8_load(struct bls_half_x8 *out, const uint64_t low[static BLS_LANES],
                                    const uint64_t high[static BLS_LANES])
{
    out->low = bls_vec_load(low);
    out->high = bls_vec_load(high);
}

/* Both halves of eight scalars (bls_split_half_numbers); NULL is zero. */
static inline void bls_halves_x8_load(struct bls_half_x8 out[static 2],
                                      const struct bls_fr *const k[static BLS_LANES])
{
    uint64_t half[BLS_LANES][2][2] = {0}, word[2][BLS_LANES];
    for (size_t i = 0; i < BLS_LANES; i++) {
        if (k[i] != NULL) {
            bls_split_half_numbers(half[i], k[i]);
        }
    }
    for (int h = 0; h < 2; h++) {
        for (size_t i = 0; i < BLS_LANES; i++) {
            word[0][i] = half[i][h][0];
            word[1][i] = half[i][h][1];
        }
        bls_half_x8_load(&out[h], word[0], word[1]);
    }
    kf_wipe(half, sizeof half);
    kf_wipe(word, sizeof word);
}

/* The same of the four quarters of 64 bits (bls_split_quarter_numbers). */
static inline void bls_quarters_x8_load(bls_vec out[static 4],
                                        const struct bls_fr *const k[static BLS_LANES])
{
    uint64_t quarter[BLS_LANES][4] = {0}, word[BLS_LANES];
    for (size_t i = 0; i < BLS_LANES; i++) {
        if (k[i] != NULL) {
            bls_split_quarter_numbers(quarter[i], k[i]);
        }
    }
    for (int h = 0; h < 4; h++) {
        for (size_t i = 0; i < BLS_LANES; i++) {
            word[i] = quarter[i][h];
        }
        out[h] = bls_vec_load(word);
    }
    kf_wipe(quarter, sizeof quarter);
    kf_wipe(word, sizeof word);
}

/* Of six bits: half of them rounded up, and 32 less when negative. */
static inline void bls_digit_x8_set(struct bls_digit_x8 *digit, bls_vec bits)
{
    bls_vec value = bls_vec_shift_right(bls_vec_add(bits, bls_vec_set1(1)), 1);
    bls_vec opposite = bls_vec_sub(bls_vec_set1(32), value);
    digit->magnitude = bls_vec_select(digit->negative, opposite, value);
}

/* Digit i is made of bits 5i-1 to 5i+4, which are six at the top for every window but the first
 * one, the 26th, which has bits 124 to 127 alone. */
static inline void bls_half_x8_next(struct bls_digit_x8 *digit, struct bls_half_x8 *k, int window)
{
    const int first = window == BLS_HALF_WINDOWS - 1;
    bls_vec bits = first ? bls_vec_shift_right(k->high, 60) : bls_vec_shift_right(k->high, 58);
    digit->negative = first ? bls_lanes_constant(0) : bls_vec_is_negative(k->high);
    bls_digit_x8_set(digit, bits);
    if (first) {
        bls_vec carry = bls_vec_shift_right(k->low, 61);
        k->high = bls_vec_or(bls_vec_shift_left_drop(k->high, 3), carry);
        k->low = bls_vec_shift_left_drop(k->low, 3);
    } else {
        bls_vec carry = bls_vec_shift_right(k->low, 59);
        k->high = bls_vec_or(bls_vec_shift_left_drop(k->high, 5), carry);
        k->low = bls_vec_shift_left_drop(k->low, 5);
    }
}

/* The same of a number of 64 bits: 13 windows, the first one of bits 59 to 63. */
static inline void bls_quarter_x8_next(struct bls_digit_x8 *digit, bls_vec *k, int window)
{
    const int first = window == BLS_QUARTER_WINDOWS - 1;
    bls_vec bits = first ? bls_vec_shift_right(*k, 59) : bls_vec_shift_right(*k, 58);
    digit->negative = first ? bls_lanes_constant(0) : bls_vec_is_negative(*k);
    bls_digit_x8_set(digit, bits);
    *k = first ? bls_vec_shift_left_drop(*k, 4) : bls_vec_shift_left_drop(*k, 5);
}

/* The bases that the lanes of one term multiply. A table is rows of coordinates of limbs of sixteen
 * multiples; lanes with the same base share the lookup. */
struct bls_base_group {
    const uint64_t *table;
    unsigned lanes; /* a bit each */
};
struct bls_base_x8 {
    struct bls_base_group group[BLS_LANES];
    int groups;
    unsigned absent; /* lanes without base, or infinity as one, which is a secret; all at first */
};

/* Gives a lane its base. infinite: a mask, whether the base is infinity. */
static inline void bls_base_x8_add(struct bls_base_x8 *bases, size_t lane, const uint64_t *table,
                                   uint64_t infinite)
{
    int i = 0;
    while (i < bases->groups && bases->group[i].table != table) {
        i++;
    }
    if (i == bases->groups) {
        bases->group[bases->groups++] = (struct bls_base_group){table, 0};
    }
    bases->group[i].lanes |= 1U << lane;
    bases->absent &= ~((unsigned)(~infinite & 1) << lane);
}

/* out[0 .. limbs-1] = the limbs of the multiple that the index, 0 to 15, says; at: the row's first
 * limb in the tables. Lanes without base: zeros. */
static inline void bls_base_x8_lookup(bls_vec *out, const struct bls_base_x8 *bases, size_t at,
                                      size_t limbs, bls_vec index)
{
    for (size_t j = 0; j < limbs; j++) {
        out[j] = bls_vec_zero();
    }
    for (int i = 0; i < bases->groups; i++) {
        const uint64_t *row = bases->group[i].table + at;
        bls_lanes lanes = bls_lanes_from(bases->group[i].lanes);
        for (size_t j = 0; j < limbs; j++, row += BLS_WINDOW_ENTRIES) {
            const uint64_t limit = bls_fp8_canonical_limit((int)(j % BLS_FP8_LIMBS));
            bls_vec low = bls_vec_load_below(row, limit);
            bls_vec high = bls_vec_load_below(row + BLS_LANES, limit);
            bls_vec found = bls_vec_permute_two(low, high, index);
            out[j] = bls_vec_select(lanes, found, out[j]);
        }
    }
}

#endif
