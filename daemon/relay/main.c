/* keyfence-relay: carries signature requests between data centres. Holds no key but its own TLS
 * identity. See docs/PROTOCOL.relay and docs/design/0005-routing.md. */
#include "relay.h"

#include "log.h"
#include "sandbox.h"
#include "service.h"

#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TICK_MS = 1000,
    RECORD_TICKS = 60, /* between two access records */
    DRAIN_STEP_MS = 20,
    DRAIN_STEPS = 150, /* three seconds for what is in flight at the end */
};

struct program {
    struct relay relay;
    struct net_timer *follow_timer;
    struct net_timer *tick_timer;
    struct net_timer *drain_timer;
    struct net_watch *signals;
    int signal_fd;
    uint32_t ticks;
    uint32_t drain_steps;
    bool replica_missing; /* said so already */
    struct log_limit follow_limit;
};

static enum kf_status load_tls(struct relay *relay, struct kf_error *err)
{
    char certificate[600], key[600], authority[600];
    struct net_identity own;
    struct net_tls *tls;
    snprintf(certificate, sizeof certificate, "%s/machine/relay.pem", relay->config->state);
    snprintf(key, sizeof key, "%s/machine/relay.key", relay->config->state);
    snprintf(authority, sizeof authority, "%s/machine/machine-ca.pem", relay->config->state);
    struct net_tls_files files = {certificate, key, authority};
    enum kf_status status = net_tls_new(&tls, &own, &files, err);
    if (status != KF_OK)
        return status;
    if (strcmp(own.machine, relay->config->machine) != 0 || strcmp(own.role, "relay") != 0) {
        net_tls_free(tls);
        return kf_fail(err, KF_ERR_DENIED,
                       "%s is the certificate of machine %s, role %s; the configuration says %s",
                       certificate, own.machine, own.role, relay->config->machine);
    }
    net_tls_free(relay->tls);
    relay->tls = tls;
    return KF_OK;
}

static void follow(struct program *p)
{
    struct relay *relay = &p->relay;
    struct kf_error err;
    bool changed = false;
    enum kf_status status = replica_follow(relay->replica, &changed, &err);
    if (status == KF_OK && p->replica_missing) {
        p->replica_missing = false;
        log_info("the replica is there, revision %llu",
                 (unsigned long long)replica_head(relay->replica));
    } else if (status == KF_ERR_NOT_FOUND && !p->replica_missing) {
        p->replica_missing = true;
        log_warn("there is no replica yet; waiting for keyfence-sync to bring it");
    } else if (status != KF_OK && status != KF_ERR_NOT_FOUND &&
               log_limit_pass(&p->follow_limit, net_loop_now_ns(relay->loop), 30000000000u) >= 0) {
        log_error("the replica cannot be read: %s", err.message);
    }
    if (changed) {
        relay_serve_recheck(relay);
        relay_paths_update(relay);
    }
}

static void follow_due(void *context)
{
    struct program *p = context;
    follow(p);
    net_timer_set(p->follow_timer, RELAY_FOLLOW_MS * 1000);
}

static void tick_due(void *context)
{
    struct program *p = context;
    relay_paths_update(&p->relay);
    relay_serve_tick(&p->relay);
    if (++p->ticks % RECORD_TICKS == 0)
        relay_serve_record(&p->relay);
    net_timer_set(p->tick_timer, TICK_MS * 1000);
}

static void drain_due(void *context)
{
    struct program *p = context;
    uint32_t busy = relay_ask_busy(&p->relay) + relay_serve_busy(&p->relay);
    if (busy == 0 || ++p->drain_steps > DRAIN_STEPS)
        net_loop_stop(p->relay.loop);
    else
        net_timer_set(p->drain_timer, DRAIN_STEP_MS * 1000);
}

static void reload(struct relay *relay)
{
    struct kf_error err;
    if (load_tls(relay, &err) != KF_OK) {
        log_error("the certificate was not reloaded, the old one stays: %s", err.message);
        return;
    }
    relay_serve_use_tls(relay);
    relay_paths_use_tls(relay);
    log_info("the certificate was reloaded");
}

static void signal_came(void *context)
{
    struct program *p = context;
    enum service_signal what = service_signal_read(p->signal_fd);
    if (what == SERVICE_RELOAD)
        reload(&p->relay);
    if (what != SERVICE_STOP || p->drain_steps != 0)
        return;
    service_stopping();
    relay_ask_quiesce(&p->relay);
    relay_serve_quiesce(&p->relay);
    p->drain_steps = 1;
    net_timer_set(p->drain_timer, 0);
}

