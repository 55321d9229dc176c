/* The feed's framing: what goes in comes out, and nothing else does. */
#include "envelope/feed.h"
#include "envelope/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t body[64];
    struct kf_writer w = kf_writer_init(body, sizeof body);
    assert_int_equal(feed_append(&w, (const uint8_t *)"one", 3), KF_OK);
    assert_int_equal(feed_append(&w, (const uint8_t *)"second", 6), KF_OK);
    assert_int_equal(w.length, 17);
    assert_memory_equal(body, "\0\0\0\3one\0\0\0\6second", 17);
    struct kf_reader r = kf_reader_init(body, w.length);
    const uint8_t *record = NULL;
    size_t length = 0;
    assert_int_equal(feed_next(&record, &length, &r), KF_OK);
    assert_int_equal(length, 3);
    assert_int_equal(feed_next(&record, &length, &r), KF_OK);
    assert_memory_equal(record, "second", 6);
    assert_int_equal(feed_next(&record, &length, &r), KF_ERR_NOT_FOUND);
}

static void test_full(void **state)
{
    (void)state;
    uint8_t body[20];
    struct kf_writer w = kf_writer_init(body, sizeof body);
    assert_int_equal(feed_append(&w, (const uint8_t *)"0123456789", 10), KF_OK);
    assert_int_equal(feed_append(&w, (const uint8_t *)"0123456789", 10), KF_ERR_LIMIT);
    assert_int_equal(w.length, 14);
    assert_int_equal(feed_append(&w, (const uint8_t *)"01", 2), KF_OK);
    assert_int_equal(w.length, 20);
    assert_int_equal(feed_append(&w, (const uint8_t *)"", 0), KF_ERR_USAGE);
    assert_int_equal(feed_append(&w, (const uint8_t *)"", (size_t)RECORD_MAX + 1), KF_ERR_USAGE);
    uint8_t *large = calloc(2, FEED_BODY_MAX);
    assert_non_null(large);
    struct kf_writer all = kf_writer_init(large + FEED_BODY_MAX / 2, FEED_BODY_MAX + 100);
    size_t n = 0;
    while (feed_append(&all, large, RECORD_MAX / 2) == KF_OK)
        n++;
    assert_int_equal(n, 7); /* seven with their lengths fit in 1 MiB, eight do not */
    free(large);
}

static void test_damage(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        enum kf_status status;
    } cases[] = {
        {"\0\0\0", 3, KF_ERR_MALFORMED},
        {"\0\0\0\0", 4, KF_ERR_MALFORMED},
        {"\0\0\0\2a", 5, KF_ERR_MALFORMED},
        {"\0\4\0\1", 4, KF_ERR_MALFORMED},
        {"\xff\xff\xff\xff"
         "a",
         5, KF_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kf_reader r = kf_reader_init((const uint8_t *)cases[i].bytes, cases[i].length);
        const uint8_t *record = NULL;
        size_t length = 0;
        enum kf_status status = feed_next(&record, &length, &r);
        assert_true(status == cases[i].status || status == KF_ERR_LIMIT);
        assert_null(record);
        assert_int_not_equal(feed_next(&record, &length, &r), KF_OK); /* and stays so */
        assert_int_not_equal(feed_next(&record, &length, &r), KF_ERR_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
