/* Encodings: those of the first thousand multiples of the generators, by the hashes of the files
 * that the authors of the format published; round trips; every way not to be canonical. */
#include "helper.h"

/* SHA-256 of {g1,g2}_{compressed,uncompressed}_valid_test_vectors.dat (ZCash's pairing crate): the
 * encodings of [0]G to [999]G one after another. */
static const char *const file_hash[4] = {
    "8acaa1d512b4cf96f4740e4c9afc19ba4618d48fe251c452a19382395bcd0929",
    "e25aae8e95c9cd39cdb1eec0100c8245e297510fef0091cbf80b91d49de6b685",
    "b75bc2e41289adda41e448e56a1ea39b11009a27b02e8676c8b86defedc05deb",
    "80fd0516c8115b13165589324558649fa94f49e714caa3b735537d073a9cfb65",
};

static void test_published_files(void **state)
{
    (void)state;
    crypto_hash_sha256_state hash[4];
    struct bls_g1 p, g;
    struct bls_g2 q, h;
    uint8_t bytes[192], got[32], want[32];
    for (int i = 0; i < 4; i++) {
        crypto_hash_sha256_init(&hash[i]);
    }
    bls_g1_infinity(&p);
    bls_g2_infinity(&q);
    bls_g1_generator(&g);
    bls_g2_generator(&h);
    for (int i = 0; i < 1000; i++) {
        struct bls_g1_affine a, a2;
        struct bls_g2_affine b, b2;
        bls_g1_to_affine(&a, &p);
        bls_g2_to_affine(&b, &q);
        bls_g1_encode_compressed(bytes, &a);
        crypto_hash_sha256_update(&hash[0], bytes, 48);
        assert_int_equal(bls_g1_decode_compressed_no_subgroup_check(&a2, bytes), KF_OK);
        assert_memory_equal(&a2, &a, sizeof a);
        bls_g1_encode(bytes, &a);
        crypto_hash_sha256_update(&hash[1], bytes, 96);
        assert_int_equal(bls_g1_decode_no_subgroup_check(&a2, bytes), KF_OK);
        assert_memory_equal(&a2, &a, sizeof a);
        bls_g2_encode_compressed(bytes, &b);
        crypto_hash_sha256_update(&hash[2], bytes, 96);
        assert_int_equal(bls_g2_decode_compressed_no_subgroup_check(&b2, bytes), KF_OK);
        assert_memory_equal(&b2, &b, sizeof b);
        bls_g2_encode(bytes, &b);
        crypto_hash_sha256_update(&hash[3], bytes, 192);
        assert_int_equal(bls_g2_decode_no_subgroup_check(&b2, bytes), KF_OK);
        assert_memory_equal(&b2, &b, sizeof b);
        bls_g1_add(&p, &p, &g);
        bls_g2_add(&q, &q, &h);
    }
    for (int i = 0; i < 4; i++) {
        crypto_hash_sha256_final(&hash[i], got);
        from_hex(want, sizeof want, file_hash[i]);
        assert_memory_equal(got, want, sizeof want);
    }
}

/* Each form through one signature, so that one list of refusals serves all four. */
struct form {
    size_t length;
    uint8_t flag; /* compressed */
    enum kf_status (*decode)(const uint8_t *in, bool checked);
};

static enum kf_status g1_plain(const uint8_t *in, bool checked)
{
    struct bls_g1_affine a, before;
    memset(&a, 0x5a, sizeof a);
    before = a;
    enum kf_status status =
        checked ? bls_g1_decode(&a, in) : bls_g1_decode_no_subgroup_check(&a, in);
    assert_int_equal(status == KF_OK, memcmp(&a, &before, sizeof a) != 0);
    return status;
}

static enum kf_status g1_compressed(const uint8_t *in, bool checked)
{
    struct bls_g1_affine a, before;
    memset(&a, 0x5a, sizeof a);
    before = a;
    enum kf_status status = checked ? bls_g1_decode_compressed(&a, in)
                                    : bls_g1_decode_compressed_no_subgroup_check(&a, in);
    assert_int_equal(status == KF_OK, memcmp(&a, &before, sizeof a) != 0);
    return status;
}

static enum kf_status g2_plain(const uint8_t *in, bool checked)
{
    struct bls_g2_affine a, before;
    memset(&a, 0x5a, sizeof a);
    before = a;
    enum kf_status status =
        checked ? bls_g2_decode(&a, in) : bls_g2_decode_no_subgroup_check(&a, in);
    assert_int_equal(status == KF_OK, memcmp(&a, &before, sizeof a) != 0);
    return status;
}

static enum kf_status g2_compressed(const uint8_t *in, bool checked)
{
    struct bls_g2_affine a, before;
    memset(&a, 0x5a, sizeof a);
    before = a;
    enum kf_status status = checked ? bls_g2_decode_compressed(&a, in)
                                    : bls_g2_decode_compressed_no_subgroup_check(&a, in);
    assert_int_equal(status == KF_OK, memcmp(&a, &before, sizeof a) != 0);
    return status;
}

static const struct form forms[] = {
    {96, 0, g1_plain}, {48, 0x80, g1_compressed}, {192, 0, g2_plain}, {96, 0x80, g2_compressed}};

