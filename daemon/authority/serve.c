#include "serve.h"

#include "log.h"
#include "service.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PEERS_MAX = 16,
    FIXED = 2, /* poll slots of the listener and of the signals */
    LENGTH_BYTES = 4,
    COMPLAIN_NS = 200 * 1000 * 1000,
    FRAME_MS = 5000, /* for a frame to arrive once begun, and for an answer to be taken */
};

struct peer {
    int fd; /* -1: free */
    uint8_t *buffer;
    size_t have;
    uint64_t deadline_ns; /* of the frame that has begun */
};

struct server {
    struct authority *authority;
    struct kf_clock clock;
    struct peer peers[PEERS_MAX];
    uint8_t *answer; /* LENGTH_BYTES + AUTHORITY_ANSWER_MAX */
    struct log_limit complaints;
};

/* A core that was taken over must not fill the disk with lines about itself. */
static void complain(struct server *server, const char *what, const char *detail)
{
    uint64_t now = kf_clock_monotonic_ns(&server->clock);
    int64_t more = log_limit_pass(&server->complaints, now, COMPLAIN_NS);
    if (more > 0) {
        log_warn("%s%s (and %lld more complaints since the last)", what, detail, (long long)more);
    } else if (more == 0) {
        log_warn("%s%s", what, detail);
    }
}

static void peer_close(struct peer *peer)
{
    (void)close(peer->fd);
    free(peer->buffer);
    *peer = (struct peer){.fd = -1};
}

static void accept_peer(struct server *server, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < PEERS_MAX; i++) {
        struct peer *peer = &server->peers[i];
        if (peer->fd < 0) {
            peer->buffer = malloc(LENGTH_BYTES + AUTHORITY_REQUEST_MAX);
            if (peer->buffer == NULL) {
                break;
            }
            peer->fd = fd;
            peer->have = 0;
            return;
        }
    }
    complain(server, "too many connections: ", "refused one");
    (void)close(fd);
}

static bool send_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (poll(&wait, 1, FRAME_MS) <= 0) {
                return false;
            }
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

static bool answer_frame(struct server *server, struct peer *peer, const uint8_t *data,
                         size_t length)
{
    char note[KF_ERROR_MESSAGE_MAX];
    struct kf_writer w = kf_writer_init(server->answer + LENGTH_BYTES, AUTHORITY_ANSWER_MAX);
    enum kf_status st = authority_answer(&w, server->authority, data, length, note, sizeof note);
    if (st != KF_OK) {
        complain(server, "refused a request: ", note);
    } else if (note[0] != '\0') {
        log_info("%s", note);
    }
    size_t answered = 0;
    if (kf_writer_finish(&answered, &w) != KF_OK) {
        log_error("an answer outgrew its bound");
        return false;
    }
    struct kf_writer head = kf_writer_init(server->answer, LENGTH_BYTES);
    kf_write_u32be(&head, (uint32_t)answered);
    return send_all(peer->fd, server->answer, LENGTH_BYTES + answered);
}

static uint64_t frame_deadline(const struct server *server)
{
    return kf_clock_monotonic_ns(&server->clock) + (uint64_t)FRAME_MS * 1000 * 1000;
}

/* Answers every whole frame in the buffer; false when the connection must end. */
static bool take_frames(struct server *server, struct peer *peer)
{
    for (;;) {
        struct kf_reader r = kf_reader_init(peer->buffer, peer->have);
        uint32_t length = 0;
        if (kf_read_u32be(&length, &r) != KF_OK) {
            return true;
        }
        if (length > AUTHORITY_REQUEST_MAX) {
            complain(server, "a request is longer than any may be: ", "connection closed");
            return false;
        }
        if (kf_reader_left(&r) < length) {
            return true;
        }
        if (!answer_frame(server, peer, r.at, length)) {
            return false;
        }
        size_t used = LENGTH_BYTES + (size_t)length;
        memmove(peer->buffer, peer->buffer + used, peer->have - used);
        peer->have -= used;
        peer->deadline_ns = frame_deadline(server);
    }
}

static bool read_peer(struct server *server, struct peer *peer)
{
    bool idle = peer->have == 0;
    ssize_t n = recv(peer->fd, peer->buffer + peer->have,
                     LENGTH_BYTES + AUTHORITY_REQUEST_MAX - peer->have, 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) {
        return false;
    }
    peer->have += (size_t)n;
    if (idle) {
        peer->deadline_ns = frame_deadline(server);
    }
    return take_frames(server, peer);
}

static void serve_peers(struct server *server, const struct pollfd *slots)
{
    uint64_t now = kf_clock_monotonic_ns(&server->clock);
    for (size_t i = 0; i < PEERS_MAX; i++) {
        struct peer *peer = &server->peers[i];
        if (peer->fd < 0 || slots[FIXED + i].fd != peer->fd) {
            continue;
        }
        bool keep = true;
        if (slots[FIXED + i].revents != 0) {
            keep = read_peer(server, peer);
        }
        if (keep && peer->have > 0 && now > peer->deadline_ns) {
            complain(server, "a request did not arrive whole: ", "connection closed");
            keep = false;
        }
        if (!keep) {
            peer_close(peer);
        }
    }
}

static enum kf_status loop(struct server *server, int listener, int signals, struct kf_error *err)
{
    for (;;) {
        struct pollfd slots[FIXED + PEERS_MAX] = {
            {.fd = listener, .events = POLLIN},
            {.fd = signals, .events = POLLIN},
        };
        for (size_t i = 0; i < PEERS_MAX; i++) {
            slots[FIXED + i] = (struct pollfd){.fd = server->peers[i].fd, .events = POLLIN};
        }
        int ready = poll(slots, FIXED + PEERS_MAX, FRAME_MS);
        if (ready < 0 && errno != EINTR) {
            return kf_fail(err, KF_ERR_IO, "cannot wait for requests: %m");
        }
        if (ready < 0) {
            continue;
        }
        if (slots[1].revents != 0 && service_signal_read(signals) == SERVICE_STOP) {
            return KF_OK;
        }
        serve_peers(server, slots);
        if (slots[0].revents != 0) {
            accept_peer(server, listener);
        }
    }
}

enum kf_status serve(struct authority *authority, int listener, int signals,
                     const struct kf_clock *clock, struct kf_error *err)
{
    struct server server = {.authority = authority, .clock = *clock};
    for (size_t i = 0; i < PEERS_MAX; i++) {
        server.peers[i].fd = -1;
    }
    server.answer = malloc(LENGTH_BYTES + AUTHORITY_ANSWER_MAX);
    if (server.answer == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = loop(&server, listener, signals, err);
    for (size_t i = 0; i < PEERS_MAX; i++) {
        if (server.peers[i].fd >= 0) {
            peer_close(&server.peers[i]);
        }
    }
    free(server.answer);
    return st;
}
