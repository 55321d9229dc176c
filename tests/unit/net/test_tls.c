/* Mutual TLS: who is let in, who is not, and that nothing of a request reaches the wrong peer. */
#include "certificates.h"
#include "harness.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

static struct net_tls *load(struct harness *h, const char *name, const char *ca)
{
    char certificate[128], key[128], authority[128];
    struct net_tls *tls;
    struct kf_error err;
    snprintf(certificate, sizeof certificate, "%s/%s.pem", h->directory, name);
    snprintf(key, sizeof key, "%s/%s.key", h->directory, name);
    snprintf(authority, sizeof authority, "%s/%s.pem", h->directory, ca);
    struct net_tls_files files = {certificate, key, authority};
    if (net_tls_new(&tls, NULL, &files, &err) != KF_OK)
        fail_msg("%s", err.message);
    return tls;
}

struct world {
    struct net_tls *server;
    char address[64];
};

static struct world start(struct harness *h)
{
    struct world w;
    test_make_ca(h->directory, "ca");
    test_make_ca(h->directory, "other");
    test_make_certificate(h->directory, "fra", "ca", "keyfence://machine/fra-1/relay", NULL, 5);
    test_make_certificate(h->directory, "par", "ca", "keyfence://machine/par-1/relay", NULL, 5);
    w.server = load(h, "fra", "ca");
    h_serve(h, "127.0.0.1:0", w.server);
    snprintf(w.address, sizeof w.address, "127.0.0.1:%u", net_server_port(h->server));
    return w;
}

static void machines_talk(void **state)
{
    struct harness *h = *state;
    struct world w = start(h);
    struct caller c = {0};
    struct net_tls *tls = load(h, "par", "ca");
    struct net_client_options o = c_options(&c, w.address, tls);
    o.machine = "fra-1";
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    assert_string_equal(h->peer.machine, "par-1");
    assert_string_equal(h->peer.role, "relay");
    for (uint8_t i = 0; i < 200; i++)
        assert_int_equal(c_send(&c, i, 5000), KF_OK);
    UNTIL(h, c.answers == 200);
    /* New certificates serve new connections; the old connection stays. */
    struct net_tls *renewed = load(h, "fra", "ca");
    net_server_use_tls(h->server, renewed);
    net_tls_free(w.server);
    assert_int_equal(c_send(&c, 1, 5000), KF_OK);
    UNTIL(h, c.answers == 201);
    net_client_free(c.client);
    net_tls_free(tls);
    struct caller d = {0};
    tls = load(h, "par", "ca");
    o = c_options(&d, w.address, tls);
    c_open(&d, h, &o);
    UNTIL(h, d.up == 1);
    net_client_free(d.client);
    net_tls_free(tls);
    net_server_free(h->server);
    h->server = NULL;
    net_tls_free(renewed);
}

/* A client with this certificate is refused by the server: never up, and nothing it asks arrives.
 */
static void refuse_client(struct harness *h, struct world *w, const char *name, const char *ca,
                          const char *said)
{
    struct caller c = {0};
    struct net_tls *tls = load(h, name, ca);
    struct net_client_options o = c_options(&c, w->address, tls);
    uint32_t before = h->refused, accepted = h->accepted;
    c_open(&c, h, &o);
    UNTIL(h, net_client_state(c.client) == NET_CONNECTING);
    assert_int_equal(c_send(&c, 1, 60000), KF_OK);
    UNTIL(h, c.lost == 1 && h->refused > before);
    assert_int_equal(c.up, 0);
    assert_int_equal(h->requests, 0);
    assert_int_equal(h->accepted, accepted);
    if (strstr(h->refusal, said) == NULL)
        fail_msg("refused with \"%s\", expected \"%s\"", h->refusal, said);
    net_client_free(c.client);
    net_tls_free(tls);
}

