/* The loop, over real sockets, with the lanes played by the test: frames of all kinds, clients that
 * misbehave, bounds. The server runs in a thread; every wait has a deadline. */
#include "connection.h"
#include "fixture.h"
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { DEADLINE_MS = 20000, CONNECTIONS_MAX = 20, JOBS_MAX = 4096 };

struct scene {
    char folder[FIXTURE_PATH];
    char paths[SIGNER_ORIGINS][FIXTURE_PATH + 32];
    struct kf_clock clock;
    struct signer_server *server;
    pthread_t thread;
    int signals[2];
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct signer_job *jobs[JOBS_MAX]; /* submitted, not yet completed */
    size_t job_count;
    size_t refused[256];
};

static void scene_submit(void *context, struct signer_job *job)
{
    struct scene *scene = context;
    (void)pthread_mutex_lock(&scene->mutex);
    scene->jobs[scene->job_count++] = job;
    (void)pthread_cond_broadcast(&scene->changed);
    (void)pthread_mutex_unlock(&scene->mutex);
}

static enum kf_status scene_status(void *context, char *out, size_t capacity, size_t *length)
{
    (void)context;
    assert_true(capacity >= 2);
    memcpy(out, "{}", 2);
    *length = 2;
    return KF_OK;
}

static void scene_refused(void *context, uint8_t error)
{
    struct scene *scene = context;
    (void)pthread_mutex_lock(&scene->mutex);
    scene->refused[error]++;
    (void)pthread_mutex_unlock(&scene->mutex);
}

static void *run(void *argument)
{
    struct scene *scene = argument;
    return signer_server_run(scene->server, scene->signals[0], NULL) == KF_OK ? scene : NULL;
}

static struct signer_server_options options_of(struct scene *scene)
{
    return (struct signer_server_options){
        .paths = {scene->paths[0], scene->paths[1]},
        .group = (gid_t)-1,
        .datacenter = "par",
        .connections_max = CONNECTIONS_MAX,
        .clock = &scene->clock,
        .submit = scene_submit,
        .status = scene_status,
        .refused = scene_refused,
        .context = scene,
    };
}

static int scene_start(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    *state = scene;
    (void)pthread_mutex_init(&scene->mutex, NULL);
    (void)pthread_cond_init(&scene->changed, NULL);
    scene->clock = kf_clock_system();
    fixture_folder(scene->folder);
    (void)snprintf(scene->paths[0], sizeof scene->paths[0], "%s/signer.sock", scene->folder);
    (void)snprintf(scene->paths[1], sizeof scene->paths[1], "%s/signer-relay.sock", scene->folder);
    assert_int_equal(pipe(scene->signals), 0);
    const struct signer_server_options options = options_of(scene);
    assert_int_equal(signer_server_new(&scene->server, &options, NULL), KF_OK);
    assert_int_equal(pthread_create(&scene->thread, NULL, run, scene), 0);
    return 0;
}

static int scene_end(void **state)
{
    struct scene *scene = *state;
    const struct signalfd_siginfo stop = {.ssi_signo = SIGTERM};
    assert_int_equal(write(scene->signals[1], &stop, sizeof stop), sizeof stop);
    void *result = NULL;
    assert_int_equal(pthread_join(scene->thread, &result), 0);
    assert_ptr_equal(result, scene);
    for (size_t i = 0; i < scene->job_count; i++) {
        signer_job_free(scene->jobs[i]);
    }
    signer_server_free(scene->server);
    assert_int_not_equal(access(scene->paths[0], F_OK), 0);
    (void)close(scene->signals[0]);
    (void)close(scene->signals[1]);
    fixture_remove(scene->folder);
    free(scene);
    return 0;
}

