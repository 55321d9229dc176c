/* Powers of fixed elements of GT, the plain way. */
#include "base/secret.h"
#include "bls12381/tower_int.h"

void bls_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a)
{
    base->a = *a;
}

void bls_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                             const struct bls_fr *k, size_t n)
{
    struct bls_gt product, power;
    bls_gt_one(&product);
    for (size_t i = 0; i < n; i++) {
        bls_gt_exp(&power, &base[i]->a, &k[i]);
        bls_gt_mul(&product, &product, &power);
    }
    *out = product;
    kf_wipe(&product, sizeof product);
    kf_wipe(&power, sizeof power);
}
