/* Fp12 = Fp6[w]/(w^2-v). The contract is in tower_int.h. */
#include "bls12381/tower_int.h"

void bls_fp12_one(struct bls_fp12 *out)
{
    *out = (struct bls_fp12){0};
    out->c0.c0.c0 = bls_fp_one;
}

/* Given t0 = a0 b0, t1 = a1 b1 and t2 = (a0 + a1)(b0 + b1): out = (t0 + v t1) + (t2 - t0 - t1) w.
 * The exact sums: with the bounds of bls_fp6_mul_wide(), c0 within [-16, 6] + [-5, 17] u and c1 =
 * a0 b1 + a1 b0 within [-14, 6] + [-4, 16] u. */
static void finish_product(struct bls_fp12 *out, struct bls_fp6_wide *t0, struct bls_fp6_wide *t1,
                           struct bls_fp6_wide *t2)
{
    bls_fp6_wide_sub(t2, t2, t0);
    bls_fp6_wide_sub(t2, t2, t1);
    bls_fp6_reduce_wide(&out->c1, t2);
    bls_fp2_wide_add_xi(&t0->c0, &t0->c0, &t1->c2);
    bls_fp2_wide_add(&t0->c1, &t0->c1, &t1->c0);
    bls_fp2_wide_add(&t0->c2, &t0->c2, &t1->c1);
    bls_fp6_reduce_wide(&out->c0, t0);
}

void bls_fp12_mul(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_fp12 *b)
{
    struct bls_fp6_wide t0, t1, t2;
    struct bls_fp6 sa, sb;
    bls_fp6_add_lazy(&sa, &a->c0, &a->c1);
    bls_fp6_add_lazy(&sb, &b->c0, &b->c1);
    bls_fp6_mul_wide(&t0, &a->c0, &b->c0);
    bls_fp6_mul_wide(&t1, &a->c1, &b->c1);
    bls_fp6_mul_wide(&t2, &sa, &sb);
    finish_product(out, &t0, &t1, &t2);
}

/* The complex method: with t = a0 a1, c0 = (a0 + a1)(a0 + v a1) - t - v t = a0^2 + v a1^2 and
 * c1 = 2t. The difference in xi a1.c2 is corrected by p when negative, which adds (a0 + a1) p to
 * c0: within [-16, 8] + [-5, 19] u. */
void bls_fp12_square(struct bls_fp12 *out, const struct bls_fp12 *a)
{
    struct bls_fp6_wide s, t;
    struct bls_fp6 x, y;
    struct bls_fp2_wide xi;
    bls_fp6_add_lazy(&x, &a->c0, &a->c1);
    bls_fp_sub(&y.c0.c0, &a->c1.c2.c0, &a->c1.c2.c1);
    bls_fp_add_lazy(&y.c0.c1, &a->c1.c2.c0, &a->c1.c2.c1);
    bls_fp2_add_lazy(&y.c0, &y.c0, &a->c0.c0);
    bls_fp2_add_lazy(&y.c1, &a->c0.c1, &a->c1.c0);
    bls_fp2_add_lazy(&y.c2, &a->c0.c2, &a->c1.c1);
    bls_fp6_mul_wide(&s, &x, &y);
    bls_fp6_mul_wide(&t, &a->c0, &a->c1);
    bls_fp6_wide_sub(&s, &s, &t);
    bls_fp2_wide_mul_xi(&xi, &t.c2);
    bls_fp2_wide_sub(&s.c0, &s.c0, &xi);
    bls_fp2_wide_sub(&s.c1, &s.c1, &t.c0);
    bls_fp2_wide_sub(&s.c2, &s.c2, &t.c1);
    bls_fp6_reduce_wide(&out->c0, &s);
    bls_fp6_wide_add(&t, &t, &t);
    bls_fp6_reduce_wide(&out->c1, &t);
}

/* 1/(a0 + a1 w) = (a0 - a1 w) / (a0^2 - v a1^2) */
void bls_fp12_inverse(struct bls_fp12 *out, const struct bls_fp12 *a)
{
    struct bls_fp6 s, t;
    bls_fp6_square(&s, &a->c0);
    bls_fp6_square(&t, &a->c1);
    bls_fp6_mul_v(&t, &t);
    bls_fp6_sub(&s, &s, &t);
    bls_fp6_inverse(&s, &s);
    bls_fp6_mul(&out->c0, &a->c0, &s);
    bls_fp6_mul(&out->c1, &a->c1, &s);
    bls_fp6_neg(&out->c1, &out->c1);
}

