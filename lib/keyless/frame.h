/* Frames of the Keyless protocol: reading them from a byte stream and writing them.
 *
 * A frame is a header of 8 bytes (major, minor, length of the body u16be, id u32be) and a body of
 * items (tag u8, length u16be, value). The same shape carries requests and answers; an answer bears
 * the id of its request, and answers come in any order.
 *
 * Use: collect bytes, ask keyless_frame_measure() how long the frame at their start is, and when
 * that many are there, keyless_frame_read(). When reading fails, answer error FORMAT to the id that
 * keyless_frame_header() gives: the stream is still in step, as lengths frame it.
 *
 * Differences from gokeyless, all on the strict side: bytes after the last item, a key identifier
 * that is not 20 bytes and a digest that is not 32 are malformed (gokeyless skips them); a major
 * version other than 1 is refused. As in gokeyless, a known tag that comes twice is malformed and
 * unknown tags are skipped; an identifier of zeros counts as absent; empty items are not written.
 *
 * Ownership: a message borrows every pointer from the frame it was read from. Threads: values only.
 * Not constant-time in lengths; contents are copied or compared with public bytes only. */
#ifndef KEYFENCE_KEYLESS_FRAME_H
#define KEYFENCE_KEYLESS_FRAME_H

#include "base/status.h"
#include "keyless/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of borrowed bytes; absent and empty are the same: length 0. */
struct keyless_bytes {
    const uint8_t *data;
    size_t length;
};

struct keyless_header {
    uint8_t major;
    uint8_t minor;
    uint16_t body_length;
    uint32_t id;
};

/* A request or an answer. Zero-initialise, then set what applies. */
struct keyless_message {
    uint32_t id;
    uint8_t opcode; /* KEYLESS_OP_NONE when the frame had none */
    uint8_t error;  /* an enum keyless_error, when opcode is KEYLESS_OP_ERROR; else NONE */
    struct keyless_bytes payload; /* of an error: read as its one byte, ignored when written */
    struct keyless_bytes ski;     /* absent or KEYLESS_SKI_LENGTH bytes, not all zero */
    /* Items that gokeyless's clients send; read and passed on, not used to find a key. */
    struct keyless_bytes extra;
    struct keyless_bytes digest;    /* absent or 32 bytes */
    struct keyless_bytes client_ip; /* absent, 4 or 16 bytes */
    struct keyless_bytes server_ip; /* absent, 4 or 16 bytes */
    struct keyless_bytes server_name;
    struct keyless_bytes certificate_id;
    struct keyless_bytes function;
    struct keyless_bytes jaeger_span;
    struct keyless_bytes request_context;
    struct keyless_bytes compliance_region; /* absent or 1 byte */
    /* Keyfence's own. Texts hold no control characters and at most KEYLESS_TEXT_MAX bytes. */
    bool has_deadline;
    uint32_t deadline_ms; /* time left when the frame was written */
    struct keyless_bytes traceparent;
    struct keyless_bytes reason;
    struct keyless_bytes datacenter;
};

/* Reads the header alone. KF_ERR_MALFORMED when there are fewer than 8 bytes. */
KF_MUST_USE enum kf_status keyless_frame_header(struct keyless_header *out, const uint8_t *data,
                                                size_t length);

/* How long the frame at the start of a stream is, as far as `length` bytes tell: sets *needed to
 * KEYLESS_HEADER_LENGTH while the header is incomplete, else to the whole frame's length. The frame
 * is complete when *needed <= length and length >= KEYLESS_HEADER_LENGTH.
 * KF_ERR_LIMIT when the body is longer than body_max: close the stream, it cannot be followed.
 * KF_ERR_UNSUPPORTED when the major version is not 1: the same, after error VERSION. */
KF_MUST_USE enum kf_status keyless_frame_measure(size_t *needed, const uint8_t *data, size_t length,
                                                 size_t body_max);

/* Reads one whole frame of exactly `length` bytes. out is written only on success.
 * KF_ERR_MALFORMED, or KF_ERR_UNSUPPORTED for another major version. */
KF_MUST_USE enum kf_status keyless_frame_read(struct keyless_message *out, const uint8_t *frame,
                                              size_t length);

/* Writes a frame padded as gokeyless pads it (to KEYLESS_PADDED_LENGTH when shorter), byte for byte
 * what gokeyless writes when none of Keyfence's own items are set.
 * Ensures *length <= KEYLESS_FRAME_MAX. KF_ERR_LIMIT when it does not fit in capacity or an item is
 * longer than the protocol allows; then *length is untouched and out's content is unspecified. */
KF_MUST_USE enum kf_status keyless_frame_write(uint8_t *out, size_t *length, size_t capacity,
                                               const struct keyless_message *message);

/* The error code to answer a request with before doing anything, or KEYLESS_ERR_NONE when it may be
 * tried: the operation is known and a request, the payload's length fits it, and an operation that
 * needs a key names one. */
enum keyless_error keyless_request_check(const struct keyless_message *request);

/* True when the message is a response, a pong or an error; `error` then says which. */
bool keyless_is_answer(const struct keyless_message *message);

/* An answer to `id` with this payload, or with this error and a reason for the log (NULL for none).
 */
struct keyless_message keyless_answer_make(uint32_t id, const uint8_t *payload, size_t length);
struct keyless_message keyless_answer_error(uint32_t id, uint8_t error, const char *reason);

/* Borrows a string's bytes; NULL gives the absent value. */
struct keyless_bytes keyless_text(const char *text);
bool keyless_bytes_equal(struct keyless_bytes a, struct keyless_bytes b);

#endif
