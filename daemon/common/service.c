#include "service.h"

#include "log.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *service_command_line(int argc, char **argv, const char *purpose)
{
    const char *name = program_invocation_short_name;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)printf("usage: %s --config FILE\n%s\nSee %s(8).\n", name, purpose, name);
        exit(0);
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("%s %s\n", name, KEYFENCE_VERSION);
        exit(0);
    }
    if (argc == 3 && strcmp(argv[1], "--config") == 0) {
        return argv[2];
    }
    (void)fprintf(stderr, "usage: %s --config FILE (or --help, --version)\n", name);
    exit(2);
}

enum kf_status service_signals_open(int *fd, struct kf_error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return kf_fail(err, KF_ERR_INTERNAL, "cannot set up signals: %m");
    }
    int opened = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (opened < 0) {
        return kf_fail(err, KF_ERR_INTERNAL, "cannot open a signal descriptor: %m");
    }
    *fd = opened;
    return KF_OK;
}

enum service_signal service_signal_read(int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return SERVICE_NONE;
    }
    return info.ssi_signo == SIGHUP ? SERVICE_RELOAD : SERVICE_STOP;
}

/* sd_notify(3): a datagram to the socket named in the environment; a leading @ is the abstract
 * namespace. Best effort. */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof address.sun_path) {
        return;
    }
    size_t length = strlen(path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    (void)close(fd);
}

void service_ready(const char *what)
{
    log_info("ready: %s", what);
    notify("READY=1");
}

void service_stopping(void)
{
    log_info("stopping");
    notify("STOPPING=1");
}
