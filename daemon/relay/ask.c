/* Requests of the local TLS servers.
 *
 * A request becomes a job: its key's policy gives the data centres that may sign, the directory the
 * machine to ask first. A job whose answer is slower than its path usually is gets a second attempt
 * elsewhere, then a third; a failed attempt is followed by the next at once, as long as the retry
 * budget lasts. The first good answer wins and the other attempts are forgotten. A job ends with
 * its answer, or when nothing is left to try, never later than its deadline. */
#include "relay.h"

#include "log.h"
#include "route/choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attempt {
    struct job *job;
    struct net_client *client;
    uint32_t machine;
    uint32_t id;
    uint64_t sent_ns;
    uint32_t wait_ms;
    bool out;
    bool hedge;
    bool blamed; /* its silence is already counted against the machine */
};

struct job {
    struct relay *relay;
    struct job *next, **previous;
    struct net_ticket ticket;
    struct keyless_message message; /* borrows from frame */
    uint8_t *frame;
    uint64_t deadline_ns;
    struct route_set set;
    struct route_attempts tried;
    struct attempt attempts[ROUTE_ATTEMPTS_MAX]; /* as tried.list */
    uint32_t sent;                               /* attempts that left this machine */
    struct net_timer *hedge_timer;
    char trail[400]; /* what failed so far, for the reason and the log */
};

struct relay_ask {
    struct net_server *server;
    struct job *jobs;
    uint32_t job_count;
    uint32_t job_max;
    struct relay_ask_counts counts;
};

static uint32_t left_ms(const struct job *job, uint64_t now)
{
    return now >= job->deadline_ns ? 0 : (uint32_t)((job->deadline_ns - now) / 1000000);
}

static struct route_datacenter *datacenter_of(struct relay *relay, uint32_t machine)
{
    uint32_t n = route_machine_at(relay->directory, machine)->datacenter;
    return route_datacenter_at(relay->directory, n);
}

/* Jobs. */

static struct job *make_job(struct relay *relay, struct net_ticket ticket,
                            const struct keyless_message *message)
{
    struct job *job = calloc(1, sizeof *job);
    size_t length = 0;
    uint8_t *frame = malloc(KEYLESS_FRAME_MAX);
    if (job == NULL || frame == NULL)
        goto fail;
    if (keyless_frame_write(frame, &length, KEYLESS_FRAME_MAX, message) != KF_OK)
        goto fail;
    uint8_t *smaller = realloc(frame, length);
    frame = smaller != NULL ? smaller : frame;
    if (keyless_frame_read(&job->message, frame, length) != KF_OK)
        goto fail;
    uint32_t ms = message->has_deadline ? message->deadline_ms : RELAY_DEADLINE_MS;
    ms = ms > RELAY_DEADLINE_MAX_MS ? RELAY_DEADLINE_MAX_MS : ms;
    job->relay = relay;
    job->ticket = ticket;
    job->frame = frame;
    job->deadline_ns = net_loop_now_ns(relay->loop) + (uint64_t)ms * 1000000;
    job->next = relay->ask->jobs;
    if (job->next != NULL)
        job->next->previous = &job->next;
    job->previous = &relay->ask->jobs;
    relay->ask->jobs = job;
    relay->ask->job_count++;
    return job;
fail:
    free(frame);
    free(job);
    return NULL;
}

/* An attempt is not waited for any more. */
static void forget_attempt(struct attempt *a)
{
    struct relay *relay = a->job->relay;
    uint64_t took_us = (net_loop_now_ns(relay->loop) - a->sent_ns) / 1000;
    a->out = false;
    net_client_cancel(a->client, a->id);
    route_machine_at(relay->directory, a->machine)->in_flight--;
    /* It would have taken at least this long: leaving it out would make slow paths look fast. */
    route_window_add(&datacenter_of(relay, a->machine)->answers, took_us);
}

static void end_job(struct job *job)
{
    for (uint32_t i = 0; i < job->tried.count; i++)
        if (job->attempts[i].out)
            forget_attempt(&job->attempts[i]);
    net_timer_free(job->hedge_timer);
    *job->previous = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    job->relay->ask->job_count--;
    free(job->frame);
    free(job);
}

