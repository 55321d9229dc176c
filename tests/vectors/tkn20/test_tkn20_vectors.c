/* TKN20 against CIRCL's files, byte for byte, and against ciphertexts and keys that it made. */
#include "cpabe/cpabe.h"
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

static const char message[] = "Be sure to drink your ovaltine!";
enum { MESSAGE = sizeof message - 1, STREAM = 1 << 16 };

/* SHAKE-128 of nothing, taken out at once: OpenSSL 3.0 cannot squeeze in parts. */
struct shake {
    uint8_t bytes[STREAM];
    size_t used;
};

static int shake_fill(void *context, uint8_t *out, size_t length)
{
    struct shake *s = context;
    if (length > STREAM - s->used) {
        return 1;
    }
    memcpy(out, s->bytes + s->used, length);
    s->used += length;
    return 0;
}

static void shake_start(struct shake *s)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_shake128(), NULL), 1);
    assert_int_equal(EVP_DigestFinalXOF(ctx, s->bytes, STREAM), 1);
    EVP_MD_CTX_free(ctx);
    s->used = 0;
}

static void assert_file(const char *name, uint8_t *data, size_t length)
{
    char path[128];
    size_t expected_length;
    (void)snprintf(path, sizeof path, "tests/vectors/tkn20/%s", name);
    uint8_t *expected = read_source_file(&expected_length, path);
    assert_int_equal(length, expected_length);
    assert_memory_equal(data, expected, length);
    free(expected);
    cpabe_free(data);
}

static void test_byte_for_byte(void **state)
{
    (void)state;
    static struct shake stream;
    shake_start(&stream);
    struct cpabe_random random = {shake_fill, &stream};
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_setup(&public_key, &secret_key, &random), CPABE_OK);
    assert_int_equal(cpabe_public_key_encode(&data, &length, public_key), CPABE_OK);
    assert_file("publicKey", data, length);
    assert_int_equal(cpabe_secret_key_encode(&data, &length, secret_key), CPABE_OK);
    assert_file("secretKey", data, length);

    assert_int_equal(cpabe_encrypt_text(&data, &length, public_key, "EU: true",
                                        (const uint8_t *)message, MESSAGE, &random, NULL),
                     CPABE_OK);
    assert_file("ciphertext", data, length);

    const struct cpabe_attribute attributes[] = {{"country", "NL"}, {"EU", "true"}};
    assert_int_equal(cpabe_keygen(&key, secret_key, attributes, 2, &random, NULL), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&data, &length, key), CPABE_OK);
    assert_file("attributeKey", data, length);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
}

static void test_reencoding(void **state)
{
    (void)state;
    size_t length;
    size_t again;
    uint8_t *out;
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    uint8_t *data = read_source_file(&length, "tests/vectors/tkn20/publicKey");
    assert_int_equal(cpabe_identify(data, length), CPABE_KIND_PUBLIC_KEY);
    assert_int_equal(cpabe_public_key_parse(&public_key, data, length), CPABE_OK);
    assert_int_equal(cpabe_public_key_encode(&out, &again, public_key), CPABE_OK);
    assert_file("publicKey", out, again);
    cpabe_public_key_free(public_key);
    free(data);
    data = read_source_file(&length, "tests/vectors/tkn20/secretKey");
    assert_int_equal(cpabe_identify(data, length), CPABE_KIND_SECRET_KEY);
    assert_int_equal(cpabe_secret_key_parse(&secret_key, data, length), CPABE_OK);
    assert_int_equal(cpabe_secret_key_encode(&out, &again, secret_key), CPABE_OK);
    assert_file("secretKey", out, again);
    cpabe_secret_key_free(secret_key);
    free(data);
    data = read_source_file(&length, "tests/vectors/tkn20/attributeKey");
    assert_int_equal(cpabe_identify(data, length), CPABE_KIND_ATTRIBUTE_KEY);
    assert_int_equal(cpabe_attribute_key_parse(&key, data, length), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&out, &again, key), CPABE_OK);
    assert_file("attributeKey", out, again);
    assert_int_equal(cpabe_attribute_key_count(key), 2);
    assert_string_equal(cpabe_attribute_key_get(key, 0).label, "EU");
    assert_string_equal(cpabe_attribute_key_get(key, 1).label, "country");
    cpabe_attribute_key_free(key);
    free(data);
}

