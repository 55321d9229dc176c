/* The provider in a library context of its own: keys, signatures, refusals, fork, restart. */
#include "harness.h"

#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { P256 = 3, ED25519 = 5 };

static struct harness h;

static int group_start(void **state)
{
    (void)state;
    harness_start(&h);
    return 0;
}

static int group_end(void **state)
{
    (void)state;
    harness_end(&h);
    return 0;
}

static int load(void **state)
{
    (void)state;
    harness_load(&h);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    ERR_clear_error();
    harness_unload(&h);
    return 0;
}

static void test_each_key_signs(void **state)
{
    (void)state;
    static const char *const digests[] = {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"};
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    for (size_t t = 0; t < ED25519; t++) {
        EVP_PKEY *key = harness_load_key(&h, t);
        assert_non_null(key);
        assert_int_equal(EVP_PKEY_eq(key, h.keys[t]), 1);
        assert_int_equal(EVP_PKEY_get_bits(key), EVP_PKEY_get_bits(h.keys[t]));
        for (size_t d = 0; d < sizeof digests / sizeof digests[0]; d++) {
            assert_int_equal(harness_sign(&h, t, key, digests[d], 0), 1);
            if (t < P256 && d >= 2) {
                assert_int_equal(harness_sign(&h, t, key, digests[d], 1), 1);
            }
        }
        EVP_PKEY_free(key);
    }
    EVP_PKEY *key = harness_load_key(&h, ED25519);
    assert_int_equal(harness_sign(&h, ED25519, key, NULL, 0), 1);
    EVP_PKEY_free(key);
    harness_kill(signer);
}

static void test_what_is_not_supported_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *rsa = harness_load_key(&h, 0);
    EVP_PKEY *ed25519 = harness_load_key(&h, ED25519);
    assert_int_equal(harness_sign(&h, 0, rsa, "SHA3-256", 0), 0);
    assert_true(harness_error_says("not supported"));
    assert_int_equal(harness_sign(&h, 0, rsa, "SHA1", 1), 0);
    assert_true(harness_error_says("RSASSA-PSS over SHA1"));
    assert_int_equal(harness_sign(&h, ED25519, ed25519, "SHA256", 0), 0);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(h.libctx, rsa, NULL);
    assert_int_equal(EVP_PKEY_sign_init(c), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_MAX) <= 0);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) <= 0);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ed25519);
}

/* RSA decryption serves TLS's RSA key exchange and nothing else. */
static void test_no_decryption_oracle(void **state)
{
    (void)state;
    uint8_t in[256] = {1};
    uint8_t out[256];
    size_t n = sizeof out;
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    EVP_PKEY *rsa = harness_load_key(&h, 0);
    static const int paddings[] = {RSA_PKCS1_PADDING, RSA_NO_PADDING, RSA_PKCS1_OAEP_PADDING};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(h.libctx, rsa, NULL);
        assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
        (void)EVP_PKEY_CTX_set_rsa_padding(c, paddings[i]);
        n = sizeof out;
        assert_true(EVP_PKEY_decrypt(c, out, &n, in, sizeof in) <= 0);
        EVP_PKEY_CTX_free(c);
    }
    EVP_PKEY_free(rsa);
    harness_kill(signer);
}

static void test_the_private_half_stays_out(void **state)
{
    (void)state;
    EVP_PKEY *key = harness_load_key(&h, P256);
    EVP_PKEY *copy = EVP_PKEY_dup(key);
    OSSL_PARAM *params = NULL;
    assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 0);
    assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params), 1);
    OSSL_PARAM_free(params);
    assert_non_null(copy);
    assert_int_equal(EVP_PKEY_eq(key, copy), 1);
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_int_not_equal(EVP_PKEY_eq(key, other), 1);
    assert_int_equal(ERR_peek_error(), 0); /* a stale error fails later handshakes in nginx */
    EVP_PKEY_free(other);
    EVP_PKEY_free(copy);
    EVP_PKEY_free(key);
}

