/* Normalising points of the twist in lanes, with one inversion: 1/z = conjugate(z) / (z0^2 + z1^2),
 * and as g1x8_affine.c from there. */
#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

void bls_g2x8_normalise(struct bls_g2x8_affine *out, const struct bls_g2x8 *a, size_t vectors)
{
    struct bls_fp8 norm[BLS_FP8_INVERSES];
    for (size_t i = 0; i < vectors; i++) {
        const struct bls_fp2x8 *z = &a[i].z;
        bls_fp8_mul_add_mul(&norm[i], &z->c0, &z->c0, &z->c1, &z->c1);
    }
    bls_fp8_inverses(norm, vectors);
    for (size_t i = 0; i < vectors; i++) {
        struct bls_fp2x8 z = a[i].z;
        bls_fp8_mul(&z.c0, &z.c0, &norm[i]);
        bls_fp8_mul(&z.c1, &z.c1, &norm[i]);
        bls_fp8_neg(&z.c1, &z.c1);
        bls_fp8_carry(&z.c1, &z.c1);
        bls_fp2x8_mul(&out[i].x, &a[i].x, &z);
        bls_fp2x8_mul(&out[i].y, &a[i].y, &z);
        bls_fp8_canonical(&out[i].x.c0, &out[i].x.c0);
        bls_fp8_canonical(&out[i].x.c1, &out[i].x.c1);
        bls_fp8_canonical(&out[i].y.c0, &out[i].y.c0);
        bls_fp8_canonical(&out[i].y.c1, &out[i].y.c1);
    }
}
