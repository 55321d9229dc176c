/* G2: the group law in homogeneous coordinates, with the complete formulas of Renes, Costello and
 * Batina (ePrint 2015/1060) for a = 0, and what follows from it: the twin of g1.c over Fp2. E'(Fp2)
 * has odd order, so the formulas have no exceptions on the whole curve. Constant-time. */
#include "bls12381/path_int.h"
#include "bls12381/point_int.h"

void bls_g2_generator(struct bls_g2 *out)
{
    bls_g2_from_affine(out, &bls_g2_base);
}

void bls_g2_infinity(struct bls_g2 *out)
{
    *out = (struct bls_g2){.y = bls_fp2_one};
}

void bls_g2_select(struct bls_g2 *out, uint64_t mask, const struct bls_g2 *a,
                   const struct bls_g2 *b)
{
    bls_fp2_select(&out->x, mask, &a->x, &b->x);
    bls_fp2_select(&out->y, mask, &a->y, &b->y);
    bls_fp2_select(&out->z, mask, &a->z, &b->z);
}

uint64_t bls_g2_is_infinity(const struct bls_g2 *a)
{
    return bls_fp2_is_zero(&a->z);
}

uint64_t bls_g2_affine_is_infinity(const struct bls_g2_affine *a)
{
    return bls_fp2_is_zero(&a->x) & bls_fp2_is_zero(&a->y);
}

void bls_g2_from_affine(struct bls_g2 *out, const struct bls_g2_affine *a)
{
    struct bls_g2 infinity, t = {a->x, a->y, bls_fp2_one};
    bls_g2_infinity(&infinity);
    bls_g2_select(out, bls_g2_affine_is_infinity(a), &infinity, &t);
}

/* The inverse of zero is zero, so infinity becomes (0, 0). */
void bls_g2_to_affine(struct bls_g2_affine *out, const struct bls_g2 *a)
{
    struct bls_fp2 z;
    bls_fp2_inverse(&z, &a->z);
    bls_fp2_mul(&out->x, &a->x, &z);
    bls_fp2_mul(&out->y, &a->y, &z);
}

/* Montgomery's trick; out[i].x holds the product of the z before i, 1 standing for zeros. */
void bls_g2_to_affine_batch(struct bls_g2_affine *out, const struct bls_g2 *in, size_t n)
{
    static const struct bls_fp2 zero = {{{0}}, {{0}}};
    struct bls_fp2 product = bls_fp2_one, z, inverse;
    for (size_t i = 0; i < n; i++) {
        bls_fp2_select(&z, bls_fp2_is_zero(&in[i].z), &bls_fp2_one, &in[i].z);
        out[i].x = product;
        bls_fp2_mul(&product, &product, &z);
    }
    bls_fp2_inverse(&product, &product);
    for (size_t i = n; i-- > 0;) {
        uint64_t infinite = bls_fp2_is_zero(&in[i].z);
        bls_fp2_mul(&inverse, &out[i].x, &product);
        bls_fp2_select(&z, infinite, &bls_fp2_one, &in[i].z);
        bls_fp2_mul(&product, &product, &z);
        bls_fp2_select(&inverse, infinite, &zero, &inverse);
        bls_fp2_mul(&out[i].x, &in[i].x, &inverse);
        bls_fp2_mul(&out[i].y, &in[i].y, &inverse);
    }
}

/* 3 b = 12 xi */
static void mul_3b(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    struct bls_fp2 t;
    bls_fp2_double(&t, a);
    bls_fp2_add(&t, &t, a);
    bls_fp2_double(&t, &t);
    bls_fp2_double(&t, &t);
    bls_fp2_mul_xi(out, &t);
}

/* a b + c d and a b - c d. */
static void sum_of_products(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b,
                            const struct bls_fp2 *c, const struct bls_fp2 *d)
{
    struct bls_fp2_wide s, t;
    bls_fp2_mul_wide(&s, a, b);
    bls_fp2_mul_wide(&t, c, d);
    bls_fp2_wide_add(&s, &s, &t);
    bls_fp2_reduce_wide(out, &s);
}

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

/* The common end of algorithms 7 and 8: xx = X1 X2, yy = Y1 Y2, bzz = 3b Z1 Z2, xy = X1 Y2 + X2 Y1,
 * yz = Y1 Z2 + Y2 Z1, bxz = 3b (X1 Z2 + X2 Z1). */
