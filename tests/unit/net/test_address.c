/* Addresses and identities: what is accepted, what is not. */
#include "net/address.h"
#include "net/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void addresses(void **state)
{
    (void)state;
    struct net_address a;
    struct sockaddr_storage s;
    socklen_t length;
    assert_int_equal(net_address_parse(&a, "127.0.0.1:7700", NULL), KF_OK);
    assert_string_equal(a.host, "127.0.0.1");
    assert_int_equal(a.port, 7700);
    assert_false(a.local);
    assert_int_equal(net_address_numeric(&s, &length, &a), KF_OK);
    assert_int_equal(net_address_parse(&a, "[2001:db8::1]:65535", NULL), KF_OK);
    assert_string_equal(a.host, "2001:db8::1");
    assert_int_equal(net_address_numeric(&s, &length, &a), KF_OK);
    assert_int_equal(s.ss_family, AF_INET6);
    assert_int_equal(net_address_parse(&a, "relay.example.net:1", NULL), KF_OK);
    assert_int_equal(net_address_numeric(&s, &length, &a), KF_ERR_NOT_FOUND);
    assert_int_equal(net_address_parse(&a, "unix:/run/x.sock", NULL), KF_OK);
    assert_true(a.local);
    assert_string_equal(a.path, "/run/x.sock");
    const char *bad[] = {"",      "host",      ":1",      "host:", "host:x",  "host:65536",
                         "unix:", "2001::1:1", "host:1 ", "[]:1",  "host:-1", "host:123456"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct kf_error err;
        assert_int_equal(net_address_parse(&a, bad[i], &err), KF_ERR_USAGE);
        assert_int_equal(err.status, KF_ERR_USAGE);
    }
    char path[200] = "unix:/";
    memset(path + 6, 'a', 107);
    assert_int_equal(net_address_parse(&a, path, NULL), KF_ERR_USAGE); /* 108 bytes and a NUL */
    path[5 + 107] = '\0';
    assert_int_equal(net_address_parse(&a, path, NULL), KF_OK);
}

static void identities(void **state)
{
    (void)state;
    struct net_identity id;
    const char *good = "keyfence://machine/par-1/relay";
    assert_int_equal(net_identity_parse(&id, good, strlen(good)), KF_OK);
    assert_string_equal(id.machine, "par-1");
    assert_string_equal(id.role, "relay");
    const char *bad[] = {
        "",
        "keyfence://machine/",
        "keyfence://machine/par-1",
        "keyfence://machine/par-1/",
        "keyfence://machine//relay",
        "keyfence://machine/-par/relay",
        "keyfence://machine/par-1/relay/",
        "keyfence://machine/par-1/relay?x",
        "keyfence://machine/PAR-1/relay",
        "keyfence://machine/par_1/relay",
        "keyfence://core/par-1/relay",
        "https://machine/par-1/relay",
        "keyfence://machine/par-1/relayrelayrelayre",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(net_identity_parse(&id, bad[i], strlen(bad[i])), KF_ERR_MALFORMED);
    assert_int_equal(net_identity_parse(&id, "keyfence://machine/a\0b/relay", 28),
                     KF_ERR_MALFORMED);
    char longest[128] = "keyfence://machine/";
    memset(longest + 19, 'a', 63);
    strcpy(longest + 19 + 63, "/relay");
    assert_int_equal(net_identity_parse(&id, longest, strlen(longest)), KF_OK);
    memset(longest + 19, 'a', 64);
    strcpy(longest + 19 + 64, "/relay");
    assert_int_equal(net_identity_parse(&id, longest, strlen(longest)), KF_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(identities)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
