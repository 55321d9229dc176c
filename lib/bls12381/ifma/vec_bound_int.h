/* Vectors of ranges: each lane is every integer from `low` to `high`, so that running a kernel once
 * says what it may do for all inputs within given ranges (abstract interpretation). A range is
 * never narrower than what the instructions could give, and exact for single numbers.
 *
 * Lanes are integers here, not residues modulo 2^64: what the instructions would silently lose is
 * reported as a fault, with the operation and the range.
 *
 *   - a factor of mul_add outside [0, 2^52), of which the instruction would use the low bits
 *   - a sum, a difference or a shift to the left outside of [-2^63, 2^63) (to the left, 2^64 for a
 *     word that is not negative), except in shift_left_drop
 *   - a logical shift to the right of what may be negative, a signed one of 2^63 or more
 *   - store_below of what may reach the limit: load_below relies on it
 *
 * Words loaded may be anything; bls_vec_constant and bls_vec_set1 give what they are given. Masks
 * from data (bls_lanes_from, comparisons of ranges) are unknown, and a selection by them gives
 * either operand. One exception, because carried subtractions need it: selecting x where x is not
 * negative gives no negative number; each range has an `id` for that, copied with it.
 *
 * For tests, one thread. The program that links the kernels defines bls_vec_faults. */
#ifndef KEYFENCE_BLS12381_VEC_BOUND_INT_H
#define KEYFENCE_BLS12381_VEC_BOUND_INT_H

#include <stdbool.h>

__extension__ typedef __int128 bls_vec_i128;

struct bls_vec_range {
    bls_vec_i128 low, high;
    uint64_t id; /* of the number: 0 is none, equal ones are the same number */
};
typedef struct bls_vec_ranges {
    struct bls_vec_range lane[BLS_LANES];
} bls_vec;
typedef struct bls_lanes_facts {
    unsigned known, value;           /* bits; value within known */
    uint64_t negative_of[BLS_LANES]; /* where not 0: the bit says whether this number is negative */
} bls_lanes;

struct bls_vec_faults {
    uint64_t ids, count;
    const char *operation;     /* the first fault's, and its range */
    struct bls_vec_range what; /* */
    bls_vec_i128 widest;       /* the largest result of an addition, either way */
    bls_vec_i128 factor;       /* the largest factor of a multiplication */
};
extern struct bls_vec_faults bls_vec_faults;

/* Not inline: a kernel that is unrolled has thousands of operations. */
#define BLS_BOUND_OPERATION __attribute__((noinline, unused)) static

static inline bls_vec_i128 bls_bound_power(unsigned n)
{
    return (bls_vec_i128)1 << n;
}

static inline bls_vec_i128 bls_bound_min(bls_vec_i128 a, bls_vec_i128 b)
{
    return a < b ? a : b;
}

static inline bls_vec_i128 bls_bound_max(bls_vec_i128 a, bls_vec_i128 b)
{
    return a > b ? a : b;
}

/* 2^n - 1 for the least n that makes it at least v. */
static inline bls_vec_i128 bls_bound_ones(bls_vec_i128 v)
{
    bls_vec_i128 ones = 0;
    while (ones < v) {
        ones = 2 * ones + 1;
    }
    return ones;
}

BLS_BOUND_OPERATION struct bls_vec_range bls_bound_range(bls_vec_i128 low, bls_vec_i128 high)
{
    return (struct bls_vec_range){low, high, ++bls_vec_faults.ids};
}

static inline bool bls_bound_point(struct bls_vec_range a)
{
    return a.low == a.high;
}

static inline void bls_bound_fault(const char *operation, struct bls_vec_range what)
{
    if (bls_vec_faults.count++ == 0) {
        bls_vec_faults.operation = operation;
        bls_vec_faults.what = what;
    }
}

/* The range if it is within [low, high); a fault and what is left of it otherwise. */
BLS_BOUND_OPERATION struct bls_vec_range
bls_bound_within(const char *operation, struct bls_vec_range a, bls_vec_i128 low, bls_vec_i128 high)
{
    if (a.low < low || a.high >= high) {
        bls_bound_fault(operation, a);
        a.low = bls_bound_max(bls_bound_min(a.low, high - 1), low);
        a.high = bls_bound_min(bls_bound_max(a.high, low), high - 1);
    }
    return a;
}

/* A result that the instructions have in 64 signed bits. */
BLS_BOUND_OPERATION struct bls_vec_range bls_bound_signed(const char *operation, bls_vec_i128 low,
                                                          bls_vec_i128 high)
{
    bls_vec_faults.widest = bls_bound_max(bls_vec_faults.widest, bls_bound_max(high, -low));
    return bls_bound_within(operation, bls_bound_range(low, high), -bls_bound_power(63),
                            bls_bound_power(63));
}

