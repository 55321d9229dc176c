/* Sums of tables' entries, as g1x8_entries.c has them and says why no addition has an exception.
 * The contract is in g2x8_int.h. */
#include "base/secret.h"
#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

#include <assert.h>

/* An inversion costs about what so many of these additions gain on mixed ones. */
enum { WORTH = 5, PAIRS = BLS_G2X8_NUMBERS * (BLS_G2X8_ENTRIES / 2) };

static size_t pairs_of(int step)
{
    return (size_t)((BLS_G2X8_ENTRIES + step - 1) / (2 * step));
}

static void one(struct bls_fp2x8 *out)
{
    bls_fp8_set(&out->c0, bls_fp8_one);
    bls_fp8_zero(&out->c1);
}

/* x2 - x1, and 1 where either point is infinity: what the slope is divided by. */
static void divisor(struct bls_fp2x8 *out, const struct bls_g2x8_entries *a, int at, int step)
{
    struct bls_fp2x8 unit;
    one(&unit);
    bls_lanes either = bls_lanes_or(a->infinite[at], a->infinite[at + step]);
    bls_fp2x8_difference(out, &a->point[at + step].x, &a->point[at].x);
    bls_fp2x8_select(out, either, &unit, out);
}

/* slope^2 - x1 - x2 */
static void sum_x(struct bls_fp2x8 *out, const struct bls_fp2x8 *slope, const struct bls_fp2x8 *x1,
                  const struct bls_fp2x8 *x2)
{
    struct bls_fp2x8 xx;
    struct bls_fp8 sum, difference, twice;
    bls_fp2x8_add(&xx, x1, x2);
    bls_fp8_add(&sum, &slope->c0, &slope->c1);
    bls_fp8_sub(&difference, &slope->c0, &slope->c1);
    bls_fp8_add(&twice, &slope->c0, &slope->c0);
    bls_fp8_mul_sub(&out->c0, &sum, &difference, &xx.c0);
    bls_fp8_mul_sub(&out->c1, &twice, &slope->c1, &xx.c1);
}

/* slope (x1 - x3) - y1 */
static void sum_y(struct bls_fp2x8 *out, const struct bls_fp2x8 *slope, const struct bls_fp2x8 *x1,
                  const struct bls_fp2x8 *x3, const struct bls_fp2x8 *y1)
{
    struct bls_fp2x8 d;
    struct bls_fp8 negative;
    bls_fp2x8_sub(&d, x1, x3);
    bls_fp8_neg(&negative, &slope->c1);
    bls_fp8_mul_add_mul_sub(&out->c0, &slope->c0, &d.c0, &negative, &d.c1, &y1->c0);
    bls_fp8_mul_add_mul_sub(&out->c1, &slope->c0, &d.c1, &slope->c1, &d.c0, &y1->c1);
}

/* The sum of the two in the place of the first. */
static void add_pair(struct bls_g2x8_entries *a, int at, int step, const struct bls_fp2x8 *inverse)
{
    struct bls_g2x8_affine *p = &a->point[at], *q = &a->point[at + step], sum;
    struct bls_fp2x8 slope;
    bls_fp2x8_difference(&slope, &q->y, &p->y);
    bls_fp2x8_mul(&slope, &slope, inverse);
    sum_x(&sum.x, &slope, &p->x, &q->x);
    sum_y(&sum.y, &slope, &p->x, &sum.x, &p->y);
    bls_fp2x8_select(&sum.x, a->infinite[at], &q->x, &sum.x);
    bls_fp2x8_select(&sum.y, a->infinite[at], &q->y, &sum.y);
    bls_fp2x8_select(&p->x, a->infinite[at + step], &p->x, &sum.x);
    bls_fp2x8_select(&p->y, a->infinite[at + step], &p->y, &sum.y);
    a->infinite[at] = bls_lanes_and(a->infinite[at], a->infinite[at + step]);
}

/* Entries `step` apart in pairs, of all numbers, with one inversion. */
static void add_pairs(struct bls_g2x8_entries *a, size_t n, int step)
{
    struct bls_fp2x8 before[PAIRS], product, inverse, d;
    size_t k = 0;
    one(&product);
    for (size_t i = 0; i < n; i++) {
        for (int at = 0; at + step < BLS_G2X8_ENTRIES; at += 2 * step) {
            divisor(&d, &a[i], at, step);
            before[k++] = product;
            bls_fp2x8_mul(&product, &product, &d);
        }
    }
    const size_t pairs = k;
    bls_fp2x8_inverses(&product, 1);
    for (size_t i = n; i-- > 0;) {
        for (int j = (int)pairs_of(step); j-- > 0;) {
            const int at = 2 * step * j;
            divisor(&d, &a[i], at, step);
            bls_fp2x8_mul(&inverse, &before[--k], &product);
            bls_fp2x8_mul(&product, &product, &d);
            add_pair(&a[i], at, step, &inverse);
        }
    }
    kf_wipe(before, pairs * sizeof before[0]);
    kf_wipe(&product, sizeof product);
    kf_wipe(&inverse, sizeof inverse);
    kf_wipe(&d, sizeof d);
}

/* The sum of what is left, `step` apart. */
static void add_rest(struct bls_g2x8 *out, const struct bls_g2x8_entries *a, int step)
{
    struct bls_g2x8 t;
    bls_g2x8_infinity(out);
    t.x = a->point[0].x;
    t.y = a->point[0].y;
    one(&t.z);
    bls_g2x8_select(out, a->infinite[0], out, &t);
    for (int at = step; at < BLS_G2X8_ENTRIES; at += step) {
        bls_g2x8_add_mixed(&t, out, &a->point[at]);
        bls_g2x8_select(out, a->infinite[at], out, &t);
    }
    kf_wipe(&t, sizeof t);
}

void bls_g2x8_sum_entries(struct bls_g2x8 *out, struct bls_g2x8_entries *a, size_t n)
{
    int step = 1;
    assert(n <= BLS_G2X8_NUMBERS);
    while (step < BLS_G2X8_ENTRIES && n * pairs_of(step) >= WORTH) {
        add_pairs(a, n, step);
        step *= 2;
    }
    for (size_t i = 0; i < n; i++) {
        add_rest(&out[i], &a[i], step);
    }
}
