/* Inverses in lanes, all with one inversion (Montgomery's trick): over the vectors in lanes, over
 * the eight lanes of the last product in scalar code. Constant-time. */
#ifndef KEYFENCE_BLS12381_INVERSE_X8_INT_H
#define KEYFENCE_BLS12381_INVERSE_X8_INT_H

#include "bls12381/ifma/fp8_int.h"

enum { BLS_FP8_INVERSES = 32 }; /* vectors, at most */

/* a[i] becomes 1/a[i] in each lane, and zero where it is zero; reduced or carried elements. */
void bls_fp8_inverses(struct bls_fp8 *a, size_t vectors);

#endif
