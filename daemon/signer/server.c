#include "server.h"

#include "connection.h"
#include "listener.h"
#include "log.h"
#include "service.h"

#include "base/secret.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 256,
    ACCEPT_MAX = 64,         /* connections taken in one go */
    READ_SIZE = 16 * 1024,   /* bytes taken from one connection in one go */
    STATUS_MAX = 60 * 1024,  /* bytes of a status */
    DEADLINE_MAX_MS = 10000, /* and that of requests that state none */
    TICK_MS = 1000,
};
static const uint64_t stall_max_ns = 30ull * 1000000000u;
static const uint64_t log_interval_ns = 10ull * 1000000000u;

struct listener {
    int fd;
    char *path;
    enum signer_origin origin;
    size_t connections;
    bool paused; /* out of descriptors: until the next tick */
};

struct signer_server {
    struct signer_server_options options;
    int epoll_fd;
    int wake_fd;
    struct listener listeners[SIGNER_ORIGINS];
    struct signer_connection *connections;
    struct signer_connection *orphans; /* closed, but carried by jobs */
    struct signer_connection *dirty;
    struct signer_connection *buried; /* closed in this round; events may still name them */
    struct log_limit full_limit;
    uint64_t ticked_ns;
    bool stopping;

    pthread_mutex_t mutex; /* the rest: jobs given back */
    struct signer_job *done_first;
    struct signer_job *done_last;
};

static uint64_t now_ns(const struct signer_server *server)
{
    return kf_clock_monotonic_ns(server->options.clock);
}

static bool watch(struct signer_server *server, int operation, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};
    return epoll_ctl(server->epoll_fd, operation, fd, &event) == 0;
}

enum kf_status signer_server_new(struct signer_server **out,
                                 const struct signer_server_options *options, struct kf_error *err)
{
    struct signer_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory while making the server");
    }
    server->options = *options;
    (void)pthread_mutex_init(&server->mutex, NULL);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = server->epoll_fd >= 0 && server->wake_fd >= 0 &&
              watch(server, EPOLL_CTL_ADD, server->wake_fd, EPOLLIN, &server->wake_fd);
    enum kf_status st = ok ? KF_OK : kf_fail(err, KF_ERR_IO, "cannot set up the event loop: %m");
    for (int i = 0; i < SIGNER_ORIGINS; i++) {
        struct listener *listener = &server->listeners[i];
        listener->fd = -1;
        listener->origin = (enum signer_origin)i;
        if (st != KF_OK) {
            continue;
        }
        st = signer_listen(&listener->fd, options->paths[i], options->group, err);
        if (st == KF_OK) {
            listener->path = strdup(options->paths[i]);
            ok = watch(server, EPOLL_CTL_ADD, listener->fd, EPOLLIN, listener);
            st = ok ? KF_OK : kf_fail(err, KF_ERR_IO, "cannot watch a socket: %m");
        }
    }
    if (st != KF_OK) {
        signer_server_free(server);
        return st;
    }
    *out = server;
    return KF_OK;
}

static void link_to(struct signer_connection **list, struct signer_connection *connection)
{
    connection->previous = NULL;
    connection->next = *list;
    if (*list != NULL) {
        (*list)->previous = connection;
    }
    *list = connection;
}

static void unlink_from(struct signer_connection **list, struct signer_connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        *list = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
}

static void close_connection(struct signer_server *server, struct signer_connection *connection)
{
    if (connection->fd < 0) {
        return;
    }
    signer_connection_close(connection); /* leaves epoll by itself */
    server->listeners[connection->origin].connections--;
    unlink_from(&server->connections, connection);
    link_to(connection->in_flight == 0 ? &server->buried : &server->orphans, connection);
}

static void free_jobs(struct signer_server *server)
{
    while (server->done_first != NULL) {
        struct signer_job *job = server->done_first;
        server->done_first = job->older;
        signer_job_free(job);
    }
}

static void free_buried(struct signer_server *server)
{
    while (server->buried != NULL) {
        struct signer_connection *connection = server->buried;
        server->buried = connection->next;
        signer_connection_free(connection);
    }
}

