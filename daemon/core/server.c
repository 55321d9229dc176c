#include "server.h"

#include "api.h"
#include "base/secret.h"
#include "feed.h"
#include "listen.h"
#include "log.h"
#include "service.h"
#include "superseded.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    LISTENERS_MAX = 16,
    POOL_BYTES =
        128 * 1024, /* above 32 KiB libmicrohttpd maps it instead of taking it from malloc */
    CONNECTIONS_MAX = 4096,
    IDLE_SECONDS = 60,
    BODY_DISCARD_MAX = 4 * 1024 * 1024, /* a longer body is cut off instead of read to its end */
    MAINTAIN_BEATS = 30,
    HEX_ID = 2 * STORE_ID_SIZE + 1,
};

struct listener {
    struct server *server;
    struct MHD_Daemon *daemon;
    struct listen_socket socket;
    int epoll_fd;
    bool feed;
};

/* One request: an API call, or a follower of the feed. */
struct exchange {
    bool feed;
    uint8_t *body; /* secret memory, API_BODY_MAX + 1 */
    size_t body_length;
    bool too_long;
    struct MHD_Connection *connection;
    struct feed_query query;
    bool admitted;
    bool suspended;
    uint64_t deadline_ns;
    uint64_t seen_head; /* the head when it was last looked for records */
    struct exchange *next;
    struct exchange *previous;
};

struct server {
    struct core *core;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct exchange *waiting; /* suspended followers */
    int timer;
    unsigned beats;
    bool stopping;
};

/* ---- answers ---- */

static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned status,
                                 const json_t *value, bool close_after)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (text == NULL) {
        return MHD_NO;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    kf_wiping_free(text);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    if (close_after) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_problem(struct MHD_Connection *connection,
                                    const struct problem *problem, bool close_after)
{
    json_t *error = json_pack("{s:s, s:s}", "code", problem->code, "message", problem->message);
    if (error == NULL) { /* bytes of a request that are no UTF-8 */
        error = json_pack("{s:s, s:s}", "code", problem->code, "message",
                          "refused; the reason holds bytes that are not UTF-8");
    }
    if (problem->line > 0) {
        (void)json_object_set_new(error, "line", json_integer(problem->line));
    }
    if (problem->column > 0) {
        (void)json_object_set_new(error, "column", json_integer(problem->column));
    }
    if (problem->hint[0] != '\0') {
        (void)json_object_set_new(error, "hint", json_string(problem->hint));
    }
    json_t *body = json_pack("{s:o}", "error", error);
    enum MHD_Result queued = send_json(connection, problem->http, body, close_after);
    json_decref(body);
    return queued;
}

/* ---- the API ---- */

/* Authorization: Bearer TOKEN. The comparison takes the same time wherever the two differ. */
static bool token_fits(const struct core *core, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    const char *given = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    return given != NULL && strncasecmp(given, scheme, sizeof scheme - 1) == 0 &&
           strlen(given) == sizeof scheme - 1 + strlen(core->token) &&
           sodium_memcmp(given + sizeof scheme - 1, core->token, strlen(core->token)) == 0;
}

static enum kf_status prepare_call(struct api_call *call, const struct api_route **route,
                                   const struct listener *listener, const struct exchange *exchange,
                                   struct MHD_Connection *connection, const char *method,
                                   const char *path)
{
    char allowed[64];
    if (!listener->socket.local && !token_fits(listener->server->core, connection)) {
        (void)problem_set(&call->problem, KF_ERR_DENIED, 401, "unauthorized",
                          "this needs the header Authorization: Bearer TOKEN");
        problem_hint(&call->problem,
                     "the token is in the core's state folder, in the file token; the "
                     "keyfence command takes it with --token FILE");
        return KF_ERR_DENIED;
    }
    *route = api_find(&call->id, allowed, method, path);
    if (*route == NULL && allowed[0] != '\0') {
        return problem_set(&call->problem, KF_ERR_USAGE, 405, "method_not_allowed",
                           "%s is not for %.200s; it takes %s", method, path, allowed);
    }
    if (*route == NULL) {
        (void)problem_set(&call->problem, KF_ERR_NOT_FOUND, 404, "not_found",
                          "there is nothing at %.200s", path);
        if (api_wants_id(path)) {
            problem_hint(&call->problem,
                         "an id has 1 to %d of a-z, 0-9 and -, and does not begin with -",
                         RECORD_ID_MAX);
        }
        return KF_ERR_NOT_FOUND;
    }
    if (exchange->too_long) {
        return problem_set(&call->problem, KF_ERR_LIMIT, 413, "too_long",
                           "the body is longer than %d bytes", API_BODY_MAX);
    }
    return KF_OK;
}

static enum MHD_Result serve_call(struct listener *listener, struct exchange *exchange,
                                  struct MHD_Connection *connection, const char *method,
                                  const char *path)
{
    struct api_call call = {
        .core = listener->server->core,
        .body = exchange->body,
        .body_length = exchange->body_length,
        .http = MHD_HTTP_OK,
    };
    const struct api_route *route = NULL;
    bool had_body = exchange->body != NULL || exchange->too_long;
    exchange->body = NULL;
    enum kf_status st = prepare_call(&call, &route, listener, exchange, connection, method, path);
    if (st == KF_OK) {
        st = route->handler(&call);
    }
    kf_secret_free(call.body);
    enum MHD_Result queued;
    if (st != KF_OK) {
        if (call.problem.http == 0) {
            (void)problem_set(&call.problem, st, 500, "internal", "%s", kf_status_name(st));
        }
        if (call.problem.http >= 500) {
            log_error("%s %s: %s", method, path, call.problem.message);
        }
        queued = send_problem(connection, &call.problem, had_body);
    } else {
        queued = send_json(connection, call.http, call.answer, had_body);
    }
    json_decref(call.answer);
    return queued;
}

/* Takes over a piece of a body and wipes it where it was. libmicrohttpd gives a pointer into its
 * own writable buffer and is done with these bytes. */
static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
    size_t length = *size;
    if (exchange->body == NULL && !exchange->too_long) {
        exchange->body = kf_secret_new(API_BODY_MAX + 1);
        if (exchange->body == NULL) {
            return MHD_NO;
        }
    }
    if (!exchange->too_long && length <= API_BODY_MAX - exchange->body_length) {
        memcpy(exchange->body + exchange->body_length, data, length);
    } else {
        exchange->too_long = true;
        kf_secret_free(exchange->body);
        exchange->body = NULL;
    }
    exchange->body_length += length;
    kf_wipe((void *)(uintptr_t)data, length);
    *size = 0;
    return exchange->body_length > BODY_DISCARD_MAX ? MHD_NO : MHD_YES;
}

