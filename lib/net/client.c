#include "net/client.h"

#include "keyless/pending.h"
#include "net/link_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    net_done *done;
    void *context;
    struct request *next_free;
};

struct net_client {
    struct net_garbage garbage; /* first: see net_loop_release() */
    struct net_link link;
    struct net_client_options options;
    struct net_address address;
    enum net_state state;
    struct net_timer *connect_timer; /* connecting: gives up; down: tries again */
    const char *give_up;             /* what to say when connecting is given up */
    struct net_timer *ping_timer;
    struct net_timer *expire_timer;
    uint64_t expire_at_ns; /* what expire_timer is set to, or 0 */
    uint32_t losses;       /* in a row */
    uint32_t ping_id;
    uint64_t ping_at_ns; /* when the unanswered ping went out, or 0 */
    struct keyless_pending pending;
    struct keyless_pending_slot *slots;
    struct request *requests; /* one a slot, for the contexts of the table */
    struct request *free_requests;
    bool gone; /* freed by its owner; the memory stays until the running callback returns */
};

/* Finishes one request. */
static void finish(struct net_client *client, struct request *request, enum kf_status status,
                   const struct keyless_message *answer)
{
    net_done *done = request->done;
    void *context = request->context;
    request->next_free = client->free_requests;
    client->free_requests = request;
    done(context, status, answer);
}

static void tell_changed(struct net_client *client, const char *reason)
{
    if (client->options.changed != NULL)
        client->options.changed(client->options.context, client, client->state, reason);
}

static uint64_t backoff_us(struct net_client *client)
{
    uint32_t doublings = client->losses > 16 ? 16 : client->losses;
    uint64_t delay = (uint64_t)client->options.backoff_ms << (doublings > 0 ? doublings - 1 : 0);
    if (delay > client->options.backoff_max_ms)
        delay = client->options.backoff_max_ms;
    /* Between half and all of it, so that machines do not come back in step. */
    uint8_t byte[2] = {0};
    if (kf_random_fill(&client->options.random, byte, sizeof byte) != KF_OK)
        memset(byte, 0, sizeof byte);
    uint64_t chance = (uint64_t)byte[0] << 8 | byte[1];
    return delay * 500 + delay * 500 * chance / 65536;
}

static void lose(struct net_client *client, const char *reason)
{
    char kept[256];
    if (client->state == NET_DOWN)
        return;
    snprintf(kept, sizeof kept, "%s", reason);
    net_link_close(&client->link);
    client->state = NET_DOWN;
    client->ping_at_ns = 0;
    client->losses++;
    net_timer_clear(client->ping_timer);
    net_timer_set(client->connect_timer, backoff_us(client));
    /* The owner hears of the loss first, so that it does not choose this path for what it sends
     * when its requests come back. */
    tell_changed(client, kept);
    while (!client->gone && client->pending.count != 0)
        finish(client, keyless_pending_drain(&client->pending), KF_ERR_UNAVAILABLE, NULL);
}

static void send_ping(struct net_client *client)
{
    struct keyless_message ping = {.id = client->ping_id, .opcode = KEYLESS_OP_PING};
    if (client->ping_at_ns != 0)
        return;
    client->ping_at_ns = net_loop_now_ns(client->link.loop);
    net_timer_set(client->ping_timer, (uint64_t)client->options.ping_timeout_ms * 1000);
    if (net_link_send(&client->link, &ping) != KF_OK)
        lose(client, "cannot send a ping");
}

static void ping_due(void *context)
{
    struct net_client *client = context;
    if (client->state == NET_DOWN)
        return;
    if (client->ping_at_ns != 0)
        lose(client, "no answer to a ping");
    else
        send_ping(client);
}

static void is_up(struct net_client *client)
{
    client->state = NET_UP;
    client->losses = 0;
    net_timer_clear(client->connect_timer);
    tell_changed(client, "up");
}

static void link_up(void *context)
{
    struct net_client *client = context;
    if (client->options.ping_ms == 0)
        is_up(client);
    else
        send_ping(client);
}

