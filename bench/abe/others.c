/* What the pairing and the scheme are compared with, measured on command (see driver.h): RSA-2048
 * (OAEP with SHA-256, a long message in chunks of 190 bytes), X25519 (libsodium's sealed boxes),
 * and blst's product of 11 pairings when the environment's BLST_LIBRARY names its libblst.so.
 *
 * Of blst's public interface (bindings/blst.h) a few functions are declared here; its library is
 * not part of this project and is loaded when it is there. */
#include "driver.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE = 23, LONG_MESSAGE = 10000, RSA_BITS = 2048, RSA_CHUNK = 190, PAIRS = 11 };

static const unsigned char message[LONG_MESSAGE];

/* RSA. */

static EVP_PKEY *rsa_key, *rsa_made;
static unsigned char rsa_ciphertext[RSA_BITS / 8];

static void run_rsa_keygen(void *context)
{
    (void)context;
    rsa_made = EVP_RSA_gen(RSA_BITS);
    bench_require(rsa_made != NULL, "RSA key");
}

static void release_rsa_keygen(void *context)
{
    (void)context;
    EVP_PKEY_free(rsa_made);
}

static EVP_PKEY_CTX *rsa_context(int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(rsa_key, NULL);
    bench_require(c != NULL && init(c) > 0 &&
                      EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) > 0 &&
                      EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) > 0,
                  "RSA");
    return c;
}

static size_t rsa_encrypt(const unsigned char *in, size_t length)
{
    EVP_PKEY_CTX *c = rsa_context(EVP_PKEY_encrypt_init);
    size_t got = sizeof rsa_ciphertext;
    bench_require(EVP_PKEY_encrypt(c, rsa_ciphertext, &got, in, length) > 0, "RSA encryption");
    EVP_PKEY_CTX_free(c);
    return got;
}

static void run_rsa_encrypt(void *context)
{
    (void)context;
    (void)rsa_encrypt(message, MESSAGE);
}

static void run_rsa_decrypt(void *context)
{
    unsigned char out[RSA_BITS / 8];
    size_t got = sizeof out;
    EVP_PKEY_CTX *c = rsa_context(EVP_PKEY_decrypt_init);
    (void)context;
    bench_require(EVP_PKEY_decrypt(c, out, &got, rsa_ciphertext, sizeof rsa_ciphertext) > 0 &&
                      got == MESSAGE,
                  "RSA decryption");
    EVP_PKEY_CTX_free(c);
}

static void rsa_size(size_t out[static 3])
{
    size_t total = 0;
    for (size_t done = 0; done < LONG_MESSAGE; done += RSA_CHUNK) {
        size_t left = LONG_MESSAGE - done;
        total += rsa_encrypt(message + done, left < RSA_CHUNK ? left : RSA_CHUNK);
    }
    (void)rsa_encrypt(message, MESSAGE); /* what decryption opens */
    out[0] = (size_t)i2d_PrivateKey(rsa_key, NULL);
    out[1] = RSA_BITS / 8; /* the modulus, as the post counts it */
    out[2] = total - LONG_MESSAGE;
}

/* X25519. */

static unsigned char box_public[crypto_box_PUBLICKEYBYTES], box_secret[crypto_box_SECRETKEYBYTES];
static unsigned char box_ciphertext[crypto_box_SEALBYTES + MESSAGE];

static void run_box_keygen(void *context)
{
    unsigned char p[crypto_box_PUBLICKEYBYTES], s[crypto_box_SECRETKEYBYTES];
    (void)context;
    bench_require(crypto_box_keypair(p, s) == 0, "X25519 key");
}

static void run_box_encrypt(void *context)
{
    (void)context;
    bench_require(crypto_box_seal(box_ciphertext, message, MESSAGE, box_public) == 0, "sealing");
}

static void run_box_decrypt(void *context)
{
    unsigned char out[MESSAGE];
    (void)context;
    bench_require(crypto_box_seal_open(out, box_ciphertext, sizeof box_ciphertext, box_public,
                                       box_secret) == 0,
                  "opening");
}

/* blst. */

struct blst_point1 { /* blst_p1_affine */
    uint64_t x[6], y[6];
};
struct blst_point2 { /* blst_p2_affine */
    uint64_t x[12], y[12];
};
struct blst_gt { /* blst_fp12 */
    uint64_t limb[72];
};

