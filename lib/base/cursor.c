#include "base/cursor.h"

#include <string.h>

struct kf_reader kf_reader_init(const uint8_t *data, size_t length)
{
    return (struct kf_reader){
        .at = data, .end = length == 0 ? data : data + length, .failed = false};
}

size_t kf_reader_left(const struct kf_reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

enum kf_status kf_read_bytes(const uint8_t **out, size_t length, struct kf_reader *r)
{
    if (r->failed || (size_t)(r->end - r->at) < length) {
        r->failed = true;
        return KF_ERR_MALFORMED;
    }
    *out = r->at;
    if (length > 0) {
        r->at += length;
    }
    return KF_OK;
}

enum kf_status kf_read_copy(uint8_t *out, size_t length, struct kf_reader *r)
{
    const uint8_t *p = NULL;
    enum kf_status st = kf_read_bytes(&p, length, r);
    if (st == KF_OK && length > 0) {
        memcpy(out, p, length);
    }
    return st;
}

static enum kf_status read_be(uint64_t *out, size_t width, struct kf_reader *r)
{
    const uint8_t *p = NULL;
    enum kf_status st = kf_read_bytes(&p, width, r);
    if (st != KF_OK) {
        return st;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < width; i++) {
        v = v << 8 | p[i];
    }
    *out = v;
    return KF_OK;
}

static enum kf_status read_le(uint64_t *out, size_t width, struct kf_reader *r)
{
    const uint8_t *p = NULL;
    enum kf_status st = kf_read_bytes(&p, width, r);
    if (st != KF_OK) {
        return st;
    }
    uint64_t v = 0;
    for (size_t i = width; i-- > 0;) {
        v = v << 8 | p[i];
    }
    *out = v;
    return KF_OK;
}

enum kf_status kf_read_u8(uint8_t *out, struct kf_reader *r)
{
    return kf_read_copy(out, 1, r);
}

enum kf_status kf_read_u16le(uint16_t *out, struct kf_reader *r)
{
    uint64_t v = 0;
    enum kf_status st = read_le(&v, 2, r);
    if (st == KF_OK) {
        *out = (uint16_t)v;
    }
    return st;
}

enum kf_status kf_read_u16be(uint16_t *out, struct kf_reader *r)
{
    uint64_t v = 0;
    enum kf_status st = read_be(&v, 2, r);
    if (st == KF_OK) {
        *out = (uint16_t)v;
    }
    return st;
}

enum kf_status kf_read_u32le(uint32_t *out, struct kf_reader *r)
{
    uint64_t v = 0;
    enum kf_status st = read_le(&v, 4, r);
    if (st == KF_OK) {
        *out = (uint32_t)v;
    }
    return st;
}

enum kf_status kf_read_u32be(uint32_t *out, struct kf_reader *r)
{
    uint64_t v = 0;
    enum kf_status st = read_be(&v, 4, r);
    if (st == KF_OK) {
        *out = (uint32_t)v;
    }
    return st;
}

enum kf_status kf_read_u64be(uint64_t *out, struct kf_reader *r)
{
    return read_be(out, 8, r);
}

static enum kf_status read_block(struct kf_reader *out, uint64_t length, size_t max,
                                 struct kf_reader *r)
{
    if (length > max) {
        r->failed = true;
        return KF_ERR_LIMIT;
    }
    const uint8_t *p = NULL;
    enum kf_status st = kf_read_bytes(&p, (size_t)length, r);
    if (st == KF_OK) {
        *out = kf_reader_init(p, (size_t)length);
    }
    return st;
}

enum kf_status kf_read_block16le(struct kf_reader *out, size_t max, struct kf_reader *r)
{
    uint64_t n = 0;
    enum kf_status st = read_le(&n, 2, r);
    return st == KF_OK ? read_block(out, n, max, r) : st;
}

enum kf_status kf_read_block16be(struct kf_reader *out, size_t max, struct kf_reader *r)
{
    uint64_t n = 0;
    enum kf_status st = read_be(&n, 2, r);
    return st == KF_OK ? read_block(out, n, max, r) : st;
}

enum kf_status kf_read_block32le(struct kf_reader *out, size_t max, struct kf_reader *r)
{
    uint64_t n = 0;
    enum kf_status st = read_le(&n, 4, r);
    return st == KF_OK ? read_block(out, n, max, r) : st;
}

enum kf_status kf_read_block32be(struct kf_reader *out, size_t max, struct kf_reader *r)
{
    uint64_t n = 0;
    enum kf_status st = read_be(&n, 4, r);
    return st == KF_OK ? read_block(out, n, max, r) : st;
}

enum kf_status kf_reader_finish(const struct kf_reader *r)
{
    return !r->failed && r->at == r->end ? KF_OK : KF_ERR_MALFORMED;
}

struct kf_writer kf_writer_init(uint8_t *buffer, size_t capacity)
{
    return (struct kf_writer){.buffer = buffer, .capacity = capacity, .length = 0};
}

void kf_write_bytes(struct kf_writer *w, const uint8_t *data, size_t length)
{
    if (length > SIZE_MAX - w->length) {
        w->length = SIZE_MAX;
        return;
    }
    if (length > 0 && w->length <= w->capacity && length <= w->capacity - w->length) {
        memcpy(w->buffer + w->length, data, length);
    }
    w->length += length;
}

static void write_be(struct kf_writer *w, uint64_t v, size_t width)
{
    uint8_t b[8];
    for (size_t i = 0; i < width; i++) {
        b[width - 1 - i] = (uint8_t)(v >> (8 * i));
    }
    kf_write_bytes(w, b, width);
}

static void write_le(struct kf_writer *w, uint64_t v, size_t width)
{
    uint8_t b[8];
    for (size_t i = 0; i < width; i++) {
        b[i] = (uint8_t)(v >> (8 * i));
    }
    kf_write_bytes(w, b, width);
}

void kf_write_u8(struct kf_writer *w, uint8_t v)
{
    kf_write_bytes(w, &v, 1);
}

void kf_write_u16le(struct kf_writer *w, uint16_t v)
{
    write_le(w, v, 2);
}

void kf_write_u16be(struct kf_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void kf_write_u32le(struct kf_writer *w, uint32_t v)
{
    write_le(w, v, 4);
}

void kf_write_u32be(struct kf_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void kf_write_u64be(struct kf_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

size_t kf_write_block_open16(struct kf_writer *w)
{
    size_t position = w->length;
    write_be(w, 0, 2);
    return position;
}

size_t kf_write_block_open32(struct kf_writer *w)
{
    size_t position = w->length;
    write_be(w, 0, 4);
    return position;
}

/* Fills the prefix at `position`; a block too long for it makes the writer overflow for good. */
static void close_block(struct kf_writer *w, size_t position, size_t width, bool big_endian)
{
    if (w->length < position + width) {
        return;
    }
    size_t n = w->length - position - width;
    if (n > (width == 2 ? UINT16_MAX : UINT32_MAX)) {
        w->length = SIZE_MAX;
        return;
    }
    if (position + width > w->capacity) {
        return;
    }
    struct kf_writer prefix = kf_writer_init(w->buffer + position, width);
    if (big_endian) {
        write_be(&prefix, n, width);
    } else {
        write_le(&prefix, n, width);
    }
}

void kf_write_block_close16le(struct kf_writer *w, size_t position)
{
    close_block(w, position, 2, false);
}

void kf_write_block_close16be(struct kf_writer *w, size_t position)
{
    close_block(w, position, 2, true);
}

void kf_write_block_close32le(struct kf_writer *w, size_t position)
{
    close_block(w, position, 4, false);
}

void kf_write_block_close32be(struct kf_writer *w, size_t position)
{
    close_block(w, position, 4, true);
}

enum kf_status kf_writer_finish(size_t *length, const struct kf_writer *w)
{
    if (w->length > w->capacity) {
        return KF_ERR_LIMIT;
    }
    *length = w->length;
    return KF_OK;
}
