/* The machine CA: what its certificates say, and which requests it refuses. */
#include "ca.h"

#include "base/secret.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now_ms = 1800000000000; /* 2027-01-15 */

static struct ca *new_ca(void)
{
    const struct kf_random random = kf_random_system();
    struct ca *ca = NULL;
    assert_int_equal(ca_create(&ca, now_ms, &random, NULL), KF_OK);
    return ca;
}

/* A request in DER; it claims to be someone else, which must not matter. */
static size_t make_request(uint8_t *out, size_t capacity, EVP_PKEY *key, EVP_PKEY *signer)
{
    X509_REQ *request = X509_REQ_new();
    const EVP_MD *digest = EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519 ||
                                   EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED448
                               ? NULL
                               : EVP_sha256();
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN",
                                                MBSTRING_ASC, (const uint8_t *)"evil", -1, -1, 0),
                     1);
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE");
    (void)sk_X509_EXTENSION_push(extensions, ca);
    assert_int_equal(X509_REQ_add_extensions(request, extensions), 1);
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(X509_REQ_sign(request, signer, digest) > 0);
    int length = i2d_X509_REQ(request, NULL);
    assert_true(length > 0 && (size_t)length <= capacity);
    (void)i2d_X509_REQ(request, &out);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
    return (size_t)length;
}

static X509 *parse_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static enum kf_status issue(char pem[static CA_PEM_MAX], const struct ca *ca, uint8_t role,
                            const char *const *names, size_t count, const uint8_t *csr,
                            size_t length)
{
    const struct kf_random random = kf_random_system();
    const struct ca_subject subject = {
        .machine = "fra-1", .role = role, .names = names, .name_count = count};
    size_t written = 0;
    return ca_issue(pem, CA_PEM_MAX, &written, ca, &subject, csr, length, now_ms, &random, NULL);
}

static void check_chain(const struct ca *ca, X509 *certificate, int purpose, bool good)
{
    char pem[CA_PEM_MAX];
    size_t length = 0;
    assert_int_equal(ca_certificate_pem(pem, sizeof pem, &length, ca, NULL), KF_OK);
    X509 *root = parse_pem(pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, root), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, certificate, NULL), 1);
    assert_int_equal(X509_STORE_CTX_set_purpose(context, purpose), 1);
    X509_STORE_CTX_set_time(context, 0, now_ms / 1000);
    assert_int_equal(X509_verify_cert(context), good ? 1 : 0);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(root);
}

static void check_uri(X509 *certificate, const char *expected)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const GENERAL_NAME *first = sk_GENERAL_NAME_value(names, 0);
    assert_int_equal(first->type, GEN_URI);
    assert_int_equal(ASN1_STRING_length(first->d.uniformResourceIdentifier), strlen(expected));
    assert_memory_equal(ASN1_STRING_get0_data(first->d.uniformResourceIdentifier), expected,
                        strlen(expected));
    GENERAL_NAMES_free(names);
}

static void test_machine_certificates(void **state)
{
    (void)state;
    static const struct {
        uint8_t role;
        const char *uri;
    } roles[] = {{AUTHORITY_ROLE_RELAY, "keyfence://machine/fra-1/relay"},
                 {AUTHORITY_ROLE_SYNC, "keyfence://machine/fra-1/sync"}};
    struct ca *ca = new_ca();
    EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-384"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_RSA_gen(2048)};
    for (size_t k = 0; k < 4; k++) {
        uint8_t csr[4096];
        char pem[CA_PEM_MAX];
        size_t length = make_request(csr, sizeof csr, keys[k], keys[k]);
        for (size_t r = 0; r < 2; r++) {
            assert_int_equal(issue(pem, ca, roles[r].role, NULL, 0, csr, length), KF_OK);
            X509 *x = parse_pem(pem);
            char name[64];
            assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), keys[k]), 1);
            assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name,
                                                  sizeof name) > 0);
            assert_string_equal(name, "fra-1"); /* not what the request says */
            assert_int_equal(X509_check_ca(x), 0);
            check_uri(x, roles[r].uri);
            check_chain(ca, x, X509_PURPOSE_SSL_SERVER, true);
            check_chain(ca, x, X509_PURPOSE_SSL_CLIENT, true);
            X509_free(x);
        }
        EVP_PKEY_free(keys[k]);
    }
    ca_free(ca);
}

