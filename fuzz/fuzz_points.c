/* Encodings of BLS12-381: the first byte chooses the form, the rest is the encoding. What is
 * accepted encodes to the same bytes again, is of the subgroup when that was checked, and nothing
 * else happens. */
#include "bls12381/bls12381.h"

#include <stdlib.h>
#include <string.h>

static void expect(int truth)
{
    if (!truth) {
        abort();
    }
}

static void g1_plain(const uint8_t *in)
{
    struct bls_g1_affine a, b;
    uint8_t out[BLS_G1_BYTES];
    if (bls_g1_decode_no_subgroup_check(&a, in) == KF_OK) {
        bls_g1_encode(out, &a);
        expect(memcmp(out, in, sizeof out) == 0 && bls_g1_on_curve(&a));
        expect((bls_g1_decode(&b, in) == KF_OK) == (bls_g1_in_subgroup(&a) != 0));
    }
}

static void g1_compressed(const uint8_t *in)
{
    struct bls_g1_affine a, b;
    uint8_t out[BLS_G1_COMPRESSED_BYTES];
    if (bls_g1_decode_compressed_no_subgroup_check(&a, in) == KF_OK) {
        bls_g1_encode_compressed(out, &a);
        expect(memcmp(out, in, sizeof out) == 0 && bls_g1_on_curve(&a));
        expect((bls_g1_decode_compressed(&b, in) == KF_OK) == (bls_g1_in_subgroup(&a) != 0));
    }
}

static void g2_plain(const uint8_t *in)
{
    struct bls_g2_affine a, b;
    uint8_t out[BLS_G2_BYTES];
    if (bls_g2_decode_no_subgroup_check(&a, in) == KF_OK) {
        bls_g2_encode(out, &a);
        expect(memcmp(out, in, sizeof out) == 0 && bls_g2_on_curve(&a));
        expect((bls_g2_decode(&b, in) == KF_OK) == (bls_g2_in_subgroup(&a) != 0));
    }
}

static void g2_compressed(const uint8_t *in)
{
    struct bls_g2_affine a, b;
    uint8_t out[BLS_G2_COMPRESSED_BYTES];
    if (bls_g2_decode_compressed_no_subgroup_check(&a, in) == KF_OK) {
        bls_g2_encode_compressed(out, &a);
        expect(memcmp(out, in, sizeof out) == 0 && bls_g2_on_curve(&a));
        expect((bls_g2_decode_compressed(&b, in) == KF_OK) == (bls_g2_in_subgroup(&a) != 0));
    }
}

static void gt(const uint8_t *in)
{
    struct bls_gt e;
    uint8_t out[BLS_GT_BYTES];
    if (bls_gt_decode(&e, in) == KF_OK) {
        bls_gt_encode(out, &e);
        expect(memcmp(out, in, sizeof out) == 0);
    }
}

static void scalar(const uint8_t *in)
{
    struct bls_fr k, reduced;
    uint8_t out[BLS_FR_BYTES];
    bls_fr_from_bytes_mod(&reduced, in, BLS_FR_BYTES);
    if (bls_fr_decode(&k, in) == KF_OK) {
        bls_fr_encode(out, &k);
        expect(memcmp(out, in, sizeof out) == 0 && bls_fr_equal(&k, &reduced));
    }
}

static const struct {
    size_t length;
    void (*run)(const uint8_t *in);
} forms[] = {
    {BLS_G1_BYTES, g1_plain}, {BLS_G1_COMPRESSED_BYTES, g1_compressed},
    {BLS_G2_BYTES, g2_plain}, {BLS_G2_COMPRESSED_BYTES, g2_compressed},
    {BLS_GT_BYTES, gt},       {BLS_FR_BYTES, scalar},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t form = data[0] % (sizeof forms / sizeof forms[0]);
    if (size - 1 == forms[form].length) {
        forms[form].run(data + 1);
    }
    return 0;
}
