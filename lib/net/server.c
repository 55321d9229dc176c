#include "net/server.h"

#include "net/link_int.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/listener.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HANDSHAKE_SECONDS = 5, WRITE_SECONDS = 10, BACKLOG = 512 };

struct net_session {
    struct net_garbage garbage; /* first: see net_loop_release() */
    struct net_link link;
    struct net_server *server; /* NULL once the server is freed */
    struct net_session *next, **previous;
    struct net_timer *handshake_timer;
    uint32_t in_flight;
    bool accepted;
    bool open;
    bool paused;
    void *mark;
    char peer_address[64];
};

struct net_server {
    struct net_server_options options;
    struct net_loop *loop;
    struct net_address address;
    struct evconnlistener *listener;
    struct net_timer *resume_timer; /* listens again after a failed accept */
    struct net_session *sessions;
    uint32_t connections;
    uint32_t handshakes;
    uint32_t in_flight;
    uint16_t port;
    bool quiet;
};

/* The memory goes when nothing refers to it: not open, no ticket out. */
static void release_if_over(struct net_session *s)
{
    if (s->open || s->in_flight != 0)
        return;
    net_loop_release(s->link.loop, &s->garbage);
}

static void end_session(struct net_session *s, const char *reason)
{
    struct net_server *server = s->server;
    if (!s->open)
        return;
    net_link_close(&s->link);
    net_timer_free(s->handshake_timer);
    s->handshake_timer = NULL;
    s->open = false;
    *s->previous = s->next;
    if (s->next != NULL)
        s->next->previous = s->previous;
    server->connections--;
    if (!s->accepted) {
        server->handshakes--;
        if (server->options.refused != NULL)
            server->options.refused(server->options.context, s->peer_address, reason);
    } else if (server->options.closed != NULL) {
        server->options.closed(server->options.context, s);
    }
    release_if_over(s);
}

static void accept_peer(struct net_session *s)
{
    struct net_server *server = s->server;
    const struct net_server_options *o = &server->options;
    const struct net_identity *peer = net_session_peer(s);
    if (o->accept != NULL && !o->accept(o->context, s, peer)) {
        end_session(s, "refused");
        return;
    }
    if (!s->open)
        return; /* the owner closed it */
    s->accepted = true;
    server->handshakes--;
    net_timer_free(s->handshake_timer);
    s->handshake_timer = NULL;
    net_link_idle_timeout(&s->link, o->idle_seconds, WRITE_SECONDS);
}

static void link_up(void *context)
{
    accept_peer(context);
}

static void send_or_end(struct net_session *s, const struct keyless_message *message)
{
    if (!s->open)
        return;
    if (net_link_send(&s->link, message) != KF_OK) {
        end_session(s, "it does not read its answers");
        return;
    }
    if (!s->paused && net_link_output(&s->link) > s->link.output_max / 2) {
        s->paused = true;
        net_link_pause(&s->link, true);
    }
}

static void link_message(void *context, const struct keyless_message *message)
{
    struct net_session *s = context;
    struct net_server *server = s->server;
    enum keyless_error error = keyless_request_check(message);
    if (error == KEYLESS_ERR_NONE && message->opcode == KEYLESS_OP_PING) {
        struct keyless_message pong = {
            .id = message->id, .opcode = KEYLESS_OP_PONG, .payload = message->payload};
        send_or_end(s, &pong);
        return;
    }
    const char *reason = NULL;
    if (error == KEYLESS_ERR_NONE && s->in_flight >= server->options.in_flight_max) {
        error = KEYLESS_ERR_OVERLOADED;
        reason = "too many requests in flight on this connection";
    }
    if (error != KEYLESS_ERR_NONE) {
        struct keyless_message answer = keyless_answer_error(message->id, (uint8_t)error, reason);
        send_or_end(s, &answer);
        return;
    }
    struct net_ticket ticket = {.session = s, .id = message->id};
    s->in_flight++;
    server->in_flight++;
    server->options.request(server->options.context, ticket, message);
}

static void link_malformed(void *context, uint32_t id, enum keyless_error error)
{
    struct keyless_message answer = keyless_answer_error(id, (uint8_t)error, NULL);
    send_or_end(context, &answer);
}

static void link_writable(void *context)
{
    struct net_session *s = context;
    if (!s->paused || s->server->quiet)
        return;
    s->paused = false;
    net_link_pause(&s->link, false);
}

static void link_down(void *context, enum kf_status status, const char *reason)
{
    (void)status;
    end_session(context, reason);
}

static const struct net_link_events events = {.up = link_up,
                                              .message = link_message,
                                              .malformed = link_malformed,
                                              .writable = link_writable,
                                              .down = link_down};

static void handshake_late(void *context)
{
    end_session(context, "its handshake took too long");
}

