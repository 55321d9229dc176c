/* The authority's operations: generations that last, and machine keys that open what they should.
 */
#include "authority.h"

#include "base/secret.h"
#include "cpabe/cpabe.h"
#include "envelope/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct vault_cost cheap = {1, 8};
static const struct authority_pair german[] = {{"country", "DE"}, {"region_EU", "yes"}};

struct world {
    char folder[64];
    struct vault *vault;
    struct authority *authority;
};

static void open_world(struct world *w)
{
    const struct kf_random random = kf_random_system();
    const struct kf_clock clock = kf_clock_system();
    struct kf_error err = {.message = ""};
    if (vault_open(&w->vault, w->folder, (const uint8_t *)"passphrase", 10, cheap, &random, &err) !=
            KF_OK ||
        authority_new(&w->authority, w->vault, &random, &clock, &err) != KF_OK) {
        fail_msg("%s", err.message);
    }
}

static void close_world(struct world *w)
{
    authority_free(w->authority);
    vault_free(w->vault);
    w->authority = NULL;
    w->vault = NULL;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->folder, sizeof w->folder, "/tmp/kf-authority-XXXXXX");
    if (mkdtemp(w->folder) == NULL) {
        return -1;
    }
    open_world(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    static const char *const files[] = {"master.key", "machine-ca.sealed", "generation-1.sealed",
                                        "generation-2.sealed"};
    close_world(w);
    for (size_t i = 0; i < 4; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", w->folder, files[i]);
        (void)unlink(path);
    }
    int rc = rmdir(w->folder);
    free(w);
    return rc;
}

/* Asks and gives the answer's body, for free(). */
static enum kf_status ask(uint8_t **body, size_t *length, struct world *w,
                          const struct authority_request *request)
{
    uint8_t *bytes = malloc(AUTHORITY_REQUEST_MAX);
    uint8_t *answer = malloc(AUTHORITY_ANSWER_MAX);
    char note[512];
    struct authority_answer parsed;
    struct kf_writer q = kf_writer_init(bytes, AUTHORITY_REQUEST_MAX);
    struct kf_writer a = kf_writer_init(answer, AUTHORITY_ANSWER_MAX);
    authority_request_write(&q, request);
    enum kf_status st = authority_answer(&a, w->authority, bytes, q.length, note, sizeof note);
    assert_int_equal(authority_answer_parse(&parsed, answer, a.length), KF_OK);
    assert_int_equal(parsed.status, st);
    if (st == KF_OK) {
        *body = malloc(parsed.body_length + 1);
        memcpy(*body, parsed.body, parsed.body_length);
        *length = parsed.body_length;
    }
    free(bytes);
    free(answer);
    return st;
}

static void test_generations(void **state)
{
    struct world *w = *state;
    struct authority_request q = {.op = AUTHORITY_CREATE_GENERATION, .generation = 2};
    uint8_t *one = NULL;
    uint8_t *again = NULL;
    size_t one_length = 0;
    size_t again_length = 0;
    assert_int_equal(ask(&one, &one_length, w, &q), KF_ERR_CONFLICT); /* 1 comes first */
    q.generation = 0;
    assert_int_equal(ask(&one, &one_length, w, &q), KF_ERR_CONFLICT);
    q.generation = 1;
    assert_int_equal(ask(&one, &one_length, w, &q), KF_OK);
    assert_int_equal(ask(&again, &again_length, w, &q), KF_OK); /* asked again: the same */
    assert_int_equal(again_length, one_length);
    assert_memory_equal(again, one, one_length);
    free(again);
    close_world(w);
    open_world(w);
    assert_int_equal(authority_generations(w->authority), 1);
    q.op = AUTHORITY_GET_PUBLIC;
    assert_int_equal(ask(&again, &again_length, w, &q), KF_OK);
    assert_memory_equal(again, one, one_length);
    free(again);
    q.generation = 2;
    assert_int_equal(ask(&again, &again_length, w, &q), KF_ERR_NOT_FOUND);
    q.op = AUTHORITY_CREATE_GENERATION;
    assert_int_equal(ask(&again, &again_length, w, &q), KF_OK);
    assert_memory_not_equal(again, one, one_length);
    free(again);
    free(one);
}

