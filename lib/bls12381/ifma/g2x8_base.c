/* Sums of products of fixed bases of G2, eight sums at once. A table has every window, so that
 * there are no doublings: the four parts of all scalars of a lane have a sum each, joined by psi at
 * the end. Constant-time in scalars and bases, not in which rows have the same base. */
#include "base/secret.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"

enum { PARTS = 4, COORDINATES = 4, ROW_LIMBS = COORDINATES * BLS_FP8_LIMBS };

struct term {
    struct bls_base_x8 base;
    bls_vec k[PARTS];
};

static struct bls_fp8 *coordinate(struct bls_g2x8_affine *a, int i)
{
    struct bls_fp8 *const in_order[COORDINATES] = {&a->x.c0, &a->x.c1, &a->y.c0, &a->y.c1};
    return in_order[i];
}

/* Adds [digit] of the row's multiples; keeps the sum where the digit is zero. */
static void add_entry(struct bls_g2x8 *sum, const struct bls_base_x8 *base,
                      const struct bls_digit_x8 *digit, int row)
{
    bls_vec limb[ROW_LIMBS];
    struct bls_g2x8_affine entry;
    struct bls_g2x8 t;
    size_t at = (size_t)row * ROW_LIMBS * BLS_WINDOW_ENTRIES;
    bls_vec index = bls_vec_sub(digit->magnitude, bls_vec_set1(1));
    bls_base_x8_lookup(limb, base, at, ROW_LIMBS, index);
    for (int c = 0; c < COORDINATES; c++) {
        for (int i = 0; i < BLS_FP8_LIMBS; i++) {
            coordinate(&entry, c)->limb[i] = limb[c * BLS_FP8_LIMBS + i];
        }
    }
    bls_fp2x8_neg(&t.y, &entry.y);
    bls_fp2x8_carry(&t.y, &t.y);
    bls_fp2x8_select(&entry.y, digit->negative, &t.y, &entry.y);
    bls_g2x8_add_mixed(&t, sum, &entry);
    bls_g2x8_select(sum, bls_vec_is_zero(digit->magnitude), sum, &t);
}

/* The t-th term of every lane; no scalar, or infinity as base, is the scalar zero. */
static void load(struct term *term, const struct bls_rows *rows, size_t t,
                 const struct bls_g2_base *const *base, const struct bls_fr *k)
{
    uint64_t quarter[BLS_LANES][PARTS] = {0}, word[BLS_LANES];
    term->base = (struct bls_base_x8){.groups = 0};
    for (size_t lane = 0; lane < BLS_LANES; lane++) {
        size_t at = bls_rows_at(rows, lane, t);
        if (at != BLS_ROWS_NOTHING) {
            bls_split_quarter_numbers(quarter[lane], &k[at]);
            bls_base_x8_add(&term->base, lane, &base[at]->u.lanes[0][0][0][0]);
            for (int h = 0; h < PARTS; h++) {
                quarter[lane][h] &= ~base[at]->infinite;
            }
        }
    }
    for (int h = 0; h < PARTS; h++) {
        for (size_t lane = 0; lane < BLS_LANES; lane++) {
            word[lane] = quarter[lane][h];
        }
        term->k[h] = bls_vec_load(word);
    }
    kf_wipe(quarter, sizeof quarter);
    kf_wipe(word, sizeof word);
}

static void mul_rows(struct bls_g2x8 *out, const struct bls_rows *rows,
                     const struct bls_g2_base *const *base, const struct bls_fr *k)
{
    struct bls_g2x8 sum[PARTS];
    struct bls_digit_x8 digit;
    struct bls_psix8 psi;
    struct term term;
    for (int h = 0; h < PARTS; h++) {
        bls_g2x8_infinity(&sum[h]);
    }
    for (size_t t = 0; t < rows->each; t++) {
        load(&term, rows, t, base, k);
        for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
            for (int h = 0; h < PARTS; h++) {
                bls_quarter_x8_next(&digit, &term.k[h], i);
                add_entry(&sum[h], &term.base, &digit, i);
            }
        }
    }
    *out = sum[0];
    bls_psix8_load(&psi);
    for (int h = 1; h < PARTS; h++) {
        bls_g2x8_apply_psi(&sum[h], &psi, h, bls_lanes_constant(0));
        bls_g2x8_add(out, out, &sum[h]);
    }
    bls_g2x8_fold(out, rows->slots);
    kf_wipe(&term, sizeof term);
    kf_wipe(&digit, sizeof digit);
    kf_wipe(sum, sizeof sum);
}

