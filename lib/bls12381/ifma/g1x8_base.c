/* Sums of products of fixed bases of G1, eight sums at once. The table of a base has every second
 * window of five bits: what the others give is doubled five times. So a product is four sums of
 * thirteen entries, of both halves of the scalar (phi is applied to the second's) and of both kinds
 * of windows; those of several vectors and terms are made together. Constant-time in scalars and
 * bases, not in which rows have the same base. */
#include "base/secret.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"

#include <assert.h>

enum {
    STRIDE = 2, /* windows to a row of the table */
    ROWS = BLS_HALF_WINDOWS / STRIDE,
    ROW_LIMBS = 2 * BLS_FP8_LIMBS,
    HALVES = 2,
    NUMBERS = STRIDE * HALVES, /* sums of entries to a product, those of one half together */
    PRODUCTS = BLS_G1X8_NUMBERS / NUMBERS,
};
static_assert((int)ROWS == (int)BLS_G1X8_ENTRIES, "a sum of entries is made of all rows");

/* [digit] of the row's multiples. */
static void look_up(struct bls_g1x8_entries *out, const struct bls_base_x8 *bases,
                    const struct bls_digit_x8 *digit, int row)
{
    const bls_vec index = bls_vec_sub(digit->magnitude, bls_vec_set1(1));
    struct bls_g1x8_affine *entry = &out->point[row];
    struct bls_fp8 negative;
    bls_base_x8_lookup((bls_vec *)entry, bases, (size_t)row * ROW_LIMBS * BLS_WINDOW_ENTRIES,
                       ROW_LIMBS, index);
    bls_fp8_neg_canonical(&negative, &entry->y);
    bls_fp8_carry(&negative, &negative);
    bls_fp8_select(&entry->y, digit->negative, &negative, &entry->y);
    out->infinite[row] =
        bls_lanes_or(bls_vec_is_zero(digit->magnitude), bls_lanes_from(bases->absent));
}

/* A product: one term of every lane. */
static void load(struct bls_g1x8_entries out[static NUMBERS], const struct bls_rows_product *p,
                 const struct bls_g1_base *const *base, const struct bls_fr *k)
{
    const size_t first = p->first * p->terms;
    const struct bls_fr *scalar[BLS_LANES] = {NULL};
    struct bls_base_x8 bases = {.absent = 0xff};
    struct bls_half_x8 rest[HALVES];
    struct bls_digit_x8 digit;
    for (size_t lane = 0; lane < BLS_LANES; lane++) {
        size_t at = bls_rows_at(&p->rows, lane, p->term);
        if (at != BLS_ROWS_NOTHING) {
            const struct bls_g1_base *b = base[first + at];
            scalar[lane] = &k[first + at];
            bls_base_x8_add(&bases, lane, &b->u.lanes[0][0][0][0], b->infinite);
        }
    }
    bls_halves_x8_load(rest, scalar);
    for (int h = 0; h < HALVES; h++) {
        for (int i = BLS_HALF_WINDOWS - 1; i >= 0; i--) {
            bls_half_x8_next(&digit, &rest[h], i);
            look_up(&out[STRIDE * h + i % STRIDE], &bases, &digit, i / STRIDE);
        }
    }
    kf_wipe(rest, sizeof rest);
    kf_wipe(&digit, sizeof digit);
}

/* Products on their way: vector after vector, and term after term of each. */
struct work {
    struct bls_g1 *out;
    const struct bls_g1 *start;
    struct bls_rows_product product[PRODUCTS];
    size_t count;
    struct bls_g1x8_entries entries[PRODUCTS * NUMBERS];
    struct bls_g1x8 number[PRODUCTS * NUMBERS];
    struct bls_g1x8 column[STRIDE]; /* of the vector whose terms are being added up */
};

/* Adds a product's numbers to the columns: the second half's by -phi. */
static void add_product(struct work *w, size_t product)
{
    struct bls_g1x8 *number = &w->number[product * NUMBERS];
    for (int c = 0; c < STRIDE; c++) {
        struct bls_g1x8 *second = &number[STRIDE + c];
        if (w->product[product].term == 0) {
            w->column[c] = number[c];
        } else {
            bls_g1x8_add(&w->column[c], &w->column[c], &number[c]);
        }
        bls_g1x8_negate(second, bls_lanes_constant(0xff));
        bls_g1x8_phi(second);
        bls_g1x8_add(&w->column[c], &w->column[c], second);
    }
}

static void finish_vector(struct work *w, const struct bls_rows_product *last)
{
    struct bls_g1x8 *sum = &w->column[STRIDE - 1], t;
    for (int c = STRIDE - 2; c >= 0; c--) {
        for (int j = 0; j < BLS_WINDOW; j++) {
            bls_g1x8_double(sum, sum);
        }
        bls_g1x8_add(sum, sum, &w->column[c]);
    }
    bls_g1x8_fold(sum, last->rows.slots);
    if (w->start != NULL) {
        bls_g1x8_load(&t, w->start + last->first, last->rows.rows);
        bls_g1x8_add(sum, sum, &t);
        kf_wipe(&t, sizeof t);
    }
    bls_g1x8_store(w->out + last->first, sum, last->rows.rows);
}

static void flush(struct work *w)
{
    bls_g1x8_sum_entries(w->number, w->entries, w->count * NUMBERS);
    for (size_t i = 0; i < w->count; i++) {
        add_product(w, i);
        if (bls_rows_last(&w->product[i])) {
            finish_vector(w, &w->product[i]);
        }
    }
    kf_wipe(w->entries, w->count * NUMBERS * sizeof w->entries[0]);
    kf_wipe(w->number, w->count * NUMBERS * sizeof w->number[0]);
    w->count = 0;
}

void bls_ifma_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                                    const struct bls_g1_base *const *base, const struct bls_fr *k,
                                    size_t terms, size_t sums)
{
    struct work w;
    w.out = out;
    w.start = start;
    w.count = 0;
    struct bls_rows_product p = {.terms = terms, .sums = sums};
    while (bls_rows_next(&p)) {
        load(&w.entries[w.count * NUMBERS], &p, base, k);
        w.product[w.count] = p;
        if (++w.count == PRODUCTS) {
            flush(&w);
        }
    }
    flush(&w);
    kf_wipe(w.column, sizeof w.column);
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
            bls_vec_store_below(limb, coordinate->limb[i], bls_fp8_canonical_limit(i));
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
