#include "engine_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const uint64_t ns_per_ms = 1000000;

static uint64_t now_ns(const struct engine *e)
{
    return kf_clock_monotonic_ns(&e->settings->clock);
}

static void list_append(struct request_list *list, struct client_request *r)
{
    r->next = NULL;
    if (list->last == NULL) {
        list->first = r;
    } else {
        list->last->next = r;
    }
    list->last = r;
}

static struct client_request *list_take(struct request_list *list)
{
    struct client_request *r = list->first;
    if (r != NULL) {
        list->first = r->next;
        if (list->first == NULL) {
            list->last = NULL;
        }
    }
    return r;
}

/* --- ends of a request --- */

static void name_key(char hex[static 2 * KEYLESS_SKI_LENGTH + 1], const struct client_request *r)
{
    for (size_t i = 0; i < KEYLESS_SKI_LENGTH; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", r->ski[i]);
    }
}

static void finish_failed(struct engine *e, struct client_request *r, int failure, const char *why)
{
    char hex[2 * KEYLESS_SKI_LENGTH + 1];
    name_key(hex, r);
    r->result.failure = failure;
    (void)snprintf(r->result.message, sizeof r->result.message, "%s with key %s failed: %s",
                   r->operation->name, hex, why);
    if (e->settings->log.failed != NULL) {
        e->settings->log.failed(e->settings->log.context, failure, r->result.message);
    }
    client_request_finish(r);
}

static void describe_down(char *out, size_t size, const struct target *t)
{
    char reason[96];
    const char *text = strerror_r(t->connection.last_errno, reason, sizeof reason);
    (void)snprintf(out, size, "%s: %s", t->connection.path, text);
}

static void finish_unreachable(struct engine *e, struct client_request *r)
{
    char relay[224];
    char signer[224];
    char why[512];
    describe_down(relay, sizeof relay, &e->relay);
    describe_down(signer, sizeof signer, &e->signer);
    if (r->signer_error == KEYLESS_ERR_NONE) {
        (void)snprintf(why, sizeof why, "neither signer (%s) nor relay (%s) can be reached", signer,
                       relay);
        finish_failed(e, r, CLIENT_UNREACHABLE, why);
        return;
    }
    (void)snprintf(why, sizeof why, "%s, and no relay to ask elsewhere can be reached (%s)",
                   keyless_error_text(r->signer_error), relay);
    finish_failed(e, r, r->signer_error, why);
}

static void finish_late(struct engine *e, struct client_request *r)
{
    char why[224];
    (void)snprintf(why, sizeof why, "no answer from the %s at %s within %u ms",
                   r->stage == STAGE_SIGNER ? "signer" : "relay",
                   r->stage == STAGE_SIGNER ? e->settings->signer : e->settings->relay,
                   (unsigned)e->settings->deadline_ms);
    finish_failed(e, r, KEYLESS_ERR_DEADLINE, why);
}

static void finish_refused(struct engine *e, struct client_request *r,
                           const struct keyless_message *answer)
{
    char why[384];
    int said = answer->reason.length < 256 ? (int)answer->reason.length : 256;
    (void)snprintf(why, sizeof why, "%s (%s)%s%.*s", keyless_error_text(answer->error),
                   r->stage == STAGE_SIGNER ? "signer" : "relay", said > 0 ? ": " : "", said,
                   said > 0 ? (const char *)answer->reason.data : "");
    finish_failed(e, r, answer->error, why);
}

/* --- from stage to stage --- */

static void attempt(struct engine *e, struct client_request *r);

/* A signer that has just gone down will most likely be back at once: hold what nobody else can do.
 * One that has been down for long fails its requests without delay. */
static bool hold(struct engine *e, struct client_request *r)
{
    uint64_t now = now_ns(e);
    uint64_t retry = now + ENGINE_RETRY_MS * ns_per_ms;
    if (!r->signer_down || !e->signer.down || r->sent >= ENGINE_SENT_MAX ||
        retry >= r->deadline_ns ||
        now >= e->signer.down_since_ns + ENGINE_SIGNER_PATIENCE_MS * ns_per_ms) {
        return false;
    }
    r->stage = STAGE_SIGNER;
    r->resent = false;
    r->signer_down = false;
    r->retry_ns = retry;
    list_append(&e->held, r);
    return true;
}

static void ask_relay(struct engine *e, struct client_request *r)
{
    r->stage = STAGE_RELAY;
    r->resent = false;
    attempt(e, r);
}

static void target_failed(struct engine *e, struct client_request *r)
{
    if (r->stage == STAGE_SIGNER) {
        r->signer_down = true;
        ask_relay(e, r);
    } else if (!hold(e, r)) {
        finish_unreachable(e, r);
    }
}

/* A target counts as down from its first failure to its next answer: one that accepts connections
 * and dies before it answers is down all the while. */
static void mark_down(const struct engine *e, struct target *t)
{
    if (!t->down) {
        t->down = true;
        t->down_since_ns = now_ns(e);
    }
}