static void open_file(const char *path)
{
    size_t length;
    size_t key_length;
    size_t got;
    uint8_t out[4096];
    uint8_t *data = read_source_file(&length, path);
    uint8_t *key_data = read_source_file(&key_length, "tests/vectors/tkn20/attributeKey");
    struct cpabe_attribute_key *key;
    struct cpabe_policy *policy;
    char *text;
    assert_int_equal(cpabe_identify(data, length), CPABE_KIND_CIPHERTEXT);
    assert_int_equal(cpabe_attribute_key_parse(&key, key_data, key_length), CPABE_OK);
    assert_int_equal(cpabe_decrypt(out, sizeof out, &got, key, data, length), CPABE_OK);
    assert_int_equal(got, MESSAGE);
    assert_memory_equal(out, message, MESSAGE);
    assert_int_equal(cpabe_policy_from_ciphertext(&policy, data, length), CPABE_OK);
    assert_int_equal(cpabe_policy_text(&text, policy), CPABE_OK);
    assert_string_equal(text, "EU: true");
    cpabe_free(text);
    cpabe_policy_free(policy);
    cpabe_attribute_key_free(key);
    free(data);
    free(key_data);
}

static void test_both_formats_open(void **state)
{
    (void)state;
    open_file("tests/vectors/tkn20/ciphertext");
    open_file("tests/vectors/tkn20/ciphertext_v137");
}

