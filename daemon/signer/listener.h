/* Unix stream sockets to listen on. */
#ifndef KEYFENCE_SIGNER_LISTENER_H
#define KEYFENCE_SIGNER_LISTENER_H

#include "base/status.h"

#include <stdbool.h>
#include <sys/types.h>

/* Binds and listens, non-blocking, mode 0660, owned by `group` unless that is (gid_t)-1. A socket
 * that a dead process left behind is replaced; KF_ERR_EXISTS when someone answers there. */
KF_MUST_USE enum kf_status signer_listen(int *fd, const char *path, gid_t group,
                                         struct kf_error *err);

#endif