static bool target_open(struct engine *e, struct target *t)
{
    if (connection_is_open(&t->connection)) {
        return true;
    }
    if (connection_open(&t->connection) == KF_OK) {
        return true;
    }
    mark_down(e, t);
    return false;
}

static uint64_t attempt_deadline(const struct engine *e, const struct client_request *r,
                                 uint64_t now)
{
    uint64_t share = (uint64_t)e->settings->deadline_ms * ns_per_ms / ENGINE_SIGNER_SHARE;
    if (r->stage == STAGE_SIGNER && now + share < r->deadline_ns) {
        return now + share;
    }
    return r->deadline_ns;
}

/* Sends the request to the target of its stage. */
static void attempt(struct engine *e, struct client_request *r)
{
    struct target *t = r->stage == STAGE_SIGNER ? &e->signer : &e->relay;
    uint64_t now = now_ns(e);
    if (now >= r->deadline_ns) {
        finish_late(e, r);
        return;
    }
    if (!target_open(e, t)) {
        target_failed(e, r);
        return;
    }
    uint64_t until = attempt_deadline(e, r, now);
    uint32_t left = (uint32_t)((until - now + ns_per_ms - 1) / ns_per_ms);
    struct keyless_message m = {.opcode = (uint8_t)r->operation->opcode,
                                .ski = {.data = r->ski, .length = sizeof r->ski},
                                .payload = {.data = r->payload, .length = r->payload_length},
                                .has_deadline = true,
                                .deadline_ms = left};
    if (keyless_pending_add(&t->pending, &m.id, until, r) != KF_OK) {
        finish_failed(e, r, KEYLESS_ERR_OVERLOADED, "too many requests are under way");
        return;
    }
    if (connection_push(&t->connection, &m) != KF_OK) {
        (void)keyless_pending_take(&t->pending, m.id);
        finish_failed(e, r, CLIENT_RESOURCES, "too much is waiting to be sent, or out of memory");
        return;
    }
    r->sent++;
}

struct frame_context {
    struct engine *engine;
    struct target *target;
};

static void take_answer(void *context, const struct keyless_message *m)
{
    const struct frame_context *c = context;
    struct client_request *r = keyless_pending_take(&c->target->pending, m->id);
    c->target->down = false;
    if (r == NULL) {
        return; /* given up before */
    }
    if (m->opcode == KEYLESS_OP_RESPONSE && m->payload.length >= r->answer_min &&
        m->payload.length <= r->answer_max) {
        memcpy(r->result.answer, m->payload.data, m->payload.length);
        r->result.length = m->payload.length;
        client_request_finish(r);
    } else if (m->opcode != KEYLESS_OP_ERROR) {
        finish_failed(c->engine, r, CLIENT_BAD_ANSWER, "the answer does not fit the key");
    } else if (r->stage == STAGE_SIGNER && keyless_error_try_elsewhere(m->error)) {
        r->signer_error = m->error;
        ask_relay(c->engine, r);
    } else if (r->stage == STAGE_SIGNER || !hold(c->engine, r)) {
        finish_refused(c->engine, r, m);
    }
}

/* The connection died. Each request of it goes out once more over a new one. */
static void target_died(struct engine *e, struct target *t)
{
    struct request_list list = {0};
    struct client_request *r = NULL;
    connection_close(&t->connection);
    while ((r = keyless_pending_drain(&t->pending)) != NULL) {
        mark_down(e, t);
        list_append(&list, r);
    }
    while ((r = list_take(&list)) != NULL) {
        if (r->resent) {
            target_failed(e, r);
        } else {
            r->resent = true;
            attempt(e, r);
        }
    }
}

static void expire(struct engine *e, struct target *t)
{
    struct client_request *r = NULL;
    uint64_t now = now_ns(e);
    while ((r = keyless_pending_expire(&t->pending, now)) != NULL) {
        if (r->stage == STAGE_SIGNER && now < r->deadline_ns) {
            ask_relay(e, r);
        } else {
            finish_late(e, r);
        }
    }
}

/* --- the loop --- */

static bool take_incoming(struct engine *e)
{
    (void)pthread_mutex_lock(&e->lock);
    struct request_list list = e->incoming;
    bool go_on = !e->stop;
    e->incoming = (struct request_list){0};
    (void)pthread_mutex_unlock(&e->lock);
    struct client_request *r = NULL;
    while ((r = list_take(&list)) != NULL) {
        attempt(e, r);
    }
    return go_on;
}

static void retry_held(struct engine *e)
{
    struct request_list list = e->held;
    struct client_request *r = NULL;
    uint64_t now = now_ns(e);
    e->held = (struct request_list){0};
    while ((r = list_take(&list)) != NULL) {
        if (r->retry_ns <= now) {
            attempt(e, r);
        } else {
            list_append(&e->held, r);
        }
    }
}

