/* Vectors as AVX-512 instructions. What each does is said in vec_portable_int.h. */
#ifndef KEYFENCE_BLS12381_VEC_AVX512_INT_H
#define KEYFENCE_BLS12381_VEC_AVX512_INT_H

#include <immintrin.h>

typedef __m512i bls_vec;
typedef __mmask8 bls_lanes;

static inline bls_vec bls_vec_zero(void)
{
    return _mm512_setzero_si512();
}

static inline bls_vec bls_vec_set1(uint64_t v)
{
    return _mm512_set1_epi64((long long)v);
}

static inline bls_vec bls_vec_load(const uint64_t in[static BLS_LANES])
{
    return _mm512_loadu_si512(in);
}

static inline bls_vec bls_vec_constant(const uint64_t in[static BLS_LANES])
{
    return bls_vec_load(in);
}

static inline void bls_vec_store(uint64_t out[static BLS_LANES], bls_vec a)
{
    _mm512_storeu_si512(out, a);
}

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
    return _mm512_add_epi64(a, b);
}

static inline bls_vec bls_vec_sub(bls_vec a, bls_vec b)
{
    return _mm512_sub_epi64(a, b);
}

static inline bls_vec bls_vec_and(bls_vec a, bls_vec b)
{
    return _mm512_and_si512(a, b);
}

static inline bls_vec bls_vec_or(bls_vec a, bls_vec b)
{
    return _mm512_or_si512(a, b);
}

static inline bls_vec bls_vec_shift_left(bls_vec a, unsigned n)
{
    return _mm512_slli_epi64(a, n);
}

static inline bls_vec bls_vec_shift_left_drop(bls_vec a, unsigned n)
{
    return bls_vec_shift_left(a, n);
}

static inline bls_vec bls_vec_shift_right(bls_vec a, unsigned n)
{
    return _mm512_srli_epi64(a, n);
}

static inline bls_vec bls_vec_shift_right_signed(bls_vec a, unsigned n)
{
    return _mm512_srai_epi64(a, n);
}

static inline bls_vec bls_vec_mul_add_low(bls_vec sum, bls_vec a, bls_vec b)
{
    return _mm512_madd52lo_epu64(sum, a, b);
}

static inline bls_vec bls_vec_mul_add_high(bls_vec sum, bls_vec a, bls_vec b)
{
    return _mm512_madd52hi_epu64(sum, a, b);
}

static inline bls_vec bls_vec_permute(bls_vec a, bls_vec index)
{
    return _mm512_permutexvar_epi64(index, a);
}

static inline bls_vec bls_vec_permute_two(bls_vec a, bls_vec b, bls_vec index)
{
    return _mm512_permutex2var_epi64(a, index, b);
}

static inline bls_vec bls_vec_select(bls_lanes mask, bls_vec a, bls_vec b)
{
    return _mm512_mask_blend_epi64(mask, b, a);
}

static inline bls_vec bls_vec_sub_lanes(bls_lanes mask, bls_vec keep, bls_vec a, bls_vec b)
{
    return _mm512_mask_sub_epi64(keep, mask, a, b);
}

static inline bls_vec bls_vec_permute_two_lanes(bls_lanes mask, bls_vec a, bls_vec b, bls_vec index)
{
    return _mm512_maskz_permutex2var_epi64(mask, a, index, b);
}

static inline bls_lanes bls_vec_is_zero(bls_vec a)
{
    return _mm512_testn_epi64_mask(a, a);
}

static inline bls_lanes bls_vec_is_negative(bls_vec a)
{
    return _mm512_movepi64_mask(a);
}

static inline bls_lanes bls_vec_equal(bls_vec a, bls_vec b)
{
    return _mm512_cmpeq_epi64_mask(a, b);
}

static inline bls_lanes bls_lanes_from(unsigned bits)
{
    return (bls_lanes)bits;
}

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
