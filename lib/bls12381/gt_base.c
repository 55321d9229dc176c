/* Powers of fixed elements of GT: base^(32^i) has a table of its own for each window i, so that a
 * power is a product of entries, without squarings. Constant-time. */
#include "base/secret.h"
#include "bls12381/path_int.h"
#include "bls12381/point_int.h"

#include <assert.h>

static_assert(BLS_QUARTER_WINDOWS == 13 && BLS_WINDOW_ENTRIES == 16, "struct bls_gt_base says so");

void bls_portable_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a)
{
    struct bls_fp12 power = a->f;
    for (int i = 0; i < BLS_QUARTER_WINDOWS; i++) {
        bls_gt_window(base->u.plain[i], &power);
        bls_fp12_cyclotomic_square(&power, &base->u.plain[i][15]);
    }
}

void bls_portable_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                                      const struct bls_fr *k, size_t n)
{
    struct bls_fp12 product, t;
    struct bls_quarter_digits digits;
    bls_fp12_one(&product);
    for (size_t b = 0; b < n; b++) {
        bls_split_quarter(&digits, &k[b]);
        for (int i = 0; i < 4 * BLS_QUARTER_WINDOWS; i++) {
            int window = i / 4, h = i % 4;
            bls_gt_lookup_quarter(&t, base[b]->u.plain[window], digits.digit[h][window], h);
            bls_fp12_mul(&product, &product, &t);
        }
    }
    out->f = product;
    kf_wipe(&digits, sizeof digits);
    kf_wipe(&product, sizeof product);
    kf_wipe(&t, sizeof t);
}
