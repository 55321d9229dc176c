/* Fp6 = Fp2[v]/(v^3-xi). The contract is in tower_int.h. */
#include "bls12381/tower_int.h"

void bls_fp6_add(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    bls_fp2_add(&out->c0, &a->c0, &b->c0);
    bls_fp2_add(&out->c1, &a->c1, &b->c1);
    bls_fp2_add(&out->c2, &a->c2, &b->c2);
}

void bls_fp6_add_lazy(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    bls_fp2_add_lazy(&out->c0, &a->c0, &b->c0);
    bls_fp2_add_lazy(&out->c1, &a->c1, &b->c1);
    bls_fp2_add_lazy(&out->c2, &a->c2, &b->c2);
}

void bls_fp6_sub(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    bls_fp2_sub(&out->c0, &a->c0, &b->c0);
    bls_fp2_sub(&out->c1, &a->c1, &b->c1);
    bls_fp2_sub(&out->c2, &a->c2, &b->c2);
}

void bls_fp6_neg(struct bls_fp6 *out, const struct bls_fp6 *a)
{
    bls_fp2_neg(&out->c0, &a->c0);
    bls_fp2_neg(&out->c1, &a->c1);
    bls_fp2_neg(&out->c2, &a->c2);
}

/* v (a0 + a1 v + a2 v^2) = xi a2 + a0 v + a1 v^2 */
void bls_fp6_mul_v(struct bls_fp6 *out, const struct bls_fp6 *a)
{
    struct bls_fp2 t;
    bls_fp2_mul_xi(&t, &a->c2);
    out->c2 = a->c1;
    out->c1 = a->c0;
    out->c0 = t;
}

void bls_fp6_wide_add(struct bls_fp6_wide *out, const struct bls_fp6_wide *a,
                      const struct bls_fp6_wide *b)
{
    bls_fp2_wide_add(&out->c0, &a->c0, &b->c0);
    bls_fp2_wide_add(&out->c1, &a->c1, &b->c1);
    bls_fp2_wide_add(&out->c2, &a->c2, &b->c2);
}

void bls_fp6_wide_sub(struct bls_fp6_wide *out, const struct bls_fp6_wide *a,
                      const struct bls_fp6_wide *b)
{
    bls_fp2_wide_sub(&out->c0, &a->c0, &b->c0);
    bls_fp2_wide_sub(&out->c1, &a->c1, &b->c1);
    bls_fp2_wide_sub(&out->c2, &a->c2, &b->c2);
}

void bls_fp6_reduce_wide(struct bls_fp6 *out, const struct bls_fp6_wide *a)
{
    bls_fp2_reduce_wide(&out->c0, &a->c0);
    bls_fp2_reduce_wide(&out->c1, &a->c1);
    bls_fp2_reduce_wide(&out->c2, &a->c2);
}

/* a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - v0 - v1 for v0 = a0 b0, v1 = a1 b1. */
static void cross_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a0, const struct bls_fp2 *a1,
                       const struct bls_fp2 *b0, const struct bls_fp2 *b1,
                       const struct bls_fp2_wide *v0, const struct bls_fp2_wide *v1)
{
    struct bls_fp2 sa, sb;
    bls_fp2_add_lazy(&sa, a0, a1);
    bls_fp2_add_lazy(&sb, b0, b1);
    bls_fp2_mul_wide(out, &sa, &sb);
    bls_fp2_wide_sub(out, out, v0);
    bls_fp2_wide_sub(out, out, v1);
}

/* Karatsuba (Devegili et al., ePrint 2006/471, section 4), with v_i = a_i b_i:
 *   c0 = v0 + xi ((a1 + a2)(b1 + b2) - v1 - v2)
 *   c1 = (a0 + a1)(b0 + b1) - v0 - v1 + xi v2
 *   c2 = (a0 + a2)(b0 + b2) - v0 - v2 + v1 */
void bls_fp6_mul_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    struct bls_fp2_wide v0, v1, v2, t;
    bls_fp2_mul_wide(&v0, &a->c0, &b->c0);
    bls_fp2_mul_wide(&v1, &a->c1, &b->c1);
    bls_fp2_mul_wide(&v2, &a->c2, &b->c2);
    cross_wide(&t, &a->c1, &a->c2, &b->c1, &b->c2, &v1, &v2);
    bls_fp2_wide_add_xi(&out->c0, &v0, &t);
    cross_wide(&t, &a->c0, &a->c1, &b->c0, &b->c1, &v0, &v1);
    bls_fp2_wide_add_xi(&out->c1, &t, &v2);
    cross_wide(&t, &a->c0, &a->c2, &b->c0, &b->c2, &v0, &v2);
    bls_fp2_wide_add(&out->c2, &t, &v1);
}

