/* A key as OpenSSL sees it: the public half, and the name of the private half.
 *
 * Immutable and reference-counted: contexts share it, in any thread. */
#ifndef KEYFENCE_PROVIDER_KEY_INT_H
#define KEYFENCE_PROVIDER_KEY_INT_H

#include "provider_int.h"

#include <openssl/evp.h>
#include <stdatomic.h>

struct key {
    atomic_uint references;
    const struct provider *provider;
    enum keyless_family family;
    uint8_t ski[KEYLESS_SKI_LENGTH];
    bool has_private;     /* false for a public key that OpenSSL had us import */
    EVP_PKEY *public_key; /* of the private libctx; NULL in an empty key */
    size_t size;          /* longest signature, and RSA's modulus, in bytes */
};

/* An empty key with one reference, or NULL. */
struct key *key_new(const struct provider *p, enum keyless_family family);
/* A key from a key reference in DER. Raises and returns NULL when the reference is malformed, of a
 * kind that is not served, or when its identifier is not that of its public key. */
struct key *key_from_reference(const struct provider *p, const uint8_t *der, size_t length);
struct key *key_ref(struct key *key);
void key_free(struct key *key);
/* Gives an empty key its public half; takes ownership of public_key. */
void key_set_public(struct key *key, EVP_PKEY *public_key);
/* OpenSSL's name of a family of keys: "RSA", "EC", "ED25519". */
const char *key_type_name(enum keyless_family family);

#endif
