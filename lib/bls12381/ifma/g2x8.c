/* Points of the twist in lanes. The contract is in g2x8_int.h. */
#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/point_int.h"

static void fp2_zero(struct bls_fp2x8 *out)
{
    bls_fp8_zero(&out->c0);
    bls_fp8_zero(&out->c1);
}

static void fp2_one(struct bls_fp2x8 *out)
{
    bls_fp8_set(&out->c0, bls_fp8_one);
    bls_fp8_zero(&out->c1);
}

void bls_g2x8_infinity(struct bls_g2x8 *out)
{
    fp2_zero(&out->x);
    fp2_one(&out->y);
    fp2_zero(&out->z);
}

void bls_g2x8_select(struct bls_g2x8 *out, bls_lanes mask, const struct bls_g2x8 *a,
                     const struct bls_g2x8 *b)
{
    bls_fp2x8_select(&out->x, mask, &a->x, &b->x);
    bls_fp2x8_select(&out->y, mask, &a->y, &b->y);
    bls_fp2x8_select(&out->z, mask, &a->z, &b->z);
}

static void fp2_load(struct bls_fp2x8 *out, const struct bls_fp2 *in, size_t stride, size_t n)
{
    bls_fp8_load_count(&out->c0, &in->c0, stride, n);
    bls_fp8_load_count(&out->c1, &in->c1, stride, n);
}

static void fp2_store(struct bls_fp2 *out, const struct bls_fp2x8 *a, size_t stride, size_t n)
{
    bls_fp8_store_count(&out->c0, &a->c0, stride, n);
    bls_fp8_store_count(&out->c1, &a->c1, stride, n);
}

void bls_g2x8_load_affine(struct bls_g2x8 *out,
                          const struct bls_g2_affine *const in[static BLS_LANES])
{
    static const struct bls_g2_affine nothing;
    struct bls_g2_affine row[BLS_LANES];
    struct bls_g2x8 infinity;
    unsigned infinite = 0;
    for (size_t i = 0; i < BLS_LANES; i++) {
        row[i] = in[i] != NULL ? *in[i] : nothing;
        infinite |= (unsigned)(bls_g2_affine_is_infinity(&row[i]) & 1) << i;
    }
    fp2_load(&out->x, &row[0].x, sizeof row[0], BLS_LANES);
    fp2_load(&out->y, &row[0].y, sizeof row[0], BLS_LANES);
    fp2_one(&out->z);
    bls_g2x8_infinity(&infinity);
    bls_g2x8_select(out, bls_lanes_from(infinite), &infinity, out);
}

void bls_g2x8_load(struct bls_g2x8 *out, const struct bls_g2 *in, size_t n)
{
    struct bls_g2x8 infinity;
    fp2_load(&out->x, &in[0].x, sizeof in[0], n);
    fp2_load(&out->y, &in[0].y, sizeof in[0], n);
    fp2_load(&out->z, &in[0].z, sizeof in[0], n);
    bls_g2x8_infinity(&infinity);
    bls_g2x8_select(out, bls_lanes_from(~0U << n & 0xff), &infinity, out);
}

void bls_g2x8_store(struct bls_g2 *out, const struct bls_g2x8 *a, size_t n)
{
    fp2_store(&out[0].x, &a->x, sizeof out[0], n);
    fp2_store(&out[0].y, &a->y, sizeof out[0], n);
    fp2_store(&out[0].z, &a->z, sizeof out[0], n);
}

/* k a, carried. */
static void times(struct bls_fp2x8 *out, const struct bls_fp2x8 *a, unsigned k)
{
    bls_fp8_times(&out->c0, &a->c0, k);
    bls_fp8_times(&out->c1, &a->c1, k);
    bls_fp2x8_carry(out, out);
}

/* 3 b a = 12 (1 + u) a for a sum a of two reduced elements that was carried, or for less: carried
 * but for a top limb below 2^40. */
static void times_3b(struct bls_fp2x8 *out, const struct bls_fp2x8 *a)
{
    struct bls_fp2x8 t;
    bls_fp8_sub_2(&t.c0, &a->c0, &a->c1);
    bls_fp8_add(&t.c1, &a->c0, &a->c1);
    times(out, &t, 12);
}

/* a - b, carried but for a top limb below 2^41, for a b that times_3b gave. */
static void difference_3b(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                          const struct bls_fp2x8 *b)
{
    struct bls_fp2x8 above;
    bls_fp8_set(&above.c0, bls_fp8_above_far);
    above.c1 = above.c0;
    bls_fp2x8_add(&above, &above, a);
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->c0.limb[i] = bls_vec_sub(above.c0.limb[i], b->c0.limb[i]);
        out->c1.limb[i] = bls_vec_sub(above.c1.limb[i], b->c1.limb[i]);
    }
    bls_fp2x8_carry(out, out);
}

