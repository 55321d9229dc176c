/* Each operation with each type of key, the result checked with OpenSSL and the public key alone;
 * and every mismatch of operation, key and payload refused. */
#include "fixture.h"
#include "operations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static const enum key_type types[] = {KEY_RSA_2048, KEY_RSA_3072, KEY_RSA_4096,
                                      KEY_P256,     KEY_P384,     KEY_ED25519};
enum { TYPES = sizeof types / sizeof types[0] };
static EVP_PKEY *keys[TYPES];

static const uint8_t signing[] = {0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x13, 0x14,
                                  0x15, 0x16, 0x17, 0x18, 0x35, 0x36, 0x37};

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        keys[i] = fixture_generate(types[i]);
        assert_non_null(keys[i]);
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < TYPES; i++) {
        EVP_PKEY_free(keys[i]);
    }
    return 0;
}

static EVP_PKEY *public_half(EVP_PKEY *key)
{
    uint8_t *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    const uint8_t *at = der;
    EVP_PKEY *half = d2i_PUBKEY(NULL, &at, length);
    OPENSSL_free(der);
    assert_non_null(half);
    return half;
}

static enum keyless_family family_of(size_t type)
{
    return types[type] <= KEY_RSA_4096 ? KEYLESS_FAMILY_RSA
           : types[type] <= KEY_P384   ? KEYLESS_FAMILY_ECDSA
                                       : KEYLESS_FAMILY_ED25519;
}

static int verify(EVP_PKEY *key, const struct keyless_operation *operation, const uint8_t *payload,
                  size_t length, const uint8_t *signature, size_t signature_length)
{
    EVP_PKEY *half = public_half(key);
    int ok = 0;
    if (operation->family == KEYLESS_FAMILY_ED25519) {
        EVP_MD_CTX *md = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(md, NULL, NULL, NULL, half), 1);
        ok = EVP_DigestVerify(md, signature, signature_length, payload, length);
        EVP_MD_CTX_free(md);
    } else {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(half, NULL);
        EVP_MD *md = EVP_MD_fetch(NULL, keyless_hash_name(operation->hash), NULL);
        assert_int_equal(EVP_PKEY_verify_init(context), 1);
        if (operation->family == KEYLESS_FAMILY_RSA) {
            int padding = operation->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
            assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
        }
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, md), 1);
        if (operation->pss) { /* exactly this salt, not any */
            int salt = (int)keyless_hash_length(operation->hash);
            assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt), 1);
        }
        ok = EVP_PKEY_verify(context, signature, signature_length, payload, length);
        EVP_MD_free(md);
        EVP_PKEY_CTX_free(context);
    }
    EVP_PKEY_free(half);
    return ok;
}

static void test_every_signature_verifies(void **state)
{
    (void)state;
    uint8_t payload[200];
    memset(payload, 0x5a, sizeof payload);
    size_t made = 0;
    for (size_t k = 0; k < TYPES; k++) {
        for (size_t i = 0; i < sizeof signing; i++) {
            const struct keyless_operation *operation = keyless_operation_find(signing[i]);
            if (operation->family != family_of(k)) {
                continue;
            }
            size_t length = operation->hash == KEYLESS_HASH_NONE
                                ? sizeof payload
                                : keyless_hash_length(operation->hash);
            uint8_t out[512];
            size_t out_length = 0;
            assert_int_equal(signer_operation_run(out, sizeof out, &out_length, keys[k], operation,
                                                  payload, length),
                             KF_OK);
            assert_int_equal(verify(keys[k], operation, payload, length, out, out_length), 1);
            payload[0] ^= 1;
            assert_int_not_equal(verify(keys[k], operation, payload, length, out, out_length), 1);
            payload[0] ^= 1;
            made++;
        }
    }
    assert_int_equal(made, 3 * 9 + 2 * 5 + 1);
}

static void test_an_empty_message_is_signed(void **state)
{
    (void)state;
    const struct keyless_operation *operation = keyless_operation_find(0x18);
    uint8_t out[64];
    size_t length = 0;
    assert_int_equal(
        signer_operation_run(out, sizeof out, &length, keys[TYPES - 1], operation, NULL, 0), KF_OK);
    assert_int_equal(verify(keys[TYPES - 1], operation, (const uint8_t *)"", 0, out, length), 1);
}

static void test_operation_must_fit_the_key(void **state)
{
    (void)state;
    uint8_t payload[512] = {0};
    uint8_t out[512];
    size_t out_length = 77;
    for (size_t k = 0; k < TYPES; k++) {
        for (size_t i = 0; i < sizeof signing; i++) {
            const struct keyless_operation *operation = keyless_operation_find(signing[i]);
            if (operation->family != family_of(k)) {
                assert_int_equal(signer_operation_run(out, sizeof out, &out_length, keys[k],
                                                      operation, payload, operation->payload_min),
                                 KF_ERR_USAGE);
            }
        }
    }
    assert_int_equal(out_length, 77);
}

