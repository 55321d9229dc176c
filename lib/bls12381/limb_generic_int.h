/* Carry chains in plain C, for any compiler with unsigned __int128. The twin of limb_x86_int.h. */
#ifndef KEYFENCE_BLS12381_LIMB_GENERIC_INT_H
#define KEYFENCE_BLS12381_LIMB_GENERIC_INT_H

#include <stdint.h>

/* a + b + *carry; *carry is 0 or 1 before and after. */
static inline uint64_t bls_adc(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint64_t s, t;
    uint64_t c = (uint64_t)__builtin_add_overflow(a, b, &s);
    c |= (uint64_t)__builtin_add_overflow(s, *carry, &t);
    *carry = c;
    return t;
}

/* a - b - *borrow; *borrow is 0 or 1 before and after. */
static inline uint64_t bls_sbb(uint64_t a, uint64_t b, uint64_t *borrow)
{
    uint64_t s, t;
    uint64_t c = (uint64_t)__builtin_sub_overflow(a, b, &s);
    c |= (uint64_t)__builtin_sub_overflow(s, *borrow, &t);
    *borrow = c;
    return t;
}

#endif
