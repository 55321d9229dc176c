/* Where to listen or connect: "unix:PATH", "HOST:PORT" or "[IPV6]:PORT". Values only. */
#ifndef KEYFENCE_NET_ADDRESS_H
#define KEYFENCE_NET_ADDRESS_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NET_HOST_MAX = 253, NET_PATH_MAX = 107 };

struct net_address {
    bool local; /* a Unix socket */
    char path[NET_PATH_MAX + 1];
    char host[NET_HOST_MAX + 1]; /* without brackets */
    uint16_t port;
};

/* KF_ERR_USAGE, and says what is expected. Port 0 is allowed (listen on any). */
KF_MUST_USE enum kf_status net_address_parse(struct net_address *out, const char *text,
                                             struct kf_error *err);

/* The socket address, when it needs no resolver: a path or a numeric host. KF_ERR_NOT_FOUND for a
 * name. */
KF_MUST_USE enum kf_status net_address_numeric(struct sockaddr_storage *out, socklen_t *length,
                                               const struct net_address *address);

#endif
