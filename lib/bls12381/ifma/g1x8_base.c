/* Sums of products of fixed bases of G1, eight sums at once. The table of a base has every second
 * window of five bits: the others are added up first and doubled five times. One sum for both
 * halves of the scalars: phi is applied to the multiples of the second. Constant-time in scalars
 * and bases, not in which rows have the same base. */
#include "base/secret.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"
#include "bls12381/path_int.h"

enum {
    TERMS = 8,  /* that share their doublings */
    STRIDE = 2, /* windows to a row of the table */
    ROWS = BLS_HALF_WINDOWS / STRIDE,
    ROW_LIMBS = 2 * BLS_FP8_LIMBS,
};

struct term {
    struct bls_base_x8 base;
    struct bls_digit_x8 digit[2][BLS_HALF_WINDOWS];
};

/* Adds [digit] of the row's multiples, or of their images under phi and negative; keeps the sum
 * where the digit is zero. */
static void add_entry(struct bls_g1x8 *sum, const struct term *term, int half, int window)
{
    const struct bls_digit_x8 *digit = &term->digit[half][window];
    const bls_vec one = bls_vec_set1(1);
    bls_vec limb[ROW_LIMBS];
    struct bls_g1x8_affine entry;
    struct bls_g1x8 t;
    size_t at = (size_t)(window / STRIDE) * ROW_LIMBS * BLS_WINDOW_ENTRIES;
    bls_base_x8_lookup(limb, &term->base, at, ROW_LIMBS, bls_vec_sub(digit->magnitude, one));
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        entry.x.limb[i] = limb[i];
        entry.y.limb[i] = limb[BLS_FP8_LIMBS + i];
    }
    bls_lanes negative = half == 0 ? digit->negative : bls_lanes_not(digit->negative);
    bls_fp8_neg(&t.y, &entry.y);
    bls_fp8_select(&entry.y, negative, &t.y, &entry.y);
    if (half == 1) {
        bls_fp8_set(&t.x, bls_fp8_beta);
        bls_fp8_mul(&entry.x, &entry.x, &t.x);
    }
    bls_g1x8_add_mixed(&t, sum, &entry);
    bls_g1x8_select(sum, bls_vec_is_zero(digit->magnitude), sum, &t);
}

static void load_digits(struct term *term, const struct bls_fr *const k[static BLS_LANES])
{
    uint64_t half[BLS_LANES][2][2] = {0}, word[2][BLS_LANES];
    for (size_t i = 0; i < BLS_LANES; i++) {
        if (k[i] != NULL) {
            bls_split_half_numbers(half[i], k[i]);
        }
    }
    const bls_lanes absent = bls_lanes_from(term->base.absent);
    for (int h = 0; h < 2; h++) {
        for (size_t i = 0; i < BLS_LANES; i++) {
            word[0][i] = half[i][h][0];
            word[1][i] = half[i][h][1];
        }
        struct bls_half_x8 rest;
        bls_half_x8_load(&rest, word[0], word[1]);
        for (int i = BLS_HALF_WINDOWS - 1; i >= 0; i--) {
            struct bls_digit_x8 *digit = &term->digit[h][i];
            bls_half_x8_next(digit, &rest, i);
            digit->magnitude = bls_vec_select(absent, bls_vec_zero(), digit->magnitude);
        }
        kf_wipe(&rest, sizeof rest);
    }
    kf_wipe(half, sizeof half);
    kf_wipe(word, sizeof word);
}

/* The t-th term of every lane. */
static void load(struct term *term, const struct bls_rows *rows, size_t t,
                 const struct bls_g1_base *const *base, const struct bls_fr *k)
{
    const struct bls_fr *scalar[BLS_LANES];
    term->base = (struct bls_base_x8){.groups = 0};
    for (size_t lane = 0; lane < BLS_LANES; lane++) {
        size_t at = bls_rows_at(rows, lane, t);
        scalar[lane] = at == BLS_ROWS_NOTHING ? NULL : &k[at];
        if (at == BLS_ROWS_NOTHING) {
            term->base.absent |= 1U << lane;
        } else {
            term->base.absent |= (unsigned)(base[at]->infinite & 1) << lane;
            bls_base_x8_add(&term->base, lane, &base[at]->u.lanes[0][0][0][0]);
        }
    }
    load_digits(term, scalar);
}