/* ---- the feed ---- */

static uint64_t now_ns(const struct server *server)
{
    return kf_clock_monotonic_ns(&server->core->clock);
}

static void wait_on(struct server *server, struct exchange *exchange)
{
    exchange->suspended = true;
    exchange->previous = NULL;
    exchange->next = server->waiting;
    if (server->waiting != NULL) {
        server->waiting->previous = exchange;
    }
    server->waiting = exchange;
    MHD_suspend_connection(exchange->connection);
}

static void unlink_waiting(struct server *server, struct exchange *exchange)
{
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        server->waiting = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    exchange->suspended = false;
}

static enum MHD_Result send_records(struct MHD_Connection *connection, const struct core *core,
                                    struct feed_answer *answer)
{
    char head[24];
    char id[HEX_ID];
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->length, answer->body == NULL ? "" : (void *)answer->body,
        answer->body == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(answer->body);
        return MHD_NO;
    }
    (void)snprintf(head, sizeof head, "%" PRIu64, answer->head);
    (void)sodium_bin2hex(id, sizeof id, core->store_id, sizeof core->store_id);
    (void)MHD_add_response_header(response, "Content-Type", "application/octet-stream");
    (void)MHD_add_response_header(response, "X-Keyfence-Head", head);
    (void)MHD_add_response_header(response, "X-Keyfence-Store", id);
    enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static enum kf_status admit(struct server *server, struct exchange *exchange,
                            struct MHD_Connection *connection, const char *method, const char *path,
                            struct problem *problem)
{
    if (strcmp(path, "/v1/feed") != 0) {
        return problem_set(problem, KF_ERR_NOT_FOUND, 404, "not_found",
                           "this socket serves /v1/feed alone");
    }
    if (strcmp(method, "GET") != 0) {
        return problem_set(problem, KF_ERR_USAGE, 405, "method_not_allowed",
                           "the feed takes GET alone");
    }
    enum kf_status st = feed_query_parse(
        &exchange->query, MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "after"),
        MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "wait"),
        MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "machine"),
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Keyfence-Client"), problem);
    if (st == KF_OK) {
        st = feed_admit(server->core, &exchange->query, problem);
    }
    exchange->deadline_ns =
        now_ns(server) + (uint64_t)exchange->query.wait_seconds * 1000 * 1000 * 1000;
    exchange->admitted = st == KF_OK;
    return st;
}