static void finish_add(struct bls_g2 *out, const struct bls_fp2 *xx, const struct bls_fp2 *yy,
                       const struct bls_fp2 *bzz, const struct bls_fp2 *xy,
                       const struct bls_fp2 *yz, const struct bls_fp2 *bxz)
{
    struct bls_fp2 m, p, t;
    bls_fp2_double(&t, xx);
    bls_fp2_add(&t, &t, xx);
    bls_fp2_sub(&m, yy, bzz);
    bls_fp2_add(&p, yy, bzz);
    difference_of_products(&out->x, xy, &m, yz, bxz);
    sum_of_products(&out->y, bxz, &t, &m, &p);
    sum_of_products(&out->z, &p, yz, &t, xy);
}

/* a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - v0 - v1 for v0 = a0 b0, v1 = a1 b1 */
static void cross(struct bls_fp2 *out, const struct bls_fp2 *a0, const struct bls_fp2 *a1,
                  const struct bls_fp2 *b0, const struct bls_fp2 *b1, const struct bls_fp2_wide *v0,
                  const struct bls_fp2_wide *v1)
{
    struct bls_fp2 sa, sb;
    struct bls_fp2_wide t;
    bls_fp2_add_lazy(&sa, a0, a1);
    bls_fp2_add_lazy(&sb, b0, b1);
    bls_fp2_mul_wide(&t, &sa, &sb);
    bls_fp2_wide_sub(&t, &t, v0);
    bls_fp2_wide_sub(&t, &t, v1);
    bls_fp2_reduce_wide(out, &t);
}

/* Algorithm 7. */
void bls_g2_add(struct bls_g2 *out, const struct bls_g2 *a, const struct bls_g2 *b)
{
    struct bls_fp2_wide vx, vy, vz;
    struct bls_fp2 xx, yy, bzz, xy, yz, bxz;
    bls_fp2_mul_wide(&vx, &a->x, &b->x);
    bls_fp2_mul_wide(&vy, &a->y, &b->y);
    bls_fp2_mul_wide(&vz, &a->z, &b->z);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    cross(&yz, &a->y, &a->z, &b->y, &b->z, &vy, &vz);
    cross(&bxz, &a->x, &a->z, &b->x, &b->z, &vx, &vz);
    bls_fp2_reduce_wide(&xx, &vx);
    bls_fp2_reduce_wide(&yy, &vy);
    bls_fp2_reduce_wide(&bzz, &vz);
    mul_3b(&bzz, &bzz);
    mul_3b(&bxz, &bxz);
    finish_add(out, &xx, &yy, &bzz, &xy, &yz, &bxz);
}

/* Algorithm 8: Z2 = 1. */
void bls_g2_add_mixed(struct bls_g2 *out, const struct bls_g2 *a, const struct bls_g2_affine *b)
{
    struct bls_fp2_wide vx, vy;
    struct bls_fp2 xx, yy, bzz, xy, yz, bxz;
    bls_fp2_mul_wide(&vx, &a->x, &b->x);
    bls_fp2_mul_wide(&vy, &a->y, &b->y);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    bls_fp2_mul(&yz, &b->y, &a->z);
    bls_fp2_add(&yz, &yz, &a->y);
    bls_fp2_mul(&bxz, &b->x, &a->z);
    bls_fp2_add(&bxz, &bxz, &a->x);
    bls_fp2_reduce_wide(&xx, &vx);
    bls_fp2_reduce_wide(&yy, &vy);
    mul_3b(&bzz, &a->z);
    mul_3b(&bxz, &bxz);
    finish_add(out, &xx, &yy, &bzz, &xy, &yz, &bxz);
}

/* Algorithm 9. With B = 3b Z^2: X3 = 2XY (Y^2 - 3B), Y3 = (Y^2 - 3B)(Y^2 + B) + 8 Y^2 B,
 * Z3 = 8 Y^3 Z. */
