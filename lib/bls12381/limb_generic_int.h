/* Carry chains in plain C, for any compiler with unsigned __int128. The twin of limb_x86_int.h.
 * Written with 128 bits because gcc makes branches of __builtin_sub_overflow. */
#ifndef KEYFENCE_BLS12381_LIMB_GENERIC_INT_H
#define KEYFENCE_BLS12381_LIMB_GENERIC_INT_H

#include "base/ct.h"

#include <stdint.h>

/* a + b + *carry; *carry is 0 or 1 before and after. */
static inline uint64_t bls_adc(uint64_t a, uint64_t b, uint64_t *carry)
{
    bls_u128 s = (bls_u128)a + b + *carry;
    *carry = (uint64_t)(s >> 64);
    return (uint64_t)s;
}

/* a - b - *borrow; *borrow is 0 or 1 before and after. */
static inline uint64_t bls_sbb(uint64_t a, uint64_t b, uint64_t *borrow)
{
    bls_u128 s = (bls_u128)a - b - *borrow;
    *borrow = (uint64_t)(s >> 64) & 1;
    return (uint64_t)s;
}

/* out = t - m if t >= m, else t. */
static inline void bls_subtract_if_not_less(uint64_t out[static 6], const uint64_t t[static 6],
                                            const uint64_t m[static 6])
{
    uint64_t s[6];
    uint64_t borrow = 0;
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        s[i] = bls_sbb(t[i], m[i], &borrow);
    }
    uint64_t keep = kf_ct_mask(borrow);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        out[i] = kf_ct_select(keep, t[i], s[i]);
    }
}

#endif