/* c0 = v0 + xi a2 b1, c1 = (a0 + a1)(b0 + b1) - v0 - v1, c2 = a2 b0 + v1 */
void bls_fp6_mul_01_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                         const struct bls_fp2 *b0, const struct bls_fp2 *b1)
{
    struct bls_fp2_wide v0, v1, t;
    bls_fp2_mul_wide(&v0, &a->c0, b0);
    bls_fp2_mul_wide(&v1, &a->c1, b1);
    bls_fp2_mul_wide(&t, &a->c2, b1);
    bls_fp2_wide_add_xi(&out->c0, &v0, &t);
    cross_wide(&out->c1, &a->c0, &a->c1, b0, b1, &v0, &v1);
    bls_fp2_mul_wide(&t, &a->c2, b0);
    bls_fp2_wide_add(&out->c2, &t, &v1);
}

/* c0 = xi a2 b1, c1 = a0 b1, c2 = a1 b1 */
void bls_fp6_mul_1_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a, const struct bls_fp2 *b1)
{
    struct bls_fp2_wide t;
    bls_fp2_mul_wide(&t, &a->c2, b1);
    bls_fp2_wide_mul_xi(&out->c0, &t);
    bls_fp2_mul_wide(&out->c1, &a->c0, b1);
    bls_fp2_mul_wide(&out->c2, &a->c1, b1);
}

/* c0 = xi (a1 b2 + a2 b1), c1 = a0 b1 + xi v2, c2 = a0 b2 + v1 */
void bls_fp6_mul_12_wide(struct bls_fp6_wide *out, const struct bls_fp6 *a,
                         const struct bls_fp2 *b1, const struct bls_fp2 *b2)
{
    struct bls_fp2_wide v1, v2, t;
    bls_fp2_mul_wide(&v1, &a->c1, b1);
    bls_fp2_mul_wide(&v2, &a->c2, b2);
    cross_wide(&t, &a->c1, &a->c2, b1, b2, &v1, &v2);
    bls_fp2_wide_mul_xi(&out->c0, &t);
    bls_fp2_mul_wide(&t, &a->c0, b1);
    bls_fp2_wide_add_xi(&out->c1, &t, &v2);
    bls_fp2_mul_wide(&t, &a->c0, b2);
    bls_fp2_wide_add(&out->c2, &t, &v1);
}

void bls_fp6_mul(struct bls_fp6 *out, const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    struct bls_fp6_wide w;
    bls_fp6_mul_wide(&w, a, b);
    bls_fp6_reduce_wide(out, &w);
}

void bls_fp6_square(struct bls_fp6 *out, const struct bls_fp6 *a)
{
    bls_fp6_mul(out, a, a);
}

/* With t0 = a0^2 - xi a1 a2, t1 = xi a2^2 - a0 a1, t2 = a1^2 - a0 a2 the inverse is
 * (t0 + t1 v + t2 v^2) / (a0 t0 + xi (a2 t1 + a1 t2)). */
void bls_fp6_inverse(struct bls_fp6 *out, const struct bls_fp6 *a)
{
    struct bls_fp2 t0, t1, t2, s, d;
    bls_fp2_square(&t0, &a->c0);
    bls_fp2_mul(&s, &a->c1, &a->c2);
    bls_fp2_mul_xi(&s, &s);
    bls_fp2_sub(&t0, &t0, &s);
    bls_fp2_square(&t1, &a->c2);
    bls_fp2_mul_xi(&t1, &t1);
    bls_fp2_mul(&s, &a->c0, &a->c1);
    bls_fp2_sub(&t1, &t1, &s);
    bls_fp2_square(&t2, &a->c1);
    bls_fp2_mul(&s, &a->c0, &a->c2);
    bls_fp2_sub(&t2, &t2, &s);

    bls_fp2_mul(&d, &a->c2, &t1);
    bls_fp2_mul(&s, &a->c1, &t2);
    bls_fp2_add(&d, &d, &s);
    bls_fp2_mul_xi(&d, &d);
    bls_fp2_mul(&s, &a->c0, &t0);
    bls_fp2_add(&d, &d, &s);
    bls_fp2_inverse(&d, &d);
    bls_fp2_mul(&out->c0, &t0, &d);
    bls_fp2_mul(&out->c1, &t1, &d);
    bls_fp2_mul(&out->c2, &t2, &d);
}
