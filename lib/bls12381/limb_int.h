/* 64-bit limbs: the one place that knows how to carry. Chooses the file for this machine. */
#ifndef KEYFENCE_BLS12381_LIMB_INT_H
#define KEYFENCE_BLS12381_LIMB_INT_H

#include "base/ct.h"

#include <stdint.h>

__extension__ typedef unsigned __int128 bls_u128;

#if defined(__x86_64__) && !defined(BLS_GENERIC_LIMBS)
#include "limb_x86_int.h"
#else
#include "limb_generic_int.h"
#endif

/* *t + a * b + *carry, the low limb left in *t and the high one in *carry; never overflows. Written
 * so that gcc makes each comparison an add-with-carry (measured against one 128-bit sum: a quarter
 * less time for a product of six limbs). */
static inline void bls_mac(uint64_t *t, uint64_t a, uint64_t b, uint64_t *carry)
{
    bls_u128 x = (bls_u128)a * b;
    uint64_t low = (uint64_t)x;
    uint64_t high = (uint64_t)(x >> 64);
    low += *t;
    high += low < *t;
    low += *carry;
    high += low < *carry;
    *t = low;
    *carry = high;
}

static inline uint64_t bls_load_be64(const uint8_t *in)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | in[i];
    }
    return v;
}

static inline void bls_store_be64(uint8_t *out, uint64_t v)
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)v;
        v >>= 8;
    }
}

#endif
