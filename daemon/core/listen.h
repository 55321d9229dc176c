/* Where the core listens: Unix sockets and loopback, nothing else. */
#ifndef KEYFENCE_CORE_LISTEN_H
#define KEYFENCE_CORE_LISTEN_H

#include "base/status.h"

#include <stdbool.h>

struct listen_socket {
    int fd;
    bool local;       /* a Unix socket */
    const char *path; /* of a Unix socket, borrowed from the address; else NULL */
};

/* Opens "unix:PATH" or "HOST:PORT" (HOST: 127.0.0.0/8, ::1 in brackets, or localhost). */
KF_MUST_USE enum kf_status listen_open(struct listen_socket *out, const char *address,
                                       const char *group, struct kf_error *err);

#endif
