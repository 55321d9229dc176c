/* Frames against the bytes that gokeyless writes, and against everything a stranger may send. */
#include "keyless/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAME_BUFFER = KEYLESS_FRAME_MAX };

struct vector {
    uint8_t bytes[4096];
    size_t length;
};

static void load_vector(struct vector *out, const char *name)
{
    char path[1024];
    char line[8192];
    const char *root = getenv("KF_SOURCE_ROOT");
    assert_non_null(root);
    (void)snprintf(path, sizeof path, "%s/tests/vectors/keyless/gokeyless.txt", root);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    out->length = 0;
    size_t n = strlen(name);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, name, n) != 0 || line[n] != ' ') {
            continue;
        }
        for (const char *p = line + n + 1; p[0] > ' ' && p[1] > ' '; p += 2) {
            char digits[3] = {p[0], p[1], 0};
            out->bytes[out->length++] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
    (void)fclose(f);
    assert_true(out->length > 0);
}

static struct keyless_bytes sequence(uint8_t *buffer, size_t length, uint8_t start)
{
    for (size_t i = 0; i < length; i++) {
        buffer[i] = (uint8_t)(start + i);
    }
    return (struct keyless_bytes){.data = buffer, .length = length};
}

static void check_written(const struct keyless_message *m, const char *name)
{
    static uint8_t frame[FRAME_BUFFER];
    struct vector v;
    size_t length = 0;
    load_vector(&v, name);
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, m), KF_OK);
    assert_int_equal(length, v.length);
    assert_memory_equal(frame, v.bytes, length);
}

static void test_writes_as_gokeyless(void **state)
{
    (void)state;
    uint8_t ski[20];
    uint8_t payload[1500];
    struct keyless_message m = {.id = 0x01020304,
                                .opcode = KEYLESS_OP_ECDSA_SHA256,
                                .ski = sequence(ski, 20, 1),
                                .payload = sequence(payload, 32, 0)};
    check_written(&m, "sign");
    m = (struct keyless_message){
        .id = 7, .opcode = KEYLESS_OP_PING, .payload = keyless_text("hello")};
    check_written(&m, "ping");
    m = keyless_answer_error(9, KEYLESS_ERR_KEY_NOT_FOUND, NULL);
    check_written(&m, "error");
    m = keyless_answer_make(10, sequence(payload, 64, 3).data, 64);
    check_written(&m, "response");
    static const size_t around[] = {1005, 1006, 1007, 1008, 1009, 1010, 1500};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "pad%zu", around[i]);
        m = keyless_answer_make(11, sequence(payload, around[i], 0).data, around[i]);
        check_written(&m, name);
    }
}

static void assert_is(struct keyless_bytes b, const void *data, size_t length)
{
    assert_int_equal(b.length, length);
    assert_memory_equal(b.data, data, length);
}

static void test_reads_every_item_of_gokeyless(void **state)
{
    (void)state;
    static const uint8_t v4[] = {1, 2, 3, 4};
    static const uint8_t v6[] = {0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    struct vector v;
    struct keyless_message m;
    uint8_t b[64];
    load_vector(&v, "full");
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length), KF_OK);
    assert_int_equal(m.id, 42);
    assert_int_equal(m.opcode, KEYLESS_OP_RSA_PSS_SHA384);
    assert_is(m.payload, sequence(b, 48, 0).data, 48);
    assert_is(m.extra, sequence(b, 5, 9).data, 5);
    assert_is(m.ski, sequence(b, 20, 1).data, 20);
    assert_is(m.digest, sequence(b, 32, 0x40).data, 32);
    assert_is(m.client_ip, v4, 4);
    assert_is(m.server_ip, v6, 16);
    assert_is(m.server_name, "www.example.org", 15);
    assert_is(m.certificate_id, "cert-7", 6);
    assert_is(m.function, "fn", 2);
    assert_is(m.jaeger_span, "615f730ad5fe896f:615f730ad5fe896f:1", 35);
    assert_is(m.request_context, sequence(b, 7, 0x70).data, 7);
    assert_is(m.compliance_region, "\x01", 1);
    assert_false(m.has_deadline);
    assert_int_equal(keyless_request_check(&m), KEYLESS_ERR_NONE);
    check_written(&m, "full");
}

