#include "base/cursor.h"
#include "cmocka_all.h"

#include <string.h>

static void test_reads_in_both_orders(void **state)
{
    (void)state;
    const uint8_t data[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                            12, 13, 14, 15, 16, 17, 18, 19, 20, 21};
    struct kf_reader r = kf_reader_init(data, sizeof data);
    uint8_t a;
    uint16_t b;
    uint16_t c;
    uint32_t d;
    uint32_t e;
    uint64_t f;
    assert_int_equal(kf_read_u8(&a, &r), KF_OK);
    assert_int_equal(kf_read_u16le(&b, &r), KF_OK);
    assert_int_equal(kf_read_u16be(&c, &r), KF_OK);
    assert_int_equal(kf_read_u32le(&d, &r), KF_OK);
    assert_int_equal(kf_read_u32be(&e, &r), KF_OK);
    assert_int_equal(kf_read_u64be(&f, &r), KF_OK);
    assert_int_equal(a, 1);
    assert_int_equal(b, 0x0302);
    assert_int_equal(c, 0x0405);
    assert_int_equal(d, 0x09080706);
    assert_int_equal(e, 0x0a0b0c0d);
    assert_true(f == 0x0e0f101112131415);
    assert_int_equal(kf_reader_finish(&r), KF_OK);
}

static void test_never_past_the_end(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3};
    struct kf_reader r = kf_reader_init(data, sizeof data);
    uint32_t v = 77;
    assert_int_equal(kf_read_u32be(&v, &r), KF_ERR_MALFORMED);
    assert_int_equal(v, 77);
    /* One failure is for good, so that a parser may check once. */
    uint8_t b = 9;
    assert_int_equal(kf_read_u8(&b, &r), KF_ERR_MALFORMED);
    assert_int_equal(b, 9);
    assert_int_equal(kf_reader_left(&r), 0);
    assert_int_equal(kf_reader_finish(&r), KF_ERR_MALFORMED);
}

static void test_trailing_bytes_are_refused(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2};
    struct kf_reader r = kf_reader_init(data, sizeof data);
    uint8_t b;
    assert_int_equal(kf_read_u8(&b, &r), KF_OK);
    assert_int_equal(kf_reader_finish(&r), KF_ERR_MALFORMED);
}

static void test_blocks(void **state)
{
    (void)state;
    const uint8_t data[] = {0, 2, 'h', 'i', 1, 0, 'x', 0, 0, 0, 1, 'y', 9, 0, 0, 0, 'z'};
    struct kf_reader r = kf_reader_init(data, sizeof data);
    struct kf_reader block;
    assert_int_equal(kf_read_block16be(&block, 10, &r), KF_OK);
    assert_int_equal(kf_reader_left(&block), 2);
    assert_memory_equal(block.at, "hi", 2);
    assert_int_equal(kf_read_block16le(&block, 1, &r), KF_OK);
    assert_int_equal(*block.at, 'x');
    assert_int_equal(kf_read_block32be(&block, 1, &r), KF_OK);
    assert_int_equal(*block.at, 'y');
    /* Nine bytes are promised, one is there. */
    assert_int_equal(kf_read_block32le(&block, 100, &r), KF_ERR_MALFORMED);
}

static void test_blocks_have_bounds(void **state)
{
    (void)state;
    const uint8_t data[] = {0, 3, 'a', 'b', 'c'};
    struct kf_reader r = kf_reader_init(data, sizeof data);
    struct kf_reader block;
    assert_int_equal(kf_read_block16be(&block, 2, &r), KF_ERR_LIMIT);
    assert_int_equal(kf_reader_finish(&r), KF_ERR_MALFORMED);
    const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff};
    r = kf_reader_init(huge, sizeof huge);
    assert_int_equal(kf_read_block32be(&block, SIZE_MAX, &r), KF_ERR_MALFORMED);
}

static void test_writer_measures_and_overflows(void **state)
{
    (void)state;
    struct kf_writer measure = kf_writer_init(NULL, 0);
    kf_write_u64be(&measure, 1);
    kf_write_u8(&measure, 1);
    size_t length = 123;
    assert_int_equal(measure.length, 9);
    assert_int_equal(kf_writer_finish(&length, &measure), KF_ERR_LIMIT);
    assert_int_equal(length, 123);

    uint8_t buffer[4] = {0xee, 0xee, 0xee, 0xee};
    struct kf_writer w = kf_writer_init(buffer, 3);
    kf_write_u16be(&w, 0x0102);
    kf_write_u16be(&w, 0x0304);
    assert_int_equal(kf_writer_finish(&length, &w), KF_ERR_LIMIT);
    assert_int_equal(buffer[3], 0xee);
}

static void test_written_blocks_read_back(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct kf_writer w = kf_writer_init(buffer, sizeof buffer);
    size_t outer = kf_write_block_open32(&w);
    size_t inner = kf_write_block_open16(&w);
    kf_write_bytes(&w, (const uint8_t *)"abc", 3);
    kf_write_block_close16le(&w, inner);
    kf_write_block_close32be(&w, outer);
    size_t length = 0;
    assert_int_equal(kf_writer_finish(&length, &w), KF_OK);
    const uint8_t expected[] = {0, 0, 0, 5, 3, 0, 'a', 'b', 'c'};
    assert_int_equal(length, sizeof expected);
    assert_memory_equal(buffer, expected, sizeof expected);
}

static void test_a_block_too_long_for_its_prefix(void **state)
{
    (void)state;
    static uint8_t buffer[70000];
    static const uint8_t zeros[66000];
    struct kf_writer w = kf_writer_init(buffer, sizeof buffer);
    size_t block = kf_write_block_open16(&w);
    kf_write_bytes(&w, zeros, sizeof zeros);
    kf_write_block_close16be(&w, block);
    size_t length;
    assert_int_equal(kf_writer_finish(&length, &w), KF_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_in_both_orders),
        cmocka_unit_test(test_never_past_the_end),
        cmocka_unit_test(test_trailing_bytes_are_refused),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_blocks_have_bounds),
        cmocka_unit_test(test_writer_measures_and_overflows),
        cmocka_unit_test(test_written_blocks_read_back),
        cmocka_unit_test(test_a_block_too_long_for_its_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