static void test_payload_must_be_a_digest(void **state)
{
    (void)state;
    uint8_t payload[512] = {0};
    uint8_t out[512];
    size_t out_length = 77;
    for (size_t i = 0; i < sizeof signing; i++) {
        const struct keyless_operation *operation = keyless_operation_find(signing[i]);
        if (operation->hash == KEYLESS_HASH_NONE) {
            continue;
        }
        EVP_PKEY *key = keys[operation->family == KEYLESS_FAMILY_RSA ? 0 : 3];
        size_t right = keyless_hash_length(operation->hash);
        const size_t wrong[] = {0, 1, right - 1, right + 1, 256};
        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
            assert_int_equal(signer_operation_run(out, sizeof out, &out_length, key, operation,
                                                  payload, wrong[w]),
                             KF_ERR_USAGE);
        }
    }
    assert_int_equal(out_length, 77);
}

static void test_answers_and_pings_are_no_operations(void **state)
{
    (void)state;
    const uint8_t others[] = {0x21, 0x22, 0xE1, 0xF0, 0xF1, 0xF2, 0xFF};
    uint8_t out[512];
    size_t length = 0;
    for (size_t i = 0; i < sizeof others; i++) {
        assert_int_equal(signer_operation_run(out, sizeof out, &length, keys[0],
                                              keyless_operation_find(others[i]), out, 1),
                         KF_ERR_UNSUPPORTED);
    }
}

/* What a TLS 1.2 client does with RSA key exchange; the padding is the caller's business. */
static void test_bare_rsa_decryption(void **state)
{
    (void)state;
    const struct keyless_operation *operation = keyless_operation_find(0x01);
    uint8_t secret[48];
    memset(secret, 0x33, sizeof secret);
    for (size_t k = 0; k < 3; k++) {
        EVP_PKEY *half = public_half(keys[k]);
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(half, NULL);
        uint8_t encrypted[512];
        size_t length = sizeof encrypted;
        assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
        assert_int_equal(EVP_PKEY_encrypt(context, encrypted, &length, secret, sizeof secret), 1);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(half);
        uint8_t out[512];
        size_t out_length = 0;
        assert_int_equal(signer_operation_run(out, sizeof out, &out_length, keys[k], operation,
                                              encrypted, length),
                         KF_OK);
        assert_int_equal(out_length, length);
        assert_int_equal(out[0], 0);
        assert_int_equal(out[1], 2);
        assert_memory_equal(out + length - sizeof secret, secret, sizeof secret);

        out_length = 77;
        assert_int_equal(signer_operation_run(out, sizeof out, &out_length, keys[k], operation,
                                              encrypted, length - 1),
                         KF_ERR_USAGE);
        memset(encrypted, 0xff, sizeof encrypted); /* above any modulus */
        assert_int_equal(signer_operation_run(out, sizeof out, &out_length, keys[k], operation,
                                              encrypted, length),
                         KF_ERR_INTERNAL);
        assert_int_equal(out_length, 77);
        for (size_t i = 0; i < sizeof out; i++) {
            assert_int_equal(out[i], 0);
        }
    }
}

static void test_small_buffers_are_refused(void **state)
{
    (void)state;
    uint8_t payload[32] = {1};
    uint8_t out[512];
    size_t length = 0;
    assert_int_equal(
        signer_operation_run(out, 255, &length, keys[0], keyless_operation_find(0x05), payload, 32),
        KF_ERR_LIMIT);
    assert_int_equal(
        signer_operation_run(out, 8, &length, keys[3], keyless_operation_find(0x15), payload, 32),
        KF_ERR_LIMIT);
}

static void test_types_are_told_apart(void **state)
{
    (void)state;
    for (size_t k = 0; k < TYPES; k++) {
        assert_int_equal(signer_key_type_of(keys[k]), types[k]);
    }
    EVP_PKEY *other = EVP_EC_gen("P-521");
    assert_int_equal(signer_key_type_of(other), 0);
    EVP_PKEY_free(other);
    other = EVP_RSA_gen(1024);
    assert_int_equal(signer_key_type_of(other), 0);
    EVP_PKEY_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_signature_verifies),
        cmocka_unit_test(test_an_empty_message_is_signed),
        cmocka_unit_test(test_operation_must_fit_the_key),
        cmocka_unit_test(test_payload_must_be_a_digest),
        cmocka_unit_test(test_answers_and_pings_are_no_operations),
        cmocka_unit_test(test_bare_rsa_decryption),
        cmocka_unit_test(test_small_buffers_are_refused),
        cmocka_unit_test(test_types_are_told_apart),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