static void test_own_items_come_back(void **state)
{
    (void)state;
    uint8_t frame[2048];
    uint8_t ski[20];
    size_t length = 0;
    struct keyless_message back;
    struct keyless_message m = {
        .id = 1,
        .opcode = KEYLESS_OP_ED25519,
        .ski = sequence(ski, 20, 1),
        .has_deadline = true,
        .deadline_ms = 4321,
        .traceparent = keyless_text("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .reason = keyless_text("because é"),
        .datacenter = keyless_text("par")};
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_OK);
    assert_int_equal(length, KEYLESS_PADDED_LENGTH);
    assert_int_equal(keyless_frame_read(&back, frame, length), KF_OK);
    assert_true(back.has_deadline);
    assert_int_equal(back.deadline_ms, 4321);
    assert_true(keyless_bytes_equal(back.traceparent, m.traceparent));
    assert_true(keyless_bytes_equal(back.reason, m.reason));
    assert_true(keyless_bytes_equal(back.datacenter, m.datacenter));
    assert_int_equal(back.payload.length, 0);
}

static void test_measures_a_stream(void **state)
{
    (void)state;
    struct vector v;
    size_t needed = 0;
    load_vector(&v, "sign");
    for (size_t have = 0; have <= v.length; have++) {
        assert_int_equal(keyless_frame_measure(&needed, v.bytes, have, KEYLESS_BODY_MAX), KF_OK);
        assert_int_equal(needed, have < 8 ? 8 : v.length);
    }
    assert_int_equal(keyless_frame_measure(&needed, v.bytes, v.length, 1016), KF_OK);
    assert_int_equal(keyless_frame_measure(&needed, v.bytes, v.length, 1015), KF_ERR_LIMIT);
    v.bytes[0] = 2;
    assert_int_equal(keyless_frame_measure(&needed, v.bytes, v.length, 2000), KF_ERR_UNSUPPORTED);
}

/* A body of items, each given as tag and length and filled with 'x' unless data is given. */
static enum kf_status read_body(struct keyless_message *m, const uint8_t *body, size_t length)
{
    static uint8_t frame[FRAME_BUFFER];
    const uint8_t header[8] = {1, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, 5};
    memcpy(frame, header, 8);
    if (length > 0) {
        memcpy(frame + 8, body, length);
    }
    return keyless_frame_read(m, frame, 8 + length);
}

static enum kf_status read_item(uint8_t tag, size_t length, const char *data)
{
    uint8_t body[2048] = {tag, (uint8_t)(length >> 8), (uint8_t)length};
    struct keyless_message m;
    memset(body + 3, 'x', length);
    if (data != NULL) {
        memcpy(body + 3, data, length);
    }
    return read_body(&m, body, length + 3);
}

static void test_refuses_bad_lengths(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        size_t good;
        size_t bad;
    } cases[] = {{KEYLESS_TAG_OPCODE, 1, 0},      {KEYLESS_TAG_OPCODE, 1, 2},
                 {KEYLESS_TAG_SKI, 20, 19},       {KEYLESS_TAG_SKI, 20, 21},
                 {KEYLESS_TAG_DIGEST, 32, 31},    {KEYLESS_TAG_CLIENT_IP, 4, 5},
                 {KEYLESS_TAG_CLIENT_IP, 16, 15}, {KEYLESS_TAG_SERVER_IP, 16, 0},
                 {KEYLESS_TAG_DEADLINE, 4, 3},    {KEYLESS_TAG_DEADLINE, 4, 5},
                 {KEYLESS_TAG_REASON, 512, 513},  {KEYLESS_TAG_COMPLIANCE_REGION, 1, 2},
                 {KEYLESS_TAG_DATACENTER, 0, 513}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read_item(cases[i].tag, cases[i].good, NULL), KF_OK);
        assert_int_equal(read_item(cases[i].tag, cases[i].bad, NULL), KF_ERR_MALFORMED);
    }
    assert_int_equal(read_item(KEYLESS_TAG_REASON, 3, "a\nb"), KF_ERR_MALFORMED);
    assert_int_equal(read_item(KEYLESS_TAG_DATACENTER, 3,
                               "a\x7f"
                               "b"),
                     KF_ERR_MALFORMED);
    assert_int_equal(read_item(KEYLESS_TAG_SERVER_NAME, 3, "a\nb"), KF_OK);
}

