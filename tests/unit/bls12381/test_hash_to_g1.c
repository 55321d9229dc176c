/* Hashing to G1: the vectors of RFC 9380, J.9.1, and what the RFC leaves to its text. */
#include "helper.h"

#include "bls12381/hash_to_g1.c" /* its maps, which no message reaches at their exceptions */

#include <string.h>

static const char dst[] = "QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

static const struct {
    const char *prefix;
    char fill;
    size_t length;     /* of the message: the prefix, then the fill */
    const char *point; /* uncompressed */
} vectors[] = {
    {"", 'x', 0,
     "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e7"
     "9a1"
     "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a"
     "265"},
    {"abc", 'x', 3,
     "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6"
     "903"
     "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f28"
     "85d"},
    {"abcdef0123456789", 'x', 16,
     "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82"
     "d98"
     "03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d"
     "709"},
    {"q128_", 'q', 133,
     "15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac"
     "488"
     "1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6d"
     "d38"},
    {"a512_", 'a', 517,
     "082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2d"
     "cfe"
     "05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7"
     "ac8"},
};

static void hash_encoded(uint8_t out[BLS_G1_BYTES], const void *message, size_t length,
                         const void *tag, size_t tag_length)
{
    struct bls_g1 p;
    struct bls_g1_affine a;
    bls_hash_to_g1(&p, message, length, tag, tag_length);
    bls_g1_to_affine(&a, &p);
    assert_true(bls_g1_on_curve(&a));
    assert_true(bls_g1_in_subgroup(&a));
    bls_g1_encode(out, &a);
}

static void test_rfc_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t message[600], got[BLS_G1_BYTES], want[BLS_G1_BYTES];
        memset(message, vectors[i].fill, sizeof message);
        memcpy(message, vectors[i].prefix, strlen(vectors[i].prefix));
        from_hex(want, sizeof want, vectors[i].point);
        hash_encoded(got, message, vectors[i].length, dst, strlen(dst));
        assert_memory_equal(got, want, sizeof want);
    }
}

/* 5.3.3: a tag over 255 bytes stands for its hash; 255 bytes are still taken as they are. */
static void test_long_tag(void **state)
{
    (void)state;
    uint8_t tag[300], short_tag[32], a[BLS_G1_BYTES], b[BLS_G1_BYTES];
    uint8_t prefixed[17 + sizeof tag] = "H2C-OVERSIZE-DST-";
    memset(tag, 'T', sizeof tag);
    for (size_t length = 255; length <= 256; length++) {
        memcpy(prefixed + 17, tag, length);
        crypto_hash_sha256(short_tag, prefixed, 17 + length);
        hash_encoded(a, "m", 1, tag, length);
        hash_encoded(b, "m", 1, short_tag, sizeof short_tag);
        if (length > 255) {
            assert_memory_equal(a, b, sizeof a);
        } else {
            assert_memory_not_equal(a, b, sizeof a);
        }
    }
}

/* CIRCL 1.3.1, G1.Hash("hello", "a matrix entry [0, 1]"): a tag as TKN20 uses it. */
static void test_circl_tag(void **state)
{
    (void)state;
    static const char tag[] = "a matrix entry [0, 1]";
    struct bls_g1 p;
    struct bls_g1_affine a;
    uint8_t got[48], want[48];
    from_hex(want, sizeof want,
             "b652cf0afb4dfc891a16fd969246b91564c25c6f8a9b88efb851cb1ddd117edc83ca3624cb9d497f1ef0d"
             "56f68ae1fe7");
    bls_hash_to_g1(&p, (const uint8_t *)"hello", 5, (const uint8_t *)tag, strlen(tag));
    bls_g1_to_affine(&a, &p);
    bls_g1_encode_compressed(got, &a);
    assert_memory_equal(got, want, sizeof want);
}

/* u = 0, where the denominator would vanish (RFC 9380, F.2: "tv4 = CMOV(Z, -tv2, tv2 != 0)"), and
 * u as it comes: the point is on E1. */
static void test_map_exception(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct bls_fp u = {{0}}, left, right, t, zz;
        struct bls_g1 p;
        if (i > 0) {
            u = next_fp();
        }
        map_to_e1(&p, &u);
        assert_false(bls_fp_is_zero(&p.z));
        /* y^2 z = x^3 + A x z^2 + B z^3 */
        bls_fp_square(&left, &p.y);
        bls_fp_mul(&left, &left, &p.z);
        bls_fp_square(&right, &p.x);
        bls_fp_square(&zz, &p.z);
        bls_fp_mul(&t, &zz, &bls_sswu_a);
        bls_fp_add(&right, &right, &t);
        bls_fp_mul(&right, &right, &p.x);
        bls_fp_mul(&t, &zz, &p.z);
        bls_fp_mul(&t, &t, &bls_sswu_b);
        bls_fp_add(&right, &right, &t);
        assert_true(bls_fp_equal(&left, &right));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_exception),
        cmocka_unit_test(test_rfc_vectors),
        cmocka_unit_test(test_long_tag),
        cmocka_unit_test(test_circl_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
