/* Points of E in split lanes. The contract is in g1x8_int.h.
 *
 * Of a doubling's nine products (g1x8_double) four and four are independent of each other, so the
 * coordinates of four points fill eight lanes: X in the lower ones and Z in the upper ones of one
 * vector, Y in both halves of another. */
#include "base/secret.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/point_int.h"

enum { HALF = BLS_LANES / 2 };

struct split {
    struct bls_fp8 xz, y;
};

static bls_lanes lower(void)
{
    return bls_lanes_constant((1U << HALF) - 1);
}

/* a's lower half, and b's upper half. */
static void halves(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b)
{
    bls_fp8_select(out, lower(), a, b);
}

/* a's lower half in both, and its upper half in both. */
static void spread(struct bls_fp8 *low, struct bls_fp8 *high, const struct bls_fp8 *a)
{
    struct bls_fp8 turned;
    bls_fp8_rotate(&turned, a, HALF);
    halves(low, a, &turned);
    halves(high, &turned, a);
}

static void split(struct split *out, const struct bls_g1x8 *a)
{
    struct bls_fp8 t;
    bls_fp8_rotate(&t, &a->z, HALF);
    halves(&out->xz, &a->x, &t);
    spread(&out->y, &t, &a->y);
}

static void join(struct bls_g1x8 *out, const struct split *a)
{
    out->x = a->xz;
    out->y = a->y;
    bls_fp8_rotate(&out->z, &a->xz, HALF);
}

/* The formulas of bls_g1x8_double(). */
static void doubled(struct split *a)
{
    struct bls_fp8 yz, squares, yy, zz, products, twice, g, m, n;
    halves(&yz, &a->y, &a->xz);
    bls_fp8_square(&squares, &yz);
    bls_fp8_add(&twice, &a->y, &a->y);
    bls_fp8_mul(&products, &twice, &a->xz); /* 2 X Y, 2 Y Z */
    spread(&yy, &zz, &squares);
    bls_fp8_times(&g, &zz, 6);
    bls_fp8_carry(&g, &g); /* 6 Z^2 */
    bls_fp8_sub_carried(&m, &yy, &g);
    bls_fp8_sub(&n, &yy, &zz);
    bls_fp8_add(&g, &g, &g);
    bls_fp8_square_add_mul(&a->y, &yy, &g, &n);
    bls_fp8_add(&twice, &products, &products);
    halves(&products, &products, &twice);
    bls_fp8_add(&yy, &yy, &yy);
    halves(&m, &m, &yy);
    bls_fp8_mul(&a->xz, &products, &m);
}

void bls_g1x4_mul_x_abs(struct bls_g1x8 *restrict out, const struct bls_g1x8 *a)
{
    struct bls_g1x8 whole;
    struct split t;
    split(&t, a);
    for (int i = 62; i >= 0; i--) {
        doubled(&t);
        if (bls_x_abs >> i & 1) {
            join(&whole, &t);
            bls_g1x8_add(&whole, &whole, a);
            split(&t, &whole);
        }
    }
    join(out, &t);
    kf_wipe(&t, sizeof t);
    kf_wipe(&whole, sizeof whole);
}