void bls_g2_double(struct bls_g2 *out, const struct bls_g2 *a)
{
    struct bls_fp2 yy, yy8, yz, xy, b, m, p;
    bls_fp2_square(&yy, &a->y);
    bls_fp2_mul(&yz, &a->y, &a->z);
    bls_fp2_mul(&xy, &a->x, &a->y);
    bls_fp2_square(&b, &a->z);
    mul_3b(&b, &b);
    bls_fp2_double(&yy8, &yy);
    bls_fp2_double(&yy8, &yy8);
    bls_fp2_double(&yy8, &yy8);
    bls_fp2_add(&p, &yy, &b);
    bls_fp2_double(&m, &b);
    bls_fp2_add(&m, &m, &b);
    bls_fp2_sub(&m, &yy, &m);
    bls_fp2_mul(&out->z, &yz, &yy8);
    sum_of_products(&out->y, &m, &p, &b, &yy8);
    bls_fp2_double(&xy, &xy);
    bls_fp2_mul(&out->x, &m, &xy);
}

void bls_g2_neg(struct bls_g2 *out, const struct bls_g2 *a)
{
    out->x = a->x;
    bls_fp2_neg(&out->y, &a->y);
    out->z = a->z;
}

void bls_g2_affine_neg(struct bls_g2_affine *out, const struct bls_g2_affine *a)
{
    out->x = a->x;
    bls_fp2_neg(&out->y, &a->y);
}

void bls_g2_sub(struct bls_g2 *out, const struct bls_g2 *a, const struct bls_g2 *b)
{
    struct bls_g2 t;
    bls_g2_neg(&t, b);
    bls_g2_add(out, a, &t);
}

/* X1 Z2 = X2 Z1 and Y1 Z2 = Y2 Z1; Y is never 0 at infinity, which tells it from other points. */
uint64_t bls_g2_equal(const struct bls_g2 *a, const struct bls_g2 *b)
{
    struct bls_fp2 s, t, u, v;
    bls_fp2_mul(&s, &a->x, &b->z);
    bls_fp2_mul(&t, &b->x, &a->z);
    bls_fp2_mul(&u, &a->y, &b->z);
    bls_fp2_mul(&v, &b->y, &a->z);
    return bls_fp2_equal(&s, &t) & bls_fp2_equal(&u, &v);
}

uint64_t bls_g2_on_curve(const struct bls_g2_affine *a)
{
    const struct bls_fp2 four = {.c0 = bls_g1_b};
    struct bls_fp2 s, t;
    bls_fp2_square(&s, &a->x);
    bls_fp2_mul(&s, &s, &a->x);
    bls_fp2_mul_xi(&t, &four);
    bls_fp2_add(&s, &s, &t);
    bls_fp2_square(&t, &a->y);
    return bls_fp2_equal(&s, &t) | bls_g2_affine_is_infinity(a);
}

void bls_g2_psi(struct bls_g2 *out, const struct bls_g2 *a)
{
    bls_fp2_conjugate(&out->x, &a->x);
    bls_fp2_conjugate(&out->y, &a->y);
    bls_fp2_conjugate(&out->z, &a->z);
    bls_fp2_mul(&out->x, &out->x, &bls_psi_x);
    bls_fp2_mul(&out->y, &out->y, &bls_psi_y);
}

void bls_g2_psi2(struct bls_g2 *out, const struct bls_g2 *a)
{
    bls_fp2_mul_fp(&out->x, &a->x, &bls_psi2_x);
    bls_fp2_neg(&out->y, &a->y);
    out->z = a->z;
}

/* |x| has six bits set. */
void bls_g2_mul_x_abs(struct bls_g2 *out, const struct bls_g2 *a)
{
    struct bls_g2 t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_g2_double(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_g2_add(&t, &t, a);
        }
    }
    *out = t;
}

/* psi(Q) = [x]Q. As psi^2 - (x+1) psi + p = 0, the order of Q then divides p - x = h1 r, and with
 * it gcd(h1, h2) r = r (Scott, ePrint 2021/1130, section 4; constants.py checks the gcd). */
uint64_t bls_g2_in_subgroup(const struct bls_g2_affine *a)
{
    struct bls_g2 q, psi;
    bls_g2_from_affine(&q, a);
    bls_g2_psi(&psi, &q);
    bls_g2_neg(&psi, &psi);
    bls_g2_mul_x_abs(&q, &q);
    return bls_g2_equal(&q, &psi);
}

uint64_t bls_portable_g2_in_subgroup_batch(const struct bls_g2_affine *a, size_t n)
{
    uint64_t all = ~(uint64_t)0;
    for (size_t i = 0; i < n; i++) {
        all &= bls_g2_in_subgroup(&a[i]);
    }
    return all;
}
