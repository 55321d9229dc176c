/* Lines, one pair of points a lane. The contract is in line_int.h. */
#include "bls12381/ifma/line_int.h"

#include "bls12381/constants_int.h"

static void lines_of_infinity(struct bls_linex8 *l, const struct bls_miller_points *t)
{
    struct bls_fp2x8 zero, one;
    bls_fp8_zero(&zero.c0);
    bls_fp8_zero(&zero.c1);
    bls_fp8_set(&one.c0, bls_fp8_one);
    one.c1 = zero.c1;
    bls_fp2x8_select(&l->l0, t->infinite, &one, &l->l0);
    bls_fp2x8_select(&l->l1, t->infinite, &zero, &l->l1);
    bls_fp2x8_select(&l->l4, t->infinite, &zero, &l->l4);
}

static void load_p(struct bls_miller_points *out, const struct bls_g1_affine *p, size_t n)
{
    struct bls_fp8 x, y, sum;
    bls_fp8_load_count(&x, &p->x, sizeof *p, n);
    bls_fp8_load_count(&y, &p->y, sizeof *p, n);
    bls_fp8_add(&sum, &x, &x);
    bls_fp8_add(&sum, &sum, &x);
    bls_fp8_carry(&out->px_tripled, &sum);
    out->px = x;
    out->py = y;
    bls_fp8_add(&sum, &y, &y);
    bls_fp8_zero(&x);
    bls_fp8_sub_2(&out->py_minus_twice, &x, &sum);
}

void bls_miller_points_load(struct bls_miller_points *out, const struct bls_g1_affine *p,
                            const struct bls_g2_affine *q, size_t n)
{
    unsigned absent = 0, infinite = 0;
    for (size_t i = 0; i < BLS_LANES; i++) {
        uint64_t no_q = i < n ? bls_g2_affine_is_infinity(&q[i]) : ~(uint64_t)0;
        uint64_t no_p = i < n ? bls_g1_affine_is_infinity(&p[i]) : 0;
        absent |= (unsigned)(no_q & 1) << i;
        infinite |= (unsigned)((no_q | no_p) & 1) << i;
    }
    out->absent = bls_lanes_from(absent);
    out->infinite = bls_lanes_from(infinite);
    load_p(out, p, n);
    bls_fp8_load_count(&out->qx.c0, &q->x.c0, sizeof *q, n);
    bls_fp8_load_count(&out->qx.c1, &q->x.c1, sizeof *q, n);
    bls_fp8_load_count(&out->qy.c0, &q->y.c0, sizeof *q, n);
    bls_fp8_load_count(&out->qy.c1, &q->y.c1, sizeof *q, n);
    out->x = out->qx;
    out->y = out->qy;
    bls_fp8_set(&out->z.c0, bls_fp8_one);
    bls_fp8_zero(&out->z.c1);
}

/* E = 12 (1 + u) Z^2 */
static void double_e(struct bls_fp2x8 *out, const struct bls_fp2x8 *z)
{
    struct bls_fp2x8_wide t;
    bls_fp2x8_square_wide(&t, z);
    bls_fp2x8_wide_times_3b(&t, &t);
    bls_fp2x8_reduce(out, &t);
}

/* Z3 = 8 B (Y Z) */
static void double_z(struct bls_fp2x8 *out, const struct bls_fp2x8 *b, const struct bls_fp2x8 *yz)
{
    struct bls_fp2x8_wide t;
    bls_fp2x8_mul_wide(&t, b, yz);
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        t.c0.column[i] = bls_vec_times(t.c0.column[i], 8);
        t.c1.column[i] = bls_vec_times(t.c1.column[i], 8);
    }
    bls_fp2x8_reduce(out, &t);
}

/* X3 = 2 X Y (B - F), as (X Y + X Y)(B - F) */
static void double_x(struct bls_fp2x8 *out, const struct bls_fp2x8 *xy,
                     const struct bls_fp2x8 *b_minus_f)
{
    struct bls_fp2x8 twice;
    struct bls_fp2x8_wide t;
    bls_fp2x8_add(&twice, xy, xy);
    bls_fp2x8_mul_sums_wide(&t, &twice, b_minus_f);
    bls_fp2x8_reduce(out, &t);
}

