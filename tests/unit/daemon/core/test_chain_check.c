/* Certificate chains: order, gaps, dates, hosts. */
#include "chain_check.h"

#include "base/secret.h"
#include "certificates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct test_subject good_leaf = {"leaf", "DNS:a.example,DNS:B.example", -10, 90,
                                              false};

/* Loads and checks the certificates of `order` (indices into made). */
static enum kf_status check(struct warnings *warnings, struct problem *problem,
                            const struct test_chain *made, const int *order, size_t count)
{
    static char pem[TEST_PEM_MAX];
    struct chain chain;
    pem[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        test_append(pem, made->certificates[order[i]]);
    }
    *problem = (struct problem){.http = 0};
    warnings->count = 0;
    enum kf_status st = chain_load(&chain, pem, strlen(pem), problem);
    if (st != KF_OK) {
        return st;
    }
    st = chain_check_key(&chain, made->keys[0], problem);
    if (st == KF_OK) {
        st = chain_check(&chain, TEST_NOW_MS, warnings, problem);
    }
    chain_clear(&chain);
    return st;
}

static void test_order(void **state)
{
    (void)state;
    static const struct {
        int order[3];
        size_t count;
        const char *code; /* NULL: fine */
        size_t warnings;
    } cases[] = {
        {{0, 1, 2}, 3, NULL, 0},
        {{0, 1}, 2, NULL, 0},
        {{0}, 1, NULL, 1}, /* ends with the leaf */
        {{0, 2}, 2, "chain_gap", 0},
        {{0, 2, 1}, 3, "chain_order", 0},
        {{1, 0}, 2, "chain_order", 0},
        {{0, 0}, 2, "chain_gap", 0},
        {{0, 1, 0}, 3, "chain_gap", 0},
        {{1, 2}, 2, "key_mismatch", 0},
    };
    struct test_chain made;
    test_chain_make(&made, &good_leaf);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct warnings warnings;
        struct problem problem;
        enum kf_status st = check(&warnings, &problem, &made, cases[i].order, cases[i].count);
        assert_int_equal(st == KF_OK, cases[i].code == NULL);
        assert_string_equal(problem.code, cases[i].code == NULL ? "" : cases[i].code);
        assert_int_equal(warnings.count, cases[i].warnings);
    }
    test_chain_clear(&made);
}

/* Names alone do not make an issuer: the signature counts. */
static void test_a_namesake_is_no_issuer(void **state)
{
    (void)state;
    struct test_chain made;
    struct test_chain other;
    struct warnings warnings;
    struct problem problem;
    static const int order[] = {0, 1};
    test_chain_make(&made, &good_leaf);
    test_chain_make(&other, &good_leaf);
    X509 *kept = made.certificates[1];
    made.certificates[1] = other.certificates[1];
    assert_int_not_equal(check(&warnings, &problem, &made, order, 2), KF_OK);
    assert_string_equal(problem.code, "chain_gap");
    made.certificates[1] = kept;
    test_chain_clear(&made);
    test_chain_clear(&other);
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        int from;
        int until;
        bool good;
        size_t warnings;
    } cases[] = {
        {-10, 90, true, 0}, {-10, 13, true, 1},  {-10, 15, true, 0}, {1, 90, true, 1},
        {-10, 0, false, 0}, {-10, -1, false, 0}, {1, 2, true, 2},
    };
    static const int order[] = {0, 1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_subject leaf = good_leaf;
        struct test_chain made;
        struct warnings warnings;
        struct problem problem;
        leaf.from_days = cases[i].from;
        leaf.until_days = cases[i].until;
        test_chain_make(&made, &leaf);
        enum kf_status st = check(&warnings, &problem, &made, order, 2);
        assert_int_equal(st == KF_OK, cases[i].good);
        assert_string_equal(problem.code, cases[i].good ? "" : "certificate_expired");
        assert_int_equal(warnings.count, cases[i].warnings);
        test_chain_clear(&made);
    }
}

static enum kf_status hosts_of(struct chain_hosts *out, struct problem *problem, const char *names)
{
    struct test_subject leaf = good_leaf;
    struct test_chain made;
    struct chain chain;
    static char pem[TEST_PEM_MAX];
    leaf.hosts = names;
    test_chain_make(&made, &leaf);
    pem[0] = '\0';
    test_append(pem, made.certificates[0]);
    assert_int_equal(chain_load(&chain, pem, strlen(pem), problem), KF_OK);
    enum kf_status st = chain_hosts(out, &chain, problem);
    chain_clear(&chain);
    test_chain_clear(&made);
    return st;
}

static void test_hosts(void **state)
{
    (void)state;
    struct chain_hosts *hosts = calloc(1, sizeof *hosts);
    struct problem problem;
    assert_int_equal(hosts_of(hosts, &problem,
                              "DNS:WWW.Example.org,email:a@b.c,DNS:*.example.org,IP:192.0.2.1,"
                              "IP:2001:db8::1,DNS:www.example.org"),
                     KF_OK);
    assert_int_equal(hosts->count, 4); /* without the address and the repetition */
    assert_string_equal(hosts->names[0], "www.example.org");
    assert_string_equal(hosts->names[1], "*.example.org");
    assert_string_equal(hosts->names[2], "192.0.2.1");
    assert_string_equal(hosts->names[3], "2001:db8::1");
    assert_int_not_equal(hosts_of(hosts, &problem, NULL), KF_OK);
    assert_string_equal(problem.code, "no_hosts");
    assert_int_not_equal(hosts_of(hosts, &problem, "email:a@b.c"), KF_OK);
    assert_string_equal(problem.code, "no_hosts");
    static const char *const bad[] = {"DNS:a b.example", "DNS:a/../b", "DNS:.example",
                                      "DNS:a..b",        "DNS:a*.b",   "DNS:x\\.y"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(hosts_of(hosts, &problem, bad[i]), KF_OK);
        assert_string_equal(problem.code, "bad_host");
    }
    static char many[PAYLOAD_HOSTS_MAX * 32 + 64];
    size_t at = 0;
    for (int i = 0; i <= PAYLOAD_HOSTS_MAX; i++) {
        at +=
            (size_t)snprintf(many + at, sizeof many - at, "%sDNS:h%d.example", i > 0 ? "," : "", i);
    }
    assert_int_not_equal(hosts_of(hosts, &problem, many), KF_OK);
    assert_string_equal(problem.code, "too_many_hosts");
    free(hosts);
}

static void test_what_is_stored_are_the_certificates_alone(void **state)
{
    (void)state;
    struct test_chain made;
    struct chain chain;
    struct problem problem;
    static char pem[TEST_PEM_MAX];
    static char plain[TEST_PEM_MAX];
    static char out[TEST_PEM_MAX];
    size_t length = 0;
    test_chain_make(&made, &good_leaf);
    plain[0] = '\0';
    test_append(plain, made.certificates[0]);
    test_append(plain, made.certificates[1]);
    (void)snprintf(pem, sizeof pem, "subject=/CN=leaf\n%s\ntrailing words\n", plain);
    assert_int_equal(chain_load(&chain, pem, strlen(pem), &problem), KF_OK);
    assert_int_equal(chain_encode(out, sizeof out, &length, &chain, &problem), KF_OK);
    assert_string_equal(out, plain);
    assert_int_equal(length, strlen(plain));
    assert_int_equal(chain_encode(out, length, &length, &chain, &problem), KF_ERR_LIMIT);
    chain_clear(&chain);
    test_chain_clear(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_a_namesake_is_no_issuer),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_what_is_stored_are_the_certificates_alone),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
