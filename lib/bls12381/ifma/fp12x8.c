/* Fp12 in lanes. The contract is in fp12x8_int.h. */
#include "bls12381/ifma/fp12x8_int.h"

/* a b, both sums or carried: x y' + x' y = (x + x')(y + y') - v - v', given v = x y, v' = x' y'. */
static void cross_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *x,
                       const struct bls_fp2x8 *x2, const struct bls_fp2x8 *y,
                       const struct bls_fp2x8 *y2, const struct bls_fp2x8_wide *v,
                       const struct bls_fp2x8_wide *v2)
{
    struct bls_fp2x8 sx, sy;
    bls_fp2x8_add(&sx, x, x2);
    bls_fp2x8_add(&sy, y, y2);
    bls_fp2x8_mul_sums_wide(out, &sx, &sy);
    bls_fp2x8_wide_sub_both(out, out, v, v2);
}

/* c0 = v0 + xi (a1 b2 + a2 b1), c1 = (a0 b1 + a1 b0) + xi v2, c2 = (a0 b2 + a2 b0) + v1 */
static void fp6_mul_wide(struct bls_fp6x8_wide *restrict out, const struct bls_fp6x8 *a,
                         const struct bls_fp6x8 *b)
{
    struct bls_fp2x8_wide v0, v1, v2, t;
    bls_fp2x8_mul_wide(&v0, &a->c0, &b->c0);
    bls_fp2x8_mul_wide(&v1, &a->c1, &b->c1);
    bls_fp2x8_mul_wide(&v2, &a->c2, &b->c2);
    cross_wide(&t, &a->c1, &a->c2, &b->c1, &b->c2, &v1, &v2);
    bls_fp2x8_wide_add_xi(&out->c0, &v0, &t);
    cross_wide(&t, &a->c0, &a->c1, &b->c0, &b->c1, &v0, &v1);
    bls_fp2x8_wide_add_xi(&out->c1, &t, &v2);
    cross_wide(&out->c2, &a->c0, &a->c2, &b->c0, &b->c2, &v0, &v2);
    bls_fp2x8_wide_add(&out->c2, &out->c2, &v1);
}

/* Times b0 + b1 v: c0 = v0 + xi a2 b1, c1 = a0 b1 + a1 b0, c2 = a2 b0 + v1 */
static void fp6_mul_01_wide(struct bls_fp6x8_wide *restrict out, const struct bls_fp6x8 *a,
                            const struct bls_fp2x8 *b0, const struct bls_fp2x8 *b1)
{
    struct bls_fp2x8_wide v0, v1, t;
    bls_fp2x8_mul_wide(&v0, &a->c0, b0);
    bls_fp2x8_mul_wide(&v1, &a->c1, b1);
    bls_fp2x8_mul_wide(&t, &a->c2, b1);
    bls_fp2x8_wide_add_xi(&out->c0, &v0, &t);
    cross_wide(&out->c1, &a->c0, &a->c1, b0, b1, &v0, &v1);
    bls_fp2x8_mul_wide(&out->c2, &a->c2, b0);
    bls_fp2x8_wide_add(&out->c2, &out->c2, &v1);
}

/* Times d v + e v^2: c0 = xi (a1 e + a2 d), c1 = a0 d + xi a2 e, c2 = a0 e + a1 d */
static void fp6_mul_12_wide(struct bls_fp6x8_wide *restrict out, const struct bls_fp6x8 *a,
                            const struct bls_fp2x8 *d, const struct bls_fp2x8 *e)
{
    struct bls_fp2x8_wide v1, v2, t;
    struct bls_fp8_wide zero;
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        zero.column[i] = bls_vec_zero();
    }
    bls_fp2x8_mul_wide(&v1, &a->c1, d);
    bls_fp2x8_mul_wide(&v2, &a->c2, e);
    cross_wide(&t, &a->c1, &a->c2, d, e, &v1, &v2);
    out->c0 = (struct bls_fp2x8_wide){zero, zero};
    bls_fp2x8_wide_add_xi(&out->c0, &out->c0, &t);
    bls_fp2x8_mul_wide(&t, &a->c0, d);
    bls_fp2x8_wide_add_xi(&out->c1, &t, &v2);
    bls_fp2x8_mul_wide(&out->c2, &a->c0, e);
    bls_fp2x8_wide_add(&out->c2, &out->c2, &v1);
}

