/* What a daemon tells its operator: one line per decision, on standard error, where the service
 * manager keeps it.
 *
 * A line is `TIME LEVEL program: message`, UTC, newline-free: control characters in the message are
 * shown as escapes, so that nothing from the network can forge a second line. Each line is written
 * with one system call; threads do not interleave. Never log a secret. Only daemons log; libraries
 * return errors. */
#ifndef KEYFENCE_DAEMON_LOG_H
#define KEYFENCE_DAEMON_LOG_H

#include <stdint.h>

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a line that a stranger can provoke: at most one in `interval_ns`, the suppressed ones counted
 * and the count added to the next. Zero-initialised state; one state per kind of line; the caller
 * serialises. Returns how many lines were suppressed since the last when this one may be written,
 * or -1 when it may not. */
struct log_limit {
    uint64_t last_ns;
    int64_t suppressed;
};
int64_t log_limit_pass(struct log_limit *limit, uint64_t now_ns, uint64_t interval_ns);

#endif
