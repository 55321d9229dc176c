#include "cpabe_cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = (1 << 30) + (1 << 24), FIRST_READ = 1 << 16 };

static bool is_dash(const char *path)
{
    return strcmp(path, "-") == 0;
}

void cli_buffer_free(struct cli_buffer *buffer)
{
    if (buffer->data != NULL) {
        explicit_bzero(buffer->data, buffer->length);
        free(buffer->data);
    }
    *buffer = (struct cli_buffer){0};
}

/* Makes room for more than buffer->length bytes; what is moved is wiped where it was. */
static bool grow(struct cli_buffer *buffer, size_t *capacity)
{
    size_t wanted = *capacity == 0 ? FIRST_READ : 2 * *capacity;
    uint8_t *moved = malloc(wanted);
    if (moved == NULL) {
        return false;
    }
    if (buffer->data != NULL) {
        memcpy(moved, buffer->data, buffer->length);
        explicit_bzero(buffer->data, buffer->length);
        free(buffer->data);
    }
    buffer->data = moved;
    *capacity = wanted;
    return true;
}

static enum cli_exit read_fd(struct cli_buffer *out, int fd, const char *name)
{
    size_t capacity = 0;
    for (;;) {
        if (out->length == capacity && !grow(out, &capacity)) {
            return cli_fail(CLI_FAILED, "%s: out of memory", name);
        }
        ssize_t n = read(fd, out->data + out->length, capacity - out->length);
        if (n == 0) {
            return CLI_OK;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return cli_fail(CLI_FAILED, "%s: %s", name, strerror(errno));
        }
        out->length += (size_t)n;
        if (out->length > FILE_MAX) {
            return cli_fail(CLI_FAILED, "%s: larger than %d bytes", name, FILE_MAX);
        }
    }
}

enum cli_exit cli_read(struct cli_buffer *out, const char *path)
{
    *out = (struct cli_buffer){0};
    int fd = is_dash(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cli_fail(CLI_FAILED, "%s: %s", path, strerror(errno));
    }
    enum cli_exit status = read_fd(out, fd, is_dash(path) ? "standard input" : path);
    if (fd != STDIN_FILENO) {
        (void)close(fd);
    }
    if (status != CLI_OK) {
        cli_buffer_free(out);
    }
    return status;
}

static bool write_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n > 0) {
            data += n;
            length -= (size_t)n;
        }
    }
    return true;
}

/* The file to replace: path itself, or what it links to. NULL: written in place. */
static char *find_target(const char *path)
{
    struct stat st;
    if (is_dash(path)) {
        return NULL;
    }
    if (stat(path, &st) != 0) {
        return strdup(path);
    }
    return S_ISREG(st.st_mode) ? realpath(path, NULL) : NULL;
}

/* mkstemp() makes the file 0600; one that is not secret gets what open() would have given it. */
static bool write_temporary(char *name, const uint8_t *data, size_t length, bool secret)
{
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    mode_t mask = umask(0);
    (void)umask(mask);
    bool done =
        (secret || fchmod(fd, 0666 & ~mask) == 0) && write_all(fd, data, length) && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && done) {
        saved = errno;
        done = false;
    }
    if (!done) {
        (void)unlink(name);
    }
    errno = saved;
    return done;
}

enum cli_exit cli_output_prepare(struct cli_output *out, const char *path, const uint8_t *data,
                                 size_t length, bool secret)
{
    *out = (struct cli_output){.path = path, .target = find_target(path)};
    if (out->target == NULL) {
        return CLI_OK;
    }
    if (asprintf(&out->temporary, "%s.XXXXXX", out->target) < 0) {
        out->temporary = NULL;
        cli_output_clear(out);
        return cli_fail(CLI_FAILED, "%s: out of memory", path);
    }
    if (!write_temporary(out->temporary, data, length, secret)) {
        int saved = errno;
        free(out->temporary);
        out->temporary = NULL;
        cli_output_clear(out);
        return cli_fail(CLI_FAILED, "%s: %s", path, strerror(saved));
    }
    return CLI_OK;
}

enum cli_exit cli_output_commit(struct cli_output *out, const uint8_t *data, size_t length)
{
    if (out->temporary != NULL) {
        if (rename(out->temporary, out->target) != 0) {
            return cli_fail(CLI_FAILED, "%s: %s", out->path, strerror(errno));
        }
        free(out->temporary);
        out->temporary = NULL;
        return CLI_OK;
    }
    int fd = is_dash(out->path) ? STDOUT_FILENO : open(out->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || !write_all(fd, data, length) || (fd != STDOUT_FILENO && close(fd) != 0)) {
        return cli_fail(CLI_FAILED, "%s: %s", is_dash(out->path) ? "standard output" : out->path,
                        strerror(errno));
    }
    return CLI_OK;
}

void cli_output_clear(struct cli_output *out)
{
    if (out->temporary != NULL) {
        (void)unlink(out->temporary);
        free(out->temporary);
    }
    free(out->target);
    *out = (struct cli_output){0};
}

enum cli_exit cli_write(const char *path, const uint8_t *data, size_t length, bool secret)
{
    struct cli_output out;
    enum cli_exit status = cli_output_prepare(&out, path, data, length, secret);
    if (status == CLI_OK) {
        status = cli_output_commit(&out, data, length);
        cli_output_clear(&out);
    }
    return status;
}
