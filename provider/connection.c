#include "connection_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { OUT_FIRST = 16 * KEYLESS_PADDED_LENGTH };

void connection_init(struct connection *c, const char *path)
{
    memset(c, 0, sizeof *c);
    c->path = path;
    c->descriptor = -1;
}

void connection_close(struct connection *c)
{
    int descriptor = c->descriptor;
    c->descriptor = -1;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    c->out_length = 0;
    c->out_sent = 0;
    c->in_length = 0;
}

void connection_clear(struct connection *c)
{
    connection_close(c);
    free(c->out);
    c->out = NULL;
    c->out_capacity = 0;
}

bool connection_is_open(const struct connection *c)
{
    return c->descriptor >= 0;
}

bool connection_wants_to_send(const struct connection *c)
{
    return c->out_sent < c->out_length;
}

enum kf_status connection_open(struct connection *c)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(c->path);
    if (n >= sizeof address.sun_path) {
        c->last_errno = ENAMETOOLONG;
        return KF_ERR_UNAVAILABLE;
    }
    memcpy(address.sun_path, c->path, n);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        c->last_errno = errno;
        return KF_ERR_UNAVAILABLE;
    }
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        c->last_errno = errno; /* EAGAIN: its queue of connections is full */
        (void)close(descriptor);
        return KF_ERR_UNAVAILABLE;
    }
    c->descriptor = descriptor;
    return KF_OK;
}

/* Makes room for `wanted` more bytes, at the front first. */
static enum kf_status reserve(struct connection *c, size_t wanted)
{
    if (c->out_sent > 0) {
        memmove(c->out, c->out + c->out_sent, c->out_length - c->out_sent);
        c->out_length -= c->out_sent;
        c->out_sent = 0;
    }
    if (c->out_capacity - c->out_length >= wanted) {
        return KF_OK;
    }
    if (c->out_length + wanted > CONNECTION_OUT_MAX) {
        return KF_ERR_LIMIT;
    }
    size_t capacity = c->out_capacity == 0 ? OUT_FIRST : c->out_capacity;
    while (capacity - c->out_length < wanted) {
        capacity *= 2;
    }
    uint8_t *grown = realloc(c->out, capacity);
    if (grown == NULL) {
        return KF_ERR_MEMORY;
    }
    c->out = grown;
    c->out_capacity = capacity;
    return KF_OK;
}

enum kf_status connection_push(struct connection *c, const struct keyless_message *message)
{
    size_t length = 0;
    enum kf_status st = reserve(c, KEYLESS_PADDED_LENGTH + message->payload.length);
    if (st == KF_OK) {
        st = keyless_frame_write(c->out + c->out_length, &length, c->out_capacity - c->out_length,
                                 message);
    }
    c->out_length += length;
    return st;
}

enum kf_status connection_flush(struct connection *c)
{
    while (connection_wants_to_send(c)) {
        ssize_t n =
            send(c->descriptor, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return KF_OK;
        }
        if (n < 0) {
            c->last_errno = errno;
            return KF_ERR_UNAVAILABLE;
        }
        c->out_sent += (size_t)n;
    }
    c->out_length = 0;
    c->out_sent = 0;
    return KF_OK;
}

static enum kf_status take_frames(struct connection *c, connection_frame_fn *take, void *context)
{
    size_t at = 0;
    while (at < c->in_length) {
        size_t needed = 0;
        struct keyless_message m;
        if (keyless_frame_measure(&needed, c->in + at, c->in_length - at,
                                  CONNECTION_ANSWER_MAX - KEYLESS_HEADER_LENGTH) != KF_OK) {
            return KF_ERR_MALFORMED;
        }
        if (needed > c->in_length - at) {
            break;
        }
        if (keyless_frame_read(&m, c->in + at, needed) != KF_OK) {
            return KF_ERR_MALFORMED;
        }
        take(context, &m);
        at += needed;
    }
    memmove(c->in, c->in + at, c->in_length - at);
    c->in_length -= at;
    return KF_OK;
}

enum kf_status connection_receive(struct connection *c, connection_frame_fn *take, void *context)
{
    for (;;) {
        ssize_t n = recv(c->descriptor, c->in + c->in_length, sizeof c->in - c->in_length, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return KF_OK;
        }
        if (n <= 0) {
            c->last_errno = n == 0 ? ECONNRESET : errno;
            return KF_ERR_UNAVAILABLE;
        }
        c->in_length += (size_t)n;
        enum kf_status st = take_frames(c, take, context);
        if (st != KF_OK) {
            c->last_errno = EPROTO;
            return st;
        }
    }
}