static void test_through_the_store(void **state)
{
    (void)state;
    char uri[512];
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    for (size_t t = 0; t < HARNESS_TYPES; t++) {
        (void)snprintf(uri, sizeof uri, "file:%s/%s.ref", h.folder, harness_types[t]);
        OSSL_STORE_CTX *s = OSSL_STORE_open_ex(uri, h.libctx, NULL, NULL, NULL, NULL, NULL, NULL);
        assert_non_null(s);
        OSSL_STORE_INFO *info = OSSL_STORE_load(s);
        assert_non_null(info);
        EVP_PKEY *key = OSSL_STORE_INFO_get1_PKEY(info);
        assert_non_null(key);
        assert_int_equal(harness_sign(&h, t, key, t == ED25519 ? NULL : "SHA256", 0), 1);
        EVP_PKEY_free(key);
        OSSL_STORE_INFO_free(info);
        OSSL_STORE_close(s);
    }
    harness_kill(signer);
}

/* A reference whose identifier belongs to another public key would have the wrong key used. */
static void test_a_changed_reference_is_refused(void **state)
{
    (void)state;
    char path[512];
    char text[4096];
    (void)snprintf(path, sizeof path, "%s/p256.ref", h.folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = 0;
    char *at = strchr(text, '\n') + 20;
    *at = *at == 'A' ? 'B' : 'A';
    BIO *b = BIO_new_mem_buf(text, (int)n);
    EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(b, NULL, NULL, NULL, h.libctx, NULL);
    assert_null(key);
    assert_true(harness_error_says("bad key reference"));
    BIO_free(b);
}

static void test_refusals_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *signer;
        const char *relay;
        const char *says;
    } cases[] = {
        {",error=0x02", NULL, "does not know the key"},
        {",error=0x40", NULL, "does not satisfy the key's policy"},
        {",error=0x40", ",error=0x43", "no data centre satisfies the key's policy"},
        {",error=0x40", ",error=0x44", "answered"},
        {",error=0x41", ",error=0x41", "overloaded"},
        {",error=0x01", NULL, "could not do the operation"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pid_t signer = harness_signer(&h, "signer", cases[i].signer, NULL, NULL);
        pid_t relay =
            cases[i].relay == NULL ? 0 : harness_signer(&h, "relay", cases[i].relay, NULL, NULL);
        EVP_PKEY *key = harness_load_key(&h, P256);
        assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 0);
        assert_true(harness_error_says(cases[i].says));
        EVP_PKEY_free(key);
        harness_kill(signer);
        if (relay != 0) {
            harness_kill(relay);
        }
    }
}

static void test_relay_steps_in(void **state)
{
    (void)state;
    pid_t relay = harness_signer(&h, "relay", "", NULL, NULL);
    EVP_PKEY *key = harness_load_key(&h, P256);
    assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1); /* no signer at all */
    pid_t signer = harness_signer(&h, "signer", ",error=0x40", NULL, NULL);
    assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    harness_kill(signer);
    harness_kill(relay);
    EVP_PKEY_free(key);
}

static void test_restart_and_dropped_connections(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", "", "--drop-every", "3");
    EVP_PKEY *key = harness_load_key(&h, P256);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    }
    for (int i = 0; i < 5; i++) {
        harness_kill(signer);
        signer = harness_signer(&h, "signer", "", NULL, NULL);
        assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    }
    harness_kill(signer);
    EVP_PKEY_free(key);
}

static void *sign_once(void *argument)
{
    return harness_sign(&h, P256, argument, "SHA256", 0) == 1 ? NULL : argument;
}

static void test_a_signature_outlasts_a_restart(void **state)
{
    (void)state;
    pthread_t thread;
    void *failed = NULL;
    const struct timespec pause = {.tv_nsec = 200000000};
    pid_t signer = harness_signer(&h, "signer", "", "--die-after", "2");
    EVP_PKEY *key = harness_load_key(&h, P256);
    assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    assert_int_equal(pthread_create(&thread, NULL, sign_once, key), 0);
    harness_wait(signer);          /* it dies of the second signature */
    (void)nanosleep(&pause, NULL); /* the time that a restart takes */
    signer = harness_signer(&h, "signer", "", NULL, NULL);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    harness_kill(signer);
    EVP_PKEY_free(key);
}

static void sign_in_child(EVP_PKEY *key)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int ok = harness_sign(&h, P256, key, "SHA256", 0) == 1 &&
                 harness_sign(&h, P256, key, "SHA384", 0) == 1;
        if (ok) {
            EVP_PKEY_free(key);
            harness_unload(&h);
        }
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_survives_fork(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    EVP_PKEY *key = harness_load_key(&h, P256);
    sign_in_child(key); /* before the parent has a thread */
    assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    sign_in_child(key); /* and after */
    sign_in_child(key);
    assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    /* a child that never signs ends quietly as well */
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        EVP_PKEY_free(key);
        harness_unload(&h);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    harness_kill(signer);
    EVP_PKEY_free(key);
}

