#include "client.h"

#include "engine_int.h"

#include <stdlib.h>
#include <unistd.h>

struct client {
    struct client_settings settings;
    _Atomic(struct engine *) engine; /* of this process, of a parent's, or none yet */
};

struct client *client_new(const struct client_settings *settings)
{
    struct client *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->settings = *settings;
        atomic_init(&c->engine, NULL);
    }
    return c;
}

void client_free(struct client *client)
{
    if (client == NULL) {
        return;
    }
    struct engine *e = atomic_load(&client->engine);
    if (e != NULL && e->pid == getpid()) {
        engine_stop(e);
    } else if (e != NULL) {
        engine_abandon(e);
    }
    free(client);
}

/* HAProxy takes the right to make threads away from whoever is not root. */
static void say_why(const struct client_log *log)
{
    if (log->failed != NULL) {
        log->failed(log->context, CLIENT_RESOURCES,
                    "no signature can be asked for: this process may make no thread, or is out of "
                    "memory or descriptors; HAProxy needs insecure-fork-wanted in its global "
                    "section");
    }
}

/* The engine of this process, started when there is none. When two threads start one at the same
 * time, one of them wins and the other stops its own; no lock is needed, and so none can have been
 * held by another thread at a fork. */
static enum kf_status own_engine(struct engine **out, struct client *c)
{
    struct engine *present = atomic_load(&c->engine);
    while (present == NULL || present->pid != getpid()) {
        struct engine *fresh = NULL;
        struct engine *seen = present;
        enum kf_status st = engine_start(&fresh, &c->settings);
        if (st != KF_OK) {
            say_why(&c->settings.log);
            return st;
        }
        if (!atomic_compare_exchange_strong(&c->engine, &seen, fresh)) {
            engine_stop(fresh);
            present = seen;
            continue;
        }
        if (present != NULL) {
            engine_abandon(present);
        }
        present = fresh;
    }
    *out = present;
    return KF_OK;
}

enum kf_status client_ask(struct client_request **request, struct client *client,
                          const struct client_question *question, struct client_waiter *waiter)
{
    struct engine *e = NULL;
    uint64_t deadline = kf_clock_monotonic_ns(&client->settings.clock) +
                        (uint64_t)client->settings.deadline_ms * 1000000u;
    enum kf_status st = own_engine(&e, client);
    if (st != KF_OK) {
        return st;
    }
    struct client_request *r = client_request_new(question, deadline, waiter);
    if (r == NULL) {
        return KF_ERR_MEMORY;
    }
    engine_submit(e, r);
    *request = r;
    return KF_OK;
}
