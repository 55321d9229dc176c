/* Normalising points in lanes, with one inversion. */
#include "base/secret.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"

enum { VECTORS = BLS_FP8_INVERSES }; /* at a time: 256 points */

/* inverse[i] = 1/Z of every vector, and zero for zero. */
static void inverses(struct bls_fp8 *inverse, const struct bls_g1x8 *a, size_t vectors)
{
    for (size_t i = 0; i < vectors; i++) {
        inverse[i] = a[i].z;
    }
    bls_fp8_inverses(inverse, vectors);
}

void bls_g1x8_normalise(struct bls_g1x8_affine *out, const struct bls_g1x8 *a, size_t vectors)
{
    struct bls_fp8 inverse[VECTORS];
    inverses(inverse, a, vectors);
    for (size_t i = 0; i < vectors; i++) {
        bls_fp8_mul(&out[i].x, &a[i].x, &inverse[i]);
        bls_fp8_mul(&out[i].y, &a[i].y, &inverse[i]);
        bls_fp8_canonical(&out[i].x, &out[i].x);
        bls_fp8_canonical(&out[i].y, &out[i].y);
    }
    kf_wipe(inverse, vectors * sizeof inverse[0]);
}

static void some_to_affine(struct bls_g1_affine *out, const struct bls_g1x8 *a, size_t n)
{
    struct bls_fp8 inverse[VECTORS], t;
    size_t vectors = (n + BLS_LANES - 1) / BLS_LANES;
    inverses(inverse, a, vectors);
    for (size_t i = 0; i < vectors; i++) {
        struct bls_g1_affine *to = out + i * BLS_LANES;
        size_t count = n - i * BLS_LANES;
        count = count < BLS_LANES ? count : BLS_LANES;
        bls_fp8_mul(&t, &inverse[i], &a[i].x);
        bls_fp8_store_times(&to->x, &t, sizeof *to, count, bls_fp8_to_fp_over_s2);
        bls_fp8_mul(&t, &inverse[i], &a[i].y);
        bls_fp8_store_times(&to->y, &t, sizeof *to, count, bls_fp8_to_fp_over_s3);
    }
    kf_wipe(inverse, vectors * sizeof inverse[0]);
    kf_wipe(&t, sizeof t);
}

void bls_g1x8_to_affine(struct bls_g1_affine *out, const struct bls_g1x8 *a, size_t n)
{
    enum { POINTS = VECTORS * BLS_LANES };
    for (size_t done = 0; done < n; done += POINTS) {
        some_to_affine(out + done, a + done / BLS_LANES, n - done < POINTS ? n - done : POINTS);
    }
}