void signer_server_free(struct signer_server *server)
{
    if (server == NULL) {
        return;
    }
    for (int i = 0; i < SIGNER_ORIGINS; i++) {
        if (server->listeners[i].fd >= 0) {
            (void)close(server->listeners[i].fd);
            (void)unlink(server->listeners[i].path);
        }
        free(server->listeners[i].path);
    }
    while (server->connections != NULL) {
        close_connection(server, server->connections);
    }
    free_buried(server);
    while (server->orphans != NULL) {
        struct signer_connection *connection = server->orphans;
        server->orphans = connection->next;
        connection->in_flight = 0; /* its jobs went with their lane */
        signer_connection_free(connection);
    }
    free_jobs(server);
    if (server->wake_fd >= 0) {
        (void)close(server->wake_fd);
    }
    if (server->epoll_fd >= 0) {
        (void)close(server->epoll_fd);
    }
    (void)pthread_mutex_destroy(&server->mutex);
    free(server);
}

void signer_server_complete(struct signer_server *server, struct signer_job *job)
{
    job->older = NULL;
    (void)pthread_mutex_lock(&server->mutex);
    bool wake = server->done_first == NULL;
    if (wake) {
        server->done_first = job;
    } else {
        server->done_last->older = job;
    }
    server->done_last = job;
    (void)pthread_mutex_unlock(&server->mutex);
    if (wake) {
        const uint64_t one = 1;
        ssize_t ignored = write(server->wake_fd, &one, sizeof one);
        (void)ignored; /* fails only when it is awake already */
    }
}

static void mark_dirty(struct signer_server *server, struct signer_connection *connection)
{
    if (!connection->dirty) {
        connection->dirty = true;
        connection->next_dirty = server->dirty;
        server->dirty = connection;
    }
}

static void answer(struct signer_server *server, struct signer_connection *connection,
                   const struct keyless_message *message)
{
    if (connection->fd < 0) {
        return;
    }
    if (signer_connection_add(connection, message) != KF_OK) {
        connection->ending = true;
    }
    mark_dirty(server, connection);
}

/* A refusal that needs no job. */
static void refuse(struct signer_server *server, struct signer_connection *connection, uint32_t id,
                   uint8_t error)
{
    const struct keyless_message message = keyless_answer_error(id, error, NULL);
    server->options.refused(server->options.context, error);
    answer(server, connection, &message);
}

static void answer_status(struct signer_server *server, struct signer_connection *connection,
                          uint32_t id)
{
    char *json = malloc(STATUS_MAX);
    size_t length = 0;
    if (json == NULL ||
        server->options.status(server->options.context, json, STATUS_MAX, &length) != KF_OK) {
        refuse(server, connection, id, KEYLESS_ERR_INTERNAL);
    } else {
        const struct keyless_message message =
            keyless_answer_make(id, (const uint8_t *)json, length);
        answer(server, connection, &message);
    }
    free(json);
}

static void submit(struct signer_server *server, struct signer_connection *connection,
                   const struct keyless_message *request)
{
    uint64_t limit_ms = request->has_deadline && request->deadline_ms < DEADLINE_MAX_MS
                            ? request->deadline_ms
                            : DEADLINE_MAX_MS;
    if (limit_ms == 0) {
        refuse(server, connection, request->id, KEYLESS_ERR_DEADLINE);
        return;
    }
    struct signer_job *job = signer_job_new(request->payload.data, request->payload.length);
    if (job == NULL) {
        refuse(server, connection, request->id, KEYLESS_ERR_OVERLOADED);
        return;
    }
    job->connection = connection;
    job->origin = connection->origin;
    job->id = request->id;
    job->opcode = request->opcode;
    job->deadline_ns = now_ns(server) + limit_ms * 1000000u;
    memcpy(job->ski, request->ski.data, sizeof job->ski);
    connection->in_flight++;
    server->options.submit(server->options.context, job);
}

