/* Connections to other machines.
 *
 * To each data centre that some policy needs, two connections are kept warm, to machines that
 * differ from asking machine to asking machine; when one of them keeps failing another machine
 * stands in while the first goes on trying. Other machines are connected when a request needs
 * them. A connection that nothing needs is closed once it is quiet. */
#include "relay.h"

#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CANDIDATES = 8,     /* machines of a data centre that may stand in */
    FAILING_LOSSES = 3, /* in a row: another machine stands in */
    QUIET_MS = 60000,   /* unneeded for so long: closed */
    LOG_MS = 30000,     /* a line about one machine, at most */
};

struct path {
    struct relay *relay;
    uint32_t machine;
    struct net_client *client;
    char address[ROUTE_ADDRESS_MAX + 1];
    uint64_t used_ns;
    uint32_t losses; /* in a row */
    bool wanted;
    bool stale; /* to be freed as soon as nothing is in flight */
    struct log_limit limit;
};

struct relay_paths {
    struct path **by_machine;
    uint32_t room;
};

enum kf_status relay_paths_new(struct relay *relay)
{
    relay->paths = calloc(1, sizeof *relay->paths);
    return relay->paths == NULL ? KF_ERR_MEMORY : KF_OK;
}

static void free_path(struct relay *relay, struct path *path)
{
    relay->paths->by_machine[path->machine] = NULL;
    route_machine_at(relay->directory, path->machine)->ready = false;
    net_client_free(path->client);
    free(path);
}

void relay_paths_free(struct relay *relay)
{
    if (relay->paths == NULL)
        return;
    for (uint32_t i = 0; i < relay->paths->room; i++)
        if (relay->paths->by_machine[i] != NULL)
            free_path(relay, relay->paths->by_machine[i]);
    free(relay->paths->by_machine);
    free(relay->paths);
    relay->paths = NULL;
}

static void changed(void *context, struct net_client *client, enum net_state state,
                    const char *reason)
{
    struct path *path = context;
    struct relay *relay = path->relay;
    struct route_machine *m = route_machine_at(relay->directory, path->machine);
    uint64_t now = net_loop_now_ns(relay->loop);
    bool was_ready = m->ready;
    (void)client;
    m->ready = state == NET_UP && !path->stale;
    if (state == NET_UP) {
        path->losses = 0;
        route_breaker_succeeded(&m->breaker);
        return;
    }
    path->losses++;
    route_breaker_trip(&m->breaker, now);
    int64_t more = log_limit_pass(&path->limit, now, (uint64_t)LOG_MS * 1000000);
    if (more >= 0 && (was_ready || path->losses == 1 || more > 0))
        log_warn("machine %s of data centre %s at %s: %s", m->id,
                 route_datacenter_at(relay->directory, m->datacenter)->id, path->address, reason);
}

static void measured(void *context, struct net_client *client, uint64_t round_trip_us)
{
    struct path *path = context;
    struct route_directory *d = path->relay->directory;
    (void)client;
    uint32_t dc = route_machine_at(d, path->machine)->datacenter;
    route_window_add(&route_datacenter_at(d, dc)->pings, round_trip_us);
}

static struct path *make_path(struct relay *relay, uint32_t machine)
{
    const struct route_machine *m = route_machine_at(relay->directory, machine);
    struct path *path = calloc(1, sizeof *path);
    if (path == NULL)
        return NULL;
    path->relay = relay;
    path->machine = machine;
    memcpy(path->address, m->address, sizeof path->address);
    struct net_client_options options = {.address = m->address,
                                         .tls = relay->tls,
                                         .machine = m->id,
                                         .role = "relay",
                                         .in_flight_max = 2048,
                                         .output_max = 4 << 20,
                                         .connect_ms = 1000,
                                         .ping_ms = 2000,
                                         .ping_timeout_ms = 2000,
                                         .backoff_ms = 100,
                                         .backoff_max_ms = 3000,
                                         .random = relay->random,
                                         .context = path,
                                         .changed = changed,
                                         .measured = measured};
    struct kf_error err;
    if (net_client_new(&path->client, relay->loop, &options, &err) != KF_OK) {
        log_warn("machine %s: %s", m->id, err.message);
        free(path);
        return NULL;
    }
    path->used_ns = net_loop_now_ns(relay->loop);
    relay->paths->by_machine[machine] = path;
    return path;
}

static bool make_room(struct relay_paths *paths, uint32_t machine)
{
    if (machine < paths->room)
        return true;
    uint32_t room = machine + 64;
    struct path **larger = realloc(paths->by_machine, room * sizeof larger[0]);
    if (larger == NULL)
        return false;
    memset(larger + paths->room, 0, (room - paths->room) * sizeof larger[0]);
    paths->by_machine = larger;
    paths->room = room;
    return true;
}

static struct path *path_to(struct relay *relay, uint32_t machine)
{
    if (!make_room(relay->paths, machine))
        return NULL;
    struct path *path = relay->paths->by_machine[machine];
    if (path == NULL)
        path = make_path(relay, machine);
    if (path == NULL || path->stale)
        return NULL;
    net_client_connect(path->client); /* nothing, unless it is down */
    return path;
}

struct net_client *relay_path(struct relay *relay, uint32_t machine)
{
    struct path *path = path_to(relay, machine);
    if (path == NULL)
        return NULL;
    path->used_ns = net_loop_now_ns(relay->loop);
    return path->client;
}

static void want_datacenter(struct relay *relay, uint32_t datacenter)
{
    uint32_t machines[CANDIDATES];
    uint32_t count = route_partners(machines, CANDIDATES, relay->directory, datacenter);
    uint32_t good = 0;
    for (uint32_t i = 0; i < count && good < RELAY_PARTNERS; i++) {
        if (!make_room(relay->paths, machines[i]))
            return;
        struct path *path = relay->paths->by_machine[machines[i]];
        if (path == NULL) {
            path = make_path(relay, machines[i]);
            if (path == NULL)
                continue;
            net_client_connect(path->client);
        }
        path->wanted = true;
        good += path->losses < FAILING_LOSSES && !path->stale;
    }
}

void relay_paths_update(struct relay *relay)
{
    struct relay_paths *paths = relay->paths;
    struct route_set wanted;
    uint64_t now = net_loop_now_ns(relay->loop);
    for (uint32_t i = 0; i < paths->room; i++) {
        struct path *path = paths->by_machine[i];
        if (path == NULL)
            continue;
        const struct route_machine *m = route_machine_at(relay->directory, i);
        path->wanted = false;
        if (!m->active || strcmp(m->address, path->address) != 0)
            path->stale = true;
        if (path->stale)
            route_machine_at(relay->directory, i)->ready = false;
        if (path->stale && net_client_in_flight(path->client) == 0)
            free_path(relay, path);
    }
    replica_wanted(&wanted, relay->replica);
    for (uint32_t i = 0; i < route_datacenter_count(relay->directory); i++)
        if (route_set_has(&wanted, i))
            want_datacenter(relay, i);
    for (uint32_t i = 0; i < paths->room; i++) {
        struct path *path = paths->by_machine[i];
        if (path == NULL || path->wanted)
            continue;
        if (net_client_in_flight(path->client) == 0 &&
            now - path->used_ns > (uint64_t)QUIET_MS * 1000000)
            free_path(relay, path);
    }
}

void relay_paths_use_tls(struct relay *relay)
{
    for (uint32_t i = 0; i < relay->paths->room; i++)
        if (relay->paths->by_machine[i] != NULL)
            net_client_use_tls(relay->paths->by_machine[i]->client, relay->tls);
}
