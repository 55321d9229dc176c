/* The key reference: what stands in a TLS server's key file in place of a private key.
 *
 *   SEQUENCE { version INTEGER (1), ski OCTET STRING (20 bytes), SubjectPublicKeyInfo }
 *
 * in DER (ITU-T X.690), as PEM (RFC 7468) under a label of its own. It holds nothing secret: the
 * name of a key, by which the signer finds it, and its public half. The provider loads it as if it
 * were the key. One canonical form in DER: other lengths, other versions and trailing bytes are
 * refused; in PEM, line breaks may differ.
 *
 * The ski is SHA-1 of the contents of the public key's BIT STRING (RFC 5280, 4.2.1.2, method 1).
 * This module has no hash: the caller that makes or trusts a reference computes it from
 * keyless_spki_read().
 *
 * Ownership: decoded values borrow from the DER they were read from. Threads: values only. */
#ifndef KEYFENCE_KEYLESS_KEY_REFERENCE_H
#define KEYFENCE_KEYLESS_KEY_REFERENCE_H

#include "base/status.h"
#include "keyless/frame.h"
#include "keyless/protocol.h"

#include <stddef.h>
#include <stdint.h>

#define KEYLESS_REFERENCE_LABEL "KEYFENCE KEY REFERENCE"

enum {
    KEYLESS_SPKI_MAX = 1024, /* RSA-4096 takes 550 */
    KEYLESS_REFERENCE_DER_MAX = KEYLESS_SPKI_MAX + 64,
    KEYLESS_REFERENCE_PEM_MAX = 2048,
};

struct keyless_reference {
    uint8_t ski[KEYLESS_SKI_LENGTH];
    struct keyless_bytes spki;
};

/* KF_ERR_MALFORMED unless the bytes are the one canonical form; out is then untouched. */
KF_MUST_USE enum kf_status keyless_reference_read_der(struct keyless_reference *out,
                                                      const uint8_t *der, size_t length);

/* KF_ERR_LIMIT when it does not fit; KF_ERR_MALFORMED when the SPKI is not one DER SEQUENCE. */
KF_MUST_USE enum kf_status keyless_reference_write_der(uint8_t *out, size_t *length,
                                                       size_t capacity,
                                                       const struct keyless_reference *reference);

/* Text with a final newline and a terminating zero, which *length does not count. */
KF_MUST_USE enum kf_status keyless_reference_write_pem(char *out, size_t *length, size_t capacity,
                                                       const struct keyless_reference *reference);

/* Finds the first block with our label in a text and decodes its base64 into der. Text before and
 * after is skipped. KF_ERR_NOT_FOUND when there is no such block. The result is DER, not yet
 * checked: pass it to keyless_reference_read_der(). */
KF_MUST_USE enum kf_status keyless_reference_pem_to_der(uint8_t *der, size_t *length,
                                                        size_t capacity, const char *text,
                                                        size_t text_length);

/* Which kind of key a SubjectPublicKeyInfo holds, from its algorithm alone: RSA, ECDSA (any curve)
 * or ED25519; NONE for others. KF_ERR_MALFORMED when it does not parse. key_bits receives the
 * contents of the BIT STRING (what the ski is the hash of). */
KF_MUST_USE enum kf_status keyless_spki_read(enum keyless_family *family,
                                             struct keyless_bytes *key_bits, const uint8_t *spki,
                                             size_t length);

#endif
