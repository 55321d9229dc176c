/* A whole upload: from the bytes of the request to findings, or to the reason against it. */
#include "upload_check.h"

#include "base/secret.h"
#include "certificates.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PKCS8_MAX = 8192 };

struct fixture {
    struct test_chain made;
    char chain[TEST_PEM_MAX];
    char key[4096];
    struct upload_findings findings;
    uint8_t pkcs8[PKCS8_MAX];
    size_t pkcs8_length;
    struct problem problem;
};

static int setup(void **state)
{
    static const struct test_subject leaf = {"leaf", "DNS:a.example", -10, 90, false};
    struct fixture *f = calloc(1, sizeof *f);
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    test_chain_make(&f->made, &leaf);
    test_append(f->chain, f->made.certificates[0]);
    test_append(f->chain, f->made.certificates[1]);
    if (PEM_write_bio_PKCS8PrivateKey(bio, f->made.keys[0], NULL, NULL, 0, NULL, NULL) != 1) {
        return -1;
    }
    long length = BIO_get_mem_data(bio, &data);
    memcpy(f->key, data, (size_t)length);
    BIO_free(bio);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    test_chain_clear(&f->made);
    free(f);
    return 0;
}

static enum kf_status check_text(struct fixture *f, const char *body, size_t length)
{
    f->problem = (struct problem){.http = 0};
    memset(f->pkcs8, 0xee, sizeof f->pkcs8);
    return upload_check(&f->findings, f->pkcs8, sizeof f->pkcs8, &f->pkcs8_length,
                        (const uint8_t *)body, length, TEST_NOW_MS, &f->problem);
}

static enum kf_status check(struct fixture *f, const char *chain, const char *key,
                            const char *policy)
{
    json_t *body = json_pack("{s:s, s:s, s:s}", "chain", chain, "key", key, "policy", policy);
    char *text = json_dumps(body, 0);
    enum kf_status st = check_text(f, text, strlen(text));
    free(text);
    json_decref(body);
    return st;
}

static void test_findings(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(check(f, f->chain, f->key, "country: DE"), KF_OK);
    assert_int_equal(f->findings.hosts.count, 1);
    assert_string_equal(f->findings.hosts.names[0], "a.example");
    assert_string_equal(f->findings.chain, f->chain);
    assert_string_equal(f->findings.policy, "country: DE");
    assert_int_equal(f->findings.key_type, KEY_P256);
    assert_int_equal(f->findings.warnings.count, 0);

    /* The SKI is the SHA-1 of the BIT STRING: for P-256 the last 65 bytes of the SPKI. */
    uint8_t ski[20];
    assert_int_equal(f->findings.spki_length, 91);
    (void)SHA1(f->findings.spki + 91 - 65, 65, ski);
    assert_memory_equal(f->findings.ski, ski, sizeof ski);

    const uint8_t *at = f->pkcs8;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)f->pkcs8_length);
    assert_int_equal(EVP_PKEY_eq(key, f->made.keys[0]), 1);
    EVP_PKEY_free(key);
}

static void test_a_refusal_leaves_no_key(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zeros[PKCS8_MAX];
    /* The last check of all fails: the chain names no host. */
    static const struct test_subject nameless = {"leaf", NULL, -10, 90, false};
    X509 *leaf =
        test_certificate(&nameless, f->made.keys[0], f->made.certificates[1], f->made.keys[1]);
    char pem[TEST_PEM_MAX] = "";
    test_append(pem, leaf);
    X509_free(leaf);
    assert_int_not_equal(check(f, pem, f->key, "country: DE"), KF_OK);
    assert_string_equal(f->problem.code, "no_hosts");
    assert_memory_equal(f->pkcs8, zeros, sizeof zeros);
}

static void test_bodies(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body;
        const char *code;
    } cases[] = {
        {"", "json_malformed"},
        {"{", "json_malformed"},
        {"{} x", "json_malformed"},
        {"[]", "invalid"},
        {"{}", "invalid"},
        {"{\"chain\": 1, \"key\": \"k\", \"policy\": \"p\"}", "invalid"},
        {"{\"chain\": \"\", \"key\": \"k\", \"policy\": \"p\"}", "invalid"},
        {"{\"chain\": \"c\", \"key\": \"k\"}", "invalid"},
        {"{\"chain\": \"c\", \"key\": \"k\", \"policy\": \"p\", \"x\": 1}", "invalid"},
        {"{\"chain\": \"c\", \"chain\": \"c\", \"key\": \"k\", \"policy\": \"p\"}",
         "json_malformed"},
        {"{\"chain\": \"c\\u0000\", \"key\": \"k\", \"policy\": \"p\"}", "json_malformed"},
        {"{\"chain\": \"c\", \"key\": \"k\", \"policy\": \"p\"}", "chain_malformed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_not_equal(check_text(f, cases[i].body, strlen(cases[i].body)), KF_OK);
        assert_string_equal(f->problem.code, cases[i].code);
        assert_int_equal(f->problem.http, 400);
    }
}

/* Jansson quotes what it does not understand; a key must not come back that way, nor into a log. */
static void test_an_error_never_quotes_the_body(void **state)
{
    struct fixture *f = *state;
    static const char body[] = "{\"key\": SECRETSECRET}";
    assert_int_not_equal(check_text(f, body, strlen(body)), KF_OK);
    assert_null(strstr(f->problem.message, "SECRET"));
    assert_null(strstr(f->problem.hint, "SECRET"));
}

static void test_problems_cross_the_worker_boundary(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4096];
    struct problem back;
    assert_int_not_equal(check(f, f->chain, "x", "country: DE"), KF_OK);
    struct kf_writer w = kf_writer_init(bytes, sizeof bytes);
    problem_write(&w, &f->problem);
    struct kf_reader r = kf_reader_init(bytes, w.length);
    assert_int_equal(problem_read(&back, &r), KF_OK);
    assert_int_equal(kf_reader_finish(&r), KF_OK);
    assert_memory_equal(&back, &f->problem, sizeof back);
    for (size_t cut = 0; cut < w.length; cut++) {
        r = kf_reader_init(bytes, cut);
        assert_int_equal(problem_read(&back, &r), KF_ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_findings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_leaves_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_error_never_quotes_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_problems_cross_the_worker_boundary, setup, teardown),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
