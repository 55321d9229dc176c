/* Inverses in lanes, all with one inversion (Montgomery's trick) over the vectors and over the
 * lanes; only that one is scalar code. Constant-time. */
#ifndef KEYFENCE_BLS12381_INVERSE_X8_INT_H
#define KEYFENCE_BLS12381_INVERSE_X8_INT_H

#include "bls12381/ifma/fp2x8_int.h"

enum { BLS_FP8_INVERSES = 32 }; /* vectors, at most */

/* a[i] becomes 1/a[i] in each lane, and zero where it is zero; reduced or carried elements. */
void bls_fp8_inverses(struct bls_fp8 *a, size_t vectors);
/* The same in Fp2: carried to carried. */
void bls_fp2x8_inverses(struct bls_fp2x8 *a, size_t vectors);

#endif
