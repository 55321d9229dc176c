/* G1: the group law in homogeneous coordinates, with the complete formulas of Renes, Costello and
 * Batina (ePrint 2015/1060) for a = 0, and what follows from it. E(Fp) has odd order, so the
 * formulas have no exceptions on the whole curve. Constant-time. */
#include "bls12381/path_int.h"
#include "bls12381/point_int.h"

void bls_g1_generator(struct bls_g1 *out)
{
    bls_g1_from_affine(out, &bls_g1_base);
}

void bls_g1_infinity(struct bls_g1 *out)
{
    *out = (struct bls_g1){.y = bls_fp_one};
}

void bls_g1_select(struct bls_g1 *out, uint64_t mask, const struct bls_g1 *a,
                   const struct bls_g1 *b)
{
    bls_fp_select(&out->x, mask, &a->x, &b->x);
    bls_fp_select(&out->y, mask, &a->y, &b->y);
    bls_fp_select(&out->z, mask, &a->z, &b->z);
}

uint64_t bls_g1_is_infinity(const struct bls_g1 *a)
{
    return bls_fp_is_zero(&a->z);
}

uint64_t bls_g1_affine_is_infinity(const struct bls_g1_affine *a)
{
    return bls_fp_is_zero(&a->x) & bls_fp_is_zero(&a->y);
}

void bls_g1_from_affine(struct bls_g1 *out, const struct bls_g1_affine *a)
{
    struct bls_g1 infinity, t = {a->x, a->y, bls_fp_one};
    bls_g1_infinity(&infinity);
    bls_g1_select(out, bls_g1_affine_is_infinity(a), &infinity, &t);
}

/* The inverse of zero is zero, so infinity becomes (0, 0). */
void bls_g1_to_affine(struct bls_g1_affine *out, const struct bls_g1 *a)
{
    struct bls_fp z;
    bls_fp_inverse(&z, &a->z);
    bls_fp_mul(&out->x, &a->x, &z);
    bls_fp_mul(&out->y, &a->y, &z);
}

/* Montgomery's trick; out[i].x holds the product of the z before i, 1 standing for zeros. */
void bls_g1_to_affine_batch(struct bls_g1_affine *out, const struct bls_g1 *in, size_t n)
{
    static const struct bls_fp zero = {{0}};
    struct bls_fp product = bls_fp_one, z, inverse;
    for (size_t i = 0; i < n; i++) {
        bls_fp_select(&z, bls_fp_is_zero(&in[i].z), &bls_fp_one, &in[i].z);
        out[i].x = product;
        bls_fp_mul(&product, &product, &z);
    }
    bls_fp_inverse(&product, &product);
    for (size_t i = n; i-- > 0;) {
        uint64_t infinite = bls_fp_is_zero(&in[i].z);
        bls_fp_mul(&inverse, &out[i].x, &product);
        bls_fp_select(&z, infinite, &bls_fp_one, &in[i].z);
        bls_fp_mul(&product, &product, &z);
        bls_fp_select(&inverse, infinite, &zero, &inverse);
        bls_fp_mul(&out[i].x, &in[i].x, &inverse);
        bls_fp_mul(&out[i].y, &in[i].y, &inverse);
    }
}

/* 3 b = 12 */
static void mul_3b(struct bls_fp *out, const struct bls_fp *a)
{
    struct bls_fp t;
    bls_fp_double(&t, a);
    bls_fp_add(&t, &t, a);
    bls_fp_double(&t, &t);
    bls_fp_double(out, &t);
}

/* a b + c d and a b - c d, for lazy 2 at most. */
static void sum_of_products(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b,
                            const struct bls_fp *c, const struct bls_fp *d)
{
    struct bls_wide s, t;
    bls_fp_mul_wide(&s, a, b);
    bls_fp_mul_wide(&t, c, d);
    bls_wide_add(&s, &s, &t);
    bls_fp_reduce_wide(out, &s);
}

static void difference_of_products(struct bls_fp *out, const struct bls_fp *a,
                                   const struct bls_fp *b, const struct bls_fp *c,
                                   const struct bls_fp *d)
{
    struct bls_wide s, t;
    bls_fp_mul_wide(&s, a, b);
    bls_fp_mul_wide(&t, c, d);
    bls_wide_sub_shifted(&s, &s, &t);
    bls_fp_reduce_wide(out, &s);
}

