/* Vectors in plain C: what each operation means. */
#ifndef KEYFENCE_BLS12381_VEC_PORTABLE_INT_H
#define KEYFENCE_BLS12381_VEC_PORTABLE_INT_H

#include "base/ct.h"

typedef struct bls_vec_lanes { /* a typedef, because the instructions' type is not a struct */
    uint64_t lane[BLS_LANES];
} bls_vec;
typedef uint8_t bls_lanes;

__extension__ typedef unsigned __int128 bls_vec_u128;

static inline bls_vec bls_vec_set1(uint64_t v)
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        out.lane[i] = v;
    }
    return out;
}

static inline bls_vec bls_vec_zero(void)
{
    return bls_vec_set1(0);
}

/* From and to eight integers, the first in lane 0; no alignment asked for. */
static inline bls_vec bls_vec_load(const uint64_t in[static BLS_LANES])
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        out.lane[i] = in[i];
    }
    return out;
}

/* The same, for constants: the bounds of what is loaded are unknown, but theirs. */
static inline bls_vec bls_vec_constant(const uint64_t in[static BLS_LANES])
{
    return bls_vec_load(in);
}

static inline void bls_vec_store(uint64_t out[static BLS_LANES], bls_vec a)
{
    for (int i = 0; i < BLS_LANES; i++) {
        out[i] = a.lane[i];
    }
}

/* To memory and from it, numbers below a limit: what is loaded was stored with the same limit. */
static inline void bls_vec_store_below(uint64_t out[static BLS_LANES], bls_vec a, uint64_t limit)
{
    (void)limit;
    bls_vec_store(out, a);
}

static inline bls_vec bls_vec_load_below(const uint64_t in[static BLS_LANES], uint64_t limit)
{
    (void)limit;
    return bls_vec_load(in);
}

static inline bls_vec bls_vec_add(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] += b.lane[i];
    }
    return a;
}

static inline bls_vec bls_vec_sub(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] -= b.lane[i];
    }
    return a;
}

static inline bls_vec bls_vec_and(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] &= b.lane[i];
    }
    return a;
}

static inline bls_vec bls_vec_or(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] |= b.lane[i];
    }
    return a;
}

/* No bit leaves at the top. */
static inline bls_vec bls_vec_shift_left(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] <<= n;
    }
    return a;
}

/* Those that do are meant to. */
static inline bls_vec bls_vec_shift_left_drop(bls_vec a, unsigned n)
{
    return bls_vec_shift_left(a, n);
}

static inline bls_vec bls_vec_shift_right(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] >>= n;
    }
    return a;
}

/* Signed, rounding down. */
static inline bls_vec bls_vec_shift_right_signed(bls_vec a, unsigned n)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] = (uint64_t)((int64_t)a.lane[i] >> n);
    }
    return a;
}

static inline bls_vec_u128 bls_vec_product_52(uint64_t a, uint64_t b)
{
    const uint64_t low = ((uint64_t)1 << BLS_VEC_MUL_BITS) - 1;
    return (bls_vec_u128)(a & low) * (b & low);
}

/* sum + the low 52 bits of the product of a's and b's low 52 bits; and its high 52 bits. */
static inline bls_vec bls_vec_mul_add_low(bls_vec sum, bls_vec a, bls_vec b)
{
    const uint64_t low = ((uint64_t)1 << BLS_VEC_MUL_BITS) - 1;
    for (int i = 0; i < BLS_LANES; i++) {
        sum.lane[i] += (uint64_t)bls_vec_product_52(a.lane[i], b.lane[i]) & low;
    }
    return sum;
}

static inline bls_vec bls_vec_mul_add_high(bls_vec sum, bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        sum.lane[i] += (uint64_t)(bls_vec_product_52(a.lane[i], b.lane[i]) >> BLS_VEC_MUL_BITS);
    }
    return sum;
}

/* Lane i of the result is lane index[i] of a, 0 to 7; of a (0 to 7) and b (8 to 15). */
static inline bls_vec bls_vec_permute(bls_vec a, bls_vec index)
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        uint64_t v = 0;
        for (uint64_t j = 0; j < BLS_LANES; j++) {
            v |= a.lane[j] & kf_ct_equal(index.lane[i] & 7, j);
        }
        out.lane[i] = v;
    }
    return out;
}

static inline bls_vec bls_vec_permute_two(bls_vec a, bls_vec b, bls_vec index)
{
    bls_vec out;
    for (int i = 0; i < BLS_LANES; i++) {
        uint64_t v = 0;
        for (uint64_t j = 0; j < BLS_LANES; j++) {
            v |= a.lane[j] & kf_ct_equal(index.lane[i] & 15, j);
            v |= b.lane[j] & kf_ct_equal(index.lane[i] & 15, j + BLS_LANES);
        }
        out.lane[i] = v;
    }
    return out;
}

/* a in the lanes of the mask, b in the others. */
static inline bls_vec bls_vec_select(bls_lanes mask, bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        uint64_t keep = 0 - (uint64_t)(mask >> i & 1);
        a.lane[i] = (a.lane[i] & keep) | (b.lane[i] & ~keep);
    }
    return a;
}

/* a - b in the lanes of the mask, keep in the others. */
static inline bls_vec bls_vec_sub_lanes(bls_lanes mask, bls_vec keep, bls_vec a, bls_vec b)
{
    return bls_vec_select(mask, bls_vec_sub(a, b), keep);
}

/* bls_vec_permute_two in the lanes of the mask, zero in the others. */
static inline bls_vec bls_vec_permute_two_lanes(bls_lanes mask, bls_vec a, bls_vec b, bls_vec index)
{
    return bls_vec_select(mask, bls_vec_permute_two(a, b, index), bls_vec_zero());
}

static inline bls_lanes bls_vec_is_zero(bls_vec a)
{
    unsigned mask = 0;
    for (int i = 0; i < BLS_LANES; i++) {
        mask |= (unsigned)((~a.lane[i] & (a.lane[i] - 1)) >> 63) << i;
    }
    return (bls_lanes)mask;
}

/* Signed. */
static inline bls_lanes bls_vec_is_negative(bls_vec a)
{
    unsigned mask = 0;
    for (int i = 0; i < BLS_LANES; i++) {
        mask |= (unsigned)(a.lane[i] >> 63) << i;
    }
    return (bls_lanes)mask;
}

static inline bls_lanes bls_vec_equal(bls_vec a, bls_vec b)
{
    for (int i = 0; i < BLS_LANES; i++) {
        a.lane[i] ^= b.lane[i];
    }
    return bls_vec_is_zero(a);
}

/* Masks: no C operator touches them either. Lane i is bit i. */
static inline bls_lanes bls_lanes_from(unsigned bits)
{
    return (bls_lanes)bits;
}

/* The same for a constant. */
static inline bls_lanes bls_lanes_constant(unsigned bits)
{
    return (bls_lanes)bits;
}

static inline unsigned bls_lanes_bits(bls_lanes a)
{
    return a;
}

static inline bls_lanes bls_lanes_and(bls_lanes a, bls_lanes b)
{
    return a & b;
}

static inline bls_lanes bls_lanes_or(bls_lanes a, bls_lanes b)
{
    return a | b;
}

static inline bls_lanes bls_lanes_not(bls_lanes a)
{
    return (bls_lanes)~a;
}

#endif
