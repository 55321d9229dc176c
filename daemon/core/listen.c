#include "listen.h"

#include "files.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 512, HOST_MAX = 63 };

static enum kf_status not_loopback(const char *address, struct kf_error *err)
{
    return kf_fail(err, KF_ERR_USAGE,
                   "cannot listen on %s: the core speaks plain HTTP, so it listens on unix:PATH or "
                   "a loopback address (127.0.0.1:PORT, [::1]:PORT) alone; put HAProxy with TLS "
                   "in front of it",
                   address);
}

/* HOST and PORT of "HOST:PORT" or "[HOST]:PORT". */
static bool split(char host[static HOST_MAX + 1], uint16_t *port, const char *address)
{
    const char *colon = strrchr(address, ':');
    char *end = NULL;
    if (colon == NULL || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    unsigned long number = strtoul(colon + 1, &end, 10);
    const char *start = address;
    size_t length = (size_t)(colon - address);
    if (length >= 2 && start[0] == '[' && start[length - 1] == ']') {
        start++;
        length -= 2;
    }
    if (*end != '\0' || number == 0 || number > UINT16_MAX || length == 0 || length > HOST_MAX) {
        return false;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    *port = (uint16_t)number;
    return true;
}

static enum kf_status resolve(struct sockaddr_storage *out, socklen_t *length, const char *address,
                              struct kf_error *err)
{
    char host[HOST_MAX + 1];
    uint16_t port = 0;
    if (!split(host, &port, address)) {
        return kf_fail(err, KF_ERR_USAGE, "\"%s\" is neither unix:PATH nor HOST:PORT", address);
    }
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const char *text = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1 &&
        ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
        memcpy(out, &v4, sizeof v4);
        *length = sizeof v4;
        return KF_OK;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) {
        memcpy(out, &v6, sizeof v6);
        *length = sizeof v6;
        return KF_OK;
    }
    return not_loopback(address, err);
}

static enum kf_status open_tcp(int *fd, const char *address, struct kf_error *err)
{
    struct sockaddr_storage storage = {0};
    socklen_t length = 0;
    const int on = 1;
    enum kf_status st = resolve(&storage, &length, address, err);
    if (st != KF_OK) {
        return st;
    }
    int opened = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened < 0 || setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(opened, (const struct sockaddr *)&storage, length) != 0 ||
        listen(opened, BACKLOG) != 0) {
        st = kf_fail(err, KF_ERR_IO, "cannot listen on %s: %m", address);
        if (opened >= 0) {
            (void)close(opened);
        }
        return st;
    }
    *fd = opened;
    return KF_OK;
}

enum kf_status listen_open(struct listen_socket *out, const char *address, const char *group,
                           struct kf_error *err)
{
    struct listen_socket opened = {.fd = -1};
    enum kf_status st;
    if (strncmp(address, "unix:", 5) == 0) {
        opened.local = true;
        opened.path = address + 5;
        st = files_listen_unix(&opened.fd, opened.path, group == NULL ? 0600 : 0660, group, err);
    } else {
        st = open_tcp(&opened.fd, address, err);
    }
    if (st == KF_OK) {
        *out = opened;
    }
    return st;
}