static enum MHD_Result serve_feed(struct server *server, struct exchange *exchange,
                                  struct MHD_Connection *connection, const char *method,
                                  const char *path)
{
    struct problem problem = {.http = 0};
    struct kf_error err = {.message = ""};
    struct feed_answer answer = {.body = NULL};
    if (!exchange->admitted &&
        admit(server, exchange, connection, method, path, &problem) != KF_OK) {
        return send_problem(connection, &problem, false);
    }
    if (feed_collect(&answer, server->core, &exchange->query, &err) != KF_OK) {
        log_error("feed: %s", err.message);
        (void)problem_from(&problem, &err);
        return send_problem(connection, &problem, false);
    }
    /* A cursor beyond the head is answered at once: the follower must see that it is. */
    if (answer.length == 0 && exchange->query.after <= answer.head && !server->stopping &&
        now_ns(server) < exchange->deadline_ns) {
        exchange->seen_head = answer.head;
        exchange->connection = connection;
        wait_on(server, exchange);
        return MHD_YES;
    }
    return send_records(connection, server->core, &answer);
}

static void run_daemons(struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        (void)MHD_run(server->listeners[i].daemon);
    }
}

/* Wakes the followers that have something to look for, or waited long enough. They are served by
 * the next run of their daemon, for which nothing else would ask: it comes here. */
static void wake_followers(struct server *server)
{
    bool woken = false;
    uint64_t now = now_ns(server);
    for (struct exchange *at = server->waiting; at != NULL;) {
        struct exchange *next = at->next;
        if (at->seen_head != server->core->head || now >= at->deadline_ns || server->stopping) {
            unlink_waiting(server, at);
            MHD_resume_connection(at->connection);
            woken = true;
        }
        at = next;
    }
    if (woken) {
        run_daemons(server);
    }
}

/* ---- libmicrohttpd's callbacks ---- */

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_size, void **state)
{
    struct listener *listener = context;
    struct exchange *exchange = *state;
    (void)version;
    if (exchange == NULL) {
        exchange = calloc(1, sizeof *exchange);
        if (exchange == NULL) {
            return MHD_NO;
        }
        exchange->feed = listener->feed;
        /* Nobody without the token, and no follower, has a body kept for him. */
        exchange->too_long = listener->feed || (!listener->socket.local &&
                                                !token_fits(listener->server->core, connection));
        *state = exchange;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        return take_body(exchange, upload_data, upload_size);
    }
    if (exchange->feed) {
        return serve_feed(listener->server, exchange, connection, method, url);
    }
    return serve_call(listener, exchange, connection, method, url);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    struct listener *listener = context;
    struct exchange *exchange = *state;
    (void)connection;
    (void)code;
    if (exchange != NULL) {
        if (exchange->suspended) {
            unlink_waiting(listener->server, exchange);
        }
        kf_secret_free(exchange->body);
        free(exchange);
        *state = NULL;
    }
}

static void library_log(void *context, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void library_log(void *context, const char *format, va_list args)
{
    char line[256];
    (void)context;
    (void)vsnprintf(line, sizeof line, format, args);
    log_warn("http: %s", line);
}

/* ---- life ---- */

static enum kf_status start_listener(struct server *server, const char *address, const char *group,
                                     bool feed, struct kf_error *err)
{
    if (server->listener_count == LISTENERS_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "more than %d addresses to listen on", LISTENERS_MAX);
    }
    struct listener *listener = &server->listeners[server->listener_count];
    *listener = (struct listener){.server = server, .feed = feed, .epoll_fd = -1};
    enum kf_status st = listen_open(&listener->socket, address, group, err);
    if (st != KF_OK) {
        return st;
    }
    listener->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle,
        listener, MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        listener->socket.fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, completed, listener, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        listener->daemon == NULL ? NULL
                                 : MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (listener->daemon == NULL) {
        (void)close(listener->socket.fd);
    } else {
        server->listener_count++;
    }
    if (info == NULL) {
        return kf_fail(err, KF_ERR_INTERNAL, "libmicrohttpd does not start on %s", address);
    }
    listener->epoll_fd = info->epoll_fd;
    return KF_OK;
}