void bls_fp12_conjugate(struct bls_fp12 *out, const struct bls_fp12 *a)
{
    out->c0 = a->c0;
    bls_fp6_neg(&out->c1, &a->c1);
}

/* (sum of a_i w^i)^(p^k) = sum of a_i^(p^k) g_i w^i with the constants g_i = xi^(i (p^k-1)/6). */
void bls_fp12_frobenius(struct bls_fp12 *out, const struct bls_fp12 *a, int k)
{
    const struct bls_fp2 *g = k == 1 ? bls_frobenius1 : k == 2 ? bls_frobenius2 : bls_frobenius3;
    const struct bls_fp2 *in[6] = {&a->c0.c0, &a->c1.c0, &a->c0.c1,
                                   &a->c1.c1, &a->c0.c2, &a->c1.c2};
    struct bls_fp2 *to[6] = {&out->c0.c0, &out->c1.c0, &out->c0.c1,
                             &out->c1.c1, &out->c0.c2, &out->c1.c2};
    for (int i = 0; i < 6; i++) {
        struct bls_fp2 t = *in[i];
        if (k != 2) {
            bls_fp2_conjugate(&t, &t);
        }
        if (i == 0) {
            *to[i] = t;
        } else if (k == 2) {
            bls_fp2_mul_fp(to[i], &t, &g[i - 1].c0); /* the constants for p^2 lie in Fp */
        } else {
            bls_fp2_mul(to[i], &t, &g[i - 1]);
        }
    }
}

/* (a0 + a1 w)((l0 + l1 v) + l4 v w) */
void bls_fp12_mul_line(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_line *l)
{
    struct bls_fp6_wide t0, t1, t2;
    struct bls_fp6 sa;
    struct bls_fp2 s;
    bls_fp6_add_lazy(&sa, &a->c0, &a->c1);
    bls_fp2_add_lazy(&s, &l->l1, &l->l4);
    bls_fp6_mul_01_wide(&t0, &a->c0, &l->l0, &l->l1);
    bls_fp6_mul_1_wide(&t1, &a->c1, &l->l4);
    bls_fp6_mul_01_wide(&t2, &sa, &l->l0, &s);
    finish_product(out, &t0, &t1, &t2);
}

/* x y' + x' y, given v = x y and v' = x' y'. */
static void cross(struct bls_fp2 *out, const struct bls_fp2 *x, const struct bls_fp2 *x2,
                  const struct bls_fp2 *y, const struct bls_fp2 *y2, const struct bls_fp2_wide *v,
                  const struct bls_fp2_wide *v2)
{
    struct bls_fp2 sx, sy;
    struct bls_fp2_wide t;
    bls_fp2_add_lazy(&sx, x, x2);
    bls_fp2_add_lazy(&sy, y, y2);
    bls_fp2_mul_wide(&t, &sx, &sy);
    bls_fp2_wide_sub(&t, &t, v);
    bls_fp2_wide_sub(&t, &t, v2);
    bls_fp2_reduce_wide(out, &t);
}

/* First the product of the lines, which has five of the six coordinates:
 *   (l0 m0 + xi l4 m4) + (l0 m1 + l1 m0) v + l1 m1 v^2 + ((l0 m4 + l4 m0) v + (l1 m4 + l4 m1) v^2)
 * w
 */
void bls_fp12_mul_two_lines(struct bls_fp12 *out, const struct bls_fp12 *a,
                            const struct bls_line *l, const struct bls_line *m)
{
    struct bls_fp2_wide v0, v1, v4, t;
    struct bls_fp6 b0;
    struct bls_fp2 d, e;
    bls_fp2_mul_wide(&v0, &l->l0, &m->l0);
    bls_fp2_mul_wide(&v1, &l->l1, &m->l1);
    bls_fp2_mul_wide(&v4, &l->l4, &m->l4);
    bls_fp2_wide_add_xi(&t, &v0, &v4);
    bls_fp2_reduce_wide(&b0.c0, &t);
    cross(&b0.c1, &l->l0, &l->l1, &m->l0, &m->l1, &v0, &v1);
    bls_fp2_reduce_wide(&b0.c2, &v1);
    cross(&d, &l->l0, &l->l4, &m->l0, &m->l4, &v0, &v4);
    cross(&e, &l->l1, &l->l4, &m->l1, &m->l4, &v1, &v4);

    struct bls_fp6_wide t0, t1, t2;
    struct bls_fp6 sa, sb;
    sb.c0 = b0.c0;
    bls_fp2_add_lazy(&sb.c1, &b0.c1, &d);
    bls_fp2_add_lazy(&sb.c2, &b0.c2, &e);
    bls_fp6_add_lazy(&sa, &a->c0, &a->c1);
    bls_fp6_mul_wide(&t0, &a->c0, &b0);
    bls_fp6_mul_12_wide(&t1, &a->c1, &d, &e);
    bls_fp6_mul_wide(&t2, &sa, &sb);
    finish_product(out, &t0, &t1, &t2);
}

