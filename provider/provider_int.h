/* What the parts of the OpenSSL provider share: its context, its reasons, its dispatch tables.
 *
 * One struct provider per OSSL_LIB_CTX that loads the module. It is constant once made, apart from
 * what the client and the log guard themselves, so every function may run in any thread. Nothing
 * here is secret: the provider holds public keys and the names of private ones. */
#ifndef KEYFENCE_PROVIDER_PROVIDER_INT_H
#define KEYFENCE_PROVIDER_PROVIDER_INT_H

#include "client.h"
#include "log_int.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>

#define PROVIDER_NAME       "keyfence"
#define PROVIDER_PROPERTIES "provider=keyfence"
/* What the first decoder calls the DER that it hands to the second. */
#define PROVIDER_STRUCTURE "keyfence-key-reference"

struct provider {
    const OSSL_CORE_HANDLE *handle;
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
    OSSL_FUNC_core_get_params_fn *get_params;
    OSSL_LIB_CTX *libctx; /* a private one, with the default provider: digests, public keys */
    struct client *client;
    struct log *log;
};

/* Reasons on OpenSSL's error queue: an enum keyless_error, an enum client_failure, or these. */
enum provider_reason {
    REASON_BAD_REFERENCE = 0x201,
    REASON_UNSUPPORTED = 0x202,
    REASON_MEMORY = 0x203,
    REASON_DIGEST = 0x204,
    REASON_BUFFER = 0x205,
    REASON_PRIVATE_IMPORT = 0x206,
};

/* Puts an error on the calling thread's queue. Returns 0, what a failing function returns. */
int provider_raise(const struct provider *p, const char *file, int line, int reason,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
#define RAISE(p, reason, ...) provider_raise(p, __FILE__, __LINE__, reason, __VA_ARGS__)

/* Has an operation done with the key: pauses the ASYNC job when there is one, else blocks. On
 * failure raises an error and returns 0. operation.c */
struct key;
int operation_run(const struct provider *p, const struct key *key,
                  const struct keyless_operation *operation, const uint8_t *payload,
                  size_t payload_length, uint8_t *out, size_t *length, size_t capacity);

extern const OSSL_ALGORITHM provider_decoders[];
extern const OSSL_ALGORITHM provider_keymgmts[];
extern const OSSL_ALGORITHM provider_signatures[];
extern const OSSL_ALGORITHM provider_asym_ciphers[];

#endif
