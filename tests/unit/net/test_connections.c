/* Framed connections over Unix sockets: order, bounds, deadlines, loss and return, bad peers. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static void answers_in_any_order(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    h->hold = true;
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1 && c.measured > 0);
    for (uint8_t i = 0; i < 90; i++)
        assert_int_equal(c_send(&c, i, 5000), KF_OK);
    UNTIL(h, h->held_count == 90);
    h_answer_all(h); /* the last first */
    UNTIL(h, c.answers == 90);
    assert_int_equal(c.last_payload, 0); /* the first request's answer came last */
    assert_int_equal(net_client_in_flight(c.client), 0);
    net_client_free(c.client);
}

static void overload_is_refused_at_once(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    h->hold = true;
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    for (uint8_t i = 0; i < 130; i++)
        assert_int_equal(c_send(&c, i, 5000), KF_OK);
    UNTIL(h, c.errors == 30);
    assert_int_equal(c.last_error, KEYLESS_ERR_OVERLOADED);
    assert_int_equal(h->held_count, 100);
    h_answer_all(h);
    UNTIL(h, c.answers == 100);
    net_client_free(c.client);
}

static void deadlines_end_requests(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    h->hold = true;
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    uint64_t start = net_loop_now_ns(h->loop);
    assert_int_equal(c_send(&c, 1, 5000), KF_OK);
    assert_int_equal(c_send(&c, 2, 60), KF_OK);
    UNTIL(h, c.timeouts == 1);
    assert_true(c.last_ns - start >= 60000000);
    assert_true(c.last_ns - start < 1000000000);
    h_answer_all(h); /* the late answer finds nobody */
    UNTIL(h, c.answers == 1);
    assert_int_equal(c.last_payload, 1);
    net_client_free(c.client);
}

static void loss_is_told_and_healed(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    h->hold = true;
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(c_send(&c, 1, 60000), KF_OK);
    UNTIL(h, h->held_count == 20);
    uint64_t start = net_loop_now_ns(h->loop);
    for (uint32_t i = 0; i < 20; i++)
        net_session_close(h->held[i].session);
    assert_false(net_ticket_alive(h->held[0]));
    UNTIL(h, c.lost == 20);
    assert_true(c.last_ns - start < 500000000); /* at once, not at the deadline */
    assert_int_equal(c.down, 1);
    assert_int_equal(c_send(&c, 1, 1000), KF_ERR_UNAVAILABLE);
    h_answer_all(h); /* into the void */
    UNTIL(h, c.up == 2);
    /* The server is gone for a while; the client comes back to the next one by itself. */
    net_server_free(h->server);
    h->server = NULL;
    UNTIL(h, c.down >= 4); /* several attempts */
    h->hold = false;
    h_serve(h, h->address, NULL);
    UNTIL(h, c.up == 3);
    assert_int_equal(c_send(&c, 9, 1000), KF_OK);
    UNTIL(h, c.answers == 1);
    net_client_free(c.client);
}

static void requests_wait_for_the_connection(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, net_client_state(c.client) != NET_DOWN);
    assert_int_equal(net_client_state(c.client), NET_CONNECTING);
    assert_int_equal(c_send(&c, 3, 1000), KF_OK);
    UNTIL(h, c.answers == 1);
    net_client_free(c.client);
}

static void cancelled_requests_are_silent(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    static const uint8_t ski[20] = {1}, digest[32] = {0};
    uint32_t id;
    h->hold = true;
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    struct keyless_message m = {
        .opcode = KEYLESS_OP_ECDSA_SHA256, .payload = {digest, 32}, .ski = {ski, 20}};
    assert_int_equal(net_client_send(c.client, &id, &m, UINT64_MAX - 1, c_done, &c), KF_OK);
    assert_int_equal(c_send(&c, 5, 5000), KF_OK);
    net_client_cancel(c.client, id);
    net_client_cancel(c.client, id); /* again: ignored */
    UNTIL(h, h->held_count == 2);
    h_answer_all(h);
    UNTIL(h, c.answers == 1);
    assert_int_equal(c.last_payload, 5);
    net_client_free(c.client);
}

