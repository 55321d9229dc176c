/* What the signer's sandbox takes away, tried in children that enter it. */
#include "sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs check in a child inside the sandbox; what it returns, or 99 when the sandbox failed. */
static int inside(enum sandbox_profile profile, int (*check)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(sandbox_enter(profile, NULL) == KF_OK ? check() : 99);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int refused_families(void)
{
    const int families[] = {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK};
    int refused = 0;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        errno = 0;
        refused += socket(families[i], SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT;
    }
    return refused;
}

static int opens_unix_sockets(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int opens_internet_sockets(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int runs_no_program(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
    return errno == EPERM;
}

static int leaves_no_core(void)
{
    struct rlimit limit = {1, 1};
    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 &&
           prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static int still_locks_and_lowers_priority(void)
{
    static char page[4096];
    return mlock(page, sizeof page) == 0 && setpriority(PRIO_PROCESS, 0, 5) == 0;
}

static void test_a_process_with_keys_has_no_network(void **state)
{
    (void)state;
    assert_int_equal(inside(SANDBOX_KEYS, refused_families), 5);
    assert_int_equal(inside(SANDBOX_KEYS, opens_unix_sockets), 1);
    assert_int_equal(inside(SANDBOX_NETWORK, opens_internet_sockets), 1);
}

static void test_no_programs_no_cores(void **state)
{
    (void)state;
    assert_int_equal(inside(SANDBOX_KEYS, runs_no_program), 1);
    assert_int_equal(inside(SANDBOX_KEYS, leaves_no_core), 1);
    assert_int_equal(inside(SANDBOX_KEYS, still_locks_and_lowers_priority), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_process_with_keys_has_no_network),
        cmocka_unit_test(test_no_programs_no_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
