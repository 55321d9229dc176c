/* Requests of other relays: to the local signer and to nobody else.
 *
 * Only machines that the registry holds as active are let in, each at a limited rate and on the
 * record. The signer gets a bounded number of requests at once; what exceeds it waits in a small
 * stack that is served newest first (the oldest have probably been given up by who asked) and whose
 * oldest are refused when it is full. Without a signer everything is refused at once, so that the
 * asking relay moves on within a round trip. */
#include "relay.h"

#include "log.h"
#include "route/choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNER_WINDOW = 256, /* requests at the signer at once */
    STACK_MAX = 1024,    /* waiting for it */
    SESSIONS_PER_MACHINE = 16,
    REFUSALS_LOG_S = 10,
};

struct peer {
    struct route_bucket rate;
    uint32_t machine;
    uint32_t sessions;
    uint64_t served, refused; /* since the last record */
};

/* A request on its way; while it waits for the signer it is in the stack and owns a copy. */
struct forward {
    struct relay *relay;
    struct peer *peer;
    struct net_ticket ticket;
    uint64_t deadline_ns;
    uint8_t *frame; /* only in the stack */
    size_t length;
    struct forward *older, *newer;
};

struct link {
    struct net_session *session;
    struct peer *peer;
    struct link *next, **previous;
};

struct relay_serve {
    struct net_server *server;
    struct net_client *signer;
    struct peer **peers; /* by machine number; kept once made */
    uint32_t peer_room;
    struct link *links;
    struct forward *newest, *oldest;
    uint32_t stacked;
    uint32_t rate;
    struct relay_serve_counts counts;
    struct log_limit refusals;
    struct log_limit signer_limit;
    bool stopping;
};

/* Answers. */

static void refuse(struct forward *f, enum keyless_error error, const char *reason)
{
    f->peer->refused++;
    net_answer_error(f->ticket, error, reason);
    free(f->frame);
    free(f);
}

static void no_signer(struct forward *f)
{
    char reason[128];
    snprintf(reason, sizeof reason, "the signer of %s is not running", f->relay->config->machine);
    f->relay->serve->counts.no_signer++;
    refuse(f, KEYLESS_ERR_NO_ANSWER, reason);
}

static void pump(struct relay *relay);

static void signed_or_not(void *context, enum kf_status status,
                          const struct keyless_message *answer)
{
    struct forward *f = context;
    struct relay *relay = f->relay;
    if (status == KF_OK) {
        struct keyless_message reply = *answer;
        reply.datacenter = keyless_text(relay->config->datacenter);
        relay->serve->counts.served++;
        f->peer->served++;
        net_answer(f->ticket, &reply);
        free(f);
    } else if (status == KF_ERR_TIMEOUT) {
        refuse(f, KEYLESS_ERR_DEADLINE, "the signer did not answer in time");
    } else {
        no_signer(f);
    }
    pump(relay);
}

/* To the signer; takes the forward over in every case. */
static void hand_over(struct forward *f, const struct keyless_message *message)
{
    struct relay_serve *serve = f->relay->serve;
    uint64_t now = net_loop_now_ns(f->relay->loop);
    uint32_t left = now >= f->deadline_ns ? 0 : (uint32_t)((f->deadline_ns - now) / 1000000);
    struct keyless_message passed = *message;
    uint32_t id;
    passed.has_deadline = true;
    passed.deadline_ms = route_hop_deadline_ms(left, 0);
    if (passed.deadline_ms == 0) {
        refuse(f, KEYLESS_ERR_DEADLINE, "its deadline passed here");
        return;
    }
    enum kf_status status =
        net_client_send(serve->signer, &id, &passed, f->deadline_ns, signed_or_not, f);
    if (status == KF_ERR_LIMIT) {
        serve->counts.refused_overload++;
        refuse(f, KEYLESS_ERR_OVERLOADED, "the signer takes no more");
    } else if (status != KF_OK) {
        no_signer(f);
    }
}

/* The stack. */