static void *sign_much(void *argument)
{
    EVP_PKEY *key = argument;
    for (int i = 0; i < 50; i++) {
        if (harness_sign(&h, P256, key, "SHA256", 0) != 1) {
            return argument;
        }
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    pid_t signer = harness_signer(&h, "signer", "", NULL, NULL);
    EVP_PKEY *key = harness_load_key(&h, P256);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_much, key), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    harness_kill(signer);
    EVP_PKEY_free(key);
}

static int async_sign(void *argument)
{
    EVP_PKEY *key = NULL;
    memcpy(&key, argument, sizeof key);
    return harness_sign(&h, P256, key, "SHA256", 0);
}

static void test_async_pauses_and_registers_late(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", ",delay=50", NULL, NULL);
    EVP_PKEY *key = harness_load_key(&h, P256);
    ASYNC_JOB *job = NULL;
    ASYNC_WAIT_CTX *wait = ASYNC_WAIT_CTX_new();
    OSSL_ASYNC_FD descriptor = -1;
    size_t count = 0;
    int result = 0;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(ASYNC_start_job(&job, wait, &result, async_sign, &key, sizeof(EVP_PKEY *)),
                         ASYNC_PAUSE);
        assert_int_equal(ASYNC_WAIT_CTX_get_all_fds(wait, NULL, &count), 1);
        assert_int_equal(count, 1); /* one descriptor, whatever the number of operations */
        assert_int_equal(ASYNC_WAIT_CTX_get_all_fds(wait, &descriptor, &count), 1);
        struct pollfd p = {.fd = descriptor, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 0), 0);
        assert_int_equal(ASYNC_start_job(&job, wait, &result, async_sign, &key, sizeof(EVP_PKEY *)),
                         ASYNC_PAUSE); /* resumed for nothing: pauses again */
        assert_int_equal(poll(&p, 1, 5000), 1);
        assert_int_equal(ASYNC_start_job(&job, wait, &result, async_sign, &key, sizeof(EVP_PKEY *)),
                         ASYNC_FINISH);
        assert_int_equal(result, 1);
        assert_int_equal(poll(&p, 1, 0), 0); /* quiet again, and still open */
    }
    ASYNC_WAIT_CTX_free(wait);
    EVP_PKEY_free(key);
    harness_kill(signer);
}

/* Under LeakSanitizer these exist. What they are for: OpenSSL cannot free a paused job whose
 * connection is gone, and the test below makes twenty of them. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static void expect_leaks(bool expected)
{
    void (*tell)(void) = expected ? __lsan_disable : __lsan_enable;
    if (tell != NULL) {
        tell();
    }
}

/* The connection goes away while its signature is under way. */
static void test_async_abandoned(void **state)
{
    (void)state;
    pid_t signer = harness_signer(&h, "signer", ",delay=50", NULL, NULL);
    EVP_PKEY *key = harness_load_key(&h, P256);
    for (int i = 0; i < 20; i++) {
        ASYNC_JOB *job = NULL;
        ASYNC_WAIT_CTX *wait = ASYNC_WAIT_CTX_new();
        int result = 0;
        expect_leaks(true);
        assert_int_equal(ASYNC_start_job(&job, wait, &result, async_sign, &key, sizeof(EVP_PKEY *)),
                         ASYNC_PAUSE);
        expect_leaks(false);
        ASYNC_WAIT_CTX_free(wait);
    }
    assert_int_equal(harness_sign(&h, P256, key, "SHA256", 0), 1);
    EVP_PKEY_free(key);
    harness_kill(signer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, load, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_key_signs),
        TEST(test_what_is_not_supported_is_refused),
        TEST(test_no_decryption_oracle),
        TEST(test_the_private_half_stays_out),
        TEST(test_through_the_store),
        TEST(test_a_changed_reference_is_refused),
        TEST(test_refusals_say_why),
        TEST(test_relay_steps_in),
        TEST(test_restart_and_dropped_connections),
        TEST(test_a_signature_outlasts_a_restart),
        TEST(test_survives_fork),
        TEST(test_many_threads),
        TEST(test_async_pauses_and_registers_late),
        TEST(test_async_abandoned),
    };
    return cmocka_run_group_tests(tests, group_start, group_end);
}