static int wait_ms(const struct engine *e)
{
    uint64_t first = UINT64_MAX;
    uint64_t deadline = 0;
    uint64_t now = now_ns(e);
    if (e->held.first != NULL) {
        first = e->held.first->retry_ns;
    }
    if (keyless_pending_deadline(&deadline, &e->signer.pending) && deadline < first) {
        first = deadline;
    }
    if (keyless_pending_deadline(&deadline, &e->relay.pending) && deadline < first) {
        first = deadline;
    }
    if (first == UINT64_MAX) {
        return -1;
    }
    return first <= now ? 0 : (int)((first - now + ns_per_ms - 1) / ns_per_ms);
}

static void serve(struct engine *e, struct target *t, short events)
{
    struct frame_context c = {.engine = e, .target = t};
    if (!connection_is_open(&t->connection) || events == 0) {
        return;
    }
    if (connection_receive(&t->connection, take_answer, &c) != KF_OK) {
        target_died(e, t);
    }
}

static void flush(struct engine *e, struct target *t)
{
    if (connection_is_open(&t->connection) && connection_flush(&t->connection) != KF_OK) {
        target_died(e, t);
    }
}

static struct pollfd poll_entry(const struct target *t)
{
    short events = connection_wants_to_send(&t->connection) ? POLLIN | POLLOUT : POLLIN;
    return (struct pollfd){.fd = t->connection.descriptor, .events = events};
}

static void *run(void *argument)
{
    struct engine *e = argument;
    uint64_t count = 0;
    while (take_incoming(e)) {
        retry_held(e);
        expire(e, &e->signer);
        expire(e, &e->relay);
        flush(e, &e->signer);
        flush(e, &e->relay);
        struct pollfd p[] = {
            {.fd = e->wake, .events = POLLIN}, poll_entry(&e->signer), poll_entry(&e->relay)};
        if (poll(p, 3, wait_ms(e)) < 0) {
            continue;
        }
        if (p[0].revents != 0 && read(e->wake, &count, sizeof count) < 0) {
            continue; /* nothing there after all */
        }
        serve(e, &e->signer, p[1].revents);
        serve(e, &e->relay, p[2].revents);
    }
    return NULL;
}

/* --- life --- */

static bool target_init(struct target *t, const char *path)
{
    memset(t, 0, sizeof *t);
    connection_init(&t->connection, path);
    t->slots = calloc(ENGINE_WAITING_MAX, sizeof *t->slots);
    if (t->slots != NULL) {
        keyless_pending_init(&t->pending, t->slots, ENGINE_WAITING_MAX);
    }
    return t->slots != NULL;
}

static void target_clear(struct engine *e, struct target *t)
{
    struct client_request *r = NULL;
    connection_clear(&t->connection);
    while (t->slots != NULL && (r = keyless_pending_drain(&t->pending)) != NULL) {
        finish_failed(e, r, CLIENT_UNREACHABLE, "the provider is being unloaded");
    }
    free(t->slots);
}

static void engine_free(struct engine *e)
{
    struct client_request *r = NULL;
    target_clear(e, &e->signer);
    target_clear(e, &e->relay);
    while ((r = list_take(&e->held)) != NULL || (r = list_take(&e->incoming)) != NULL) {
        finish_failed(e, r, CLIENT_UNREACHABLE, "the provider is being unloaded");
    }
    if (e->wake >= 0) {
        (void)close(e->wake);
    }
    (void)pthread_mutex_destroy(&e->lock);
    free(e);
}

/* The thread takes none of the host program's signals. */
static enum kf_status start_thread(struct engine *e)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&e->thread, NULL, run, e);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return KF_ERR_UNAVAILABLE;
    }
    (void)pthread_setname_np(e->thread, "keyfence");
    return KF_OK;
}

enum kf_status engine_start(struct engine **out, const struct client_settings *settings)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return KF_ERR_MEMORY;
    }
    e->settings = settings;
    e->pid = getpid();
    (void)pthread_mutex_init(&e->lock, NULL);
    bool signer = target_init(&e->signer, settings->signer);
    bool relay = target_init(&e->relay, settings->relay);
    e->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum kf_status st = signer && relay ? KF_OK : KF_ERR_MEMORY;
    if (st == KF_OK) {
        st = e->wake >= 0 ? start_thread(e) : KF_ERR_UNAVAILABLE;
    }
    if (st != KF_OK) {
        engine_free(e);
        return st;
    }
    *out = e;
    return KF_OK;
}

static void wake(const struct engine *e)
{
    const uint64_t one = 1;
    ssize_t n = write(e->wake, &one, sizeof one);
    (void)n; /* fails only when the counter is full: then the thread is awake anyway */
}

void engine_stop(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->stop = true;
    (void)pthread_mutex_unlock(&engine->lock);
    wake(engine);
    (void)pthread_join(engine->thread, NULL);
    engine_free(engine);
}

void engine_abandon(struct engine *engine)
{
    connection_close(&engine->signer.connection);
    connection_close(&engine->relay.connection);
    (void)close(engine->wake);
}

void engine_submit(struct engine *engine, struct client_request *request)
{
    (void)pthread_mutex_lock(&engine->lock);
    bool was_empty = engine->incoming.first == NULL;
    list_append(&engine->incoming, request);
    (void)pthread_mutex_unlock(&engine->lock);
    if (was_empty) {
        wake(engine);
    }
}
