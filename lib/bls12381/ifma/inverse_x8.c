/* Many inverses for one. The contract is in inverse_x8_int.h. */
#include "base/secret.h"
#include "bls12381/fp_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

#include <assert.h>

/* 1/a in each lane; a is zero nowhere. */
static void inverse_of_lanes(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp v[BLS_LANES], before[BLS_LANES], product = bls_fp_one, t;
    bls_fp8_store(v, a, sizeof v[0]);
    for (int i = 0; i < BLS_LANES; i++) {
        before[i] = product;
        bls_fp_mul(&product, &product, &v[i]);
    }
    bls_fp_inverse(&product, &product);
    for (int i = BLS_LANES - 1; i >= 0; i--) {
        bls_fp_mul(&t, &product, &before[i]);
        bls_fp_mul(&product, &product, &v[i]);
        v[i] = t;
    }
    bls_fp8_load(out, v, sizeof v[0]);
    kf_wipe(v, sizeof v);
    kf_wipe(before, sizeof before);
    kf_wipe(&product, sizeof product);
    kf_wipe(&t, sizeof t);
}

void bls_fp8_inverses(struct bls_fp8 *a, size_t vectors)
{
    struct bls_fp8 one, zero, v[BLS_FP8_INVERSES], before[BLS_FP8_INVERSES], product, t;
    bls_lanes zeros[BLS_FP8_INVERSES];
    assert(vectors <= BLS_FP8_INVERSES);
    bls_fp8_set(&one, bls_fp8_one);
    bls_fp8_zero(&zero);
    product = one;
    for (size_t i = 0; i < vectors; i++) {
        zeros[i] = bls_fp8_is_zero(&a[i]);
        bls_fp8_select(&v[i], zeros[i], &one, &a[i]);
        before[i] = product;
        bls_fp8_mul(&product, &product, &v[i]);
    }
    inverse_of_lanes(&product, &product);
    for (size_t i = vectors; i-- > 0;) {
        bls_fp8_mul(&t, &before[i], &product);
        bls_fp8_mul(&product, &product, &v[i]);
        bls_fp8_select(&a[i], zeros[i], &zero, &t);
    }
    kf_wipe(v, vectors * sizeof v[0]);
    kf_wipe(before, vectors * sizeof before[0]);
    kf_wipe(&product, sizeof product);
    kf_wipe(&t, sizeof t);
}
