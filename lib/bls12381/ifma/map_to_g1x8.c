/* From field elements to points, in lanes. The contract is in hash_to_g1x8_int.h, the formulas are
 * those of hash_to_g1.c. */
#include "bls12381/ifma/hash_to_g1x8_int.h"

/* a k + b l for constants k and l. */
static void combine(struct bls_fp8 *out, const struct bls_fp8 *a,
                    const uint64_t k[static BLS_FP8_LIMBS], const struct bls_fp8 *b,
                    const uint64_t l[static BLS_FP8_LIMBS])
{
    struct bls_fp8 s, t;
    bls_fp8_set(&s, k);
    bls_fp8_set(&t, l);
    bls_fp8_mul_add_mul(out, a, &s, b, &t);
}

/* a^((p-3)/4): a window of at most five bits at a time, over the odd powers to the 31st. */
static void power_p_minus_3_over_4(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    enum { STEPS = sizeof bls_fp8_sqrt_steps / sizeof bls_fp8_sqrt_steps[0] };
    struct bls_fp8 odd[16], square, t;
    odd[0] = *a;
    bls_fp8_square(&square, a);
    for (int i = 1; i < 16; i++) {
        bls_fp8_mul(&odd[i], &odd[i - 1], &square);
    }
    t = odd[bls_fp8_sqrt_steps[0][1] / 2];
    for (int i = 1; i < STEPS; i++) {
        for (int j = 0; j < bls_fp8_sqrt_steps[i][0]; j++) {
            bls_fp8_square(&t, &t);
        }
        bls_fp8_mul(&t, &t, &odd[bls_fp8_sqrt_steps[i][1] / 2]);
    }
    bls_fp8_square(out, &t);
}

/* sqrt_ratio_3mod4 (F.2.1.2): a root of u/v in the lanes where there is one, else of Z u/v. */
static bls_lanes sqrt_ratio(struct bls_fp8 *y, const struct bls_fp8 *u, const struct bls_fp8 *v)
{
    struct bls_fp8 uv, t, y1, y2;
    bls_fp8_mul(&uv, u, v);
    bls_fp8_square(&t, v);
    bls_fp8_mul(&t, &t, &uv); /* u v^3 */
    power_p_minus_3_over_4(&y1, &t);
    bls_fp8_mul(&y1, &y1, &uv);
    bls_fp8_mul_constant(&y2, &y1, bls_fp8_sswu_c2);
    bls_fp8_square(&t, &y1);
    bls_fp8_mul(&t, &t, v);
    bls_lanes square = bls_fp8_equal(u, &t);
    bls_fp8_select(y, square, &y1, &y2);
    return square;
}

/* The lanes whose integer is odd. */
static bls_lanes sgn0(const struct bls_fp8 *a)
{
    struct bls_fp8 t;
    bls_fp8_integer(&t, a);
    bls_vec bit = bls_vec_and(t.limb[0], bls_vec_set1(1));
    return bls_lanes_not(bls_vec_is_zero(bit));
}

/* The lanes of which just one is set. */
static bls_lanes differ(bls_lanes a, bls_lanes b)
{
    return bls_lanes_and(bls_lanes_or(a, b), bls_lanes_not(bls_lanes_and(a, b)));
}

void bls_mapx8_to_e1(struct bls_g1x8 *out, const struct bls_fp8 *u)
{
    struct bls_fp8 zuu, s, t, one, xn, xd, xd2, gn, gd, y, v;
    bls_fp8_set(&one, bls_fp8_one);
    bls_fp8_square(&zuu, u);
    bls_fp8_mul_constant(&zuu, &zuu, bls_fp8_sswu_z); /* Z u^2 */
    bls_fp8_add(&s, &zuu, &one);
    bls_fp8_mul(&t, &zuu, &s); /* Z^2 u^4 + Z u^2 */
    bls_fp8_add(&xn, &t, &one);
    bls_fp8_mul_constant(&xn, &xn, bls_fp8_sswu_b);
    bls_fp8_neg(&xd, &t);
    bls_fp8_set(&s, bls_fp8_sswu_z);
    bls_fp8_select(&xd, bls_fp8_is_zero(&t), &s, &xd);
    bls_fp8_mul_constant(&xd, &xd, bls_fp8_sswu_a); /* x1 = xn / xd */

    bls_fp8_square(&xd2, &xd);
    bls_fp8_mul(&gd, &xd2, &xd); /* g(x1) = gn / gd, gd = xd^3 */
    bls_fp8_mul(&t, &xd2, &xn);
    bls_fp8_square(&s, &xn);
    bls_fp8_mul(&s, &s, &xn);
    combine(&gn, &t, bls_fp8_sswu_a, &gd, bls_fp8_sswu_b);
    bls_fp8_add(&gn, &gn, &s);
    bls_fp8_carry(&gn, &gn);
    bls_lanes square = sqrt_ratio(&y, &gn, &gd);
    /* Otherwise x2 = Z u^2 x1 and y2 = Z u^3 sqrt(Z g(x1)). */
    bls_fp8_mul(&v, &zuu, u);
    bls_fp8_mul(&v, &v, &y);
    bls_fp8_select(&y, square, &y, &v);
    bls_fp8_mul(&t, &zuu, &xn);
    bls_fp8_select(&out->x, square, &xn, &t);
    bls_fp8_neg(&t, &y);
    bls_fp8_select(&y, differ(sgn0(u), sgn0(&y)), &t, &y);
    bls_fp8_mul(&out->y, &y, &xd);
    out->z = xd;
}

