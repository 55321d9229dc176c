/* The client's thread: takes requests, asks signer and relay, finishes each by its deadline.
 *
 * All state but `incoming`, `stop` and their lock belongs to the thread. */
#ifndef KEYFENCE_PROVIDER_ENGINE_INT_H
#define KEYFENCE_PROVIDER_ENGINE_INT_H

#include "connection_int.h"
#include "keyless/pending.h"
#include "request_int.h"

#include <sys/types.h>

enum {
    ENGINE_WAITING_MAX = 4096,        /* requests under way at each of signer and relay */
    ENGINE_SIGNER_PATIENCE_MS = 1000, /* how long a signer may be down before requests fail */
    ENGINE_SENT_MAX = 6,              /* a request may be what kills its signers: not for ever */
    ENGINE_RETRY_MS = 25,             /* between tries while it is */
    ENGINE_SIGNER_SHARE = 3,          /* a silent signer is given up after 1/3 of the time */
};

struct target {
    struct connection connection;
    struct keyless_pending pending;
    struct keyless_pending_slot *slots;
    bool down;
    uint64_t down_since_ns;
};

struct request_list {
    struct client_request *first;
    struct client_request *last;
};

struct engine {
    const struct client_settings *settings;
    pid_t pid; /* of the process whose thread this is */
    int wake;  /* eventfd */
    pthread_t thread;
    pthread_mutex_t lock;
    struct request_list incoming;
    bool stop;
    struct target signer;
    struct target relay;
    struct request_list held; /* until the signer is back */
};

/* Starts the thread. KF_ERR_MEMORY, KF_ERR_UNAVAILABLE. settings must outlive the engine. */
KF_MUST_USE enum kf_status engine_start(struct engine **out,
                                        const struct client_settings *settings);
/* Ends the thread, fails what is under way, frees. Only in the process that started it. */
void engine_stop(struct engine *engine);
/* In a child of that process: closes the descriptors inherited, and leaves the memory, whose locks
 * and lists may have been in any state at the fork. */
void engine_abandon(struct engine *engine);
/* Hands a request over; the engine owns one of its references. */
void engine_submit(struct engine *engine, struct client_request *request);

#endif