static void strangers_are_refused(void **state)
{
    struct harness *h = *state;
    struct world w = start(h);
    const char *good = "keyfence://machine/par-1/relay";
    test_make_certificate(h->directory, "alien", "other", good, NULL, 5);
    refuse_client(h, &w, "alien", "ca", "not good");
    test_make_certificate(h->directory, "old", "ca", good, NULL, -1);
    refuse_client(h, &w, "old", "ca", "expired");
    test_make_certificate(h->directory, "sync", "ca", "keyfence://machine/par-1/sync", NULL, 5);
    refuse_client(h, &w, "sync", "ca", "role sync, not relay");
    net_server_free(h->server);
    h->server = NULL;
    net_tls_free(w.server);
}

static void a_wrong_server_gets_nothing(void **state)
{
    struct harness *h = *state;
    struct world w = start(h);
    struct net_tls *tls = load(h, "par", "ca");
    struct caller c = {0};
    struct net_client_options o = c_options(&c, w.address, tls);
    o.machine = "ams-1"; /* fra-1 sits at this address */
    c_open(&c, h, &o);
    UNTIL(h, net_client_state(c.client) == NET_CONNECTING);
    assert_int_equal(c_send(&c, 1, 60000), KF_OK);
    UNTIL(h, c.lost == 1);
    assert_string_equal(c.reason, "machine fra-1 answers where ams-1 was expected");
    net_client_free(c.client);
    struct caller d = {0};
    o = c_options(&d, w.address, tls);
    o.role = "sync";
    c_open(&d, h, &o);
    UNTIL(h, d.down == 1);
    assert_non_null(strstr(d.reason, "role relay, not sync"));
    net_client_free(d.client);
    /* A server of another CA. */
    struct net_tls *other = load(h, "par", "other");
    struct caller e = {0};
    o = c_options(&e, w.address, other);
    c_open(&e, h, &o);
    UNTIL(h, e.down == 1);
    assert_non_null(strstr(e.reason, "not good"));
    net_client_free(e.client);
    assert_int_equal(h->requests, 0);
    net_server_free(h->server);
    h->server = NULL;
    net_tls_free(tls);
    net_tls_free(other);
    net_tls_free(w.server);
}

static int tcp_connect(const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    in.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1));
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* A bare TLS client: its certificate (NULL: none) and protocol are the test's choice. */
static void raw_tls(struct harness *h, const char *address, const char *certificate, int version)
{
    char path[128];
    uint32_t before = h->refused;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    if (certificate != NULL) {
        snprintf(path, sizeof path, "%s/%s.pem", h->directory, certificate);
        assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, path), 1);
        snprintf(path, sizeof path, "%s/%s.key", h->directory, certificate);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM), 1);
    }
    SSL *ssl = SSL_new(ctx);
    int fd = tcp_connect(address);
    SSL_set_fd(ssl, fd);
    uint8_t frame[1024] = {1, 0, 3, 248};
    uint64_t end = net_loop_now_ns(h->loop) + 10000000000u;
    while (h->refused == before && net_loop_now_ns(h->loop) < end) {
        if (SSL_connect(ssl) == 1)
            (void)SSL_write(ssl, frame, sizeof frame);
        assert_int_equal(net_loop_turn(h->loop, 5), KF_OK);
    }
    assert_int_equal(h->refused, before + 1);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
}

static void bare_clients_are_refused(void **state)
{
    struct harness *h = *state;
    struct world w = start(h);
    const char *good = "keyfence://machine/par-1/relay";
    raw_tls(h, w.address, NULL, TLS1_3_VERSION);
    assert_non_null(strstr(h->refusal, "certificate"));
    raw_tls(h, w.address, "par", TLS1_2_VERSION);
    test_make_certificate(h->directory, "two", "ca", good, "keyfence://machine/fra-1/relay", 5);
    raw_tls(h, w.address, "two", TLS1_3_VERSION);
    assert_non_null(strstr(h->refusal, "does not hold one identity"));
    test_make_certificate(h->directory, "web", "ca", "https://example.org/", NULL, 5);
    raw_tls(h, w.address, "web", TLS1_3_VERSION);
    assert_non_null(strstr(h->refusal, "does not hold one identity"));
    assert_int_equal(h->requests, 0);
    assert_int_equal(h->accepted, 0);
    net_server_free(h->server);
    h->server = NULL;
    net_tls_free(w.server);
}

