#include "base/status.h"
#include "cmocka_all.h"

#include <string.h>

static void test_every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = KF_OK; i <= KF_ERR_INTERNAL; i++) {
        assert_string_not_equal(kf_status_name((enum kf_status)i), "unknown");
        for (int j = KF_OK; j < i; j++) {
            assert_string_not_equal(kf_status_name((enum kf_status)i),
                                    kf_status_name((enum kf_status)j));
        }
    }
}

static void test_messages_and_their_context(void **state)
{
    (void)state;
    struct kf_error err;
    assert_int_equal(kf_fail(&err, KF_ERR_IO, "cannot read %s", "x"), KF_ERR_IO);
    assert_string_equal(err.message, "cannot read x");
    assert_int_equal(kf_fail_context(&err, KF_ERR_IO, "loading %d", 7), KF_ERR_IO);
    assert_string_equal(err.message, "loading 7: cannot read x");
    assert_int_equal(err.status, KF_ERR_IO);
    assert_int_equal(kf_fail(NULL, KF_ERR_IO, "nobody reads this"), KF_ERR_IO);
    assert_int_equal(kf_fail_context(NULL, KF_ERR_IO, "nor this"), KF_ERR_IO);
}

static void test_a_long_message_is_cut(void **state)
{
    (void)state;
    static char text[3 * KF_ERROR_MESSAGE_MAX];
    memset(text, 'x', sizeof text - 1);
    struct kf_error err;
    assert_int_equal(kf_fail(&err, KF_ERR_USAGE, "%s", text), KF_ERR_USAGE);
    assert_int_equal(strlen(err.message), KF_ERROR_MESSAGE_MAX - 1);
    assert_int_equal(kf_fail_context(&err, KF_ERR_USAGE, "%s", text), KF_ERR_USAGE);
    assert_int_equal(strlen(err.message), KF_ERROR_MESSAGE_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_name_of_its_own),
        cmocka_unit_test(test_messages_and_their_context),
        cmocka_unit_test(test_a_long_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