static void freed_inside_callbacks(void **state)
{
    struct harness *h = *state;
    struct caller a = {.free_on_answer = true}, b = {.free_on_down = true};
    h->hold = true;
    h_serve(h, h->address, NULL);
    struct net_client_options o = c_options(&a, h->address, NULL);
    c_open(&a, h, &o);
    o.context = &b;
    c_open(&b, h, &o);
    UNTIL(h, a.up == 1 && b.up == 1);
    for (uint8_t i = 0; i < 5; i++) {
        assert_int_equal(c_send(&a, i, 5000), KF_OK);
        assert_int_equal(c_send(&b, i, 5000), KF_OK);
    }
    UNTIL(h, h->held_count == 10);
    h_answer_all(h);
    UNTIL(h, a.client == NULL);
    assert_int_equal(a.answers, 1); /* it got no further callback */
    h->held_count = 0;
    net_server_free(h->server);
    h->server = NULL;
    UNTIL(h, b.client == NULL);
}

static int raw_connect(struct harness *h)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof un.sun_path, "%s/s", h->directory);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
    return fd;
}

/* Reads until the other side closes; returns how many bytes came. */
static size_t read_to_end(struct harness *h, int fd, uint8_t *out, size_t room)
{
    size_t have = 0;
    ssize_t n = 1;
    uint64_t end = net_loop_now_ns(h->loop) + 10000000000u;
    while (n != 0 && net_loop_now_ns(h->loop) < end) {
        assert_int_equal(net_loop_turn(h->loop, 10), KF_OK);
        n = read(fd, out + have, room - have);
        if (n > 0)
            have += (size_t)n;
        if (n < 0 && errno == ECONNRESET)
            n = 0;
    }
    assert_int_equal(n, 0);
    return have;
}

static void another_version_is_answered_and_closed(void **state)
{
    struct harness *h = *state;
    uint8_t out[4096];
    h_serve(h, h->address, NULL);
    int fd = raw_connect(h);
    assert_int_equal(write(fd, "\x02\x00\x00\x05\x00\x00\x00\x07garba", 13), 13);
    size_t got = read_to_end(h, fd, out, sizeof out);
    struct keyless_message m;
    assert_int_equal(keyless_frame_read(&m, out, got), KF_OK);
    assert_int_equal(m.id, 7);
    assert_int_equal(m.error, KEYLESS_ERR_VERSION);
    close(fd);
}

static void malformed_frames_are_answered_up_to_a_bound(void **state)
{
    struct harness *h = *state;
    static uint8_t out[65536];
    h_serve(h, h->address, NULL);
    int fd = raw_connect(h);
    for (int i = 0; i < 40; i++) /* an item longer than its frame */
        assert_int_equal(write(fd, "\x01\x00\x00\x03\x00\x00\x00\x09\x11\x00\x09", 11), 11);
    size_t got = read_to_end(h, fd, out, sizeof out);
    assert_int_equal(got % 1024, 0);
    assert_true(got / 1024 <= 16);
    close(fd);
}

static void strange_requests_are_answered(void **state)
{
    struct harness *h = *state;
    uint8_t frame[2048], out[4096];
    size_t length, have = 0;
    h_serve(h, h->address, NULL);
    int fd = raw_connect(h);
    const struct {
        uint8_t opcode;
        uint8_t error;
    } cases[] = {{0x99, KEYLESS_ERR_BAD_OPCODE},
                 {KEYLESS_OP_RESPONSE, KEYLESS_ERR_UNEXPECTED_OPCODE},
                 {KEYLESS_OP_ECDSA_SHA256, KEYLESS_ERR_FORMAT}};
    for (uint32_t i = 0; i < 3; i++) {
        struct keyless_message m = {.id = i, .opcode = cases[i].opcode};
        assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_OK);
        assert_int_equal(write(fd, frame, length), (ssize_t)length);
    }
    while (have < 3 * 1024) {
        assert_int_equal(net_loop_turn(h->loop, 100), KF_OK);
        ssize_t n = read(fd, out + have, sizeof out - have);
        have += n > 0 ? (size_t)n : 0;
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct keyless_message m;
        assert_int_equal(keyless_frame_read(&m, out + i * 1024, 1024), KF_OK);
        assert_int_equal(m.id, i);
        assert_int_equal(m.error, cases[i].error);
    }
    assert_int_equal(h->requests, 0);
    close(fd);
}

