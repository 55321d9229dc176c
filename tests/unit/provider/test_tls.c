/* TLS handshakes between a server whose keys are references and a client that verifies it, both in
 * this process. */
#include "harness.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS_MAX = 1000 };

static struct harness h;

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *c = X509_new();
    assert_non_null(c);
    assert_int_equal(X509_set_version(c, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(c), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(c), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(c), 3600));
    X509_NAME *name = X509_get_subject_name(c);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"keyfence.test", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(c, name), 1);
    assert_int_equal(X509_set_pubkey(c, key), 1);
    assert_true(X509_sign(c, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0);
    return c;
}

struct ends {
    SSL_CTX *server_ctx;
    SSL_CTX *client_ctx;
    SSL *server;
    SSL *client;
};

static void open_ends(struct ends *e, size_t type, int version, const char *ciphers, int async)
{
    X509 *certificate = make_certificate(h.keys[type]);
    EVP_PKEY *key = harness_load_key(&h, type);
    e->server_ctx = SSL_CTX_new_ex(h.libctx, NULL, TLS_server_method());
    e->client_ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_use_certificate(e->server_ctx, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(e->server_ctx, key), 1);
    assert_int_equal(SSL_CTX_check_private_key(e->server_ctx), 1);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(e->client_ctx), certificate), 1);
    SSL_CTX_set_verify(e->client_ctx, SSL_VERIFY_PEER, NULL);
    if (ciphers != NULL) {
        assert_int_equal(SSL_CTX_set_cipher_list(e->client_ctx, ciphers), 1);
        assert_int_equal(SSL_CTX_set_cipher_list(e->server_ctx, ciphers), 1);
    }
    assert_int_equal(SSL_CTX_set_min_proto_version(e->client_ctx, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(e->client_ctx, version), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(e->server_ctx, TLS1_VERSION), 1);
    e->server = SSL_new(e->server_ctx);
    e->client = SSL_new(e->client_ctx);
    BIO *a = NULL;
    BIO *b = NULL;
    assert_int_equal(BIO_new_bio_pair(&a, 65536, &b, 65536), 1);
    SSL_set_bio(e->server, a, a);
    SSL_set_bio(e->client, b, b);
    SSL_set_accept_state(e->server);
    SSL_set_connect_state(e->client);
    if (async) {
        (void)SSL_set_mode(e->server, SSL_MODE_ASYNC);
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
}

static void close_ends(struct ends *e)
{
    SSL_free(e->server);
    SSL_free(e->client);
    SSL_CTX_free(e->server_ctx);
    SSL_CTX_free(e->client_ctx);
    ERR_clear_error();
}

static void wait_async(SSL *s)
{
    OSSL_ASYNC_FD descriptor = -1;
    size_t count = 0;
    assert_int_equal(SSL_get_all_async_fds(s, NULL, &count), 1);
    assert_int_equal(count, 1);
    assert_int_equal(SSL_get_all_async_fds(s, &descriptor, &count), 1);
    struct pollfd p = {.fd = descriptor, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
}

/* Returns 1 when both ends are done; counts how often the server paused. */
static int shake(struct ends *e, int *pauses)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        int c = SSL_do_handshake(e->client);
        int s = SSL_do_handshake(e->server);
        if (c == 1 && s == 1) {
            return 1;
        }
        int why = SSL_get_error(e->server, s);
        if (s != 1 && why == SSL_ERROR_WANT_ASYNC) {
            (*pauses)++;
            wait_async(e->server);
        } else if (s != 1 && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
            return 0;
        }
    }
    return 0;
}

static void check(size_t type, int version, const char *ciphers, int async)
{
    struct ends e;
    int pauses = 0;
    open_ends(&e, type, version, ciphers, async);
    if (shake(&e, &pauses) != 1) {
        ERR_print_errors_fp(stderr);
        fail_msg("%s, version %x, ciphers %s", harness_types[type], (unsigned)version,
                 ciphers == NULL ? "any" : ciphers);
    }
    assert_int_equal(SSL_version(e.server), version);
    assert_int_equal(SSL_get_verify_result(e.client), X509_V_OK);
    assert_int_equal(pauses > 0, async);
    close_ends(&e);
}

static void test_every_key_and_version(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    for (size_t t = 0; t < HARNESS_TYPES; t++) {
        check(t, TLS1_2_VERSION, NULL, 0);
        check(t, TLS1_3_VERSION, NULL, 0);
    }
    harness_kill(signer);
}

static void test_every_key_and_version_async(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", ",delay=20", NULL, NULL);
    for (size_t t = 0; t < HARNESS_TYPES; t++) {
        check(t, TLS1_2_VERSION, NULL, 1);
        check(t, TLS1_3_VERSION, NULL, 1);
    }
    check(0, TLS1_2_VERSION, "AES128-GCM-SHA256", 1);
    harness_kill(signer);
}

static void test_rsa_key_exchange_and_old_versions(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    for (size_t t = 0; t < 3; t++) {
        check(t, TLS1_2_VERSION, "AES128-GCM-SHA256", 0);
        check(t, TLS1_1_VERSION, "AES128-SHA:@SECLEVEL=0", 0);
        check(t, TLS1_1_VERSION, "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", 0); /* MD5-SHA1 */
    }
    check(3, TLS1_1_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", 0);
    harness_kill(signer);
}

static void test_a_refusal_is_an_alert(void **state)
{
    (void)state;
    struct ends e;
    int pauses = 0;
    pid_t signer = harness_signer(&h, "signer", ",error=0x40", NULL, NULL);
    open_ends(&e, 3, TLS1_3_VERSION, NULL, 0);
    assert_int_equal(shake(&e, &pauses), 0);
    assert_true(harness_error_says("does not satisfy the key's policy"));
    assert_int_equal(SSL_do_handshake(e.client), -1);
    assert_true(harness_error_says("alert internal error"));
    close_ends(&e);
    harness_kill(signer);
}

static void test_a_certificate_of_another_key_is_noticed(void **state)
{
    (void)state;
    X509 *certificate = make_certificate(h.keys[3]);
    EVP_PKEY *other = harness_load_key(&h, 4);
    SSL_CTX *c = SSL_CTX_new_ex(h.libctx, NULL, TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(c, certificate), 1);
    assert_int_not_equal(SSL_CTX_use_PrivateKey(c, other), 1);
    SSL_CTX_free(c);
    EVP_PKEY_free(other);
    X509_free(certificate);
    ERR_clear_error();
}

static int group_start(void **state)
{
    (void)state;
    harness_start(&h);
    harness_load(&h);
    return 0;
}

static int group_end(void **state)
{
    (void)state;
    harness_unload(&h);
    harness_end(&h);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_and_version),
        cmocka_unit_test(test_every_key_and_version_async),
        cmocka_unit_test(test_rsa_key_exchange_and_old_versions),
        cmocka_unit_test(test_a_refusal_is_an_alert),
        cmocka_unit_test(test_a_certificate_of_another_key_is_noticed),
    };
    return cmocka_run_group_tests(tests, group_start, group_end);
}
