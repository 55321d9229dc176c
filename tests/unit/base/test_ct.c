#include "base/ct.h"
#include "cmocka_all.h"

static const uint64_t samples[] = {0, 1, 2, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void test_masks(void **state)
{
    (void)state;
    assert_true(kf_ct_mask(0) == 0);
    assert_true(kf_ct_mask(1) == UINT64_MAX);
    for (size_t i = 0; i < SAMPLES; i++) {
        assert_true(kf_ct_is_zero(samples[i]) == (samples[i] == 0 ? UINT64_MAX : 0));
        for (size_t j = 0; j < SAMPLES; j++) {
            assert_true(kf_ct_equal(samples[i], samples[j]) == (i == j ? UINT64_MAX : 0));
            assert_true(kf_ct_select(UINT64_MAX, samples[i], samples[j]) == samples[i]);
            assert_true(kf_ct_select(0, samples[i], samples[j]) == samples[j]);
        }
    }
}

static void test_bytes_equal(void **state)
{
    (void)state;
    uint8_t a[33] = {0};
    uint8_t b[33] = {0};
    assert_true(kf_ct_bytes_equal(a, b, sizeof a) == UINT64_MAX);
    assert_true(kf_ct_bytes_equal(a, b, 0) == UINT64_MAX);
    for (size_t i = 0; i < 8 * sizeof a; i++) {
        b[i / 8] = (uint8_t)(1u << (i % 8));
        assert_true(kf_ct_bytes_equal(a, b, sizeof a) == 0);
        b[i / 8] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_bytes_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
