/* One private-key operation: question, wait, answer.
 *
 * In an ASYNC job (HAProxy's ssl-mode-async) the wait is a pause: the job is left, and the server
 * resumes it when the descriptor registered in the wait context becomes readable. What OpenSSL and
 * HAProxy expect of that descriptor:
 *  - it is registered only when the job does pause;
 *  - it is never cleared or closed by us: it stays with the TLS connection until the wait context's
 *    cleanup callback, and later operations of the same connection use it again.
 * The job's stack is 32 KiB: what is large lives on the heap. */
#include "key_int.h"

#include <openssl/async.h>
#include <string.h>

/* What we find our descriptor by in a wait context: its address counts. */
static const char wait_key = 0;

static void cleanup(ASYNC_WAIT_CTX *ctx, const void *key, OSSL_ASYNC_FD descriptor, void *custom)
{
    (void)ctx;
    (void)key;
    (void)descriptor;
    client_waiter_close(custom);
}

struct pause {
    ASYNC_WAIT_CTX *context; /* NULL outside of a job: block */
    struct client_waiter *waiter;
    bool registered;
};

/* Finds the connection's waiter or makes one. Without one the operation blocks, which is slow but
 * right. */
static struct pause pause_prepare(void)
{
    struct pause p = {0};
    OSSL_ASYNC_FD descriptor = -1;
    void *custom = NULL;
    ASYNC_JOB *job = ASYNC_get_current_job();
    ASYNC_WAIT_CTX *context = job == NULL ? NULL : ASYNC_get_wait_ctx(job);
    if (context == NULL) {
        return p;
    }
    if (ASYNC_WAIT_CTX_get_fd(context, &wait_key, &descriptor, &custom) == 1) {
        p = (struct pause){.context = context, .waiter = custom, .registered = true};
        client_waiter_reset(p.waiter);
        return p;
    }
    p.waiter = client_waiter_new();
    p.context = p.waiter == NULL ? NULL : context;
    return p;
}

/* False when it cannot pause: then block. */
static bool pause_until_done(struct pause *p, struct client_request *r)
{
    while (!client_request_is_done(r)) {
        if (!p->registered) {
            if (ASYNC_WAIT_CTX_set_wait_fd(p->context, &wait_key,
                                           client_waiter_descriptor(p->waiter), p->waiter,
                                           cleanup) != 1) {
                return false;
            }
            p->registered = true;
        }
        client_waiter_bind(p->waiter, r);
        int paused = ASYNC_pause_job();
        client_waiter_bind(p->waiter, NULL);
        if (paused != 1) {
            return false;
        }
    }
    return true;
}

static void pause_end(struct pause *p)
{
    if (p->waiter == NULL) {
        return;
    }
    if (p->registered) {
        client_waiter_reset(p->waiter);
    } else {
        client_waiter_close(p->waiter);
    }
}

static int take_result(const struct provider *p, const struct client_result *result, uint8_t *out,
                       size_t *length, size_t capacity)
{
    if (result->failure != 0) {
        return RAISE(p, result->failure, "%s", result->message);
    }
    if (result->length > capacity) {
        return RAISE(p, REASON_BUFFER, "%zu bytes needed, %zu given", result->length, capacity);
    }
    memcpy(out, result->answer, result->length);
    *length = result->length;
    return 1;
}

static void answer_bounds(struct client_question *q, const struct key *key)
{
    q->answer_max = key->size;
    q->answer_min = key->family == KEYLESS_FAMILY_ECDSA ? 8 : key->size;
}

int operation_run(const struct provider *p, const struct key *key,
                  const struct keyless_operation *operation, const uint8_t *payload,
                  size_t payload_length, uint8_t *out, size_t *length, size_t capacity)
{
    struct client_request *r = NULL;
    struct client_question q = {.operation = operation,
                                .ski = key->ski,
                                .payload = payload,
                                .payload_length = payload_length};
    if (!key->has_private || payload_length < operation->payload_min ||
        payload_length > operation->payload_max) {
        return RAISE(p, REASON_UNSUPPORTED, "%s over %zu bytes", operation->name, payload_length);
    }
    answer_bounds(&q, key);
    struct pause wait = pause_prepare();
    if (client_ask(&r, p->client, &q, wait.waiter) != KF_OK) {
        pause_end(&wait);
        return RAISE(p, CLIENT_RESOURCES, "the thread that speaks to the signer does not start");
    }
    if (wait.context == NULL || !pause_until_done(&wait, r)) {
        client_request_wait(r);
    }
    int ok = take_result(p, client_request_result(r), out, length, capacity);
    client_request_drop(r);
    pause_end(&wait);
    return ok;
}
