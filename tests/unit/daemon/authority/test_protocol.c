/* Frames between core and authority: round trips, bounds, and bytes that are no frames. */
#include "authority_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 20260101, ROUNDS = 20000 };

static const struct authority_pair pairs[] = {{"country", "DE"}, {"region_EU", "yes"}};
static const char *const names[] = {"core.example", "127.0.0.1"};
static const uint8_t csr[] = {0x30, 0x03, 0x02, 0x01, 0x00};

static struct authority_request example(uint8_t op)
{
    struct authority_request q = {.op = op};
    if (op == AUTHORITY_CREATE_GENERATION || op == AUTHORITY_GET_PUBLIC) {
        q.generation = 7;
    } else if (op == AUTHORITY_ISSUE_KEY) {
        q.generation = 7;
        memcpy(q.machine, "fra-1", 6);
        memset(q.enrolment, 0xab, sizeof q.enrolment);
        q.attributes = pairs;
        q.attribute_count = 2;
    } else if (op == AUTHORITY_SIGN_CERTIFICATE) {
        memcpy(q.machine, "core", 5);
        q.role = AUTHORITY_ROLE_CORE;
        q.names = names;
        q.name_count = 2;
        q.csr = csr;
        q.csr_length = sizeof csr;
    }
    return q;
}

static size_t encode(uint8_t *out, size_t capacity, const struct authority_request *q)
{
    struct kf_writer w = kf_writer_init(out, capacity);
    size_t length = 0;
    authority_request_write(&w, q);
    assert_int_equal(kf_writer_finish(&length, &w), KF_OK);
    return length;
}

static void test_requests_come_back(void **state)
{
    (void)state;
    for (uint8_t op = AUTHORITY_STATUS; op <= AUTHORITY_CA; op++) {
        const struct authority_request q = example(op);
        uint8_t bytes[512];
        struct authority_request r;
        size_t length = encode(bytes, sizeof bytes, &q);
        assert_int_equal(authority_request_parse(&r, bytes, length), KF_OK);
        assert_int_equal(r.op, op);
        assert_int_equal(r.generation, q.generation);
        assert_string_equal(r.machine, q.machine);
        assert_memory_equal(r.enrolment, q.enrolment, sizeof q.enrolment);
        assert_int_equal(r.attribute_count, q.attribute_count);
        for (size_t i = 0; i < q.attribute_count; i++) {
            assert_string_equal(r.attributes[i].label, pairs[i].label);
            assert_string_equal(r.attributes[i].value, pairs[i].value);
        }
        assert_int_equal(r.name_count, q.name_count);
        for (size_t i = 0; i < q.name_count; i++) {
            assert_string_equal(r.names[i], names[i]);
        }
        assert_int_equal(r.csr_length, q.csr_length);
        authority_request_clear(&r);
        assert_null(r.arena);
    }
}

static void test_cut_and_trailing_bytes(void **state)
{
    (void)state;
    for (uint8_t op = AUTHORITY_STATUS; op <= AUTHORITY_CA; op++) {
        const struct authority_request q = example(op);
        uint8_t bytes[512] = {0};
        struct authority_request r = {.op = 99};
        size_t length = encode(bytes, sizeof bytes, &q);
        for (size_t cut = 0; cut < length; cut++) {
            assert_int_equal(authority_request_parse(&r, bytes, cut), KF_ERR_MALFORMED);
        }
        assert_int_equal(authority_request_parse(&r, bytes, length + 1), KF_ERR_MALFORMED);
        assert_int_equal(r.op, 99);
    }
}

static enum kf_status parse_request(const struct authority_request *q)
{
    static uint8_t bytes[AUTHORITY_REQUEST_MAX + 4096];
    struct kf_writer w = kf_writer_init(bytes, sizeof bytes);
    struct authority_request r;
    authority_request_write(&w, q);
    enum kf_status st = authority_request_parse(&r, bytes, w.length);
    if (st == KF_OK) {
        authority_request_clear(&r);
    }
    return st;
}