static json_t *load(const char *path)
{
    size_t length;
    uint8_t *text = read_source_file(&length, path);
    json_t *root = json_loadb((const char *)text, length, 0, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static size_t attributes_of(struct cpabe_attribute *out, size_t max, json_t *object)
{
    size_t n = 0;
    const char *label;
    json_t *value;
    json_object_foreach(object, label, value)
    {
        assert_true(n < max);
        out[n++] = (struct cpabe_attribute){label, json_string_value(value)};
    }
    return n;
}

/* Each of CIRCL's cases: what the policy says, and what encryption and decryption make of it. */
static void test_policies(void **state)
{
    (void)state;
    json_t *cases = load("tests/vectors/tkn20/policies.json");
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    assert_int_equal(cpabe_setup(&public_key, &secret_key, NULL), CPABE_OK);
    size_t index;
    json_t *one;
    json_array_foreach(cases, index, one)
    {
        struct cpabe_attribute attributes[32];
        size_t count = attributes_of(attributes, 32, json_object_get(one, "attributes"));
        const char *text = json_string_value(json_object_get(one, "policy"));
        bool success = json_is_true(json_object_get(one, "success"));
        struct cpabe_policy *policy;
        struct cpabe_attribute_key *key;
        uint8_t *data;
        size_t length;
        size_t got;
        uint8_t out[64];
        assert_int_equal(cpabe_policy_parse(&policy, text, NULL), CPABE_OK);
        assert_int_equal(cpabe_policy_satisfied(policy, attributes, count), success);
        assert_int_equal(cpabe_keygen(&key, secret_key, attributes, count, NULL, NULL), CPABE_OK);
        assert_int_equal(cpabe_policy_satisfied_by_key(policy, key), success);
        assert_int_equal(cpabe_encrypt(&data, &length, public_key, policy, CPABE_FORMAT_CURRENT,
                                       (const uint8_t *)message, MESSAGE, NULL),
                         CPABE_OK);
        assert_int_equal(cpabe_decrypt(out, sizeof out, &got, key, data, length),
                         success ? CPABE_OK : CPABE_ERR_UNSATISFIED);
        cpabe_free(data);
        cpabe_attribute_key_free(key);
        cpabe_policy_free(policy);
    }
    assert_true(index >= 9);
    cpabe_public_key_free(public_key);
    cpabe_secret_key_free(secret_key);
    json_decref(cases);
}

/* Policies with gates: the sharing draws its randomness in CIRCL's order. */
static void test_gates(void **state)
{
    (void)state;
    static struct shake stream;
    struct cpabe_random random = {shake_fill, &stream};
    struct cpabe_public_key *public_key;
    size_t length;
    uint8_t *data = read_source_file(&length, "tests/vectors/tkn20/publicKey");
    assert_int_equal(cpabe_public_key_parse(&public_key, data, length), CPABE_OK);
    free(data);
    json_t *cases = load("tests/vectors/tkn20/gates.json");
    size_t index;
    json_t *one;
    json_array_foreach(cases, index, one)
    {
        uint8_t digest[32];
        char text[65];
        shake_start(&stream);
        assert_int_equal(cpabe_encrypt_text(&data, &length, public_key,
                                            json_string_value(json_object_get(one, "policy")),
                                            (const uint8_t *)message, MESSAGE, &random, NULL),
                         CPABE_OK);
        assert_int_equal(EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL), 1);
        for (size_t i = 0; i < sizeof digest; i++) {
            (void)sprintf(text + 2 * i, "%02x", digest[i]);
        }
        assert_string_equal(text, json_string_value(json_object_get(one, "ciphertext_sha256")));
        cpabe_free(data);
    }
    assert_int_equal(index, 10);
    cpabe_public_key_free(public_key);
    json_decref(cases);
}

static uint8_t *unhex(size_t *length, json_t *string)
{
    const char *text = json_string_value(string);
    assert_non_null(text);
    *length = strlen(text) / 2;
    uint8_t *out = malloc(*length + 1);
    assert_non_null(out);
    for (size_t i = 0; i < *length; i++) {
        unsigned v;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
        out[i] = (uint8_t)v;
    }
    return out;
}

enum { KEYS = 6 };

static bool listed(json_t *opens, size_t key)
{
    size_t i;
    json_t *value;
    json_array_foreach(opens, i, value)
    {
        if ((size_t)json_integer_value(value) == key) {
            return true;
        }
    }
    return false;
}

static void check_circl_ciphertext(json_t *one, struct cpabe_attribute_key *const keys[KEYS],
                                   unsigned *opened, unsigned *refused)
{
    size_t length;
    size_t expected_length;
    uint8_t *data = unhex(&length, json_object_get(one, "ciphertext"));
    uint8_t *expected = unhex(&expected_length, json_object_get(one, "message"));
    struct cpabe_policy *stated;
    struct cpabe_policy *written;
    char *stated_text;
    char *written_text;
    assert_int_equal(cpabe_policy_from_ciphertext(&stated, data, length), CPABE_OK);
    assert_int_equal(
        cpabe_policy_parse(&written, json_string_value(json_object_get(one, "policy")), NULL),
        CPABE_OK);
    assert_int_equal(cpabe_policy_text(&stated_text, stated), CPABE_OK);
    assert_int_equal(cpabe_policy_text(&written_text, written), CPABE_OK);
    assert_string_equal(stated_text, written_text);
    cpabe_free(stated_text);
    cpabe_free(written_text);
    cpabe_policy_free(written);
    for (size_t k = 0; k < KEYS; k++) {
        uint8_t out[1024];
        size_t got = 0;
        bool opens = listed(json_object_get(one, "opens"), k);
        enum cpabe_status s = cpabe_decrypt(out, sizeof out, &got, keys[k], data, length);
        assert_int_equal(s, opens ? CPABE_OK : CPABE_ERR_UNSATISFIED);
        assert_int_equal(cpabe_policy_satisfied_by_key(stated, keys[k]), opens);
        if (opens) {
            assert_int_equal(got, expected_length);
            assert_memory_equal(out, expected, got);
        }
        *(opens ? opened : refused) += 1;
    }
    cpabe_policy_free(stated);
    free(data);
    free(expected);
}

static void test_circl(void **state)
{
    (void)state;
    json_t *root = load("tests/vectors/tkn20/circl.json");
    json_t *key_list = json_object_get(root, "keys");
    struct cpabe_attribute_key *keys[KEYS];
    assert_int_equal(json_array_size(key_list), KEYS);
    for (size_t k = 0; k < KEYS; k++) {
        size_t length;
        uint8_t *data = unhex(&length, json_object_get(json_array_get(key_list, k), "key"));
        assert_int_equal(cpabe_attribute_key_parse(&keys[k], data, length), CPABE_OK);
        free(data);
    }
    unsigned opened = 0;
    unsigned refused = 0;
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(root, "ciphertexts"), index, one)
    {
        check_circl_ciphertext(one, keys, &opened, &refused);
    }
    (void)printf("opened %u, refused %u\n", opened, refused);
    assert_int_equal(index, 40);
    assert_true(opened > 20 && refused > 20);
    for (size_t k = 0; k < KEYS; k++) {
        cpabe_attribute_key_free(keys[k]);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_for_byte),
        cmocka_unit_test(test_reencoding),
        cmocka_unit_test(test_both_formats_open),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_gates),
        cmocka_unit_test(test_circl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