/* The common end of algorithms 7 and 8: xx = X1 X2, yy = Y1 Y2, bzz = 3b Z1 Z2, xy = X1 Y2 + X2 Y1,
 * yz = Y1 Z2 + Y2 Z1, bxz = 3b (X1 Z2 + X2 Z1). */
static void finish_add(struct bls_g1 *out, const struct bls_fp *xx, const struct bls_fp *yy,
                       const struct bls_fp *bzz, const struct bls_fp *xy, const struct bls_fp *yz,
                       const struct bls_fp *bxz)
{
    struct bls_fp m, p, t;
    bls_fp_double(&t, xx);
    bls_fp_add(&t, &t, xx);
    bls_fp_sub(&m, yy, bzz);
    bls_fp_add(&p, yy, bzz);
    difference_of_products(&out->x, xy, &m, yz, bxz);
    sum_of_products(&out->y, bxz, &t, &m, &p);
    sum_of_products(&out->z, &p, yz, &t, xy);
}

/* a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - v0 - v1 for v0 = a0 b0, v1 = a1 b1 */
static void cross(struct bls_fp *out, const struct bls_fp *a0, const struct bls_fp *a1,
                  const struct bls_fp *b0, const struct bls_fp *b1, const struct bls_wide *v0,
                  const struct bls_wide *v1)
{
    struct bls_fp sa, sb;
    struct bls_wide t;
    bls_fp_add_lazy(&sa, a0, a1);
    bls_fp_add_lazy(&sb, b0, b1);
    bls_fp_mul_wide(&t, &sa, &sb);
    bls_wide_sub(&t, &t, v0);
    bls_wide_sub(&t, &t, v1);
    bls_fp_reduce_wide(out, &t);
}

/* Algorithm 7. */
void bls_g1_add(struct bls_g1 *out, const struct bls_g1 *a, const struct bls_g1 *b)
{
    struct bls_wide vx, vy, vz;
    struct bls_fp xx, yy, bzz, xy, yz, bxz;
    bls_fp_mul_wide(&vx, &a->x, &b->x);
    bls_fp_mul_wide(&vy, &a->y, &b->y);
    bls_fp_mul_wide(&vz, &a->z, &b->z);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    cross(&yz, &a->y, &a->z, &b->y, &b->z, &vy, &vz);
    cross(&bxz, &a->x, &a->z, &b->x, &b->z, &vx, &vz);
    bls_fp_reduce_wide(&xx, &vx);
    bls_fp_reduce_wide(&yy, &vy);
    bls_fp_reduce_wide(&bzz, &vz);
    mul_3b(&bzz, &bzz);
    mul_3b(&bxz, &bxz);
    finish_add(out, &xx, &yy, &bzz, &xy, &yz, &bxz);
}

/* Algorithm 8: Z2 = 1. */
void bls_g1_add_mixed(struct bls_g1 *out, const struct bls_g1 *a, const struct bls_g1_affine *b)
{
    struct bls_wide vx, vy;
    struct bls_fp xx, yy, bzz, xy, yz, bxz;
    bls_fp_mul_wide(&vx, &a->x, &b->x);
    bls_fp_mul_wide(&vy, &a->y, &b->y);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    bls_fp_mul(&yz, &b->y, &a->z);
    bls_fp_add(&yz, &yz, &a->y);
    bls_fp_mul(&bxz, &b->x, &a->z);
    bls_fp_add(&bxz, &bxz, &a->x);
    bls_fp_reduce_wide(&xx, &vx);
    bls_fp_reduce_wide(&yy, &vy);
    mul_3b(&bzz, &a->z);
    mul_3b(&bxz, &bxz);
    finish_add(out, &xx, &yy, &bzz, &xy, &yz, &bxz);
}

/* Algorithm 9. With B = 3b Z^2: X3 = 2XY (Y^2 - 3B), Y3 = (Y^2 - 3B)(Y^2 + B) + 8 Y^2 B,
 * Z3 = 8 Y^3 Z. */
