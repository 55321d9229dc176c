/* A request and the descriptor that tells of its end: what the asker and the client's thread share.
 *
 * Reference-counted, so that a TLS connection may vanish while its signature is under way. */
#ifndef KEYFENCE_PROVIDER_REQUEST_INT_H
#define KEYFENCE_PROVIDER_REQUEST_INT_H

#include "client.h"

#include <pthread.h>
#include <stdatomic.h>

enum request_stage { STAGE_SIGNER, STAGE_RELAY };

struct client_request {
    atomic_uint references;
    /* Set before it is handed over, constant from then on. */
    const struct keyless_operation *operation;
    uint8_t ski[KEYLESS_SKI_LENGTH];
    size_t answer_min;
    size_t answer_max;
    uint64_t deadline_ns;
    struct client_waiter *waiter;
    /* The client's thread alone. */
    struct client_request *next;
    enum request_stage stage;
    bool resent;          /* once already on this stage, over a new connection */
    unsigned sent;        /* how often it has been sent, to anybody */
    bool signer_down;     /* the signer could not be asked, so it may be worth a second try */
    uint8_t signer_error; /* what the signer answered */
    uint64_t retry_ns;    /* when held: when to try again */
    /* Written by the client's thread before done is set, read by the asker after. */
    pthread_mutex_t lock;
    pthread_cond_t finished;
    atomic_bool done;
    struct client_result result;
    size_t payload_length;
    uint8_t payload[];
};

/* With two references. NULL when out of memory. */
struct client_request *client_request_new(const struct client_question *question,
                                          uint64_t deadline_ns, struct client_waiter *waiter);

/* Publishes the result, which the caller has filled in, and wakes the asker; drops one reference.
 */
void client_request_finish(struct client_request *request);

#endif
