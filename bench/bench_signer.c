/* What the signer costs over the cryptography itself: processor time for each signature, of the
 * whole process, with many requests in flight on one connection, beside that of the same operation
 * called directly (processor time, because a busy neighbour disturbs it least); and the time of one
 * request at a time, of a key that opens here and of one that does not. */
#include "fixture.h"
#include "operations.h"

#include "keyless/frame.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 2, IN_FLIGHT = 64, ROUND_TRIPS = 2000, FRAME_SIZE = 1024 };
static const double seconds = 1.5;

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double cpu_seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Microseconds of processor time for one operation. */
static double direct_cost(EVP_PKEY *pkey, const struct keyless_operation *operation)
{
    uint8_t digest[64] = {1};
    uint8_t out[512];
    size_t length = 0;
    uint64_t count = 0;
    double start = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    double used = 0;
    while (used < seconds) {
        if (signer_operation_run(out, sizeof out, &length, pkey, operation, digest, 32) != KF_OK) {
            fail("sign");
        }
        count++;
        used = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    }
    return used / (double)count * 1e6;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        fail(path);
    }
    memcpy(address.sun_path, path, strlen(path));
    for (int tries = 0; tries < 1000; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            return fd;
        }
        (void)close(fd);
        (void)usleep(10000);
    }
    fail("connect");
    return -1;
}

static void ask(int fd, uint32_t id, const struct fixture_key *key, uint8_t opcode)
{
    uint8_t frame[FRAME_SIZE * 2];
    uint8_t digest[32] = {1};
    size_t length = 0;
    const struct keyless_message message = {
        .id = id,
        .opcode = opcode,
        .payload = {digest, sizeof digest},
        .ski = {key->ski, sizeof key->ski},
    };
    if (keyless_frame_write(frame, &length, sizeof frame, &message) != KF_OK ||
        send(fd, frame, length, MSG_NOSIGNAL) != (ssize_t)length) {
        fail("send");
    }
}

/* Every answer here is padded to the same size. */
static uint8_t take(int fd)
{
    uint8_t frame[FRAME_SIZE];
    struct keyless_message message;
    if (recv(fd, frame, sizeof frame, MSG_WAITALL) != (ssize_t)sizeof frame ||
        keyless_frame_read(&message, frame, sizeof frame) != KF_OK) {
        fail("receive");
    }
    return message.error;
}

/* The same over the socket: what the signer's process spent; *rate is signatures a second. */
static double socket_cost(double *rate, int fd, clockid_t signer, const struct fixture_key *key,
                          uint8_t opcode)
{
    uint32_t sent = 0;
    uint64_t count = 0;
    double cpu = cpu_seconds(signer);
    double start = now();
    while (sent < IN_FLIGHT) {
        ask(fd, sent++, key, opcode);
    }
    while (count < sent) {
        if (take(fd) != 0) {
            fail("an error was answered");
        }
        count++;
        if (now() - start < seconds) {
            ask(fd, sent++, key, opcode);
        }
    }
    *rate = (double)count / (now() - start);
    return (cpu_seconds(signer) - cpu) / (double)count * 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void round_trips(const char *name, int fd, const struct fixture_key *key, uint8_t opcode)
{
    static double times[ROUND_TRIPS];
    for (int i = 0; i < ROUND_TRIPS; i++) {
        double start = now();
        ask(fd, (uint32_t)i, key, opcode);
        (void)take(fd);
        times[i] = (now() - start) * 1e6;
    }
    (void)printf("%-22s first %8.0f us", name, times[0]);
    qsort(times, ROUND_TRIPS, sizeof times[0], compare);
    (void)printf("   median %7.1f us   p99 %7.1f us\n", times[ROUND_TRIPS / 2],
                 times[ROUND_TRIPS * 99 / 100]);
}

static pid_t start_signer(const char *folder)
{
    char program[FIXTURE_PATH] = "";
    char config[FIXTURE_PATH + 32];
    if (readlink("/proc/self/exe", program, sizeof program - 64) < 0) {
        fail("/proc/self/exe");
    }
    (void)strcpy(strrchr(program, '/'), "/../daemon/signer/keyfence-signer");
    (void)snprintf(config, sizeof config, "%s/edge.yaml", folder);
    FILE *file = fopen(config, "w");
    if (file == NULL) {
        fail(config);
    }
    (void)fprintf(file,
                  "machine: %s\ndatacenter: par\nstate: %s/state\nrun: %s/run\nsync:\n"
                  "  core: unix:/nowhere\nrelay:\n  listen: 127.0.0.1:1\nsigner:\n  workers: %d\n",
                  FIXTURE_MACHINE, folder, folder, WORKERS);
    (void)fclose(file);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(1);
        }
        (void)execl(program, "keyfence-signer", "--config", config, (char *)NULL);
        _exit(1);
    }
    return child;
}

