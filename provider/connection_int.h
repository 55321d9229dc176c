/* One connection to a Keyless peer behind a Unix socket, without blocking: bytes out, frames in.
 *
 * Owned and used by the client's thread alone. */
#ifndef KEYFENCE_PROVIDER_CONNECTION_INT_H
#define KEYFENCE_PROVIDER_CONNECTION_INT_H

#include "base/status.h"
#include "keyless/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONNECTION_ANSWER_MAX = 8192, /* longest frame taken: answers to signatures take 1024 */
    CONNECTION_OUT_MAX = 8 << 20, /* bytes that may wait to be sent */
};

struct connection {
    const char *path;
    int descriptor; /* -1 when there is none. Set to -1 before closing: see engine_abandon() */
    int last_errno; /* why the last attempt to connect, or the last connection, failed */
    uint8_t *out;
    size_t out_length;
    size_t out_sent;
    size_t out_capacity;
    size_t in_length;
    uint8_t in[CONNECTION_ANSWER_MAX];
};

void connection_init(struct connection *c, const char *path);
/* Closes and releases. */
void connection_clear(struct connection *c);
void connection_close(struct connection *c);
bool connection_is_open(const struct connection *c);
bool connection_wants_to_send(const struct connection *c);

/* KF_ERR_UNAVAILABLE, with last_errno, when nobody listens there. Never blocks. */
KF_MUST_USE enum kf_status connection_open(struct connection *c);

/* Appends a frame to what is to be sent. KF_ERR_LIMIT when too much waits already or the frame is
 * too long; KF_ERR_MEMORY. */
KF_MUST_USE enum kf_status connection_push(struct connection *c,
                                           const struct keyless_message *message);
/* Sends what the socket takes. KF_ERR_UNAVAILABLE when the connection is dead. */
KF_MUST_USE enum kf_status connection_flush(struct connection *c);

typedef void connection_frame_fn(void *context, const struct keyless_message *message);
/* Reads what is there and hands out each whole frame. KF_ERR_UNAVAILABLE when the connection is
 * dead, KF_ERR_MALFORMED when the peer does not speak the protocol. */
KF_MUST_USE enum kf_status connection_receive(struct connection *c, connection_frame_fn *take,
                                              void *context);

#endif