static void mul_rows(struct bls_g1x8 *sum, const struct bls_rows *rows,
                     const struct bls_g1_base *const *base, const struct bls_fr *k)
{
    struct term term[TERMS];
    struct bls_g1x8 part;
    bls_g1x8_infinity(sum);
    for (size_t done = 0; done < rows->each; done += TERMS) {
        size_t count = rows->each - done < TERMS ? rows->each - done : TERMS;
        for (size_t t = 0; t < count; t++) {
            load(&term[t], rows, done + t, base, k);
        }
        bls_g1x8_infinity(&part);
        for (int column = STRIDE - 1; column >= 0; column--) {
            for (int j = 0; j < BLS_WINDOW && column < STRIDE - 1; j++) {
                bls_g1x8_double(&part, &part);
            }
            for (size_t t = 0; t < count; t++) {
                for (int i = column; i < BLS_HALF_WINDOWS; i += STRIDE) {
                    add_entry(&part, &term[t], 0, i);
                    add_entry(&part, &term[t], 1, i);
                }
            }
        }
        bls_g1x8_add(sum, sum, &part);
        kf_wipe(term, count * sizeof term[0]);
    }
    bls_g1x8_fold(sum, rows->slots);
    kf_wipe(&part, sizeof part);
}

void bls_ifma_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                                    const struct bls_g1_base *const *base, const struct bls_fr *k,
                                    size_t terms, size_t sums)
{
    struct bls_g1x8 sum, t;
    for (size_t done = 0; done < sums; done += BLS_LANES) {
        struct bls_rows rows;
        bls_rows_plan(&rows, terms, sums - done < BLS_LANES ? sums - done : BLS_LANES);
        mul_rows(&sum, &rows, base + done * terms, k + done * terms);
        if (start != NULL) {
            bls_g1x8_load(&t, start + done, rows.rows);
            bls_g1x8_add(&sum, &sum, &t);
        }
        bls_g1x8_store(out + done, &sum, rows.rows);
    }
    kf_wipe(&sum, sizeof sum);
    kf_wipe(&t, sizeof t);
}

/* Lane i of vector v begins row 8 v + i: [2^(10 row)]a, by doublings. */
static void row_points(struct bls_g1x8 first[static 2], const struct bls_g1 *a)
{
    struct bls_g1 row[2 * BLS_LANES], t = *a;
    for (int i = 0; i < ROWS; i++) {
        row[i] = t;
        for (int j = 0; j < STRIDE * BLS_WINDOW && i < ROWS - 1; j++) {
            bls_g1_double(&t, &t);
        }
    }
    bls_g1x8_load(&first[0], row, BLS_LANES);
    bls_g1x8_load(&first[1], row + BLS_LANES, ROWS - BLS_LANES);
    kf_wipe(row, sizeof row);
    kf_wipe(&t, sizeof t);
}

static void store_entry(struct bls_g1_base *base, int first_row, int j,
                        const struct bls_g1x8_affine *entry)
{
    uint64_t limb[BLS_LANES];
    for (int c = 0; c < 2; c++) {
        const struct bls_fp8 *coordinate = c == 0 ? &entry->x : &entry->y;
        for (int i = 0; i < BLS_FP8_LIMBS; i++) {
            bls_vec_store_below(limb, coordinate->limb[i], bls_fp8_limit(i));
            for (int lane = 0; lane < BLS_LANES && first_row + lane < ROWS; lane++) {
                base->u.lanes[first_row + lane][c][i][j] = limb[lane];
            }
        }
    }
    kf_wipe(limb, sizeof limb);
}

void bls_ifma_g1_base_init(struct bls_g1_base *base, const struct bls_g1_affine *a)
{
    struct bls_g1x8 first[2], window[BLS_WINDOW_ENTRIES];
    struct bls_g1x8_affine entry[BLS_WINDOW_ENTRIES];
    struct bls_g1 b, generator;
    base->infinite = bls_g1_affine_is_infinity(a);
    bls_g1_from_affine(&b, a);
    bls_g1_generator(&generator);
    bls_g1_select(&b, base->infinite, &generator, &b);
    row_points(first, &b);
    for (int v = 0; v < 2; v++) {
        window[0] = first[v];
        bls_g1x8_window(window);
        bls_g1x8_normalise(entry, window, BLS_WINDOW_ENTRIES);
        for (int j = 0; j < BLS_WINDOW_ENTRIES; j++) {
            store_entry(base, BLS_LANES * v, j, &entry[j]);
        }
    }
    kf_wipe(first, sizeof first);
    kf_wipe(window, sizeof window);
    kf_wipe(entry, sizeof entry);
    kf_wipe(&b, sizeof b);
}
