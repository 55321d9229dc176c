/* A signer for tests: a real server of the Keyless protocol with real keys and bad manners to
 * order.
 *
 *   test_signer reference KEY.pem            writes the key's reference to standard output
 *   test_signer serve SOCKET OPTIONS         serves until it is killed; prints "ready" when it can
 *     --key FILE[,delay=MS][,error=CODE]     a key, how slowly it signs, or how it refuses
 *     --reason TEXT                          goes with every refusal
 *     --die-after N                          exits without an answer at the Nth request
 *     --drop-every N                         closes the connection instead of each Nth answer
 *
 * It answers the operation "status" with {"requests":N,"connections":N}, both since the start.
 */
#include "keyless/frame.h"
#include "keyless/key_reference.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { KEYS_MAX = 16, PEERS_MAX = 64, LATER_MAX = 4096, BUFFER = 1 << 20 };

struct served_key {
    EVP_PKEY *key;
    uint8_t ski[KEYLESS_SKI_LENGTH];
    unsigned delay_ms;
    unsigned error;
};

struct peer {
    int descriptor;
    unsigned serial;
    size_t length;
    uint8_t *in;
};

struct later {
    bool used;
    uint64_t at_ms;
    unsigned serial;
    size_t length;
    uint8_t frame[2 * KEYLESS_PADDED_LENGTH];
};

static struct served_key keys[KEYS_MAX];
static size_t key_count;
static struct peer peers[PEERS_MAX];
static struct later later[LATER_MAX];
static const char *refusal_reason;
static unsigned die_after;
static unsigned drop_every;
static unsigned requests;
static unsigned serials;

static void fail(const char *what)
{
    (void)fprintf(stderr, "test_signer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static EVP_PKEY *load_key(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail(path);
    }
    EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    (void)fclose(f);
    if (key == NULL) {
        fail("no private key in the file");
    }
    return key;
}

/* The caller frees *spki with OPENSSL_free. */
static void describe(uint8_t ski[KEYLESS_SKI_LENGTH], unsigned char **spki, int *length,
                     EVP_PKEY *key)
{
    enum keyless_family family;
    struct keyless_bytes bits;
    size_t n = 0;
    *spki = NULL;
    *length = i2d_PUBKEY(key, spki);
    if (*length <= 0 || keyless_spki_read(&family, &bits, *spki, (size_t)*length) != KF_OK ||
        EVP_Q_digest(NULL, "SHA1", NULL, bits.data, bits.length, ski, &n) != 1) {
        fail("public key");
    }
}

static int write_reference(const char *path)
{
    struct keyless_reference r;
    char pem[KEYLESS_REFERENCE_PEM_MAX];
    size_t pem_length = 0;
    unsigned char *spki = NULL;
    int n = 0;
    EVP_PKEY *key = load_key(path);
    describe(r.ski, &spki, &n, key);
    r.spki = (struct keyless_bytes){.data = spki, .length = (size_t)n};
    if (keyless_reference_write_pem(pem, &pem_length, sizeof pem, &r) != KF_OK) {
        fail("reference");
    }
    (void)fputs(pem, stdout);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    return 0;
}

static void add_key(char *text)
{
    struct served_key *k = &keys[key_count++];
    unsigned char *spki = NULL;
    int n = 0;
    char *save = NULL;
    const char *path = strtok_r(text, ",", &save);
    k->key = load_key(path);
    describe(k->ski, &spki, &n, k->key);
    OPENSSL_free(spki);
    for (char *o = strtok_r(NULL, ",", &save); o != NULL; o = strtok_r(NULL, ",", &save)) {
        if (strncmp(o, "delay=", 6) == 0) {
            k->delay_ms = (unsigned)strtoul(o + 6, NULL, 0);
        } else if (strncmp(o, "error=", 6) == 0) {
            k->error = (unsigned)strtoul(o + 6, NULL, 0);
        }
    }
}

