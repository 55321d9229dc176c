/* Eight lanes of 64 bits: every vector operation of the IFMA path, and nothing else touches a
 * vector. Three files implement them:
 *
 *   vec_avx512_int.h    the instructions, AVX-512 F, DQ and IFMA
 *   vec_portable_int.h  plain C: the twin, which runs on any machine and under valgrind
 *   vec_bound_int.h     intervals instead of numbers: running a kernel on them proves, for all
 *                       inputs within given ranges at once, that no lane overflows and no
 *                       multiplication is given more than 52 bits (tests/unit/bls12381/ifma)
 *
 * so that what is proved and what is checked for constant time is the source that runs. Lanes are
 * two's complement where a function says "signed". A struct bls_vec is passed by value and lives in
 * a register; arrays of them are 64-byte aligned. Constant-time.
 *
 * Masks, a bit a lane, are bls_lanes: opaque too, made by comparisons and combined by
 * bls_lanes_and, _or and _not, with bls_lanes_from and _bits between them and an integer. What the
 * proof needs said: bls_vec_load and bls_lanes_from are of any words and bits (what
 * bls_vec_load_below loads, bls_vec_store_below stored), bls_vec_set1, bls_vec_constant and
 * bls_lanes_constant of known ones; bls_vec_shift_left loses no bit, bls_vec_shift_left_drop may.
 */
#ifndef KEYFENCE_BLS12381_VEC_INT_H
#define KEYFENCE_BLS12381_VEC_INT_H

#include <stdint.h>

enum { BLS_LANES = 8, BLS_VEC_MUL_BITS = 52 };

#if defined(BLS_VEC_BOUND)
#include "bls12381/ifma/vec_bound_int.h"
#elif defined(BLS_VEC_PORTABLE)
#include "bls12381/ifma/vec_portable_int.h"
#else
#include "bls12381/ifma/vec_avx512_int.h"
#endif

#endif
