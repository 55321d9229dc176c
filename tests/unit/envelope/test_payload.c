/* Payloads: round trips of full structs, bounds, and that any cut, extension or other version is
 * refused. */
#include "envelope/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t buffer[PAYLOAD_MAX];
static const char policy_id[] = "0123456789abcdef0123456789abcdef";

static struct payload_bytes bytes_of(const char *s)
{
    struct payload_bytes b = {.data = (const uint8_t *)s, .length = strlen(s)};
    return b;
}

static void assert_text(struct payload_text text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

/* What every decoder owes its callers, given a proper encoding. */
#define CHECK_REFUSALS(name, length)                                                               \
    do {                                                                                           \
        struct payload_##name *out_ = malloc(sizeof *out_);                                        \
        assert_non_null(out_);                                                                     \
        memset(out_, 0xee, sizeof *out_);                                                          \
        uint8_t *copy_ = malloc((length) + 1);                                                     \
        assert_non_null(copy_);                                                                    \
        memcpy(copy_, buffer, length);                                                             \
        copy_[length] = 0;                                                                         \
        assert_int_equal(payload_##name##_decode(out_, copy_, (length) + 1, NULL),                 \
                         KF_ERR_MALFORMED);                                                        \
        for (size_t n_ = 0; n_ < (length); n_++)                                                   \
            assert_int_not_equal(payload_##name##_decode(out_, copy_, n_, NULL), KF_OK);           \
        copy_[0] = 2;                                                                              \
        assert_int_equal(payload_##name##_decode(out_, copy_, length, NULL), KF_ERR_UNSUPPORTED);  \
        assert_int_equal(((uint8_t *)out_)[0], 0xee);                                              \
        free(copy_);                                                                               \
        free(out_);                                                                                \
    } while (0)

static void test_generation(void **state)
{
    (void)state;
    struct payload_generation in = {
        .state = GENERATION_ACTIVE, .created_ms = 5, .abe_public = bytes_of("public")};
    struct payload_generation out;
    size_t n = 0;
    assert_int_equal(payload_generation_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
    assert_int_equal(payload_generation_decode(&out, buffer, n, NULL), KF_OK);
    assert_int_equal(out.state, GENERATION_ACTIVE);
    assert_true(out.created_ms == 5);
    assert_int_equal(out.abe_public.length, 6);
    CHECK_REFUSALS(generation, n);
    buffer[1] = 7;
    assert_int_equal(payload_generation_decode(&out, buffer, n, NULL), KF_ERR_MALFORMED);
    in.state = (enum generation_state)0;
    assert_int_equal(payload_generation_encode(buffer, sizeof buffer, &n, &in, NULL), KF_ERR_USAGE);
    assert_string_equal(payload_generation_state_name(GENERATION_DESTROYED), "destroyed");
}

static void test_datacenter(void **state)
{
    (void)state;
    struct payload_datacenter *in = calloc(1, sizeof *in);
    struct payload_datacenter *out = calloc(1, sizeof *out);
    assert_non_null(in);
    assert_non_null(out);
    strcpy(in->name, "Zürich");
    strcpy(in->country, "CH");
    strcpy(in->metro, "ZRH");
    in->latitude = -47376887;
    in->longitude = 180000000;
    in->attribute_count = PAYLOAD_ATTRIBUTES_MAX;
    for (size_t i = 0; i < in->attribute_count; i++) {
        in->attributes[i].label = payload_text_of("region_EU");
        in->attributes[i].value = payload_text_of(i == 3 ? "yes" : "no");
    }
    size_t n = 0;
    assert_int_equal(payload_datacenter_encode(buffer, sizeof buffer, &n, in, NULL), KF_OK);
    assert_int_equal(payload_datacenter_decode(out, buffer, n, NULL), KF_OK);
    assert_string_equal(out->name, "Zürich");
    assert_int_equal(out->latitude, -47376887);
    assert_int_equal(out->longitude, 180000000);
    assert_int_equal(out->attribute_count, PAYLOAD_ATTRIBUTES_MAX);
    assert_text(out->attributes[3].value, "yes");
    assert_text(out->attributes[511].label, "region_EU");
    in->attribute_count++;
    assert_int_equal(payload_datacenter_encode(buffer, sizeof buffer, &n, in, NULL), KF_ERR_USAGE);
    in->attribute_count = 1;
    in->latitude = 90000001;
    assert_int_equal(payload_datacenter_encode(buffer, sizeof buffer, &n, in, NULL), KF_ERR_USAGE);
    in->latitude = 0;
    assert_int_equal(payload_datacenter_encode(buffer, sizeof buffer, &n, in, NULL), KF_OK);
    CHECK_REFUSALS(datacenter, n);
    strcpy(in->name, "\xc3\x28");
    assert_int_equal(payload_datacenter_encode(buffer, sizeof buffer, &n, in, NULL), KF_ERR_USAGE);
    free(in);
    free(out);
}

static void test_machine(void **state)
{
    (void)state;
    struct payload_machine in = {.state = MACHINE_REVOKED, .created_ms = 9};
    struct payload_machine out;
    strcpy(in.datacenter, "par");
    strcpy(in.relay, "10.0.0.1:2407");
    memset(in.enrolment_public, 5, sizeof in.enrolment_public);
    size_t n = 0;
    assert_int_equal(payload_machine_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
    assert_int_equal(payload_machine_decode(&out, buffer, n, NULL), KF_OK);
    assert_string_equal(out.datacenter, "par");
    assert_string_equal(out.relay, "10.0.0.1:2407");
    assert_memory_equal(out.enrolment_public, in.enrolment_public, sizeof in.enrolment_public);
    assert_int_equal(out.state, MACHINE_REVOKED);
    CHECK_REFUSALS(machine, n);
    strcpy(in.datacenter, "../par");
    assert_int_equal(payload_machine_encode(buffer, sizeof buffer, &n, &in, NULL), KF_ERR_USAGE);
}

static void test_boxes(void **state)
{
    (void)state;
    size_t n = 0;
    struct payload_machine_key key = {.sealed = bytes_of("box")};
    struct payload_machine_key key_out;
    assert_int_equal(payload_machine_key_encode(buffer, sizeof buffer, &n, &key, NULL), KF_OK);
    assert_int_equal(payload_machine_key_decode(&key_out, buffer, n, NULL), KF_OK);
    assert_memory_equal(key_out.sealed.data, "box", 3);
    CHECK_REFUSALS(machine_key, n);
    struct payload_policy_wrap wrap = {.ciphertext = bytes_of("ciphertext")};
    struct payload_policy_wrap wrap_out;
    assert_int_equal(payload_policy_wrap_encode(buffer, sizeof buffer, &n, &wrap, NULL), KF_OK);
    assert_int_equal(payload_policy_wrap_decode(&wrap_out, buffer, n, NULL), KF_OK);
    assert_int_equal(wrap_out.ciphertext.length, 10);
    CHECK_REFUSALS(policy_wrap, n);
    wrap.ciphertext.length = PAYLOAD_ABE_CIPHERTEXT_MAX + 1;
    assert_int_equal(payload_policy_wrap_encode(buffer, sizeof buffer, &n, &wrap, NULL),
                     KF_ERR_USAGE);
    wrap.ciphertext.length = 0;
    assert_int_equal(payload_policy_wrap_encode(buffer, sizeof buffer, &n, &wrap, NULL),
                     KF_ERR_USAGE);
}

static void test_policy_key(void **state)
{
    (void)state;
    struct payload_policy_key in = {.normal = payload_text_of("region_EU: yes")};
    struct payload_policy_key out;
    memset(in.public_key, 3, sizeof in.public_key);
    size_t n = 0;
    assert_int_equal(payload_policy_key_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
    assert_int_equal(payload_policy_key_decode(&out, buffer, n, NULL), KF_OK);
    assert_text(out.normal, "region_EU: yes");
    assert_memory_equal(out.public_key, in.public_key, sizeof in.public_key);
    CHECK_REFUSALS(policy_key, n);
    assert_int_equal(payload_policy_key_encode(buffer, n - 1, &n, &in, NULL), KF_ERR_LIMIT);
}

static void test_certificate(void **state)
{
    (void)state;
    static struct payload_certificate in;
    static struct payload_certificate out;
    in.host_count = 2;
    in.hosts[0] = payload_text_of("shop.example");
    in.hosts[1] = payload_text_of("*.shop.example");
    in.chain = payload_text_of("-----BEGIN CERTIFICATE-----\n");
    memset(in.ski, 4, sizeof in.ski);
    in.key_type = KEY_P256;
    strcpy(in.policy_id, policy_id);
    in.policy = payload_text_of("region: EU");
    in.created_ms = 1;
    in.updated_ms = 2;
    memset(in.fingerprint, 6, sizeof in.fingerprint);
    size_t n = 0;
    assert_int_equal(payload_certificate_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
    assert_int_equal(payload_certificate_decode(&out, buffer, n, NULL), KF_OK);
    assert_int_equal(out.host_count, 2);
    assert_text(out.hosts[1], "*.shop.example");
    assert_text(out.chain, "-----BEGIN CERTIFICATE-----\n");
    assert_string_equal(out.policy_id, policy_id);
    assert_int_equal(out.key_type, KEY_P256);
    assert_true(out.updated_ms == 2);
    assert_memory_equal(out.fingerprint, in.fingerprint, 32);
    CHECK_REFUSALS(certificate, n);
    in.policy_id[0] = 'G';
    assert_int_equal(payload_certificate_encode(buffer, sizeof buffer, &n, &in, NULL),
                     KF_ERR_USAGE);
    in.policy_id[0] = '0';
    in.host_count = 0;
    assert_int_equal(payload_certificate_encode(buffer, sizeof buffer, &n, &in, NULL),
                     KF_ERR_USAGE);
    in.host_count = PAYLOAD_HOSTS_MAX + 1;
    assert_int_equal(payload_certificate_encode(buffer, sizeof buffer, &n, &in, NULL),
                     KF_ERR_USAGE);
}

static void test_customer_key(void **state)
{
    (void)state;
    struct payload_customer_key in = {
        .key_type = KEY_ED25519, .spki = bytes_of("spki"), .sealed = bytes_of("sealed")};
    struct payload_customer_key out;
    strcpy(in.policy_id, policy_id);
    size_t n = 0;
    assert_int_equal(payload_customer_key_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
    assert_int_equal(payload_customer_key_decode(&out, buffer, n, NULL), KF_OK);
    assert_int_equal(out.key_type, KEY_ED25519);
    assert_memory_equal(out.spki.data, "spki", 4);
    assert_memory_equal(out.sealed.data, "sealed", 6);
    CHECK_REFUSALS(customer_key, n);
    in.key_type = (enum key_type)7;
    assert_int_equal(payload_customer_key_encode(buffer, sizeof buffer, &n, &in, NULL),
                     KF_ERR_USAGE);
}

static void test_heartbeat(void **state)
{
    (void)state;
    struct payload_heartbeat in = {.wall_ms = UINT64_MAX};
    struct payload_heartbeat out;
    size_t n = 0;
    assert_int_equal(payload_heartbeat_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
    assert_int_equal(payload_heartbeat_decode(&out, buffer, n, NULL), KF_OK);
    assert_true(out.wall_ms == UINT64_MAX);
    CHECK_REFUSALS(heartbeat, n);
}

/* RFC 3629: what is UTF-8 and what only looks like it. */
static void test_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xe0\x80\xaf",
                                      "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x82",
                                      "\xff",
                                      "a\xc3"};
    static const char *const good[] = {"a", "é", "€", "𝄞", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};
    struct payload_policy_key in = {0};
    size_t n = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        in.normal = payload_text_of(bad[i]);
        assert_int_equal(payload_policy_key_encode(buffer, sizeof buffer, &n, &in, NULL),
                         KF_ERR_USAGE);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        in.normal = payload_text_of(good[i]);
        assert_int_equal(payload_policy_key_encode(buffer, sizeof buffer, &n, &in, NULL), KF_OK);
        assert_int_equal(payload_policy_key_decode(&in, buffer, n, NULL), KF_OK);
    }
    struct payload_text nul = {.data = "a\0b", .length = 3};
    in.normal = nul;
    assert_int_equal(payload_policy_key_encode(buffer, sizeof buffer, &n, &in, NULL), KF_ERR_USAGE);
}

/* Computed with Python's hashlib.blake2b(digest_size=16). */
static void test_policy_id(void **state)
{
    (void)state;
    char id[RECORD_POLICY_ID_SIZE];
    payload_policy_id(id, "region_EU: yes", 14);
    assert_string_equal(id, "c153d0f712d79f3f933a16a87bf9d7a1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generation),   cmocka_unit_test(test_datacenter),
        cmocka_unit_test(test_machine),      cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_policy_key),   cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_customer_key), cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_text),         cmocka_unit_test(test_policy_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