/* Decides what a request is, and answers what needs no key. */
static void on_frame(void *context, struct signer_connection *connection, const uint8_t *frame,
                     size_t length)
{
    struct signer_server *server = context;
    struct keyless_message request;
    if (keyless_frame_read(&request, frame, length) != KF_OK) {
        struct keyless_header header = {0};
        (void)!keyless_frame_header(&header, frame, length);
        refuse(server, connection, header.id, KEYLESS_ERR_FORMAT);
        return;
    }
    enum keyless_error error = keyless_request_check(&request);
    if (error != KEYLESS_ERR_NONE) {
        refuse(server, connection, request.id, (uint8_t)error);
        return;
    }
    const struct keyless_operation *operation = keyless_operation_find(request.opcode);
    if (request.opcode == KEYLESS_OP_PING) {
        struct keyless_message pong =
            keyless_answer_make(request.id, request.payload.data, request.payload.length);
        pong.opcode = KEYLESS_OP_PONG;
        answer(server, connection, &pong);
    } else if (request.opcode == KEYLESS_OP_STATUS && connection->origin == SIGNER_LOCAL) {
        answer_status(server, connection, request.id);
    } else if (operation->kind == KEYLESS_KIND_SIGN || operation->kind == KEYLESS_KIND_DECRYPT) {
        submit(server, connection, &request);
    } else {
        refuse(server, connection, request.id, KEYLESS_ERR_BAD_OPCODE);
    }
}

/* Tells epoll what the connection waits for now, or closes it when there is nothing left. */
static void settle(struct signer_server *server, struct signer_connection *connection)
{
    if (connection->fd < 0) {
        return;
    }
    bool over = connection->ending || connection->no_more;
    if (over && connection->in_flight == 0 && connection->out_length == 0) {
        close_connection(server, connection);
        return;
    }
    if (connection->in == NULL && connection->out_length == 0) {
        connection->stalled_ns = 0;
    } else if (connection->stalled_ns == 0) {
        connection->stalled_ns = now_ns(server);
    }
    uint32_t events = (signer_connection_hungry(connection) ? (uint32_t)EPOLLIN : 0u) |
                      (connection->out_length > 0 ? (uint32_t)EPOLLOUT : 0u);
    if (events != connection->events) {
        connection->events = events;
        if (!watch(server, EPOLL_CTL_MOD, connection->fd, events, connection)) {
            close_connection(server, connection);
        }
    }
}

static void read_connection(struct signer_server *server, struct signer_connection *connection)
{
    uint8_t data[READ_SIZE];
    ssize_t n = recv(connection->fd, data, sizeof data, MSG_DONTWAIT);
    if (n < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            close_connection(server, connection);
        }
        return;
    }
    if (n == 0) {
        connection->no_more = true;
        return;
    }
    enum kf_status st = signer_connection_take(connection, data, (size_t)n, on_frame, server);
    kf_wipe(data, (size_t)n);
    if (st == KF_ERR_UNSUPPORTED) {
        refuse(server, connection, 0, KEYLESS_ERR_VERSION);
    }
    if (st != KF_OK) {
        connection->ending = true;
    }
}

static void on_connection(struct signer_server *server, struct signer_connection *connection,
                          uint32_t events)
{
    if (connection->fd < 0) {
        return; /* closed earlier in this round */
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        close_connection(server, connection);
        return;
    }
    if ((events & EPOLLIN) != 0) {
        read_connection(server, connection);
    }
    if (connection->fd >= 0) {
        mark_dirty(server, connection); /* flushed and settled at the end of the round */
    }
}

static void add_connection(struct signer_server *server, struct listener *listener, int fd)
{
    struct signer_connection *connection = listener->connections < server->options.connections_max
                                               ? signer_connection_new(fd, listener->origin)
                                               : NULL;
    if (connection == NULL || !watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, connection)) {
        int64_t hidden = log_limit_pass(&server->full_limit, now_ns(server), log_interval_ns);
        if (hidden >= 0) {
            log_warn("too many connections on %s (%zu): new ones are closed", listener->path,
                     listener->connections);
        }
        (void)close(fd);
        free(connection);
        return;
    }
    connection->events = EPOLLIN;
    link_to(&server->connections, connection);
    listener->connections++;
}

static void pause_listener(struct signer_server *server, struct listener *listener, bool pause)
{
    listener->paused = pause;
    (void)watch(server, EPOLL_CTL_MOD, listener->fd, pause ? 0u : (uint32_t)EPOLLIN, listener);
}