static void got_pong(struct net_client *client)
{
    if (client->ping_at_ns == 0)
        return;
    uint64_t took = net_loop_now_ns(client->link.loop) - client->ping_at_ns;
    client->ping_at_ns = 0;
    client->ping_id += KEYLESS_PENDING_MAX;
    net_timer_set(client->ping_timer, (uint64_t)client->options.ping_ms * 1000);
    if (client->options.measured != NULL)
        client->options.measured(client->options.context, client, took / 1000);
    if (!client->gone && client->state == NET_CONNECTING)
        is_up(client);
}

static void link_message(void *context, const struct keyless_message *message)
{
    struct net_client *client = context;
    if (message->opcode == KEYLESS_OP_PONG && message->id == client->ping_id) {
        got_pong(client);
        return;
    }
    if (!keyless_is_answer(message)) {
        lose(client, "it asked instead of answering");
        return;
    }
    struct request *request = keyless_pending_take(&client->pending, message->id);
    if (request != NULL)
        finish(client, request, KF_OK, message);
}

static void link_malformed(void *context, uint32_t id, enum keyless_error error)
{
    struct net_client *client = context;
    (void)id;
    (void)error;
    lose(client, "a malformed frame");
}

static void link_down(void *context, enum kf_status status, const char *reason)
{
    (void)status;
    lose(context, reason);
}

static const struct net_link_events events = {
    .up = link_up, .message = link_message, .malformed = link_malformed, .down = link_down};

static void start(struct net_client *client)
{
    client->state = NET_CONNECTING;
    client->give_up = "connecting took too long";
    net_timer_set(client->connect_timer, (uint64_t)client->options.connect_ms * 1000);
    if (net_link_connect(&client->link, &client->address, client->options.tls) != KF_OK) {
        client->give_up = "cannot connect";
        net_timer_set(client->connect_timer, 0); /* told from the loop, as every loss is */
    }
}

static void connect_due(void *context)
{
    struct net_client *client = context;
    if (client->state == NET_DOWN)
        start(client);
    else if (client->state == NET_CONNECTING)
        lose(client, client->give_up);
}

/* Makes sure that expire_timer goes off for the earliest deadline. */
static void arm_expiry(struct net_client *client)
{
    uint64_t first;
    if (!keyless_pending_deadline(&first, &client->pending) ||
        (client->expire_at_ns != 0 && client->expire_at_ns <= first))
        return;
    uint64_t now = net_loop_now_ns(client->link.loop);
    client->expire_at_ns = first;
    net_timer_set(client->expire_timer, first > now ? (first - now) / 1000 + 1 : 0);
}

static void expire_due(void *context)
{
    struct net_client *client = context;
    uint64_t now = net_loop_now_ns(client->link.loop);
    struct request *request;
    client->expire_at_ns = 0;
    while (!client->gone && (request = keyless_pending_expire(&client->pending, now)) != NULL)
        finish(client, request, KF_ERR_TIMEOUT, NULL);
    if (!client->gone)
        arm_expiry(client);
}

/* The table of requests is made for the first of them: most connections of a large fleet are kept
 * warm and never used. */
static enum kf_status make_table(struct net_client *c)
{
    uint32_t capacity = c->options.in_flight_max;
    c->slots = calloc(capacity, sizeof c->slots[0]);
    c->requests = calloc(capacity, sizeof c->requests[0]);
    if (c->slots == NULL || c->requests == NULL) {
        free(c->slots);
        free(c->requests);
        c->slots = NULL;
        c->requests = NULL;
        return KF_ERR_MEMORY;
    }
    keyless_pending_init(&c->pending, c->slots, capacity);
    for (uint32_t i = 0; i < capacity; i++) {
        c->requests[i].next_free = c->free_requests;
        c->free_requests = &c->requests[i];
    }
    return KF_OK;
}

