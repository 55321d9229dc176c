#include "authority_client.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct call {
    int fd;
    uint64_t deadline_ns;
};

static uint64_t now_ns(void)
{
    const struct kf_clock clock = kf_clock_system();
    return kf_clock_monotonic_ns(&clock);
}

static bool wait_for(const struct call *call, short events)
{
    for (;;) {
        uint64_t now = now_ns();
        if (now >= call->deadline_ns) {
            return false;
        }
        struct pollfd slot = {.fd = call->fd, .events = events};
        int ready = poll(&slot, 1, (int)((call->deadline_ns - now) / 1000000) + 1);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static enum kf_status unavailable(struct kf_error *err, const char *path, const char *why)
{
    return kf_fail(err, KF_ERR_UNAVAILABLE, "the authority on %s %s", path, why);
}

static enum kf_status open_call(struct call *out, const char *path, struct kf_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return kf_fail(err, KF_ERR_USAGE, "the path of the authority's socket is too long: %s",
                       path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot open a socket: %m");
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        bool denied = errno == EACCES;
        (void)close(fd);
        return unavailable(err, path,
                           denied ? "may not be used by this user: see group in its configuration"
                                  : "does not answer: start keyfence-authority and try again");
    }
    out->fd = fd;
    out->deadline_ns = now_ns() + (uint64_t)AUTHORITY_CLIENT_SECONDS * 1000000000;
    return KF_OK;
}

static bool send_all(const struct call *call, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = send(call->fd, data, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN && wait_for(call, POLLOUT)) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        length -= (size_t)n;
    }
    return true;
}

static bool receive_all(const struct call *call, uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = recv(call->fd, data, length, 0);
        if (n < 0 && errno == EAGAIN && wait_for(call, POLLIN)) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        length -= (size_t)n;
    }
    return true;
}

static bool send_request(const struct call *call, const struct authority_request *request)
{
    uint8_t *frame = malloc(4 + AUTHORITY_REQUEST_MAX);
    size_t length = 0;
    if (frame == NULL) {
        return false;
    }
    struct kf_writer w = kf_writer_init(frame, 4 + AUTHORITY_REQUEST_MAX);
    size_t at = kf_write_block_open32(&w);
    authority_request_write(&w, request);
    kf_write_block_close32be(&w, at);
    bool sent = kf_writer_finish(&length, &w) == KF_OK && send_all(call, frame, length);
    free(frame);
    return sent;
}

static uint8_t *receive_frame(size_t *length, const struct call *call)
{
    uint8_t head[4];
    uint32_t size = 0;
    if (!receive_all(call, head, sizeof head)) {
        return NULL;
    }
    struct kf_reader r = kf_reader_init(head, sizeof head);
    if (kf_read_u32be(&size, &r) != KF_OK || size > AUTHORITY_ANSWER_MAX) {
        return NULL;
    }
    uint8_t *frame = malloc((size_t)size + 1);
    if (frame == NULL || !receive_all(call, frame, size)) {
        free(frame);
        return NULL;
    }
    *length = size;
    return frame;
}

enum kf_status authority_call(uint8_t **out, size_t *length, const char *socket_path,
                              const struct authority_request *request, struct kf_error *err)
{
    struct call call = {.fd = -1};
    struct authority_answer answer;
    enum kf_status st = open_call(&call, socket_path, err);
    if (st != KF_OK) {
        return st;
    }
    size_t frame_length = 0;
    uint8_t *frame = send_request(&call, request) ? receive_frame(&frame_length, &call) : NULL;
    (void)close(call.fd);
    if (frame == NULL) {
        return unavailable(err, socket_path, "gave no answer: see its log and try again");
    }
    st = authority_answer_parse(&answer, frame, frame_length);
    if (st != KF_OK) {
        free(frame);
        return kf_fail(err, KF_ERR_INTERNAL, "the authority's answer cannot be read (%s)",
                       kf_status_name(st));
    }
    if (answer.status != KF_OK) {
        free(frame);
        return kf_fail(err, answer.status, "%s", answer.message);
    }
    /* The body moves to the block's start: there is a byte for its NUL then. */
    size_t body_length = answer.body_length;
    memmove(frame, answer.body, body_length);
    frame[body_length] = '\0';
    *out = frame;
    *length = body_length;
    return KF_OK;
}
