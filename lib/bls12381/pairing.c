/* The Miller loop of the optimal ate pairing: f_{|x|,Q}(P), conjugated because x is negative.
 * Several pairs share one accumulator and its squarings. T = (X : Y : Z) runs over E' in
 * homogeneous coordinates; P is carried to the twist as (xP w^2, yP w^3), so that a line is l0 + l1
 * xP w^2 + l4 yP w^3 = l0 + (l1 xP) v + (l4 yP) v w, correct up to factors in Fp2, which the final
 * exponentiation removes. Formulas after Costello, Lange, Naehrig (ePrint 2009/615) and Aranha et
 * al. (ePrint 2010/526). Constant-time in the points. */
#include "base/secret.h"
#include "bls12381/point_int.h"

enum { GROUP = 32 }; /* pairs that share their squarings: 14 kB on the stack */

struct pair_state {
    struct bls_g2 t;
    const struct bls_g1_affine *p;
    const struct bls_g2_affine *q;
    uint64_t infinite; /* mask: the pair contributes one */
};

/* 2ab = (a + b)^2 - a^2 - b^2, within [-8, 9] + [0, 4] u */
static void twice_product(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b,
                          const struct bls_fp2_wide *aa, const struct bls_fp2_wide *bb)
{
    struct bls_fp2 sum;
    struct bls_fp2_wide t;
    bls_fp2_add_lazy(&sum, a, b);
    bls_fp2_square_wide(&t, &sum);
    bls_fp2_wide_sub(&t, &t, aa);
    bls_fp2_wide_sub(&t, &t, bb);
    bls_fp2_reduce_wide(out, &t);
}

static void triple(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    struct bls_fp2 t;
    bls_fp2_double(&t, a);
    bls_fp2_add(out, &t, a);
}

/* T = 2T and the tangent at T. With B = Y^2, E = 3b' Z^2 = 12 xi Z^2, F = 3E, H = 2YZ:
 *   X3 = 2XY (B - F), Y3 = (B + F)^2 - 12 E^2, Z3 = 4 B H
 *   l0 = E - B, l1 = 3 X^2, l4 = -H */
static void double_step(struct bls_line *l, struct bls_g2 *t)
{
    struct bls_fp2_wide xx, yy, zz, w;
    struct bls_fp2 b, e, f, h, xy, s;
    bls_fp2_square_wide(&xx, &t->x);
    bls_fp2_square_wide(&yy, &t->y);
    bls_fp2_square_wide(&zz, &t->z);
    twice_product(&xy, &t->x, &t->y, &xx, &yy);
    twice_product(&h, &t->y, &t->z, &yy, &zz);
    bls_fp2_reduce_wide(&s, &xx);
    triple(&l->l1, &s);
    bls_fp2_reduce_wide(&b, &yy);
    bls_fp2_reduce_wide(&e, &zz);
    triple(&e, &e);
    bls_fp2_double(&e, &e);
    bls_fp2_double(&e, &e);
    bls_fp2_mul_xi(&e, &e);
    triple(&f, &e);
    bls_fp2_sub(&l->l0, &e, &b);
    bls_fp2_neg(&l->l4, &h);

    bls_fp2_sub(&s, &b, &f);
    bls_fp2_mul(&t->x, &xy, &s);
    bls_fp2_mul(&s, &b, &h);
    bls_fp2_double(&s, &s);
    bls_fp2_double(&t->z, &s);
    bls_fp2_double(&e, &e);
    bls_fp2_square_wide(&w, &e);
    bls_fp2_add_lazy(&s, &b, &f);
    bls_fp2_square_wide(&yy, &s);
    bls_fp2_wide_sub(&yy, &yy, &w);
    bls_fp2_wide_sub(&yy, &yy, &w);
    bls_fp2_wide_sub(&yy, &yy, &w);
    bls_fp2_reduce_wide(&t->y, &yy);
}

/* a b - c d */
static void difference_of_products(struct bls_fp2 *out, const struct bls_fp2 *a,
                                   const struct bls_fp2 *b, const struct bls_fp2 *c,
                                   const struct bls_fp2 *d)
{
    struct bls_fp2_wide s, t;
    bls_fp2_mul_wide(&s, a, b);
    bls_fp2_mul_wide(&t, c, d);
    bls_fp2_wide_sub(&s, &s, &t);
    bls_fp2_reduce_wide(out, &s);
}

/* T = T + Q and the line through both. With m = Y - yQ Z, n = X - xQ Z, E = n^3, G = X n^2,
 * H = E + Z m^2 - 2G:
 *   X3 = n H, Y3 = m (G - H) - E Y, Z3 = Z E
 *   l0 = m xQ - n yQ, l1 = -m, l4 = n */