static enum kf_status start_relay(struct program *p, struct kf_error *err)
{
    struct relay *relay = &p->relay;
    const struct config_edge *config = relay->config;
    char replica[600], records_public[600];
    snprintf(replica, sizeof replica, "%s/replica", config->state);
    snprintf(records_public, sizeof records_public, "%s/machine/records.pub", config->state);
    enum kf_status status = load_tls(relay, err);
    if (status != KF_OK)
        return status;
    if (mkdir(config->run, 0750) != 0 && errno != EEXIST)
        return kf_fail(err, KF_ERR_IO, "cannot make the folder %s: %m", config->run);
    status =
        route_directory_new(&relay->directory, config->datacenter, config->machine, &relay->random);
    if (status != KF_OK)
        return kf_fail(err, status, "machine %s or data centre %s is not a good id",
                       config->machine, config->datacenter);
    status = replica_new(&relay->replica, replica, records_public, relay->directory, err);
    if (status != KF_OK)
        return status;
    route_budget_init(&relay->budget, net_loop_now_ns(relay->loop));
    if (relay_complaints_new(relay) != KF_OK || relay_paths_new(relay) != KF_OK)
        return kf_fail(err, KF_ERR_MEMORY, "no memory");
    status = relay_serve_new(relay, err);
    return status != KF_OK ? status : relay_ask_new(relay, err);
}

static enum kf_status start_timers(struct program *p)
{
    struct net_loop *loop = p->relay.loop;
    enum kf_status status = net_timer_new(&p->follow_timer, loop, follow_due, p);
    if (status == KF_OK)
        status = net_timer_new(&p->tick_timer, loop, tick_due, p);
    if (status == KF_OK)
        status = net_timer_new(&p->drain_timer, loop, drain_due, p);
    if (status == KF_OK)
        status = net_watch_new(&p->signals, loop, p->signal_fd, signal_came, p);
    return status;
}

static enum kf_status run(struct program *p, struct kf_error *err)
{
    struct kf_clock clock = kf_clock_system();
    char what[400];
    enum kf_status status = net_loop_new(&p->relay.loop, &clock);
    if (status != KF_OK)
        return kf_fail(err, status, "cannot make an event loop");
    status = start_relay(p, err);
    if (status == KF_OK)
        status = sandbox_enter(SANDBOX_NETWORK, err);
    if (status != KF_OK)
        return status;
    if (start_timers(p) != KF_OK)
        return kf_fail(err, KF_ERR_MEMORY, "no memory");
    follow_due(p);
    tick_due(p);
    snprintf(what, sizeof what, "machine %s of data centre %s, listening on %s",
             p->relay.config->machine, p->relay.config->datacenter, p->relay.config->relay.listen);
    service_ready(what);
    return net_loop_run(p->relay.loop) == KF_OK ? KF_OK
                                                : kf_fail(err, KF_ERR_IO, "the event loop failed");
}

static void clear(struct program *p)
{
    struct relay *relay = &p->relay;
    relay_ask_free(relay);
    relay_serve_free(relay);
    relay_paths_free(relay);
    relay_complaints_free(relay);
    replica_free(relay->replica);
    route_directory_free(relay->directory);
    net_watch_free(p->signals);
    net_timer_free(p->follow_timer);
    net_timer_free(p->tick_timer);
    net_timer_free(p->drain_timer);
    net_loop_free(relay->loop);
    net_tls_free(relay->tls);
    if (p->signal_fd >= 0)
        close(p->signal_fd);
}

int main(int argc, char **argv)
{
    const char *path = service_command_line(
        argc, argv, "Carries signature requests to the nearest data centre that may answer them.");
    struct kf_error err;
    struct config_edge *config = NULL;
    struct program *p = calloc(1, sizeof *p);
    if (p == NULL)
        return 1;
    p->signal_fd = -1;
    p->relay.random = kf_random_system();
    enum kf_status status = config_edge_load(&config, path, &err);
    if (status == KF_OK && config->relay.listen == NULL)
        status = kf_fail(&err, KF_ERR_USAGE, "%s: relay.listen is missing: HOST:PORT", path);
    if (status == KF_OK && kf_secret_init() != KF_OK)
        status = kf_fail(&err, KF_ERR_INTERNAL, "libsodium does not start");
    if (status == KF_OK)
        status = service_signals_open(&p->signal_fd, &err);
    p->relay.config = config;
    if (status == KF_OK)
        status = run(p, &err);
    if (status != KF_OK)
        log_error("%s", err.message);
    clear(p);
    config_edge_free(config);
    free(p);
    return status == KF_OK ? 0 : 1;
}
