/* The Miller loop. Lines are made with a pair in each lane, eight steps at a time; the square of
 * eight steps by eight pairs is transposed; the lines of all pairs are then multiplied with a step
 * in each lane; and what is left, one factor a step, is accumulated one after the other, each
 * factor across the lanes. Lines of fixed points lie ready with a step in each lane. */
#include "bls12381/ifma/miller_int.h"

#include "base/ct.h"
#include "base/secret.h"
#include "bls12381/fp_int.h"
#include "bls12381/ifma/inverse_x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/transpose_int.h"

#include <stdbool.h>
#include <string.h>

enum {
    LINE_VECTORS = sizeof(struct bls_linex8) / sizeof(bls_vec),
    SPLIT_VECTORS = sizeof(struct bls_linex4) / sizeof(bls_vec),
    FIXED_VECTORS = sizeof(struct bls_fixed_linex8) / sizeof(bls_vec),
};

/* Which steps add: a doubling for each bit of |x| below the top one, and an addition after it where
 * the bit is set. */
struct schedule {
    bool adds[BLS_MILLER_BATCHES * BLS_LANES];
};

static void schedule_make(struct schedule *out)
{
    int step = 0;
    memset(out, 0, sizeof *out);
    for (int i = 62; i >= 0; i--) {
        out->adds[step++] = false;
        if (bls_x_abs >> i & 1) {
            out->adds[step++] = true;
        }
    }
}

static void line_one(struct bls_linex8 *l)
{
    memset(l, 0, sizeof *l);
    bls_fp8_set(&l->l0.c0, bls_fp8_one);
}

static void line4_one(struct bls_linex4 *l)
{
    memset(l, 0, sizeof *l);
    bls_fp2x4_one(&l->l0);
}

/* The lines of one batch of steps: lines[i] becomes the line of pair i, a step in each lane. */
static void batch_lines(struct bls_linex8 lines[static BLS_LANES], struct bls_miller_points *t,
                        const struct schedule *schedule, int batch)
{
    for (int i = 0; i < BLS_LANES; i++) {
        int step = batch * BLS_LANES + i;
        if (step >= BLS_MILLER_STEPS) {
            line_one(&lines[i]);
        } else if (schedule->adds[step]) {
            bls_miller_add(&lines[i], t);
        } else {
            bls_miller_double(&lines[i], t);
        }
    }
    for (int j = 0; j < LINE_VECTORS; j++) {
        bls_vec v[BLS_LANES];
        for (int i = 0; i < BLS_LANES; i++) {
            v[i] = ((const bls_vec *)&lines[i])[j];
        }
        bls_vec_transpose(v);
        for (int i = 0; i < BLS_LANES; i++) {
            ((bls_vec *)&lines[i])[j] = v[i];
        }
    }
}

/* The lines of steps in split lanes: transposed, lane i is pair i's real part, lane i + 4 its
 * imaginary part. */
static void split_transpose(struct bls_linex8 lines[static BLS_SPLIT],
                            const struct bls_linex4 steps[static BLS_LANES])
{
    for (int j = 0; j < SPLIT_VECTORS; j++) {
        const int real = j + j / BLS_FP8_LIMBS * BLS_FP8_LIMBS, imaginary = real + BLS_FP8_LIMBS;
        bls_vec v[BLS_LANES];
        for (int i = 0; i < BLS_LANES; i++) {
            v[i] = ((const bls_vec *)&steps[i])[j];
        }
        bls_vec_transpose(v);
        for (int i = 0; i < BLS_SPLIT; i++) {
            ((bls_vec *)&lines[i])[real] = v[i];
            ((bls_vec *)&lines[i])[imaginary] = v[i + BLS_SPLIT];
        }
    }
}