static struct {
    void *handle;
    void (*miller_loop_n)(struct blst_gt *, const struct blst_point2 *const *,
                          const struct blst_point1 *const *, size_t);
    void (*final_exp)(struct blst_gt *, const struct blst_gt *);
    struct blst_point1 p[PAIRS];
    struct blst_point2 q[PAIRS];
} blst;

static void *blst_symbol(const char *name)
{
    void *symbol = dlsym(blst.handle, name);
    bench_require(symbol != NULL, name);
    return symbol;
}

/* POSIX's way around that no object pointer is a function's. */
#define BLST_FUNCTION(pointer, name) (*(void **)&(pointer) = blst_symbol(name))

static bool blst_load(void)
{
    const char *path = getenv("BLST_LIBRARY");
    void (*mult1)(uint64_t *, const uint64_t *, const uint8_t *, size_t);
    void (*mult2)(uint64_t *, const uint64_t *, const uint8_t *, size_t);
    void (*affine1)(struct blst_point1 *, const uint64_t *);
    void (*affine2)(struct blst_point2 *, const uint64_t *);
    const uint64_t *(*generator1)(void);
    const uint64_t *(*generator2)(void);
    uint64_t point[36];
    if (path == NULL || *path == '\0' || (blst.handle = dlopen(path, RTLD_NOW)) == NULL) {
        return false;
    }
    BLST_FUNCTION(blst.miller_loop_n, "blst_miller_loop_n");
    BLST_FUNCTION(blst.final_exp, "blst_final_exp");
    BLST_FUNCTION(mult1, "blst_p1_mult");
    BLST_FUNCTION(mult2, "blst_p2_mult");
    BLST_FUNCTION(affine1, "blst_p1_to_affine");
    BLST_FUNCTION(affine2, "blst_p2_to_affine");
    BLST_FUNCTION(generator1, "blst_p1_generator");
    BLST_FUNCTION(generator2, "blst_p2_generator");
    for (int i = 0; i < PAIRS; i++) {
        uint8_t k[32];
        memset(k, i + 3, sizeof k);
        mult1(point, generator1(), k, 255);
        affine1(&blst.p[i], point);
        mult2(point, generator2(), k, 255);
        affine2(&blst.q[i], point);
    }
    return true;
}

static void run_blst_product(void *context)
{
    const struct blst_point1 *p[PAIRS];
    const struct blst_point2 *q[PAIRS];
    struct blst_gt f;
    (void)context;
    for (int i = 0; i < PAIRS; i++) {
        p[i] = &blst.p[i];
        q[i] = &blst.q[i];
    }
    blst.miller_loop_n(&f, q, p, PAIRS);
    blst.final_exp(&f, &f);
}

static bool size(const char *operation, void *context, size_t out[static 3])
{
    (void)context;
    if (strcmp(operation, "rsa-2048") == 0) {
        rsa_size(out);
        return true;
    }
    if (strcmp(operation, "x25519") == 0) {
        out[0] = crypto_box_SECRETKEYBYTES;
        out[1] = crypto_box_PUBLICKEYBYTES;
        out[2] = crypto_box_SEALBYTES;
        return true;
    }
    return false;
}

static const struct bench_operation operations[] = {
    {"rsa-2048-keygen", false, false, NULL, run_rsa_keygen, release_rsa_keygen},
    {"rsa-2048-encrypt", false, false, NULL, run_rsa_encrypt, NULL},
    {"rsa-2048-decrypt", false, false, NULL, run_rsa_decrypt, NULL},
    {"x25519-keygen", false, false, NULL, run_box_keygen, NULL},
    {"x25519-encrypt", false, false, NULL, run_box_encrypt, NULL},
    {"x25519-decrypt", false, false, NULL, run_box_decrypt, NULL},
    {"blst-pairing-product-11", false, false, NULL, run_blst_product, NULL},
    {0},
};

int main(void)
{
    bool has_blst = blst_load();
    const struct bench_driver driver = {has_blst ? "with blst" : "without blst",
                                        OpenSSL_version(OPENSSL_VERSION), operations, NULL, size};
    bench_require(sodium_init() >= 0, "libsodium");
    rsa_key = EVP_RSA_gen(RSA_BITS);
    bench_require(rsa_key != NULL, "RSA key");
    bench_require(crypto_box_keypair(box_public, box_secret) == 0, "X25519 key");
    (void)rsa_encrypt(message, MESSAGE);
    run_box_encrypt(NULL);
    int status = bench_serve(&driver);
    EVP_PKEY_free(rsa_key);
    return status;
}
