#include "connection.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct signer_connection *signer_connection_new(int fd, enum signer_origin origin)
{
    struct signer_connection *connection = calloc(1, sizeof *connection);
    if (connection != NULL) {
        connection->fd = fd;
        connection->origin = origin;
    }
    return connection;
}

static void drop_in(struct signer_connection *connection)
{
    kf_wiping_free(connection->in);
    connection->in = NULL;
    connection->in_length = 0;
    connection->in_needed = 0;
}

static void drop_out(struct signer_connection *connection)
{
    kf_wiping_free(connection->out);
    connection->out = NULL;
    connection->out_start = 0;
    connection->out_length = 0;
    connection->out_capacity = 0;
}

void signer_connection_close(struct signer_connection *connection)
{
    if (connection->fd >= 0) {
        (void)close(connection->fd);
        connection->fd = -1;
    }
    drop_in(connection);
    drop_out(connection);
}

void signer_connection_free(struct signer_connection *connection)
{
    assert(connection->fd < 0 && connection->in_flight == 0);
    free(connection);
}

/* Makes room for the frame whose length has become known. */
static enum kf_status want(struct signer_connection *connection, size_t needed)
{
    uint8_t *in = kf_wiping_realloc(connection->in, needed);
    if (in == NULL) {
        return KF_ERR_MEMORY;
    }
    connection->in = in;
    connection->in_needed = needed;
    return KF_OK;
}

/* Adds to the incomplete frame; *used says how much was taken. */
static enum kf_status fill(struct signer_connection *connection, size_t *used, const uint8_t *data,
                           size_t length, signer_frame_fn *frame, void *context)
{
    size_t room = connection->in_needed - connection->in_length;
    *used = length < room ? length : room;
    memcpy(connection->in + connection->in_length, data, *used);
    connection->in_length += *used;
    if (connection->in_length < connection->in_needed) {
        return KF_OK;
    }
    size_t needed = 0;
    enum kf_status st =
        keyless_frame_measure(&needed, connection->in, connection->in_length, KEYLESS_BODY_MAX);
    if (st == KF_OK && needed > connection->in_length) {
        return want(connection, needed);
    }
    if (st == KF_OK) {
        frame(context, connection, connection->in, connection->in_length);
        drop_in(connection);
        connection->stalled_ns = 0;
    }
    return st;
}

enum kf_status signer_connection_take(struct signer_connection *connection, const uint8_t *data,
                                      size_t length, signer_frame_fn *frame, void *context)
{
    while (length > 0) {
        size_t used = 0;
        enum kf_status st = KF_OK;
        if (connection->in != NULL) {
            st = fill(connection, &used, data, length, frame, context);
        } else {
            size_t needed = 0;
            st = keyless_frame_measure(&needed, data, length, KEYLESS_BODY_MAX);
            if (st == KF_OK && needed <= length) {
                frame(context, connection, data, needed);
                used = needed;
            } else if (st == KF_OK) {
                st = want(connection, needed);
            }
        }
        if (st != KF_OK) {
            return st;
        }
        data += used;
        length -= used;
    }
    return KF_OK;
}

static enum kf_status reserve(struct signer_connection *connection, size_t more)
{
    size_t needed = connection->out_start + connection->out_length + more;
    if (needed <= connection->out_capacity) {
        return KF_OK;
    }
    if (connection->out_start > 0) {
        memmove(connection->out, connection->out + connection->out_start, connection->out_length);
        connection->out_start = 0;
        needed = connection->out_length + more;
    }
    if (needed <= connection->out_capacity) {
        return KF_OK;
    }
    size_t capacity = connection->out_capacity < 4096 ? 4096 : connection->out_capacity * 2;
    capacity = capacity < needed ? needed : capacity;
    uint8_t *out = kf_wiping_realloc(connection->out, capacity);
    if (out == NULL) {
        return KF_ERR_MEMORY;
    }
    connection->out = out;
    connection->out_capacity = capacity;
    return KF_OK;
}

enum kf_status signer_connection_add(struct signer_connection *connection,
                                     const struct keyless_message *message)
{
    size_t room = message->payload.length + 1024 + KEYLESS_PADDED_LENGTH;
    enum kf_status st = reserve(connection, room);
    size_t length = 0;
    if (st == KF_OK) {
        st = keyless_frame_write(connection->out + connection->out_start + connection->out_length,
                                 &length, room, message);
    }
    if (st == KF_OK) {
        connection->out_length += length;
    }
    return st;
}

enum kf_status signer_connection_flush(struct signer_connection *connection)
{
    while (connection->out_length > 0) {
        uint8_t *from = connection->out + connection->out_start;
        ssize_t n = send(connection->fd, from, connection->out_length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? KF_OK : KF_ERR_IO;
        }
        kf_wipe(from, (size_t)n);
        connection->out_start += (size_t)n;
        connection->out_length -= (size_t)n;
        connection->stalled_ns = 0;
    }
    connection->out_start = 0;
    if (connection->out_capacity > 4 * 4096) {
        drop_out(connection);
    }
    return KF_OK;
}

bool signer_connection_hungry(const struct signer_connection *connection)
{
    return !connection->ending && !connection->no_more &&
           connection->out_length < SIGNER_UNSENT_MAX &&
           connection->in_flight < SIGNER_IN_FLIGHT_MAX;
}