int main(void)
{
    static const struct {
        const char *name;
        enum key_type type;
        uint8_t opcode;
    } cases[] = {
        {"ECDSA P-256", KEY_P256, KEYLESS_OP_ECDSA_SHA256},
        {"ECDSA P-384", KEY_P384, KEYLESS_OP_ECDSA_SHA256},
        {"Ed25519", KEY_ED25519, KEYLESS_OP_ED25519},
        {"RSA-2048 PSS", KEY_RSA_2048, KEYLESS_OP_RSA_PSS_SHA256},
        {"RSA-4096 PSS", KEY_RSA_4096, KEYLESS_OP_RSA_PSS_SHA256},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    char folder[FIXTURE_PATH];
    char state[FIXTURE_PATH + 32];
    char path[FIXTURE_PATH + 32];
    static struct fixture fixture;
    struct fixture_key keys[CASES];
    struct fixture_key elsewhere;
    fixture_folder(folder);
    (void)snprintf(state, sizeof state, "%s/state", folder);
    if (mkdir(state, 0700) != 0) {
        fail(state);
    }
    fixture_open(&fixture, state);
    fixture_generation(&fixture, 1);
    fixture_issue(&fixture, 1, "country: FR, region_EU: yes");
    const struct fixture_policy *here = fixture_policy(&fixture, "country: FR", 1);
    for (int i = 0; i < CASES; i++) {
        fixture_key(&keys[i], &fixture, cases[i].type, here);
    }
    fixture_key(&elsewhere, &fixture, KEY_P256, fixture_policy(&fixture, "country: US", 1));
    pid_t signer = start_signer(folder);
    (void)snprintf(path, sizeof path, "%s/run/signer.sock", folder);
    int fd = connect_to(path);
    round_trips("one at a time", fd, &keys[0], KEYLESS_OP_ECDSA_SHA256);
    round_trips("does not open here", fd, &elsewhere, KEYLESS_OP_ECDSA_SHA256);
    clockid_t clock;
    if (clock_getcpuclockid(signer, &clock) != 0) {
        fail("clock");
    }
    (void)printf("%-14s %14s %14s %7s %14s\n", "", "direct", "signer", "", "signatures/s");
    for (int i = 0; i < CASES; i++) {
        const struct keyless_operation *operation = keyless_operation_find(cases[i].opcode);
        double rate = 0;
        double direct = direct_cost(keys[i].pkey, operation);
        double served = socket_cost(&rate, fd, clock, &keys[i], cases[i].opcode);
        (void)printf("%-14s %11.1f us %11.1f us %5.0f %% %14.0f\n", cases[i].name, direct, served,
                     100 * served / direct, rate);
        fixture_key_clear(&keys[i]);
    }
    fixture_key_clear(&elsewhere);
    (void)close(fd);
    (void)kill(signer, SIGTERM);
    (void)waitpid(signer, NULL, 0);
    fixture_close(&fixture);
    fixture_remove(folder);
    return 0;
}
