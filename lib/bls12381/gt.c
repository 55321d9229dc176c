/* GT: the subgroup of order r of Fp12*. Constant-time. */
#include "base/secret.h"
#include "bls12381/point_int.h"

void bls_gt_one(struct bls_gt *out)
{
    bls_fp12_one(&out->f);
}

void bls_gt_mul(struct bls_gt *out, const struct bls_gt *a, const struct bls_gt *b)
{
    bls_fp12_mul(&out->f, &a->f, &b->f);
}

void bls_gt_square(struct bls_gt *out, const struct bls_gt *a)
{
    bls_fp12_cyclotomic_square(&out->f, &a->f);
}

/* a^(p^6) = 1/a since the order divides p^6 + 1. */
void bls_gt_inverse(struct bls_gt *out, const struct bls_gt *a)
{
    bls_fp12_conjugate(&out->f, &a->f);
}

uint64_t bls_gt_equal(const struct bls_gt *a, const struct bls_gt *b)
{
    return bls_fp12_equal(&a->f, &b->f);
}

uint64_t bls_gt_is_one(const struct bls_gt *a)
{
    struct bls_gt one;
    bls_gt_one(&one);
    return bls_gt_equal(a, &one);
}

/* out = the power `digit` of the table's base: reads every entry. */
static void lookup(struct bls_fp12 *out, const struct bls_fp12 table[static BLS_WINDOW_ENTRIES],
                   uint8_t digit)
{
    uint64_t magnitude = bls_digit_magnitude(digit);
    struct bls_fp12 inverse;
    bls_fp12_one(out);
    for (uint64_t j = 0; j < BLS_WINDOW_ENTRIES; j++) {
        bls_fp12_select(out, kf_ct_equal(magnitude, j + 1), &table[j], out);
    }
    bls_fp12_conjugate(&inverse, out);
    bls_fp12_select(out, bls_digit_negative(digit), &inverse, out);
}

void bls_gt_lookup_quarter(struct bls_fp12 *out,
                           const struct bls_fp12 table[static BLS_WINDOW_ENTRIES], uint8_t digit,
                           int h)
{
    lookup(out, table, h % 2 == 1 ? digit ^ BLS_DIGIT_NEGATIVE : digit);
    if (h > 0) {
        bls_fp12_frobenius(out, out, h);
    }
}

void bls_gt_window(struct bls_fp12 table[static BLS_WINDOW_ENTRIES], const struct bls_fp12 *a)
{
    table[0] = *a;
    for (int j = 2; j <= BLS_WINDOW_ENTRIES; j++) {
        if (j % 2 == 0) {
            bls_fp12_cyclotomic_square(&table[j - 1], &table[j / 2 - 1]);
        } else {
            bls_fp12_mul(&table[j - 1], &table[j - 2], a);
        }
    }
}

/* a^k = a^d0 a^(|x| d1) a^(|x|^2 d2) a^(|x|^3 d3) */
void bls_gt_exp(struct bls_gt *out, const struct bls_gt *a, const struct bls_fr *k)
{
    struct bls_fp12 table[BLS_WINDOW_ENTRIES], product, t;
    struct bls_quarter_digits digits;
    bls_split_quarter(&digits, k);
    bls_gt_window(table, &a->f);
    bls_fp12_one(&product);
    for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
        for (int j = 0; j < BLS_WINDOW && i < BLS_QUARTER_WINDOWS - 1; j++) {
            bls_fp12_cyclotomic_square(&product, &product);
        }
        for (int h = 0; h < 4; h++) {
            bls_gt_lookup_quarter(&t, table, digits.digit[h][i], h);
            bls_fp12_mul(&product, &product, &t);
        }
    }
    out->f = product;
    kf_wipe(&digits, sizeof digits);
    kf_wipe(table, sizeof table);
    kf_wipe(&product, sizeof product);
    kf_wipe(&t, sizeof t);
}

/* Whether a^(p^4) a = a^(p^2) (the cyclotomic subgroup; zero fails the next) and a^p = a^x. Then
 * the order divides gcd(p - x, p^4 - p^2 + 1) = r, which constants.py checks. */
static uint64_t in_subgroup(const struct bls_fp12 *a)
{
    struct bls_fp12 s, t, one;
    bls_fp12_frobenius(&s, a, 2);
    bls_fp12_frobenius(&t, &s, 2);
    bls_fp12_mul(&t, &t, a);
    uint64_t cyclotomic = bls_fp12_equal(&s, &t);

    t = *a;
    for (int i = 62; i >= 0; i--) {
        bls_fp12_cyclotomic_square(&t, &t);
        if (bls_x_abs >> i & 1) {
            bls_fp12_mul(&t, &t, a);
        }
    }
    bls_fp12_frobenius(&s, a, 1);
    bls_fp12_mul(&t, &t, &s); /* a^(|x| + p), which is a^(p - x) */
    bls_fp12_one(&one);
    return cyclotomic & bls_fp12_equal(&t, &one);
}

static const struct bls_fp2 *coordinate(const struct bls_fp12 *a, int i)
{
    const struct bls_fp2 *in_order[6] = {&a->c1.c2, &a->c1.c1, &a->c1.c0,
                                         &a->c0.c2, &a->c0.c1, &a->c0.c0};
    return in_order[i];
}

void bls_gt_encode(uint8_t out[static BLS_GT_BYTES], const struct bls_gt *a)
{
    for (int i = 0; i < 6; i++) {
        bls_fp_encode(out + 96 * i, &coordinate(&a->f, i)->c1);
        bls_fp_encode(out + 96 * i + 48, &coordinate(&a->f, i)->c0);
    }
}

enum kf_status bls_gt_decode(struct bls_gt *out, const uint8_t in[static BLS_GT_BYTES])
{
    struct bls_fp12 t;
    struct bls_fp2 *to[6] = {&t.c1.c2, &t.c1.c1, &t.c1.c0, &t.c0.c2, &t.c0.c1, &t.c0.c0};
    uint64_t good = ~(uint64_t)0;
    for (int i = 0; i < 6; i++) {
        good &= bls_fp_decode(&to[i]->c1, in + 96 * i);
        good &= bls_fp_decode(&to[i]->c0, in + 96 * i + 48);
    }
    good &= in_subgroup(&t);
    kf_ct_public(&good, sizeof good); /* whether an encoding is refused is visible anyway */
    if (!good) {
        return KF_ERR_MALFORMED;
    }
    out->f = t;
    return KF_OK;
}