/* Sums of two elements, carried so that they can be summed again. */
static void fp6_sum(struct bls_fp6x8 *out, const struct bls_fp6x8 *a, const struct bls_fp6x8 *b)
{
    bls_fp2x8_add(&out->c0, &a->c0, &b->c0);
    bls_fp2x8_add(&out->c1, &a->c1, &b->c1);
    bls_fp2x8_add(&out->c2, &a->c2, &b->c2);
    bls_fp2x8_carry(&out->c0, &out->c0);
    bls_fp2x8_carry(&out->c1, &out->c1);
    bls_fp2x8_carry(&out->c2, &out->c2);
}

static void fp2_sum(struct bls_fp2x8 *out, const struct bls_fp2x8 *a, const struct bls_fp2x8 *b)
{
    bls_fp2x8_add(out, a, b);
    bls_fp2x8_carry(out, out);
}

/* Given t0 = a0 b0, t1 = a1 b1 and t2 = (a0 + a1)(b0 + b1): out = t0 + v t1 + (t2 - t0 - t1) w. */
static void finish_product(struct bls_fp12x8 *out, struct bls_fp6x8_wide *t0,
                           const struct bls_fp6x8_wide *t1, struct bls_fp6x8_wide *t2)
{
    bls_fp2x8_wide_sub_both(&t2->c0, &t2->c0, &t0->c0, &t1->c0);
    bls_fp2x8_reduce(&out->c1.c0, &t2->c0);
    bls_fp2x8_wide_sub_both(&t2->c1, &t2->c1, &t0->c1, &t1->c1);
    bls_fp2x8_reduce(&out->c1.c1, &t2->c1);
    bls_fp2x8_wide_sub_both(&t2->c2, &t2->c2, &t0->c2, &t1->c2);
    bls_fp2x8_reduce(&out->c1.c2, &t2->c2);
    bls_fp2x8_wide_add_xi(&t0->c0, &t0->c0, &t1->c2);
    bls_fp2x8_reduce(&out->c0.c0, &t0->c0);
    bls_fp2x8_wide_add(&t0->c1, &t0->c1, &t1->c0);
    bls_fp2x8_reduce(&out->c0.c1, &t0->c1);
    bls_fp2x8_wide_add(&t0->c2, &t0->c2, &t1->c1);
    bls_fp2x8_reduce(&out->c0.c2, &t0->c2);
}

void bls_fp12x8_mul(struct bls_fp12x8 *out, const struct bls_fp12x8 *a, const struct bls_fp12x8 *b)
{
    struct bls_fp6x8_wide t0, t1, t2;
    struct bls_fp6x8 sa, sb;
    fp6_sum(&sa, &a->c0, &a->c1);
    fp6_sum(&sb, &b->c0, &b->c1);
    fp6_mul_wide(&t0, &a->c0, &b->c0);
    fp6_mul_wide(&t1, &a->c1, &b->c1);
    fp6_mul_wide(&t2, &sa, &sb);
    finish_product(out, &t0, &t1, &t2);
}

void bls_fp12x8_mul_pair(struct bls_fp12x8 *out, const struct bls_fp12x8 *a,
                         const struct bls_line_pairx8 *b)
{
    struct bls_fp6x8_wide t0, t1, t2;
    struct bls_fp6x8 sa, sb;
    fp6_sum(&sa, &a->c0, &a->c1);
    sb.c0 = b->c0.c0;
    fp2_sum(&sb.c1, &b->c0.c1, &b->d);
    fp2_sum(&sb.c2, &b->c0.c2, &b->e);
    fp6_mul_wide(&t0, &a->c0, &b->c0);
    fp6_mul_12_wide(&t1, &a->c1, &b->d, &b->e);
    fp6_mul_wide(&t2, &sa, &sb);
    finish_product(out, &t0, &t1, &t2);
}

/* Times v l4: c0 = xi a2 l4, c1 = a0 l4, c2 = a1 l4 */
static void fp6_mul_1_wide(struct bls_fp6x8_wide *restrict out, const struct bls_fp6x8 *a,
                           const struct bls_fp2x8 *l4)
{
    struct bls_fp2x8_wide t;
    bls_fp2x8_mul_wide(&t, &a->c2, l4);
    bls_fp2x8_mul_wide(&out->c1, &a->c0, l4);
    bls_fp2x8_mul_wide(&out->c2, &a->c1, l4);
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        out->c0.c0.column[i] = bls_vec_sub(t.c0.column[i], t.c1.column[i]);
        out->c0.c1.column[i] = bls_vec_add(t.c0.column[i], t.c1.column[i]);
    }
}

void bls_fp12x8_mul_line(struct bls_fp12x8 *out, const struct bls_fp12x8 *a,
                         const struct bls_linex8 *l)
{
    struct bls_fp6x8_wide t0, t1, t2;
    struct bls_fp6x8 sa;
    struct bls_fp2x8 s;
    fp6_sum(&sa, &a->c0, &a->c1);
    fp2_sum(&s, &l->l1, &l->l4);
    fp6_mul_01_wide(&t0, &a->c0, &l->l0, &l->l1);
    fp6_mul_1_wide(&t1, &a->c1, &l->l4);
    fp6_mul_01_wide(&t2, &sa, &l->l0, &s);
    finish_product(out, &t0, &t1, &t2);
}

