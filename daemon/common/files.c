#include "files.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static enum kf_status read_all(uint8_t *out, size_t *length, size_t capacity, int fd)
{
    size_t have = 0;
    while (have < capacity) {
        ssize_t n = read(fd, out + have, capacity - have);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return KF_ERR_IO;
        }
        if (n == 0) {
            break;
        }
        have += (size_t)n;
    }
    *length = have;
    return KF_OK;
}

enum kf_status files_read(uint8_t **out, size_t *length, const char *path, size_t max,
                          struct kf_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return kf_fail(err, errno == ENOENT ? KF_ERR_NOT_FOUND : KF_ERR_IO, "cannot open %s: %m",
                       path);
    }
    uint8_t *data = kf_secret_new(max + 1);
    if (data == NULL) {
        (void)close(fd);
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory for %s", path);
    }
    size_t have = 0;
    enum kf_status st = read_all(data, &have, max + 1, fd);
    if (st != KF_OK) {
        st = kf_fail(err, KF_ERR_IO, "cannot read %s: %m", path);
    } else if (have > max) {
        st = kf_fail(err, KF_ERR_LIMIT, "%s is larger than %zu bytes", path, max);
    }
    (void)close(fd);
    if (st != KF_OK) {
        kf_secret_free(data);
        return st;
    }
    data[have] = 0;
    *out = data;
    *length = have;
    return KF_OK;
}

static enum kf_status write_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return KF_ERR_IO;
        }
        data += n;
        length -= (size_t)n;
    }
    return KF_OK;
}

static int flush_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 1 : (size_t)(slash - path) + 1;
    if (length >= sizeof folder) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(folder, slash == NULL ? "." : path, length);
    folder[length] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int rc = fsync(fd);
    (void)close(fd);
    return rc;
}

enum kf_status files_write(const char *path, mode_t mode, const uint8_t *data, size_t length,
                           struct kf_error *err)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        return kf_fail(err, KF_ERR_IO, "path too long: %s", path);
    }
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot write %s: %m", path);
    }
    bool ok = write_all(fd, data, length) == KF_OK && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (!ok) {
        enum kf_status st = kf_fail(err, KF_ERR_IO, "cannot write %s: %m", path);
        (void)unlink(temporary);
        return st;
    }
    if (flush_folder_of(path) != 0) {
        return kf_fail(err, KF_ERR_IO, "cannot flush the folder of %s: %m", path);
    }
    return KF_OK;
}

enum kf_status files_make_folder(const char *path, mode_t mode, struct kf_error *err)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST) {
        return KF_OK;
    }
    return kf_fail(err, KF_ERR_IO, "cannot make the folder %s: %m", path);
}

bool files_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

enum kf_status files_join(char *out, size_t capacity, const char *folder, const char *name,
                          struct kf_error *err)
{
    int n = snprintf(out, capacity, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= capacity) {
        return kf_fail(err, KF_ERR_LIMIT, "path too long: %s/%s", folder, name);
    }
    return KF_OK;
}

/* A socket file that nobody answers is what a killed daemon left behind. */
static enum kf_status remove_stale(const struct sockaddr_un *address, struct kf_error *err)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0) {
        return KF_OK;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return kf_fail(err, KF_ERR_EXISTS, "%s exists and is not a socket", address->sun_path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot open a socket: %m");
    }
    int rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
    bool refused = rc != 0 && (errno == ECONNREFUSED || errno == ENOENT);
    (void)close(fd);
    if (!refused) {
        return kf_fail(err, KF_ERR_EXISTS, "another process already listens on %s",
                       address->sun_path);
    }
    if (unlink(address->sun_path) != 0 && errno != ENOENT) {
        return kf_fail(err, KF_ERR_IO, "cannot remove the stale socket %s: %m", address->sun_path);
    }
    return KF_OK;
}

static bool give_group(const char *path, const char *group)
{
    if (group == NULL) {
        return true;
    }
    const struct group *found = getgrnam(group);
    if (found == NULL) {
        errno = ENOENT;
        return false;
    }
    return chown(path, (uid_t)-1, found->gr_gid) == 0;
}

enum kf_status files_listen_unix(int *fd, const char *path, mode_t mode, const char *group,
                                 struct kf_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return kf_fail(err, KF_ERR_LIMIT, "the path of a Unix socket has at most %zu bytes: %s",
                       sizeof address.sun_path - 1, path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    enum kf_status st = remove_stale(&address, err);
    if (st != KF_OK) {
        return st;
    }
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot open a socket: %m");
    }
    mode_t before = umask(0777);
    int rc = bind(opened, (const struct sockaddr *)&address, sizeof address);
    (void)umask(before);
    if (rc != 0 || !give_group(path, group) || chmod(path, mode) != 0 ||
        listen(opened, BACKLOG) != 0) {
        st = kf_fail(err, KF_ERR_IO, "cannot listen on %s%s%s: %m", path,
                     group == NULL ? "" : " for the group ", group == NULL ? "" : group);
        (void)close(opened);
        return st;
    }
    *fd = opened;
    return KF_OK;
}