static void test_core_certificates(void **state)
{
    (void)state;
    static const char *const names[] = {"core.example", "127.0.0.1", "2001:db8::1",
                                        "*.core.example"};
    struct ca *ca = new_ca();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t csr[4096];
    char pem[CA_PEM_MAX];
    size_t length = make_request(csr, sizeof csr, key, key);
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_CORE, names, 4, csr, length), KF_OK);
    X509 *x = parse_pem(pem);
    assert_int_equal(X509_check_host(x, "core.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(x, "a.core.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(x, "other.test", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x, "2001:db8::1", 0), 1);
    check_chain(ca, x, X509_PURPOSE_SSL_SERVER, true);
    check_chain(ca, x, X509_PURPOSE_SSL_CLIENT, false); /* it cannot pose as a machine */
    X509_free(x);

    static const char *const bad[] = {"a,DNS:b", "a b", "", "-a", "a..b", "URI:x", "a\nb", "a*"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_CORE, &bad[i], 1, csr, length),
                         KF_ERR_USAGE);
    }
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_CORE, NULL, 0, csr, length), KF_ERR_USAGE);
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, names, 1, csr, length), KF_ERR_USAGE);
    EVP_PKEY_free(key);
    ca_free(ca);
}

static void test_requests_that_are_refused(void **state)
{
    (void)state;
    struct ca *ca = new_ca();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    uint8_t csr[4096] = {0};
    char pem[CA_PEM_MAX];
    size_t length = make_request(csr, sizeof csr, key, other); /* does not hold the private half */
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, NULL, 0, csr, length), KF_ERR_FORGED);
    length = make_request(csr, sizeof csr, key, key);
    csr[length - 1] ^= 1;
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, NULL, 0, csr, length), KF_ERR_FORGED);
    csr[length - 1] ^= 1;
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, NULL, 0, csr, length), KF_OK);
    assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, NULL, 0, csr, length + 1),
                     KF_ERR_MALFORMED);
    for (size_t cut = 0; cut < length; cut++) {
        assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, NULL, 0, csr, cut), KF_ERR_MALFORMED);
    }
    EVP_PKEY *unsupported[] = {EVP_EC_gen("P-521"), EVP_PKEY_Q_keygen(NULL, NULL, "ED448"),
                               EVP_RSA_gen(1024)};
    for (size_t i = 0; i < 3; i++) {
        length = make_request(csr, sizeof csr, unsupported[i], unsupported[i]);
        assert_int_equal(issue(pem, ca, AUTHORITY_ROLE_RELAY, NULL, 0, csr, length),
                         KF_ERR_UNSUPPORTED);
        EVP_PKEY_free(unsupported[i]);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    ca_free(ca);
}

static void test_a_stored_ca_is_the_same(void **state)
{
    (void)state;
    struct ca *ca = new_ca();
    struct ca *stranger = new_ca();
    struct ca *again = NULL;
    uint8_t *key = NULL;
    size_t key_length = 0;
    uint8_t der[CA_DER_MAX];
    size_t length = 0;
    uint8_t one[32];
    uint8_t two[32];
    assert_int_equal(ca_export_key(&key, &key_length, ca, NULL), KF_OK);
    assert_int_equal(ca_certificate_der(der, sizeof der, &length, ca, NULL), KF_OK);
    assert_int_equal(ca_load(&again, key, key_length, der, length, NULL), KF_OK);
    ca_fingerprint(one, ca);
    ca_fingerprint(two, again);
    assert_memory_equal(one, two, sizeof one);
    ca_free(again);
    assert_int_equal(ca_load(&again, key, key_length - 1, der, length, NULL), KF_ERR_MALFORMED);
    assert_int_equal(ca_load(&again, key, key_length, der, length - 1, NULL), KF_ERR_MALFORMED);
    assert_int_equal(ca_certificate_der(der, sizeof der, &length, stranger, NULL), KF_OK);
    assert_int_equal(ca_load(&again, key, key_length, der, length, NULL), KF_ERR_MALFORMED);
    kf_secret_free(key);
    ca_free(ca);
    ca_free(stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine_certificates),
        cmocka_unit_test(test_core_certificates),
        cmocka_unit_test(test_requests_that_are_refused),
        cmocka_unit_test(test_a_stored_ca_is_the_same),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