/* The same of at most four pairs. */
static void batch_lines4(struct bls_linex8 lines[static BLS_SPLIT],
                         struct bls_linex4 steps[static BLS_LANES], struct bls_miller_points4 *t,
                         const struct schedule *schedule, int batch)
{
    for (int i = 0; i < BLS_LANES; i++) {
        int step = batch * BLS_LANES + i;
        if (step >= BLS_MILLER_STEPS) {
            line4_one(&steps[i]);
        } else if (schedule->adds[step]) {
            bls_miller_add4(&steps[i], t);
        } else {
            bls_miller_double4(&steps[i], t);
        }
    }
    split_transpose(lines, steps);
}

/* l0 + l1 v + l4 v w divided by l4, which changes the pairing by a factor that the final
 * exponentiation takes away. l4 is never zero for a point of the subgroup; of infinity, and in the
 * lanes behind the last step, the quotients are zero. */
static void divide(struct bls_fixed_linex8 *out, const struct bls_linex8 *l,
                   const struct bls_fp2x8 *l4_inverse)
{
    bls_fp2x8_mul(&out->l0, &l->l0, l4_inverse);
    bls_fp2x8_mul(&out->l1, &l->l1, l4_inverse);
}

void bls_ifma_g2_lines_init(struct bls_g2_lines *out, const struct bls_g2_affine *q)
{
    struct bls_linex4 steps[BLS_LANES];
    struct bls_linex8 lines[BLS_SPLIT], kept[BLS_MILLER_BATCHES];
    struct bls_miller_points4 t;
    struct bls_fp2x8 inverse[BLS_MILLER_BATCHES];
    struct bls_fixed_linex8 fixed;
    struct schedule schedule;
    schedule_make(&schedule);
    bls_miller_points4_load(&t, NULL, q, 1);
    for (int batch = 0; batch < BLS_MILLER_BATCHES; batch++) {
        batch_lines4(lines, steps, &t, &schedule, batch);
        kept[batch] = lines[0];
        inverse[batch] = kept[batch].l4;
    }
    bls_fp2x8_inverses(inverse, BLS_MILLER_BATCHES);
    uint64_t infinite = bls_g2_affine_is_infinity(q);
    for (int batch = 0; batch < BLS_MILLER_BATCHES; batch++) {
        divide(&fixed, &kept[batch], &inverse[batch]);
        for (int j = 0; j < FIXED_VECTORS; j++) {
            bls_vec v = ((const bls_vec *)&fixed)[j];
            v = bls_vec_select(bls_lanes_from((unsigned)infinite & 0xff), bls_vec_zero(), v);
            bls_vec_store_below(out->u.lanes[batch][j], v, bls_fp8_limit(j % BLS_FP8_LIMBS));
        }
    }
    kf_wipe(steps, sizeof steps);
    kf_wipe(lines, sizeof lines);
    kf_wipe(kept, sizeof kept);
    kf_wipe(&t, sizeof t);
    kf_wipe(inverse, sizeof inverse);
    kf_wipe(&fixed, sizeof fixed);
}

/* Where a fixed point's lines are evaluated, the same in every lane: l0 / yP + (l1 xP / yP) v + v
 * w, once more without a factor. Infinity has x / y = 1 / y = 0, which leaves v w; as (v w)^2 is in
 * Fp2 the final exponentiation makes it 1, so neither infinity needs a case of its own. */
struct fixed_point {
    struct bls_fp8 x_over_y, one_over_y;
};

static void fixed_load(struct fixed_point out[static BLS_MILLER_FIXED],
                       const struct bls_g1_affine *p, size_t n)
{
    struct bls_fp8 x, inverse;
    if (n == 0) {
        return;
    }
    bls_fp8_load_count(&x, &p->x, sizeof *p, n);
    bls_fp8_load_count(&inverse, &p->y, sizeof *p, n);
    bls_fp8_inverses(&inverse, 1);
    bls_fp8_mul(&x, &x, &inverse);
    for (size_t i = 0; i < n; i++) {
        const bls_vec lane = bls_vec_set1(i);
        for (int l = 0; l < BLS_FP8_LIMBS; l++) {
            out[i].x_over_y.limb[l] = bls_vec_permute(x.limb[l], lane);
            out[i].one_over_y.limb[l] = bls_vec_permute(inverse.limb[l], lane);
        }
    }
    kf_wipe(&x, sizeof x);
    kf_wipe(&inverse, sizeof inverse);
}