static bool use_key(EVP_PKEY *key, const struct keyless_operation *o,
                    const struct keyless_message *m, uint8_t *out, size_t *length)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    const EVP_MD *md =
        o->hash == KEYLESS_HASH_NONE ? NULL : EVP_get_digestbyname(keyless_hash_name(o->hash));
    bool ok = false;
    if (o->kind == KEYLESS_KIND_DECRYPT) {
        ok = EVP_PKEY_decrypt_init(c) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) == 1 &&
             EVP_PKEY_decrypt(c, out, length, m->payload.data, m->payload.length) == 1;
    } else if (o->family == KEYLESS_FAMILY_ED25519) {
        EVP_MD_CTX *d = EVP_MD_CTX_new();
        ok = EVP_DigestSignInit(d, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestSign(d, out, length, m->payload.data, m->payload.length) == 1;
        EVP_MD_CTX_free(d);
    } else {
        ok = EVP_PKEY_sign_init(c) == 1 && EVP_PKEY_CTX_set_signature_md(c, md) == 1;
        if (ok && o->pss) {
            ok = EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1;
        }
        ok = ok && EVP_PKEY_sign(c, out, length, m->payload.data, m->payload.length) == 1;
    }
    EVP_PKEY_CTX_free(c);
    return ok;
}

