/* One client's connection: bytes in, frames out; no threads, no decisions.
 *
 * Bounds: of what was read only an incomplete frame is kept, in a buffer of that frame's size;
 * answers not yet taken by the client pile up to SIGNER_UNSENT_MAX and then reading stops, so that
 * a client that does not read costs that much and no more. Idle connections hold no buffer. Both
 * buffers are wiped as they empty: an answer may be a decrypted secret.
 *
 * Threads: the loop alone. Ownership: a connection lives until it is closed and no job carries it
 * (in_flight is 0). */
#ifndef KEYFENCE_SIGNER_CONNECTION_H
#define KEYFENCE_SIGNER_CONNECTION_H

#include "job.h"

#include "base/status.h"
#include "keyless/frame.h"

enum {
    SIGNER_UNSENT_MAX = 256 * 1024, /* bytes of answers; one reading may overshoot it once */
    SIGNER_IN_FLIGHT_MAX = 2048,    /* requests of one connection being served */
};

struct signer_connection {
    struct signer_connection *previous; /* the server's list */
    struct signer_connection *next;
    struct signer_connection *next_dirty; /* has answers to send after this round */
    bool dirty;
    int fd; /* -1 once closed */
    enum signer_origin origin;
    bool ending;     /* close when what is in hand was answered and sent */
    bool no_more;    /* the client will send nothing more */
    uint32_t events; /* what epoll was told */
    size_t in_flight;
    uint64_t stalled_ns; /* since when a frame is incomplete or answers are not taken; 0: not */

    uint8_t *in; /* an incomplete frame */
    size_t in_length;
    size_t in_needed;

    uint8_t *out; /* answers: [out_start, out_start + out_length) are unsent */
    size_t out_start;
    size_t out_length;
    size_t out_capacity;
};

/* Called for each whole frame; its bytes are lent. */
typedef void signer_frame_fn(void *context, struct signer_connection *connection,
                             const uint8_t *frame, size_t length);

struct signer_connection *signer_connection_new(int fd, enum signer_origin origin);
/* Closes the descriptor and drops the buffers; the struct stays. */
void signer_connection_close(struct signer_connection *connection);
/* Requires a closed connection that no job carries. */
void signer_connection_free(struct signer_connection *connection);

/* Cuts received bytes into frames. KF_ERR_UNSUPPORTED: another major version, the stream cannot be
 * followed; KF_ERR_MEMORY. */
KF_MUST_USE enum kf_status signer_connection_take(struct signer_connection *connection,
                                                  const uint8_t *data, size_t length,
                                                  signer_frame_fn *frame, void *context);

/* Adds a message to what is to be sent. */
KF_MUST_USE enum kf_status signer_connection_add(struct signer_connection *connection,
                                                 const struct keyless_message *message);

/* Sends what the socket takes. KF_ERR_IO: the client is gone. */
KF_MUST_USE enum kf_status signer_connection_flush(struct signer_connection *connection);

/* Whether more requests may be read from it. */
bool signer_connection_hungry(const struct signer_connection *connection);

#endif
