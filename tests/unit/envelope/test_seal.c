/* Sealed boxes: libsodium's format, and bound to their record. */
#include "base/secret.h"
#include "envelope/seal.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t pkcs8[] = "the private key of a customer";

struct fixture {
    struct kf_random random;
    uint8_t public_key[SEAL_KEY_SIZE];
    uint8_t secret_key[SEAL_KEY_SIZE];
    struct seal_customer_context context;
    uint8_t sealed[SEAL_CUSTOMER_MAX];
    size_t sealed_length;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(kf_secret_init(), KF_OK);
    f->random = kf_random_system();
    assert_int_equal(seal_keypair(f->public_key, f->secret_key, &f->random), KF_OK);
    strcpy(f->context.policy_id, "0123456789abcdef0123456789abcdef");
    memset(f->context.ski, 9, sizeof f->context.ski);
    f->context.key_type = KEY_P256;
    assert_int_equal(seal_customer_key(f->sealed, sizeof f->sealed, &f->sealed_length, &f->context,
                                       pkcs8, sizeof pkcs8, f->public_key, &f->random, NULL),
                     KF_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static enum kf_status try_open(struct fixture *f, const struct seal_customer_context *context)
{
    uint8_t out[SEAL_CUSTOMER_MAX];
    size_t length = 77;
    memset(out, 0xee, sizeof out); /* what an earlier call left there */
    enum kf_status status = seal_open_customer_key(out, sizeof out, &length, context, f->sealed,
                                                   f->sealed_length, f->secret_key, NULL);
    if (status == KF_OK) {
        assert_int_equal(length, sizeof pkcs8);
        assert_memory_equal(out, pkcs8, sizeof pkcs8);
    } else {
        assert_int_equal(length, 77);
        assert_true(sodium_is_zero(out, sizeof out));
    }
    return status;
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(try_open(f, &f->context), KF_OK);
}

/* Any program with libsodium opens it, and finds the documented bytes. */
static void test_format(void **state)
{
    struct fixture *f = *state;
    uint8_t plain[256];
    assert_int_equal(
        crypto_box_seal_open(plain, f->sealed, f->sealed_length, f->public_key, f->secret_key), 0);
    size_t length = f->sealed_length - crypto_box_SEALBYTES;
    assert_int_equal(length, 24 + 2 + 32 + 20 + 1 + 4 + sizeof pkcs8);
    assert_memory_equal(plain,
                        "keyfence customer key v1\0\x20"
                        "0123456789abcdef",
                        42);
    assert_int_equal(plain[78], KEY_P256);
    assert_int_equal(plain[82], sizeof pkcs8);
    assert_memory_equal(plain + 83, pkcs8, sizeof pkcs8);
}

static void test_every_byte_counts(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->sealed_length; i++) {
        f->sealed[i] ^= 1;
        /* RFC 7748 ignores the ephemeral key's top bit, but the nonce covers it too. */
        assert_int_equal(try_open(f, &f->context), KF_ERR_FORGED);
        f->sealed[i] ^= 0x81;
        assert_int_equal(try_open(f, &f->context), KF_ERR_FORGED);
        f->sealed[i] ^= 0x80;
    }
    for (size_t n = 0; n < f->sealed_length; n++) {
        size_t whole = f->sealed_length;
        f->sealed_length = n;
        assert_int_not_equal(try_open(f, &f->context), KF_OK);
        f->sealed_length = whole;
    }
}

static void test_bound_to_its_record(void **state)
{
    struct fixture *f = *state;
    struct seal_customer_context other = f->context;
    other.policy_id[0] = 'f';
    assert_int_equal(try_open(f, &other), KF_ERR_FORGED);
    other = f->context;
    other.ski[19] ^= 1;
    assert_int_equal(try_open(f, &other), KF_ERR_FORGED);
    other = f->context;
    other.key_type = KEY_P384;
    assert_int_equal(try_open(f, &other), KF_ERR_FORGED);
}

/* Two customers under one policy: exchanging their boxes opens neither. */
static void test_swap(void **state)
{
    struct fixture *f = *state;
    struct seal_customer_context second = f->context;
    memset(second.ski, 1, sizeof second.ski);
    uint8_t sealed[SEAL_CUSTOMER_MAX];
    size_t length = 0;
    assert_int_equal(seal_customer_key(sealed, sizeof sealed, &length, &second, pkcs8, sizeof pkcs8,
                                       f->public_key, &f->random, NULL),
                     KF_OK);
    assert_int_equal(try_open(f, &second), KF_ERR_FORGED);
    memcpy(f->sealed, sealed, length);
    f->sealed_length = length;
    assert_int_equal(try_open(f, &f->context), KF_ERR_FORGED);
    assert_int_equal(try_open(f, &second), KF_OK);
}

static void test_another_key(void **state)
{
    struct fixture *f = *state;
    uint8_t public_key[SEAL_KEY_SIZE];
    assert_int_equal(seal_keypair(public_key, f->secret_key, &f->random), KF_OK);
    assert_int_equal(try_open(f, &f->context), KF_ERR_FORGED);
}

static void test_machine_key(void **state)
{
    struct fixture *f = *state;
    uint8_t *key = malloc(SEAL_MACHINE_KEY_MAX + 1);
    uint8_t *sealed = malloc(SEAL_MACHINE_MAX);
    uint8_t *out = malloc(SEAL_MACHINE_KEY_MAX);
    assert_true(key && sealed && out);
    memset(key, 0x5a, SEAL_MACHINE_KEY_MAX);
    size_t length = 0;
    size_t opened = 0;
    assert_int_equal(seal_machine_key(sealed, SEAL_MACHINE_MAX, &length, "par-1", 7, key,
                                      SEAL_MACHINE_KEY_MAX, f->public_key, &f->random, NULL),
                     KF_OK);
    assert_true(length <= PAYLOAD_SEALED_MAX);
    assert_int_equal(seal_open_machine_key(out, SEAL_MACHINE_KEY_MAX, &opened, "par-1", 7, sealed,
                                           length, f->secret_key, NULL),
                     KF_OK);
    assert_int_equal(opened, SEAL_MACHINE_KEY_MAX);
    assert_memory_equal(out, key, opened);
    assert_int_equal(seal_open_machine_key(out, opened, &opened, "par-2", 7, sealed, length,
                                           f->secret_key, NULL),
                     KF_ERR_FORGED);
    assert_int_equal(seal_open_machine_key(out, opened, &opened, "par-1", 8, sealed, length,
                                           f->secret_key, NULL),
                     KF_ERR_FORGED);
    /* par-1's generation 7 is not taken for machine par-1 of another shape, nor for a customer's */
    assert_int_equal(seal_open_machine_key(out, opened - 1, &opened, "par-1", 7, sealed, length,
                                           f->secret_key, NULL),
                     KF_ERR_LIMIT);
    assert_int_equal(seal_open_customer_key(out, opened, &opened, &f->context, sealed, length,
                                            f->secret_key, NULL),
                     KF_ERR_FORGED);
    assert_int_equal(seal_machine_key(sealed, SEAL_MACHINE_MAX, &length, "par-1", 7, key,
                                      SEAL_MACHINE_KEY_MAX + 1, f->public_key, &f->random, NULL),
                     KF_ERR_USAGE);
    assert_int_equal(
        seal_machine_key(sealed, 10, &length, "par-1", 7, key, 5, f->public_key, &f->random, NULL),
        KF_ERR_LIMIT);
    free(out);
    free(sealed);
    free(key);
}

static enum kf_status no_randomness(void *context, uint8_t *out, size_t length)
{
    (void)context;
    (void)out;
    (void)length;
    return KF_ERR_RANDOM;
}

static void test_failures(void **state)
{
    struct fixture *f = *state;
    struct kf_random broken = {.fill = no_randomness, .context = NULL};
    size_t length = 5;
    assert_int_equal(seal_customer_key(f->sealed, sizeof f->sealed, &length, &f->context, pkcs8,
                                       sizeof pkcs8, f->public_key, &broken, NULL),
                     KF_ERR_RANDOM);
    /* Nothing is ever sealed to a point of small order, which hides nothing. */
    static const uint8_t zero[SEAL_KEY_SIZE];
    assert_int_equal(seal_customer_key(f->sealed, sizeof f->sealed, &length, &f->context, pkcs8,
                                       sizeof pkcs8, zero, &f->random, NULL),
                     KF_ERR_USAGE);
    assert_int_equal(length, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_format, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound_to_its_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_swap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_machine_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
