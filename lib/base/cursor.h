/* The one cursor through which every external byte is read and every encoding is written.
 *
 * A reader borrows its buffer and never reads past it; after the first failure every further call
 * fails too, so a parser may check once at the end with kf_reader_finish(), which also refuses
 * trailing bytes. A writer fills a caller's buffer and remembers overflow instead of writing past
 * the end. Not constant-time in lengths; byte contents are only copied, never branched on. */
#ifndef KEYFENCE_BASE_CURSOR_H
#define KEYFENCE_BASE_CURSOR_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kf_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct kf_reader kf_reader_init(const uint8_t *data, size_t length);
size_t kf_reader_left(const struct kf_reader *r);

/* Each returns KF_OK and advances, or KF_ERR_MALFORMED and leaves *out as it was. */
KF_MUST_USE enum kf_status kf_read_u8(uint8_t *out, struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_u16le(uint16_t *out, struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_u16be(uint16_t *out, struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_u32le(uint32_t *out, struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_u32be(uint32_t *out, struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_u64be(uint64_t *out, struct kf_reader *r);

/* Borrows `length` bytes of the reader's buffer. */
KF_MUST_USE enum kf_status kf_read_bytes(const uint8_t **out, size_t length, struct kf_reader *r);
/* Copies exactly `length` bytes to out. */
KF_MUST_USE enum kf_status kf_read_copy(uint8_t *out, size_t length, struct kf_reader *r);

/* A length prefix of 16 or 32 bits, then that many bytes as a reader of their own (borrowed). Fails
 * with KF_ERR_MALFORMED when the length exceeds what is left, KF_ERR_LIMIT when it exceeds max. */
KF_MUST_USE enum kf_status kf_read_block16le(struct kf_reader *out, size_t max,
                                             struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_block16be(struct kf_reader *out, size_t max,
                                             struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_block32le(struct kf_reader *out, size_t max,
                                             struct kf_reader *r);
KF_MUST_USE enum kf_status kf_read_block32be(struct kf_reader *out, size_t max,
                                             struct kf_reader *r);

/* KF_OK when nothing failed and nothing is left; KF_ERR_MALFORMED otherwise. */
KF_MUST_USE enum kf_status kf_reader_finish(const struct kf_reader *r);

struct kf_writer {
    uint8_t *buffer;
    size_t capacity;
    size_t length; /* bytes written, or wanted: it goes on counting after overflow */
};

/* buffer may be NULL with capacity 0: the writer then only measures. */
struct kf_writer kf_writer_init(uint8_t *buffer, size_t capacity);
void kf_write_u8(struct kf_writer *w, uint8_t v);
void kf_write_u16le(struct kf_writer *w, uint16_t v);
void kf_write_u16be(struct kf_writer *w, uint16_t v);
void kf_write_u32le(struct kf_writer *w, uint32_t v);
void kf_write_u32be(struct kf_writer *w, uint32_t v);
void kf_write_u64be(struct kf_writer *w, uint64_t v);
void kf_write_bytes(struct kf_writer *w, const uint8_t *data, size_t length);
/* Reserves a 16-bit or 32-bit length prefix and returns its position; the matching close call fills
 * it with the bytes written since. A block that outgrows its prefix marks the writer overflowed. */
size_t kf_write_block_open16(struct kf_writer *w);
size_t kf_write_block_open32(struct kf_writer *w);
void kf_write_block_close16le(struct kf_writer *w, size_t position);
void kf_write_block_close16be(struct kf_writer *w, size_t position);
void kf_write_block_close32le(struct kf_writer *w, size_t position);
void kf_write_block_close32be(struct kf_writer *w, size_t position);

/* KF_OK, with the final length in *length; KF_ERR_LIMIT when the buffer was too small (then *length
 * is untouched). */
KF_MUST_USE enum kf_status kf_writer_finish(size_t *length, const struct kf_writer *w);

#endif
