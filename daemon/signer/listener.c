#include "listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Whether some process accepts connections at this address. */
static bool answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool yes = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
               errno == EAGAIN; /* its backlog is full: it lives */
    (void)close(fd);
    return yes;
}

static enum kf_status bind_at(int fd, const struct sockaddr_un *address, struct kf_error *err)
{
    const char *path = address->sun_path;
    struct stat info;
    if (lstat(path, &info) == 0) {
        if (!S_ISSOCK(info.st_mode)) {
            return kf_fail(err, KF_ERR_EXISTS, "%s is there and is not a socket", path);
        }
        if (answers(address)) {
            return kf_fail(err, KF_ERR_EXISTS, "another process is serving at %s", path);
        }
        (void)unlink(path);
    }
    mode_t former = umask(0117); /* from its first instant: 0660 */
    int rc = bind(fd, (const struct sockaddr *)address, sizeof *address);
    int failure = errno;
    (void)umask(former);
    errno = failure;
    return rc == 0 ? KF_OK : kf_fail(err, KF_ERR_IO, "cannot listen at %s: %m", path);
}

enum kf_status signer_listen(int *fd, const char *path, gid_t group, struct kf_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) {
        return kf_fail(err, KF_ERR_LIMIT, "%s is too long for a socket's path (%zu bytes at most)",
                       path, sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, length);
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot make a socket: %m");
    }
    enum kf_status st = bind_at(opened, &address, err);
    if (st == KF_OK && group != (gid_t)-1 && chown(path, (uid_t)-1, group) != 0) {
        st = kf_fail(err, KF_ERR_DENIED, "cannot give %s to its group: %m", path);
    }
    if (st == KF_OK && listen(opened, BACKLOG) != 0) {
        st = kf_fail(err, KF_ERR_IO, "cannot listen at %s: %m", path);
    }
    if (st != KF_OK) {
        (void)close(opened);
        return st;
    }
    *fd = opened;
    return KF_OK;
}
