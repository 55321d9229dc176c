/* What the provider's tests share: keys, a test signer as a child process, a library context with
 * the provider loaded from the build. */
#ifndef KEYFENCE_TESTS_PROVIDER_HARNESS_H
#define KEYFENCE_TESTS_PROVIDER_HARNESS_H

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <sys/types.h>

enum { HARNESS_TYPES = 6, HARNESS_PATH_MAX = 256 };

/* rsa2048 rsa3072 rsa4096 p256 p384 ed25519 */
extern const char *const harness_types[HARNESS_TYPES];

struct harness {
    char folder[HARNESS_PATH_MAX]; /* TYPE.key, TYPE.ref; signer.sock; relay.sock */
    EVP_PKEY *keys[HARNESS_TYPES]; /* the real ones, of the default context */
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *standard;
    OSSL_PROVIDER *keyfence;
};

/* Makes keys and references. Asserts on failure, as all of these do. */
void harness_start(struct harness *h);
void harness_end(struct harness *h);
/* Loads the provider into a fresh context; settings come from the environment, which is set. */
void harness_load(struct harness *h);
void harness_unload(struct harness *h);

/* Starts a test signer at FOLDER/NAME.sock with all keys, each with the option text ("" or
 * ",delay=20"), and up to one more option with its value (NULL for none). Returns when it serves.
 */
pid_t harness_signer(const struct harness *h, const char *name, const char *key_option,
                     const char *option, const char *value);
void harness_kill(pid_t pid);
void harness_wait(pid_t pid);

/* The key of a type by its reference, through the provider. */
EVP_PKEY *harness_load_key(const struct harness *h, size_t type);
/* Signs with `key` in h's context and verifies with the real key. 1 good, 0 signing failed, -1 a
 * signature that does not verify. pss for RSA. */
int harness_sign(const struct harness *h, size_t type, EVP_PKEY *key, const char *digest, int pss);
/* True when the text of an error on the queue contains `text`; empties the queue. */
int harness_error_says(const char *text);

#endif
