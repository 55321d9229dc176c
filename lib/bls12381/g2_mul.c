/* G2: multiplication by scalars. */
#include "base/secret.h"
#include "bls12381/point_int.h"

enum { GROUP = 8 }; /* points that share their doublings: 37 kB of tables on the stack */

void bls_g2_window(struct bls_g2 table[static BLS_WINDOW_ENTRIES], const struct bls_g2 *a)
{
    table[0] = *a;
    for (int j = 2; j <= BLS_WINDOW_ENTRIES; j++) {
        if (j % 2 == 0) {
            bls_g2_double(&table[j - 1], &table[j / 2 - 1]);
        } else {
            bls_g2_add(&table[j - 1], &table[j - 2], a);
        }
    }
}

static void negate_if(struct bls_g2 *a, uint64_t mask)
{
    struct bls_fp2 y;
    bls_fp2_neg(&y, &a->y);
    bls_fp2_select(&a->y, mask, &y, &a->y);
}

void bls_g2_lookup(struct bls_g2 *out, const struct bls_g2 table[static BLS_WINDOW_ENTRIES],
                   uint8_t digit)
{
    uint64_t magnitude = bls_digit_magnitude(digit);
    bls_g2_infinity(out);
    for (uint64_t j = 0; j < BLS_WINDOW_ENTRIES; j++) {
        bls_g2_select(out, kf_ct_equal(magnitude, j + 1), &table[j], out);
    }
    negate_if(out, bls_digit_negative(digit));
}

void bls_g2_apply_psi(struct bls_g2 *a, int i)
{
    if (i >= 2) {
        bls_g2_psi2(a, a);
    }
    if (i % 2 == 1) {
        bls_g2_psi(a, a);
        bls_g2_neg(a, a);
    }
}

/* Adds [d0]Q - [d1]psi(Q) + [d2]psi^2(Q) - [d3]psi^3(Q) for one window's digits. */
static void add_window(struct bls_g2 *sum, const struct bls_g2 table[static BLS_WINDOW_ENTRIES],
                       const struct bls_quarter_digits *k, int i)
{
    struct bls_g2 t;
    for (int h = 0; h < 4; h++) {
        bls_g2_lookup(&t, table, k->digit[h][i]);
        bls_g2_apply_psi(&t, h);
        bls_g2_add(sum, sum, &t);
    }
}

static void mul_group(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a, size_t n)
{
    struct bls_g2 table[GROUP][BLS_WINDOW_ENTRIES], sum;
    struct bls_quarter_digits digits[GROUP];
    for (size_t p = 0; p < n; p++) {
        bls_g2_window(table[p], &a[p]);
        bls_split_quarter(&digits[p], &k[p]);
    }
    bls_g2_infinity(&sum);
    for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
        for (int j = 0; j < BLS_WINDOW && i < BLS_QUARTER_WINDOWS - 1; j++) {
            bls_g2_double(&sum, &sum);
        }
        for (size_t p = 0; p < n; p++) {
            add_window(&sum, table[p], &digits[p], i);
        }
    }
    *out = sum;
    kf_wipe(digits, n * sizeof digits[0]);
    kf_wipe(table, n * sizeof table[0]);
    kf_wipe(&sum, sizeof sum);
}

void bls_g2_mul_sum(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a, size_t n)
{
    struct bls_g2 sum, t;
    bls_g2_infinity(&sum);
    for (size_t done = 0; done < n; done += GROUP) {
        mul_group(&t, k + done, a + done, n - done < GROUP ? n - done : GROUP);
        bls_g2_add(&sum, &sum, &t);
    }
    *out = sum;
}

void bls_g2_mul(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a)
{
    mul_group(out, k, a, 1);
}

/* Public digits: indexes the table and skips zeros. */
static void add_window_vartime(struct bls_g2 *sum,
                               const struct bls_g2 table[static BLS_WINDOW_ENTRIES],
                               const struct bls_quarter_digits *k, int i)
{
    for (int h = 0; h < 4; h++) {
        uint8_t digit = k->digit[h][i];
        if (bls_digit_magnitude(digit) == 0) {
            continue;
        }
        struct bls_g2 t = table[bls_digit_magnitude(digit) - 1];
        bls_g2_apply_psi(&t, h);
        if (digit >= BLS_DIGIT_NEGATIVE) {
            bls_g2_neg(&t, &t);
        }
        bls_g2_add(sum, sum, &t);
    }
}

static void mul_group_vartime(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a,
                              size_t n)
{
    struct bls_g2 table[GROUP][BLS_WINDOW_ENTRIES], sum;
    struct bls_quarter_digits digits[GROUP];
    for (size_t p = 0; p < n; p++) {
        bls_g2_window(table[p], &a[p]);
        bls_split_quarter(&digits[p], &k[p]);
    }
    bls_g2_infinity(&sum);
    for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
        for (int j = 0; j < BLS_WINDOW && !bls_g2_is_infinity(&sum); j++) {
            bls_g2_double(&sum, &sum);
        }
        for (size_t p = 0; p < n; p++) {
            add_window_vartime(&sum, table[p], &digits[p], i);
        }
    }
    *out = sum;
}

void bls_g2_mul_sum_vartime(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a,
                            size_t n)
{
    struct bls_g2 sum, t;
    bls_g2_infinity(&sum);
    for (size_t done = 0; done < n; done += GROUP) {
        mul_group_vartime(&t, k + done, a + done, n - done < GROUP ? n - done : GROUP);
        bls_g2_add(&sum, &sum, &t);
    }
    *out = sum;
}

void bls_g2_mul_vartime(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a)
{
    mul_group_vartime(out, k, a, 1);
}
