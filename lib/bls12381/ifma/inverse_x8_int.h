/* Inverses in lanes. */
#ifndef KEYFENCE_BLS12381_INVERSE_X8_INT_H
#define KEYFENCE_BLS12381_INVERSE_X8_INT_H

#include "bls12381/ifma/fp8_int.h"

/* 1/a in each lane, for eight elements that are reduced and not zero: one inversion, in scalar
 * code. Constant-time. */
void bls_fp8_inverse_lanes(struct bls_fp8 *out, const struct bls_fp8 *a);

#endif