static void fixed_line(struct bls_fixed_linex8 *out, const struct bls_g2_lines *lines, int batch,
                       const struct fixed_point *p)
{
    for (int j = 0; j < FIXED_VECTORS; j++) {
        const uint64_t limit = bls_fp8_limit(j % BLS_FP8_LIMBS);
        ((bls_vec *)out)[j] = bls_vec_load_below(lines->u.lanes[batch][j], limit);
    }
    bls_fp2x8_mul_fp(&out->l0, &out->l0, &p->one_over_y);
    bls_fp2x8_mul_fp(&out->l1, &out->l1, &p->x_over_y);
}

/* A product that begins with its first factor, and the room that its factors are made in: it is
 * secret, and wiped once, at the end. */
struct product {
    struct bls_fp12x8 f;
    bool begun;
    struct bls_fp12x8 factor;
    struct bls_line_pairx8 a, b;
    struct bls_fixed_linex8 three[3];
    struct bls_linex8 rest[2];
};

static void multiply(struct product *product)
{
    if (product->begun) {
        bls_fp12x8_mul(&product->f, &product->f, &product->factor);
    } else {
        product->f = product->factor;
        product->begun = true;
    }
}

/* n lines: fours as two pairs, then what is left. */
static void multiply_lines(struct product *product, const struct bls_linex8 *lines, size_t n)
{
    struct bls_line_pairx8 *a = &product->a, *b = &product->b;
    struct bls_fp12x8 *factor = &product->factor;
    for (; n >= 4; n -= 4, lines += 4) {
        bls_linex8_mul(a, &lines[0], &lines[1]);
        bls_linex8_mul(b, &lines[2], &lines[3]);
        bls_line_pairx8_mul(factor, a, b);
        multiply(product);
    }
    if (n > 0 && !product->begun) {
        memset(factor, 0, sizeof *factor);
        bls_fp8_set(&factor->c0.c0.c0, bls_fp8_one);
        multiply(product);
    }
    if (n >= 2) {
        bls_linex8_mul(a, &lines[0], &lines[1]);
    }
    if (n == 3) {
        bls_line_pairx8_mul_line(factor, a, &lines[2]);
        multiply(product);
    } else if (n == 2) {
        bls_fp12x8_mul_pair(&product->f, &product->f, a);
    } else if (n == 1) {
        bls_fp12x8_mul_line(&product->f, &product->f, &lines[0]);
    }
}

/* The lines of fixed points, three at a time; one or two that are left as ordinary lines. */
static void multiply_fixed(struct product *product, const struct bls_g2_lines *const *lines,
                           const struct fixed_point *p, size_t n, int batch)
{
    struct bls_fixed_linex8 *three = product->three;
    struct bls_linex8 *rest = product->rest;
    for (; n >= 3; n -= 3, lines += 3, p += 3) {
        for (int i = 0; i < 3; i++) {
            fixed_line(&three[i], lines[i], batch, &p[i]);
        }
        bls_fixed_linex8_mul_three(&product->factor, three);
        multiply(product);
    }
    for (size_t i = 0; i < n; i++) {
        fixed_line(&three[i], lines[i], batch, &p[i]);
        rest[i].l0 = three[i].l0;
        rest[i].l1 = three[i].l1;
        bls_fp8_set(&rest[i].l4.c0, bls_fp8_one);
        bls_fp8_zero(&rest[i].l4.c1);
    }
    multiply_lines(product, rest, n);
}

