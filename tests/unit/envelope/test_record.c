/* Signed records: round trips, one canonical form, and every way to forge one. */
#include "envelope/record.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    uint8_t public_key[RECORD_PUBLIC_SIZE];
    uint8_t secret_key[RECORD_SECRET_SIZE];
    uint8_t bytes[4096];
    size_t length;
};

static const uint8_t payload[] = "a payload of some bytes";

static struct record sample(void)
{
    struct record r = {.kind = RECORD_CERTIFICATE,
                       .revision = 0x0102030405060708,
                       .generation = 3,
                       .written_ms = 1700000000123,
                       .payload = payload,
                       .payload_length = sizeof payload};
    record_key_certificate(r.key, "shop-1");
    return r;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    uint8_t seed[RECORD_SEED_SIZE];
    memset(seed, 7, sizeof seed);
    assert_int_equal(record_keypair(f->public_key, f->secret_key, seed), KF_OK);
    struct record r = sample();
    assert_int_equal(record_sign(f->bytes, sizeof f->bytes, &f->length, &r, f->secret_key, NULL),
                     KF_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    struct record out;
    assert_int_equal(record_open(&out, f->bytes, f->length, f->public_key, NULL), KF_OK);
    assert_int_equal(out.kind, RECORD_CERTIFICATE);
    assert_false(out.tombstone);
    assert_true(out.revision == 0x0102030405060708);
    assert_int_equal(out.generation, 3);
    assert_true(out.written_ms == 1700000000123);
    assert_string_equal(out.key, "certificate/shop-1");
    assert_int_equal(out.payload_length, sizeof payload);
    assert_memory_equal(out.payload, payload, sizeof payload);
    assert_int_equal(f->length, RECORD_OVERHEAD + strlen(out.key) + sizeof payload);
}

/* The layout is a promise to other programs: the bytes before the signature, written out. */
static void test_layout(void **state)
{
    struct fixture *f = *state;
    static const uint8_t head[] = {'K', 'F',  'R',  '1',  7,    0,    1, 2, 3, 4,
                                   5,   6,    7,    8,    0,    0,    0, 3, 0, 0,
                                   1,   0x8b, 0xcf, 0xe5, 0x68, 0x7b, 0, 18};
    assert_memory_equal(f->bytes, head, sizeof head);
    assert_memory_equal(f->bytes + sizeof head, "certificate/shop-1\0\0\0\x18", 22);
    assert_memory_equal(f->bytes + sizeof head + 22, payload, sizeof payload);
}

/* So is what is signed, as any Ed25519 sees it: the domain, its NUL, the bytes before the
 * signature. The record alone, signed by the same key for another purpose, is no record. */
static void test_signed_bytes(void **state)
{
    struct fixture *f = *state;
    static const char domain[] = "keyfence record v1";
    uint8_t message[sizeof domain + sizeof f->bytes];
    struct record out;
    size_t body = f->length - RECORD_SIGNATURE_SIZE;
    memcpy(message, domain, sizeof domain);
    memcpy(message + sizeof domain, f->bytes, body);
    assert_int_equal(
        crypto_sign_verify_detached(f->bytes + body, message, sizeof domain + body, f->public_key),
        0);
    assert_int_equal(crypto_sign_detached(f->bytes + body, NULL, f->bytes, body, f->secret_key), 0);
    assert_int_equal(record_open(&out, f->bytes, f->length, f->public_key, NULL), KF_ERR_FORGED);
}

static void test_every_byte_counts(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->length; i++) {
        for (unsigned v = 1; v < 256; v++) {
            struct record out;
            memset(&out, 0xee, sizeof out);
            f->bytes[i] ^= (uint8_t)v;
            enum kf_status status = record_open(&out, f->bytes, f->length, f->public_key, NULL);
            f->bytes[i] ^= (uint8_t)v;
            if (status == KF_OK)
                fail_msg("byte %zu changed by %02x is accepted", i, v);
            assert_true(status == KF_ERR_FORGED || status == KF_ERR_MALFORMED ||
                        status == KF_ERR_UNSUPPORTED || status == KF_ERR_LIMIT);
            assert_int_equal(((uint8_t *)&out)[0], 0xee); /* untouched */
        }
    }
}

