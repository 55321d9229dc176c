#include "envelope/feed.h"

#include "envelope/record.h"

enum kf_status feed_append(struct kf_writer *body, const uint8_t *record, size_t length)
{
    if (length == 0 || length > RECORD_MAX)
        return KF_ERR_USAGE;
    size_t limit = body->capacity < FEED_BODY_MAX ? body->capacity : FEED_BODY_MAX;
    if (body->length > limit || limit - body->length < 4 + length)
        return KF_ERR_LIMIT;
    kf_write_u32be(body, (uint32_t)length);
    kf_write_bytes(body, record, length);
    return KF_OK;
}

enum kf_status feed_next(const uint8_t **record, size_t *length, struct kf_reader *body)
{
    if (kf_reader_finish(body) == KF_OK)
        return KF_ERR_NOT_FOUND;
    struct kf_reader block;
    enum kf_status status = kf_read_block32be(&block, RECORD_MAX, body);
    if (status != KF_OK)
        return status;
    size_t n = kf_reader_left(&block);
    if (n == 0) {
        body->failed = true;
        return KF_ERR_MALFORMED;
    }
    *record = block.at;
    *length = n;
    return KF_OK;
}
