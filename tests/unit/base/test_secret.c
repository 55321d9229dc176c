#include "base/random.h"
#include "base/secret.h"
#include "cmocka_all.h"

#include <malloc.h>
#include <string.h>

static void test_secret_memory_starts_at_zero(void **state)
{
    (void)state;
    static const uint8_t zeros[1000];
    assert_int_equal(kf_secret_init(), KF_OK);
    uint8_t *p = kf_secret_new(sizeof zeros);
    assert_non_null(p);
    assert_memory_equal(p, zeros, sizeof zeros);
    kf_secret_free(p);
    kf_secret_free(NULL);
}

static void test_wiping_realloc_keeps_what_was_there(void **state)
{
    (void)state;
    char *p = kf_wiping_malloc(16);
    assert_non_null(p);
    memcpy(p, "fifteen letters", 16);
    p = kf_wiping_realloc(p, 100000);
    assert_non_null(p);
    assert_string_equal(p, "fifteen letters");
    p = kf_wiping_realloc(p, 8);
    assert_memory_equal(p, "fifteen ", 8);
    assert_null(kf_wiping_realloc(p, 0));
    p = kf_wiping_realloc(NULL, 10);
    assert_non_null(p);
    kf_wiping_free(p);
    kf_wiping_free(NULL);
}

static void test_wipe(void **state)
{
    (void)state;
    uint8_t data[40];
    static const uint8_t zeros[40];
    memset(data, 7, sizeof data);
    kf_wipe(data, sizeof data);
    assert_memory_equal(data, zeros, sizeof data);
}

static void test_system_randomness_fills_all(void **state)
{
    (void)state;
    struct kf_random random = kf_random_system();
    uint8_t together[64] = {0};
    /* A byte that stays zero in 64 draws has a chance of 2^-512. */
    for (int i = 0; i < 64; i++) {
        uint8_t draw[64];
        assert_int_equal(kf_random_fill(&random, draw, sizeof draw), KF_OK);
        for (size_t j = 0; j < sizeof draw; j++) {
            together[j] |= draw[j];
        }
    }
    for (size_t j = 0; j < sizeof together; j++) {
        assert_int_not_equal(together[j], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_memory_starts_at_zero),
        cmocka_unit_test(test_wiping_realloc_keeps_what_was_there),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_system_randomness_fills_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