/* With B = Y^2, E = 12 xi Z^2, F = 3E (pairing.c): l0 = E - B, l1 = 3 X^2 xP, l4 = -2 Y Z yP. */
void bls_miller_double(struct bls_linex8 *line, struct bls_miller_points *t)
{
    struct bls_fp2x8 xx, b, xy, yz, e, f, s;
    bls_fp2x8_square(&xx, &t->x);
    bls_fp2x8_square(&b, &t->y);
    bls_fp2x8_mul(&xy, &t->x, &t->y);
    bls_fp2x8_mul(&yz, &t->y, &t->z);
    double_e(&e, &t->z);
    bls_fp8_times(&f.c0, &e.c0, 3);
    bls_fp8_times(&f.c1, &e.c1, 3);
    bls_fp2x8_carry(&f, &f);
    bls_fp2x8_difference(&line->l0, &e, &b);
    bls_fp2x8_mul_fp(&line->l1, &xx, &t->px_tripled);
    bls_fp2x8_mul_fp(&line->l4, &yz, &t->py_minus_twice);
    lines_of_infinity(line, t);

    bls_fp2x8_difference(&s, &b, &f);
    double_x(&t->x, &xy, &s);
    bls_fp2x8_add(&s, &b, &f);
    bls_fp2x8_carry(&s, &s);
    bls_fp2x8_square_sub_12_squares(&t->y, &s, &e); /* (B + F)^2 - 12 E^2 */
    double_z(&t->z, &b, &yz);
}

/* With m = Y - yQ Z, n = X - xQ Z, E = n^3, G = X n^2, H = E + Z m^2 - 2G:
 *   X3 = n H, Y3 = m (G - H) - E Y, Z3 = Z E; l0 = m xQ - n yQ, l1 = -m xP, l4 = n yP */
void bls_miller_add(struct bls_linex8 *line, struct bls_miller_points *t)
{
    struct bls_fp2x8 m, n, s, e, g, h;
    bls_fp2x8_mul(&s, &t->qy, &t->z);
    bls_fp2x8_difference(&m, &t->y, &s);
    bls_fp2x8_difference(&line->l1, &s, &t->y);
    bls_fp2x8_mul(&s, &t->qx, &t->z);
    bls_fp2x8_difference(&n, &t->x, &s);
    bls_fp2x8_difference_of_products(&line->l0, &m, &t->qx, &n, &t->qy);
    bls_fp2x8_mul_fp(&line->l1, &line->l1, &t->px);
    bls_fp2x8_mul_fp(&line->l4, &n, &t->py);
    lines_of_infinity(line, t);

    bls_fp2x8_square(&s, &n);
    bls_fp2x8_mul(&e, &s, &n);
    bls_fp2x8_mul(&g, &t->x, &s);
    bls_fp2x8_square(&s, &m);
    bls_fp2x8_mul(&h, &t->z, &s);
    bls_fp2x8_add(&h, &h, &e);
    bls_fp2x8_add(&s, &g, &g);
    bls_fp8_sub_2(&h.c0, &h.c0, &s.c0);
    bls_fp8_sub_2(&h.c1, &h.c1, &s.c1);
    bls_fp2x8_carry(&h, &h);
    bls_fp2x8_difference(&g, &g, &h);
    bls_fp2x8_difference_of_products(&t->y, &m, &g, &e, &t->y);
    bls_fp2x8_mul(&t->x, &n, &h);
    bls_fp2x8_mul(&t->z, &t->z, &e);
}

static bls_lanes fp2_equal(const struct bls_fp2x8 *a, const struct bls_fp2x8 *b)
{
    return bls_lanes_and(bls_fp8_equal(&a->c0, &b->c0), bls_fp8_equal(&a->c1, &b->c1));
}

/* psi(x, y) = (psi_x conjugate(x), psi_y conjugate(y)); -psi(Q) = (that x, -y). */
static void times_constant(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                           const struct bls_fp2 *constant)
{
    struct bls_fp2x8 c, conjugate = *a;
    bls_fp8_load(&c.c0, &constant->c0, 0);
    bls_fp8_load(&c.c1, &constant->c1, 0);
    bls_fp8_neg(&conjugate.c1, &conjugate.c1);
    bls_fp8_carry(&conjugate.c1, &conjugate.c1);
    bls_fp2x8_mul(out, &conjugate, &c);
}

bls_lanes bls_miller_in_subgroup(const struct bls_miller_points *t)
{
    struct bls_fp2x8 x, y, zero;
    times_constant(&x, &t->qx, &bls_psi_x);
    times_constant(&y, &t->qy, &bls_psi_y);
    bls_fp2x8_mul(&x, &x, &t->z);
    bls_fp2x8_mul(&y, &y, &t->z);
    bls_fp2x8_neg(&y, &y);
    bls_fp2x8_carry(&y, &y);
    bls_fp8_zero(&zero.c0);
    zero.c1 = zero.c0;
    bls_lanes good = bls_lanes_and(fp2_equal(&t->x, &x), fp2_equal(&y, &t->y));
    good = bls_lanes_and(good, bls_lanes_not(fp2_equal(&t->z, &zero)));
    return bls_lanes_or(good, t->absent);
}
