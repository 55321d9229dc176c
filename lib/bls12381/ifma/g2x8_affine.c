/* Normalising points of the twist in lanes, with one inversion. */
#include "base/secret.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

void bls_g2x8_normalise(struct bls_g2x8_affine *out, const struct bls_g2x8 *a, size_t vectors)
{
    struct bls_fp2x8 inverse[BLS_FP8_INVERSES];
    for (size_t i = 0; i < vectors; i++) {
        inverse[i] = a[i].z;
    }
    bls_fp2x8_inverses(inverse, vectors);
    for (size_t i = 0; i < vectors; i++) {
        bls_fp2x8_mul(&out[i].x, &a[i].x, &inverse[i]);
        bls_fp2x8_mul(&out[i].y, &a[i].y, &inverse[i]);
        bls_fp8_canonical(&out[i].x.c0, &out[i].x.c0);
        bls_fp8_canonical(&out[i].x.c1, &out[i].x.c1);
        bls_fp8_canonical(&out[i].y.c0, &out[i].y.c0);
        bls_fp8_canonical(&out[i].y.c1, &out[i].y.c1);
    }
    kf_wipe(inverse, vectors * sizeof inverse[0]);
}