static void print_peer(char *out, size_t size, const struct sockaddr *from)
{
    char host[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    snprintf(out, size, "local");
    if (from->sa_family == AF_INET) {
        memcpy(&in, from, sizeof in);
        if (inet_ntop(AF_INET, &in.sin_addr, host, sizeof host) != NULL)
            snprintf(out, size, "%s:%u", host, (unsigned)ntohs(in.sin_port));
    } else if (from->sa_family == AF_INET6) {
        memcpy(&in6, from, sizeof in6);
        if (inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host) != NULL)
            snprintf(out, size, "[%s]:%u", host, (unsigned)ntohs(in6.sin6_port));
    }
}

static void add_session(struct net_server *server, struct net_session *s)
{
    s->next = server->sessions;
    if (s->next != NULL)
        s->next->previous = &s->next;
    s->previous = &server->sessions;
    server->sessions = s;
    s->open = true;
    server->connections++;
    server->handshakes++;
}

/* Strangers who begin handshakes and leave them lying must not keep others out: an honest handshake
 * takes a round trip or two, so when there are too many the oldest makes room. */
static void drop_oldest_handshake(struct net_server *server)
{
    struct net_session *oldest = NULL;
    for (struct net_session *s = server->sessions; s != NULL; s = s->next)
        if (!s->accepted)
            oldest = s; /* new ones are put in front */
    if (oldest != NULL)
        end_session(oldest, "its handshake was the oldest of too many");
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *from, int length, void *context)
{
    struct net_server *server = context;
    const struct net_server_options *o = &server->options;
    (void)listener;
    (void)length;
    if (o->tls != NULL && server->handshakes >= o->handshakes_max)
        drop_oldest_handshake(server);
    struct net_session *s = calloc(1, sizeof *s);
    if (s == NULL || server->connections >= o->connections_max) {
        free(s);
        close(fd);
        if (o->refused != NULL)
            o->refused(o->context, "a peer", "too many connections");
        return;
    }
    s->server = server;
    s->link.loop = server->loop;
    s->link.events = &events;
    s->link.context = s;
    s->link.output_max = o->output_max;
    s->link.expectation.role = o->role;
    print_peer(s->peer_address, sizeof s->peer_address, from);
    if (net_timer_new(&s->handshake_timer, server->loop, handshake_late, s) != KF_OK ||
        net_link_accept(&s->link, fd, o->tls) != KF_OK) {
        net_timer_free(s->handshake_timer);
        free(s);
        close(fd);
        return;
    }
    add_session(server, s);
    net_timer_set(s->handshake_timer, (uint64_t)HANDSHAKE_SECONDS * 1000000);
    if (o->tls == NULL)
        accept_peer(s);
}

/* Out of descriptors: wait a little rather than spin on a connection that cannot be taken. */
static void resume_listening(void *context)
{
    struct net_server *server = context;
    if (!server->quiet)
        (void)evconnlistener_enable(server->listener);
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
    struct net_server *server = context;
    (void)evconnlistener_disable(listener);
    net_timer_set(server->resume_timer, 50000);
}

static enum kf_status cannot_listen(struct kf_error *err, const char *address)
{
    return kf_fail(err, KF_ERR_IO, "cannot listen on %s: %m", address);
}

/* Binds a Unix socket in the place of one that nobody serves any more. Nobody can connect before
 * mode and group are right, because it does not listen yet. */
static enum kf_status bind_local(int fd, const struct sockaddr_storage *at, socklen_t length,
                                 const char *path, const struct net_server_options *o,
                                 struct kf_error *err)
{
    struct stat there;
    if (lstat(path, &there) == 0 && !S_ISSOCK(there.st_mode))
        return kf_fail(err, KF_ERR_EXISTS, "%s exists and is not a socket", path);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return cannot_listen(err, o->address);
    /* Only these two say that nobody is there; EAGAIN is somebody who is busy. */
    bool free = connect(probe, (const struct sockaddr *)at, length) != 0 &&
                (errno == ECONNREFUSED || errno == ENOENT);
    close(probe);
    if (!free)
        return kf_fail(err, KF_ERR_EXISTS, "another process serves %s already", path);
    (void)unlink(path);
    if (bind(fd, (const struct sockaddr *)at, length) != 0 || chmod(path, o->mode) != 0)
        return cannot_listen(err, o->address);
    if (o->group == NULL)
        return KF_OK;
    const struct group *group = getgrnam(o->group);
    if (group == NULL)
        return kf_fail(err, KF_ERR_USAGE, "there is no group %s for %s", o->group, path);
    if (chown(path, (uid_t)-1, group->gr_gid) != 0)
        return kf_fail(err, KF_ERR_DENIED, "cannot give %s to group %s: %m", path, o->group);
    return KF_OK;
}

static enum kf_status bind_tcp(int fd, const struct sockaddr_storage *at, socklen_t length,
                               const char *address, struct kf_error *err)
{
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)at, length) != 0)
        return cannot_listen(err, address);
    return KF_OK;
}

