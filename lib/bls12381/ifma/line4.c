/* Lines of at most four pairs. The contract is in line4_int.h. */
#include "bls12381/ifma/line4_int.h"

#include "bls12381/constants_int.h"
#include "bls12381/ifma/fp8_sums_int.h"

static void lines_of_infinity(struct bls_linex4 *l, const struct bls_miller_points4 *t)
{
    struct bls_fp8 zero, one;
    bls_fp8_zero(&zero);
    bls_fp2x4_one(&one);
    bls_fp8_select(&l->l0, t->infinite, &one, &l->l0);
    bls_fp8_select(&l->l1, t->infinite, &zero, &l->l1);
    bls_fp8_select(&l->l4, t->infinite, &zero, &l->l4);
}

static void load_fp2(struct bls_fp8 *out, const struct bls_fp2 *in, size_t stride, size_t n)
{
    struct bls_fp8 real, imaginary;
    bls_fp8_load_count(&real, &in->c0, stride, n);
    bls_fp8_load_count(&imaginary, &in->c1, stride, n);
    bls_fp2x4_join(out, &real, &imaginary);
}

static void load_p(struct bls_miller_points4 *out, const struct bls_g1_affine *p, size_t n)
{
    if (p == NULL) {
        bls_fp8_set(&out->px, bls_fp8_one);
        out->py = out->px;
    } else {
        struct bls_fp8 x, y;
        bls_fp8_load_count(&x, &p->x, sizeof *p, n);
        bls_fp8_load_count(&y, &p->y, sizeof *p, n);
        bls_fp2x4_spread_real(&out->px, &x);
        bls_fp2x4_spread_real(&out->py, &y);
    }
    bls_fp8_times(&out->px_tripled, &out->px, 3);
    bls_fp8_neg(&out->py_minus, &out->py);
}

void bls_miller_points4_load(struct bls_miller_points4 *out, const struct bls_g1_affine *p,
                             const struct bls_g2_affine *q, size_t n)
{
    unsigned absent = 0, infinite = 0;
    for (size_t i = 0; i < BLS_LANES; i++) {
        const size_t pair = i % BLS_SPLIT;
        uint64_t no_q = pair < n ? bls_g2_affine_is_infinity(&q[pair]) : ~(uint64_t)0;
        uint64_t no_p = pair < n && p != NULL ? bls_g1_affine_is_infinity(&p[pair]) : 0;
        absent |= (unsigned)(no_q & 1) << i;
        infinite |= (unsigned)((no_q | no_p) & 1) << i;
    }
    out->absent = bls_lanes_from(absent);
    out->infinite = bls_lanes_from(infinite);
    load_p(out, p, n);
    load_fp2(&out->qx, &q->x, sizeof *q, n);
    load_fp2(&out->qy, &q->y, sizeof *q, n);
    out->x = out->qx;
    out->y = out->qy;
    bls_fp2x4_one(&out->z);
}

/* a - b, carried; b reduced, and b carried. */
static void difference(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b)
{
    struct bls_fp8 t;
    bls_fp8_sub(&t, a, b);
    bls_fp8_carry(out, &t);
}

static void difference_carried(struct bls_fp8 *out, const struct bls_fp8 *a,
                               const struct bls_fp8 *b)
{
    struct bls_fp8 t;
    bls_fp8_sub_carried(&t, a, b);
    bls_fp8_carry(out, &t);
}

static void times(struct bls_fp8 *out, const struct bls_fp8 *a, unsigned k)
{
    struct bls_fp8 t;
    bls_fp8_times(&t, a, k);
    bls_fp8_carry(out, &t);
}

/* out = 12 (1 + u) a^2. */
static void square_times_12_xi(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8 left, right;
    struct bls_fp8_wide t;
    bls_fp2x4_square_left(&left, a);
    bls_fp2x4_square_right(&right, a);
    bls_fp8_mul_wide(&t, &left, &right);
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        bls_vec v = t.column[i], swapped = bls_vec_swap_parts(v);
        v = bls_vec_sub_lanes(bls_fp2x4_real(), bls_vec_add(v, swapped), v, swapped);
        t.column[i] = bls_vec_times(v, 12);
    }
    bls_fp8_reduce(out, &t);
}

/* Y3 = (B + F)^2 - 4 E F, F = 3E */
static void double_y(struct bls_fp8 *out, const struct bls_fp8 *b_plus_f, const struct bls_fp8 *e,
                     const struct bls_fp8 *f)
{
    struct bls_fp8 zero, left, right, left_e, right_f;
    bls_fp8_zero(&zero);
    bls_fp2x4_square_left(&left, b_plus_f);
    bls_fp2x4_square_right(&right, b_plus_f);
    bls_fp2x4_square_left(&left_e, e);
    bls_fp2x4_square_right(&right_f, f);
    bls_fp8_sub_2(&left_e, &zero, &left_e);
    times(&left_e, &left_e, 4);
    bls_fp8_mul_add_mul(out, &left, &right, &left_e, &right_f);
}