/* What both additions end with: xx3 = 3 X1 X2, m and p = Y1 Y2 -+ 3b Z1 Z2, xy = X1 Y2 + X2 Y1,
 * yz = Y1 Z2 + Y2 Z1, bxz = 3b (X1 Z2 + X2 Z1). */
struct sums {
    struct bls_fp2x8 xx3, m, p, xy, yz, bxz;
};

static void finish_add(struct bls_g2x8 *out, const struct sums *s)
{
    bls_fp2x8_difference_of_products(&out->x, &s->xy, &s->m, &s->yz, &s->bxz);
    bls_fp2x8_sum_of_products(&out->y, &s->bxz, &s->xx3, &s->m, &s->p);
    bls_fp2x8_sum_of_products(&out->z, &s->p, &s->yz, &s->xx3, &s->xy);
}

/* a0 b1 + a1 b0 = (a0 + a1)(b0 + b1) - v0 - v1 for v0 = a0 b0, v1 = a1 b1 */
static void cross(struct bls_fp2x8 *out, const struct bls_fp2x8 *a0, const struct bls_fp2x8 *a1,
                  const struct bls_fp2x8 *b0, const struct bls_fp2x8 *b1,
                  const struct bls_fp2x8_wide *v0, const struct bls_fp2x8_wide *v1)
{
    struct bls_fp2x8 sa, sb;
    struct bls_fp2x8_wide t;
    bls_fp2x8_add(&sa, a0, a1);
    bls_fp2x8_add(&sb, b0, b1);
    bls_fp2x8_mul_sums_wide(&t, &sa, &sb);
    bls_fp2x8_wide_sub_both(&t, &t, v0, v1);
    bls_fp2x8_reduce(out, &t);
}

/* Algorithm 7. */
void bls_g2x8_add(struct bls_g2x8 *out, const struct bls_g2x8 *a, const struct bls_g2x8 *b)
{
    struct bls_fp2x8_wide vx, vy, vz, w;
    struct bls_fp2x8 t;
    struct sums s;
    bls_fp2x8_mul_wide(&vx, &a->x, &b->x);
    bls_fp2x8_mul_wide(&vy, &a->y, &b->y);
    bls_fp2x8_mul_wide(&vz, &a->z, &b->z);
    cross(&s.xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    cross(&s.yz, &a->y, &a->z, &b->y, &b->z, &vy, &vz);
    cross(&t, &a->x, &a->z, &b->x, &b->z, &vx, &vz);
    times_3b(&s.bxz, &t);
    bls_fp2x8_reduce(&t, &vx);
    times(&s.xx3, &t, 3);
    bls_fp2x8_wide_times_3b(&vz, &vz);
    bls_fp2x8_wide_sub(&w, &vy, &vz);
    bls_fp2x8_reduce(&s.m, &w);
    bls_fp2x8_wide_add(&w, &vy, &vz);
    bls_fp2x8_reduce(&s.p, &w);
    finish_add(out, &s);
}

/* Algorithm 8: Z2 = 1. */
void bls_g2x8_add_mixed(struct bls_g2x8 *out, const struct bls_g2x8 *a,
                        const struct bls_g2x8_affine *b)
{
    struct bls_fp2x8_wide vx, vy;
    struct bls_fp2x8 bz, t;
    struct sums s;
    bls_fp2x8_mul_wide(&vx, &a->x, &b->x);
    bls_fp2x8_mul_wide(&vy, &a->y, &b->y);
    cross(&s.xy, &a->x, &a->y, &b->x, &b->y, &vx, &vy);
    bls_fp2x8_mul(&t, &b->x, &a->z);
    bls_fp2x8_add(&t, &t, &a->x);
    bls_fp2x8_carry(&t, &t);
    times_3b(&s.bxz, &t);
    bls_fp2x8_mul(&t, &b->y, &a->z);
    bls_fp2x8_add(&t, &t, &a->y);
    bls_fp2x8_carry(&s.yz, &t);
    bls_fp2x8_reduce(&t, &vx);
    times(&s.xx3, &t, 3);
    times_3b(&bz, &a->z);
    bls_fp2x8_reduce(&t, &vy);
    difference_3b(&s.m, &t, &bz);
    bls_fp2x8_add(&t, &t, &bz);
    bls_fp2x8_carry(&s.p, &t);
    finish_add(out, &s);
}

/* Algorithm 9, with B = 3b Z^2: X3 = 2XY (Y^2 - 3B), Y3 = (Y^2 + 3B)^2 - 12 B^2, which is
 * (Y^2 - 3B)(Y^2 + B) + 8 Y^2 B, and Z3 = 8 Y^3 Z. */
void bls_g2x8_double(struct bls_g2x8 *out, const struct bls_g2x8 *a)
{
    struct bls_fp2x8_wide w;
    struct bls_fp2x8 yy, xy, yz, b, b3, t;
    bls_fp2x8_square(&yy, &a->y);
    bls_fp2x8_mul(&xy, &a->x, &a->y);
    bls_fp2x8_mul(&yz, &a->y, &a->z);
    bls_fp2x8_square_wide(&w, &a->z);
    bls_fp2x8_wide_times_3b(&w, &w);
    bls_fp2x8_reduce(&b, &w);
    times(&b3, &b, 3);
    bls_fp2x8_difference(&t, &yy, &b3);
    times(&xy, &xy, 2);
    bls_fp2x8_mul(&out->x, &xy, &t);
    bls_fp2x8_add(&t, &yy, &b3);
    bls_fp2x8_carry(&t, &t);
    bls_fp2x8_square_sub_12_squares(&out->y, &t, &b);
    times(&yy, &yy, 8);
    bls_fp2x8_mul(&out->z, &yy, &yz);
}

void bls_g2x8_window(struct bls_g2x8 *table)
{
    for (int j = 2; j <= BLS_WINDOW_ENTRIES; j++) {
        if (j % 2 == 0) {
            bls_g2x8_double(&table[j - 1], &table[j / 2 - 1]);
        } else {
            bls_g2x8_add(&table[j - 1], &table[j - 2], &table[0]);
        }
    }
}

/* |x| has six bits set. */
void bls_g2x8_mul_x_abs(struct bls_g2x8 *out, const struct bls_g2x8 *a)
{
    struct bls_g2x8 t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_g2x8_double(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_g2x8_add(&t, &t, a);
        }
    }
    *out = t;
}