static void fail_job(struct job *job, enum keyless_error error, const char *reason)
{
    struct relay *relay = job->relay;
    char what[512];
    relay->ask->counts.errors[error & 0xFF]++;
    if (error != KEYLESS_ERR_OVERLOADED &&
        relay_complain(relay, job->message.ski.data, (uint8_t)error, what, sizeof what))
        log_error("%s: %s", what, reason);
    net_answer_error(job->ticket, error, reason);
    end_job(job);
}

static void note_failure(struct job *job, uint32_t machine, const char *why)
{
    size_t used = strlen(job->trail);
    const struct route_machine *m = route_machine_at(job->relay->directory, machine);
    snprintf(job->trail + used, sizeof job->trail - used, "%s%s in %s: %s", used == 0 ? "" : "; ",
             m->id, datacenter_of(job->relay, machine)->id, why);
    job->relay->failures[m->datacenter]++;
}

/* Attempts. */

static void attempt_done(void *context, enum kf_status status,
                         const struct keyless_message *answer);

/* Sends the job to a machine. False when it could not even leave; then it is over. */
static bool send_attempt(struct job *job, uint32_t machine, bool hedge)
{
    struct relay *relay = job->relay;
    struct route_machine *m = route_machine_at(relay->directory, machine);
    struct route_datacenter *dc = datacenter_of(relay, machine);
    uint64_t now = net_loop_now_ns(relay->loop);
    uint64_t distance = route_distance_us(relay->directory, m->datacenter);
    uint32_t at = job->tried.count++;
    struct attempt *a = &job->attempts[at];
    job->tried.list[at].machine = machine;
    job->tried.list[at].datacenter = m->datacenter;
    job->tried.list[at].over = true;
    struct keyless_message message = job->message;
    *a = (struct attempt){.job = job, .machine = machine, .sent_ns = now, .hedge = hedge};
    a->wait_ms = route_attempt_ms(&dc->answers, distance, left_ms(job, now));
    message.has_deadline = true;
    message.deadline_ms = route_hop_deadline_ms(a->wait_ms, distance);
    a->client = relay_path(relay, machine);
    if (a->client == NULL || message.deadline_ms == 0)
        return false;
    route_breaker_sent(&m->breaker, now);
    enum kf_status status = net_client_send(a->client, &a->id, &message,
                                            now + (uint64_t)a->wait_ms * 1000000, attempt_done, a);
    if (status != KF_OK) {
        route_breaker_failed(&m->breaker, now);
        note_failure(job, machine, status == KF_ERR_LIMIT ? "too much in flight" : "not connected");
        return false;
    }
    a->out = true;
    job->tried.list[at].over = false;
    job->sent++;
    m->in_flight++;
    relay->sent[m->datacenter]++;
    net_timer_set(job->hedge_timer, route_hedge_after_us(&dc->answers, distance));
    return true;
}

/* The next machine that takes the job. */
static bool send_next(struct job *job, enum route_need need)
{
    struct relay *relay = job->relay;
    uint32_t machine;
    for (;;) {
        uint64_t now = net_loop_now_ns(relay->loop);
        if (left_ms(job, now) == 0 ||
            !route_choose(&machine, relay->directory, &job->set, &job->tried, need, now))
            return false;
        if (send_attempt(job, machine, need == ROUTE_HEDGE))
            return true;
    }
}

static bool any_out(const struct job *job)
{
    for (uint32_t i = 0; i < job->tried.count; i++)
        if (job->attempts[i].out)
            return true;
    return false;
}

/* After a failure: the next one at once, or wait for what is out, or give up. */
static void go_on(struct job *job)
{
    struct relay *relay = job->relay;
    uint64_t now = net_loop_now_ns(relay->loop);
    char reason[480];
    bool may = job->sent == 0 || route_budget_retry(&relay->budget, now);
    if (may && send_next(job, ROUTE_RETRY)) {
        relay->ask->counts.retries += job->sent > 1;
        return;
    }
    if (any_out(job))
        return;
    snprintf(reason, sizeof reason, "no data centre answered: %s%s",
             job->trail[0] != '\0' ? job->trail
                                   : "no other machine of a data centre that satisfies the policy",
             may ? "" : "; too many retries already");
    fail_job(job, KEYLESS_ERR_NO_ANSWER, reason);
}

