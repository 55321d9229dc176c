#include "runtime.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    COMMAND_MAX = 32 * 1024,
    ANSWER_FIRST = 16 * 1024,
    ANSWER_MAX = 256 * 1024 * 1024,
    FIRST_SECONDS = 1, /* a process that hangs is found out without keeping others waiting long */
    TIMEOUT_SECONDS = 5,
};

struct runtime {
    int fd;
    char *answer;
    size_t capacity;
    size_t length;
};

static enum kf_status gone(struct kf_error *err, const char *what)
{
    if (errno == EAGAIN)
        return kf_fail(err, KF_ERR_TIMEOUT, "it does not answer");
    return kf_fail(err, KF_ERR_UNAVAILABLE, "%s: %s", what, strerror(errno));
}

static bool set_timeout(int fd, time_t seconds)
{
    const struct timeval timeout = {.tv_sec = seconds};
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0;
}

KF_MUST_USE static enum kf_status send_all(struct runtime *r, const char *text, size_t length,
                                           struct kf_error *err)
{
    while (length > 0) {
        ssize_t n = send(r->fd, text, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return gone(err, "sending");
        text += n;
        length -= (size_t)n;
    }
    return KF_OK;
}

KF_MUST_USE static enum kf_status make_room(struct runtime *r, struct kf_error *err)
{
    if (r->capacity - r->length > 1)
        return KF_OK;
    size_t capacity = r->capacity ? r->capacity * 2 : ANSWER_FIRST;
    char *answer = capacity <= ANSWER_MAX ? realloc(r->answer, capacity) : NULL;
    if (!answer)
        return kf_fail(err, KF_ERR_UNAVAILABLE, "an answer too long to hold");
    r->answer = answer;
    r->capacity = capacity;
    return KF_OK;
}

/* An answer ends with an empty line's newline and the prompt. */
KF_MUST_USE static enum kf_status receive(struct runtime *r, struct kf_error *err)
{
    static const char prompt[] = "\n> ";
    enum { PROMPT = sizeof prompt - 1 };
    r->length = 0;
    for (;;) {
        enum kf_status status = make_room(r, err);
        if (status != KF_OK)
            return status;
        ssize_t n = recv(r->fd, r->answer + r->length, r->capacity - r->length - 1, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return kf_fail(err, KF_ERR_UNAVAILABLE, "it closed the connection");
        if (n < 0)
            return gone(err, "receiving");
        r->length += (size_t)n;
        r->answer[r->length] = 0;
        if (r->length >= PROMPT && memcmp(r->answer + r->length - PROMPT, prompt, PROMPT) == 0) {
            r->length -= PROMPT;
            r->answer[r->length] = 0;
            return KF_OK;
        }
    }
}

enum kf_status runtime_open(struct runtime **out, const char *path, struct kf_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return kf_fail(err, KF_ERR_USAGE, "the path is too long for a Unix socket");
    memcpy(address.sun_path, path, strlen(path) + 1);
    struct runtime *r = calloc(1, sizeof *r);
    if (!r)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (r->fd < 0 || !set_timeout(r->fd, FIRST_SECONDS) ||
        connect(r->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        enum kf_status status =
            kf_fail(err, errno == EACCES || errno == EPERM ? KF_ERR_DENIED : KF_ERR_UNAVAILABLE,
                    "%s", strerror(errno));
        runtime_close(r);
        return status;
    }
    static const char interactive[] = "prompt\n";
    enum kf_status status = send_all(r, interactive, sizeof interactive - 1, err);
    if (status == KF_OK)
        status = receive(r, err);
    if (status == KF_OK && !set_timeout(r->fd, TIMEOUT_SECONDS))
        status = gone(err, "the socket");
    if (status != KF_OK) {
        runtime_close(r);
        return status;
    }
    *out = r;
    return KF_OK;
}

void runtime_close(struct runtime *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    free(r->answer);
    free(r);
}

enum kf_status runtime_ask(const char **answer, struct runtime *r, const char *payload,
                           struct kf_error *err, const char *format, ...)
{
    char command[COMMAND_MAX];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(command, sizeof command - 8, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof command - 8)
        return kf_fail(err, KF_ERR_LIMIT, "a command of %d bytes is too long", n);
    (void)strcat(command, payload ? " <<\n" : "\n");
    enum kf_status status = send_all(r, command, strlen(command), err);
    if (status == KF_OK && payload)
        status = send_all(r, payload, strlen(payload), err);
    if (status == KF_OK && payload)
        status = send_all(r, "\n", 1, err);
    if (status == KF_OK)
        status = receive(r, err);
    if (status != KF_OK)
        return status;
    /* While it takes a payload it prompts with "+ ", once a line. */
    const char *text = r->answer;
    while (strncmp(text, "+ ", 2) == 0)
        text += 2;
    *answer = text;
    return KF_OK;
}
