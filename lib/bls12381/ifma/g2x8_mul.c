/* Sums of products of G2, eight sums at once, as g1x8_mul.c and g2_mul.c: four parts of each scalar
 * along psi, signed windows of five bits, every lookup reads the whole table. Constant-time. */
#include "base/secret.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"

enum { TERMS = 4 }; /* that share their doublings: 200 kB of tables on the stack */

struct term {
    struct bls_g2x8 table[BLS_WINDOW_ENTRIES]; /* [1]Q to [16]Q */
    bls_vec k[4];
};

/* out = [magnitude]Q: infinity for zero. */
static void lookup(struct bls_g2x8 *out, const struct bls_g2x8 table[static BLS_WINDOW_ENTRIES],
                   bls_vec magnitude)
{
    struct bls_g2x8 t;
    bls_g2x8_infinity(&t);
    for (uint64_t j = 0; j < BLS_WINDOW_ENTRIES; j++) {
        bls_g2x8_select(&t, bls_vec_equal(magnitude, bls_vec_set1(j + 1)), &table[j], &t);
    }
    *out = t;
}

/* Adds one window's [d0]Q - [d1]psi(Q) + [d2]psi^2(Q) - [d3]psi^3(Q). */
static void add_window(struct bls_g2x8 *sum, struct term *term, const struct bls_psix8 *psi, int i)
{
    struct bls_digit_x8 digit;
    struct bls_g2x8 t;
    for (int h = 0; h < 4; h++) {
        bls_quarter_x8_next(&digit, &term->k[h], i);
        lookup(&t, term->table, digit.magnitude);
        bls_g2x8_apply_psi(&t, psi, h, digit.negative);
        bls_g2x8_add(sum, sum, &t);
    }
}

/* The t-th term of every lane. */
static void load(struct term *term, const struct bls_rows *rows, size_t t, const struct bls_fr *k,
                 const struct bls_g2_affine *a)
{
    const struct bls_fr *scalar[BLS_LANES] = {NULL};
    const struct bls_g2_affine *point[BLS_LANES] = {NULL};
    for (size_t lane = 0; lane < BLS_LANES; lane++) {
        size_t at = bls_rows_at(rows, lane, t);
        if (at != BLS_ROWS_NOTHING) {
            scalar[lane] = &k[at];
            point[lane] = &a[at];
        }
    }
    bls_quarters_x8_load(term->k, scalar);
    bls_g2x8_load_affine(&term->table[0], point);
    bls_g2x8_window(term->table);
}

static void mul_rows(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2_affine *a,
                     const struct bls_rows *rows)
{
    struct term term[TERMS];
    struct bls_g2x8 sum, part;
    struct bls_psix8 psi;
    bls_psix8_load(&psi);
    bls_g2x8_infinity(&sum);
    for (size_t done = 0; done < rows->each; done += TERMS) {
        size_t count = rows->each - done < TERMS ? rows->each - done : TERMS;
        for (size_t t = 0; t < count; t++) {
            load(&term[t], rows, done + t, k, a);
        }
        bls_g2x8_infinity(&part);
        for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
            for (int j = 0; j < BLS_WINDOW && i < BLS_QUARTER_WINDOWS - 1; j++) {
                bls_g2x8_double(&part, &part);
            }
            for (size_t t = 0; t < count; t++) {
                add_window(&part, &term[t], &psi, i);
            }
        }
        bls_g2x8_add(&sum, &sum, &part);
        kf_wipe(term, count * sizeof term[0]);
    }
    bls_g2x8_fold(&sum, rows->slots);
    bls_g2x8_store(out, &sum, rows->rows);
    kf_wipe(&sum, sizeof sum);
    kf_wipe(&part, sizeof part);
}

void bls_ifma_g2_mul_sum_batch(struct bls_g2 *out, const struct bls_fr *k,
                               const struct bls_g2_affine *a, size_t terms, size_t sums)
{
    for (size_t done = 0; done < sums; done += BLS_LANES) {
        struct bls_rows rows;
        bls_rows_plan(&rows, terms, sums - done < BLS_LANES ? sums - done : BLS_LANES);
        mul_rows(out + done, k + done * terms, a + done * terms, &rows);
    }
}
