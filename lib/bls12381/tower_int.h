/* The tower over Fp: Fp2 = Fp[u]/(u^2+1), Fp6 = Fp2[v]/(v^3-xi), Fp12 = Fp6[w]/(w^2-v), xi = 1+u.
 * Constant-time. Elements are canonical in every coordinate; wide elements and "lazy" are those of
 * fp_int.h. Outputs may alias inputs. */
#ifndef KEYFENCE_BLS12381_TOWER_INT_H
#define KEYFENCE_BLS12381_TOWER_INT_H

#include "bls12381/fp_int.h"

struct bls_fp2_wide {
    struct bls_wide c0, c1;
};
struct bls_fp6_wide {
    struct bls_fp2_wide c0, c1, c2;
};

/* A line of the Miller loop, l0 + l1 v + l4 v w: three of Fp12's six coordinates over Fp2. */
struct bls_line {
    struct bls_fp2 l0, l1, l4;
};

void bls_fp2_add(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_fp2_sub(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_fp2_neg(struct bls_fp2 *out, const struct bls_fp2 *a);
void bls_fp2_double(struct bls_fp2 *out, const struct bls_fp2 *a);
/* a to the power p. */
void bls_fp2_conjugate(struct bls_fp2 *out, const struct bls_fp2 *a);
void bls_fp2_mul_xi(struct bls_fp2 *out, const struct bls_fp2 *a);
void bls_fp2_mul_fp(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp *b);
void bls_fp2_mul(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_fp2_square(struct bls_fp2 *out, const struct bls_fp2 *a);
void bls_fp2_inverse(struct bls_fp2 *out, const struct bls_fp2 *a);
/* As bls_fp_sqrt. */
uint64_t bls_fp2_sqrt(struct bls_fp2 *out, const struct bls_fp2 *a);
uint64_t bls_fp2_is_zero(const struct bls_fp2 *a);
uint64_t bls_fp2_equal(const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_fp2_select(struct bls_fp2 *out, uint64_t mask, const struct bls_fp2 *a,
                    const struct bls_fp2 *b);
/* Whether a is lexicographically larger than -a, c1 deciding before c0. */
uint64_t bls_fp2_is_larger_half(const struct bls_fp2 *a);

/* The plain sum, coordinate by coordinate: canonical + canonical = lazy 2. */
void bls_fp2_add_lazy(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
/* Each operand's coordinates lazy j, k with jk <= 4: c0 is wide mod, c1 is wide 2jk. */
void bls_fp2_mul_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
/* Canonical a: both coordinates wide 2. */
void bls_fp2_square_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a);
void bls_fp2_reduce_wide(struct bls_fp2 *out, const struct bls_fp2_wide *a);
/* Both coordinates wide mod, as are the results. */
void bls_fp2_wide_add_mod(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                          const struct bls_fp2_wide *b);
void bls_fp2_wide_sub_mod(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                          const struct bls_fp2_wide *b);
void bls_fp2_wide_mul_xi_mod(struct bls_fp2_wide *out, const struct bls_fp2_wide *a);

void bls_fp6_add(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_sub(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_neg(struct bls_fp6 *out, const struct bls_fp6 *a);
void bls_fp6_mul_v(struct bls_fp6 *out, const struct bls_fp6 *a);
void bls_fp6_mul(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_square(struct bls_fp6 *out, const struct bls_fp6 *a);
void bls_fp6_inverse(struct bls_fp6 *out, const struct bls_fp6 *a);

/* All coordinates of the results are wide mod. The sparse forms multiply by b0 + b1 v, by b1 v and
 * by b1 v + b2 v^2. */
void bls_fp6_mul_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_mul_01_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                         const struct bls_fp2 *b0, const struct bls_fp2 *b1);
void bls_fp6_mul_1_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                        const struct bls_fp2 *b1);
void bls_fp6_mul_12_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                         const struct bls_fp2 *b1, const struct bls_fp2 *b2);
void bls_fp6_wide_add_mod(struct bls_fp6_wide *out, const struct bls_fp6_wide *a,
                          const struct bls_fp6_wide *b);
void bls_fp6_wide_sub_mod(struct bls_fp6_wide *out, const struct bls_fp6_wide *a,
                          const struct bls_fp6_wide *b);
void bls_fp6_reduce_wide(struct bls_fp6 *out, const struct bls_fp6_wide *a);

void bls_fp12_one(struct bls_fp12 *out);
void bls_fp12_mul(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_fp12 *b);
void bls_fp12_square(struct bls_fp12 *out, const struct bls_fp12 *a);
void bls_fp12_inverse(struct bls_fp12 *out, const struct bls_fp12 *a);
/* a to the power p^6: c0 - c1 w; the inverse in the cyclotomic subgroup. */
void bls_fp12_conjugate(struct bls_fp12 *out, const struct bls_fp12 *a);
/* a to the power p^k, k = 1, 2 or 3. */
void bls_fp12_frobenius(struct bls_fp12 *out, const struct bls_fp12 *a, int k);
/* a line; a product of two lines. */
void bls_fp12_mul_line(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_line *l);
void bls_fp12_mul_two_lines(struct bls_fp12 *out, const struct bls_fp12 *a,
                            const struct bls_line *l, const struct bls_line *m);
/* a^2 for a of the cyclotomic subgroup (a^(p^4-p^2+1) = 1): Granger and Scott, ePrint 2009/565. */
void bls_fp12_cyclotomic_square(struct bls_fp12 *out, const struct bls_fp12 *a);
uint64_t bls_fp12_equal(const struct bls_fp12 *a, const struct bls_fp12 *b);
void bls_fp12_select(struct bls_fp12 *out, uint64_t mask, const struct bls_fp12 *a,
                     const struct bls_fp12 *b);

#endif
