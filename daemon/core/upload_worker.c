#include "upload_worker.h"

#include "base/clock.h"
#include "base/secret.h"
#include "key_check.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_MAX = 512 * 1024,
    ORDER_BYTES = 32 + SEAL_KEY_SIZE, /* the core's only message */
    WORKER_FD = 3,
};

/* ---- frames on a blocking socket, both sides ---- */

static bool write_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        length -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = read(fd, data, length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        length -= (size_t)n;
    }
    return true;
}

/* buffer[0..4) is room for the length; the content follows. */
static bool send_frame(int fd, uint8_t *buffer, size_t content)
{
    struct kf_writer head = kf_writer_init(buffer, 4);
    kf_write_u32be(&head, (uint32_t)content);
    return write_all(fd, buffer, 4 + content);
}

/* ---- the child ---- */

static void write_block32(struct kf_writer *w, const void *data, size_t length)
{
    size_t at = kf_write_block_open32(w);
    kf_write_bytes(w, data, length);
    kf_write_block_close32be(w, at);
}

static void write_findings(struct kf_writer *w, const struct upload_findings *f)
{
    kf_write_u16be(w, (uint16_t)f->hosts.count);
    for (size_t i = 0; i < f->hosts.count; i++) {
        write_block32(w, f->hosts.names[i], strlen(f->hosts.names[i]));
    }
    write_block32(w, f->chain, f->chain_length);
    write_block32(w, f->policy, strlen(f->policy));
    kf_write_bytes(w, f->ski, sizeof f->ski);
    kf_write_bytes(w, f->fingerprint, sizeof f->fingerprint);
    kf_write_u8(w, (uint8_t)f->key_type);
    write_block32(w, f->spki, f->spki_length);
    kf_write_u8(w, (uint8_t)f->warnings.count);
    for (size_t i = 0; i < f->warnings.count; i++) {
        write_block32(w, f->warnings.text[i], strlen(f->warnings.text[i]));
    }
}

/* System calls that arithmetic, memory and the one socket need. Everything else fails with EPERM:
 * no file, no network, no other process. */
static bool enter_cage(void)
{
    static const int allowed[] = {
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(madvise),
        SCMP_SYS(brk),
        SCMP_SYS(mlock),
        SCMP_SYS(munlock),
        SCMP_SYS(getrandom),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(futex),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(sched_yield),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return false;
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof allowed / sizeof allowed[0]; i++) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    if (rc == 0) {
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                              SCMP_A0(SCMP_CMP_EQ, WORKER_FD, 0));
    }
    if (rc == 0) { /* 2 is standard error: a sanitizer's or the allocator's last words */
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0(SCMP_CMP_GE, STDERR_FILENO, 0));
    }
    if (rc == 0) {
        rc = seccomp_load(filter);
    }
    seccomp_release(filter);
    return rc == 0;
}

static bool prepare_child(int fd)
{
    const struct rlimit seconds = {.rlim_cur = UPLOAD_SECONDS, .rlim_max = UPLOAD_SECONDS};
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           (fd == WORKER_FD || dup2(fd, WORKER_FD) == WORKER_FD) &&
           close_range(WORKER_FD + 1, ~0U, 0) == 0 && setrlimit(RLIMIT_CPU, &seconds) == 0 &&
           setrlimit(RLIMIT_CORE, &none) == 0 && enter_cage();
}

static bool send_problem(uint8_t *frame, const struct problem *problem)
{
    struct kf_writer w = kf_writer_init(frame + 4, FRAME_MAX);
    kf_write_u8(&w, 0);
    problem_write(&w, problem);
    return send_frame(WORKER_FD, frame, w.length);
}

static bool serve_seal(uint8_t *frame, const struct upload_findings *findings, const uint8_t *pkcs8,
                       size_t pkcs8_length)
{
    const struct kf_random random = kf_random_system();
    uint8_t order[ORDER_BYTES];
    struct seal_customer_context context = {.key_type = findings->key_type};
    struct kf_error err = {.message = ""};
    struct problem problem;
    size_t length = 0;
    if (!read_all(WORKER_FD, order, sizeof order)) {
        return true; /* the core needs no seal */
    }
    memcpy(context.policy_id, order, RECORD_POLICY_ID_SIZE - 1);
    memcpy(context.ski, findings->ski, sizeof context.ski);
    enum kf_status st =
        seal_customer_key(frame + 5, FRAME_MAX - 1, &length, &context, pkcs8, pkcs8_length,
                          order + RECORD_POLICY_ID_SIZE - 1, &random, &err);
    if (st != KF_OK) {
        (void)problem_from(&problem, &err);
        return send_problem(frame, &problem);
    }
    frame[4] = 1;
    return send_frame(WORKER_FD, frame, 1 + length);
}