static enum kf_status open_socket(int *out, struct net_server *server, struct kf_error *err)
{
    const struct net_server_options *o = &server->options;
    struct sockaddr_storage at;
    socklen_t length;
    if (net_address_numeric(&at, &length, &server->address) != KF_OK)
        return kf_fail(err, KF_ERR_USAGE, "cannot listen on %s: expected a numeric address",
                       o->address);
    int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cannot_listen(err, o->address);
    enum kf_status status = server->address.local
                                ? bind_local(fd, &at, length, server->address.path, o, err)
                                : bind_tcp(fd, &at, length, o->address, err);
    if (status == KF_OK && listen(fd, BACKLOG) != 0)
        status = cannot_listen(err, o->address);
    if (status != KF_OK) {
        close(fd);
        return status;
    }
    *out = fd;
    return KF_OK;
}

static void note_port(struct net_server *server, int fd)
{
    struct sockaddr_storage at;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    socklen_t length = sizeof at;
    if (server->address.local || getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        return;
    memcpy(&in, &at, sizeof in);
    memcpy(&in6, &at, sizeof in6);
    server->port = ntohs(at.ss_family == AF_INET ? in.sin_port : in6.sin6_port);
}

enum kf_status net_server_new(struct net_server **out, struct net_loop *loop,
                              const struct net_server_options *options, struct kf_error *err)
{
    struct net_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a server");
    server->options = *options;
    server->loop = loop;
    int fd = -1;
    enum kf_status status = net_address_parse(&server->address, options->address, err);
    if (status == KF_OK && !server->address.local && options->tls == NULL)
        status = kf_fail(err, KF_ERR_USAGE, "listening on %s needs TLS", options->address);
    if (status == KF_OK)
        status = net_timer_new(&server->resume_timer, loop, resume_listening, server);
    if (status == KF_OK)
        status = open_socket(&fd, server, err);
    if (status == KF_OK) {
        note_port(server, fd);
        server->listener = evconnlistener_new(net_loop_base(loop), on_connection, server,
                                              LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
        if (server->listener == NULL) {
            close(fd);
            status = kf_fail(err, KF_ERR_MEMORY, "no memory for a server");
        }
    }
    if (status != KF_OK) {
        net_timer_free(server->resume_timer);
        free(server);
        return status;
    }
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    server->options.address = NULL; /* parsed; the text is not kept */
    *out = server;
    return KF_OK;
}

void net_server_free(struct net_server *server)
{
    if (server == NULL)
        return;
    assert(server->in_flight == 0);
    evconnlistener_free(server->listener);
    net_timer_free(server->resume_timer);
    while (server->sessions != NULL)
        end_session(server->sessions, "the service ends");
    if (server->address.local)
        (void)unlink(server->address.path);
    free(server);
}

void net_answer(struct net_ticket ticket, const struct keyless_message *message)
{
    struct net_session *s = ticket.session;
    struct keyless_message answer = *message;
    answer.id = ticket.id;
    assert(s->in_flight > 0);
    s->in_flight--;
    s->server->in_flight--;
    if (s->open)
        send_or_end(s, &answer); /* releases the session when it ends it */
    else
        release_if_over(s);
}

void net_answer_error(struct net_ticket ticket, enum keyless_error error, const char *reason)
{
    struct keyless_message answer = keyless_answer_error(ticket.id, (uint8_t)error, reason);
    net_answer(ticket, &answer);
}

bool net_ticket_alive(struct net_ticket ticket)
{
    return ticket.session->open;
}

void net_session_set(struct net_session *session, void *mark)
{
    session->mark = mark;
}

void *net_session_mark(const struct net_session *session)
{
    return session->mark;
}

const struct net_identity *net_session_peer(const struct net_session *session)
{
    const struct net_identity *found = &session->link.expectation.found;
    return found->machine[0] == '\0' ? NULL : found;
}

void net_session_close(struct net_session *session)
{
    end_session(session, "closed");
}

void net_server_use_tls(struct net_server *server, struct net_tls *tls)
{
    server->options.tls = tls;
}

void net_server_quiesce(struct net_server *server)
{
    server->quiet = true;
    (void)evconnlistener_disable(server->listener);
    for (struct net_session *s = server->sessions; s != NULL; s = s->next)
        net_link_pause(&s->link, true);
}

uint32_t net_server_busy(const struct net_server *server)
{
    uint32_t busy = server->in_flight;
    for (const struct net_session *s = server->sessions; s != NULL; s = s->next)
        busy += net_link_output(&s->link) != 0;
    return busy;
}

uint32_t net_server_connections(const struct net_server *server)
{
    return server->connections;
}

uint16_t net_server_port(const struct net_server *server)
{
    return server->port;
}
