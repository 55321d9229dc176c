/* keyfence-sync: follows the core's feed into the replica, and keeps the TLS server's certificates
 * in step with it. It holds nothing secret but its TLS client identity, which opens nothing. */
#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "certfiles.h"
#include "config.h"
#include "fetch.h"
#include "files.h"
#include "follow.h"
#include "log.h"
#include "publish.h"
#include "sandbox.h"
#include "service.h"
#include "store/store_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4096,
    PUBLIC_HEX = 2 * RECORD_PUBLIC_SIZE,
};

struct sync {
    struct config_edge *config;
    char replica_path[PATH_SIZE];
    char machine_path[PATH_SIZE];
    char certificates_path[PATH_SIZE];
    struct store *replica;
    struct fetch *fetch;
    struct publish *publish;
    struct follow_options follow;
    atomic_bool stop;
    atomic_bool reconnect;
    int signals;
    int lock; /* on the replica's folder, for as long as this process lives */
    pthread_t follower;
    pthread_t publisher;
};

KF_MUST_USE static enum kf_status find_paths(struct sync *s, struct kf_error *err)
{
    const char *state = s->config->state;
    enum kf_status status =
        files_join(s->replica_path, sizeof s->replica_path, state, "replica", err);
    if (status == KF_OK)
        status = files_join(s->machine_path, sizeof s->machine_path, state, "machine", err);
    if (status != KF_OK)
        return status;
    const char *folder = s->config->sync.certificates;
    if (!folder)
        return files_join(s->certificates_path, sizeof s->certificates_path, state, "certs", err);
    int n = snprintf(s->certificates_path, sizeof s->certificates_path, "%s", folder);
    if (n < 0 || (size_t)n >= sizeof s->certificates_path)
        return kf_fail(err, KF_ERR_LIMIT, "sync.certificates: the path is too long");
    return KF_OK;
}

KF_MUST_USE static enum kf_status read_pinned_key(struct sync *s, struct kf_error *err)
{
    char path[PATH_SIZE];
    uint8_t *text = NULL;
    size_t length = 0;
    size_t decoded = 0;
    enum kf_status status = files_join(path, sizeof path, s->machine_path, "records.pub", err);
    if (status == KF_OK)
        status = files_read(&text, &length, path, PUBLIC_HEX + 2, err);
    if (status != KF_OK)
        return kf_fail_context(err, status,
                               "the core's pinned record key (was this machine "
                               "enrolled?)");
    const char *end = NULL;
    uint8_t *out = s->follow.apply.records_public;
    if (length < PUBLIC_HEX ||
        sodium_hex2bin(out, RECORD_PUBLIC_SIZE, (const char *)text, PUBLIC_HEX, NULL, &decoded,
                       &end) != 0 ||
        decoded != RECORD_PUBLIC_SIZE ||
        strspn((const char *)text + PUBLIC_HEX, "\r\n") != length - PUBLIC_HEX)
        status = kf_fail(err, KF_ERR_MALFORMED, "%s: not %d hex digits", path, (int)PUBLIC_HEX);
    kf_secret_free(text);
    return status;
}

/* Two of them on one replica would each take the other's records for replayed ones. */
KF_MUST_USE static enum kf_status lock_replica(struct sync *s, struct kf_error *err)
{
    s->lock = open(s->replica_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->lock < 0)
        return kf_fail(err, KF_ERR_IO, "cannot open %s: %m", s->replica_path);
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return kf_fail(err, KF_ERR_EXISTS,
                       errno == EWOULDBLOCK ? "another keyfence-sync keeps %s"
                                            : "cannot lock %s: %m",
                       s->replica_path);
    return KF_OK;
}

KF_MUST_USE static enum kf_status open_parts(struct sync *s, struct kf_error *err)
{
    const struct store_lmdb_options replica = {.path = s->replica_path, .role = STORE_REPLICA};
    const struct fetch_options fetch = {.core = s->config->sync.core,
                                        .machine = s->config->machine,
                                        .folder = s->machine_path,
                                        .stop = &s->stop};
    enum kf_status status = store_lmdb_open(&s->replica, &replica, err);
    if (status == KF_OK)
        status = lock_replica(s, err);
    if (status == KF_OK)
        status = files_make_folder(s->certificates_path, 0755, err);
    if (status == KF_OK)
        status = fetch_new(&s->fetch, &fetch, err);
    const struct publish_options publish = {.replica = s->replica,
                                            .folder = s->certificates_path,
                                            .haproxy = s->config->sync.haproxy,
                                            .haproxy_count = s->config->sync.haproxy_count,
                                            .clock = kf_clock_system(),
                                            .stop = &s->stop};
    if (status == KF_OK)
        status = publish_new(&s->publish, &publish, err);
    return status;
}

