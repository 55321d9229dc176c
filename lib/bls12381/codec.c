/* Encodings of points (ZCash; IETF draft-irtf-cfrg-pairing-friendly-curves, appendix C). */
#include "bls12381/point_int.h"

#include <string.h>

enum { COMPRESSED = 0x80, INFINITE = 0x40, LARGER = 0x20, FLAGS = 0xe0 };

/* Whether a refusal is visible anyway, as is infinity: both may be branched on. */
static bool known(uint64_t mask)
{
    kf_ct_public(&mask, sizeof mask);
    return mask != 0;
}

/* The flags' first-byte value for y and infinity, by masks. */
static uint8_t flags(uint64_t infinite, uint64_t larger)
{
    return (uint8_t)(COMPRESSED | (INFINITE & infinite) | (LARGER & larger & ~infinite));
}

/* Whether the encoding is infinity's: the given first byte and zeros after it. */
static bool is_infinity(const uint8_t *in, size_t length, uint8_t first)
{
    uint8_t rest = 0;
    for (size_t i = 1; i < length; i++) {
        rest |= in[i];
    }
    return in[0] == first && rest == 0;
}

static uint64_t fp2_decode(struct bls_fp2 *out, const uint8_t in[static 96])
{
    uint64_t good = bls_fp_decode(&out->c1, in);
    return good & bls_fp_decode(&out->c0, in + 48);
}

static void fp2_encode(uint8_t out[static 96], const struct bls_fp2 *a)
{
    bls_fp_encode(out, &a->c1);
    bls_fp_encode(out + 48, &a->c0);
}

void bls_g1_encode(uint8_t out[static BLS_G1_BYTES], const struct bls_g1_affine *a)
{
    bls_fp_encode(out, &a->x);
    bls_fp_encode(out + 48, &a->y);
    out[0] = (uint8_t)(out[0] | (INFINITE & bls_g1_affine_is_infinity(a)));
}

void bls_g1_encode_compressed(uint8_t out[static BLS_G1_COMPRESSED_BYTES],
                              const struct bls_g1_affine *a)
{
    bls_fp_encode(out, &a->x);
    out[0] |= flags(bls_g1_affine_is_infinity(a), bls_fp_is_larger_half(&a->y));
}