static void test_bounds(void **state)
{
    (void)state;
    static const char *const bad_ids[] = {"", "-x", "Fra", "a_b", "a/b", "a.b"};
    for (size_t i = 0; i < sizeof bad_ids / sizeof bad_ids[0]; i++) {
        struct authority_request q = example(AUTHORITY_ISSUE_KEY);
        (void)snprintf(q.machine, sizeof q.machine, "%s", bad_ids[i]);
        assert_int_equal(parse_request(&q), KF_ERR_MALFORMED);
    }
    struct authority_request role = example(AUTHORITY_SIGN_CERTIFICATE);
    role.role = 4;
    assert_int_equal(parse_request(&role), KF_ERR_MALFORMED);
    role.role = AUTHORITY_ROLE_SYNC; /* with names: only the core has them */
    assert_int_equal(parse_request(&role), KF_ERR_MALFORMED);

    struct authority_pair many[AUTHORITY_ATTRIBUTES_MAX + 1];
    for (size_t i = 0; i <= AUTHORITY_ATTRIBUTES_MAX; i++) {
        many[i] = pairs[0];
    }
    struct authority_request q = example(AUTHORITY_ISSUE_KEY);
    q.attributes = many;
    q.attribute_count = AUTHORITY_ATTRIBUTES_MAX;
    assert_int_equal(parse_request(&q), KF_OK);
    q.attribute_count++;
    assert_int_equal(parse_request(&q), KF_ERR_LIMIT);

    char word[AUTHORITY_WORD_MAX + 2];
    memset(word, 'a', sizeof word);
    word[AUTHORITY_WORD_MAX + 1] = '\0';
    const struct authority_pair wide[] = {{"x", word + 1}, {"x", word}, {"x", ""}};
    static const enum kf_status expected[] = {KF_OK, KF_ERR_LIMIT, KF_ERR_MALFORMED};
    for (size_t i = 0; i < 3; i++) {
        q.attributes = &wide[i];
        q.attribute_count = 1;
        assert_int_equal(parse_request(&q), expected[i]);
    }

    struct authority_request unknown = {.op = AUTHORITY_CA + 1};
    assert_int_equal(parse_request(&unknown), KF_ERR_UNSUPPORTED);
    static uint8_t large[AUTHORITY_REQUEST_MAX + 1];
    struct authority_request r;
    assert_int_equal(authority_request_parse(&r, large, sizeof large), KF_ERR_LIMIT);
}

static void test_a_nul_in_a_text_is_refused(void **state)
{
    (void)state;
    const struct authority_request q = example(AUTHORITY_ISSUE_KEY);
    uint8_t bytes[512];
    struct authority_request r;
    size_t length = encode(bytes, sizeof bytes, &q);
    uint8_t *label = memmem(bytes, length, "country", 7);
    assert_non_null(label);
    label[3] = 0;
    assert_int_equal(authority_request_parse(&r, bytes, length), KF_ERR_MALFORMED);
}

static void test_answers(void **state)
{
    (void)state;
    static const enum kf_status statuses[] = {
        KF_ERR_INTERNAL,  KF_ERR_MALFORMED, KF_ERR_LIMIT,  KF_ERR_UNSUPPORTED,
        KF_ERR_NOT_FOUND, KF_ERR_CONFLICT,  KF_ERR_FORGED, KF_ERR_USAGE,
        KF_ERR_IO,        KF_ERR_MEMORY,    KF_ERR_RANDOM, KF_ERR_DENIED,
    };
    uint8_t bytes[2048];
    struct authority_answer a;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct kf_writer w = kf_writer_init(bytes, sizeof bytes);
        authority_answer_write(&w, statuses[i], "why", NULL, 0);
        assert_int_equal(bytes[0], i + 1); /* the numbers of the wire, docs/PROTOCOL.authority */
        assert_int_equal(authority_answer_parse(&a, bytes, w.length), KF_OK);
        assert_int_equal(a.status, statuses[i]);
        assert_string_equal(a.message, "why");
    }
    struct kf_writer w = kf_writer_init(bytes, sizeof bytes);
    authority_answer_write(&w, KF_OK, "", csr, sizeof csr);
    assert_int_equal(authority_answer_parse(&a, bytes, w.length), KF_OK);
    assert_int_equal(a.status, KF_OK);
    assert_int_equal(a.body_length, sizeof csr);
    assert_memory_equal(a.body, csr, sizeof csr);
    for (size_t cut = 0; cut < w.length; cut++) {
        assert_int_equal(authority_answer_parse(&a, bytes, cut), KF_ERR_MALFORMED);
    }
    bytes[0] = 200;
    assert_int_equal(authority_answer_parse(&a, bytes, w.length), KF_ERR_MALFORMED);
    /* A status that has no number of its own, and a message beyond the bound. */
    char message[4096];
    memset(message, 'm', sizeof message);
    message[sizeof message - 1] = '\0';
    w = kf_writer_init(bytes, sizeof bytes);
    authority_answer_write(&w, KF_ERR_TIMEOUT, message, NULL, 0);
    assert_int_equal(authority_answer_parse(&a, bytes, w.length), KF_OK);
    assert_int_equal(a.status, KF_ERR_INTERNAL);
    assert_int_equal(strlen(a.message), sizeof a.message - 1);
}

/* What still parses after random damage is written back to the same bytes: one canonical form. */
static void test_damage(void **state)
{
    (void)state;
    print_message("seed %d\n", SEED);
    srand(SEED);
    size_t survived = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        const struct authority_request q = example((uint8_t)(1 + rand() % AUTHORITY_CA));
        uint8_t bytes[512];
        uint8_t again[512];
        struct authority_request r;
        size_t length = encode(bytes, sizeof bytes, &q);
        bytes[(size_t)rand() % length] ^= (uint8_t)(1 << (rand() % 8));
        if (authority_request_parse(&r, bytes, length) == KF_OK) {
            survived++;
            assert_int_equal(encode(again, sizeof again, &r), length);
            assert_memory_equal(again, bytes, length);
            authority_request_clear(&r);
        }
    }
    assert_true(survived > 0 && survived < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_come_back),
        cmocka_unit_test(test_cut_and_trailing_bytes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_nul_in_a_text_is_refused),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
