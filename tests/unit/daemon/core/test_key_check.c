/* Customers' keys: every supported type in every form, and what is said of the others. */
#include "key_check.h"

#include "base/secret.h"

#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_MAX = 16 * 1024 };

enum form { PKCS8, TRADITIONAL, ENCRYPTED, LEGACY_ENCRYPTED };

static size_t to_pem(char out[static TEXT_MAX], EVP_PKEY *key, enum form form)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    static const unsigned char pass[] = "secret";
    const EVP_CIPHER *cipher =
        form == ENCRYPTED || form == LEGACY_ENCRYPTED ? EVP_aes_128_cbc() : NULL;
    int ok =
        form == TRADITIONAL || form == LEGACY_ENCRYPTED
            ? PEM_write_bio_PrivateKey_traditional(bio, key, cipher, pass, 6, NULL, NULL)
            : PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, (const char *)pass, 6, NULL, NULL);
    assert_int_equal(ok, 1);
    long length = BIO_get_mem_data(bio, &data);
    assert_true(length > 0 && length < TEXT_MAX);
    memcpy(out, data, (size_t)length);
    out[length] = '\0';
    BIO_free(bio);
    return (size_t)length;
}

static enum kf_status load(enum key_type *type, struct problem *problem, const char *pem)
{
    EVP_PKEY *key = NULL;
    *problem = (struct problem){.http = 0};
    enum kf_status st = key_load(&key, type, pem, strlen(pem), problem);
    EVP_PKEY_free(key);
    return st;
}

static void test_supported_types(void **state)
{
    (void)state;
    const struct {
        EVP_PKEY *key;
        enum key_type type;
        bool traditional;
    } cases[] = {
        {EVP_RSA_gen(2048), KEY_RSA_2048, true},
        {EVP_RSA_gen(3072), KEY_RSA_3072, true},
        {EVP_RSA_gen(4096), KEY_RSA_4096, true},
        {EVP_EC_gen("P-256"), KEY_P256, true},
        {EVP_EC_gen("P-384"), KEY_P384, true},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), KEY_ED25519, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char pem[TEXT_MAX];
        enum key_type type = 0;
        struct problem problem;
        uint8_t der[8192];
        size_t length = 0;
        (void)to_pem(pem, cases[i].key, PKCS8);
        assert_int_equal(load(&type, &problem, pem), KF_OK);
        assert_int_equal(type, cases[i].type);
        if (cases[i].traditional) {
            (void)to_pem(pem, cases[i].key, TRADITIONAL);
            assert_int_equal(load(&type, &problem, pem), KF_OK);
            (void)to_pem(pem, cases[i].key, LEGACY_ENCRYPTED);
            assert_int_equal(load(&type, &problem, pem), KF_ERR_UNSUPPORTED);
            assert_string_equal(problem.code, "key_encrypted");
        }
        (void)to_pem(pem, cases[i].key, ENCRYPTED);
        assert_int_equal(load(&type, &problem, pem), KF_ERR_UNSUPPORTED);
        assert_string_equal(problem.code, "key_encrypted");
        assert_int_equal(problem.line, 1);
        assert_non_null(strstr(problem.hint, "openssl pkey"));
        assert_true(key_pair_works(cases[i].key, cases[i].key));
        /* What is sealed reads back as the same key. */
        assert_int_equal(key_encode(der, sizeof der, &length, cases[i].key, &problem), KF_OK);
        const uint8_t *at = der;
        EVP_PKEY *again = d2i_AutoPrivateKey(NULL, &at, (long)length);
        assert_int_equal(EVP_PKEY_eq(again, cases[i].key), 1);
        EVP_PKEY_free(again);
        assert_int_equal(key_encode(der, length - 1, &length, cases[i].key, &problem),
                         KF_ERR_LIMIT);
        EVP_PKEY_free(cases[i].key);
    }
}

static void test_unsupported_types(void **state)
{
    (void)state;
    const struct {
        EVP_PKEY *key;
        const char *name;
    } cases[] = {
        {EVP_RSA_gen(1024), "RSA-1024"},
        {EVP_RSA_gen(2056), "RSA-2056"},
        {EVP_EC_gen("P-521"), "secp521r1"},
        {EVP_EC_gen("secp256k1"), "secp256k1"},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "ED448"},
        {EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), "X25519"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char pem[TEXT_MAX];
        enum key_type type = 0;
        struct problem problem;
        (void)to_pem(pem, cases[i].key, PKCS8);
        assert_int_equal(load(&type, &problem, pem), KF_ERR_UNSUPPORTED);
        assert_string_equal(problem.code, "key_unsupported");
        assert_non_null(strstr(problem.message, cases[i].name));
        assert_non_null(strstr(problem.hint, KEY_TYPES_TEXT));
        EVP_PKEY_free(cases[i].key);
    }
}

static void test_texts_that_are_no_key(void **state)
{
    (void)state;
    static const struct {
        const char *pem;
        const char *code;
        const char *part;
    } cases[] = {
        {"", "key_malformed", "no PEM block"},
        {"-----BEGIN DSA PRIVATE KEY-----\nAAEC\n-----END DSA PRIVATE KEY-----\n",
         "key_unsupported", "DSA"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAEC\n-----END OPENSSH PRIVATE KEY-----\n",
         "key_malformed", "OPENSSH"},
        {"-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n", "key_malformed",
         "not a private key"},
        {"-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----\n", "key_malformed",
         "no private key that can be read"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum key_type type = 0;
        struct problem problem;
        assert_int_not_equal(load(&type, &problem, cases[i].pem), KF_OK);
        assert_string_equal(problem.code, cases[i].code);
        assert_non_null(strstr(problem.message, cases[i].part));
    }
    char long_text[KEY_PEM_MAX + 2];
    enum key_type type = 0;
    struct problem problem;
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(load(&type, &problem, long_text), KF_ERR_LIMIT);
}

/* Any of the secret numbers of an RSA key, changed by one bit. */
static void test_damaged_rsa_numbers(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    uint8_t der[4096];
    size_t length = 0;
    struct problem problem;
    size_t noticed = 0;
    assert_int_equal(key_encode(der, sizeof der, &length, key, &problem), KF_OK);
    /* In PKCS#8 the numbers n, e, d, p, q, dP, dQ, qInv follow a head of 26 + 7 bytes. */
    for (size_t at = 26 + 7 + 4; at < length; at += 61) {
        der[at] ^= 2;
        const uint8_t *from = der;
        EVP_PKEY *hurt = d2i_AutoPrivateKey(NULL, &from, (long)length);
        if (hurt != NULL) {
            assert_false(key_pair_works(hurt, key));
            noticed++;
        }
        EVP_PKEY_free(hurt);
        der[at] ^= 2;
    }
    assert_true(noticed > 10);
    EVP_PKEY_free(key);
}

static void test_pairs_of_different_keys(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_RSA_gen(2048), EVP_EC_gen("P-256"), EVP_EC_gen("P-256"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            assert_int_equal(key_pair_works(keys[i], keys[j]), i == j);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY_free(keys[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supported_types),         cmocka_unit_test(test_unsupported_types),
        cmocka_unit_test(test_texts_that_are_no_key),   cmocka_unit_test(test_damaged_rsa_numbers),
        cmocka_unit_test(test_pairs_of_different_keys),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