static void test_repeats_and_strangers(void **state)
{
    (void)state;
    struct keyless_message m;
    static const uint8_t opcode_twice[] = {0x11, 0, 1, 5, 0x11, 0, 1, 5};
    static const uint8_t padding_twice[] = {0x20, 0, 0, 0x20, 0, 0};
    static const uint8_t deadline_twice[] = {0x81, 0, 4, 0, 0, 0, 1, 0x81, 0, 4, 0, 0, 0, 1};
    static const uint8_t unknown_twice[] = {0x77, 0, 1, 9,    0x77, 0, 1, 9,
                                            0xFE, 0, 0, 0x11, 0,    1, 5};
    static const uint8_t reaches_out[] = {0x12, 0, 3, 1, 2};
    static const uint8_t left_over[] = {0x11, 0, 1, 5, 0x12};
    static const uint8_t left_over_two[] = {0x11, 0, 1, 5, 0x77, 0};
    assert_int_equal(read_body(&m, opcode_twice, sizeof opcode_twice), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, padding_twice, sizeof padding_twice), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, deadline_twice, sizeof deadline_twice), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, unknown_twice, sizeof unknown_twice), KF_OK);
    assert_int_equal(m.opcode, 5);
    assert_int_equal(read_body(&m, reaches_out, sizeof reaches_out), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, left_over, sizeof left_over), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, left_over_two, sizeof left_over_two), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, NULL, 0), KF_OK);
    assert_int_equal(keyless_request_check(&m), KEYLESS_ERR_BAD_OPCODE);
}

static void test_length_must_be_the_headers(void **state)
{
    (void)state;
    struct vector v;
    struct keyless_message m = {.id = 77};
    load_vector(&v, "sign");
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length - 1), KF_ERR_MALFORMED);
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length + 1), KF_ERR_MALFORMED);
    assert_int_equal(keyless_frame_read(&m, v.bytes, 7), KF_ERR_MALFORMED);
    v.bytes[0] = 0;
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length), KF_ERR_UNSUPPORTED);
    assert_int_equal(m.id, 77);
}

static void test_checks_requests(void **state)
{
    (void)state;
    uint8_t ski[20];
    uint8_t payload[600];
    static const struct {
        uint8_t opcode;
        size_t length;
        enum keyless_error expect;
    } cases[] = {
        {KEYLESS_OP_RSA_SHA256, 32, KEYLESS_ERR_NONE},
        {KEYLESS_OP_RSA_SHA256, 31, KEYLESS_ERR_FORMAT},
        {KEYLESS_OP_RSA_MD5_SHA1, 36, KEYLESS_ERR_NONE},
        {KEYLESS_OP_ECDSA_SHA512, 64, KEYLESS_ERR_NONE},
        {KEYLESS_OP_ECDSA_SHA512, 65, KEYLESS_ERR_FORMAT},
        {KEYLESS_OP_ED25519, 0, KEYLESS_ERR_NONE},
        {KEYLESS_OP_RSA_DECRYPT, 255, KEYLESS_ERR_FORMAT},
        {KEYLESS_OP_RSA_DECRYPT, 256, KEYLESS_ERR_NONE},
        {KEYLESS_OP_RSA_DECRYPT, 513, KEYLESS_ERR_FORMAT},
        {KEYLESS_OP_RESPONSE, 4, KEYLESS_ERR_UNEXPECTED_OPCODE},
        {KEYLESS_OP_PONG, 4, KEYLESS_ERR_UNEXPECTED_OPCODE},
        {0x12, 36, KEYLESS_ERR_BAD_OPCODE},
        {0x23, 4, KEYLESS_ERR_BAD_OPCODE},
        {KEYLESS_OP_STATUS, 0, KEYLESS_ERR_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct keyless_message m = {.opcode = cases[i].opcode,
                                    .ski = sequence(ski, 20, 1),
                                    .payload = sequence(payload, cases[i].length, 0)};
        assert_int_equal(keyless_request_check(&m), cases[i].expect);
    }
    struct keyless_message nameless = {.opcode = KEYLESS_OP_RSA_SHA256,
                                       .payload = sequence(payload, 32, 0)};
    assert_int_equal(keyless_request_check(&nameless), KEYLESS_ERR_KEY_NOT_FOUND);
}

static void test_a_ski_of_zeros_is_absent(void **state)
{
    (void)state;
    uint8_t body[27] = {0x11, 0, 1, KEYLESS_OP_RSA_SHA256, 0x04, 0, 20};
    struct keyless_message m;
    assert_int_equal(read_body(&m, body, sizeof body), KF_OK);
    assert_int_equal(m.ski.length, 0);
    body[26] = 1;
    assert_int_equal(read_body(&m, body, sizeof body), KF_OK);
    assert_int_equal(m.ski.length, 20);
}

static void test_answers(void **state)
{
    (void)state;
    struct vector v;
    struct keyless_message m;
    static const uint8_t two_bytes[] = {0x11, 0, 1, 0xFF, 0x12, 0, 2, 1, 2};
    static const uint8_t no_byte[] = {0x11, 0, 1, 0xFF};
    load_vector(&v, "error");
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length), KF_OK);
    assert_true(keyless_is_answer(&m));
    assert_int_equal(m.error, KEYLESS_ERR_KEY_NOT_FOUND);
    load_vector(&v, "response");
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length), KF_OK);
    assert_true(keyless_is_answer(&m));
    assert_int_equal(m.error, KEYLESS_ERR_NONE);
    load_vector(&v, "sign");
    assert_int_equal(keyless_frame_read(&m, v.bytes, v.length), KF_OK);
    assert_false(keyless_is_answer(&m));
    assert_int_equal(read_body(&m, two_bytes, sizeof two_bytes), KF_ERR_MALFORMED);
    assert_int_equal(read_body(&m, no_byte, sizeof no_byte), KF_ERR_MALFORMED);
}