BLS_BOUND_OPERATION bls_vec bls_vec_set1(uint64_t v)
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        out.lane[i] = bls_bound_range(v, v);
    }
    return out;
}

BLS_BOUND_OPERATION bls_vec bls_vec_zero(void)
{
    return bls_vec_set1(0);
}

BLS_BOUND_OPERATION bls_vec bls_vec_load(const uint64_t in[static BLS_LANES])
{
    bls_vec out;
    (void)in;
    for (int i = 0; i < BLS_LANES; i++) {
        out.lane[i] = bls_bound_range(0, bls_bound_power(64) - 1);
    }
    return out;
}

BLS_BOUND_OPERATION bls_vec bls_vec_constant(const uint64_t in[static BLS_LANES])
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        out.lane[i] = bls_bound_range(in[i], in[i]);
    }
    return out;
}

/* One number of the range, which nothing may rely on. */
static inline void bls_vec_store(uint64_t out[static BLS_LANES], bls_vec a)
{
    for (int i = 0; i < BLS_LANES; i++) {
        out[i] = (uint64_t)a.lane[i].high;
    }
}

static inline void bls_vec_store_below(uint64_t out[static BLS_LANES], bls_vec a, uint64_t limit)
{
    for (int i = 0; i < BLS_LANES; i++) {
        bls_bound_within("store_below", a.lane[i], 0, limit);
    }
    bls_vec_store(out, a);
}

BLS_BOUND_OPERATION bls_vec bls_vec_load_below(const uint64_t in[static BLS_LANES], uint64_t limit)
{
    bls_vec out;
    (void)in;
    for (int i = 0; i < BLS_LANES; i++) {
        out.lane[i] = bls_bound_range(0, (bls_vec_i128)limit - 1);
    }
    return out;
}

BLS_BOUND_OPERATION bls_vec bls_vec_add(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] =
            bls_bound_signed("add", a.lane[i].low + b.lane[i].low, a.lane[i].high + b.lane[i].high);
    }
    return a;
}

BLS_BOUND_OPERATION bls_vec bls_vec_sub(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] =
            bls_bound_signed("sub", a.lane[i].low - b.lane[i].high, a.lane[i].high - b.lane[i].low);
    }
    return a;
}

/* mask is 2^n - 1: a modulo 2^n, which is monotonous between two multiples of 2^n. */
BLS_BOUND_OPERATION struct bls_vec_range bls_bound_modulo(struct bls_vec_range a, bls_vec_i128 mask)
{
    if ((a.low & ~mask) == (a.high & ~mask)) {
        return bls_bound_range(a.low & mask, a.high & mask);
    }
    return bls_bound_range(0, mask);
}

BLS_BOUND_OPERATION struct bls_vec_range bls_bound_and(struct bls_vec_range a,
                                                       struct bls_vec_range b)
{
    if (bls_bound_point(b) && b.low >= 0 && bls_bound_ones(b.low) == b.low) {
        return bls_bound_modulo(a, b.low);
    }
    if (bls_bound_point(a) && bls_bound_point(b)) {
        return bls_bound_range(a.low & b.low, a.low & b.low);
    }
    if (a.low >= 0 && b.low >= 0) {
        return bls_bound_range(0, bls_bound_min(a.high, b.high));
    }
    if (a.low >= 0 || b.low >= 0) {
        return bls_bound_range(0, a.low >= 0 ? a.high : b.high);
    }
    bls_vec_i128 least = bls_bound_min(a.low, b.low);
    return bls_bound_range(-bls_bound_ones(-least) - 1, bls_bound_max(a.high, b.high));
}

BLS_BOUND_OPERATION bls_vec bls_vec_and(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        bool swap = bls_bound_point(a.lane[i]) && !bls_bound_point(b.lane[i]);
        a.lane[i] =
            swap ? bls_bound_and(b.lane[i], a.lane[i]) : bls_bound_and(a.lane[i], b.lane[i]);
    }
    return a;
}

BLS_BOUND_OPERATION struct bls_vec_range bls_bound_or(struct bls_vec_range a,
                                                      struct bls_vec_range b)
{
    if (bls_bound_point(a) && bls_bound_point(b)) {
        return bls_bound_range(a.low | b.low, a.low | b.low);
    }
    bls_vec_i128 high = bls_bound_ones(bls_bound_max(a.high, b.high));
    if (a.low >= 0 && b.low >= 0) {
        return bls_bound_range(bls_bound_max(a.low, b.low), bls_bound_min(high, a.high + b.high));
    }
    return bls_bound_range(bls_bound_min(a.low, b.low), a.high < 0 || b.high < 0 ? -1 : high);
}