/* With B = Y^2, E = 12 xi Z^2, F = 3E (pairing.c): l0 = E - B, l1 = 3 X^2 xP, l4 = -2 Y Z yP;
 * X3 = 2 X Y (B - F), Z3 = 4 B (2 Y Z). */
void bls_miller_double4(struct bls_linex4 *line, struct bls_miller_points4 *t)
{
    struct bls_fp2x8 y_doubled;
    struct bls_fp8 xx, b, xy, yz, e, f, s;
    bls_fp8_add(&s, &t->y, &t->y);
    bls_fp2x4_spread(&y_doubled, &s);
    bls_fp2x4_square(&xx, &t->x);
    bls_fp2x4_square(&b, &t->y);
    bls_fp2x4_mul_spread(&xy, &y_doubled, &t->x);
    bls_fp2x4_mul_spread(&yz, &y_doubled, &t->z);
    square_times_12_xi(&e, &t->z);
    times(&f, &e, 3);
    difference(&line->l0, &e, &b);
    bls_fp8_mul(&line->l1, &xx, &t->px_tripled);
    bls_fp8_mul(&line->l4, &yz, &t->py_minus);
    lines_of_infinity(line, t);

    bls_fp8_sub_carried(&s, &b, &f);
    bls_fp2x4_mul(&t->x, &s, &xy);
    bls_fp8_add(&s, &b, &f);
    bls_fp8_carry(&s, &s);
    double_y(&t->y, &s, &e, &f);
    times(&s, &b, 4);
    bls_fp2x4_mul(&t->z, &s, &yz);
}

/* With m = Y - yQ Z, n = X - xQ Z, E = n^3, G = X n^2, H = E + Z m^2 - 2G:
 *   X3 = n H, Y3 = m (G - H) - E Y, Z3 = Z E; l0 = m xQ - n yQ, l1 = -m xP, l4 = n yP */
void bls_miller_add4(struct bls_linex4 *line, struct bls_miller_points4 *t)
{
    struct bls_fp8 m, n, s, e, g, h;
    bls_fp2x4_mul(&s, &t->qy, &t->z);
    difference(&m, &t->y, &s);
    bls_fp8_sub(&line->l1, &s, &t->y);
    bls_fp2x4_mul(&s, &t->qx, &t->z);
    difference(&n, &t->x, &s);
    bls_fp2x4_difference_of_products(&line->l0, &m, &t->qx, &n, &t->qy);
    bls_fp8_mul(&line->l1, &line->l1, &t->px);
    bls_fp8_mul(&line->l4, &n, &t->py);
    lines_of_infinity(line, t);

    bls_fp2x4_square(&s, &n);
    bls_fp2x4_mul(&e, &s, &n);
    bls_fp2x4_mul(&g, &t->x, &s);
    bls_fp2x4_square(&s, &m);
    bls_fp2x4_mul(&h, &t->z, &s);
    bls_fp8_add(&h, &h, &e);
    bls_fp8_add(&s, &g, &g);
    bls_fp8_sub_2(&h, &h, &s);
    bls_fp8_carry(&h, &h);
    difference_carried(&g, &g, &h);
    bls_fp2x4_difference_of_products(&t->y, &g, &m, &t->y, &e);
    bls_fp2x4_mul(&t->x, &n, &h);
    bls_fp2x4_mul(&t->z, &t->z, &e);
}

/* psi(x, y) = (psi_x conjugate(x), psi_y conjugate(y)); -psi(Q) = (that x, -y). */
static void times_constant(struct bls_fp8 *out, const struct bls_fp8 *a,
                           const struct bls_fp2 *constant)
{
    struct bls_fp8 c, conjugate;
    load_fp2(&c, constant, 0, BLS_SPLIT);
    bls_fp2x4_conjugate(&conjugate, a);
    bls_fp2x4_mul(out, &c, &conjugate);
}

bls_lanes bls_miller_in_subgroup4(const struct bls_miller_points4 *t)
{
    struct bls_fp8 x, y, swapped;
    times_constant(&x, &t->qx, &bls_psi_x);
    times_constant(&y, &t->qy, &bls_psi_y);
    bls_fp2x4_mul(&x, &x, &t->z);
    bls_fp2x4_mul(&y, &y, &t->z);
    bls_fp8_add(&y, &y, &t->y);
    bls_lanes good = bls_lanes_and(bls_fp8_equal(&t->x, &x), bls_fp8_is_zero(&y));
    bls_fp2x4_swap(&swapped, &t->z);
    bls_lanes zero = bls_lanes_and(bls_fp8_is_zero(&t->z), bls_fp8_is_zero(&swapped));
    good = bls_lanes_and(good, bls_lanes_not(zero));
    return bls_lanes_or(good, t->absent);
}
