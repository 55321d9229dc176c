#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static enum kf_status bad(struct kf_error *err, const char *text)
{
    return kf_fail(err, KF_ERR_USAGE,
                   "\"%.300s\" is not an address: expected HOST:PORT, [IPV6]:PORT or unix:PATH",
                   text);
}

static bool parse_port(uint16_t *out, const char *text)
{
    uint32_t port = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (uint32_t)(text[i] - '0');
    if (port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

enum kf_status net_address_parse(struct net_address *out, const char *text, struct kf_error *err)
{
    struct net_address a = {0};
    if (strncmp(text, "unix:", 5) == 0) {
        size_t length = strlen(text + 5);
        if (length == 0 || length > NET_PATH_MAX)
            return kf_fail(err, KF_ERR_USAGE, "socket path \"%.300s\" has %zu bytes; 1 to %d fit",
                           text + 5, length, NET_PATH_MAX);
        a.local = true;
        memcpy(a.path, text + 5, length);
        *out = a;
        return KF_OK;
    }
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !parse_port(&a.port, colon + 1))
        return bad(err, text);
    const char *host = text;
    size_t length = (size_t)(colon - text);
    bool brackets = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (brackets) {
        host++;
        length -= 2;
    }
    if (length == 0 || length > NET_HOST_MAX || (!brackets && memchr(host, ':', length) != NULL))
        return bad(err, text);
    memcpy(a.host, host, length);
    *out = a;
    return KF_OK;
}

enum kf_status net_address_numeric(struct sockaddr_storage *out, socklen_t *length,
                                   const struct net_address *address)
{
    memset(out, 0, sizeof *out);
    if (address->local) {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        memcpy(un.sun_path, address->path, sizeof un.sun_path);
        memcpy(out, &un, sizeof un);
        *length = sizeof un;
        return KF_OK;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    if (inet_pton(AF_INET, address->host, &in.sin_addr) == 1) {
        memcpy(out, &in, sizeof in);
        *length = sizeof in;
        return KF_OK;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    if (inet_pton(AF_INET6, address->host, &in6.sin6_addr) == 1) {
        memcpy(out, &in6, sizeof in6);
        *length = sizeof in6;
        return KF_OK;
    }
    return KF_ERR_NOT_FOUND;
}
