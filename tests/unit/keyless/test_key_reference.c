/* Key references: there and back, and one form only. */
#include "keyless/key_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The Ed25519 public key of RFC 8410, 10.1. */
static const uint8_t ed25519_spki[] = {
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00, 0x19, 0xBF, 0x44,
    0x09, 0x69, 0x84, 0xCD, 0xFE, 0x85, 0x41, 0xBA, 0xC1, 0x67, 0xDC, 0x3B, 0x96, 0xC8, 0x50,
    0x86, 0xAA, 0x30, 0xB6, 0xB6, 0xCB, 0x0C, 0x5C, 0x38, 0xAD, 0x70, 0x31, 0x66, 0xE1};

static struct keyless_reference sample(void)
{
    struct keyless_reference r = {.spki = {.data = ed25519_spki, .length = sizeof ed25519_spki}};
    for (size_t i = 0; i < sizeof r.ski; i++) {
        r.ski[i] = (uint8_t)(i * 7);
    }
    return r;
}

static void test_pem_there_and_back(void **state)
{
    (void)state;
    char pem[KEYLESS_REFERENCE_PEM_MAX];
    char file[KEYLESS_REFERENCE_PEM_MAX + 256];
    uint8_t der[KEYLESS_REFERENCE_DER_MAX];
    size_t pem_length = 0;
    size_t der_length = 0;
    struct keyless_reference r = sample();
    struct keyless_reference back;
    assert_int_equal(keyless_reference_write_pem(pem, &pem_length, sizeof pem, &r), KF_OK);
    assert_int_equal(pem_length, strlen(pem));
    (void)snprintf(file, sizeof file,
                   "-----BEGIN CERTIFICATE-----\nAAAA\n"
                   "-----END CERTIFICATE-----\n%stext after\n",
                   pem);
    assert_int_equal(keyless_reference_pem_to_der(der, &der_length, sizeof der, file, strlen(file)),
                     KF_OK);
    assert_int_equal(keyless_reference_read_der(&back, der, der_length), KF_OK);
    assert_memory_equal(back.ski, r.ski, sizeof r.ski);
    assert_true(keyless_bytes_equal(back.spki, r.spki));
    assert_int_equal(keyless_reference_write_pem(pem, &pem_length, pem_length, &r), KF_ERR_LIMIT);
}

static void test_every_changed_length_is_refused(void **state)
{
    (void)state;
    uint8_t der[KEYLESS_REFERENCE_DER_MAX + 1];
    size_t n = 0;
    struct keyless_reference r = sample();
    struct keyless_reference back;
    assert_int_equal(keyless_reference_write_der(der, &n, sizeof der, &r), KF_OK);
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(keyless_reference_read_der(&back, der, cut), KF_ERR_MALFORMED);
    }
    der[n] = 0;
    assert_int_equal(keyless_reference_read_der(&back, der, n + 1), KF_ERR_MALFORMED);
    /* tags, lengths and the version: everything before the ski, and the SPKI's head */
    static const size_t places[] = {0, 1, 2, 3, 4, 5, 6, 27, 28};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        der[places[i]] ^= 1;
        assert_int_equal(keyless_reference_read_der(&back, der, n), KF_ERR_MALFORMED);
        der[places[i]] ^= 1;
    }
    assert_int_equal(keyless_reference_read_der(&back, der, n), KF_OK);
}

static void test_long_form_where_short_would_do_is_refused(void **state)
{
    (void)state;
    uint8_t der[KEYLESS_REFERENCE_DER_MAX];
    uint8_t longer[KEYLESS_REFERENCE_DER_MAX];
    size_t n = 0;
    struct keyless_reference r = sample();
    struct keyless_reference back;
    assert_int_equal(keyless_reference_write_der(der, &n, sizeof der, &r), KF_OK);
    longer[0] = der[0];
    longer[1] = 0x81;
    memcpy(longer + 2, der + 1, n - 1);
    assert_int_equal(keyless_reference_read_der(&back, longer, n + 1), KF_ERR_MALFORMED);
    longer[1] = 0x82;
    longer[2] = 0;
    memcpy(longer + 3, der + 1, n - 1);
    assert_int_equal(keyless_reference_read_der(&back, longer, n + 2), KF_ERR_MALFORMED);
}

static void test_pem_that_is_not_one(void **state)
{
    (void)state;
    uint8_t der[KEYLESS_REFERENCE_DER_MAX];
    size_t n = 0;
    static const char other[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    static const char open[] = "-----BEGIN KEYFENCE KEY REFERENCE-----\nAAAA\n";
    static const char noise[] = "-----BEGIN KEYFENCE KEY REFERENCE-----\nAA!A\n"
                                "-----END KEYFENCE KEY REFERENCE-----\n";
    assert_int_equal(keyless_reference_pem_to_der(der, &n, sizeof der, other, sizeof other - 1),
                     KF_ERR_NOT_FOUND);
    assert_int_equal(keyless_reference_pem_to_der(der, &n, sizeof der, open, sizeof open - 1),
                     KF_ERR_MALFORMED);
    assert_int_equal(keyless_reference_pem_to_der(der, &n, sizeof der, noise, sizeof noise - 1),
                     KF_ERR_MALFORMED);
    assert_int_equal(n, 0);
}

static void test_reads_the_public_key_info(void **state)
{
    (void)state;
    enum keyless_family family = KEYLESS_FAMILY_NONE;
    struct keyless_bytes bits;
    uint8_t spki[sizeof ed25519_spki];
    assert_int_equal(keyless_spki_read(&family, &bits, ed25519_spki, sizeof ed25519_spki), KF_OK);
    assert_int_equal(family, KEYLESS_FAMILY_ED25519);
    assert_int_equal(bits.length, 32);
    assert_ptr_equal(bits.data, ed25519_spki + 12);
    memcpy(spki, ed25519_spki, sizeof spki);
    spki[8] = 0x6F; /* id-X448 */
    assert_int_equal(keyless_spki_read(&family, &bits, spki, sizeof spki), KF_OK);
    assert_int_equal(family, KEYLESS_FAMILY_NONE);
    spki[11] = 1; /* unused bits */
    assert_int_equal(keyless_spki_read(&family, &bits, spki, sizeof spki), KF_ERR_MALFORMED);
    for (size_t cut = 0; cut < sizeof spki; cut++) {
        assert_int_equal(keyless_spki_read(&family, &bits, ed25519_spki, cut), KF_ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pem_there_and_back),
        cmocka_unit_test(test_every_changed_length_is_refused),
        cmocka_unit_test(test_long_form_where_short_would_do_is_refused),
        cmocka_unit_test(test_pem_that_is_not_one),
        cmocka_unit_test(test_reads_the_public_key_info),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
