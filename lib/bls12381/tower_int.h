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
void bls_fp2_inverse(struct bls_fp2 *out, const struct bls_fp2 *a);
/* As bls_fp_sqrt. */
uint64_t bls_fp2_sqrt(struct bls_fp2 *out, const struct bls_fp2 *a);
uint64_t bls_fp2_is_zero(const struct bls_fp2 *a);
uint64_t bls_fp2_equal(const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_fp2_select(struct bls_fp2 *out, uint64_t mask, const struct bls_fp2 *a,
                    const struct bls_fp2 *b);
/* Whether a is lexicographically larger than -a, c1 deciding before c0. */
uint64_t bls_fp2_is_larger_half(const struct bls_fp2 *a);

/* The kernels: each path has its own (path_int.h). Bounds in units of p^2. */

/* Each operand's coordinates lazy j, k with jk <= 4 and j, k <= 4; canonical. */
static inline void bls_fp2_mul(struct bls_fp2 *out, const struct bls_fp2 *a,
                               const struct bls_fp2 *b)
{
    bls_kernels->fp2_mul(out, a, b);
}

/* Canonical to canonical. */
static inline void bls_fp2_square(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    bls_kernels->fp2_square(out, a);
}

/* The sum of an operand's two coordinates below 2^384. With lazy j, k: c0 in [-jk, jk], c1 in
 * [0, 2jk], signed. out overlaps neither operand. */
static inline void bls_fp2_mul_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a,
                                    const struct bls_fp2 *b)
{
    bls_kernels->fp2_mul_wide(out, a, b);
}

/* Lazy 2: c0 in [0, 9], c1 in [0, 8]. Canonical: c0 in [0, 4], c1 in [0, 2]. */
static inline void bls_fp2_square_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a)
{
    bls_kernels->fp2_square_wide(out, a);
}

/* Signed to canonical: c0 in [-19.6, 9.8] (-2 to 1 times p 2^384), c1 in [-9.8, 19.6]: differences
 * and the multiplication by xi make real parts negative and imaginary ones positive. */
static inline void bls_fp2_reduce_wide(struct bls_fp2 *out, const struct bls_fp2_wide *w)
{
    bls_kernels->fp2_reduce_wide(out, w);
}

/* The plain sum, coordinate by coordinate: canonical + canonical = lazy 2. */
void bls_fp2_add_lazy(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
/* Signed. */
void bls_fp2_wide_add(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                      const struct bls_fp2_wide *b);
void bls_fp2_wide_sub(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                      const struct bls_fp2_wide *b);
void bls_fp2_wide_mul_xi(struct bls_fp2_wide *out, const struct bls_fp2_wide *a);
/* a + xi b */
void bls_fp2_wide_add_xi(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                         const struct bls_fp2_wide *b);

void bls_fp6_add(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_add_lazy(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_sub(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_neg(struct bls_fp6 *out, const struct bls_fp6 *a);
void bls_fp6_mul_v(struct bls_fp6 *out, const struct bls_fp6 *a);
void bls_fp6_mul(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_square(struct bls_fp6 *out, const struct bls_fp6 *a);
void bls_fp6_inverse(struct bls_fp6 *out, const struct bls_fp6 *a);

/* Operands lazy 2, but an imaginary part of b0 may be lazy 3. The sparse forms multiply by b0 + b1
 * v, by b1 v and by b1 v + b2 v^2. The results are the exact sums of products, signed; of canonical
 * operands
 *   c0 in [-7, 3] + [-2, 8] u,   c1 in [-5, 3] + [-1, 7] u,   c2 in [-3, 3] + [0, 6] u */
void bls_fp6_mul_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a, const struct bls_fp6 *b);
void bls_fp6_mul_01_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                         const struct bls_fp2 *b0, const struct bls_fp2 *b1);
void bls_fp6_mul_1_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                        const struct bls_fp2 *b1);
void bls_fp6_mul_12_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                         const struct bls_fp2 *b1, const struct bls_fp2 *b2);
void bls_fp6_wide_add(struct bls_fp6_wide *out, const struct bls_fp6_wide *a,
                      const struct bls_fp6_wide *b);
void bls_fp6_wide_sub(struct bls_fp6_wide *out, const struct bls_fp6_wide *a,
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