/* Algorithm 1 of Renes, Costello and Batina: E1 has odd order too. */
void bls_mapx8_add_on_e1(struct bls_g1x8 *out, const struct bls_g1x8 *p, const struct bls_g1x8 *q)
{
    struct bls_fp8 xx, yy, zz, xy, xz, yz, azz, s, t, m, n, k;
    bls_fp8_mul(&xx, &p->x, &q->x);
    bls_fp8_mul(&yy, &p->y, &q->y);
    bls_fp8_mul(&zz, &p->z, &q->z);
    bls_fp8_mul_add_mul(&xy, &p->x, &q->y, &p->y, &q->x);
    bls_fp8_mul_add_mul(&xz, &p->x, &q->z, &p->z, &q->x);
    bls_fp8_mul_add_mul(&yz, &p->y, &q->z, &p->z, &q->y);
    combine(&s, &xz, bls_fp8_sswu_a, &zz, bls_fp8_sswu_b3); /* a XZ + 3b ZZ */
    bls_fp8_sub(&m, &yy, &s);
    bls_fp8_add(&n, &yy, &s);
    bls_fp8_mul_constant(&azz, &zz, bls_fp8_sswu_a);
    bls_fp8_add(&k, &xx, &xx);
    bls_fp8_add(&k, &k, &xx);
    bls_fp8_add(&k, &k, &azz);
    bls_fp8_carry(&k, &k); /* 3 XX + a ZZ */
    bls_fp8_sub(&t, &xx, &azz);
    combine(&s, &xz, bls_fp8_sswu_b3, &t, bls_fp8_sswu_a); /* 3b XZ + a (XX - a ZZ) */
    bls_fp8_neg(&t, &yz);
    bls_fp8_mul_add_mul(&out->x, &xy, &m, &t, &s);
    bls_fp8_mul_add_mul(&out->y, &m, &n, &k, &s);
    bls_fp8_mul_add_mul(&out->z, &yz, &n, &xy, &k);
}

/* The polynomial c[0] + ... + c[degree] x^degree at x/z, times z^degree; zp[i] = z^i. */
static void evaluate(struct bls_fp8 *out, const uint64_t (*c)[BLS_FP8_LIMBS], int degree,
                     const struct bls_fp8 *x, const struct bls_fp8 *zp)
{
    struct bls_fp8 sum, t;
    bls_fp8_set(&sum, c[degree]);
    for (int i = degree - 1; i >= 0; i--) {
        bls_fp8_set(&t, c[i]);
        bls_fp8_mul_add_mul(&sum, &sum, x, &t, &zp[degree - i]);
    }
    *out = sum;
}

/* A point of the kernel, where the denominators vanish, maps to infinity. */
void bls_mapx8_isogeny(struct bls_g1x8 *out, const struct bls_g1x8 *p)
{
    struct bls_fp8 zp[16], xn, xd, yn, yd;
    struct bls_g1x8 infinity, t;
    zp[1] = p->z;
    for (int i = 2; i < 16; i++) {
        bls_fp8_mul(&zp[i], &zp[i - 1], &p->z);
    }
    evaluate(&xn, bls_fp8_iso_x_num, 11, &p->x, zp);
    evaluate(&xd, bls_fp8_iso_x_den, 10, &p->x, zp);
    evaluate(&yn, bls_fp8_iso_y_num, 15, &p->x, zp);
    evaluate(&yd, bls_fp8_iso_y_den, 15, &p->x, zp);
    bls_fp8_mul(&t.x, &xn, &yd);
    bls_fp8_mul(&t.y, &yn, &xd);
    bls_fp8_mul(&t.y, &t.y, &p->y);
    bls_fp8_mul(&t.z, &xd, &yd);
    bls_fp8_mul(&t.z, &t.z, &p->z);
    bls_g1x8_infinity(&infinity);
    bls_lanes kernel = bls_fp8_is_zero(&t.z);
    bls_g1x8_select(out, kernel, &infinity, &t);
}