static int child(int fd, const uint8_t *body, size_t length, int64_t now_ms)
{
    if (!prepare_child(fd)) {
        return 1;
    }
    struct upload_findings *findings = calloc(1, sizeof *findings);
    uint8_t *pkcs8 = kf_secret_new(SEAL_PKCS8_MAX);
    uint8_t *frame = malloc(4 + FRAME_MAX);
    struct problem problem = {.http = 0};
    size_t pkcs8_length = 0;
    if (findings == NULL || pkcs8 == NULL || frame == NULL) {
        return 1;
    }
    if (upload_check(findings, pkcs8, SEAL_PKCS8_MAX, &pkcs8_length, body, length, now_ms,
                     &problem) != KF_OK) {
        return send_problem(frame, &problem) ? 0 : 1;
    }
    struct kf_writer w = kf_writer_init(frame + 4, FRAME_MAX);
    kf_write_u8(&w, 1);
    write_findings(&w, findings);
    bool done =
        send_frame(WORKER_FD, frame, w.length) && serve_seal(frame, findings, pkcs8, pkcs8_length);
    return done ? 0 : 1; /* memory is not released: the process ends */
}

/* ---- the core ---- */

/* A key that protects nothing goes once through every path a customer's takes, so that OpenSSL's
 * tables are there before the fork: the workers inherit them. */
static bool warm_openssl(void)
{
    uint8_t der[512];
    size_t length = 0;
    struct problem problem;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *again = NULL;
    bool warm = key != NULL && key_pair_works(key, key) &&
                key_encode(der, sizeof der, &length, key, &problem) == KF_OK;
    if (warm) {
        const uint8_t *at = der;
        again = d2i_AutoPrivateKey(NULL, &at, (long)length);
        warm = again != NULL && EVP_PKEY_eq(key, again) == 1;
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(again);
    kf_wipe(der, sizeof der);
    ERR_clear_error();
    return warm;
}

enum kf_status upload_prepare(struct kf_error *err)
{
    json_object_seed(0);
    tzset();
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                                OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS,
                            NULL) != 1 ||
        !warm_openssl()) {
        return kf_fail(err, KF_ERR_INTERNAL, "OpenSSL does not start");
    }
    return KF_OK;
}

enum kf_status upload_start(struct upload_worker *out, uint8_t *body, size_t length, int64_t now_ms,
                            struct problem *problem)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        kf_secret_free(body);
        return problem_set(problem, KF_ERR_IO, 500, "internal",
                           "no socket for the upload's worker");
    }
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child(pair[1], body, length, now_ms));
    }
    kf_secret_free(body);
    (void)close(pair[1]);
    if (pid < 0) {
        (void)close(pair[0]);
        return problem_set(problem, KF_ERR_MEMORY, 500, "internal",
                           "no process for the upload's worker");
    }
    *out = (struct upload_worker){.pid = pid, .fd = pair[0]};
    return KF_OK;
}

void upload_end(struct upload_worker *worker)
{
    if (worker->pid <= 0) {
        return;
    }
    /* A worker that waits for an order sees the end of file and ends by itself; one that is stuck
     * is killed. Either way its memory is gone when waitpid() returns. */
    (void)close(worker->fd);
    (void)kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *worker = (struct upload_worker){.pid = 0, .fd = -1};
}

/* Reads `length` bytes until the deadline. */
static bool read_until(int fd, uint8_t *data, size_t length, uint64_t deadline_ns)
{
    const struct kf_clock clock = kf_clock_system();
    while (length > 0) {
        uint64_t now = kf_clock_monotonic_ns(&clock);
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (now >= deadline_ns) {
            return false;
        }
        int ready = poll(&wait, 1, (int)((deadline_ns - now) / 1000000) + 1);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        ssize_t n = ready > 0 ? recv(fd, data, length, MSG_DONTWAIT) : 0;
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        length -= (size_t)n;
    }
    return true;
}

/* A frame of the worker, on the heap. */
static bool read_frame(uint8_t **out, size_t *length, const struct upload_worker *worker)
{
    const struct kf_clock clock = kf_clock_system();
    uint64_t deadline = kf_clock_monotonic_ns(&clock) + (uint64_t)UPLOAD_SECONDS * 1000000000;
    uint8_t head[4];
    uint32_t size = 0;
    if (!read_until(worker->fd, head, sizeof head, deadline)) {
        return false;
    }
    struct kf_reader r = kf_reader_init(head, sizeof head);
    if (kf_read_u32be(&size, &r) != KF_OK || size == 0 || size > FRAME_MAX) {
        return false;
    }
    uint8_t *frame = malloc(size);
    if (frame == NULL || !read_until(worker->fd, frame, size, deadline)) {
        free(frame);
        return false;
    }
    *out = frame;
    *length = size;
    return true;
}

