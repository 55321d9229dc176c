/* The premaster secret out of RSA's block: right blocks, and each way to be wrong. */
#include "premaster_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LENGTH = 256, START = LENGTH - PREMASTER_LENGTH };

static uint8_t block[LENGTH];
static uint8_t random_bytes[PREMASTER_LENGTH];

static void make_block(void)
{
    memset(block, 0x77, sizeof block);
    memset(random_bytes, 0xA5, sizeof random_bytes);
    block[0] = 0;
    block[1] = 2;
    block[START - 1] = 0;
    block[START] = 3;
    block[START + 1] = 3;
}

static int is_taken(size_t length)
{
    uint8_t out[PREMASTER_LENGTH];
    premaster_take(out, block, length, random_bytes, 0x0303, 0x0302);
    if (memcmp(out, random_bytes, sizeof out) == 0) {
        return 0;
    }
    assert_memory_equal(out, block + length - PREMASTER_LENGTH, sizeof out);
    return 1;
}

static void test_right(void **state)
{
    (void)state;
    make_block();
    assert_true(is_taken(LENGTH));
    block[START + 1] = 2; /* the other version */
    assert_true(is_taken(LENGTH));
}

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < START + 2; i++) {
        make_block();
        block[i] = i < 2 || i >= START - 1 ? block[i] ^ 0x40 : 0;
        assert_false(is_taken(LENGTH));
    }
    make_block();
    block[START + 10] ^= 0x40; /* the secret itself may be anything */
    assert_true(is_taken(LENGTH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
