/* A loop, a server whose owner answers as the test says, and clients; shared by the net tests.
 * Included by each test once: everything is static. */
#ifndef KEYFENCE_TEST_NET_HARNESS_H
#define KEYFENCE_TEST_NET_HARNESS_H

#include "net/client.h"
#include "net/loop.h"
#include "net/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { HELD_MAX = 4096 };

struct harness {
    char directory[64];
    char address[128];
    struct net_loop *loop;
    struct net_server *server;
    struct net_ticket held[HELD_MAX]; /* requests not answered yet */
    uint8_t payloads[HELD_MAX];       /* their first byte */
    uint32_t held_count;
    uint32_t requests;
    bool hold; /* else answered at once with the payload */
    uint32_t accepted, closed, refused;
    struct net_identity peer;
    char refusal[256];
};

static inline bool h_accept(void *context, struct net_session *session,
                            const struct net_identity *peer)
{
    struct harness *h = context;
    (void)session;
    h->accepted++;
    if (peer != NULL)
        h->peer = *peer;
    return true;
}

static inline void h_request(void *context, struct net_ticket ticket,
                             const struct keyless_message *message)
{
    struct harness *h = context;
    h->requests++;
    if (!h->hold) {
        struct keyless_message answer =
            keyless_answer_make(0, message->payload.data, message->payload.length);
        net_answer(ticket, &answer);
        return;
    }
    assert_true(h->held_count < HELD_MAX);
    h->payloads[h->held_count] = message->payload.length == 0 ? 0 : message->payload.data[0];
    h->held[h->held_count++] = ticket;
}

static inline void h_closed(void *context, struct net_session *session)
{
    struct harness *h = context;
    (void)session;
    h->closed++;
}

static inline void h_refused(void *context, const char *peer_address, const char *reason)
{
    struct harness *h = context;
    h->refused++;
    snprintf(h->refusal, sizeof h->refusal, "%s: %s", peer_address, reason);
}

static inline void h_serve(struct harness *h, const char *address, struct net_tls *tls)
{
    struct kf_error err;
    struct net_server_options o = {.address = address,
                                   .mode = 0600,
                                   .tls = tls,
                                   .role = "relay",
                                   .connections_max = 64,
                                   .handshakes_max = 16,
                                   .in_flight_max = 100,
                                   .output_max = 1 << 18,
                                   .context = h,
                                   .accept = h_accept,
                                   .request = h_request,
                                   .closed = h_closed,
                                   .refused = h_refused};
    if (net_server_new(&h->server, h->loop, &o, &err) != KF_OK)
        fail_msg("%s", err.message);
}

static inline int h_setup(void **state)
{
    struct harness *h = calloc(1, sizeof *h);
    struct kf_clock clock = kf_clock_system();
    assert_non_null(h);
    snprintf(h->directory, sizeof h->directory, "/tmp/keyfence-net-XXXXXX");
    assert_non_null(mkdtemp(h->directory));
    snprintf(h->address, sizeof h->address, "unix:%s/s", h->directory);
    assert_int_equal(net_loop_new(&h->loop, &clock), KF_OK);
    *state = h;
    return 0;
}

static inline void h_answer_all(struct harness *h)
{
    while (h->held_count > 0) {
        h->held_count--;
        struct keyless_message answer = keyless_answer_make(0, &h->payloads[h->held_count], 1);
        net_answer(h->held[h->held_count], &answer);
    }
}

static inline int h_teardown(void **state)
{
    struct harness *h = *state;
    char command[128];
    h_answer_all(h);
    net_server_free(h->server);
    net_loop_free(h->loop);
    snprintf(command, sizeof command, "rm -rf %s", h->directory);
    assert_int_equal(system(command), 0);
    free(h);
    return 0;
}

/* Turns the loop until the condition holds; fails after ten seconds. */
#define UNTIL(h, condition)                                                                        \
    do {                                                                                           \
        uint64_t end_ = net_loop_now_ns((h)->loop) + 10000000000u;                                 \
        while (!(condition)) {                                                                     \
            if (net_loop_now_ns((h)->loop) > end_)                                                 \
                fail_msg("still not: %s", #condition);                                             \
            assert_int_equal(net_loop_turn((h)->loop, 100), KF_OK);                                \
        }                                                                                          \
    } while (0)

struct caller {
    struct harness *h;
    struct net_client *client;
    uint32_t up, down, measured;
    char reason[256];
    uint32_t answers, errors, timeouts, lost;
    uint8_t last_error, last_payload;
    uint64_t last_ns;
    bool free_on_answer, free_on_down;
};

static inline void c_changed(void *context, struct net_client *client, enum net_state state,
                             const char *reason)
{
    struct caller *c = context;
    c->up += state == NET_UP;
    c->down += state == NET_DOWN;
    snprintf(c->reason, sizeof c->reason, "%s", reason);
    if (state == NET_DOWN && c->free_on_down) {
        net_client_free(client);
        c->client = NULL;
    }
}

static inline void c_measured(void *context, struct net_client *client, uint64_t us)
{
    struct caller *c = context;
    (void)client;
    (void)us;
    c->measured++;
}

static inline void c_done(void *context, enum kf_status status,
                          const struct keyless_message *answer)
{
    struct caller *c = context;
    c->last_ns = net_loop_now_ns(c->h->loop);
    if (status == KF_ERR_TIMEOUT)
        c->timeouts++;
    else if (status != KF_OK)
        c->lost++;
    else if (answer->opcode == KEYLESS_OP_ERROR)
        c->errors++;
    else
        c->answers++;
    if (status == KF_OK) {
        c->last_error = answer->error;
        c->last_payload = answer->payload.length == 0 ? 0 : answer->payload.data[0];
    }
    if (c->free_on_answer) {
        net_client_free(c->client);
        c->client = NULL;
    }
}

static inline struct net_client_options c_options(struct caller *c, const char *address,
                                                  const struct net_tls *tls)
{
    return (struct net_client_options){.address = address,
                                       .tls = tls,
                                       .role = "relay",
                                       .in_flight_max = 1000,
                                       .output_max = 4 << 20,
                                       .connect_ms = 1000,
                                       .ping_ms = 50,
                                       .ping_timeout_ms = 1000,
                                       .backoff_ms = 20,
                                       .backoff_max_ms = 200,
                                       .random = kf_random_system(),
                                       .context = c,
                                       .changed = c_changed,
                                       .measured = c_measured};
}

static inline void c_open(struct caller *c, struct harness *h,
                          const struct net_client_options *options)
{
    c->h = h;
    assert_int_equal(net_client_new(&c->client, h->loop, options, NULL), KF_OK);
    net_client_connect(c->client);
}

static inline enum kf_status c_send(struct caller *c, uint8_t byte, uint32_t ms)
{
    static const uint8_t ski[20] = {1};
    uint8_t digest[32] = {byte};
    uint32_t id;
    struct keyless_message m = {.opcode = KEYLESS_OP_ECDSA_SHA256,
                                .payload = {digest, sizeof digest},
                                .ski = {ski, sizeof ski}};
    return net_client_send(c->client, &id, &m, net_loop_now_ns(c->h->loop) + ms * 1000000ull,
                           c_done, c);
}

#endif