static enum kf_status open_timer(struct server *server, struct kf_error *err)
{
    const struct itimerspec every = {
        .it_interval = {.tv_sec = CORE_HEARTBEAT_MS / 1000,
                        .tv_nsec = CORE_HEARTBEAT_MS % 1000 * 1000000L},
        .it_value = {.tv_nsec = 1},
    };
    server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (server->timer < 0 || timerfd_settime(server->timer, 0, &every, NULL) != 0) {
        return kf_fail(err, KF_ERR_INTERNAL, "cannot make a timer: %m");
    }
    return KF_OK;
}

enum kf_status server_open(struct server **out, struct core *core,
                           const struct server_listen *listen, struct kf_error *err)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    server->core = core;
    server->timer = -1;
    enum kf_status st = open_timer(server, err);
    for (size_t i = 0; st == KF_OK && i < listen->api_count; i++) {
        st = start_listener(server, listen->api[i], listen->group, false, err);
    }
    for (size_t i = 0; st == KF_OK && i < listen->feed_count; i++) {
        st = start_listener(server, listen->feed[i], listen->group, true, err);
    }
    if (st != KF_OK) {
        server_close(server);
        return st;
    }
    *out = server;
    return KF_OK;
}

void server_close(struct server *server)
{
    if (server == NULL) {
        return;
    }
    server->stopping = true;
    wake_followers(server);
    for (size_t i = 0; i < server->listener_count; i++) {
        MHD_stop_daemon(server->listeners[i].daemon);
        if (server->listeners[i].socket.path != NULL) {
            (void)unlink(server->listeners[i].socket.path);
        }
    }
    if (server->timer >= 0) {
        (void)close(server->timer);
    }
    free(server);
}

/* Milliseconds until something must happen without an event. */
static int patience(const struct server *server)
{
    uint64_t least = CORE_HEARTBEAT_MS;
    uint64_t now = now_ns(server);
    for (size_t i = 0; i < server->listener_count; i++) {
        unsigned long long ms = 0;
        if (MHD_get_timeout(server->listeners[i].daemon, &ms) == MHD_YES && ms < least) {
            least = ms;
        }
    }
    for (const struct exchange *at = server->waiting; at != NULL; at = at->next) {
        uint64_t ms = at->deadline_ns > now ? (at->deadline_ns - now) / 1000000 + 1 : 0;
        least = ms < least ? ms : least;
    }
    return (int)least;
}

static void beat(struct server *server)
{
    struct kf_error err = {.message = ""};
    uint64_t times = 0;
    if (read(server->timer, &times, sizeof times) != (ssize_t)sizeof times) {
        return;
    }
    if (core_heartbeat(server->core, &err) != KF_OK) {
        log_error("cannot write the heartbeat: %s", err.message);
    }
    if (superseded_sweep(server->core, &err) != KF_OK) {
        log_error("cannot remove replaced keys: %s", err.message);
    }
    if (++server->beats % MAINTAIN_BEATS == 0) {
        store_maintain(server->core->store);
    }
}

static void reload(struct server *server)
{
    struct kf_error err = {.message = ""};
    if (core_reload(server->core, &err) != KF_OK) {
        log_error("the catalogue stays as it was: %s", err.message);
    } else {
        log_info("read the catalogue again; declare data centres again to give their machines new "
                 "attributes");
    }
}

enum kf_status server_run(struct server *server, int signals, struct kf_error *err)
{
    struct pollfd slots[2 + LISTENERS_MAX] = {
        {.fd = signals, .events = POLLIN},
        {.fd = server->timer, .events = POLLIN},
    };
    for (size_t i = 0; i < server->listener_count; i++) {
        slots[2 + i] = (struct pollfd){.fd = server->listeners[i].epoll_fd, .events = POLLIN};
    }
    for (;;) {
        int ready = poll(slots, 2 + server->listener_count, patience(server));
        if (ready < 0 && errno != EINTR) {
            return kf_fail(err, KF_ERR_IO, "cannot wait for requests: %m");
        }
        enum service_signal signal =
            ready > 0 && slots[0].revents != 0 ? service_signal_read(signals) : SERVICE_NONE;
        if (signal == SERVICE_STOP) {
            return KF_OK;
        }
        if (signal == SERVICE_RELOAD) {
            reload(server);
        }
        if (ready > 0 && slots[1].revents != 0) {
            beat(server);
        }
        run_daemons(server);
        wake_followers(server);
    }
}
