#include "harness.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

const char *const harness_types[HARNESS_TYPES] = {"rsa2048", "rsa3072", "rsa4096",
                                                  "p256",    "p384",    "ed25519"};

static void path_of(char out[static 2 * HARNESS_PATH_MAX], const struct harness *h,
                    const char *name, const char *suffix)
{
    (void)snprintf(out, (size_t)2 * HARNESS_PATH_MAX, "%s/%s%s", h->folder, name, suffix);
}

static const char *build_path(const char *name)
{
    static char path[1024];
    const char *root = getenv("KF_BUILD_ROOT");
    assert_non_null(root);
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static EVP_PKEY *generate(const char *type)
{
    if (strcmp(type, "ed25519") == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    if (type[0] == 'p') {
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", strcmp(type, "p256") == 0 ? "P-256" : "P-384");
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)atoi(type + 3));
}

/* Runs test_signer with its standard output in the file `to`, or in a pipe that is returned. */
static pid_t spawn(int *from, const char *to, char *const arguments[])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        FILE *f = to == NULL ? NULL : fopen(to, "w");
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(f == NULL ? ends[1] : fileno(f), STDOUT_FILENO);
        (void)execv(arguments[0], arguments);
        _exit(127);
    }
    (void)close(ends[1]);
    *from = ends[0];
    return pid;
}

static void write_reference(const struct harness *h, const char *type)
{
    char key[2 * HARNESS_PATH_MAX];
    char reference[2 * HARNESS_PATH_MAX];
    int from = -1;
    int status = 0;
    path_of(key, h, type, ".key");
    path_of(reference, h, type, ".ref");
    char program[1024];
    (void)snprintf(program, sizeof program, "%s", build_path("tests/unit/provider/test_signer"));
    static char verb[] = "reference";
    char *const arguments[] = {program, verb, key, NULL};
    pid_t pid = spawn(&from, reference, arguments);
    (void)close(from);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void harness_start(struct harness *h)
{
    char path[2 * HARNESS_PATH_MAX];
    memset(h, 0, sizeof *h);
    (void)snprintf(h->folder, sizeof h->folder, "/tmp/keyfence-test-XXXXXX");
    assert_non_null(mkdtemp(h->folder));
    for (size_t i = 0; i < HARNESS_TYPES; i++) {
        h->keys[i] = generate(harness_types[i]);
        assert_non_null(h->keys[i]);
        path_of(path, h, harness_types[i], ".key");
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(PEM_write_PrivateKey(f, h->keys[i], NULL, NULL, 0, NULL, NULL), 1);
        (void)fclose(f);
        write_reference(h, harness_types[i]);
    }
    path_of(path, h, "signer", ".sock");
    assert_int_equal(setenv("KEYFENCE_SIGNER_SOCKET", path, 1), 0);
    path_of(path, h, "relay", ".sock");
    assert_int_equal(setenv("KEYFENCE_RELAY_SOCKET", path, 1), 0);
    assert_int_equal(setenv("KEYFENCE_LOG", getenv("KF_VERBOSE") != NULL ? "stderr" : "none", 1),
                     0);
}

void harness_end(struct harness *h)
{
    static const char *const others[] = {"signer.sock", "relay.sock"};
    char path[2 * HARNESS_PATH_MAX];
    for (size_t i = 0; i < HARNESS_TYPES; i++) {
        EVP_PKEY_free(h->keys[i]);
        path_of(path, h, harness_types[i], ".key");
        (void)unlink(path);
        path_of(path, h, harness_types[i], ".ref");
        (void)unlink(path);
    }
    for (size_t i = 0; i < 2; i++) {
        path_of(path, h, others[i], "");
        (void)unlink(path);
    }
    assert_int_equal(rmdir(h->folder), 0);
}

void harness_load(struct harness *h)
{
    h->libctx = OSSL_LIB_CTX_new();
    assert_non_null(h->libctx);
    assert_int_equal(OSSL_PROVIDER_set_default_search_path(h->libctx, build_path("provider")), 1);
    h->standard = OSSL_PROVIDER_load(h->libctx, "default");
    h->keyfence = OSSL_PROVIDER_load(h->libctx, "keyfence");
    assert_non_null(h->standard);
    if (h->keyfence == NULL) {
        ERR_print_errors_fp(stderr);
    }
    assert_non_null(h->keyfence);
}

void harness_unload(struct harness *h)
{
    assert_int_equal(OSSL_PROVIDER_unload(h->keyfence), 1);
    assert_int_equal(OSSL_PROVIDER_unload(h->standard), 1);
    OSSL_LIB_CTX_free(h->libctx);
}

pid_t harness_signer(const struct harness *h, const char *name, const char *key_option,
                     const char *option, const char *value)
{
    char texts[HARNESS_TYPES][2 * HARNESS_PATH_MAX + 64];
    char *arguments[4 + 2 * HARNESS_TYPES + 2] = {0};
    char program[1024];
    char socket[2 * HARNESS_PATH_MAX];
    char line[16] = {0};
    static char serve[] = "serve";
    static char key[] = "--key";
    int from = -1;
    size_t n = 0;
    (void)snprintf(program, sizeof program, "%s", build_path("tests/unit/provider/test_signer"));
    path_of(socket, h, name, ".sock");
    arguments[n++] = program;
    arguments[n++] = serve;
    arguments[n++] = socket;
    for (size_t i = 0; i < HARNESS_TYPES; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%s/%s.key%s", h->folder, harness_types[i],
                       key_option);
        arguments[n++] = key;
        arguments[n++] = texts[i];
    }
    if (option != NULL) {
        arguments[n++] = (char *)(uintptr_t)option;
        arguments[n++] = (char *)(uintptr_t)value;
    }
    pid_t pid = spawn(&from, NULL, arguments);
    assert_int_equal(read(from, line, sizeof line - 1), 6);
    assert_string_equal(line, "ready\n");
    (void)close(from);
    return pid;
}

