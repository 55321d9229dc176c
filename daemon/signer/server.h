/* The signer's loop: two Unix sockets, their connections, frames to jobs and jobs to answers.
 *
 * One thread runs it (epoll, level-triggered). It parses, answers what needs no key (ping, status,
 * malformed requests), and hands everything else to `submit`; answers come back from any thread
 * through signer_server_complete() and go out in whatever order they come. A client that does not
 * read, sends half a frame and nothing more, or hangs up costs a bounded buffer for a bounded time;
 * connections beyond the limit are closed at once. Status is answered on the local socket alone.
 *
 * Ownership: the server owns its sockets and connections; descriptors passed in are borrowed. */
#ifndef KEYFENCE_SIGNER_SERVER_H
#define KEYFENCE_SIGNER_SERVER_H

#include "job.h"

#include "base/clock.h"
#include "base/status.h"

#include <sys/types.h>

struct signer_server;

struct signer_server_options {
    const char *paths[SIGNER_ORIGINS]; /* where to listen, by origin */
    gid_t group;                       /* of the sockets; (gid_t)-1: as it comes */
    const char *datacenter;            /* named in each signature's answer */
    size_t connections_max;            /* for each socket */
    const struct kf_clock *clock;
    void (*submit)(void *context, struct signer_job *job);
    /* Writes the status (JSON) to out, at most capacity bytes. */
    enum kf_status (*status)(void *context, char *out, size_t capacity, size_t *length);
    /* An error was answered that no job carried. */
    void (*refused)(void *context, uint8_t error);
    void *context;
};

/* Binds and listens (sockets of mode 0660, left-over ones of dead processes are replaced).
 * KF_ERR_EXISTS: another process is serving there. */
KF_MUST_USE enum kf_status signer_server_new(struct signer_server **out,
                                             const struct signer_server_options *options,
                                             struct kf_error *err);
/* Removes the sockets. Requires that no thread calls signer_server_complete() any more. */
void signer_server_free(struct signer_server *server);

/* Serves until signal_fd (service.h) says stop. */
KF_MUST_USE enum kf_status signer_server_run(struct signer_server *server, int signal_fd,
                                             struct kf_error *err);

/* Gives a job back, with its answer or error. Any thread. */
void signer_server_complete(struct signer_server *server, struct signer_job *job);

/* Sends what has been completed, without waiting: the last word before the end. */
void signer_server_drain(struct signer_server *server);

#endif
