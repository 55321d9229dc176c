/* Points of E in lanes. The contract is in g1x8_int.h. */
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/point_int.h"

void bls_g1x8_infinity(struct bls_g1x8 *out)
{
    bls_fp8_zero(&out->x);
    bls_fp8_set(&out->y, bls_fp8_one);
    bls_fp8_zero(&out->z);
}

bls_lanes bls_g1x8_load_points(struct bls_g1x8_affine *out,
                               const struct bls_g1_affine *const in[static BLS_LANES])
{
    static const struct bls_g1_affine nothing;
    struct bls_g1_affine row[BLS_LANES];
    unsigned infinite = 0;
    for (size_t i = 0; i < BLS_LANES; i++) {
        row[i] = in[i] != NULL ? *in[i] : nothing;
        infinite |= (unsigned)(bls_g1_affine_is_infinity(&row[i]) & 1) << i;
    }
    bls_fp8_load_times(&out->x, &row[0].x, sizeof row[0], BLS_LANES, bls_fp8_from_fp_s2);
    bls_fp8_load_times(&out->y, &row[0].y, sizeof row[0], BLS_LANES, bls_fp8_from_fp_s3);
    return bls_lanes_from(infinite);
}

void bls_g1x8_load_affine(struct bls_g1x8 *out,
                          const struct bls_g1_affine *const in[static BLS_LANES])
{
    struct bls_g1x8_affine point;
    struct bls_g1x8 infinity;
    bls_lanes infinite = bls_g1x8_load_points(&point, in);
    bls_g1x8_infinity(&infinity);
    *out = (struct bls_g1x8){point.x, point.y, infinity.y}; /* z = 1 */
    bls_g1x8_select(out, infinite, &infinity, out);
}

/* (s^2 X : s^3 Y : Z) */
void bls_g1x8_load(struct bls_g1x8 *out, const struct bls_g1 *in, size_t n)
{
    struct bls_g1x8 infinity;
    bls_fp8_load_times(&out->x, &in[0].x, sizeof in[0], n, bls_fp8_from_fp_s2);
    bls_fp8_load_times(&out->y, &in[0].y, sizeof in[0], n, bls_fp8_from_fp_s3);
    bls_fp8_load_count(&out->z, &in[0].z, sizeof in[0], n);
    bls_g1x8_infinity(&infinity);
    bls_lanes absent = bls_lanes_from(~0U << n & 0xff);
    bls_fp8_select(&out->y, absent, &infinity.y, &out->y);
}

/* (X / s^2 : Y / s^3 : Z) = (s X : Y : s^3 Z) */
void bls_g1x8_store(struct bls_g1 *out, const struct bls_g1x8 *a, size_t n)
{
    bls_fp8_store_times(&out[0].x, &a->x, sizeof out[0], n, bls_fp8_to_fp_s1);
    bls_fp8_store_count(&out[0].y, &a->y, sizeof out[0], n);
    bls_fp8_store_times(&out[0].z, &a->z, sizeof out[0], n, bls_fp8_to_fp_s3);
}

/* The common end of algorithms 7 and 8: xx3 = 3 X1 X2, m = Y1 Y2 - 3b Z1 Z2, p = Y1 Y2 + 3b Z1 Z2,
 * xy = X1 Y2 + X2 Y1, yz = Y1 Z2 + Y2 Z1, minus_yz, bxz = 3b (X1 Z2 + X2 Z1). */
static void finish_add(struct bls_g1x8 *out, const struct bls_fp8 *xx3, const struct bls_fp8 *m,
                       const struct bls_fp8 *p, const struct bls_fp8 *xy, const struct bls_fp8 *yz,
                       const struct bls_fp8 *minus_yz, const struct bls_fp8 *bxz)
{
    bls_fp8_mul_add_mul(&out->x, xy, m, minus_yz, bxz);
    bls_fp8_mul_add_mul(&out->y, bxz, xx3, m, p);
    bls_fp8_mul_add_mul(&out->z, p, yz, xx3, xy);
}

/* a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - v0 - v1 for v0 = a0 b0, v1 = a1 b1 */
static void cross(struct bls_fp8 *out, const struct bls_fp8 *a0, const struct bls_fp8 *a1,
                  const struct bls_fp8 *b0, const struct bls_fp8 *b1, const struct bls_fp8_wide *v0,
                  const struct bls_fp8_wide *v1)
{
    struct bls_fp8 sa, sb;
    bls_fp8_add(&sa, a0, a1);
    bls_fp8_add(&sb, b0, b1);
    bls_fp8_mul_sub_wide(out, &sa, &sb, v0, v1);
}

/* Algorithm 7. */
void bls_g1x8_add(struct bls_g1x8 *out, const struct bls_g1x8 *a, const struct bls_g1x8 *b)
{
    struct bls_fp8_wide vx, vy, vz, w;
    struct bls_fp8 xx3, m, p, xy, yz, minus_yz, bxz, t;
    bls_fp8_mul_wide(&vx, &a->x, &b->x);
    bls_fp8_mul_wide(&vy, &a->y, &b->y);
    bls_fp8_mul_wide(&vz, &a->z, &b->z);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    cross(&yz, &a->y, &a->z, &b->y, &b->z, &vy, &vz);
    cross(&bxz, &a->x, &a->z, &b->x, &b->z, &vx, &vz);
    bls_fp8_reduce(&t, &vx);
    bls_fp8_add(&xx3, &t, &t);
    bls_fp8_add(&xx3, &xx3, &t);
    bls_fp8_wide_add(&vz, &vz, &vz);
    bls_fp8_wide_sub(&w, &vy, &vz);
    bls_fp8_reduce(&m, &w);
    bls_fp8_wide_add(&w, &vy, &vz);
    bls_fp8_reduce(&p, &w);
    bls_fp8_add(&bxz, &bxz, &bxz);
    bls_fp8_neg(&minus_yz, &yz);
    finish_add(out, &xx3, &m, &p, &xy, &yz, &minus_yz, &bxz);
}

