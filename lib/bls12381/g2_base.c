/* G2: sums of products over fixed bases. No doublings: the four quarters of all scalars of a row
 * have a sum each, joined by psi at the end. */
#include "base/secret.h"
#include "bls12381/path_int.h"
#include "bls12381/point_int.h"

/* A window is the multiples of its base, the next base twice the last of them. */
void bls_portable_g2_base_init(struct bls_g2_base *base, const struct bls_g2_affine *a)
{
    struct bls_g2 window[BLS_WINDOW_ENTRIES], b, generator;
    base->infinite = bls_g2_affine_is_infinity(a);
    bls_g2_from_affine(&b, a);
    bls_g2_generator(&generator);
    bls_g2_select(&b, base->infinite, &generator, &b);
    for (int i = 0; i < BLS_QUARTER_WINDOWS; i++) {
        bls_g2_window(window, &b);
        bls_g2_to_affine_batch(base->u.plain[i], window, BLS_WINDOW_ENTRIES);
        bls_g2_double(&b, &window[BLS_WINDOW_ENTRIES - 1]);
    }
    kf_wipe(window, sizeof window);
    kf_wipe(&b, sizeof b);
}

/* Selects [digit] of the window's entry and adds it; keeps the sum where the digit is zero. */
static void add_entry(struct bls_g2 *sum,
                      const struct bls_g2_affine table[static BLS_WINDOW_ENTRIES], uint8_t digit)
{
    uint64_t magnitude = bls_digit_magnitude(digit);
    struct bls_g2_affine entry = table[0];
    struct bls_g2 t;
    for (uint64_t j = 1; j < BLS_WINDOW_ENTRIES; j++) {
        uint64_t mask = kf_ct_equal(magnitude, j + 1);
        bls_fp2_select(&entry.x, mask, &table[j].x, &entry.x);
        bls_fp2_select(&entry.y, mask, &table[j].y, &entry.y);
    }
    bls_fp2_neg(&t.y, &entry.y);
    bls_fp2_select(&entry.y, bls_digit_negative(digit), &t.y, &entry.y);
    bls_g2_add_mixed(&t, sum, &entry);
    bls_g2_select(sum, kf_ct_is_zero(magnitude), sum, &t);
}

static void mul_row(struct bls_g2 *out, const struct bls_g2_base *const *base,
                    const struct bls_fr *k, size_t terms)
{
    struct bls_quarter_digits digits;
    struct bls_g2 sum[4], total;
    for (int h = 0; h < 4; h++) {
        bls_g2_infinity(&sum[h]);
    }
    for (size_t t = 0; t < terms; t++) {
        bls_split_quarter(&digits, &k[t]);
        uint8_t keep = (uint8_t)~base[t]->infinite;
        for (int i = 0; i < BLS_QUARTER_WINDOWS; i++) {
            for (int h = 0; h < 4; h++) {
                add_entry(&sum[h], base[t]->u.plain[i], digits.digit[h][i] & keep);
            }
        }
    }
    total = sum[0];
    for (int h = 1; h < 4; h++) {
        bls_g2_apply_psi(&sum[h], h);
        bls_g2_add(&total, &total, &sum[h]);
    }
    *out = total;
    kf_wipe(&digits, sizeof digits);
    kf_wipe(sum, sizeof sum);
    kf_wipe(&total, sizeof total);
}

void bls_portable_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                                        const struct bls_g2_base *const *base,
                                        const struct bls_fr *k, size_t terms, size_t sums)
{
    struct bls_g2 row;
    for (size_t s = 0; s < sums; s++) {
        mul_row(&row, base + s * terms, k + s * terms, terms);
        if (start == NULL) {
            out[s] = row;
        } else {
            bls_g2_add(&out[s], &start[s], &row);
        }
    }
    kf_wipe(&row, sizeof row);
}
