/* BLAKE2b and BLAKE2Xb against answers from another implementation, and the same data in pieces. */
#include "hash/blake2b.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INPUT_MAX = 1024, OUT_MAX = 512 };

static uint8_t up_to[INPUT_MAX];

static void hex(char *out, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)sprintf(out + 2 * i, "%02x", data[i]);
    }
    out[2 * length] = '\0';
}

static void check_blake2b(size_t key, size_t input, size_t size, const char *expected)
{
    uint8_t out[BLAKE2B_OUT_MAX];
    char text[2 * BLAKE2B_OUT_MAX + 1];
    blake2b_hash(out, size, up_to, key, up_to, input);
    hex(text, out, size);
    assert_string_equal(text, expected);
    /* in pieces of every small size */
    for (size_t piece = 1; piece < 140 && piece < input; piece += 13) {
        struct blake2b s;
        blake2b_init(&s, size, up_to, key);
        for (size_t at = 0; at < input; at += piece) {
            blake2b_update(&s, up_to + at, piece < input - at ? piece : input - at);
        }
        blake2b_final(&s, out);
        hex(text, out, size);
        assert_string_equal(text, expected);
    }
}

static void check_blake2xb(size_t key, size_t input, uint32_t declared, const char *expected)
{
    size_t wanted = strlen(expected) / 2;
    assert_true(wanted <= OUT_MAX);
    for (size_t piece = 1; piece <= wanted; piece += 31) {
        uint8_t out[OUT_MAX];
        char text[2 * OUT_MAX + 1];
        struct blake2xb x;
        blake2xb_init(&x, declared == 0 ? BLAKE2XB_LENGTH_UNKNOWN : declared, up_to, key);
        blake2xb_update(&x, up_to, input / 2);
        struct blake2xb clone = x;
        blake2xb_clear(&x);
        blake2xb_update(&clone, up_to + input / 2, input - input / 2);
        for (size_t at = 0; at < wanted; at += piece) {
            blake2xb_read(&clone, out + at, piece < wanted - at ? piece : wanted - at);
        }
        hex(text, out, wanted);
        assert_string_equal(text, expected);
    }
}

static void test_answers(void **state)
{
    (void)state;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/unit/hash/blake2_kat.txt",
                   getenv("KF_SOURCE_ROOT"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char line[2048];
    unsigned plain = 0;
    unsigned extended = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        char name[16];
        char expected[2 * OUT_MAX + 1];
        unsigned key;
        unsigned input;
        unsigned declared;
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(
            sscanf(line, "%15s %u %u %u %1024s", name, &key, &input, &declared, expected), 5);
        if (strcmp(name, "blake2b") == 0) {
            check_blake2b(key, input, declared, expected);
            plain++;
        } else {
            assert_string_equal(name, "blake2xb");
            check_blake2xb(key, input, declared, expected);
            extended++;
        }
    }
    (void)fclose(f);
    assert_int_equal(plain, 176);
    assert_int_equal(extended, 144);
}

/* RFC 7693, appendix A. */
static void test_rfc_example(void **state)
{
    (void)state;
    uint8_t out[64];
    char text[129];
    blake2b_hash(out, sizeof out, NULL, 0, "abc", 3);
    hex(text, out, sizeof out);
    assert_string_equal(text, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                              "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

int main(void)
{
    for (size_t i = 0; i < INPUT_MAX; i++) {
        up_to[i] = (uint8_t)i;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_rfc_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
