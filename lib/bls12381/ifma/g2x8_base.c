/* Sums of products of fixed bases of G2, eight sums at once. A table has every window, so that
 * there are no doublings: a product is four sums of thirteen entries, one for each part of the
 * scalar, joined by psi at the end; those of several vectors and terms are made together.
 * Constant-time in scalars and bases, not in which rows have the same base. */
#include "base/secret.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"

#include <assert.h>

enum {
    PARTS = 4,
    COORDINATES = 4,
    ROW_LIMBS = COORDINATES * BLS_FP8_LIMBS,
    PRODUCTS = BLS_G2X8_NUMBERS / PARTS,
};
static_assert((int)BLS_QUARTER_WINDOWS == (int)BLS_G2X8_ENTRIES, "a sum of entries is made of all");

static struct bls_fp8 *coordinate(struct bls_g2x8_affine *a, int i)
{
    struct bls_fp8 *const in_order[COORDINATES] = {&a->x.c0, &a->x.c1, &a->y.c0, &a->y.c1};
    return in_order[i];
}

/* [digit] of the row's multiples. */
static void look_up(struct bls_g2x8_entries *out, const struct bls_base_x8 *bases,
                    const struct bls_digit_x8 *digit, int row)
{
    const bls_vec index = bls_vec_sub(digit->magnitude, bls_vec_set1(1));
    struct bls_g2x8_affine *entry = &out->point[row];
    struct bls_fp2x8 negative;
    bls_base_x8_lookup((bls_vec *)entry, bases, (size_t)row * ROW_LIMBS * BLS_WINDOW_ENTRIES,
                       ROW_LIMBS, index);
    bls_fp8_neg_canonical(&negative.c0, &entry->y.c0);
    bls_fp8_neg_canonical(&negative.c1, &entry->y.c1);
    bls_fp2x8_carry(&negative, &negative);
    bls_fp2x8_select(&entry->y, digit->negative, &negative, &entry->y);
    out->infinite[row] =
        bls_lanes_or(bls_vec_is_zero(digit->magnitude), bls_lanes_from(bases->absent));
}

/* A product: one term of every lane. */
static void load(struct bls_g2x8_entries out[static PARTS], const struct bls_rows_product *p,
                 const struct bls_g2_base *const *base, const struct bls_fr *k)
{
    const size_t first = p->first * p->terms;
    const struct bls_fr *scalar[BLS_LANES] = {NULL};
    struct bls_base_x8 bases = {.absent = 0xff};
    struct bls_digit_x8 digit;
    bls_vec rest[PARTS];
    for (size_t lane = 0; lane < BLS_LANES; lane++) {
        size_t at = bls_rows_at(&p->rows, lane, p->term);
        if (at != BLS_ROWS_NOTHING) {
            const struct bls_g2_base *b = base[first + at];
            scalar[lane] = &k[first + at];
            bls_base_x8_add(&bases, lane, &b->u.lanes[0][0][0][0], b->infinite);
        }
    }
    bls_quarters_x8_load(rest, scalar);
    for (int h = 0; h < PARTS; h++) {
        for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
            bls_quarter_x8_next(&digit, &rest[h], i);
            look_up(&out[h], &bases, &digit, i);
        }
    }
    kf_wipe(rest, sizeof rest);
    kf_wipe(&digit, sizeof digit);
}

/* Products on their way: vector after vector, and term after term of each. */
struct work {
    struct bls_g2 *out;
    const struct bls_g2 *start;
    struct bls_rows_product product[PRODUCTS];
    size_t count;
    struct bls_g2x8_entries entries[PRODUCTS * PARTS];
    struct bls_g2x8 number[PRODUCTS * PARTS];
    struct bls_g2x8 part[PARTS]; /* of the vector whose terms are being added up */
    struct bls_psix8 psi;
};

static void add_product(struct work *w, size_t product)
{
    const struct bls_g2x8 *number = &w->number[product * PARTS];
    for (int h = 0; h < PARTS; h++) {
        if (w->product[product].term == 0) {
            w->part[h] = number[h];
        } else {
            bls_g2x8_add(&w->part[h], &w->part[h], &number[h]);
        }
    }
}

static void finish_vector(struct work *w, const struct bls_rows_product *last)
{
    struct bls_g2x8 *sum = &w->part[0], t;
    for (int h = 1; h < PARTS; h++) {
        bls_g2x8_apply_psi(&w->part[h], &w->psi, h, bls_lanes_constant(0));
        bls_g2x8_add(sum, sum, &w->part[h]);
    }
    bls_g2x8_fold(sum, last->rows.slots);
    if (w->start != NULL) {
        bls_g2x8_load(&t, w->start + last->first, last->rows.rows);
        bls_g2x8_add(sum, sum, &t);
        kf_wipe(&t, sizeof t);
    }
    bls_g2x8_store(w->out + last->first, sum, last->rows.rows);
}

static void flush(struct work *w)
{
    bls_g2x8_sum_entries(w->number, w->entries, w->count * PARTS);
    for (size_t i = 0; i < w->count; i++) {
        add_product(w, i);
        if (bls_rows_last(&w->product[i])) {
            finish_vector(w, &w->product[i]);
        }
    }
    kf_wipe(w->entries, w->count * PARTS * sizeof w->entries[0]);
    kf_wipe(w->number, w->count * PARTS * sizeof w->number[0]);
    w->count = 0;
}

void bls_ifma_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                                    const struct bls_g2_base *const *base, const struct bls_fr *k,
                                    size_t terms, size_t sums)
{
    struct work w;
    w.out = out;
    w.start = start;
    w.count = 0;
    bls_psix8_load(&w.psi);
    struct bls_rows_product p = {.terms = terms, .sums = sums};
    while (bls_rows_next(&p)) {
        load(&w.entries[w.count * PARTS], &p, base, k);
        w.product[w.count] = p;
        if (++w.count == PRODUCTS) {
            flush(&w);
        }
    }
    flush(&w);
    kf_wipe(w.part, sizeof w.part);
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