/* (a + b s)^2 = (a^2 + xi b^2) + 2ab s in Fp4 = Fp2[s]/(s^2-xi): within [-2, 8] + [0, 8] u and
 * [-8, 9] + [0, 4] u. */
static void fp4_square(struct bls_fp2 *c0, struct bls_fp2 *c1, const struct bls_fp2 *a,
                       const struct bls_fp2 *b)
{
    struct bls_fp2_wide aa, bb, t;
    struct bls_fp2 sum;
    bls_fp2_square_wide(&aa, a);
    bls_fp2_square_wide(&bb, b);
    bls_fp2_add_lazy(&sum, a, b);
    bls_fp2_square_wide(&t, &sum);
    bls_fp2_wide_sub(&t, &t, &aa);
    bls_fp2_wide_sub(&t, &t, &bb);
    bls_fp2_reduce_wide(c1, &t);
    bls_fp2_wide_add_xi(&aa, &aa, &bb);
    bls_fp2_reduce_wide(c0, &aa);
}

/* out = 3t - 2a and out = 3t + 2a */
static void triple_minus(struct bls_fp2 *out, const struct bls_fp2 *t, const struct bls_fp2 *a)
{
    struct bls_fp2 d;
    bls_fp2_sub(&d, t, a);
    bls_fp2_double(&d, &d);
    bls_fp2_add(out, &d, t);
}

static void triple_plus(struct bls_fp2 *out, const struct bls_fp2 *t, const struct bls_fp2 *a)
{
    struct bls_fp2 d;
    bls_fp2_add(&d, t, a);
    bls_fp2_double(&d, &d);
    bls_fp2_add(out, &d, t);
}

/* Over Fp4 = Fp2(w^3) the element is A + B w + C w^2; its square in the cyclotomic subgroup is
 * (3A^2 - 2A') + (3 s C^2 + 2B') w + (3B^2 - 2C') w^2, s = w^3, X' the conjugate of X over Fp2. */
void bls_fp12_cyclotomic_square(struct bls_fp12 *out, const struct bls_fp12 *a)
{
    struct bls_fp2 t0, t1, t2, t3;
    struct bls_fp12 r;
    fp4_square(&t0, &t1, &a->c0.c0, &a->c1.c1);
    triple_minus(&r.c0.c0, &t0, &a->c0.c0);
    triple_plus(&r.c1.c1, &t1, &a->c1.c1);
    fp4_square(&t0, &t1, &a->c1.c0, &a->c0.c2);
    fp4_square(&t2, &t3, &a->c0.c1, &a->c1.c2);
    triple_minus(&r.c0.c1, &t0, &a->c0.c1);
    triple_plus(&r.c1.c2, &t1, &a->c1.c2);
    bls_fp2_mul_xi(&t3, &t3);
    triple_plus(&r.c1.c0, &t3, &a->c1.c0);
    triple_minus(&r.c0.c2, &t2, &a->c0.c2);
    *out = r;
}

static uint64_t fp6_equal(const struct bls_fp6 *a, const struct bls_fp6 *b)
{
    return bls_fp2_equal(&a->c0, &b->c0) & bls_fp2_equal(&a->c1, &b->c1) &
           bls_fp2_equal(&a->c2, &b->c2);
}

static void fp6_select(struct bls_fp6 *out, uint64_t mask, const struct bls_fp6 *a,
                       const struct bls_fp6 *b)
{
    bls_fp2_select(&out->c0, mask, &a->c0, &b->c0);
    bls_fp2_select(&out->c1, mask, &a->c1, &b->c1);
    bls_fp2_select(&out->c2, mask, &a->c2, &b->c2);
}

uint64_t bls_fp12_equal(const struct bls_fp12 *a, const struct bls_fp12 *b)
{
    return fp6_equal(&a->c0, &b->c0) & fp6_equal(&a->c1, &b->c1);
}

void bls_fp12_select(struct bls_fp12 *out, uint64_t mask, const struct bls_fp12 *a,
                     const struct bls_fp12 *b)
{
    fp6_select(&out->c0, mask, &a->c0, &b->c0);
    fp6_select(&out->c1, mask, &a->c1, &b->c1);
}
