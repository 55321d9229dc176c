/* Where the core may listen. */
#include "listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_refused_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0.0.0.0:80",
        "[::]:80",
        "192.0.2.1:80",
        "[2001:db8::1]:80",
        "example.org:80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:80x",
        "[::ffff:127.0.0.1]:80",
        "128.0.0.1:80",
        ":80",
        "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct listen_socket opened = {.fd = -7};
        struct kf_error err = {.message = ""};
        assert_int_equal(listen_open(&opened, bad[i], NULL, &err), KF_ERR_USAGE);
        assert_int_equal(opened.fd, -7);
        assert_true(err.message[0] != '\0');
    }
}

static void test_unix_sockets(void **state)
{
    (void)state;
    char folder[] = "/tmp/kf-listen-XXXXXX";
    char address[64];
    struct listen_socket one;
    struct listen_socket two;
    struct stat info;
    struct kf_error err = {.message = ""};
    assert_non_null(mkdtemp(folder));
    (void)snprintf(address, sizeof address, "unix:%s/s", folder);
    assert_int_equal(listen_open(&one, address, NULL, NULL), KF_OK);
    assert_true(one.local);
    assert_int_equal(stat(one.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(listen_open(&two, address, NULL, &err), KF_ERR_EXISTS); /* it is in use */
    (void)close(one.fd);
    assert_int_equal(listen_open(&two, address, NULL, NULL), KF_OK); /* it was left behind */
    (void)close(two.fd);
    assert_int_equal(unlink(address + 5), 0);
    FILE *file = fopen(address + 5, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(listen_open(&two, address, NULL, &err), KF_ERR_EXISTS); /* never removed */
    assert_int_equal(unlink(address + 5), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_addresses),
        cmocka_unit_test(test_unix_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