static void certificates_changed(void *context)
{
    publish_changed(((struct sync *)context)->publish);
}

KF_MUST_USE static enum kf_status start(struct sync *s, const char *path, struct kf_error *err)
{
    enum kf_status status = config_edge_load(&s->config, path, err);
    if (status == KF_OK && !record_id_valid(s->config->machine))
        status =
            kf_fail(err, KF_ERR_USAGE, "%s: machine: %s is not an id", path, s->config->machine);
    if (status == KF_OK)
        status = find_paths(s, err);
    if (status == KF_OK)
        status = kf_secret_init() == KF_OK ? KF_OK : kf_fail(err, KF_ERR_INTERNAL, "libsodium");
    if (status == KF_OK)
        status = service_signals_open(&s->signals, err);
    if (status == KF_OK)
        status = read_pinned_key(s, err);
    if (status == KF_OK)
        status = open_parts(s, err);
    if (status == KF_OK)
        status = sandbox_enter(SANDBOX_NETWORK, err);
    /* From here on the TLS server can start: its list is there, be it empty. */
    if (status == KF_OK)
        status = publish_files(s->publish, err);
    if (status != KF_OK)
        return status;
    s->follow.apply.replica = s->replica;
    s->follow.apply.machine = s->config->machine;
    s->follow.fetch = s->fetch;
    s->follow.core = s->config->sync.core;
    s->follow.clock = kf_clock_system();
    s->follow.random = kf_random_system();
    s->follow.stop = &s->stop;
    s->follow.reconnect = &s->reconnect;
    s->follow.changed = certificates_changed;
    s->follow.changed_context = s;
    return KF_OK;
}

static void *run_follower(void *context)
{
    follow_run(&((struct sync *)context)->follow);
    return NULL;
}

static void *run_publisher(void *context)
{
    publish_run(((struct sync *)context)->publish);
    return NULL;
}

static void wait_for_stop(struct sync *s)
{
    for (;;) {
        struct pollfd fd = {.fd = s->signals, .events = POLLIN};
        if (poll(&fd, 1, -1) < 0 && errno != EINTR) {
            log_error("poll: %s", strerror(errno));
            return;
        }
        switch (service_signal_read(s->signals)) {
        case SERVICE_STOP:
            return;
        case SERVICE_RELOAD:
            log_info("reconnecting, and comparing files and TLS servers");
            atomic_store(&s->reconnect, true);
            publish_thoroughly(s->publish);
            break;
        case SERVICE_NONE:
            break;
        }
    }
}

KF_MUST_USE static enum kf_status serve(struct sync *s, struct kf_error *err)
{
    if (pthread_create(&s->follower, NULL, run_follower, s) != 0)
        return kf_fail(err, KF_ERR_MEMORY, "cannot start a thread");
    bool publishing = pthread_create(&s->publisher, NULL, run_publisher, s) == 0;
    if (publishing) {
        service_ready(s->config->sync.core);
        wait_for_stop(s);
        service_stopping();
    }
    atomic_store(&s->stop, true);
    fetch_wake(s->fetch);
    publish_wake(s->publish);
    (void)pthread_join(s->follower, NULL);
    if (publishing)
        (void)pthread_join(s->publisher, NULL);
    return publishing ? KF_OK : kf_fail(err, KF_ERR_MEMORY, "cannot start a thread");
}

static void clear(struct sync *s)
{
    publish_free(s->publish);
    fetch_free(s->fetch);
    store_close(s->replica);
    config_edge_free(s->config);
    if (s->signals >= 0)
        (void)close(s->signals);
    if (s->lock >= 0)
        (void)close(s->lock);
}

int main(int argc, char **argv)
{
    const char *path = service_command_line(
        argc, argv,
        "keep this machine's replica and its TLS server's certificates in step with the core");
    static struct sync s = {.signals = -1, .lock = -1};
    struct kf_error err = {0};
    enum kf_status status = start(&s, path, &err);
    if (status == KF_OK)
        status = serve(&s, &err);
    clear(&s);
    if (status != KF_OK) {
        log_error("%s", err.message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
