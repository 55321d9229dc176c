/* keyfence-signer: the only process of an edge machine that holds keys.
 *
 * It has no network: it listens on Unix sockets, reads the replica, and refuses itself every other
 * socket family before it answers anyone. See keyfence-signer(8) and docs/design/0007. */
#include "config.h"
#include "keyring.h"
#include "lanes.h"
#include "log.h"
#include "sandbox.h"
#include "server.h"
#include "service.h"
#include "status.h"

#include "base/clock.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4096,
    POLICIES_MAX = 4096,     /* policy keys open or refused */
    KEYS_MAX_DEFAULT = 4096, /* open customers' keys a lane */
    QUEUE_MAX = 512,         /* requests waiting a lane */
    CONNECTIONS_MAX = 4096,  /* a socket */
    WORKERS_MIN = 2,
};

struct signer {
    const struct config_edge *config;
    struct kf_clock clock;
    struct signer_counters *counters;
    struct signer_keyring *keyring;
    struct signer_lanes *lanes;
    struct signer_server *server;
    int signal_fd;
};

static void *crypto_malloc(size_t length, const char *file, int line)
{
    (void)file;
    (void)line;
    return kf_wiping_malloc(length);
}

static void *crypto_realloc(void *data, size_t length, const char *file, int line)
{
    (void)file;
    (void)line;
    return kf_wiping_realloc(data, length);
}

static void crypto_free(void *data, const char *file, int line)
{
    (void)file;
    (void)line;
    kf_wiping_free(data);
}

/* OpenSSL gets the wiping heap, and no configuration file: one that loads a provider (say, the one
 * that asks this very process) has no business here. */
static enum kf_status prepare_libraries(struct kf_error *err)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1 ||
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return kf_fail(err, KF_ERR_INTERNAL, "cannot prepare OpenSSL");
    }
    return kf_secret_init() == KF_OK ? KF_OK
                                     : kf_fail(err, KF_ERR_INTERNAL, "cannot prepare libsodium");
}

/* Reads exactly the file's content, at most capacity bytes. */
static enum kf_status read_file(uint8_t *out, size_t capacity, size_t *length, const char *path,
                                struct kf_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot read %s: %m (was this machine enrolled?)", path);
    }
    ssize_t n = read(fd, out, capacity);
    (void)close(fd);
    if (n < 0) {
        return kf_fail(err, KF_ERR_IO, "cannot read %s: %m", path);
    }
    *length = (size_t)n;
    return KF_OK;
}

static enum kf_status read_records_public(uint8_t public_key[static RECORD_PUBLIC_SIZE],
                                          const char *path, struct kf_error *err)
{
    uint8_t text[2 * RECORD_PUBLIC_SIZE + 2];
    size_t length = 0;
    enum kf_status st = read_file(text, sizeof text, &length, path, err);
    if (st != KF_OK) {
        return st;
    }
    if (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    size_t decoded = 0;
    if (length != 2 * RECORD_PUBLIC_SIZE ||
        sodium_hex2bin(public_key, RECORD_PUBLIC_SIZE, (const char *)text, length, NULL, &decoded,
                       NULL) != 0 ||
        decoded != RECORD_PUBLIC_SIZE) {
        return kf_fail(err, KF_ERR_MALFORMED, "%s does not hold 64 hex digits", path);
    }
    return KF_OK;
}

static enum kf_status open_keyring(struct signer *signer, struct kf_error *err)
{
    char path[PATH_SIZE];
    uint8_t records_public[RECORD_PUBLIC_SIZE];
    (void)snprintf(path, sizeof path, "%s/machine/records.pub", signer->config->state);
    enum kf_status st = read_records_public(records_public, path, err);
    if (st != KF_OK) {
        return st;
    }
    uint8_t *secret = kf_secret_new(SEAL_KEY_SIZE + 1);
    if (secret == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "cannot get locked memory: %m");
    }
    size_t length = 0;
    (void)snprintf(path, sizeof path, "%s/machine/enrolment.key", signer->config->state);
    st = read_file(secret, SEAL_KEY_SIZE + 1, &length, path, err);
    if (st == KF_OK && length != SEAL_KEY_SIZE) {
        st = kf_fail(err, KF_ERR_MALFORMED, "%s does not hold %d bytes", path, SEAL_KEY_SIZE);
    }
    if (st == KF_OK) {
        (void)snprintf(path, sizeof path, "%s/replica", signer->config->state);
        const struct signer_keyring_options options = {
            .machine = signer->config->machine,
            .replica = path,
            .policies_max = POLICIES_MAX,
            .records_public = records_public,
            .enrolment_secret = secret,
            .clock = &signer->clock,
        };
        st = signer_keyring_new(&signer->keyring, &options, err);
    }
    kf_secret_free(secret);
    return st;
}

static void complete(void *context, struct signer_job *job)
{
    struct signer *signer = context;
    signer_server_complete(signer->server, job);
}

static void submit(void *context, struct signer_job *job)
{
    struct signer *signer = context;
    signer_lanes_submit(signer->lanes, job);
}

static void refused(void *context, uint8_t error)
{
    struct signer *signer = context;
    signer_counters_error(signer->counters, error);
}

