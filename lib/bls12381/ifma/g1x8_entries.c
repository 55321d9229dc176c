/* Sums of tables' entries: affine additions that share their inversions. The contract is in
 * g1x8_int.h.
 *
 * Entry i is [d_i 2^(b i)]P for the digits d_i of one number, |d_i| <= 16, b >= 5, P of order r.
 * What lies side by side is added, so that two sums of neighbouring entries meet: [u]P and [v]P
 * with 2^m | v and |u| <= 16 (2^m - 1) / 31 < 2^m for some m, |u| and |v| below r / 2. They are
 * equal or opposite only if both are infinity; and a sum is infinity only if all its digits are
 * zero, the lowest other one being no multiple of 32. So an addition of different, not opposite
 * points is all it takes, and where there is infinity the digits say. */
#include "base/secret.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

#include <assert.h>

/* An inversion costs about what so many of these additions gain on mixed ones. */
enum { WORTH = 14, PAIRS = BLS_G1X8_NUMBERS * (BLS_G1X8_ENTRIES / 2) };

static size_t pairs_of(int step)
{
    return (size_t)((BLS_G1X8_ENTRIES + step - 1) / (2 * step));
}

/* x2 - x1, and 1 where either point is infinity: what the slope is divided by. */
static void divisor(struct bls_fp8 *out, const struct bls_g1x8_entries *a, int at, int step)
{
    struct bls_fp8 one;
    bls_fp8_set(&one, bls_fp8_one);
    bls_lanes either = bls_lanes_or(a->infinite[at], a->infinite[at + step]);
    bls_fp8_sub_carried(out, &a->point[at + step].x, &a->point[at].x);
    bls_fp8_select(out, either, &one, out);
}

/* The sum of the two in the place of the first. */
static void add_pair(struct bls_g1x8_entries *a, int at, int step, const struct bls_fp8 *inverse)
{
    struct bls_g1x8_affine *p = &a->point[at], *q = &a->point[at + step], sum;
    struct bls_fp8 slope, t;
    bls_fp8_sub_carried(&t, &q->y, &p->y);
    bls_fp8_mul(&slope, &t, inverse);
    bls_fp8_add(&t, &p->x, &q->x);
    bls_fp8_mul_sub(&sum.x, &slope, &slope, &t);
    bls_fp8_sub(&t, &p->x, &sum.x);
    bls_fp8_mul_sub(&sum.y, &slope, &t, &p->y);
    bls_fp8_select(&sum.x, a->infinite[at], &q->x, &sum.x);
    bls_fp8_select(&sum.y, a->infinite[at], &q->y, &sum.y);
    bls_fp8_select(&p->x, a->infinite[at + step], &p->x, &sum.x);
    bls_fp8_select(&p->y, a->infinite[at + step], &p->y, &sum.y);
    a->infinite[at] = bls_lanes_and(a->infinite[at], a->infinite[at + step]);
}

/* Entries `step` apart in pairs, of all numbers, with one inversion. */
static void add_pairs(struct bls_g1x8_entries *a, size_t n, int step)
{
    struct bls_fp8 before[PAIRS], product, inverse, d;
    size_t k = 0;
    bls_fp8_set(&product, bls_fp8_one);
    for (size_t i = 0; i < n; i++) {
        for (int at = 0; at + step < BLS_G1X8_ENTRIES; at += 2 * step) {
            divisor(&d, &a[i], at, step);
            before[k++] = product;
            bls_fp8_mul(&product, &product, &d);
        }
    }
    const size_t pairs = k;
    bls_fp8_inverses(&product, 1);
    for (size_t i = n; i-- > 0;) {
        for (int j = (int)pairs_of(step); j-- > 0;) {
            const int at = 2 * step * j;
            divisor(&d, &a[i], at, step);
            bls_fp8_mul(&inverse, &before[--k], &product);
            bls_fp8_mul(&product, &product, &d);
            add_pair(&a[i], at, step, &inverse);
        }
    }
    kf_wipe(before, pairs * sizeof before[0]);
    kf_wipe(&product, sizeof product);
    kf_wipe(&inverse, sizeof inverse);
    kf_wipe(&d, sizeof d);
}

/* The sum of what is left, `step` apart. */
static void add_rest(struct bls_g1x8 *out, const struct bls_g1x8_entries *a, int step)
{
    struct bls_g1x8 t;
    bls_g1x8_infinity(out);
    t.x = a->point[0].x;
    t.y = a->point[0].y;
    t.z = out->y; /* 1 */
    bls_g1x8_select(out, a->infinite[0], out, &t);
    for (int at = step; at < BLS_G1X8_ENTRIES; at += step) {
        bls_g1x8_add_mixed(&t, out, &a->point[at]);
        bls_g1x8_select(out, a->infinite[at], out, &t);
    }
    kf_wipe(&t, sizeof t);
}

void bls_g1x8_sum_entries(struct bls_g1x8 *out, struct bls_g1x8_entries *a, size_t n)
{
    int step = 1;
    assert(n <= BLS_G1X8_NUMBERS);
    while (step < BLS_G1X8_ENTRIES && n * pairs_of(step) >= WORTH) {
        add_pairs(a, n, step);
        step *= 2;
    }
    for (size_t i = 0; i < n; i++) {
        add_rest(&out[i], &a[i], step);
    }
}
