/* Made by constants.py: do not edit. Residues are of the lanes' form (fp8_int.h). */
#ifndef KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H
#define KEYFENCE_BLS12381_IFMA_CONSTANTS_INT_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* clang-format off */

/* p */
extern const uint64_t bls_fp8_p[8];
/* -1/p modulo 2^50 */
extern const uint64_t bls_fp8_p_inv;
/* 2^50 - 1 */
extern const uint64_t bls_fp8_mask;
/* 2^-50 modulo p */
extern const uint64_t bls_fp8_fold[8];
/* a multiple of p, each limb at least that of a canonical element */
extern const uint64_t bls_fp8_above_canonical[8];
/* a multiple of p, each limb at least that of a reduced element */
extern const uint64_t bls_fp8_above_1[8];
/* the same for the sum of two reduced elements */
extern const uint64_t bls_fp8_above_2[8];
/* the same for a carried element, whose top limb may be larger */
extern const uint64_t bls_fp8_above_high[8];
/* a multiple of p, to be added to the upper columns of a wide element: at least 2^61, and 2^33 in the top one */
extern const uint64_t bls_fp8_above_wide[8];
/* 2^750: the top limb's weight as a residue */
extern const uint64_t bls_fp8_top[8];
/* -2^750: the same, to be subtracted */
extern const uint64_t bls_fp8_top_negative[8];
/* 1 */
extern const uint64_t bls_fp8_one[8];
/* 2^416: turns the residue with factor 2^384 into the one with factor 2^400 */
extern const uint64_t bls_fp8_from_fp[8];
/* 2^384: and back */
extern const uint64_t bls_fp8_to_fp[8];
/* a multiple of p, each limb at least that of a carried one with a top limb of 40 bits */
extern const uint64_t bls_fp8_above_far[8];
/* s^2 2^416: see bls_fp8_from_fp */
extern const uint64_t bls_fp8_from_fp_s2[8];
/* s^3 2^416: see bls_fp8_from_fp */
extern const uint64_t bls_fp8_from_fp_s3[8];
/* s^1 2^384: see bls_fp8_to_fp */
extern const uint64_t bls_fp8_to_fp_s1[8];
/* s^3 2^384: see bls_fp8_to_fp */
extern const uint64_t bls_fp8_to_fp_s3[8];
/* s^-2 2^384: see bls_fp8_to_fp */
extern const uint64_t bls_fp8_to_fp_over_s2[8];
/* s^-3 2^384: see bls_fp8_to_fp */
extern const uint64_t bls_fp8_to_fp_over_s3[8];
/* (beta x, y) = [-x^2](x, y) on G1 */
extern const uint64_t bls_fp8_beta[8];
/* the isogenous curve y^2 = x^3 + A x + B */
extern const uint64_t bls_fp8_sswu_a[8];
/* B */
extern const uint64_t bls_fp8_sswu_b[8];
/* 3 B */
extern const uint64_t bls_fp8_sswu_b3[8];
/* Z = 11 */
extern const uint64_t bls_fp8_sswu_z[8];
/* sqrt(-Z) */
extern const uint64_t bls_fp8_sswu_c2[8];
/* the isogeny: coefficients from x^0 up */
extern const uint64_t bls_fp8_iso_x_num[12][8];
/* the isogeny: coefficients from x^0 up */
extern const uint64_t bls_fp8_iso_x_den[11][8];
/* the isogeny: coefficients from x^0 up */
extern const uint64_t bls_fp8_iso_y_num[16][8];
/* the isogeny: coefficients from x^0 up */
extern const uint64_t bls_fp8_iso_y_den[16][8];
/* the exponent (p - 3)/4: so many squarings, then times so many-th power; at the end, one squaring */
extern const uint8_t bls_fp8_sqrt_steps[67][2];

/* clang-format on */

#pragma GCC visibility pop

#endif