static const struct served_key *find_key(const struct keyless_message *m)
{
    for (size_t i = 0; i < key_count; i++) {
        if (memcmp(keys[i].ski, m->ski.data, KEYLESS_SKI_LENGTH) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

/* Computes the answer and puts it where it waits for its time. */
static void answer(const struct peer *p, const struct keyless_message *m)
{
    uint8_t out[KEYLESS_SIGNATURE_MAX];
    size_t n = sizeof out;
    char status[128];
    struct keyless_message reply =
        keyless_answer_error(m->id, (uint8_t)keyless_request_check(m), NULL);
    unsigned delay = 0;
    if (m->opcode == KEYLESS_OP_STATUS) {
        int length = snprintf(status, sizeof status, "{\"requests\":%u,\"connections\":%u}",
                              requests, serials);
        reply = keyless_answer_make(m->id, (const uint8_t *)status, (size_t)length);
    } else if (reply.error == KEYLESS_ERR_NONE) {
        const struct served_key *k = find_key(m);
        const struct keyless_operation *o = keyless_operation_find(m->opcode);
        delay = k == NULL ? 0 : k->delay_ms;
        if (k == NULL || k->error != 0) {
            reply = keyless_answer_error(
                m->id, k == NULL ? KEYLESS_ERR_KEY_NOT_FOUND : (uint8_t)k->error, refusal_reason);
        } else if (use_key(k->key, o, m, out, &n)) {
            reply = keyless_answer_make(m->id, out, n);
        } else {
            reply = keyless_answer_error(m->id, KEYLESS_ERR_CRYPTO, NULL);
        }
    }
    size_t i = 0;
    while (i < LATER_MAX && later[i].used) {
        i++;
    }
    if (i == LATER_MAX || keyless_frame_write(later[i].frame, &later[i].length,
                                              sizeof later[i].frame, &reply) != KF_OK) {
        fail("answer");
    }
    later[i].used = true;
    later[i].serial = p->serial;
    later[i].at_ms = now_ms() + delay;
}

static void drop_peer(struct peer *p)
{
    (void)close(p->descriptor);
    free(p->in);
    *p = (struct peer){.descriptor = -1};
}

static struct peer *find_peer(unsigned serial)
{
    for (size_t i = 0; i < PEERS_MAX; i++) {
        if (peers[i].descriptor >= 0 && peers[i].serial == serial) {
            return &peers[i];
        }
    }
    return NULL;
}

static void send_due(void)
{
    static unsigned answers;
    uint64_t now = now_ms();
    for (size_t i = 0; i < LATER_MAX; i++) {
        if (!later[i].used || later[i].at_ms > now) {
            continue;
        }
        struct peer *p = find_peer(later[i].serial);
        later[i].used = false;
        answers++;
        if (p != NULL && drop_every != 0 && answers % drop_every == 0) {
            drop_peer(p);
        } else if (p != NULL && send(p->descriptor, later[i].frame, later[i].length,
                                     MSG_NOSIGNAL) != (ssize_t)later[i].length) {
            drop_peer(p);
        }
    }
}

static int wait_ms(void)
{
    uint64_t now = now_ms();
    int wait = -1;
    for (size_t i = 0; i < LATER_MAX; i++) {
        if (later[i].used) {
            int w = later[i].at_ms > now ? (int)(later[i].at_ms - now) : 0;
            wait = wait < 0 || w < wait ? w : wait;
        }
    }
    return wait;
}

static void serve_peer(struct peer *p)
{
    ssize_t n = recv(p->descriptor, p->in + p->length, BUFFER - p->length, 0);
    if (n <= 0) {
        drop_peer(p);
        return;
    }
    p->length += (size_t)n;
    size_t at = 0;
    size_t needed = 0;
    struct keyless_message m;
    while (at < p->length &&
           keyless_frame_measure(&needed, p->in + at, p->length - at, KEYLESS_BODY_MAX) == KF_OK &&
           needed <= p->length - at) {
        if (keyless_frame_read(&m, p->in + at, needed) != KF_OK) {
            fail("malformed request");
        }
        requests += m.opcode == KEYLESS_OP_STATUS ? 0 : 1;
        if (die_after != 0 && requests >= die_after) {
            _exit(3);
        }
        answer(p, &m);
        at += needed;
    }
    memmove(p->in, p->in + at, p->length - at);
    p->length -= at;
}

static void accept_peer(int listener)
{
    int d = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (size_t i = 0; d >= 0 && i < PEERS_MAX; i++) {
        if (peers[i].descriptor < 0) {
            peers[i] = (struct peer){.descriptor = d, .serial = ++serials, .in = malloc(BUFFER)};
            return;
        }
    }
    (void)close(d);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    int d = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d < 0 || bind(d, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0666) != 0 || listen(d, 512) != 0) {
        fail(path);
    }
    return d;
}

static _Noreturn void serve(int listener)
{
    for (;;) {
        struct pollfd p[PEERS_MAX + 1] = {{.fd = listener, .events = POLLIN}};
        for (size_t i = 0; i < PEERS_MAX; i++) {
            p[i + 1] = (struct pollfd){.fd = peers[i].descriptor, .events = POLLIN};
        }
        if (poll(p, PEERS_MAX + 1, wait_ms()) < 0 && errno != EINTR) {
            fail("poll");
        }
        for (size_t i = 0; i < PEERS_MAX; i++) {
            if (p[i + 1].revents != 0 && peers[i].descriptor >= 0) {
                serve_peer(&peers[i]);
            }
        }
        if (p[0].revents != 0) {
            accept_peer(listener);
        }
        send_due();
    }
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "reference") == 0) {
        return write_reference(argv[2]);
    }
    if (argc < 3 || strcmp(argv[1], "serve") != 0) {
        (void)fprintf(stderr, "usage: test_signer reference KEY | serve SOCKET OPTIONS\n");
        return 2;
    }
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--key") == 0 && key_count < KEYS_MAX) {
            add_key(argv[i + 1]);
        } else if (strcmp(argv[i], "--reason") == 0) {
            refusal_reason = argv[i + 1];
        } else if (strcmp(argv[i], "--die-after") == 0) {
            die_after = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--drop-every") == 0) {
            drop_every = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else {
            (void)fprintf(stderr, "test_signer: %s?\n", argv[i]);
            return 2;
        }
    }
    for (size_t i = 0; i < PEERS_MAX; i++) {
        peers[i].descriptor = -1;
    }
    int listener = listen_at(argv[2]);
    (void)puts("ready");
    (void)fflush(stdout);
    serve(listener);
}