static void unlink_forward(struct relay_serve *serve, struct forward *f)
{
    if (f->newer != NULL)
        f->newer->older = f->older;
    else
        serve->newest = f->older;
    if (f->older != NULL)
        f->older->newer = f->newer;
    else
        serve->oldest = f->newer;
    serve->stacked--;
}

static void stack(struct forward *f, const struct keyless_message *message)
{
    struct relay_serve *serve = f->relay->serve;
    f->frame = malloc(KEYLESS_FRAME_MAX);
    if (f->frame == NULL ||
        keyless_frame_write(f->frame, &f->length, KEYLESS_FRAME_MAX, message) != KF_OK) {
        refuse(f, KEYLESS_ERR_OVERLOADED, "no memory");
        return;
    }
    uint8_t *smaller = realloc(f->frame, f->length);
    f->frame = smaller != NULL ? smaller : f->frame;
    f->older = serve->newest;
    if (f->older != NULL)
        f->older->newer = f;
    else
        serve->oldest = f;
    serve->newest = f;
    if (++serve->stacked <= STACK_MAX)
        return; // cppcheck-suppress memleak ; the stack has it
    struct forward *last = serve->oldest;
    unlink_forward(serve, last);
    serve->counts.refused_overload++;
    refuse(last, KEYLESS_ERR_OVERLOADED, "too many requests wait for the signer");
}

static void pump(struct relay *relay)
{
    struct relay_serve *serve = relay->serve;
    while (serve->newest != NULL && net_client_state(serve->signer) == NET_UP &&
           net_client_in_flight(serve->signer) < SIGNER_WINDOW) {
        struct forward *f = serve->newest;
        struct keyless_message message;
        unlink_forward(serve, f);
        uint8_t *frame = f->frame;
        f->frame = NULL;
        if (keyless_frame_read(&message, frame, f->length) == KF_OK)
            hand_over(f, &message);
        else
            refuse(f, KEYLESS_ERR_INTERNAL, "its copy does not read");
        free(frame);
    }
}

static void signer_changed(void *context, struct net_client *client, enum net_state state,
                           const char *reason)
{
    struct relay *relay = context;
    struct relay_serve *serve = relay->serve;
    (void)client;
    if (state == NET_UP) {
        log_info("the signer is there");
        pump(relay);
        return;
    }
    if (!serve->stopping &&
        log_limit_pass(&serve->signer_limit, net_loop_now_ns(relay->loop), 30000000000u) >= 0)
        log_warn("the signer cannot be asked: %s; requests of other data centres are refused",
                 reason);
    while (serve->oldest != NULL) {
        struct forward *f = serve->oldest;
        unlink_forward(serve, f);
        no_signer(f);
    }
}

/* Peers. */

static struct peer *peer_of(struct relay *relay, uint32_t machine)
{
    struct relay_serve *serve = relay->serve;
    if (machine >= serve->peer_room) {
        uint32_t room = machine + 64;
        struct peer **larger = realloc(serve->peers, room * sizeof larger[0]);
        if (larger == NULL)
            return NULL;
        memset(larger + serve->peer_room, 0, (room - serve->peer_room) * sizeof larger[0]);
        serve->peers = larger;
        serve->peer_room = room;
    }
    if (serve->peers[machine] == NULL) {
        struct peer *peer = calloc(1, sizeof *peer);
        if (peer == NULL)
            return NULL;
        peer->machine = machine;
        route_bucket_init(&peer->rate, serve->rate, serve->rate, net_loop_now_ns(relay->loop));
        serve->peers[machine] = peer;
    }
    return serve->peers[machine];
}

static void log_refusal(struct relay *relay, const char *who, const char *reason)
{
    struct relay_serve *serve = relay->serve;
    uint64_t interval = (uint64_t)REFUSALS_LOG_S * 1000000000u;
    int64_t more = log_limit_pass(&serve->refusals, net_loop_now_ns(relay->loop), interval);
    if (more > 0)
        log_warn("refused %s: %s (and %lld more)", who, reason, (long long)more);
    else if (more == 0)
        log_warn("refused %s: %s", who, reason);
}