static void garbage_and_silence_hold_nothing_up(void **state)
{
    struct harness *h = *state;
    struct world w = start(h);
    struct caller c = {0};
    int fds[24];
    int garbage = tcp_connect(w.address);
    assert_int_equal(write(garbage, "GET / HTTP/1.0\r\n\r\n", 18), 18);
    UNTIL(h, h->refused == 1);
    close(garbage);
    for (int i = 0; i < 10; i++) /* they connect and say nothing */
        fds[i] = tcp_connect(w.address);
    struct net_tls *tls = load(h, "par", "ca");
    struct net_client_options o = c_options(&c, w.address, tls);
    c_open(&c, h, &o);
    UNTIL(h, c.up == 1);
    assert_int_equal(c_send(&c, 1, 1000), KF_OK);
    UNTIL(h, c.answers == 1);
    for (int i = 10; i < 24; i++)
        fds[i] = tcp_connect(w.address);
    /* Beyond the bound they are closed at once; the others when their time for it is over. */
    UNTIL(h, h->refused >= 1 + 8);
    UNTIL(h, h->refused == 1 + 24);
    assert_int_equal(net_server_connections(h->server), 1);
    assert_int_equal(c_send(&c, 1, 1000), KF_OK);
    UNTIL(h, c.answers == 2);
    for (int i = 0; i < 24; i++)
        close(fds[i]);
    net_client_free(c.client);
    net_tls_free(tls);
    net_server_free(h->server);
    h->server = NULL;
    net_tls_free(w.server);
}

static void bad_files_are_named(void **state)
{
    struct harness *h = *state;
    char ca[128], pem[128], key[128], web[128], web_key[128];
    struct net_tls *tls;
    struct kf_error err;
    test_make_ca(h->directory, "ca");
    test_make_certificate(h->directory, "par", "ca", "keyfence://machine/par-1/relay", NULL, 5);
    test_make_certificate(h->directory, "web", "ca", "https://example.org/", NULL, 5);
    snprintf(ca, sizeof ca, "%s/ca.pem", h->directory);
    snprintf(pem, sizeof pem, "%s/par.pem", h->directory);
    snprintf(key, sizeof key, "%s/par.key", h->directory);
    snprintf(web, sizeof web, "%s/web.pem", h->directory);
    snprintf(web_key, sizeof web_key, "%s/web.key", h->directory);
    const struct {
        struct net_tls_files files;
        const char *said;
    } cases[] = {
        {{"/nowhere.pem", key, ca}, "certificate /nowhere.pem"},
        {{pem, "/nowhere.key", ca}, "private key /nowhere.key"},
        {{pem, web_key, ca}, "private key"}, /* another certificate's */
        {{pem, key, "/nowhere.ca"}, "machine CA /nowhere.ca"},
        {{web, web_key, ca}, "does not hold one identity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_not_equal(net_tls_new(&tls, NULL, &cases[i].files, &err), KF_OK);
        if (strstr(err.message, cases[i].said) == NULL)
            fail_msg("%s", err.message);
    }
    struct net_identity own;
    struct net_tls_files good = {pem, key, ca};
    assert_int_equal(net_tls_new(&tls, &own, &good, &err), KF_OK);
    assert_string_equal(own.machine, "par-1");
    net_tls_free(tls);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, h_setup, h_teardown)
    const struct CMUnitTest tests[] = {
        CASE(machines_talk),
        CASE(strangers_are_refused),
        CASE(a_wrong_server_gets_nothing),
        CASE(bare_clients_are_refused),
        CASE(garbage_and_silence_hold_nothing_up),
        CASE(bad_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
