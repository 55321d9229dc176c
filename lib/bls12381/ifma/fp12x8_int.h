/* Eight elements of Fp12 at once, one a lane: Fp6 = Fp2[v]/(v^3-(1+u)), Fp12 = Fp6[w]/(w^2-v), as
 * in tower_int.h. Coordinates are carried before, with top limbs below 2^36, and after; of products
 * that do not say otherwise, reduced after. Products are taken wide (Karatsuba at every level) and
 * each of the twelve coordinates is reduced once. Constant-time. */
#ifndef KEYFENCE_BLS12381_FP12X8_INT_H
#define KEYFENCE_BLS12381_FP12X8_INT_H

#include "bls12381/ifma/fp2x8_int.h"

struct bls_fp6x8 {
    struct bls_fp2x8 c0, c1, c2;
};
struct bls_fp6x8_wide {
    struct bls_fp2x8_wide c0, c1, c2;
};
struct bls_fp12x8 {
    struct bls_fp6x8 c0, c1;
};

/* A line of the Miller loop, l0 + l1 v + l4 v w; coordinates carried, top limbs below 2^38. */
struct bls_linex8 {
    struct bls_fp2x8 l0, l1, l4;
};
/* A product of two lines: c0 + (d v + e v^2) w. */
struct bls_line_pairx8 {
    struct bls_fp6x8 c0;
    struct bls_fp2x8 d, e;
};
/* A line of a fixed point, l0 + l1 v + v w. */
struct bls_fixed_linex8 {
    struct bls_fp2x8 l0, l1;
};

void bls_fp12x8_mul(struct bls_fp12x8 *out, const struct bls_fp12x8 *a, const struct bls_fp12x8 *b);
void bls_linex8_mul(struct bls_line_pairx8 *out, const struct bls_linex8 *l,
                    const struct bls_linex8 *m);
void bls_line_pairx8_mul(struct bls_fp12x8 *out, const struct bls_line_pairx8 *a,
                         const struct bls_line_pairx8 *b);
void bls_line_pairx8_mul_line(struct bls_fp12x8 *out, const struct bls_line_pairx8 *a,
                              const struct bls_linex8 *l);
/* out = l[0] l[1] l[2]; top limbs of lines below 2^32, which bls_fp2x8_mul_fp gives for a reduced
 * and a loaded operand. */
void bls_fixed_linex8_mul_three(struct bls_fp12x8 *out, const struct bls_fixed_linex8 l[static 3]);
/* out = a b. */
void bls_fp12x8_mul_pair(struct bls_fp12x8 *out, const struct bls_fp12x8 *a,
                         const struct bls_line_pairx8 *b);
void bls_fp12x8_mul_line(struct bls_fp12x8 *out, const struct bls_fp12x8 *a,
                         const struct bls_linex8 *l);

#endif