static enum kf_status status(void *context, char *out, size_t capacity, size_t *length)
{
    struct signer *signer = context;
    const struct signer_facts facts = {
        .machine = signer->config->machine,
        .datacenter = signer->config->datacenter,
        .policy_keys_open = signer_keyring_open_count(signer->keyring),
        .customer_keys_open = signer_lanes_keys_open(signer->lanes),
    };
    if (capacity < SIGNER_STATUS_MAX) {
        return KF_ERR_LIMIT;
    }
    return signer_status_json(out, length, signer->counters, &facts);
}

static size_t worker_count(const struct config_edge *config)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t workers = config->signer->workers;
    if (workers == 0) {
        workers = processors > WORKERS_MIN ? (size_t)processors : WORKERS_MIN;
    }
    return workers;
}

static enum kf_status start_lanes(struct signer *signer, struct kf_error *err)
{
    uint32_t keys_max = signer->config->signer->keys_max;
    const struct signer_lanes_options options = {
        .keyring = signer->keyring,
        .counters = signer->counters,
        .clock = &signer->clock,
        .workers = worker_count(signer->config),
        .queue_max = QUEUE_MAX,
        .keys_max = keys_max != 0 ? keys_max : KEYS_MAX_DEFAULT,
        .complete = complete,
        .context = signer,
    };
    return signer_lanes_start(&signer->lanes, &options, err);
}

static enum kf_status open_server(struct signer *signer, struct kf_error *err)
{
    const struct config_edge *config = signer->config;
    char local[PATH_SIZE];
    char remote[PATH_SIZE];
    (void)snprintf(local, sizeof local, "%s/signer.sock", config->run);
    (void)snprintf(remote, sizeof remote, "%s/signer-relay.sock", config->run);
    gid_t gid = (gid_t)-1;
    if (config->signer->group != NULL) {
        const struct group *group = getgrnam(config->signer->group);
        if (group == NULL) {
            return kf_fail(err, KF_ERR_USAGE, "there is no group %s", config->signer->group);
        }
        gid = group->gr_gid;
    }
    if (mkdir(config->run, 0750) != 0 && errno != EEXIST) {
        return kf_fail(err, KF_ERR_IO, "cannot make the folder %s: %m", config->run);
    }
    const struct signer_server_options options = {
        .paths = {local, remote},
        .group = gid,
        .datacenter = config->datacenter,
        .connections_max = CONNECTIONS_MAX,
        .clock = &signer->clock,
        .submit = submit,
        .status = status,
        .refused = refused,
        .context = signer,
    };
    return signer_server_new(&signer->server, &options, err);
}

/* As many descriptors as the system grants, and memory that is never swapped out. Only what is
 * touched is locked: the replica's map is far larger than its content. Where that is not permitted
 * the secrets that live long are in locked memory of their own, but parsed keys are not. */
static void claim_resources(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    bool unlimited = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
    if ((geteuid() != 0 && !unlimited) || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
        log_warn("memory may be swapped out: no unlimited locked memory (LimitMEMLOCK=infinity); "
                 "use encrypted swap or none");
    }
}

static enum kf_status start(struct signer *signer, struct kf_error *err)
{
    enum kf_status st = service_signals_open(&signer->signal_fd, err);
    if (st == KF_OK) {
        st = sandbox_hide_memory(err);
    }
    if (st == KF_OK) {
        claim_resources();
        st = open_server(signer, err);
    }
    if (st == KF_OK) {
        st = sandbox_enter(SANDBOX_KEYS, err);
    }
    if (st == KF_OK) {
        signer->counters = signer_counters_new();
        st = signer->counters != NULL ? KF_OK : kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    if (st == KF_OK) {
        st = open_keyring(signer, err);
    }
    return st == KF_OK ? start_lanes(signer, err) : st;
}

static void stop(struct signer *signer)
{
    signer_lanes_stop(signer->lanes);
    if (signer->server != NULL) {
        signer_server_drain(signer->server);
    }
    signer_server_free(signer->server);
    signer_keyring_free(signer->keyring);
    signer_counters_free(signer->counters);
    if (signer->signal_fd >= 0) {
        (void)close(signer->signal_fd);
    }
}

int main(int argc, char **argv)
{
    const char *path = service_command_line(
        argc, argv, "Signs with the keys whose policies this machine satisfies.");
    struct kf_error err = {.message = ""};
    struct config_edge *config = NULL;
    enum kf_status st = prepare_libraries(&err);
    if (st == KF_OK) {
        st = config_edge_load(&config, path, &err);
    }
    if (st != KF_OK) {
        log_error("%s", err.message);
        return 1;
    }
    struct signer signer = {.config = config, .clock = kf_clock_system(), .signal_fd = -1};
    st = start(&signer, &err);
    if (st == KF_OK) {
        service_ready(config->run);
        st = signer_server_run(signer.server, signer.signal_fd, &err);
        service_stopping();
    }
    stop(&signer);
    if (st != KF_OK) {
        log_error("%s", err.message);
    }
    config_edge_free(config);
    return st == KF_OK ? 0 : 1;
}
