/* What each vector operation on lanes means, as one line of C, and how it is called. */
#ifndef KEYFENCE_TESTS_BLS12381_VEC_MEANING_H
#define KEYFENCE_TESTS_BLS12381_VEC_MEANING_H

#include "../helper.h"
#include "bls12381/ifma/vec_int.h"

#include <inttypes.h>

enum meaning_op {
    MEANING_ADD,
    MEANING_SUB,
    MEANING_AND,
    MEANING_OR,
    MEANING_SHIFT_LEFT,
    MEANING_SHIFT_LEFT_DROP,
    MEANING_SHIFT_RIGHT,
    MEANING_SHIFT_RIGHT_SIGNED,
    MEANING_MUL_ADD_LOW,
    MEANING_MUL_ADD_HIGH,
    MEANING_OPS
};

static const char *const meaning_names[MEANING_OPS] = {"add",         "sub",
                                                       "and",         "or",
                                                       "shift_left",  "shift_left_drop",
                                                       "shift_right", "shift_right_signed",
                                                       "mul_add_low", "mul_add_high"};

__extension__ typedef unsigned __int128 meaning_wide;

static inline uint64_t meaning_of(int op, uint64_t a, uint64_t b, uint64_t c, unsigned n)
{
    const uint64_t low = ((uint64_t)1 << 52) - 1;
    const meaning_wide product = (meaning_wide)(a & low) * (b & low);
    switch (op) {
    case MEANING_ADD:
        return a + b;
    case MEANING_SUB:
        return a - b;
    case MEANING_AND:
        return a & b;
    case MEANING_OR:
        return a | b;
    case MEANING_SHIFT_LEFT:
    case MEANING_SHIFT_LEFT_DROP:
        return a << n;
    case MEANING_SHIFT_RIGHT:
        return a >> n;
    case MEANING_SHIFT_RIGHT_SIGNED:
        return (uint64_t)((int64_t)a >> n);
    case MEANING_MUL_ADD_LOW:
        return c + ((uint64_t)product & low);
    default:
        return c + (uint64_t)(product >> 52);
    }
}

static inline bls_vec meaning_run(int op, bls_vec a, bls_vec b, bls_vec c, unsigned n)
{
    switch (op) {
    case MEANING_ADD:
        return bls_vec_add(a, b);
    case MEANING_SUB:
        return bls_vec_sub(a, b);
    case MEANING_AND:
        return bls_vec_and(a, b);
    case MEANING_OR:
        return bls_vec_or(a, b);
    case MEANING_SHIFT_LEFT:
        return bls_vec_shift_left(a, n);
    case MEANING_SHIFT_LEFT_DROP:
        return bls_vec_shift_left_drop(a, n);
    case MEANING_SHIFT_RIGHT:
        return bls_vec_shift_right(a, n);
    case MEANING_SHIFT_RIGHT_SIGNED:
        return bls_vec_shift_right_signed(a, n);
    case MEANING_MUL_ADD_LOW:
        return bls_vec_mul_add_low(c, a, b);
    default:
        return bls_vec_mul_add_high(c, a, b);
    }
}

/* Numbers of every length, and those beside powers of two. */
static inline uint64_t meaning_draw(void)
{
    const uint64_t v = next_u64();
    const unsigned n = (unsigned)(next_u64() % 64);
    switch (next_u64() % 4) {
    case 0:
        return v;
    case 1:
        return v >> n;
    case 2:
        return ((uint64_t)1 << n) - v % 2;
    default:
        return 0 - (v >> n);
    }
}

#endif