enum kf_status bls_g1_decode_no_subgroup_check(struct bls_g1_affine *out,
                                               const uint8_t in[static BLS_G1_BYTES])
{
    struct bls_g1_affine t;
    if (is_infinity(in, BLS_G1_BYTES, INFINITE)) {
        *out = (struct bls_g1_affine){0};
        return KF_OK;
    }
    /* A flag leaves the number above p; (0, 0) is not another form of infinity. */
    uint64_t good = bls_fp_decode(&t.x, in) & bls_fp_decode(&t.y, in + 48);
    good &= bls_g1_on_curve(&t) & ~bls_g1_affine_is_infinity(&t);
    if (!known(good)) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

enum kf_status
bls_g1_decode_compressed_no_subgroup_check(struct bls_g1_affine *out,
                                           const uint8_t in[static BLS_G1_COMPRESSED_BYTES])
{
    struct bls_g1_affine t;
    struct bls_fp s;
    uint8_t number[48];
    if (is_infinity(in, BLS_G1_COMPRESSED_BYTES, COMPRESSED | INFINITE)) {
        *out = (struct bls_g1_affine){0};
        return KF_OK;
    }
    memcpy(number, in, sizeof number);
    number[0] &= (uint8_t)~FLAGS;
    uint64_t good = bls_fp_decode(&t.x, number);
    good &= kf_ct_equal(in[0] & (COMPRESSED | INFINITE), COMPRESSED);
    bls_fp_square(&s, &t.x);
    bls_fp_mul(&s, &s, &t.x);
    bls_fp_add(&s, &s, &bls_g1_b);
    good &= bls_fp_sqrt(&t.y, &s);
    uint64_t wanted = kf_ct_mask(in[0] >> 5 & 1);
    bls_fp_neg(&s, &t.y);
    bls_fp_select(&t.y, wanted ^ bls_fp_is_larger_half(&t.y), &s, &t.y);
    if (!known(good)) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

enum kf_status bls_g1_decode(struct bls_g1_affine *out, const uint8_t in[static BLS_G1_BYTES])
{
    struct bls_g1_affine t;
    enum kf_status status = bls_g1_decode_no_subgroup_check(&t, in);
    if (status != KF_OK || !known(bls_g1_in_subgroup(&t))) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

enum kf_status bls_g1_decode_compressed(struct bls_g1_affine *out,
                                        const uint8_t in[static BLS_G1_COMPRESSED_BYTES])
{
    struct bls_g1_affine t;
    enum kf_status status = bls_g1_decode_compressed_no_subgroup_check(&t, in);
    if (status != KF_OK || !known(bls_g1_in_subgroup(&t))) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

void bls_g2_encode(uint8_t out[static BLS_G2_BYTES], const struct bls_g2_affine *a)
{
    fp2_encode(out, &a->x);
    fp2_encode(out + 96, &a->y);
    out[0] = (uint8_t)(out[0] | (INFINITE & bls_g2_affine_is_infinity(a)));
}

void bls_g2_encode_compressed(uint8_t out[static BLS_G2_COMPRESSED_BYTES],
                              const struct bls_g2_affine *a)
{
    fp2_encode(out, &a->x);
    out[0] |= flags(bls_g2_affine_is_infinity(a), bls_fp2_is_larger_half(&a->y));
}

enum kf_status bls_g2_decode_no_subgroup_check(struct bls_g2_affine *out,
                                               const uint8_t in[static BLS_G2_BYTES])
{
    struct bls_g2_affine t;
    if (is_infinity(in, BLS_G2_BYTES, INFINITE)) {
        *out = (struct bls_g2_affine){0};
        return KF_OK;
    }
    uint64_t good = fp2_decode(&t.x, in) & fp2_decode(&t.y, in + 96);
    good &= bls_g2_on_curve(&t) & ~bls_g2_affine_is_infinity(&t);
    if (!known(good)) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

enum kf_status
bls_g2_decode_compressed_no_subgroup_check(struct bls_g2_affine *out,
                                           const uint8_t in[static BLS_G2_COMPRESSED_BYTES])
{
    struct bls_g2_affine t;
    struct bls_fp2 s, b = {.c0 = bls_g1_b, .c1 = bls_g1_b};
    uint8_t number[96];
    if (is_infinity(in, BLS_G2_COMPRESSED_BYTES, COMPRESSED | INFINITE)) {
        *out = (struct bls_g2_affine){0};
        return KF_OK;
    }
    memcpy(number, in, sizeof number);
    number[0] &= (uint8_t)~FLAGS;
    uint64_t good = fp2_decode(&t.x, number);
    good &= kf_ct_equal(in[0] & (COMPRESSED | INFINITE), COMPRESSED);
    bls_fp2_square(&s, &t.x);
    bls_fp2_mul(&s, &s, &t.x);
    bls_fp2_add(&s, &s, &b);
    good &= bls_fp2_sqrt(&t.y, &s);
    uint64_t wanted = kf_ct_mask(in[0] >> 5 & 1);
    bls_fp2_neg(&s, &t.y);
    bls_fp2_select(&t.y, wanted ^ bls_fp2_is_larger_half(&t.y), &s, &t.y);
    if (!known(good)) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

enum kf_status bls_g2_decode(struct bls_g2_affine *out, const uint8_t in[static BLS_G2_BYTES])
{
    struct bls_g2_affine t;
    enum kf_status status = bls_g2_decode_no_subgroup_check(&t, in);
    if (status != KF_OK || !known(bls_g2_in_subgroup(&t))) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}

enum kf_status bls_g2_decode_compressed(struct bls_g2_affine *out,
                                        const uint8_t in[static BLS_G2_COMPRESSED_BYTES])
{
    struct bls_g2_affine t;
    enum kf_status status = bls_g2_decode_compressed_no_subgroup_check(&t, in);
    if (status != KF_OK || !known(bls_g2_in_subgroup(&t))) {
        return KF_ERR_MALFORMED;
    }
    *out = t;
    return KF_OK;
}
