#include "sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum kf_status sandbox_hide_memory(struct kf_error *err)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return kf_fail(err, KF_ERR_INTERNAL, "cannot forbid core dumps: %m");
    }
    return KF_OK;
}

/* Calls that no Keyfence daemon makes after it has started. io_uring would get past the rule on
 * sockets below. A missing number means the call does not exist on this architecture. */
static const int refused_calls[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(bpf),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(kexec_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(reboot),
    SCMP_SYS(pidfd_getfd),
};

static int add_rules(scmp_filter_ctx filter, enum sandbox_profile profile)
{
    for (size_t i = 0; i < sizeof refused_calls / sizeof refused_calls[0]; i++) {
        int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused_calls[i], 0);
        if (rc != 0) {
            return rc;
        }
    }
    if (profile == SANDBOX_KEYS) {
        const struct scmp_arg_cmp other = {.arg = 0, .op = SCMP_CMP_NE, .datum_a = AF_UNIX};
        return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                      &other);
    }
    return 0;
}

enum kf_status sandbox_enter(enum sandbox_profile profile, struct kf_error *err)
{
    enum kf_status st = sandbox_hide_memory(err);
    if (st != KF_OK) {
        return st;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return kf_fail(err, KF_ERR_INTERNAL, "cannot give up new privileges: %m");
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory while preparing the sandbox");
    }
    int rc = add_rules(filter, profile);
    if (rc == 0) {
        rc = seccomp_load(filter);
    }
    seccomp_release(filter);
    if (rc != 0) {
        return kf_fail(err, KF_ERR_INTERNAL,
                       "the kernel refuses the sandbox: %s (does it have CONFIG_SECCOMP_FILTER?)",
                       strerror(-rc));
    }
    return KF_OK;
}