void bls_g1_double(struct bls_g1 *out, const struct bls_g1 *a)
{
    struct bls_fp yy, yy8, yz, xy, b, m, p;
    bls_fp_square(&yy, &a->y);
    bls_fp_mul(&yz, &a->y, &a->z);
    bls_fp_mul(&xy, &a->x, &a->y);
    bls_fp_square(&b, &a->z);
    mul_3b(&b, &b);
    bls_fp_double(&yy8, &yy);
    bls_fp_double(&yy8, &yy8);
    bls_fp_double(&yy8, &yy8);
    bls_fp_add(&p, &yy, &b);
    bls_fp_double(&m, &b);
    bls_fp_add(&m, &m, &b);
    bls_fp_sub(&m, &yy, &m);
    bls_fp_mul(&out->z, &yz, &yy8);
    sum_of_products(&out->y, &m, &p, &b, &yy8);
    bls_fp_double(&xy, &xy);
    bls_fp_mul(&out->x, &m, &xy);
}

void bls_g1_neg(struct bls_g1 *out, const struct bls_g1 *a)
{
    out->x = a->x;
    bls_fp_neg(&out->y, &a->y);
    out->z = a->z;
}

void bls_g1_affine_neg(struct bls_g1_affine *out, const struct bls_g1_affine *a)
{
    out->x = a->x;
    bls_fp_neg(&out->y, &a->y);
}

void bls_g1_sub(struct bls_g1 *out, const struct bls_g1 *a, const struct bls_g1 *b)
{
    struct bls_g1 t;
    bls_g1_neg(&t, b);
    bls_g1_add(out, a, &t);
}

/* X1 Z2 = X2 Z1 and Y1 Z2 = Y2 Z1; Y is never 0 at infinity, which tells it from other points. */
uint64_t bls_g1_equal(const struct bls_g1 *a, const struct bls_g1 *b)
{
    struct bls_fp s, t, u, v;
    bls_fp_mul(&s, &a->x, &b->z);
    bls_fp_mul(&t, &b->x, &a->z);
    bls_fp_mul(&u, &a->y, &b->z);
    bls_fp_mul(&v, &b->y, &a->z);
    return bls_fp_equal(&s, &t) & bls_fp_equal(&u, &v);
}

uint64_t bls_g1_on_curve(const struct bls_g1_affine *a)
{
    struct bls_fp s, t;
    bls_fp_square(&s, &a->x);
    bls_fp_mul(&s, &s, &a->x);
    bls_fp_add(&s, &s, &bls_g1_b);
    bls_fp_square(&t, &a->y);
    return bls_fp_equal(&s, &t) | bls_g1_affine_is_infinity(a);
}

void bls_g1_phi(struct bls_g1 *out, const struct bls_g1 *a)
{
    bls_fp_mul(&out->x, &a->x, &bls_beta);
    out->y = a->y;
    out->z = a->z;
}

/* |x| has six bits set. */
void bls_g1_mul_x_abs(struct bls_g1 *out, const struct bls_g1 *a)
{
    struct bls_g1 t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_g1_double(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_g1_add(&t, &t, a);
        }
    }
    *out = t;
}

/* phi(P) = [-x^2]P. As phi^2 + phi + 1 = 0, that makes [x^4 - x^2 + 1]P = [r]P infinity (Scott,
 * ePrint 2021/1130, section 6). */
uint64_t bls_g1_in_subgroup(const struct bls_g1_affine *a)
{
    struct bls_g1 p, phi;
    bls_g1_from_affine(&p, a);
    bls_g1_phi(&phi, &p);
    bls_g1_neg(&phi, &phi);
    bls_g1_mul_x_abs(&p, &p);
    bls_g1_mul_x_abs(&p, &p);
    return bls_g1_equal(&p, &phi);
}

uint64_t bls_portable_g1_in_subgroup_batch(const struct bls_g1_affine *a, size_t n)
{
    uint64_t all = ~(uint64_t)0;
    for (size_t i = 0; i < n; i++) {
        all &= bls_g1_in_subgroup(&a[i]);
    }
    return all;
}