static int client(struct scene *scene, enum signer_origin origin)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(strlen(scene->paths[origin]) < sizeof address.sun_path);
    memcpy(address.sun_path, scene->paths[origin], strlen(scene->paths[origin]));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const struct timeval limit = {.tv_sec = DEADLINE_MS / 1000};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static size_t encode(uint8_t out[static KEYLESS_FRAME_MAX], uint32_t id, uint8_t opcode,
                     const void *payload, size_t payload_length, const uint8_t *ski,
                     int64_t deadline_ms)
{
    struct keyless_message message = {
        .id = id,
        .opcode = opcode,
        .payload = {payload, payload_length},
        .has_deadline = deadline_ms >= 0,
        .deadline_ms = deadline_ms >= 0 ? (uint32_t)deadline_ms : 0,
    };
    if (ski != NULL) {
        message.ski = (struct keyless_bytes){ski, KEYLESS_SKI_LENGTH};
    }
    size_t length = 0;
    assert_int_equal(keyless_frame_write(out, &length, KEYLESS_FRAME_MAX, &message), KF_OK);
    return length;
}

static void send_all(int fd, const void *data, size_t length)
{
    assert_int_equal(send(fd, data, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* A signature request; the key is all `id`. */
static void request(int fd, uint32_t id, int64_t deadline_ms)
{
    uint8_t frame[KEYLESS_FRAME_MAX];
    uint8_t digest[32] = {0};
    uint8_t ski[KEYLESS_SKI_LENGTH];
    memset(ski, (int)id, sizeof ski);
    size_t length = encode(frame, id, KEYLESS_OP_ECDSA_SHA256, digest, 32, ski, deadline_ms);
    send_all(fd, frame, length);
}

/* The next answer; message borrows from frame. */
static void receive(struct keyless_message *out, uint8_t frame[static KEYLESS_FRAME_MAX], int fd)
{
    struct keyless_header header;
    assert_int_equal(recv(fd, frame, KEYLESS_HEADER_LENGTH, MSG_WAITALL), KEYLESS_HEADER_LENGTH);
    assert_int_equal(keyless_frame_header(&header, frame, KEYLESS_HEADER_LENGTH), KF_OK);
    assert_int_equal(recv(fd, frame + KEYLESS_HEADER_LENGTH, header.body_length, MSG_WAITALL),
                     header.body_length);
    assert_int_equal(
        keyless_frame_read(out, frame, KEYLESS_HEADER_LENGTH + (size_t)header.body_length), KF_OK);
}

static void expect_error(int fd, uint32_t id, uint8_t error)
{
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    receive(&message, frame, fd);
    assert_int_equal(message.id, id);
    assert_int_equal(message.opcode, KEYLESS_OP_ERROR);
    assert_int_equal(message.error, error);
}

static void expect_end(int fd)
{
    uint8_t byte = 0;
    ssize_t n = recv(fd, &byte, 1, 0);
    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

static void ping(int fd, uint32_t id, size_t length)
{
    static uint8_t payload[60000];
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    memset(payload, (int)id, sizeof payload);
    send_all(fd, frame, encode(frame, id, KEYLESS_OP_PING, payload, length, NULL, -1));
    receive(&message, frame, fd);
    assert_int_equal(message.id, id);
    assert_int_equal(message.opcode, KEYLESS_OP_PONG);
    assert_int_equal(message.payload.length, length);
    if (length > 0) {
        assert_memory_equal(message.payload.data, payload, length);
    }
}

/* Waits until so many jobs were submitted. */
static void wait_jobs(struct scene *scene, size_t count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_MS / 1000;
    (void)pthread_mutex_lock(&scene->mutex);
    int rc = 0;
    while (scene->job_count < count && rc == 0) {
        rc = pthread_cond_timedwait(&scene->changed, &scene->mutex, &until);
    }
    size_t reached = scene->job_count;
    (void)pthread_mutex_unlock(&scene->mutex);
    assert_true(reached >= count);
}

/* Completes the newest job, as a lane would. */
static void complete(struct scene *scene, uint8_t error)
{
    (void)pthread_mutex_lock(&scene->mutex);
    struct signer_job *job = scene->jobs[--scene->job_count];
    (void)pthread_mutex_unlock(&scene->mutex);
    job->error = error;
    job->answer_length = 70;
    memset(job->answer, (int)job->id, 70);
    signer_server_complete(scene->server, job);
}

static void test_pings_of_all_sizes(void **state)
{
    struct scene *scene = *state;
    int fd = client(scene, SIGNER_LOCAL);
    const size_t sizes[] = {0, 1, 900, 1000, 1010, 1024, 5000, 30000, 60000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ping(fd, (uint32_t)i + 1, sizes[i]);
    }
    (void)close(fd);
}

static void test_status_is_for_this_machine_alone(void **state)
{
    struct scene *scene = *state;
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    int local = client(scene, SIGNER_LOCAL);
    send_all(local, frame, encode(frame, 5, KEYLESS_OP_STATUS, NULL, 0, NULL, -1));
    receive(&message, frame, local);
    assert_int_equal(message.opcode, KEYLESS_OP_RESPONSE);
    assert_int_equal(message.payload.length, 2);
    assert_memory_equal(message.payload.data, "{}", 2);
    int remote = client(scene, SIGNER_REMOTE);
    send_all(remote, frame, encode(frame, 6, KEYLESS_OP_STATUS, NULL, 0, NULL, -1));
    expect_error(remote, 6, KEYLESS_ERR_BAD_OPCODE);
    ping(remote, 7, 10);
    (void)close(local);
    (void)close(remote);
}

static void test_what_makes_no_sense_is_refused_and_the_stream_goes_on(void **state)
{
    struct scene *scene = *state;
    uint8_t frame[KEYLESS_FRAME_MAX];
    uint8_t ski[KEYLESS_SKI_LENGTH] = {1};
    uint8_t payload[64] = {0};
    int fd = client(scene, SIGNER_LOCAL);
    const struct {
        uint8_t opcode;
        size_t length;
        const uint8_t *ski;
        uint8_t error;
    } cases[] = {
        {0x77, 32, ski, KEYLESS_ERR_BAD_OPCODE},
        {KEYLESS_OP_SEAL, 32, ski, KEYLESS_ERR_BAD_OPCODE},
        {KEYLESS_OP_RESPONSE, 32, ski, KEYLESS_ERR_UNEXPECTED_OPCODE},
        {KEYLESS_OP_PONG, 1, ski, KEYLESS_ERR_UNEXPECTED_OPCODE},
        {KEYLESS_OP_ECDSA_SHA256, 31, ski, KEYLESS_ERR_FORMAT},
        {KEYLESS_OP_ECDSA_SHA256, 32, NULL, KEYLESS_ERR_KEY_NOT_FOUND},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length =
            encode(frame, i, cases[i].opcode, payload, cases[i].length, cases[i].ski, -1);
        send_all(fd, frame, length);
        expect_error(fd, i, cases[i].error);
    }
    const uint8_t bad_items[] = {1, 0, 0, 5, 0, 0, 0, 9, 0x11, 0, 200, 1, 2};
    send_all(fd, bad_items, sizeof bad_items);
    expect_error(fd, 9, KEYLESS_ERR_FORMAT);
    const uint8_t empty[] = {1, 0, 0, 0, 0, 0, 0, 10};
    send_all(fd, empty, sizeof empty);
    expect_error(fd, 10, KEYLESS_ERR_BAD_OPCODE);
    request(fd, 11, 0); /* no time left: not even tried */
    expect_error(fd, 11, KEYLESS_ERR_DEADLINE);
    ping(fd, 12, 10);
    assert_int_equal(scene->job_count, 0);
    assert_int_equal(scene->refused[KEYLESS_ERR_FORMAT], 2);
    (void)close(fd);
}

static void test_another_version_ends_the_connection(void **state)
{
    struct scene *scene = *state;
    int fd = client(scene, SIGNER_REMOTE);
    const uint8_t http[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    send_all(fd, http, sizeof http - 1);
    expect_error(fd, 0, KEYLESS_ERR_VERSION);
    expect_end(fd);
    (void)close(fd);
}

static void test_a_frame_may_come_byte_by_byte(void **state)
{
    struct scene *scene = *state;
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    int fd = client(scene, SIGNER_LOCAL);
    size_t length = encode(frame, 3, KEYLESS_OP_PING, "hello", 5, NULL, -1);
    for (size_t i = 0; i < length; i++) {
        send_all(fd, frame + i, 1);
    }
    receive(&message, frame, fd);
    assert_int_equal(message.opcode, KEYLESS_OP_PONG);
    (void)close(fd);
}

static void test_answers_go_to_their_request_in_any_order(void **state)
{
    struct scene *scene = *state;
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    int local = client(scene, SIGNER_LOCAL);
    int remote = client(scene, SIGNER_REMOTE);
    for (uint32_t i = 1; i <= 5; i++) {
        request(local, i, 4000);
        wait_jobs(scene, i);
    }
    request(remote, 99, -1);
    wait_jobs(scene, 6);
    assert_int_equal(scene->jobs[0]->origin, SIGNER_LOCAL);
    assert_int_equal(scene->jobs[5]->origin, SIGNER_REMOTE);
    assert_int_equal(scene->jobs[0]->payload_length, 32);
    assert_int_equal(scene->jobs[0]->ski[7], 1);
    uint64_t now = kf_clock_monotonic_ns(&scene->clock);
    assert_true(scene->jobs[0]->deadline_ns > now);
    assert_true(scene->jobs[0]->deadline_ns < now + 4000ull * 1000000u);
    complete(scene, KEYLESS_ERR_NOT_HERE);
    expect_error(remote, 99, KEYLESS_ERR_NOT_HERE);
    for (uint32_t i = 5; i >= 1; i--) {
        complete(scene, KEYLESS_ERR_NONE);
        receive(&message, frame, local);
        assert_int_equal(message.id, i);
        assert_int_equal(message.payload.length, 70);
        assert_int_equal(message.payload.data[69], i);
        assert_true(keyless_bytes_equal(message.datacenter, keyless_text("par")));
    }
    (void)close(local);
    (void)close(remote);
}

static void test_clients_that_leave_early(void **state)
{
    struct scene *scene = *state;
    int other = client(scene, SIGNER_LOCAL);
    for (uint32_t i = 1; i <= 8; i++) {
        int fd = client(scene, SIGNER_LOCAL);
        request(fd, i, -1);
        wait_jobs(scene, i);
        (void)close(fd);
    }
    ping(other, 1, 10); /* the loop has seen them go, or will */
    while (scene->job_count > 0) {
        complete(scene, KEYLESS_ERR_NONE);
    }
    ping(other, 2, 10);
    (void)close(other);
}

static void test_a_half_closed_client_gets_its_answers(void **state)
{
    struct scene *scene = *state;
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    int fd = client(scene, SIGNER_LOCAL);
    request(fd, 4, -1);
    int other = client(scene, SIGNER_LOCAL);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    wait_jobs(scene, 1);
    for (uint32_t i = 1; i <= 3; i++) { /* rounds of the loop, in which it sees the end */
        ping(other, i, 1);
    }
    (void)close(other);
    complete(scene, KEYLESS_ERR_NONE);
    receive(&message, frame, fd);
    assert_int_equal(message.id, 4);
    expect_end(fd);
    (void)close(fd);
}

/* Sends without reading until the server stops taking: then what it keeps is bounded, others are
 * served, and once read, every answer is there. */
static void test_a_client_that_does_not_read_costs_a_bounded_buffer(void **state)
{
    struct scene *scene = *state;
    uint8_t frame[KEYLESS_FRAME_MAX];
    struct keyless_message message;
    int fd = client(scene, SIGNER_LOCAL);
    int other = client(scene, SIGNER_LOCAL);
    size_t sent = 0;
    bool taking = true;
    while (taking) {
        size_t length = encode(frame, (uint32_t)sent, KEYLESS_OP_PING, "x", 1, NULL, -1);
        struct pollfd writable = {.fd = fd, .events = POLLOUT};
        /* The other's ping after each failed try means the loop has had its turns meanwhile. */
        int tries = 0;
        while (poll(&writable, 1, 0) == 0 && tries < 200) {
            ping(other, 1, 1);
            tries++;
        }
        taking = tries < 200;
        if (taking) {
            send_all(fd, frame, length);
            sent++;
        }
        assert_true(sent < 100000);
    }
    /* Two socket buffers and the server's own, in frames of 1 KiB. */
    assert_true(sent * 1024 > SIGNER_UNSENT_MAX);
    assert_true(sent * 1024 < 4 * 1024 * 1024);
    for (size_t i = 0; i < sent; i++) {
        receive(&message, frame, fd);
        assert_int_equal(message.id, i);
        assert_int_equal(message.opcode, KEYLESS_OP_PONG);
    }
    ping(fd, 77, 10);
    (void)close(fd);
    (void)close(other);
}

static void test_too_many_connections_are_closed_at_once(void **state)
{
    struct scene *scene = *state;
    int fds[CONNECTIONS_MAX];
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        fds[i] = client(scene, SIGNER_REMOTE);
        ping(fds[i], 1, 1);
    }
    int extra = client(scene, SIGNER_REMOTE);
    expect_end(extra);
    (void)close(extra);
    int local = client(scene, SIGNER_LOCAL); /* the other socket has room of its own */
    ping(local, 1, 1);
    (void)close(fds[0]);
    ping(local, 2, 1); /* the loop has seen it */
    fds[0] = client(scene, SIGNER_REMOTE);
    ping(fds[0], 3, 1);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        (void)close(fds[i]);
    }
    (void)close(local);
}

static void test_sockets_are_guarded_and_unique(void **state)
{
    struct scene *scene = *state;
    struct stat info;
    for (int i = 0; i < SIGNER_ORIGINS; i++) {
        assert_int_equal(stat(scene->paths[i], &info), 0);
        assert_true(S_ISSOCK(info.st_mode));
        assert_int_equal(info.st_mode & 07777, 0660);
    }
    const struct signer_server_options options = options_of(scene);
    struct signer_server *second = NULL;
    assert_int_equal(signer_server_new(&second, &options, NULL), KF_ERR_EXISTS);
    assert_null(second);
    int fd = client(scene, SIGNER_LOCAL); /* and the first is unharmed */
    ping(fd, 1, 1);
    (void)close(fd);
}

static void test_a_dead_process_s_socket_is_replaced(void **state)
{
    struct scene *scene = *state;
    struct scene other = *scene;
    (void)snprintf(other.paths[0], sizeof other.paths[0], "%s/a.sock", scene->folder);
    (void)snprintf(other.paths[1], sizeof other.paths[1], "%s/b.sock", scene->folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, other.paths[0], strlen(other.paths[0]));
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(dead);
    const struct signer_server_options options = options_of(&other);
    struct signer_server *server = NULL;
    assert_int_equal(signer_server_new(&server, &options, NULL), KF_OK);
    signer_server_free(server);
    int file = open(other.paths[1], O_CREAT | O_WRONLY, 0600); /* but a file is not */
    (void)close(file);
    server = NULL;
    assert_int_equal(signer_server_new(&server, &options, NULL), KF_ERR_EXISTS);
    assert_int_equal(access(other.paths[1], F_OK), 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_start, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(test_pings_of_all_sizes),
        SCENE(test_status_is_for_this_machine_alone),
        SCENE(test_what_makes_no_sense_is_refused_and_the_stream_goes_on),
        SCENE(test_another_version_ends_the_connection),
        SCENE(test_a_frame_may_come_byte_by_byte),
        SCENE(test_answers_go_to_their_request_in_any_order),
        SCENE(test_clients_that_leave_early),
        SCENE(test_a_half_closed_client_gets_its_answers),
        SCENE(test_a_client_that_does_not_read_costs_a_bounded_buffer),
        SCENE(test_too_many_connections_are_closed_at_once),
        SCENE(test_sockets_are_guarded_and_unique),
        SCENE(test_a_dead_process_s_socket_is_replaced),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