/* The pair's second half times v l4: (d v + e v^2) l4 v = xi e l4 + d l4 v^2 */
void bls_line_pairx8_mul_line(struct bls_fp12x8 *out, const struct bls_line_pairx8 *a,
                              const struct bls_linex8 *l)
{
    struct bls_fp6x8_wide t0, t1, t2;
    struct bls_fp2x8_wide t;
    struct bls_fp6x8 sa;
    struct bls_fp2x8 s;
    sa.c0 = a->c0.c0;
    fp2_sum(&sa.c1, &a->c0.c1, &a->d);
    fp2_sum(&sa.c2, &a->c0.c2, &a->e);
    fp2_sum(&s, &l->l1, &l->l4);
    fp6_mul_01_wide(&t0, &a->c0, &l->l0, &l->l1);
    bls_fp2x8_mul_wide(&t, &a->e, &l->l4);
    bls_fp2x8_mul_wide(&t1.c2, &a->d, &l->l4);
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        t1.c0.c0.column[i] = bls_vec_sub(t.c0.column[i], t.c1.column[i]);
        t1.c0.c1.column[i] = bls_vec_add(t.c0.column[i], t.c1.column[i]);
        t1.c1.c0.column[i] = t1.c1.c1.column[i] = bls_vec_zero();
    }
    fp6_mul_01_wide(&t2, &sa, &l->l0, &s);
    finish_product(out, &t0, &t1, &t2);
}

/* Second halves: (d v + e v^2)(d' v + e' v^2) = xi (d e' + e d') + xi e e' v + d d' v^2 */
void bls_line_pairx8_mul(struct bls_fp12x8 *out, const struct bls_line_pairx8 *a,
                         const struct bls_line_pairx8 *b)
{
    struct bls_fp6x8_wide t0, t1, t2;
    struct bls_fp2x8_wide x, y;
    struct bls_fp6x8 sa, sb;
    sa.c0 = a->c0.c0;
    fp2_sum(&sa.c1, &a->c0.c1, &a->d);
    fp2_sum(&sa.c2, &a->c0.c2, &a->e);
    sb.c0 = b->c0.c0;
    fp2_sum(&sb.c1, &b->c0.c1, &b->d);
    fp2_sum(&sb.c2, &b->c0.c2, &b->e);
    fp6_mul_wide(&t0, &a->c0, &b->c0);
    bls_fp2x8_mul_wide(&t1.c2, &a->d, &b->d);
    bls_fp2x8_mul_wide(&y, &a->e, &b->e);
    cross_wide(&x, &a->d, &a->e, &b->d, &b->e, &t1.c2, &y);
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        t1.c0.c0.column[i] = bls_vec_sub(x.c0.column[i], x.c1.column[i]);
        t1.c0.c1.column[i] = bls_vec_add(x.c0.column[i], x.c1.column[i]);
        t1.c1.c0.column[i] = bls_vec_sub(y.c0.column[i], y.c1.column[i]);
        t1.c1.c1.column[i] = bls_vec_add(y.c0.column[i], y.c1.column[i]);
    }
    fp6_mul_wide(&t2, &sa, &sb);
    finish_product(out, &t0, &t1, &t2);
}

/* (l0 m0 + xi l4 m4) + (l0 m1 + l1 m0) v + l1 m1 v^2 + ((l0 m4 + l4 m0) v + (l1 m4 + l4 m1) v^2) w
 */
void bls_linex8_mul(struct bls_line_pairx8 *out, const struct bls_linex8 *l,
                    const struct bls_linex8 *m)
{
    struct bls_fp2x8_wide v0, v1, v4, t;
    bls_fp2x8_mul_wide(&v0, &l->l0, &m->l0);
    bls_fp2x8_mul_wide(&v1, &l->l1, &m->l1);
    bls_fp2x8_mul_wide(&v4, &l->l4, &m->l4);
    bls_fp2x8_wide_add_xi(&t, &v0, &v4);
    struct bls_line_pairx8 r;
    bls_fp2x8_reduce(&r.c0.c0, &t);
    cross_wide(&t, &l->l0, &l->l1, &m->l0, &m->l1, &v0, &v1);
    bls_fp2x8_reduce(&r.c0.c1, &t);
    bls_fp2x8_reduce(&r.c0.c2, &v1);
    cross_wide(&t, &l->l0, &l->l4, &m->l0, &m->l4, &v0, &v4);
    bls_fp2x8_reduce(&r.d, &t);
    cross_wide(&t, &l->l1, &l->l4, &m->l1, &m->l4, &v1, &v4);
    bls_fp2x8_reduce(&r.e, &t);
    *out = r;
}