/* f = f^2 before each doubling but the first; then times the step's factor. */
static void accumulate(struct bls_fp12_lanes *f, struct bls_fp12_lanes factor[static BLS_LANES],
                       const struct bls_fp12x8 *factors, const struct schedule *schedule, int batch)
{
    bls_fp12_lanes_split(factor, factors);
    for (int i = 0; i < BLS_LANES; i++) {
        int step = batch * BLS_LANES + i;
        if (step >= BLS_MILLER_STEPS) {
            break;
        }
        if (step == 0) {
            *f = factor[0];
            continue;
        }
        if (!schedule->adds[step]) {
            bls_fp12_lanes_square(f, f);
        }
        bls_fp12_lanes_mul(f, f, &factor[i]);
    }
}

enum { POINT_GROUPS = BLS_MILLER_PAIRS / BLS_LANES };

/* Pairs go through the loop by eights; what is left of them, if at most four, in split lanes. */
struct work {
    struct bls_miller_points points[POINT_GROUPS];
    struct bls_miller_points4 points4;
    struct fixed_point fixed[BLS_MILLER_FIXED];
    struct bls_linex8 lines[BLS_LANES];
    struct bls_linex4 steps[BLS_LANES];
    struct product factors;
    struct bls_fp12_lanes factor[BLS_LANES];
};

static size_t eights(size_t n)
{
    return (n + BLS_LANES - BLS_SPLIT - 1) / BLS_LANES;
}

static size_t group_size(size_t n, size_t group)
{
    size_t left = n - group * BLS_LANES;
    return left < BLS_LANES ? left : BLS_LANES;
}

static void load_points(struct work *w, const struct bls_g1_affine *p,
                        const struct bls_g2_affine *q, size_t n)
{
    size_t groups = eights(n), first = groups * BLS_LANES;
    for (size_t i = 0; i < groups; i++) {
        size_t at = i * BLS_LANES;
        bls_miller_points_load(&w->points[i], p + at, q + at, group_size(n, i));
    }
    if (n > first) {
        bls_miller_points4_load(&w->points4, p + first, q + first, n - first);
    }
}

static void multiply_points(struct work *w, size_t n, const struct schedule *schedule, int batch)
{
    size_t groups = eights(n), first = groups * BLS_LANES;
    for (size_t i = 0; i < groups; i++) {
        batch_lines(w->lines, &w->points[i], schedule, batch);
        multiply_lines(&w->factors, w->lines, group_size(n, i));
    }
    if (n > first) {
        batch_lines4(w->lines, w->steps, &w->points4, schedule, batch);
        multiply_lines(&w->factors, w->lines, n - first);
    }
}

static uint64_t points_in_subgroup(const struct work *w, size_t n)
{
    size_t groups = eights(n);
    uint64_t good = ~(uint64_t)0;
    for (size_t i = 0; i < groups; i++) {
        good &= kf_ct_equal(bls_lanes_bits(bls_miller_in_subgroup(&w->points[i])), 0xff);
    }
    if (n > groups * BLS_LANES) {
        good &= kf_ct_equal(bls_lanes_bits(bls_miller_in_subgroup4(&w->points4)), 0xff);
    }
    return good;
}

uint64_t bls_miller(struct bls_fp12_lanes *f, const struct bls_g1_affine *p,
                    const struct bls_g2_affine *q, size_t n, const struct bls_g1_affine *pf,
                    const struct bls_g2_lines *const *lines, size_t nf)
{
    struct work w;
    struct schedule schedule;
    schedule_make(&schedule);
    load_points(&w, p, q, n);
    fixed_load(w.fixed, pf, nf);
    for (int batch = 0; batch < BLS_MILLER_BATCHES; batch++) {
        w.factors.begun = false;
        multiply_fixed(&w.factors, lines, w.fixed, nf, batch);
        multiply_points(&w, n, &schedule, batch);
        accumulate(f, w.factor, &w.factors.f, &schedule, batch);
    }
    uint64_t good = points_in_subgroup(&w, n);
    bls_fp12_lanes_conjugate(f, f); /* x is negative */
    kf_wipe(&w, sizeof w);
    return good;
}