void bls_g2x8_fold(struct bls_g2x8 *a, size_t slots)
{
    struct bls_g2x8 t;
    for (size_t by = BLS_LANES / 2; by >= slots; by /= 2) {
        bls_fp8_rotate(&t.x.c0, &a->x.c0, by);
        bls_fp8_rotate(&t.x.c1, &a->x.c1, by);
        bls_fp8_rotate(&t.y.c0, &a->y.c0, by);
        bls_fp8_rotate(&t.y.c1, &a->y.c1, by);
        bls_fp8_rotate(&t.z.c0, &a->z.c0, by);
        bls_fp8_rotate(&t.z.c1, &a->z.c1, by);
        bls_g2x8_add(a, a, &t);
    }
}

void bls_psix8_load(struct bls_psix8 *out)
{
    bls_fp8_load(&out->x, &bls_psi_x.c1, 0);
    bls_fp8_load(&out->x_squared, &bls_psi2_x, 0);
    bls_fp8_mul(&out->x_cubed, &out->x, &out->x_squared);
    bls_fp8_load(&out->y0, &bls_psi_y.c0, 0);
    bls_fp8_load(&out->y1, &bls_psi_y.c1, 0);
    bls_fp8_neg(&out->minus_y0, &out->y0);
    bls_fp8_neg(&out->minus_y1, &out->y1);
}

/* psi(x, y) = (psi_x conjugate(x), psi_y conjugate(y)), psi_x = k u being imaginary:
 *   x = (x1 k, x0 k), y = (y0 c0 + y1 c1, y0 c1 - y1 c0) for psi_y = c0 + c1 u */
static void apply_odd_psi(struct bls_g2x8 *a, const struct bls_psix8 *psi, int i)
{
    const struct bls_fp8 *k = i == 1 ? &psi->x : &psi->x_cubed;
    struct bls_fp8 t;
    bls_fp8_mul(&t, &a->x.c1, k);
    bls_fp8_mul(&a->x.c1, &a->x.c0, k);
    a->x.c0 = t;
    const struct bls_fp8 *c0 = i == 1 ? &psi->minus_y0 : &psi->y0;
    const struct bls_fp8 *c1 = i == 1 ? &psi->minus_y1 : &psi->y1;
    const struct bls_fp8 *minus_c0 = i == 1 ? &psi->y0 : &psi->minus_y0;
    bls_fp8_mul_add_mul(&t, &a->y.c0, c0, &a->y.c1, c1);
    bls_fp8_mul_add_mul(&a->y.c1, &a->y.c0, c1, &a->y.c1, minus_c0);
    a->y.c0 = t;
    bls_fp8_neg(&a->z.c1, &a->z.c1);
    bls_fp8_carry(&a->z.c1, &a->z.c1);
}

/* psi^2(x, y) = (psi2_x x, -y); - psi^3(x, y) = (psi2_x psi_x conjugate(x), psi_y conjugate(y)) */
void bls_g2x8_apply_psi(struct bls_g2x8 *a, const struct bls_psix8 *psi, int i, bls_lanes negative)
{
    struct bls_fp2x8 t;
    if (i % 2 == 1) {
        apply_odd_psi(a, psi, i);
    } else if (i == 2) {
        bls_fp2x8_mul_fp(&a->x, &a->x, &psi->x_squared);
        negative = bls_lanes_not(negative);
    }
    bls_fp2x8_neg(&t, &a->y);
    bls_fp2x8_carry(&t, &t);
    bls_fp2x8_select(&a->y, negative, &t, &a->y);
}
