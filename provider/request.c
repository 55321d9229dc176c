#include "request_int.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_GRACE_MS = 1000 };

struct client_waiter {
    atomic_uint references;
    pthread_mutex_t lock; /* guards descriptor and bound */
    int descriptor;       /* -1 once closed */
    struct client_request *bound;
};

static void waiter_drop(struct client_waiter *waiter)
{
    if (waiter == NULL || atomic_fetch_sub(&waiter->references, 1) != 1) {
        return;
    }
    (void)pthread_mutex_destroy(&waiter->lock);
    free(waiter);
}

/* Under the lock, so that the descriptor cannot be closed, and its number given to another file,
 * between the look and the write. */
static void waiter_signal(struct client_waiter *waiter)
{
    const uint64_t one = 1;
    (void)pthread_mutex_lock(&waiter->lock);
    if (waiter->descriptor >= 0) {
        ssize_t n = write(waiter->descriptor, &one, sizeof one);
        (void)n; /* fails only when the counter is full: then it is readable anyway */
    }
    (void)pthread_mutex_unlock(&waiter->lock);
}

struct client_waiter *client_waiter_new(void)
{
    struct client_waiter *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    w->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->descriptor < 0) {
        free(w);
        return NULL;
    }
    atomic_init(&w->references, 1);
    (void)pthread_mutex_init(&w->lock, NULL);
    return w;
}

int client_waiter_descriptor(const struct client_waiter *waiter)
{
    return waiter->descriptor;
}

void client_waiter_reset(struct client_waiter *waiter)
{
    uint64_t count = 0;
    ssize_t n = read(waiter->descriptor, &count, sizeof count);
    (void)n; /* EAGAIN: nothing to reset */
}

void client_waiter_bind(struct client_waiter *waiter, struct client_request *request)
{
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->bound = request;
    (void)pthread_mutex_unlock(&waiter->lock);
}

void client_waiter_close(struct client_waiter *waiter)
{
    (void)pthread_mutex_lock(&waiter->lock);
    int descriptor = waiter->descriptor;
    struct client_request *bound = waiter->bound;
    waiter->descriptor = -1;
    waiter->bound = NULL;
    (void)close(descriptor);
    (void)pthread_mutex_unlock(&waiter->lock);
    if (bound != NULL) {
        client_request_drop(bound);
    }
    waiter_drop(waiter);
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

struct client_request *client_request_new(const struct client_question *question,
                                          uint64_t deadline_ns, struct client_waiter *waiter)
{
    struct client_request *r = calloc(1, sizeof *r + question->payload_length);
    if (r == NULL) {
        return NULL;
    }
    atomic_init(&r->references, 2);
    atomic_init(&r->done, false);
    r->operation = question->operation;
    memcpy(r->ski, question->ski, sizeof r->ski);
    r->answer_min = question->answer_min;
    r->answer_max = question->answer_max;
    r->deadline_ns = deadline_ns;
    r->payload_length = question->payload_length;
    if (r->payload_length > 0) {
        memcpy(r->payload, question->payload, r->payload_length);
    }
    if (waiter != NULL) {
        atomic_fetch_add(&waiter->references, 1);
        r->waiter = waiter;
    }
    (void)pthread_mutex_init(&r->lock, NULL);
    init_condition(&r->finished);
    return r;
}

void client_request_drop(struct client_request *request)
{
    if (request == NULL || atomic_fetch_sub(&request->references, 1) != 1) {
        return;
    }
    waiter_drop(request->waiter);
    (void)pthread_cond_destroy(&request->finished);
    (void)pthread_mutex_destroy(&request->lock);
    kf_wipe(&request->result, sizeof request->result);
    free(request);
}

void client_request_finish(struct client_request *request)
{
    (void)pthread_mutex_lock(&request->lock);
    atomic_store(&request->done, true);
    (void)pthread_cond_broadcast(&request->finished);
    (void)pthread_mutex_unlock(&request->lock);
    if (request->waiter != NULL) {
        waiter_signal(request->waiter);
    }
    client_request_drop(request);
}

bool client_request_is_done(const struct client_request *request)
{
    return atomic_load(&request->done);
}

void client_request_wait(struct client_request *request)
{
    uint64_t until = request->deadline_ns + (uint64_t)WAIT_GRACE_MS * 1000000u;
    const struct timespec t = {.tv_sec = (time_t)(until / 1000000000u),
                               .tv_nsec = (long)(until % 1000000000u)};
    int stopped = 0;
    (void)pthread_mutex_lock(&request->lock);
    while (!atomic_load(&request->done) && stopped == 0) {
        stopped = pthread_cond_timedwait(&request->finished, &request->lock, &t);
    }
    (void)pthread_mutex_unlock(&request->lock);
}

const struct client_result *client_request_result(const struct client_request *request)
{
    static const struct client_result none = {
        .failure = KEYLESS_ERR_DEADLINE,
        .message = "the thread that speaks to the signer does not answer"};
    return client_request_is_done(request) ? &request->result : &none;
}
