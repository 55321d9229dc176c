/* The Miller loop on eight lanes. */
#ifndef KEYFENCE_BLS12381_MILLER_INT_H
#define KEYFENCE_BLS12381_MILLER_INT_H

#include "bls12381/ifma/fp12_int.h"
#include "bls12381/ifma/line4_int.h"

/* How many pairs and fixed points one call takes. */
enum { BLS_MILLER_PAIRS = 16, BLS_MILLER_FIXED = 8 };

/* f = the product of the Miller values of (p[i], q[i]), i < n <= BLS_MILLER_PAIRS, and of pf[i] and
 * the point of lines[i], i < nf <= BLS_MILLER_FIXED; n + nf > 0. Gives a mask: whether every q[i],
 * which need only be on the curve, is of the subgroup. 110 kB of stack. Constant-time in the
 * points. */
uint64_t bls_miller(struct bls_fp12_lanes *f, const struct bls_g1_affine *p,
                    const struct bls_g2_affine *q, size_t n, const struct bls_g1_affine *pf,
                    const struct bls_g2_lines *const *lines, size_t nf);

#endif
