/* One element of Fp12 across the lanes: for what comes one after the other and not eight at a time,
 * the accumulation of the Miller loop and the final exponentiation.
 *
 * Over Fp4 = Fp2[s]/(s^2 - xi), s = w^3, the element is A0 + A1 w + A2 w^2 with
 *
 *   A0 = c0.c0 + c1.c1 s,   A1 = c1.c0 + c0.c2 s,   A2 = c0.c1 + c1.c2 s
 *
 * and its coordinates lie in two vectors of six lanes, three of Fp2 with the real part first:
 *
 *   m: c0.c0, c0.c1, c0.c2        p: c1.c1, c1.c2, c1.c0
 *
 * which are the coordinates that are negated and not in Granger and Scott's squaring (ePrint
 * 2009/565). Lanes 6 and 7 hold zero or nonsense that stays in range. Coordinates are reduced
 * before and after. Constant-time. Outputs may be inputs. */
#ifndef KEYFENCE_BLS12381_FP12_INT_H
#define KEYFENCE_BLS12381_FP12_INT_H

#include "bls12381/ifma/fp12x8_int.h"

struct bls_fp12_lanes {
    struct bls_fp8 m, p;
};

void bls_fp12_lanes_mul(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a,
                        const struct bls_fp12_lanes *b);
void bls_fp12_lanes_square(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a);
/* For an element of the cyclotomic subgroup. */
void bls_fp12_lanes_cyclotomic_square(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a);
void bls_fp12_lanes_conjugate(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a);

void bls_fp12_lanes_load(struct bls_fp12_lanes *out, const struct bls_fp12 *a);
void bls_fp12_lanes_store(struct bls_fp12 *out, const struct bls_fp12_lanes *a);
/* The eight elements of a, apart. */
void bls_fp12_lanes_split(struct bls_fp12_lanes out[static BLS_LANES], const struct bls_fp12x8 *a);

#endif