BLS_BOUND_OPERATION bls_vec bls_vec_or(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] = bls_bound_or(a.lane[i], b.lane[i]);
    }
    return a;
}

BLS_BOUND_OPERATION bls_vec bls_vec_shift_left(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        bls_vec_i128 low = a.lane[i].low * bls_bound_power(n);
        bls_vec_i128 high = a.lane[i].high * bls_bound_power(n);
        bls_vec_faults.widest = bls_bound_max(bls_vec_faults.widest, bls_bound_max(high, -low));
        a.lane[i] = bls_bound_within("shift_left", bls_bound_range(low, high),
                                     low < 0 ? -bls_bound_power(63) : 0,
                                     low < 0 ? bls_bound_power(63) : bls_bound_power(64));
    }
    return a;
}

BLS_BOUND_OPERATION bls_vec bls_vec_shift_left_drop(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        const struct bls_vec_range in = a.lane[i];
        bool fits = in.low >= 0 && in.high < bls_bound_power(64 - n);
        a.lane[i] = fits ? bls_bound_range(in.low << n, in.high << n)
                         : bls_bound_range(0, bls_bound_power(64) - bls_bound_power(n));
    }
    return a;
}

BLS_BOUND_OPERATION bls_vec bls_vec_shift_right(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        struct bls_vec_range in =
            bls_bound_within("shift_right", a.lane[i], 0, bls_bound_power(64));
        a.lane[i] = bls_bound_range(in.low >> n, in.high >> n);
    }
    return a;
}

BLS_BOUND_OPERATION bls_vec bls_vec_shift_right_signed(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        struct bls_vec_range in = bls_bound_within("shift_right_signed", a.lane[i],
                                                   -bls_bound_power(63), bls_bound_power(63));
        a.lane[i] = bls_bound_range(in.low >> n, in.high >> n);
    }
    return a;
}

BLS_BOUND_OPERATION struct bls_vec_range bls_bound_factor(const char *operation,
                                                          struct bls_vec_range a)
{
    bls_vec_faults.factor = bls_bound_max(bls_vec_faults.factor, a.high);
    return bls_bound_within(operation, a, 0, bls_bound_power(BLS_VEC_MUL_BITS));
}

BLS_BOUND_OPERATION bls_vec bls_vec_mul_add_low(bls_vec sum, bls_vec a, bls_vec b)
{
    const bls_vec_i128 mask = bls_bound_power(BLS_VEC_MUL_BITS) - 1;
    for (int i = 0; i < BLS_LANES; i++) {
        struct bls_vec_range x = bls_bound_factor("mul_add_low", a.lane[i]);
        struct bls_vec_range y = bls_bound_factor("mul_add_low", b.lane[i]);
        struct bls_vec_range low =
            bls_bound_modulo(bls_bound_range(x.low * y.low, x.high * y.high), mask);
        sum.lane[i] =
            bls_bound_signed("mul_add_low", sum.lane[i].low + low.low, sum.lane[i].high + low.high);
    }
    return sum;
}

BLS_BOUND_OPERATION bls_vec bls_vec_mul_add_high(bls_vec sum, bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        struct bls_vec_range x = bls_bound_factor("mul_add_high", a.lane[i]);
        struct bls_vec_range y = bls_bound_factor("mul_add_high", b.lane[i]);
        sum.lane[i] =
            bls_bound_signed("mul_add_high", sum.lane[i].low + (x.low * y.low >> BLS_VEC_MUL_BITS),
                             sum.lane[i].high + (x.high * y.high >> BLS_VEC_MUL_BITS));
    }
    return sum;
}

BLS_BOUND_OPERATION struct bls_vec_range bls_bound_either(struct bls_vec_range a,
                                                          struct bls_vec_range b)
{
    if (a.low == b.low && a.high == b.high && a.id == b.id) {
        return a;
    }
    return bls_bound_range(bls_bound_min(a.low, b.low), bls_bound_max(a.high, b.high));
}

BLS_BOUND_OPERATION bls_vec bls_vec_permute_two(bls_vec a, bls_vec b, bls_vec index)
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        bool first = true;
        for (int j = 0; j < 2 * BLS_LANES; j++) {
            if (bls_bound_point(index.lane[i]) && (index.lane[i].low & (2 * BLS_LANES - 1)) != j) {
                continue;
            }
            struct bls_vec_range from = j < BLS_LANES ? a.lane[j] : b.lane[j - BLS_LANES];
            out.lane[i] = first ? from : bls_bound_either(out.lane[i], from);
            first = false;
        }
    }
    return out;
}