static void test_cut_and_trailing(void **state)
{
    struct fixture *f = *state;
    struct record out;
    for (size_t n = 0; n < f->length; n++)
        assert_int_not_equal(record_open(&out, f->bytes, n, f->public_key, NULL), KF_OK);
    f->bytes[f->length] = 0;
    assert_int_equal(record_open(&out, f->bytes, f->length + 1, f->public_key, NULL),
                     KF_ERR_MALFORMED);
    assert_int_equal(record_open(&out, f->bytes, (size_t)RECORD_MAX + 1, f->public_key, NULL),
                     KF_ERR_LIMIT);
}

static void test_another_key(void **state)
{
    struct fixture *f = *state;
    uint8_t seed[RECORD_SEED_SIZE] = {1};
    uint8_t public_key[RECORD_PUBLIC_SIZE];
    uint8_t secret_key[RECORD_SECRET_SIZE];
    assert_int_equal(record_keypair(public_key, secret_key, seed), KF_OK);
    struct record out;
    struct kf_error err = {0};
    assert_int_equal(record_open(&out, f->bytes, f->length, public_key, &err), KF_ERR_FORGED);
    assert_non_null(strstr(err.message, "certificate/shop-1"));
}

static void test_place(void **state)
{
    struct fixture *f = *state;
    struct record out;
    assert_int_equal(record_open_at(&out, "certificate/shop-1", RECORD_CERTIFICATE, f->bytes,
                                    f->length, f->public_key, NULL),
                     KF_OK);
    assert_int_equal(record_open_at(&out, "certificate/shop-2", RECORD_CERTIFICATE, f->bytes,
                                    f->length, f->public_key, NULL),
                     KF_ERR_FORGED);
    assert_int_equal(record_open_at(&out, "certificate/shop-1", RECORD_MACHINE, f->bytes, f->length,
                                    f->public_key, NULL),
                     KF_ERR_FORGED);
}

static void test_tombstone(void **state)
{
    struct fixture *f = *state;
    struct record r = sample();
    struct record out;
    r.tombstone = true;
    assert_int_equal(record_sign(f->bytes, sizeof f->bytes, &f->length, &r, f->secret_key, NULL),
                     KF_ERR_USAGE);
    r.payload_length = 0;
    assert_int_equal(record_sign(f->bytes, sizeof f->bytes, &f->length, &r, f->secret_key, NULL),
                     KF_OK);
    assert_int_equal(record_open(&out, f->bytes, f->length, f->public_key, NULL), KF_OK);
    assert_true(out.tombstone);
    assert_int_equal(out.payload_length, 0);
    assert_int_equal(record_open_at(&out, r.key, r.kind, f->bytes, f->length, f->public_key, NULL),
                     KF_ERR_NOT_FOUND);
    r.tombstone = false;
    assert_int_equal(record_sign(f->bytes, sizeof f->bytes, &f->length, &r, f->secret_key, NULL),
                     KF_ERR_USAGE);
}

static void test_refuses_to_sign(void **state)
{
    struct fixture *f = *state;
    struct record r = sample();
    size_t length = 99;
    r.kind = RECORD_MACHINE;
    assert_int_equal(record_sign(f->bytes, sizeof f->bytes, &length, &r, f->secret_key, NULL),
                     KF_ERR_USAGE);
    r = sample();
    r.revision = 0;
    assert_int_equal(record_sign(f->bytes, sizeof f->bytes, &length, &r, f->secret_key, NULL),
                     KF_ERR_USAGE);
    r = sample();
    for (size_t n = 0; n < f->length; n++)
        assert_int_equal(record_sign(f->bytes, n, &length, &r, f->secret_key, NULL), KF_ERR_LIMIT);
    uint8_t *large = calloc(2, RECORD_MAX);
    assert_non_null(large);
    r.payload = large;
    r.payload_length = RECORD_MAX - RECORD_OVERHEAD - strlen(r.key) + 1;
    uint8_t *out = malloc(2 * (size_t)RECORD_MAX);
    assert_non_null(out);
    assert_int_equal(record_sign(out, 2 * (size_t)RECORD_MAX, &length, &r, f->secret_key, NULL),
                     KF_ERR_LIMIT);
    assert_int_equal(length, 99);
    r.payload_length--;
    assert_int_equal(record_sign(out, 2 * (size_t)RECORD_MAX, &length, &r, f->secret_key, NULL),
                     KF_OK);
    assert_int_equal(length, RECORD_MAX);
    struct record back;
    assert_int_equal(record_open(&back, out, length, f->public_key, NULL), KF_OK);
    free(out);
    free(large);
}

