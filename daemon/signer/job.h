/* One request on its way through the signer: from the server's loop to a lane, perhaps through the
 * opening of its policy key, back to the loop as an answer.
 *
 * Ownership: a job has one owner at a time (the loop, a queue, a worker, the opening lane) and is
 * handed over whole; nobody else looks at it meanwhile. The connection is only carried: the loop
 * alone touches it. */
#ifndef KEYFENCE_SIGNER_JOB_H
#define KEYFENCE_SIGNER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a request came from: a program on this machine, or another data centre through the relay.
 * The two share no queue, no thread and no cache of customers' keys. */
enum signer_origin { SIGNER_LOCAL = 0, SIGNER_REMOTE = 1, SIGNER_ORIGINS = 2 };

enum {
    SIGNER_SKI_SIZE = 20,
    SIGNER_ANSWER_MAX = 512,     /* an RSA-4096 signature */
    SIGNER_PAYLOAD_MAX = 0xffff, /* what a frame can hold */
};

struct signer_connection;

struct signer_job {
    struct signer_job *older; /* links of the queue that owns it */
    struct signer_job *newer;
    struct signer_connection *connection;
    uint32_t id; /* the peer's, repeated in the answer */
    enum signer_origin origin;
    uint8_t opcode;
    uint8_t ski[SIGNER_SKI_SIZE];
    uint8_t opens;        /* how often it waited for its policy key */
    uint64_t deadline_ns; /* monotonic; 0: none */

    uint8_t error; /* 0: answer holds the result; else the one byte of the error */
    size_t answer_length;
    uint8_t answer[SIGNER_ANSWER_MAX];

    size_t payload_length;
    uint8_t payload[];
};

/* NULL when memory is out. Copies the payload. Requires payload_length <= SIGNER_PAYLOAD_MAX. */
struct signer_job *signer_job_new(const uint8_t *payload, size_t payload_length);
/* Wipes and frees: an answer may be a decrypted secret. NULL is ignored. */
void signer_job_free(struct signer_job *job);

bool signer_job_expired(const struct signer_job *job, uint64_t now_ns);

#endif