/* w += a 2^400: a is added to what w is after reduction. */
static void wide_add_element(struct bls_fp2x8_wide *w, const struct bls_fp2x8 *a)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        const int k = BLS_FP8_LIMBS + i;
        w->c0.column[k] = bls_vec_add(w->c0.column[k], a->c0.limb[i]);
        w->c1.column[k] = bls_vec_add(w->c1.column[k], a->c1.limb[i]);
    }
}

/* w += (1 + u) a 2^400. */
static void wide_add_xi_element(struct bls_fp2x8_wide *w, const struct bls_fp2x8 *a)
{
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        const int k = BLS_FP8_LIMBS + i;
        bls_vec real = bls_vec_sub(a->c0.limb[i], a->c1.limb[i]);
        bls_vec imaginary = bls_vec_add(a->c0.limb[i], a->c1.limb[i]);
        w->c0.column[k] = bls_vec_add(w->c0.column[k], real);
        w->c1.column[k] = bls_vec_add(w->c1.column[k], imaginary);
    }
}

/* (a0 + a1 v + v w)(b0 + b1 v + v w)
 *   = (a0 b0 + xi) + (a0 b1 + a1 b0) v + a1 b1 v^2 + ((a0 + b0) v + (a1 + b1) v^2) w */
static void fixed_pair(struct bls_line_pairx8 *out, const struct bls_fixed_linex8 *a,
                       const struct bls_fixed_linex8 *b)
{
    struct bls_fp2x8_wide v0, v1, t;
    struct bls_fp2x8 xi;
    bls_fp2x8_mul_wide(&v0, &a->l0, &b->l0);
    bls_fp2x8_mul_wide(&v1, &a->l1, &b->l1);
    cross_wide(&t, &a->l0, &a->l1, &b->l0, &b->l1, &v0, &v1);
    bls_fp2x8_reduce(&out->c0.c1, &t);
    bls_fp2x8_reduce(&out->c0.c2, &v1);
    bls_fp8_set(&xi.c0, bls_fp8_one);
    xi.c1 = xi.c0;
    wide_add_element(&v0, &xi);
    bls_fp2x8_reduce(&out->c0.c0, &v0);
    fp2_sum(&out->d, &a->l0, &b->l0);
    fp2_sum(&out->e, &a->l1, &b->l1);
}

/* Of a pair's halves A0 and A1 = d v + e v^2, times l0 + l1 v + v w:
 *   c0 = A0 (l0 + l1 v) + v (d v^2 + xi e)
 *   c1 = A0 v + A1 (l0 + l1 v) = xi (a2 + e l1) + (a0 + d l0) v + (a1 + d l1 + e l0) v^2 */
void bls_fixed_linex8_mul_three(struct bls_fp12x8 *out, const struct bls_fixed_linex8 l[static 3])
{
    struct bls_line_pairx8 a;
    struct bls_fp6x8_wide t;
    struct bls_fp2x8_wide v0, v1, x;
    const struct bls_fixed_linex8 *m = &l[2];
    fixed_pair(&a, &l[0], &l[1]);
    fp6_mul_01_wide(&t, &a.c0, &m->l0, &m->l1);
    wide_add_xi_element(&t.c0, &a.d);
    wide_add_xi_element(&t.c1, &a.e);
    bls_fp2x8_reduce(&out->c0.c0, &t.c0);
    bls_fp2x8_reduce(&out->c0.c1, &t.c1);
    bls_fp2x8_reduce(&out->c0.c2, &t.c2);

    bls_fp2x8_mul_wide(&v0, &a.d, &m->l0);
    bls_fp2x8_mul_wide(&v1, &a.e, &m->l1);
    cross_wide(&x, &a.d, &a.e, &m->l0, &m->l1, &v0, &v1);
    wide_add_element(&x, &a.c0.c1);
    bls_fp2x8_reduce(&out->c1.c2, &x);
    wide_add_element(&v0, &a.c0.c0);
    bls_fp2x8_reduce(&out->c1.c1, &v0);
    wide_add_element(&v1, &a.c0.c2);
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        x.c0.column[i] = bls_vec_sub(v1.c0.column[i], v1.c1.column[i]);
        x.c1.column[i] = bls_vec_add(v1.c0.column[i], v1.c1.column[i]);
    }
    bls_fp2x8_reduce(&out->c1.c0, &x);
}