static bool read_text32(char *out, size_t capacity, size_t *length, struct kf_reader *r)
{
    struct kf_reader block;
    if (kf_read_block32be(&block, capacity - 1, r) != KF_OK) {
        return false;
    }
    *length = kf_reader_left(&block);
    memcpy(out, block.at, *length);
    out[*length] = '\0';
    return true;
}

static bool read_findings(struct upload_findings *out, struct kf_reader *r)
{
    uint16_t hosts = 0;
    uint8_t type = 0;
    uint8_t warnings = 0;
    size_t length = 0;
    struct kf_reader spki = {0};
    bool ok = kf_read_u16be(&hosts, r) == KF_OK && hosts <= PAYLOAD_HOSTS_MAX;
    for (size_t i = 0; ok && i < hosts; i++) {
        ok = read_text32(out->hosts.names[i], sizeof out->hosts.names[i], &length, r);
    }
    out->hosts.count = hosts;
    ok = ok && read_text32(out->chain, sizeof out->chain, &out->chain_length, r) &&
         read_text32(out->policy, sizeof out->policy, &length, r) &&
         kf_read_copy(out->ski, sizeof out->ski, r) == KF_OK &&
         kf_read_copy(out->fingerprint, sizeof out->fingerprint, r) == KF_OK &&
         kf_read_u8(&type, r) == KF_OK && kf_read_block32be(&spki, sizeof out->spki, r) == KF_OK &&
         kf_read_u8(&warnings, r) == KF_OK && warnings <= WARNINGS_MAX;
    for (size_t i = 0; ok && i < warnings; i++) {
        ok = read_text32(out->warnings.text[i], sizeof out->warnings.text[i], &length, r);
    }
    if (!ok || payload_key_type_name((enum key_type)type) == NULL) {
        return false;
    }
    out->key_type = (enum key_type)type;
    out->warnings.count = warnings;
    out->spki_length = kf_reader_left(&spki);
    memcpy(out->spki, spki.at, out->spki_length);
    return kf_reader_finish(r) == KF_OK;
}

static enum kf_status worker_died(struct problem *problem)
{
    (void)problem_set(problem, KF_ERR_INTERNAL, 500, "internal",
                      "the process that reads uploaded keys ended without an answer");
    problem_hint(problem, "nothing was stored; check chain and key with the openssl tool");
    return KF_ERR_INTERNAL;
}

/* The worker's next word: KF_OK with a reader past the first byte, or its problem. */
static enum kf_status hear(uint8_t **frame, struct kf_reader *r, const struct upload_worker *worker,
                           struct problem *problem)
{
    size_t length = 0;
    uint8_t good = 0;
    if (!read_frame(frame, &length, worker)) {
        return worker_died(problem);
    }
    *r = kf_reader_init(*frame, length);
    if (kf_read_u8(&good, r) == KF_OK && good == 1) {
        return KF_OK;
    }
    enum kf_status st = problem_read(problem, r) == KF_OK && problem->http != 0
                            ? KF_ERR_USAGE
                            : worker_died(problem);
    free(*frame);
    *frame = NULL;
    return st;
}

enum kf_status upload_findings_get(struct upload_findings *out, struct upload_worker *worker,
                                   struct problem *problem)
{
    uint8_t *frame = NULL;
    struct kf_reader r;
    enum kf_status st = hear(&frame, &r, worker, problem);
    if (st == KF_OK && !read_findings(out, &r)) {
        st = worker_died(problem);
    }
    free(frame);
    if (st != KF_OK) {
        upload_end(worker);
    }
    return st;
}

enum kf_status upload_seal(uint8_t *out, size_t capacity, size_t *length,
                           struct upload_worker *worker,
                           const char policy_id[static RECORD_POLICY_ID_SIZE],
                           const uint8_t policy_public[static SEAL_KEY_SIZE],
                           struct problem *problem)
{
    uint8_t order[ORDER_BYTES];
    uint8_t *frame = NULL;
    struct kf_reader r;
    memcpy(order, policy_id, RECORD_POLICY_ID_SIZE - 1);
    memcpy(order + RECORD_POLICY_ID_SIZE - 1, policy_public, SEAL_KEY_SIZE);
    enum kf_status st = write_all(worker->fd, order, sizeof order)
                            ? hear(&frame, &r, worker, problem)
                            : worker_died(problem);
    if (st == KF_OK) {
        size_t size = kf_reader_left(&r);
        if (size > capacity) {
            st = worker_died(problem);
        } else {
            memcpy(out, r.at, size);
            *length = size;
        }
    }
    free(frame);
    upload_end(worker);
    return st;
}
