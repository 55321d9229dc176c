/* The body of a feed response: signed records in revision order, each after its length (u32be).
 *
 * At most FEED_BODY_MAX bytes. Threads: values only. Ownership: feed_next() borrows. Public bytes
 * only. Format: docs/PROTOCOL.feed. */
#ifndef KEYFENCE_ENVELOPE_FEED_H
#define KEYFENCE_ENVELOPE_FEED_H

#include "base/cursor.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FEED_BODY_MAX = 1024 * 1024,
    FEED_WAIT_MAX = 30, /* seconds a request may ask to wait */
};

/* Adds one signed record; KF_ERR_LIMIT when it does not fit any more (then body is as it was):
 * the server sends what it has, the follower asks again. KF_ERR_USAGE for an impossible length.
 * body->capacity is at most FEED_BODY_MAX. */
KF_MUST_USE enum kf_status feed_append(struct kf_writer *body, const uint8_t *record,
                                       size_t length);

/* The next signed record (borrowed). KF_ERR_NOT_FOUND at the clean end; KF_ERR_MALFORMED or
 * KF_ERR_LIMIT when the body is cut short or a length makes no sense. */
KF_MUST_USE enum kf_status feed_next(const uint8_t **record, size_t *length,
                                     struct kf_reader *body);

#endif
