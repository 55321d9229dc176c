/* Eight inverses for one. The contract is in inverse_x8_int.h. */
#include "base/secret.h"
#include "bls12381/fp_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

void bls_fp8_inverse_lanes(struct bls_fp8 *out, const struct bls_fp8 *a)
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
}