BLS_BOUND_OPERATION bls_vec bls_vec_permute(bls_vec a, bls_vec index)
{
    return bls_vec_permute_two(a, a, index);
}

BLS_BOUND_OPERATION bls_vec bls_vec_select(bls_lanes mask, bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        struct bls_vec_range x = a.lane[i], y = b.lane[i];
        const uint64_t id = mask.negative_of[i];
        if (mask.known >> i & 1) {
            a.lane[i] = mask.value >> i & 1 ? x : y;
            continue;
        }
        if (id != 0 && x.id == id) {
            x.high = bls_bound_min(x.high, -1);
        }
        if (id != 0 && y.id == id) {
            y.low = bls_bound_max(y.low, 0);
        }
        a.lane[i] = bls_bound_either(x, y);
    }
    return a;
}

/* What is not in the mask is not computed: in lanes that are known to be outside nothing is lost.
 */
BLS_BOUND_OPERATION bls_vec bls_vec_sub_lanes(bls_lanes mask, bls_vec keep, bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        if (mask.known & ~mask.value & 1U << i) {
            a.lane[i] = b.lane[i] = bls_bound_range(0, 0);
        }
    }
    return bls_vec_select(mask, bls_vec_sub(a, b), keep);
}

BLS_BOUND_OPERATION bls_vec bls_vec_permute_two_lanes(bls_lanes mask, bls_vec a, bls_vec b,
                                                      bls_vec index)
{
    return bls_vec_select(mask, bls_vec_permute_two(a, b, index), bls_vec_zero());
}

/* The mask of what is known, `yes` or `no` in each lane. */
static inline bls_lanes bls_bound_facts(unsigned yes, unsigned no)
{
    return (bls_lanes){.known = yes | no, .value = yes};
}

static inline bls_lanes bls_vec_is_zero(bls_vec a)
{
    unsigned yes = 0, no = 0;
    for (int i = 0; i < BLS_LANES; i++) {
        yes |= (unsigned)(a.lane[i].low == 0 && a.lane[i].high == 0) << i;
        no |= (unsigned)(a.lane[i].low > 0 || a.lane[i].high < 0) << i;
    }
    return bls_bound_facts(yes, no);
}

/* A word of 2^63 or more is one with its top bit set. */
static inline bls_lanes bls_vec_is_negative(bls_vec a)
{
    const bls_vec_i128 top = bls_bound_power(63);
    unsigned yes = 0, no = 0;
    for (int i = 0; i < BLS_LANES; i++) {
        const struct bls_vec_range in = a.lane[i];
        yes |= (unsigned)(in.high < 0 || in.low >= top) << i;
        no |= (unsigned)(in.low >= 0 && in.high < top) << i;
    }
    bls_lanes mask = bls_bound_facts(yes, no);
    for (int i = 0; i < BLS_LANES; i++) {
        mask.negative_of[i] = a.lane[i].high < top ? a.lane[i].id : 0;
    }
    return mask;
}

static inline bls_lanes bls_vec_equal(bls_vec a, bls_vec b)
{
    unsigned yes = 0, no = 0;
    for (int i = 0; i < BLS_LANES; i++) {
        struct bls_vec_range x = a.lane[i], y = b.lane[i];
        bool same = bls_bound_point(x) && bls_bound_point(y) && x.low == y.low;
        yes |= (unsigned)same << i;
        no |= (unsigned)(x.high < y.low || y.high < x.low) << i;
    }
    return bls_bound_facts(yes, no);
}

static inline bls_lanes bls_lanes_from(unsigned bits)
{
    (void)bits;
    return bls_bound_facts(0, 0);
}

static inline bls_lanes bls_lanes_constant(unsigned bits)
{
    const unsigned all = (1U << BLS_LANES) - 1;
    return bls_bound_facts(bits & all, ~bits & all);
}

/* The lanes that are known to be of the mask. */
static inline unsigned bls_lanes_bits(bls_lanes a)
{
    return a.value;
}

static inline bls_lanes bls_lanes_and(bls_lanes a, bls_lanes b)
{
    return bls_bound_facts(a.value & b.value, (a.known & ~a.value) | (b.known & ~b.value));
}

static inline bls_lanes bls_lanes_or(bls_lanes a, bls_lanes b)
{
    return bls_bound_facts(a.value | b.value, a.known & ~a.value & b.known & ~b.value);
}

static inline bls_lanes bls_lanes_not(bls_lanes a)
{
    return bls_bound_facts(a.known & ~a.value, a.value);
}

#endif