static bool on_accept(void *context, struct net_session *session, const struct net_identity *who)
{
    struct relay *relay = context;
    struct relay_serve *serve = relay->serve;
    uint32_t machine;
    struct peer *peer = NULL;
    struct link *link = NULL;
    if (!route_find_machine(&machine, relay->directory, who->machine) ||
        !route_machine_at(relay->directory, machine)->active) {
        log_refusal(relay, who->machine, "not an active machine of the registry");
        return false;
    }
    peer = peer_of(relay, machine);
    if (peer != NULL && peer->sessions >= SESSIONS_PER_MACHINE) {
        log_refusal(relay, who->machine, "too many connections of one machine");
        return false;
    }
    if (peer != NULL)
        link = calloc(1, sizeof *link);
    if (link == NULL)
        return false;
    link->session = session;
    link->peer = peer;
    link->next = serve->links;
    if (link->next != NULL)
        link->next->previous = &link->next;
    link->previous = &serve->links;
    serve->links = link;
    peer->sessions++;
    net_session_set(session, link);
    return true;
}

static void on_closed(void *context, struct net_session *session)
{
    struct link *link = net_session_mark(session);
    (void)context;
    link->peer->sessions--;
    *link->previous = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    free(link);
    net_session_set(session, NULL);
}

static void on_refused(void *context, const char *peer_address, const char *reason)
{
    if (strcmp(reason, "refused") != 0) /* said already, with the machine's name */
        log_refusal(context, peer_address, reason);
}

static void on_request(void *context, struct net_ticket ticket,
                       const struct keyless_message *message)
{
    struct relay *relay = context;
    struct relay_serve *serve = relay->serve;
    struct link *link = net_session_mark(ticket.session);
    const struct keyless_operation *operation = keyless_operation_find(message->opcode);
    uint64_t now = net_loop_now_ns(relay->loop);
    if (operation->kind != KEYLESS_KIND_SIGN && operation->kind != KEYLESS_KIND_DECRYPT) {
        net_answer_error(ticket, KEYLESS_ERR_BAD_OPCODE, "a relay carries signatures only");
        return;
    }
    if (!route_bucket_take(&link->peer->rate, now)) {
        serve->counts.refused_rate++;
        link->peer->refused++;
        net_answer_error(ticket, KEYLESS_ERR_OVERLOADED, "more requests than one machine may make");
        return;
    }
    struct forward *f = calloc(1, sizeof *f);
    if (f == NULL) {
        net_answer_error(ticket, KEYLESS_ERR_OVERLOADED, "no memory");
        return;
    }
    uint32_t ms = message->has_deadline ? message->deadline_ms : RELAY_DEADLINE_MS;
    ms = ms > RELAY_DEADLINE_MAX_MS ? RELAY_DEADLINE_MAX_MS : ms;
    f->relay = relay;
    f->peer = link->peer;
    f->ticket = ticket;
    f->deadline_ns = now + (uint64_t)ms * 1000000;
    if (net_client_state(serve->signer) != NET_UP)
        no_signer(f);
    else if (net_client_in_flight(serve->signer) >= SIGNER_WINDOW)
        stack(f, message);
    else
        hand_over(f, message);
}

static enum kf_status connect_signer(struct relay *relay, struct kf_error *err)
{
    char address[600];
    snprintf(address, sizeof address, "unix:%s/signer-relay.sock", relay->config->run);
    struct net_client_options options = {.address = address,
                                         .in_flight_max = SIGNER_WINDOW,
                                         .output_max = 32 << 20,
                                         .connect_ms = 1000,
                                         .ping_ms = 1000,
                                         .ping_timeout_ms = 3000,
                                         .backoff_ms = 20,
                                         .backoff_max_ms = 250,
                                         .random = relay->random,
                                         .context = relay,
                                         .changed = signer_changed};
    enum kf_status status = net_client_new(&relay->serve->signer, relay->loop, &options, err);
    if (status == KF_OK)
        net_client_connect(relay->serve->signer);
    return status;
}

