/* The Miller loop of the optimal ate pairing: f_{|x|,Q}(P), conjugated because x is negative.
 * Several pairs share one accumulator and its squarings. T = (X : Y : Z) runs over E' in
 * homogeneous coordinates; P is carried to the twist as (xP w^2, yP w^3), so that a line is l0 + l1
 * xP w^2 + l4 yP w^3 = l0 + (l1 xP) v + (l4 yP) v w, correct up to factors in Fp2, which the final
 * exponentiation removes. Formulas after Costello, Lange, Naehrig (ePrint 2009/615) and Aranha et
 * al. (ePrint 2010/526). Constant-time in the points. */
#include "base/secret.h"
#include "bls12381/point_int.h"

#include <stdbool.h>

enum { GROUP = 32 }; /* pairs that share their squarings: 22 kB on the stack */

/* A pair of points. A fixed second argument has lines, another one a point on its way. */
struct pair_state {
    struct bls_g2 t;
    const struct bls_g2_affine *q;
    const struct bls_fp2 (*lines)[3]; /* NULL: the lines are those of t and q */
    struct bls_fp x, y;               /* P */
    struct bls_fp triple_x, minus_x, minus_y;
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
 *   l0 = E - B, l1 = 3 X^2, l4 = -H, without the factors 3 and -1, which evaluate() puts in */
static void double_step(struct bls_line *l, struct bls_g2 *t)
{
    struct bls_fp2_wide xx, yy, zz, w;
    struct bls_fp2 b, e, f, h, xy, s;
    bls_fp2_square_wide(&xx, &t->x);
    bls_fp2_square_wide(&yy, &t->y);
    bls_fp2_square_wide(&zz, &t->z);
    twice_product(&xy, &t->x, &t->y, &xx, &yy);
    twice_product(&h, &t->y, &t->z, &yy, &zz);
    bls_fp2_reduce_wide(&l->l1, &xx);
    bls_fp2_reduce_wide(&b, &yy);
    bls_fp2_reduce_wide(&e, &zz);
    triple(&e, &e);
    bls_fp2_double(&e, &e);
    bls_fp2_double(&e, &e);
    bls_fp2_mul_xi(&e, &e);
    triple(&f, &e);
    bls_fp2_sub(&l->l0, &e, &b);
    l->l4 = h;

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
 *   l0 = m xQ - n yQ, l1 = -m, l4 = n, without the factor -1 */
static void add_step(struct bls_line *l, struct bls_g2 *t, const struct bls_g2_affine *q)
{
    struct bls_fp2 m, n, s, e, g, h;
    bls_fp2_mul(&m, &q->y, &t->z);
    bls_fp2_sub(&m, &t->y, &m);
    bls_fp2_mul(&n, &q->x, &t->z);
    bls_fp2_sub(&n, &t->x, &n);
    difference_of_products(&l->l0, &m, &q->x, &n, &q->y);
    l->l1 = m;
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

/* The next line of a pair, P put in; 1 when either point is infinity. */
static void next_line(struct bls_line *l, struct pair_state *pair, int step, bool adding)
{
    static const struct bls_fp2 zero = {{{0}}, {{0}}};
    const struct bls_fp *x = &pair->x, *y = &pair->y;
    if (pair->lines != NULL) {
        *l = (struct bls_line){pair->lines[step][0], pair->lines[step][1], pair->lines[step][2]};
    } else if (adding) {
        add_step(l, &pair->t, pair->q);
        x = &pair->minus_x;
    } else {
        double_step(l, &pair->t);
        x = &pair->triple_x;
        y = &pair->minus_y;
    }
    bls_fp2_mul_fp(&l->l1, &l->l1, x);
    bls_fp2_mul_fp(&l->l4, &l->l4, y);
    bls_fp2_select(&l->l0, pair->infinite, &bls_fp2_one, &l->l0);
    bls_fp2_select(&l->l1, pair->infinite, &zero, &l->l1);
    bls_fp2_select(&l->l4, pair->infinite, &zero, &l->l4);
}

/* f times the next line of every pair, two lines at a time. */
static void multiply_lines(struct bls_fp12 *f, struct pair_state *pair, size_t n, int step,
                           bool adding)
{
    struct bls_line l, m;
    for (size_t i = 0; i + 1 < n; i += 2) {
        next_line(&l, &pair[i], step, adding);
        next_line(&m, &pair[i + 1], step, adding);
        bls_fp12_mul_two_lines(f, f, &l, &m);
    }
    if (n % 2 == 1) {
        next_line(&l, &pair[n - 1], step, adding);
        bls_fp12_mul_line(f, f, &l);
    }
}

static void set_pair(struct pair_state *pair, const struct bls_g1_affine *p,
                     const struct bls_g2_affine *q)
{
    *pair = (struct pair_state){.t = {q->x, q->y, bls_fp2_one}, .q = q, .x = p->x, .y = p->y};
    bls_fp_double(&pair->triple_x, &p->x);
    bls_fp_add(&pair->triple_x, &pair->triple_x, &p->x);
    bls_fp_neg(&pair->minus_x, &p->x);
    bls_fp_neg(&pair->minus_y, &p->y);
    pair->infinite = bls_g1_affine_is_infinity(p) | bls_g2_affine_is_infinity(q);
}

static void set_fixed_pair(struct pair_state *pair, const struct bls_g1_affine *p,
                           const struct bls_g2_lines *lines)
{
    *pair = (struct pair_state){.lines = lines->u.plain.line, .x = p->x, .y = p->y};
    pair->infinite = bls_g1_affine_is_infinity(p) | lines->u.plain.infinite;
}

static void miller_group(struct bls_fp12 *out, struct pair_state *pair, size_t n)
{
    int step = 0;
    bls_fp12_one(out);
    for (int i = 62; i >= 0; i--) {
        if (i != 62) {
            bls_fp12_square(out, out);
        }
        multiply_lines(out, pair, n, step++, false);
        if (bls_x_abs >> i & 1) {
            multiply_lines(out, pair, n, step++, true);
        }
    }
    bls_fp12_conjugate(out, out);
}

/* Whether Q is of the subgroup or infinity, after the loop: [|x|]Q, which T is then, must be
 * -psi(Q) (Scott, ePrint 2021/1130), which is affine. A Q on which the formulas fail has T at
 * infinity: once Z is 0 it remains so. */
static uint64_t ends_in_subgroup(const struct pair_state *pair)
{
    struct bls_g2 psi = {pair->q->x, pair->q->y, bls_fp2_one};
    struct bls_fp2 x, y;
    bls_g2_psi(&psi, &psi);
    bls_fp2_mul(&x, &psi.x, &pair->t.z);
    bls_fp2_mul(&y, &psi.y, &pair->t.z);
    bls_fp2_neg(&y, &y);
    uint64_t good = bls_fp2_equal(&x, &pair->t.x) & bls_fp2_equal(&y, &pair->t.y) &
                    ~bls_fp2_is_zero(&pair->t.z);
    return good | bls_g2_affine_is_infinity(pair->q);
}

/* The product over n pairs and nf fixed ones, and whether every q is of the subgroup. */
static uint64_t miller_product(struct bls_fp12 *out, const struct bls_g1_affine *p,
                               const struct bls_g2_affine *q, size_t n,
                               const struct bls_g1_affine *pf,
                               const struct bls_g2_lines *const *lines, size_t nf)
{
    struct pair_state pair[GROUP];
    struct bls_fp12 f;
    uint64_t good = ~(uint64_t)0;
    bls_fp12_one(out);
    for (size_t done = 0; done < n + nf;) {
        size_t count = 0;
        for (; count < GROUP && done < n + nf; count++, done++) {
            if (done < n) {
                set_pair(&pair[count], &p[done], &q[done]);
            } else {
                set_fixed_pair(&pair[count], &pf[done - n], lines[done - n]);
            }
        }
        miller_group(&f, pair, count);
        bls_fp12_mul(out, out, &f);
        for (size_t i = 0; i < count && pair[i].lines == NULL; i++) {
            good &= ends_in_subgroup(&pair[i]);
        }
    }
    kf_wipe(pair, sizeof pair);
    kf_wipe(&f, sizeof f);
    return good;
}

void bls_miller_mul(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_fp12 *b)
{
    bls_fp12_mul(out, a, b);
}

void bls_miller_loop(struct bls_fp12 *out, const struct bls_g1_affine *p,
                     const struct bls_g2_affine *q, size_t n)
{
    (void)miller_product(out, p, q, n, NULL, NULL, 0);
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

void bls_portable_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                                        const struct bls_g1_affine *p,
                                        const struct bls_g2_affine *q, size_t n,
                                        const struct bls_g1_affine *pf,
                                        const struct bls_g2_lines *const *lines, size_t nf)
{
    struct bls_fp12 f;
    uint64_t good = miller_product(&f, p, q, n, pf, lines, nf);
    if (in_subgroup != NULL) {
        *in_subgroup = good;
    }
    bls_final_exponentiation(out, &f);
    kf_wipe(&f, sizeof f);
}

/* The lines with P = (1, 1), which leaves their coefficients as they are. */
void bls_portable_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q)
{
    const struct bls_g1_affine ones = {bls_fp_one, bls_fp_one};
    struct pair_state pair;
    struct bls_line l;
    int step = 0;
    set_pair(&pair, &ones, q);
    lines->u.plain.infinite = pair.infinite;
    for (int i = 62; i >= 0; i--) {
        for (int adding = 0; adding <= (int)(bls_x_abs >> i & 1); adding++) {
            next_line(&l, &pair, step, adding != 0);
            lines->u.plain.line[step][0] = l.l0;
            lines->u.plain.line[step][1] = l.l1;
            lines->u.plain.line[step][2] = l.l4;
            step++;
        }
    }
}