static void test_write_keeps_its_bounds(void **state)
{
    (void)state;
    static uint8_t frame[FRAME_BUFFER + 16];
    static uint8_t payload[KEYLESS_BODY_MAX + 1];
    size_t length = 99;
    uint8_t ski[20];
    struct keyless_message m = keyless_answer_make(1, payload, KEYLESS_BODY_MAX - 7);
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_OK);
    assert_int_equal(length, KEYLESS_FRAME_MAX);
    m.payload.length++;
    length = 99;
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_ERR_LIMIT);
    m = keyless_answer_make(1, payload, 10);
    memset(frame, 0xAA, sizeof frame);
    assert_int_equal(keyless_frame_write(frame, &length, 1023, &m), KF_ERR_LIMIT);
    assert_int_equal(frame[1023], 0xAA);
    m.ski = sequence(ski, 19, 1);
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_ERR_LIMIT);
    m = keyless_answer_error(1, KEYLESS_ERR_NOT_HERE, "two\nlines");
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_ERR_LIMIT);
    assert_int_equal(length, 99);
}

static void test_vocabulary(void **state)
{
    (void)state;
    const struct keyless_operation *o = NULL;
    o = keyless_operation_sign(KEYLESS_FAMILY_RSA, KEYLESS_HASH_SHA256, true);
    assert_int_equal(o->opcode, KEYLESS_OP_RSA_PSS_SHA256);
    o = keyless_operation_sign(KEYLESS_FAMILY_RSA, KEYLESS_HASH_SHA256, false);
    assert_int_equal(o->opcode, KEYLESS_OP_RSA_SHA256);
    o = keyless_operation_sign(KEYLESS_FAMILY_ED25519, KEYLESS_HASH_NONE, false);
    assert_int_equal(o->opcode, KEYLESS_OP_ED25519);
    assert_null(keyless_operation_sign(KEYLESS_FAMILY_RSA, KEYLESS_HASH_SHA1, true));
    assert_null(keyless_operation_sign(KEYLESS_FAMILY_ECDSA, KEYLESS_HASH_NONE, false));
    assert_int_equal(keyless_hash_find("sha2-384"), KEYLESS_HASH_SHA384);
    assert_int_equal(keyless_hash_find("SHA3-384"), KEYLESS_HASH_NONE);
    assert_int_equal(keyless_hash_find(NULL), KEYLESS_HASH_NONE);
    for (int op = 0; op < 256; op++) {
        o = keyless_operation_find((uint8_t)op);
        if (o != NULL && o->kind == KEYLESS_KIND_SIGN && o->hash != KEYLESS_HASH_NONE) {
            assert_int_equal(o->payload_min, keyless_hash_length(o->hash));
            assert_int_equal(o->payload_max, o->payload_min);
            assert_ptr_equal(keyless_operation_sign(o->family, o->hash, o->pss), o);
        }
    }
    assert_true(keyless_error_try_elsewhere(KEYLESS_ERR_NOT_HERE));
    assert_false(keyless_error_try_elsewhere(KEYLESS_ERR_NO_DATACENTER));
    assert_string_equal(keyless_error_name(KEYLESS_ERR_NO_DATACENTER), "no-datacenter");
    assert_string_equal(keyless_error_name(0x7F), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_as_gokeyless),
        cmocka_unit_test(test_reads_every_item_of_gokeyless),
        cmocka_unit_test(test_own_items_come_back),
        cmocka_unit_test(test_measures_a_stream),
        cmocka_unit_test(test_refuses_bad_lengths),
        cmocka_unit_test(test_repeats_and_strangers),
        cmocka_unit_test(test_length_must_be_the_headers),
        cmocka_unit_test(test_checks_requests),
        cmocka_unit_test(test_a_ski_of_zeros_is_absent),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_write_keeps_its_bounds),
        cmocka_unit_test(test_vocabulary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