static void encode_both(uint8_t out[4][192], const struct bls_g1_affine *a,
                        const struct bls_g2_affine *b)
{
    bls_g1_encode(out[0], a);
    bls_g1_encode_compressed(out[1], a);
    bls_g2_encode(out[2], b);
    bls_g2_encode_compressed(out[3], b);
}

static void expect(const struct form *form, const uint8_t *in, enum kf_status status)
{
    assert_int_equal(form->decode(in, true), status);
    assert_int_equal(form->decode(in, false), status);
}

static void test_flags(void **state)
{
    (void)state;
    uint8_t bytes[4][192];
    struct bls_g1 p = next_g1();
    struct bls_g2 q = next_g2();
    struct bls_g1_affine a;
    struct bls_g2_affine b;
    bls_g1_generator(&p);
    bls_g2_generator(&q);
    bls_g1_to_affine(&a, &p);
    bls_g2_to_affine(&b, &q);
    encode_both(bytes, &a, &b);
    for (int f = 0; f < 4; f++) {
        for (unsigned flags = 0; flags < 8; flags++) {
            uint8_t in[192];
            memcpy(in, bytes[f], sizeof in);
            in[0] = (uint8_t)((in[0] & 0x1f) | flags << 5);
            /* compressed: both signs are points; plain: no flag at all */
            bool good = forms[f].flag ? flags == 4 || flags == 5 : flags == 0;
            expect(&forms[f], in, good ? KF_OK : KF_ERR_MALFORMED);
        }
    }
}

static void test_infinity(void **state)
{
    (void)state;
    for (int f = 0; f < 4; f++) {
        uint8_t in[192] = {0};
        in[0] = forms[f].flag | 0x40;
        expect(&forms[f], in, KF_OK);
        in[0] |= 0x20;
        expect(&forms[f], in, KF_ERR_MALFORMED);
        in[0] = 0x40 | (forms[f].flag ^ 0x80);
        expect(&forms[f], in, KF_ERR_MALFORMED);
        in[0] = forms[f].flag; /* all zeros: x = 0, which is (0, 0) or, in G1, a point of order 3 */
        assert_int_equal(forms[f].decode(in, true), KF_ERR_MALFORMED);
        in[0] = forms[f].flag | 0x40;
        for (size_t i = 0; i < forms[f].length; i++) {
            in[i] ^= 1;
            expect(&forms[f], in, KF_ERR_MALFORMED);
            in[i] ^= 1;
        }
    }
}

/* Adds p to the 48-byte big-endian number: the same residue, but not canonical. */
static bool add_p(uint8_t *number)
{
    unsigned carry = 0;
    for (int i = 47; i >= 0; i--) {
        unsigned sum = number[i] + (unsigned)(bls_p[(47 - i) / 8] >> (8 * ((47 - i) % 8)) & 0xff);
        sum += carry;
        number[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return carry == 0;
}

static void test_above_p(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        uint8_t bytes[4][192];
        struct bls_g1 p = next_g1();
        struct bls_g2 q = next_g2();
        struct bls_g1_affine a;
        struct bls_g2_affine b;
        bls_g1_to_affine(&a, &p);
        bls_g2_to_affine(&b, &q);
        if (bls_g1_affine_is_infinity(&a) || bls_g2_affine_is_infinity(&b)) {
            continue;
        }
        encode_both(bytes, &a, &b);
        for (int f = 0; f < 4; f++) {
            expect(&forms[f], bytes[f], KF_OK);
            for (size_t at = 0; at < forms[f].length; at += 48) {
                uint8_t in[192];
                memcpy(in, bytes[f], sizeof in);
                uint8_t flags = in[0] & 0xe0;
                in[0] &= 0x1f;
                if (!add_p(in + at) || (at == 0 && in[0] & 0xe0)) {
                    continue; /* does not fit beside the flags */
                }
                in[0] |= flags;
                expect(&forms[f], in, KF_ERR_MALFORMED);
            }
        }
    }
}

static void test_off_curve_and_subgroup(void **state)
{
    (void)state;
    uint8_t bytes[4][192];
    for (int round = 0; round < 5; round++) {
        struct bls_g1_affine a = next_on_e();
        struct bls_g2_affine b = next_on_twist();
        encode_both(bytes, &a, &b);
        for (int f = 0; f < 4; f++) {
            assert_int_equal(forms[f].decode(bytes[f], false), KF_OK);
            assert_int_equal(forms[f].decode(bytes[f], true), KF_ERR_MALFORMED);
        }
        bytes[0][95] ^= 1;
        bytes[2][191] ^= 1;
        expect(&forms[0], bytes[0], KF_ERR_MALFORMED);
        expect(&forms[2], bytes[2], KF_ERR_MALFORMED);
    }
    /* About half of all x have no y. */
    int refused = 0;
    for (int round = 0; round < 40; round++) {
        struct bls_g1_affine a = {next_fp(), next_fp()};
        bls_g1_encode_compressed(bytes[1], &a);
        refused += g1_compressed(bytes[1], false) == KF_ERR_MALFORMED;
    }
    assert_in_range(refused, 5, 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_files),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_infinity),
        cmocka_unit_test(test_above_p),
        cmocka_unit_test(test_off_curve_and_subgroup),
    };
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
