/* keyfence-core: the API, the store, the replication feed. */
#include "base/secret.h"
#include "config.h"
#include "core.h"
#include "log.h"
#include "openssl_heap.h"
#include "sandbox.h"
#include "server.h"
#include "service.h"
#include "upload_worker.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Every follower holds a connection: as many descriptors as the system allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum kf_status run(const struct config_core *config, int signals, struct kf_error *err)
{
    const struct kf_random random = kf_random_system();
    const struct kf_clock clock = kf_clock_system();
    const struct core_options options = {
        .state = config->state,
        .authority = config->authority,
        .catalogue = config->catalogue,
        .regions = config->regions,
    };
    const struct server_listen listen = {
        .api = config->api,
        .api_count = config->api_count,
        .feed = config->feed,
        .feed_count = config->feed_count,
        .group = config->group,
    };
    struct core *core = NULL;
    struct server *server = NULL;
    raise_descriptor_limit();
    enum kf_status st = core_open(&core, &options, &random, &clock, err);
    if (st == KF_OK) {
        st = server_open(&server, core, &listen, err);
    }
    if (st == KF_OK) {
        st = sandbox_enter(SANDBOX_NETWORK, err);
    }
    if (st == KF_OK) {
        char what[160];
        (void)snprintf(what, sizeof what, "API on %.80s, revision %" PRIu64,
                       config->api_count > 0 ? config->api[0] : "nothing", core->head);
        service_ready(what);
        st = server_run(server, signals, err);
        service_stopping();
    }
    server_close(server);
    core_close(core);
    return st;
}

int main(int argc, char **argv)
{
    struct kf_error err = {.message = ""};
    struct config_core *config = NULL;
    int signals = -1;
    enum kf_status st = openssl_heap_wiping(&err);
    json_set_alloc_funcs(kf_wiping_malloc, kf_wiping_free);
    const char *path = service_command_line(
        argc, argv, "Serves the API and the replication feed, and writes the store.");
    if (st == KF_OK) {
        st = kf_secret_init();
    }
    if (st == KF_OK) {
        st = sandbox_hide_memory(&err);
    }
    if (st == KF_OK) {
        st = upload_prepare(&err);
    }
    if (st == KF_OK) {
        st = config_core_load(&config, path, &err);
    }
    if (st == KF_OK) {
        st = service_signals_open(&signals, &err);
    }
    if (st == KF_OK) {
        st = run(config, signals, &err);
    }
    if (st != KF_OK) {
        log_error("%s", err.message[0] != '\0' ? err.message : kf_status_name(st));
    }
    config_core_free(config);
    if (signals >= 0) {
        (void)close(signals);
    }
    return st == KF_OK ? 0 : 1;
}
