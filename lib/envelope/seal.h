/* Sealed boxes bound to their place.
 *
 * A secret that travels through the store is sealed to an X25519 public key in libsodium's sealed
 * box format (crypto_box_seal: ephemeral key || crypto_box). What is sealed opens with its context:
 *
 *   machine key:  "keyfence machine key v1"  | id block16 | generation u32be | key block32
 *   customer key: "keyfence customer key v1" | policy id block16 | ski 20 | key type u8
 *                 | PKCS#8 block32
 *
 * Opening compares the context with the one the caller read from the signed record, so that two
 * sealed boxes exchanged between records do not open (KF_ERR_FORGED), even by whoever may sign
 * records for other keys.
 *
 * Constant-time in the keys and in what is sealed; lengths and whether a box opens are public.
 * Secret outputs are wiped on failure. Threads: values only; call kf_secret_init() once before. */
#ifndef KEYFENCE_ENVELOPE_SEAL_H
#define KEYFENCE_ENVELOPE_SEAL_H

#include "base/random.h"
#include "base/status.h"
#include "envelope/payload.h"
#include "envelope/record.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_KEY_SIZE = 32,        /* X25519, public or secret */
    SEAL_OVERHEAD = 32 + 16,   /* ephemeral key and tag */
    SEAL_CONTEXT_MAX = 160,    /* context and length prefixes of either kind */
    SEAL_PKCS8_MAX = 8 * 1024, /* a customer's private key, DER */
    SEAL_CUSTOMER_MAX = SEAL_OVERHEAD + SEAL_CONTEXT_MAX + SEAL_PKCS8_MAX,
    SEAL_MACHINE_KEY_MAX = 248 * 1000, /* an attribute key, CIRCL's encoding */
    SEAL_MACHINE_MAX = SEAL_OVERHEAD + SEAL_CONTEXT_MAX + SEAL_MACHINE_KEY_MAX,
};

/* A fresh X25519 pair. The secret half is 32 uniformly random bytes (RFC 7748 clamps on use). */
KF_MUST_USE enum kf_status seal_keypair(uint8_t public_key[static SEAL_KEY_SIZE],
                                        uint8_t secret_key[static SEAL_KEY_SIZE],
                                        const struct kf_random *random);
KF_MUST_USE enum kf_status seal_public(uint8_t public_key[static SEAL_KEY_SIZE],
                                       const uint8_t secret_key[static SEAL_KEY_SIZE]);

/* A machine's attribute key, sealed to the machine's enrolment key. capacity: key_length +
 * SEAL_OVERHEAD + SEAL_CONTEXT_MAX suffices. */
KF_MUST_USE enum kf_status seal_machine_key(uint8_t *out, size_t capacity, size_t *length,
                                            const char *machine, uint32_t generation,
                                            const uint8_t *key, size_t key_length,
                                            const uint8_t enrolment_public[static SEAL_KEY_SIZE],
                                            const struct kf_random *random, struct kf_error *err);

/* Opens into `key` (secret; capacity sealed_length always suffices). KF_ERR_FORGED: not sealed to
 * this key, altered, or sealed for another machine or generation. */
KF_MUST_USE enum kf_status
seal_open_machine_key(uint8_t *key, size_t capacity, size_t *key_length, const char *machine,
                      uint32_t generation, const uint8_t *sealed, size_t sealed_length,
                      const uint8_t enrolment_secret[static SEAL_KEY_SIZE], struct kf_error *err);

/* What a customer's key is bound to: where its record lies and what the record says of it. */
struct seal_customer_context {
    char policy_id[RECORD_POLICY_ID_SIZE];
    uint8_t ski[RECORD_SKI_SIZE];
    enum key_type key_type;
};

/* capacity: SEAL_CUSTOMER_MAX suffices. */
KF_MUST_USE enum kf_status seal_customer_key(uint8_t *out, size_t capacity, size_t *length,
                                             const struct seal_customer_context *context,
                                             const uint8_t *pkcs8, size_t pkcs8_length,
                                             const uint8_t policy_public[static SEAL_KEY_SIZE],
                                             const struct kf_random *random, struct kf_error *err);

KF_MUST_USE enum kf_status seal_open_customer_key(uint8_t *pkcs8, size_t capacity,
                                                  size_t *pkcs8_length,
                                                  const struct seal_customer_context *context,
                                                  const uint8_t *sealed, size_t sealed_length,
                                                  const uint8_t policy_secret[static SEAL_KEY_SIZE],
                                                  struct kf_error *err);

#endif
