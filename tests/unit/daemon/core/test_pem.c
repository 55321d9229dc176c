/* PEM texts: what is found in them, and the block and line of what is wrong. */
#include "pem.h"

#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum kf_status first(struct pem_block *block, struct problem *problem, const char *text)
{
    struct pem_text pem = pem_open("key", text, strlen(text));
    *problem = (struct problem){.http = 0};
    return pem_next(block, &pem, problem);
}

static void test_blocks(void **state)
{
    (void)state;
    static const char text[] = "a comment\n"
                               "-----BEGIN ONE-----\r\n"
                               "AAEC\r\n"
                               "-----END ONE-----  \r\n"
                               "\n"
                               "-----BEGIN TWO 2-----\n"
                               "Proc-Type: 4,ENCRYPTED\n"
                               "DEK-Info: AES-128-CBC,00\n"
                               "\n"
                               "A wE\n"
                               "=\n"
                               "-----END TWO 2-----";
    struct pem_text pem = pem_open("chain", text, strlen(text));
    struct pem_block block;
    struct problem problem;
    uint8_t out[64];
    size_t length = 0;
    assert_int_equal(pem_next(&block, &pem, &problem), KF_OK);
    assert_string_equal(block.label, "ONE");
    assert_int_equal(block.number, 1);
    assert_int_equal(block.begin_line, 2);
    assert_false(block.encrypted);
    assert_int_equal(pem_decode(out, sizeof out, &length, &pem, &block, &problem), KF_OK);
    assert_int_equal(length, 3);
    assert_memory_equal(out, "\x00\x01\x02", 3);
    assert_int_equal(pem_next(&block, &pem, &problem), KF_OK);
    assert_string_equal(block.label, "TWO 2");
    assert_int_equal(block.begin_line, 6);
    assert_int_equal(block.body_line, 10);
    assert_true(block.encrypted);
    assert_int_equal(pem_decode(out, sizeof out, &length, &pem, &block, &problem), KF_OK);
    assert_memory_equal(out, "\x03\x01", 2);
    assert_int_equal(pem_next(&block, &pem, &problem), KF_ERR_NOT_FOUND);
}

static void test_structure_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        const char *part;
    } cases[] = {
        {"-----BEGIN A-----\nAAEC\n", 1, "END line is missing"},
        {"x\n-----BEGIN A-----", 2, "END line is missing"},
        {"-----BEGIN A-----\nAAEC\n-----END B-----\n", 3, "does not match"},
        {"-----BEGIN A-----\nAAEC\n-----END A----\n", 3, "does not match"},
        {"-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----\n", 2, "new block"},
        {"-----END A-----\n", 1, "without its BEGIN"},
        {"-----BEGIN A----\nAAEC\n-----END A-----\n", 1, "BEGIN line is damaged"},
        {"-----BEGIN a-----\nAAEC\n-----END a-----\n", 1, "BEGIN line is damaged"},
        {"-----BEGIN AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-----\n", 1, "damaged"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pem_block block;
        struct problem problem;
        assert_int_equal(first(&block, &problem, cases[i].text), KF_ERR_MALFORMED);
        assert_int_equal(problem.line, cases[i].line);
        assert_string_equal(problem.code, "key_malformed");
        assert_non_null(strstr(problem.message, cases[i].part));
    }
}

static void test_base64_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
    } cases[] = {
        {"-----BEGIN A-----\nAAEC\nAA!C\n-----END A-----\n", 3},
        {"-----BEGIN A-----\nAAE\n-----END A-----\n", 2},
        {"-----BEGIN A-----\n\n-----END A-----\n", 2},
        {"-----BEGIN A-----\nAAE=\nAAEC\n-----END A-----\n", 3},
        {"-----BEGIN A-----\nAAF=\n-----END A-----\n", 2}, /* bits left over: not canonical */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pem_text pem = pem_open("key", cases[i].text, strlen(cases[i].text));
        struct pem_block block;
        struct problem problem;
        uint8_t out[16];
        static const uint8_t zeros[sizeof out];
        size_t length = 99;
        memset(out, 0xee, sizeof out);
        assert_int_equal(pem_next(&block, &pem, &problem), KF_OK);
        assert_int_equal(pem_decode(out, sizeof out, &length, &pem, &block, &problem),
                         KF_ERR_MALFORMED);
        assert_in_range(problem.line, cases[i].line, cases[i].line + 1);
        assert_memory_equal(out, zeros, sizeof out); /* nothing of a key stays */
        assert_int_equal(length, 99);
    }
}

static void test_a_block_that_does_not_fit(void **state)
{
    (void)state;
    static const char text[] = "-----BEGIN A-----\nAAECAwQFBgcICQ==\n-----END A-----\n";
    struct pem_text pem = pem_open("key", text, strlen(text));
    struct pem_block block;
    struct problem problem;
    uint8_t out[8];
    size_t length = 0;
    assert_int_equal(pem_next(&block, &pem, &problem), KF_OK);
    assert_int_equal(pem_decode(out, sizeof out, &length, &pem, &block, &problem),
                     KF_ERR_MALFORMED);
    assert_non_null(strstr(problem.message, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_structure_errors),
        cmocka_unit_test(test_base64_errors),
        cmocka_unit_test(test_a_block_that_does_not_fit),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