enum kf_status relay_serve_new(struct relay *relay, struct kf_error *err)
{
    struct relay_serve *serve = calloc(1, sizeof *serve);
    if (serve == NULL)
        return kf_fail(err, KF_ERR_MEMORY, "no memory");
    relay->serve = serve;
    uint32_t rate = relay->config->relay.peer_rate;
    serve->rate = rate == 0 ? RELAY_PEER_RATE : rate;
    enum kf_status status = connect_signer(relay, err);
    if (status != KF_OK)
        return status;
    struct net_server_options options = {.address = relay->config->relay.listen,
                                         .tls = relay->tls,
                                         .role = "relay",
                                         .connections_max = 8192,
                                         .handshakes_max = 512,
                                         .in_flight_max = 2048,
                                         .output_max = 4 << 20,
                                         .idle_seconds = 60,
                                         .context = relay,
                                         .accept = on_accept,
                                         .request = on_request,
                                         .closed = on_closed,
                                         .refused = on_refused};
    return net_server_new(&serve->server, relay->loop, &options, err);
}

void relay_serve_free(struct relay *relay)
{
    struct relay_serve *serve = relay->serve;
    if (serve == NULL)
        return;
    serve->stopping = true;
    /* Losing the signer answers everything that waits for it. */
    if (serve->signer != NULL)
        net_client_abandon(serve->signer);
    net_server_free(serve->server);
    net_client_free(serve->signer);
    for (uint32_t i = 0; i < serve->peer_room; i++)
        free(serve->peers[i]);
    free(serve->peers);
    free(serve);
    relay->serve = NULL;
}

void relay_serve_quiesce(struct relay *relay)
{
    net_server_quiesce(relay->serve->server);
}

uint32_t relay_serve_busy(const struct relay *relay)
{
    return net_server_busy(relay->serve->server);
}

void relay_serve_use_tls(struct relay *relay)
{
    net_server_use_tls(relay->serve->server, relay->tls);
}

void relay_serve_recheck(struct relay *relay)
{
    struct link *next;
    for (struct link *link = relay->serve->links; link != NULL; link = next) {
        next = link->next;
        const struct route_machine *m = route_machine_at(relay->directory, link->peer->machine);
        if (m->active)
            continue;
        log_warn("machine %s is not active any more: its connection is closed", m->id);
        net_session_close(link->session);
    }
}

/* Requests whose asker has given up need not wait for the signer. */
static void drop_expired(struct relay *relay)
{
    uint64_t now = net_loop_now_ns(relay->loop);
    struct forward *newer;
    for (struct forward *f = relay->serve->oldest; f != NULL; f = newer) {
        newer = f->newer;
        if (f->deadline_ns > now)
            continue;
        unlink_forward(relay->serve, f);
        refuse(f, KEYLESS_ERR_DEADLINE, "its deadline passed here");
    }
}

void relay_serve_tick(struct relay *relay)
{
    drop_expired(relay);
}

void relay_serve_record(struct relay *relay)
{
    struct relay_serve *serve = relay->serve;
    for (uint32_t i = 0; i < serve->peer_room; i++) {
        struct peer *peer = serve->peers[i];
        if (peer == NULL || (peer->served == 0 && peer->refused == 0))
            continue;
        const struct route_machine *m = route_machine_at(relay->directory, i);
        log_info("machine %s of data centre %s asked: %llu requests answered, %llu refused", m->id,
                 route_datacenter_at(relay->directory, m->datacenter)->id,
                 (unsigned long long)peer->served, (unsigned long long)peer->refused);
        peer->served = peer->refused = 0;
    }
}

struct relay_serve_counts relay_serve_counts(const struct relay *relay)
{
    struct relay_serve_counts counts = relay->serve->counts;
    counts.connections = net_server_connections(relay->serve->server);
    return counts;
}