void harness_wait(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

void harness_kill(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    harness_wait(pid);
}

EVP_PKEY *harness_load_key(const struct harness *h, size_t type)
{
    char path[2 * HARNESS_PATH_MAX];
    path_of(path, h, harness_types[type], ".ref");
    BIO *b = BIO_new_file(path, "r");
    assert_non_null(b);
    EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(b, NULL, NULL, NULL, h->libctx, NULL);
    BIO_free(b);
    return key;
}

static void use_pss(EVP_PKEY_CTX *c)
{
    assert_true(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) > 0);
}

int harness_sign(const struct harness *h, size_t type, EVP_PKEY *key, const char *digest, int pss)
{
    static const uint8_t text[] = "Be sure to drink your ovaltine!";
    uint8_t signature[512];
    size_t n = sizeof signature;
    EVP_PKEY_CTX *pc = NULL;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    int ok = EVP_DigestSignInit_ex(c, &pc, digest, h->libctx, NULL, key, NULL) == 1;
    if (ok && pss) {
        use_pss(pc);
    }
    ok = ok && EVP_DigestSign(c, signature, &n, text, sizeof text) == 1;
    EVP_MD_CTX_free(c);
    if (!ok) {
        return 0;
    }
    c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit_ex(c, &pc, digest, NULL, NULL, h->keys[type], NULL), 1);
    if (pss) {
        use_pss(pc);
    }
    ok = EVP_DigestVerify(c, signature, n, text, sizeof text);
    EVP_MD_CTX_free(c);
    return ok == 1 ? 1 : -1;
}

int harness_error_says(const char *text)
{
    int found = 0;
    const char *data = NULL;
    int flags = 0;
    unsigned long e = 0;
    while ((e = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        const char *reason = ERR_reason_error_string(e);
        found |= reason != NULL && strstr(reason, text) != NULL;
        found |= (flags & ERR_TXT_STRING) != 0 && data != NULL && strstr(data, text) != NULL;
    }
    return found;
}
