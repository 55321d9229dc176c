/* What makes a program a service: its command line, its signals, its word to the service manager.
 *
 * Threads: call service_signals_open() before starting any thread, so that all inherit the mask. */
#ifndef KEYFENCE_DAEMON_SERVICE_H
#define KEYFENCE_DAEMON_SERVICE_H

#include "base/status.h"

#include <stdbool.h>

/* Every daemon is started as `PROGRAM --config FILE`; --help and --version answer and exit with 0,
 * anything else is an error of usage and exits with 2. Returns the path of the configuration
 * file. `purpose` is one line for --help. Exits by itself: call it first in main(). */
const char *service_command_line(int argc, char **argv, const char *purpose);

enum service_signal {
    SERVICE_NONE,
    SERVICE_STOP,   /* SIGTERM or SIGINT: finish what is in hand and exit with 0 */
    SERVICE_RELOAD, /* SIGHUP */
};

/* Blocks SIGTERM, SIGINT and SIGHUP, ignores SIGPIPE, and returns in *fd a non-blocking descriptor
 * that becomes readable when one of them arrives. The caller closes it. */
KF_MUST_USE enum kf_status service_signals_open(int *fd, struct kf_error *err);
enum service_signal service_signal_read(int fd);

/* Says that the service is ready: a log line, and sd_notify(3)'s READY=1 when a service manager
 * listens. service_stopping() likewise at the end. */
void service_ready(const char *what);
void service_stopping(void);

#endif
