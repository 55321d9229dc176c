#include "log_int.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { KINDS = 1024, LINE_MAX_LENGTH = 640 };
static const uint64_t interval_ns = 1000000000;

enum place { PLACE_STDERR, PLACE_SYSLOG, PLACE_NONE };

struct log {
    enum place place;
    struct kf_clock clock;
    bool had_stderr;
    dev_t device;
    ino_t inode;
    struct {
        uint64_t next_ns; /* when a line of this kind may be written again */
        unsigned left_out;
    } kinds[KINDS];
};

struct log *log_new(const char *where, struct kf_clock clock)
{
    struct stat s;
    enum place place = PLACE_STDERR;
    if (where != NULL && strcmp(where, "syslog") == 0) {
        place = PLACE_SYSLOG;
    } else if (where != NULL && strcmp(where, "none") == 0) {
        place = PLACE_NONE;
    } else if (where != NULL && strcmp(where, "stderr") != 0) {
        return NULL;
    }
    struct log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    log->place = place;
    log->clock = clock;
    log->had_stderr = fstat(STDERR_FILENO, &s) == 0;
    if (log->had_stderr) {
        log->device = s.st_dev;
        log->inode = s.st_ino;
    }
    return log;
}

void log_free(struct log *log)
{
    free(log);
}

/* A host program may have closed its standard error, and descriptor 2 may by now be a visitor's
 * connection. It is trusted when it is what it was when the module was loaded, or no socket. */
static bool stderr_is_safe(const struct log *log)
{
    struct stat s;
    if (fstat(STDERR_FILENO, &s) != 0) {
        return false;
    }
    return !S_ISSOCK(s.st_mode) ||
           (log->had_stderr && s.st_dev == log->device && s.st_ino == log->inode);
}

static void write_line(const struct log *log, const char *line, size_t length)
{
    if (log->place == PLACE_SYSLOG) {
        syslog(LOG_ERR | LOG_DAEMON, "%.*s", (int)length - 1, line);
    } else if (log->place == PLACE_STDERR && stderr_is_safe(log)) {
        ssize_t n = write(STDERR_FILENO, line, length);
        (void)n; /* there is nowhere left to complain */
    }
}

void log_failure(void *context, int failure, const char *message)
{
    struct log *log = context;
    char line[LINE_MAX_LENGTH];
    char others[64] = "";
    size_t kind = (size_t)failure % KINDS;
    uint64_t now = kf_clock_monotonic_ns(&log->clock);
    if (now < log->kinds[kind].next_ns) {
        log->kinds[kind].left_out++;
        return;
    }
    if (log->kinds[kind].left_out > 0) {
        (void)snprintf(others, sizeof others, " (and %u more like it)", log->kinds[kind].left_out);
    }
    log->kinds[kind].next_ns = now + interval_ns;
    log->kinds[kind].left_out = 0;
    int n = snprintf(line, sizeof line, "ERROR keyfence-provider: %s%s\n", message, others);
    if (n > 0) {
        write_line(log, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    }
}