void bls_ifma_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                                    const struct bls_g2_base *const *base, const struct bls_fr *k,
                                    size_t terms, size_t sums)
{
    struct bls_g2x8 sum, t;
    for (size_t done = 0; done < sums; done += BLS_LANES) {
        struct bls_rows rows;
        bls_rows_plan(&rows, terms, sums - done < BLS_LANES ? sums - done : BLS_LANES);
        mul_rows(&sum, &rows, base + done * terms, k + done * terms);
        if (start != NULL) {
            bls_g2x8_load(&t, start + done, rows.rows);
            bls_g2x8_add(&sum, &sum, &t);
        }
        bls_g2x8_store(out + done, &sum, rows.rows);
    }
    kf_wipe(&sum, sizeof sum);
    kf_wipe(&t, sizeof t);
}

/* Lane i of vector v begins row 8 v + i: [2^(5 row)]a, by doublings. */
static void row_points(struct bls_g2x8 first[static 2], const struct bls_g2 *a)
{
    struct bls_g2 row[2 * BLS_LANES], t = *a;
    for (int i = 0; i < BLS_QUARTER_WINDOWS; i++) {
        row[i] = t;
        for (int j = 0; j < BLS_WINDOW && i < BLS_QUARTER_WINDOWS - 1; j++) {
            bls_g2_double(&t, &t);
        }
    }
    bls_g2x8_load(&first[0], row, BLS_LANES);
    bls_g2x8_load(&first[1], row + BLS_LANES, BLS_QUARTER_WINDOWS - BLS_LANES);
    kf_wipe(row, sizeof row);
    kf_wipe(&t, sizeof t);
}

static void store_entry(struct bls_g2_base *base, int first_row, int j,
                        struct bls_g2x8_affine *entry)
{
    uint64_t limb[BLS_LANES];
    for (int c = 0; c < COORDINATES; c++) {
        for (int i = 0; i < BLS_FP8_LIMBS; i++) {
            bls_vec_store_below(limb, coordinate(entry, c)->limb[i], bls_fp8_canonical_limit(i));
            for (int lane = 0; lane < BLS_LANES && first_row + lane < BLS_QUARTER_WINDOWS; lane++) {
                base->u.lanes[first_row + lane][c][i][j] = limb[lane];
            }
        }
    }
}

void bls_ifma_g2_base_init(struct bls_g2_base *base, const struct bls_g2_affine *a)
{
    struct bls_g2x8 first[2], window[BLS_WINDOW_ENTRIES];
    struct bls_g2x8_affine entry[BLS_WINDOW_ENTRIES];
    struct bls_g2 b, generator;
    base->infinite = bls_g2_affine_is_infinity(a);
    bls_g2_from_affine(&b, a);
    bls_g2_generator(&generator);
    bls_g2_select(&b, base->infinite, &generator, &b);
    row_points(first, &b);
    for (int v = 0; v < 2; v++) {
        window[0] = first[v];
        bls_g2x8_window(window);
        bls_g2x8_normalise(entry, window, BLS_WINDOW_ENTRIES);
        for (int j = 0; j < BLS_WINDOW_ENTRIES; j++) {
            store_entry(base, BLS_LANES * v, j, &entry[j]);
        }
    }
    kf_wipe(first, sizeof first);
    kf_wipe(window, sizeof window);
    kf_wipe(entry, sizeof entry);
    kf_wipe(&b, sizeof b);
}