static void open_machine_key(struct cpabe_attribute_key **out, const uint8_t *sealed, size_t length,
                             const uint8_t secret[static SEAL_KEY_SIZE])
{
    uint8_t *key = kf_secret_new(length);
    size_t key_length = 0;
    assert_int_equal(
        seal_open_machine_key(key, length, &key_length, "fra-1", 1, sealed, length, secret, NULL),
        KF_OK);
    assert_int_equal(cpabe_attribute_key_parse(out, key, key_length), CPABE_OK);
    kf_secret_free(key);
}

static void check_opens(const struct cpabe_public_key *master,
                        const struct cpabe_attribute_key *key, const char *policy,
                        enum cpabe_status expected)
{
    uint8_t *ciphertext = NULL;
    size_t length = 0;
    uint8_t plain[64];
    size_t plain_length = 0;
    assert_int_equal(cpabe_encrypt_text(&ciphertext, &length, master, policy,
                                        (const uint8_t *)"hello", 5, NULL, NULL),
                     CPABE_OK);
    assert_int_equal(cpabe_decrypt(plain, sizeof plain, &plain_length, key, ciphertext, length),
                     expected);
    cpabe_free(ciphertext);
}

static void test_machine_keys(void **state)
{
    struct world *w = *state;
    const struct kf_random random = kf_random_system();
    struct authority_request q = {.op = AUTHORITY_CREATE_GENERATION, .generation = 1};
    struct cpabe_public_key *master = NULL;
    struct cpabe_attribute_key *key = NULL;
    uint8_t secret[SEAL_KEY_SIZE];
    uint8_t *body = NULL;
    size_t length = 0;
    assert_int_equal(ask(&body, &length, w, &q), KF_OK);
    assert_int_equal(cpabe_public_key_parse(&master, body, length), CPABE_OK);
    free(body);

    q.op = AUTHORITY_ISSUE_KEY;
    memcpy(q.machine, "fra-1", 6);
    assert_int_equal(seal_keypair(q.enrolment, secret, &random), KF_OK);
    q.attributes = german;
    q.attribute_count = 2;
    assert_int_equal(ask(&body, &length, w, &q), KF_OK);
    open_machine_key(&key, body, length, secret);
    check_opens(master, key, "region_EU: yes and not country: FR", CPABE_OK);
    check_opens(master, key, "country: FR", CPABE_ERR_UNSATISFIED);
    check_opens(master, key, "fips: yes or not fips: yes", CPABE_ERR_UNSATISFIED);
    free(body);
    cpabe_attribute_key_free(key);
    cpabe_public_key_free(master);

    const struct authority_pair twice[] = {{"country", "DE"}, {"country", "FR"}};
    q.attributes = twice;
    assert_int_equal(ask(&body, &length, w, &q), KF_ERR_USAGE);
    const struct authority_pair no_word[] = {{"country", "D E"}};
    q.attributes = no_word;
    q.attribute_count = 1;
    assert_int_equal(ask(&body, &length, w, &q), KF_ERR_USAGE);
    q.attributes = german;
    q.generation = 9;
    assert_int_equal(ask(&body, &length, w, &q), KF_ERR_NOT_FOUND);
}

static void test_status_and_ca(void **state)
{
    struct world *w = *state;
    struct authority_request q = {.op = AUTHORITY_STATUS};
    struct authority_status before;
    struct authority_status after;
    uint8_t *body = NULL;
    size_t length = 0;
    assert_int_equal(ask(&body, &length, w, &q), KF_OK);
    assert_int_equal(authority_status_parse(&before, body, length), KF_OK);
    free(body);
    assert_int_equal(before.generation_count, 0);
    close_world(w);
    open_world(w);
    assert_int_equal(ask(&body, &length, w, &q), KF_OK);
    assert_int_equal(authority_status_parse(&after, body, length), KF_OK);
    free(body);
    assert_memory_equal(before.ca_fingerprint, after.ca_fingerprint, 32); /* the CA stays */
    q.op = AUTHORITY_CA;
    assert_int_equal(ask(&body, &length, w, &q), KF_OK);
    body[length] = '\0';
    assert_non_null(strstr((char *)body, "-----BEGIN CERTIFICATE-----"));
    free(body);
    q.op = AUTHORITY_SIGN_CERTIFICATE;
    memcpy(q.machine, "fra-1", 6);
    q.role = AUTHORITY_ROLE_RELAY;
    q.csr = (const uint8_t *)"nonsense";
    q.csr_length = 8;
    assert_int_equal(ask(&body, &length, w, &q), KF_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_machine_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status_and_ca, setup, teardown),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