static void on_listener(struct signer_server *server, struct listener *listener)
{
    for (int i = 0; i < ACCEPT_MAX; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add_connection(server, listener, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warn("cannot accept connections on %s for now: %m", listener->path);
            pause_listener(server, listener, true);
        }
        if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void finish_job(struct signer_server *server, struct signer_job *job)
{
    struct signer_connection *connection = job->connection;
    connection->in_flight--;
    if (connection->fd >= 0) {
        struct keyless_message message =
            job->error == KEYLESS_ERR_NONE
                ? keyless_answer_make(job->id, job->answer, job->answer_length)
                : keyless_answer_error(job->id, job->error, NULL);
        if (job->error == KEYLESS_ERR_NONE) {
            message.datacenter = keyless_text(server->options.datacenter);
        }
        answer(server, connection, &message);
    } else if (connection->in_flight == 0) {
        unlink_from(&server->orphans, connection);
        link_to(&server->buried, connection);
    }
    signer_job_free(job);
}

static void take_completed(struct signer_server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    struct signer_job *job = server->done_first;
    server->done_first = NULL;
    server->done_last = NULL;
    (void)pthread_mutex_unlock(&server->mutex);
    while (job != NULL) {
        struct signer_job *next = job->older;
        finish_job(server, job);
        job = next;
    }
}

static void flush_dirty(struct signer_server *server)
{
    while (server->dirty != NULL) {
        struct signer_connection *connection = server->dirty;
        server->dirty = connection->next_dirty;
        connection->next_dirty = NULL;
        connection->dirty = false;
        if (connection->fd < 0) {
            continue;
        }
        if (signer_connection_flush(connection) != KF_OK) {
            close_connection(server, connection);
        }
        settle(server, connection);
    }
}

/* Once a second: ends what has not moved for long, takes up listening again. */
static void tick(struct signer_server *server)
{
    uint64_t now = now_ns(server);
    if (now - server->ticked_ns < TICK_MS * 1000000ull) {
        return;
    }
    server->ticked_ns = now;
    struct signer_connection *connection = server->connections;
    while (connection != NULL) {
        struct signer_connection *next = connection->next;
        if (connection->stalled_ns != 0 && now - connection->stalled_ns > stall_max_ns) {
            close_connection(server, connection);
        }
        connection = next;
    }
    for (int i = 0; i < SIGNER_ORIGINS; i++) {
        if (server->listeners[i].paused) {
            pause_listener(server, &server->listeners[i], false);
        }
    }
}

static void dispatch(struct signer_server *server, const struct epoll_event *event, int *signal_fd)
{
    void *what = event->data.ptr;
    if (what == signal_fd) {
        enum service_signal signal = service_signal_read(*signal_fd);
        server->stopping |= signal == SERVICE_STOP;
        if (signal == SERVICE_RELOAD) {
            log_info("nothing to reload: records are followed as they change");
        }
    } else if (what == &server->wake_fd) {
        uint64_t count = 0;
        ssize_t ignored = read(server->wake_fd, &count, sizeof count);
        (void)ignored; /* what was completed is taken in every round */
    } else if (what == &server->listeners[SIGNER_LOCAL]) {
        on_listener(server, &server->listeners[SIGNER_LOCAL]);
    } else if (what == &server->listeners[SIGNER_REMOTE]) {
        on_listener(server, &server->listeners[SIGNER_REMOTE]);
    } else {
        on_connection(server, what, event->events);
    }
}

enum kf_status signer_server_run(struct signer_server *server, int signal_fd, struct kf_error *err)
{
    if (!watch(server, EPOLL_CTL_ADD, signal_fd, EPOLLIN, &signal_fd)) {
        return kf_fail(err, KF_ERR_IO, "cannot watch for signals: %m");
    }
    struct epoll_event events[EVENTS_MAX];
    while (!server->stopping) {
        int count = epoll_wait(server->epoll_fd, events, EVENTS_MAX, TICK_MS);
        if (count < 0 && errno != EINTR) {
            return kf_fail(err, KF_ERR_IO, "the event loop fails: %m");
        }
        for (int i = 0; i < count; i++) {
            dispatch(server, &events[i], &signal_fd);
        }
        take_completed(server);
        flush_dirty(server);
        tick(server);
        free_buried(server);
    }
    return KF_OK;
}

void signer_server_drain(struct signer_server *server)
{
    take_completed(server);
    flush_dirty(server);
    free_buried(server);
}
