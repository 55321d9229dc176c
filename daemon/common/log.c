#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static size_t append_time(char *line, size_t capacity)
{
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, capacity, "%Y-%m-%dT%H:%M:%S", &utc);
    int m = snprintf(line + n, capacity - n, ".%03ldZ ", now.tv_nsec / 1000000);
    return n + (size_t)m;
}

/* Copies text, showing control characters as \xNN. */
static size_t append_escaped(char *line, size_t at, size_t capacity, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (; *text != '\0' && at + 5 < capacity; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f) {
            line[at++] = (char)c;
        } else {
            line[at++] = '\\';
            line[at++] = 'x';
            line[at++] = digits[c >> 4];
            line[at++] = digits[c & 15];
        }
    }
    return at;
}

__attribute__((format(printf, 2, 0))) static void write_line(const char *level, const char *format,
                                                             va_list args)
{
    int saved = errno;
    char message[LINE_MAX_BYTES / 2];
    char line[LINE_MAX_BYTES];
    (void)vsnprintf(message, sizeof message, format, args);
    size_t at = append_time(line, sizeof line);
    at += (size_t)snprintf(line + at, sizeof line - at, "%s %s: ", level,
                           program_invocation_short_name);
    at = append_escaped(line, at, sizeof line, message);
    line[at++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, at);
    (void)ignored; /* there is nowhere else to say it */
    errno = saved;
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line("INFO", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line("WARN", format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line("ERROR", format, args);
    va_end(args);
}

int64_t log_limit_pass(struct log_limit *limit, uint64_t now_ns, uint64_t interval_ns)
{
    if (limit->last_ns != 0 && now_ns - limit->last_ns < interval_ns) {
        limit->suppressed++;
        return -1;
    }
    int64_t suppressed = limit->suppressed;
    limit->last_ns = now_ns == 0 ? 1 : now_ns;
    limit->suppressed = 0;
    return suppressed;
}