static enum kf_status make_timers(struct net_client *c, struct net_loop *loop)
{
    enum kf_status status = net_timer_new(&c->connect_timer, loop, connect_due, c);
    if (status == KF_OK)
        status = net_timer_new(&c->ping_timer, loop, ping_due, c);
    if (status == KF_OK)
        status = net_timer_new(&c->expire_timer, loop, expire_due, c);
    return status;
}

enum kf_status net_client_new(struct net_client **out, struct net_loop *loop,
                              const struct net_client_options *options, struct kf_error *err)
{
    struct net_address address;
    assert(options->in_flight_max >= 1 && options->in_flight_max < KEYLESS_PENDING_MAX);
    enum kf_status status = net_address_parse(&address, options->address, err);
    if (status != KF_OK)
        return status;
    if (!address.local && options->tls == NULL)
        return kf_fail(err, KF_ERR_USAGE, "%s needs TLS", options->address);
    struct net_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a connection");
    client->options = *options;
    client->options.address = NULL; /* parsed; the text is not kept */
    client->options.machine = NULL;
    client->address = address;
    client->ping_id = KEYLESS_PENDING_MAX - 1; /* of a slot that the table does not have */
    client->link.loop = loop;
    client->link.events = &events;
    client->link.context = client;
    client->link.output_max = options->output_max;
    client->link.expectation.role = options->role;
    if (options->machine != NULL)
        snprintf(client->link.expectation.machine, sizeof client->link.expectation.machine, "%s",
                 options->machine);
    status = make_timers(client, loop);
    if (status != KF_OK) {
        net_client_free(client);
        return kf_fail(err, status, "no memory for a connection");
    }
    *out = client;
    return KF_OK;
}

void net_client_free(struct net_client *client)
{
    if (client == NULL)
        return;
    client->gone = true;
    client->state = NET_DOWN;
    net_link_close(&client->link);
    net_timer_free(client->connect_timer);
    net_timer_free(client->ping_timer);
    net_timer_free(client->expire_timer);
    client->connect_timer = client->ping_timer = client->expire_timer = NULL;
    free(client->slots);
    free(client->requests);
    net_loop_release(client->link.loop, &client->garbage);
}

void net_client_abandon(struct net_client *client)
{
    lose(client, "given up");
    if (client->gone)
        return;
    /* Down already: nothing was in flight. */
    net_timer_clear(client->connect_timer);
}

void net_client_connect(struct net_client *client)
{
    if (client->state == NET_DOWN)
        start(client);
}

void net_client_use_tls(struct net_client *client, const struct net_tls *tls)
{
    client->options.tls = tls;
}

enum net_state net_client_state(const struct net_client *client)
{
    return client->state;
}

uint64_t net_client_heard_ns(const struct net_client *client)
{
    return client->link.read_at_ns;
}

uint32_t net_client_in_flight(const struct net_client *client)
{
    return client->pending.count;
}

enum kf_status net_client_send(struct net_client *client, uint32_t *id,
                               const struct keyless_message *message, uint64_t deadline_ns,
                               net_done *done, void *context)
{
    if (client->state == NET_DOWN || client->link.bev == NULL)
        return KF_ERR_UNAVAILABLE;
    if (client->slots == NULL && make_table(client) != KF_OK)
        return KF_ERR_MEMORY;
    struct request *request = client->free_requests;
    struct keyless_message sent = *message;
    if (request == NULL ||
        keyless_pending_add(&client->pending, &sent.id, deadline_ns, request) != KF_OK)
        return KF_ERR_LIMIT;
    enum kf_status status = net_link_send(&client->link, &sent);
    if (status != KF_OK) {
        (void)keyless_pending_take(&client->pending, sent.id);
        return status;
    }
    client->free_requests = request->next_free;
    request->done = done;
    request->context = context;
    arm_expiry(client);
    *id = sent.id;
    return KF_OK;
}

void net_client_cancel(struct net_client *client, uint32_t id)
{
    struct request *request = keyless_pending_take(&client->pending, id);
    if (request == NULL)
        return;
    request->next_free = client->free_requests;
    client->free_requests = request;
}
