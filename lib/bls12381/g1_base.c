/* G1: sums of products over fixed bases. No doublings: the two halves of all scalars of a row have
 * a sum each, joined by phi at the end. */
#include "base/secret.h"
#include "bls12381/path_int.h"
#include "bls12381/point_int.h"

/* A window is the multiples of its base, the next base twice the last of them. */
void bls_portable_g1_base_init(struct bls_g1_base *base, const struct bls_g1_affine *a)
{
    struct bls_g1 window[BLS_WINDOW_ENTRIES], b, generator;
    base->infinite = bls_g1_affine_is_infinity(a);
    bls_g1_from_affine(&b, a);
    bls_g1_generator(&generator);
    bls_g1_select(&b, base->infinite, &generator, &b);
    for (int i = 0; i < BLS_HALF_WINDOWS; i++) {
        bls_g1_window(window, &b);
        bls_g1_to_affine_batch(base->u.plain[i], window, BLS_WINDOW_ENTRIES);
        bls_g1_double(&b, &window[BLS_WINDOW_ENTRIES - 1]);
    }
    kf_wipe(window, sizeof window);
    kf_wipe(&b, sizeof b);
}

/* Selects [digit] of the window's entry and adds it; keeps the sum where the digit is zero. */
static void add_entry(struct bls_g1 *sum,
                      const struct bls_g1_affine table[static BLS_WINDOW_ENTRIES], uint8_t digit)
{
    uint64_t magnitude = bls_digit_magnitude(digit);
    struct bls_g1_affine entry = table[0];
    struct bls_g1 t;
    for (uint64_t j = 1; j < BLS_WINDOW_ENTRIES; j++) {
        uint64_t mask = kf_ct_equal(magnitude, j + 1);
        bls_fp_select(&entry.x, mask, &table[j].x, &entry.x);
        bls_fp_select(&entry.y, mask, &table[j].y, &entry.y);
    }
    bls_fp_neg(&t.y, &entry.y);
    bls_fp_select(&entry.y, bls_digit_negative(digit), &t.y, &entry.y);
    bls_g1_add_mixed(&t, sum, &entry);
    bls_g1_select(sum, kf_ct_is_zero(magnitude), sum, &t);
}

static void mul_row(struct bls_g1 *out, const struct bls_g1_base *const *base,
                    const struct bls_fr *k, size_t terms)
{
    struct bls_half_digits digits;
    struct bls_g1 sum[2];
    bls_g1_infinity(&sum[0]);
    bls_g1_infinity(&sum[1]);
    for (size_t t = 0; t < terms; t++) {
        bls_split_half(&digits, &k[t]);
        uint8_t keep = (uint8_t)~base[t]->infinite;
        for (int i = 0; i < BLS_HALF_WINDOWS; i++) {
            add_entry(&sum[0], base[t]->u.plain[i], digits.digit[0][i] & keep);
            add_entry(&sum[1], base[t]->u.plain[i], digits.digit[1][i] & keep);
        }
    }
    bls_g1_phi(&sum[1], &sum[1]);
    bls_g1_sub(out, &sum[0], &sum[1]);
    kf_wipe(&digits, sizeof digits);
    kf_wipe(sum, sizeof sum);
}

void bls_portable_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                                        const struct bls_g1_base *const *base,
                                        const struct bls_fr *k, size_t terms, size_t sums)
{
    struct bls_g1 row;
    for (size_t s = 0; s < sums; s++) {
        mul_row(&row, base + s * terms, k + s * terms, terms);
        if (start == NULL) {
            out[s] = row;
        } else {
            bls_g1_add(&out[s], &start[s], &row);
        }
    }
    kf_wipe(&row, sizeof row);
}
