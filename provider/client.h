/* The client of the signer and the relay: what the provider does with the network of Unix sockets.
 *
 * Knows nothing of OpenSSL. A request names an operation, a key and a payload; its result is the
 * answer or a reason that a person understands. The signer of the machine is asked first. When the
 * key does not open there, or the signer is down, the relay is asked, which finds a data centre
 * that satisfies the key's policy. All of it ends by the deadline, with an answer or a failure.
 *
 * How: one background thread per process and client, started by the first request, holds one
 * connection to each of the two and multiplexes all requests over it by id. Whoever asks may wait
 * (client_wait) or be told through a descriptor (client_waiter) and go on with other work.
 *
 * - A connection that dies before it answered: the request is sent once more over a new one.
 * - A signer that restarts: while it has been down for less than SIGNER_PATIENCE, a request that
 *   nobody else could answer is held and tried again; later ones fail at once.
 * - A signer that is there but silent: after SIGNER_SHARE of the time the relay is asked.
 *
 * Fork: the child of a process that has a client starts a thread and connections of its own at its
 * first request; the parent's are left alone. Threads: every function may be called from any.
 * Ownership: a request has one reference of the asker and one of the client's thread; the asker may
 * drop its own at any time, answered or not. */
#ifndef KEYFENCE_PROVIDER_CLIENT_H
#define KEYFENCE_PROVIDER_CLIENT_H

#include "base/clock.h"
#include "base/status.h"
#include "keyless/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLIENT_PATH_MAX = 108, /* of a Unix socket's address, the final zero included */
    CLIENT_MESSAGE_MAX = 480,
    CLIENT_DEADLINE_MS = 5000,
};

/* Failures beyond the error bytes of the protocol (enum keyless_error), which are failures too. */
enum client_failure {
    CLIENT_UNREACHABLE = 0x101, /* neither signer nor relay can be spoken to */
    CLIENT_BAD_ANSWER = 0x102,  /* an answer that does not fit the question */
    CLIENT_RESOURCES = 0x103,   /* no memory, no descriptor or no thread */
};

/* Where failures are told: called from the client's thread, once a failed request. */
struct client_log {
    void (*failed)(void *context, int failure, const char *message);
    void *context;
};

struct client_settings {
    char signer[CLIENT_PATH_MAX];
    char relay[CLIENT_PATH_MAX];
    uint32_t deadline_ms;
    struct kf_clock clock;
    struct client_log log;
};

struct client_question {
    const struct keyless_operation *operation;
    const uint8_t *ski; /* KEYLESS_SKI_LENGTH bytes */
    const uint8_t *payload;
    size_t payload_length;
    size_t answer_min; /* bounds of a right answer's length, at most KEYLESS_SIGNATURE_MAX */
    size_t answer_max;
};

struct client_result {
    int failure; /* 0, an enum keyless_error or an enum client_failure */
    char message[CLIENT_MESSAGE_MAX];
    uint8_t answer[KEYLESS_SIGNATURE_MAX];
    size_t length;
};

struct client;
struct client_request;

/* A descriptor that becomes readable when a request bound to it is answered. Reference-counted:
 * the descriptor is closed by client_waiter_close(), and by nothing else, whoever still refers to
 * it. */
struct client_waiter;

/* NULL when out of memory. Starts nothing. */
struct client *client_new(const struct client_settings *settings);
/* Ends the thread; requests under way fail. Requires that nobody asks any more. */
void client_free(struct client *client);

/* Puts a question. The caller owns *request (drop it with client_request_drop). The waiter may be
 * NULL. KF_ERR_MEMORY, or KF_ERR_UNAVAILABLE when the thread cannot be started. */
KF_MUST_USE enum kf_status client_ask(struct client_request **request, struct client *client,
                                      const struct client_question *question,
                                      struct client_waiter *waiter);

bool client_request_is_done(const struct client_request *request);
/* Blocks until the request is done; never much longer than the deadline. */
void client_request_wait(struct client_request *request);
/* The result, or a failure that says the wait was in vain when the request is not done. Borrowed
 * until the request is dropped. */
const struct client_result *client_request_result(const struct client_request *request);
void client_request_drop(struct client_request *request);

/* NULL when there is no memory or no descriptor. */
struct client_waiter *client_waiter_new(void);
int client_waiter_descriptor(const struct client_waiter *waiter);
/* Makes the descriptor unreadable again. */
void client_waiter_reset(struct client_waiter *waiter);
/* Says on whose behalf somebody waits (NULL: nobody any more). When the waiter is closed while a
 * request is bound, that request's reference is dropped: its asker will never come back for it. */
void client_waiter_bind(struct client_waiter *waiter, struct client_request *request);
void client_waiter_close(struct client_waiter *waiter);

#endif
