/* Sums of products of G1, eight sums at once: each lane has points and scalars of its own and the
 * doublings are shared by all terms of a lane. As g1_mul.c does it: [k]P = [k0]P - [k1]phi(P),
 * signed windows of five bits, every lookup reads the whole table. Constant-time. */
#include "base/secret.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/ifma/rows_int.h"

enum { TERMS = 8 }; /* that share their doublings: 200 kB of tables on the stack */

struct term {
    struct bls_g1x8 table[BLS_WINDOW_ENTRIES]; /* [1]P to [16]P */
    struct bls_half_x8 k[2];
};

/* One coordinate of the multiples that two magnitudes say, both in one pass over the table: first
 * is the coordinate of its first point, and out holds what zero gives. */
static void lookup_coordinate(struct bls_fp8 out[static 2], const struct bls_fp8 *first,
                              const struct bls_digit_x8 digit[static 2])
{
    enum { STRIDE = sizeof(struct bls_g1x8) / sizeof(struct bls_fp8) };
    struct bls_fp8 s = out[0], t = out[1];
    for (uint64_t j = 0; j < BLS_WINDOW_ENTRIES; j++) {
        const bls_vec number = bls_vec_set1(j + 1);
        const struct bls_fp8 *entry = &first[STRIDE * j];
        bls_fp8_select(&s, bls_vec_equal(digit[0].magnitude, number), entry, &s);
        bls_fp8_select(&t, bls_vec_equal(digit[1].magnitude, number), entry, &t);
    }
    out[0] = s;
    out[1] = t;
}

/* Adds one window's [k0]P - [k1]phi(P); infinity is what a zero adds. */
static void add_window(struct bls_g1x8 *sum, struct term *term, int i)
{
    struct bls_digit_x8 digit[2];
    struct bls_fp8 x[2], y[2], z[2];
    for (int h = 0; h < 2; h++) {
        bls_half_x8_next(&digit[h], &term->k[h], i);
        bls_fp8_zero(&x[h]);
        bls_fp8_set(&y[h], bls_fp8_one);
        bls_fp8_zero(&z[h]);
    }
    lookup_coordinate(x, &term->table[0].x, digit);
    lookup_coordinate(y, &term->table[0].y, digit);
    lookup_coordinate(z, &term->table[0].z, digit);
    for (int h = 0; h < 2; h++) {
        struct bls_g1x8 t = {x[h], y[h], z[h]};
        if (h == 0) {
            bls_g1x8_negate(&t, digit[h].negative);
        } else {
            bls_g1x8_negate(&t, bls_lanes_not(digit[h].negative));
            bls_g1x8_phi(&t);
        }
        bls_g1x8_add(sum, sum, &t);
    }
}

/* What one lane of a term is: NULL for nothing. */
struct product {
    const struct bls_fr *k;
    const struct bls_g1_affine *a;
};

static void load(struct term *term, const struct product product[static BLS_LANES])
{
    uint64_t half[BLS_LANES][2][2] = {0}, word[2][2][BLS_LANES];
    const struct bls_g1_affine *point[BLS_LANES];
    for (size_t i = 0; i < BLS_LANES; i++) {
        point[i] = product[i].a;
        if (product[i].k != NULL) {
            bls_split_half_numbers(half[i], product[i].k);
        }
        for (int h = 0; h < 2; h++) {
            word[h][0][i] = half[i][h][0];
            word[h][1][i] = half[i][h][1];
        }
    }
    for (int h = 0; h < 2; h++) {
        bls_half_x8_load(&term->k[h], word[h][0], word[h][1]);
    }
    bls_g1x8_load_affine(&term->table[0], point);
    bls_g1x8_window(term->table);
    kf_wipe(half, sizeof half);
    kf_wipe(word, sizeof word);
}

static void mul_group(struct bls_g1x8 *out, const struct product product[][BLS_LANES], size_t terms)
{
    struct term term[TERMS];
    struct bls_g1x8 sum;
    for (size_t t = 0; t < terms; t++) {
        load(&term[t], product[t]);
    }
    bls_g1x8_infinity(&sum);
    for (int i = BLS_HALF_WINDOWS - 1; i >= 0; i--) {
        for (int j = 0; j < BLS_WINDOW && i < BLS_HALF_WINDOWS - 1; j++) {
            bls_g1x8_double(&sum, &sum);
        }
        for (size_t t = 0; t < terms; t++) {
            add_window(&sum, &term[t], i);
        }
    }
    *out = sum;
    kf_wipe(term, terms * sizeof term[0]);
    kf_wipe(&sum, sizeof sum);
}

static void mul_rows(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1_affine *a,
                     const struct bls_rows *rows)
{
    struct bls_g1x8 sum, part;
    bls_g1x8_infinity(&sum);
    for (size_t done = 0; done < rows->each; done += TERMS) {
        struct product product[TERMS][BLS_LANES] = {{{NULL, NULL}}};
        size_t count = rows->each - done < TERMS ? rows->each - done : TERMS;
        for (size_t t = 0; t < count; t++) {
            for (size_t lane = 0; lane < BLS_LANES; lane++) {
                size_t at = bls_rows_at(rows, lane, done + t);
                if (at != BLS_ROWS_NOTHING) {
                    product[t][lane] = (struct product){&k[at], &a[at]};
                }
            }
        }
        mul_group(&part, product, count);
        bls_g1x8_add(&sum, &sum, &part);
    }
    bls_g1x8_fold(&sum, rows->slots);
    bls_g1x8_store(out, &sum, rows->rows);
    kf_wipe(&sum, sizeof sum);
    kf_wipe(&part, sizeof part);
}

void bls_ifma_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k,
                               const struct bls_g1_affine *a, size_t terms, size_t sums)
{
    for (size_t done = 0; done < sums; done += BLS_LANES) {
        struct bls_rows rows;
        bls_rows_plan(&rows, terms, sums - done < BLS_LANES ? sums - done : BLS_LANES);
        mul_rows(out + done, k + done * terms, a + done * terms, &rows);
    }
}