static void hedge_due(void *context)
{
    struct job *job = context;
    struct relay *relay = job->relay;
    uint64_t now = net_loop_now_ns(relay->loop);
    uint32_t machine;
    /* A connection that has brought nothing at all since we asked is suspect: it may be a hole. */
    for (uint32_t i = 0; i < job->tried.count; i++) {
        struct attempt *a = &job->attempts[i];
        if (!a->out || a->blamed || net_client_heard_ns(a->client) >= a->sent_ns)
            continue;
        a->blamed = true;
        route_breaker_failed(&route_machine_at(relay->directory, a->machine)->breaker, now);
    }
    if (!route_choose(&machine, relay->directory, &job->set, &job->tried, ROUTE_HEDGE, now) ||
        !route_budget_hedge(&relay->budget, now))
        return;
    if (send_next(job, ROUTE_HEDGE))
        relay->ask->counts.hedges++;
}

static void succeed(struct job *job, const struct attempt *a, const struct keyless_message *answer)
{
    struct relay *relay = job->relay;
    struct keyless_message reply = *answer;
    reply.datacenter = keyless_text(datacenter_of(relay, a->machine)->id);
    relay->ask->counts.answered++;
    relay->ask->counts.hedges_won += a->hedge;
    net_answer(job->ticket, &reply);
    end_job(job);
}

/* An error answer: whether the machine is to blame, and whether another may do better. */
static bool judge(struct relay *relay, const struct attempt *a, uint8_t error)
{
    struct route_machine *m = route_machine_at(relay->directory, a->machine);
    uint64_t now = net_loop_now_ns(relay->loop);
    switch (error) {
    case KEYLESS_ERR_OVERLOADED:
    case KEYLESS_ERR_NO_ANSWER:
    case KEYLESS_ERR_INTERNAL:
    case KEYLESS_ERR_READ:
        route_breaker_failed(&m->breaker, now);
        break;
    case KEYLESS_ERR_DEADLINE:
        break; /* it was told less than we have: others may still do it */
    default:
        route_breaker_succeeded(&m->breaker); /* it works; it is the request or the key */
        break;
    }
    return error == KEYLESS_ERR_DEADLINE || keyless_error_try_elsewhere(error);
}

static void attempt_done(void *context, enum kf_status status, const struct keyless_message *answer)
{
    struct attempt *a = context;
    struct job *job = a->job;
    struct relay *relay = job->relay;
    struct route_machine *m = route_machine_at(relay->directory, a->machine);
    struct route_datacenter *dc = datacenter_of(relay, a->machine);
    uint64_t now = net_loop_now_ns(relay->loop);
    char why[160];
    a->out = false;
    job->tried.list[a - job->attempts].over = true;
    m->in_flight--;
    if (status == KF_OK && answer->opcode == KEYLESS_OP_RESPONSE) {
        route_breaker_succeeded(&m->breaker);
        route_window_add(&dc->answers, (now - a->sent_ns) / 1000);
        succeed(job, a, answer);
        return;
    }
    if (status == KF_OK && answer->opcode == KEYLESS_OP_ERROR) {
        int length = answer->reason.length > 100 ? 100 : (int)answer->reason.length;
        const char *text = length == 0 ? "" : (const char *)answer->reason.data;
        snprintf(why, sizeof why, "%s%s%.*s", keyless_error_name(answer->error),
                 length == 0 ? "" : ", ", length, text);
        if (!judge(relay, a, answer->error)) {
            fail_job(job, answer->error, why);
            return;
        }
    } else if (status == KF_ERR_TIMEOUT) {
        route_breaker_failed(&m->breaker, now);
        route_window_add(&dc->answers, (now - a->sent_ns) / 1000);
        snprintf(why, sizeof why, "no answer within %u ms", a->wait_ms);
    } else {
        /* Losing the connection has tripped the breaker already. */
        snprintf(why, sizeof why, "%s", status == KF_OK ? "a strange answer" : "connection lost");
    }
    note_failure(job, a->machine, why);
    go_on(job);
}

/* The server's side. */

static void answer_status(struct relay *relay, struct net_ticket ticket)
{
    char *json = relay_status_json(relay);
    if (json == NULL) {
        net_answer_error(ticket, KEYLESS_ERR_INTERNAL, "no memory");
        return;
    }
    struct keyless_message answer = keyless_answer_make(0, (const uint8_t *)json, strlen(json));
    net_answer(ticket, &answer);
    free(json);
}

