/* A customer's private key as it arrives: one PEM block, of a supported type, not encrypted.
 *
 * Runs where the key may be in the clear: in the upload worker, which ends after the answer.
 * Supported: RSA of 2048, 3072 or 4096 bits, P-256, P-384, Ed25519. Threads: values only. */
#ifndef KEYFENCE_CORE_KEY_CHECK_H
#define KEYFENCE_CORE_KEY_CHECK_H

#include "envelope/payload.h"
#include "problem.h"

#include <openssl/evp.h>

enum { KEY_PEM_MAX = 16 * 1024, KEY_DER_MAX = 12 * 1024 };

#define KEY_TYPES_TEXT "RSA-2048, RSA-3072, RSA-4096, P-256, P-384 and Ed25519"

/* Loads the key of a PEM text. Codes: key_malformed, key_encrypted, key_unsupported, key_too_long.
 * The caller frees *out. */
KF_MUST_USE enum kf_status key_load(EVP_PKEY **out, enum key_type *type, const char *pem,
                                    size_t length, struct problem *problem);

/* The type of a public or private key; KF_ERR_UNSUPPORTED with a name for people in `name`. */
KF_MUST_USE enum kf_status key_type_of(enum key_type *out, char *name, size_t name_size,
                                       const EVP_PKEY *key);

/* Signs with the private key and verifies with the public one, and checks that the secret numbers
 * of an RSA key belong together: what a damaged or exchanged number in a well-formed file does not
 * survive. */
bool key_pair_works(EVP_PKEY *private_key, EVP_PKEY *public_key);

/* PKCS#8 DER into out. */
KF_MUST_USE enum kf_status key_encode(uint8_t *out, size_t capacity, size_t *length,
                                      const EVP_PKEY *key, struct problem *problem);

#endif