static void who_does_not_read_stops_being_read(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    static uint8_t frame[KEYLESS_FRAME_MAX], payload[30000];
    size_t length, sent = 0;
    h_serve(h, h->address, NULL);
    int fd = raw_connect(h);
    struct keyless_message m = {.opcode = KEYLESS_OP_PING, .payload = {payload, sizeof payload}};
    assert_int_equal(keyless_frame_write(frame, &length, sizeof frame, &m), KF_OK);
    /* Pings without reading the pongs: the server must stop taking them long before 100 MB. */
    size_t at = 0;
    int idle = 0;
    while (idle < 50 && sent < 100u << 20) {
        ssize_t n = write(fd, frame + at, length - at);
        idle = n > 0 ? 0 : idle + 1;
        if (n > 0) {
            at = (at + (size_t)n) % length;
            sent += (size_t)n;
        }
        assert_int_equal(net_loop_turn(h->loop, 2), KF_OK);
    }
    assert_true(sent < 4u << 20);
    assert_int_equal(net_server_connections(h->server), 1); /* it may still read later */
    /* Others are served meanwhile. */
    struct net_client_options o = c_options(&c, h->address, NULL);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    assert_int_equal(c_send(&c, 1, 1000), KF_OK);
    UNTIL(h, c.answers == 1);
    /* It reads again: everything it sent is answered. */
    size_t got = 0, whole = (sent / length) * length;
    static uint8_t sink[1 << 16];
    uint64_t end = net_loop_now_ns(h->loop) + 10000000000u;
    while (got < whole && net_loop_now_ns(h->loop) < end) {
        ssize_t n = read(fd, sink, sizeof sink);
        got += n > 0 ? (size_t)n : 0;
        assert_int_equal(net_loop_turn(h->loop, 2), KF_OK);
    }
    assert_int_equal(got, whole);
    close(fd);
    net_client_free(c.client);
}

static void silence_ends_a_connection(void **state)
{
    struct harness *h = *state;
    struct caller c = {0};
    h_serve(h, h->address, NULL);
    /* A listener that takes connections and says nothing. */
    char address[140];
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(address, sizeof address, "unix:%s/x", h->directory);
    snprintf(un.sun_path, sizeof un.sun_path, "%s/x", h->directory);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(listen(fd, 10), 0);
    struct net_client_options o = c_options(&c, address, NULL);
    o.connect_ms = 150;
    uint64_t start = net_loop_now_ns(h->loop);
    c_open(&c, h, &o);
    UNTIL(h, net_client_state(c.client) == NET_CONNECTING);
    assert_int_equal(c_send(&c, 1, 60000), KF_OK);
    UNTIL(h, c.lost == 1);
    assert_in_range((net_loop_now_ns(h->loop) - start) / 1000000, 140, 900);
    assert_int_equal(c.up, 0);
    net_client_free(c.client);
    close(fd);
}

static void a_socket_in_use_is_not_taken(void **state)
{
    struct harness *h = *state;
    struct net_server *second = NULL;
    struct kf_error err;
    h_serve(h, h->address, NULL);
    struct net_server_options o = {.address = h->address,
                                   .mode = 0600,
                                   .connections_max = 1,
                                   .in_flight_max = 1,
                                   .output_max = 1 << 16,
                                   .request = h_request};
    assert_int_equal(net_server_new(&second, h->loop, &o, &err), KF_ERR_EXISTS);
    net_server_free(h->server);
    h->server = NULL;
    /* One that a dead process left behind is replaced. */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof un.sun_path, "%s/s", h->directory);
    assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    close(fd);
    assert_int_equal(net_server_new(&second, h->loop, &o, &err), KF_OK);
    net_server_free(second);
    o.group = "no-such-group";
    assert_int_equal(net_server_new(&second, h->loop, &o, &err), KF_ERR_USAGE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, h_setup, h_teardown)
    const struct CMUnitTest tests[] = {
        CASE(answers_in_any_order),
        CASE(overload_is_refused_at_once),
        CASE(deadlines_end_requests),
        CASE(loss_is_told_and_healed),
        CASE(requests_wait_for_the_connection),
        CASE(cancelled_requests_are_silent),
        CASE(freed_inside_callbacks),
        CASE(another_version_is_answered_and_closed),
        CASE(malformed_frames_are_answered_up_to_a_bound),
        CASE(strange_requests_are_answered),
        CASE(who_does_not_read_stops_being_read),
        CASE(silence_ends_a_connection),
        CASE(a_socket_in_use_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
