/* What the signer does with a customer's key: sign, or decrypt, once.
 *
 * The operation must fit the key's type, and the payload must have the length of the operation's
 * digest, so that no caller can have a value signed that is not a digest (RSA decryption excepted,
 * which is the bare operation and whose padding the caller undoes).
 *
 * Threads: any; a key may be used by several at once. Constant-time: RSA runs blinded and its CRT
 * result is checked against the public exponent before it leaves OpenSSL, ECDSA and Ed25519 by
 * OpenSSL's constant-time code. Nothing here branches on key material.
 *
 * PSS: salt as long as the digest, MGF1 with the same hash (RFC 8446, 4.2.3). ECDSA: the DER form
 * (RFC 3279, 2.2.3). */
#ifndef KEYFENCE_SIGNER_OPERATIONS_H
#define KEYFENCE_SIGNER_OPERATIONS_H

#include "base/status.h"
#include "keyless/protocol.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An enum key_type of records (envelope/payload.h), or 0 when the key is none of these. */
uint8_t signer_key_type_of(const EVP_PKEY *key);

/* Runs one operation and writes at most capacity bytes to out (the key's size always suffices).
 * KF_ERR_UNSUPPORTED: not an operation with a customer's key. KF_ERR_USAGE: the operation does not
 * fit the key's type, or the payload does not have its length. KF_ERR_LIMIT: the answer may not
 * fit. KF_ERR_INTERNAL: OpenSSL failed. On failure out is zero or untouched. */
KF_MUST_USE enum kf_status signer_operation_run(uint8_t *out, size_t capacity, size_t *out_length,
                                                EVP_PKEY *key,
                                                const struct keyless_operation *operation,
                                                const uint8_t *payload, size_t payload_length);

#endif