/* Why a key cannot be asked for at all. */
static void refuse_key(struct relay *relay, struct net_ticket ticket, const uint8_t *ski,
                       enum kf_status status, const char *why)
{
    enum keyless_error error =
        status == KF_ERR_NOT_FOUND ? KEYLESS_ERR_KEY_NOT_FOUND : KEYLESS_ERR_INTERNAL;
    char reason[300], what[512];
    snprintf(reason, sizeof reason, "%.280s", why);
    relay->ask->counts.errors[error]++;
    if (relay_complain(relay, ski, (uint8_t)error, what, sizeof what))
        log_error("%s: %s", what, reason);
    net_answer_error(ticket, error, reason);
}

static void start_job(struct job *job)
{
    struct relay *relay = job->relay;
    char reason[160];
    if (route_set_count(&job->set) == 0) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < route_datacenter_count(relay->directory); i++)
            count += route_datacenter_at(relay->directory, i)->present;
        snprintf(reason, sizeof reason,
                 "no data centre satisfies the policy: none of the %u in the registry", count);
        fail_job(job, KEYLESS_ERR_NO_DATACENTER, reason);
        return;
    }
    if (net_timer_new(&job->hedge_timer, relay->loop, hedge_due, job) != KF_OK) {
        fail_job(job, KEYLESS_ERR_OVERLOADED, "no memory");
        return;
    }
    route_budget_request(&relay->budget, net_loop_now_ns(relay->loop));
    go_on(job);
}

static void on_request(void *context, struct net_ticket ticket,
                       const struct keyless_message *message)
{
    struct relay *relay = context;
    struct relay_ask *ask = relay->ask;
    const struct keyless_operation *operation = keyless_operation_find(message->opcode);
    struct replica_policy *policy;
    struct kf_error err = {0};
    if (message->opcode == KEYLESS_OP_STATUS) {
        answer_status(relay, ticket);
        return;
    }
    if (operation->kind != KEYLESS_KIND_SIGN && operation->kind != KEYLESS_KIND_DECRYPT) {
        net_answer_error(ticket, KEYLESS_ERR_BAD_OPCODE, "a relay carries signatures only");
        return;
    }
    ask->counts.requests++;
    if (ask->job_count >= ask->job_max) {
        ask->counts.overloaded++;
        net_answer_error(ticket, KEYLESS_ERR_OVERLOADED, "the relay has too much in flight");
        return;
    }
    enum kf_status status = replica_policy_of(&policy, relay->replica, message->ski.data, &err);
    if (status != KF_OK) {
        refuse_key(relay, ticket, message->ski.data, status, err.message);
        return;
    }
    struct job *job = make_job(relay, ticket, message);
    if (job == NULL) {
        net_answer_error(ticket, KEYLESS_ERR_OVERLOADED, "no memory");
        return;
    }
    job->set = *replica_satisfying(relay->replica, policy);
    start_job(job);
}

enum kf_status relay_ask_new(struct relay *relay, struct kf_error *err)
{
    char address[600];
    struct relay_ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL)
        return kf_fail(err, KF_ERR_MEMORY, "no memory");
    relay->ask = ask;
    uint32_t limit = relay->config->relay.request_limit;
    ask->job_max = limit == 0 ? RELAY_REQUESTS : limit;
    snprintf(address, sizeof address, "unix:%s/relay.sock", relay->config->run);
    struct net_server_options options = {.address = address,
                                         .mode = 0660,
                                         .group = relay->config->signer->group,
                                         .connections_max = 1024,
                                         .in_flight_max = ask->job_max,
                                         .output_max = 8 << 20,
                                         .context = relay,
                                         .request = on_request};
    return net_server_new(&ask->server, relay->loop, &options, err);
}

void relay_ask_free(struct relay *relay)
{
    struct relay_ask *ask = relay->ask;
    if (ask == NULL)
        return;
    while (ask->jobs != NULL) {
        net_answer_error(ask->jobs->ticket, KEYLESS_ERR_NO_ANSWER, "the relay ends");
        end_job(ask->jobs);
    }
    net_server_free(ask->server);
    free(ask);
    relay->ask = NULL;
}

void relay_ask_quiesce(struct relay *relay)
{
    net_server_quiesce(relay->ask->server);
}

uint32_t relay_ask_busy(const struct relay *relay)
{
    return net_server_busy(relay->ask->server);
}

const struct relay_ask_counts *relay_ask_counts(const struct relay *relay)
{
    return &relay->ask->counts;
}