/* Algorithm 8: Z2 = 1. */
void bls_g1x8_add_mixed(struct bls_g1x8 *out, const struct bls_g1x8 *a,
                        const struct bls_g1x8_affine *b)
{
    struct bls_fp8_wide vx, vy;
    struct bls_fp8 xx3, m, p, xy, yz, minus_yz, bxz, zz, t;
    bls_fp8_mul_wide(&vx, &a->x, &b->x);
    bls_fp8_mul_wide(&vy, &a->y, &b->y);
    cross(&xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    bls_fp8_reduce(&t, &vx);
    bls_fp8_add(&xx3, &t, &t);
    bls_fp8_add(&xx3, &xx3, &t);
    bls_fp8_add(&zz, &a->z, &a->z); /* 3b Z1 */
    bls_fp8_reduce(&t, &vy);
    bls_fp8_add(&p, &t, &zz);
    bls_fp8_sub_2(&m, &t, &zz);
    bls_fp8_carry(&m, &m);
    bls_fp8_mul(&bxz, &b->x, &zz);
    bls_fp8_add(&t, &a->x, &a->x);
    bls_fp8_add(&bxz, &bxz, &t);
    bls_fp8_mul(&yz, &b->y, &a->z);
    bls_fp8_add(&yz, &yz, &a->y);
    bls_fp8_zero(&t);
    bls_fp8_sub_2(&minus_yz, &t, &yz);
    finish_add(out, &xx3, &m, &p, &xy, &yz, &minus_yz, &bxz);
}

/* Algorithm 9, for 3b = 2: X3 = 2XY (Y^2 - 6Z^2), Y3 = Y^4 + 12 Z^2 (Y^2 - Z^2), which is
 * (Y^2 - 6Z^2)(Y^2 + 2Z^2) + 16 Y^2 Z^2, and Z3 = 8 Y^3 Z. */
void bls_g1x8_double(struct bls_g1x8 *out, const struct bls_g1x8 *a)
{
    struct bls_fp8 yy, zz, y2, xy2, yz2, m, n, g;
    bls_fp8_add(&y2, &a->y, &a->y);
    bls_fp8_square(&yy, &a->y);
    bls_fp8_square(&zz, &a->z);
    bls_fp8_mul(&xy2, &y2, &a->x);
    bls_fp8_mul(&yz2, &y2, &a->z);
    bls_fp8_times(&g, &zz, 6);
    bls_fp8_carry(&g, &g); /* 6 Z^2 */
    bls_fp8_sub_carried(&m, &yy, &g);
    bls_fp8_sub(&n, &yy, &zz);
    bls_fp8_mul(&out->x, &xy2, &m);
    bls_fp8_add(&g, &g, &g);
    bls_fp8_square_add_mul(&out->y, &yy, &g, &n);
    bls_fp8_add(&yy, &yy, &yy);
    bls_fp8_add(&yz2, &yz2, &yz2);
    bls_fp8_mul(&out->z, &yy, &yz2);
}

void bls_g1x8_window(struct bls_g1x8 *table)
{
    for (int j = 2; j <= BLS_WINDOW_ENTRIES; j++) {
        if (j % 2 == 0) {
            bls_g1x8_double(&table[j - 1], &table[j / 2 - 1]);
        } else {
            bls_g1x8_add(&table[j - 1], &table[j - 2], &table[0]);
        }
    }
}

void bls_g1x8_select(struct bls_g1x8 *out, bls_lanes mask, const struct bls_g1x8 *a,
                     const struct bls_g1x8 *b)
{
    bls_fp8_select(&out->x, mask, &a->x, &b->x);
    bls_fp8_select(&out->y, mask, &a->y, &b->y);
    bls_fp8_select(&out->z, mask, &a->z, &b->z);
}

void bls_g1x8_fold(struct bls_g1x8 *a, size_t slots)
{
    struct bls_g1x8 t;
    for (size_t by = BLS_LANES / 2; by >= slots; by /= 2) {
        bls_fp8_rotate(&t.x, &a->x, by);
        bls_fp8_rotate(&t.y, &a->y, by);
        bls_fp8_rotate(&t.z, &a->z, by);
        bls_g1x8_add(a, a, &t);
    }
}

void bls_g1x8_negate(struct bls_g1x8 *a, bls_lanes mask)
{
    struct bls_fp8 t;
    bls_fp8_neg(&t, &a->y);
    bls_fp8_carry(&t, &t);
    bls_fp8_select(&a->y, mask, &t, &a->y);
}

void bls_g1x8_phi(struct bls_g1x8 *a)
{
    bls_fp8_mul_constant(&a->x, &a->x, bls_fp8_beta);
}

/* |x| has six bits set. */
void bls_g1x8_mul_x_abs(struct bls_g1x8 *out, const struct bls_g1x8 *a)
{
    struct bls_g1x8 t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_g1x8_double(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_g1x8_add(&t, &t, a);
        }
    }
    *out = t;
}
