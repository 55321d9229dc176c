/* The Miller loop. Lines are made with a pair in each lane, eight steps at a time; the square of
 * eight steps by eight pairs is transposed; the lines of all pairs are then multiplied with a step
 * in each lane; and what is left, one factor a step, is accumulated one after the other, each
 * factor across the lanes. Lines of fixed points lie ready with a step in each lane. */
#include "bls12381/ifma/miller_int.h"

#include "base/ct.h"
#include "base/secret.h"
#include "bls12381/constants_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/transpose_int.h"

#include <string.h>

enum { LINE_VECTORS = sizeof(struct bls_linex8) / sizeof(bls_vec) };

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

void bls_ifma_g2_lines_init(struct bls_g2_lines *out, const struct bls_g2_affine *q)
{
    struct bls_linex8 lines[BLS_LANES];
    struct bls_miller_points t;
    struct schedule schedule;
    schedule_make(&schedule);
    bls_miller_points_load(&t, NULL, q, 1);
    for (int batch = 0; batch < BLS_MILLER_BATCHES; batch++) {
        batch_lines(lines, &t, &schedule, batch);
        for (int j = 0; j < LINE_VECTORS; j++) {
            bls_vec_store(out->u.lanes[batch][j], ((const bls_vec *)&lines[0])[j]);
        }
    }
    kf_wipe(lines, sizeof lines);
    kf_wipe(&t, sizeof t);
}

/* Where a fixed point's lines are evaluated, the same in every lane. */
struct fixed_point {
    struct bls_fp8 x, y;
    bls_lanes infinite;
};

static void fixed_load(struct fixed_point *out, const struct bls_g1_affine *p)
{
    bls_fp8_load(&out->x, &p->x, 0);
    bls_fp8_load(&out->y, &p->y, 0);
    out->infinite = bls_lanes_from((unsigned)bls_g1_affine_is_infinity(p) & 0xff);
}

static void fixed_line(struct bls_linex8 *out, const struct bls_g2_lines *lines, int batch,
                       const struct fixed_point *p)
{
    struct bls_linex8 one;
    for (int j = 0; j < LINE_VECTORS; j++) {
        ((bls_vec *)out)[j] = bls_vec_load(lines->u.lanes[batch][j]);
    }
    bls_fp2x8_mul_fp(&out->l1, &out->l1, &p->x);
    bls_fp2x8_mul_fp(&out->l4, &out->l4, &p->y);
    line_one(&one);
    bls_fp2x8_select(&out->l0, p->infinite, &one.l0, &out->l0);
    bls_fp2x8_select(&out->l1, p->infinite, &one.l1, &out->l1);
    bls_fp2x8_select(&out->l4, p->infinite, &one.l4, &out->l4);
}

/* The product of up to three lines times what is there already; n = 0 leaves it. */
static void multiply_rest(struct bls_fp12x8 *f, bool first, const struct bls_linex8 *lines,
                          size_t n)
{
    struct bls_line_pairx8 pair;
    struct bls_fp12x8 t;
    if (first) {
        memset(f, 0, sizeof *f);
        bls_fp8_set(&f->c0.c0.c0, bls_fp8_one);
    }
    if (n >= 2) {
        bls_linex8_mul(&pair, &lines[0], &lines[1]);
    }
    if (n == 3) {
        bls_line_pairx8_mul_line(&t, &pair, &lines[2]);
        bls_fp12x8_mul(f, f, &t);
    } else if (n == 2) {
        bls_fp12x8_mul_pair(f, f, &pair);
    } else if (n == 1) {
        bls_fp12x8_mul_line(f, f, &lines[0]);
    }
    kf_wipe(&pair, sizeof pair);
    kf_wipe(&t, sizeof t);
}

/* The product of n lines: fours as two pairs. */
static void multiply_lines(struct bls_fp12x8 *f, const struct bls_linex8 *lines, size_t n)
{
    struct bls_line_pairx8 a, b;
    struct bls_fp12x8 t;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        bls_linex8_mul(&a, &lines[i], &lines[i + 1]);
        bls_linex8_mul(&b, &lines[i + 2], &lines[i + 3]);
        if (i == 0) {
            bls_line_pairx8_mul(f, &a, &b);
        } else {
            bls_line_pairx8_mul(&t, &a, &b);
            bls_fp12x8_mul(f, f, &t);
        }
    }
    multiply_rest(f, i == 0, lines + i, n - i);
    kf_wipe(&a, sizeof a);
    kf_wipe(&b, sizeof b);
    kf_wipe(&t, sizeof t);
}

/* f = f^2 before each doubling but the first; then times the step's factor. */
static void accumulate(struct bls_fp12_lanes *f, const struct bls_fp12x8 *factors,
                       const struct schedule *schedule, int batch)
{
    struct bls_fp12_lanes factor[BLS_LANES];
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
    kf_wipe(factor, sizeof factor);
}

enum { POINT_GROUPS = BLS_MILLER_PAIRS / BLS_LANES };

struct work {
    struct bls_miller_points points[POINT_GROUPS];
    struct fixed_point fixed[BLS_MILLER_FIXED];
    struct bls_linex8 lines[BLS_MILLER_PAIRS + BLS_MILLER_FIXED];
    struct bls_fp12x8 factors;
};

uint64_t bls_miller(struct bls_fp12_lanes *f, const struct bls_g1_affine *p,
                    const struct bls_g2_affine *q, size_t n, const struct bls_g1_affine *pf,
                    const struct bls_g2_lines *const *lines, size_t nf)
{
    struct work w;
    struct schedule schedule;
    uint64_t good = ~(uint64_t)0;
    schedule_make(&schedule);
    for (size_t i = 0; i < n; i += BLS_LANES) {
        size_t count = n - i < BLS_LANES ? n - i : BLS_LANES;
        bls_miller_points_load(&w.points[i / BLS_LANES], p + i, q + i, count);
    }
    for (size_t i = 0; i < nf; i++) {
        fixed_load(&w.fixed[i], &pf[i]);
    }
    for (int batch = 0; batch < BLS_MILLER_BATCHES; batch++) {
        for (size_t i = 0; i < n; i += BLS_LANES) {
            batch_lines(w.lines + i, &w.points[i / BLS_LANES], &schedule, batch);
        }
        /* the fixed ones take the places of the pairs that are not there */
        for (size_t i = 0; i < nf; i++) {
            fixed_line(&w.lines[n + i], lines[i], batch, &w.fixed[i]);
        }
        multiply_lines(&w.factors, w.lines, n + nf);
        accumulate(f, &w.factors, &schedule, batch);
    }
    for (size_t i = 0; i < n; i += BLS_LANES) {
        unsigned lanes = bls_lanes_bits(bls_miller_in_subgroup(&w.points[i / BLS_LANES]));
        good &= kf_ct_equal(lanes, 0xff);
    }
    bls_fp12_lanes_conjugate(f, f); /* x is negative */
    kf_wipe(&w, sizeof w);
    return good;
}