static void test_unknown_kind(void **state)
{
    struct fixture *f = *state;
    struct record out;
    f->bytes[4] = 10;
    assert_int_equal(record_open(&out, f->bytes, f->length, f->public_key, NULL),
                     KF_ERR_UNSUPPORTED);
    assert_null(record_kind_name((enum record_kind)0));
    assert_null(record_kind_name((enum record_kind)10));
}

static void test_ids_and_keys(void **state)
{
    (void)state;
    assert_true(record_id_valid("a"));
    assert_true(record_id_valid("9-b"));
    assert_false(record_id_valid(""));
    assert_false(record_id_valid("-a"));
    assert_false(record_id_valid("A"));
    assert_false(record_id_valid("a/b"));
    assert_false(record_id_valid("a.b"));
    char id[80];
    memset(id, 'a', sizeof id);
    id[63] = 0;
    assert_true(record_id_valid(id));
    id[63] = 'a';
    id[64] = 0;
    assert_false(record_id_valid(id));

    static const struct {
        enum record_kind kind;
        const char *good;
        const char *bad[4];
    } cases[] = {
        {RECORD_GENERATION,
         "generation/12",
         {"generation/012", "generation/", "generation/-1", "generation/4294967296"}},
        {RECORD_DATACENTER, "datacenter/par", {"datacenter", "datacenter/", "datacenter/P", "x"}},
        {RECORD_MACHINE, "machine/par-1", {"machinepar-1", "machine/a/b", "machines/a", ""}},
        {RECORD_MACHINE_KEY,
         "machinekey/par-1/0",
         {"machinekey/par-1", "machinekey/par-1/", "machinekey/par-1/x", "machinekey//1"}},
        {RECORD_POLICY_KEY,
         "policykey/0123456789abcdef0123456789abcdef",
         {"policykey/0123456789abcdef0123456789abcde", "policykey/0123456789ABCDEF0123456789ABCDEF",
          "policykey/0123456789abcdef0123456789abcdef0", "policykey/"}},
        {RECORD_POLICY_WRAP,
         "policywrap/0123456789abcdef0123456789abcdef/1",
         {"policywrap/0123456789abcdef0123456789abcdef", "policywrap/0/1",
          "policywrap/0123456789abcdef0123456789abcdef/", "policywrap//1"}},
        {RECORD_CERTIFICATE,
         "certificate/x",
         {"certificate/../x", "certificate/.", "certificate/", "certificate/x "}},
        {RECORD_CUSTOMER_KEY,
         "key/0123456789abcdef0123456789abcdef01234567",
         {"key/0123456789abcdef0123456789abcdef0123456", "key/", "keys/", "key/zz"}},
        {RECORD_HEARTBEAT, "heartbeat", {"heartbeat/", "heartbea", "heartbeats", "Heartbeat"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(record_key_valid(cases[i].kind, cases[i].good));
        for (size_t j = 0; j < 4; j++)
            if (record_key_valid(cases[i].kind, cases[i].bad[j]))
                fail_msg("%s is taken for a key", cases[i].bad[j]);
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++)
            assert_int_equal(record_key_valid(cases[j].kind, cases[i].good), i == j);
    }
    char key[RECORD_KEY_SIZE];
    static const uint8_t ski[RECORD_SKI_SIZE] = {0x01, 0xff};
    record_key_customer_key(key, ski);
    assert_string_equal(key, "key/01ff000000000000000000000000000000000000");
    record_key_machine_key(key, "par-1", UINT32_MAX);
    assert_string_equal(key, "machinekey/par-1/4294967295");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_layout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signed_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_and_trailing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tombstone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_to_sign, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_and_keys, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