static void add_step(struct bls_line *l, struct bls_g2 *t, const struct bls_g2_affine *q)
{
    struct bls_fp2 m, n, s, e, g, h;
    bls_fp2_mul(&m, &q->y, &t->z);
    bls_fp2_sub(&m, &t->y, &m);
    bls_fp2_mul(&n, &q->x, &t->z);
    bls_fp2_sub(&n, &t->x, &n);
    difference_of_products(&l->l0, &m, &q->x, &n, &q->y);
    bls_fp2_neg(&l->l1, &m);
    l->l4 = n;

    bls_fp2_square(&s, &n);
    bls_fp2_mul(&e, &s, &n);
    bls_fp2_mul(&g, &t->x, &s);
    bls_fp2_square(&s, &m);
    bls_fp2_mul(&h, &t->z, &s);
    bls_fp2_add(&h, &h, &e);
    bls_fp2_double(&s, &g);
    bls_fp2_sub(&h, &h, &s);
    bls_fp2_sub(&g, &g, &h);
    difference_of_products(&t->y, &m, &g, &e, &t->y);
    bls_fp2_mul(&t->x, &n, &h);
    bls_fp2_mul(&t->z, &t->z, &e);
}

/* Puts P into the line; the line of a pair with infinity becomes 1. */
static void evaluate(struct bls_line *l, const struct pair_state *pair)
{
    static const struct bls_fp2 zero = {{{0}}, {{0}}};
    bls_fp2_mul_fp(&l->l1, &l->l1, &pair->p->x);
    bls_fp2_mul_fp(&l->l4, &l->l4, &pair->p->y);
    bls_fp2_select(&l->l0, pair->infinite, &bls_fp2_one, &l->l0);
    bls_fp2_select(&l->l1, pair->infinite, &zero, &l->l1);
    bls_fp2_select(&l->l4, pair->infinite, &zero, &l->l4);
}

static void next_line(struct bls_line *l, struct pair_state *pair, int adding)
{
    if (adding) {
        add_step(l, &pair->t, pair->q);
    } else {
        double_step(l, &pair->t);
    }
    evaluate(l, pair);
}

/* f times the next line of every pair, two lines at a time. */
static void multiply_lines(struct bls_fp12 *f, struct pair_state *pair, size_t n, int adding)
{
    struct bls_line l, m;
    for (size_t i = 0; i + 1 < n; i += 2) {
        next_line(&l, &pair[i], adding);
        next_line(&m, &pair[i + 1], adding);
        bls_fp12_mul_two_lines(f, f, &l, &m);
    }
    if (n % 2 == 1) {
        next_line(&l, &pair[n - 1], adding);
        bls_fp12_mul_line(f, f, &l);
    }
}

static void miller_group(struct bls_fp12 *out, const struct bls_g1_affine *p,
                         const struct bls_g2_affine *q, size_t n)
{
    struct pair_state pair[GROUP];
    for (size_t i = 0; i < n; i++) {
        pair[i] = (struct pair_state){
            .t = {q[i].x, q[i].y, bls_fp2_one},
            .p = &p[i],
            .q = &q[i],
            .infinite = bls_g1_affine_is_infinity(&p[i]) | bls_g2_affine_is_infinity(&q[i]),
        };
    }
    bls_fp12_one(out);
    for (int i = 62; i >= 0; i--) {
        if (i != 62) {
            bls_fp12_square(out, out);
        }
        multiply_lines(out, pair, n, 0);
        if (bls_x_abs >> i & 1) {
            multiply_lines(out, pair, n, 1);
        }
    }
    bls_fp12_conjugate(out, out);
}

void bls_miller_mul(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_fp12 *b)
{
    bls_fp12_mul(out, a, b);
}

void bls_miller_loop(struct bls_fp12 *out, const struct bls_g1_affine *p,
                     const struct bls_g2_affine *q, size_t n)
{
    struct bls_fp12 f, product;
    bls_fp12_one(&product);
    for (size_t done = 0; done < n; done += GROUP) {
        miller_group(&f, p + done, q + done, n - done < GROUP ? n - done : GROUP);
        bls_fp12_mul(&product, &product, &f);
    }
    *out = product;
    kf_wipe(&f, sizeof f);
    kf_wipe(&product, sizeof product);
}

void bls_pairing_product(struct bls_gt *out, const struct bls_g1_affine *p,
                         const struct bls_g2_affine *q, size_t n)
{
    struct bls_fp12 f;
    bls_miller_loop(&f, p, q, n);
    bls_final_exponentiation(out, &f);
    kf_wipe(&f, sizeof f);
}

void bls_pairing(struct bls_gt *out, const struct bls_g1_affine *p, const struct bls_g2_affine *q)
{
    bls_pairing_product(out, p, q, 1);
}
