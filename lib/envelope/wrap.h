/* Policy keys: the X25519 pairs that customers' keys are sealed to, wrapped under a policy by
 * attribute-based encryption (libcpabe, CIRCL's current ciphertext format).
 *
 * What is encrypted: "keyfence policy key v1" | policy id block16 | public 32 | private 32. Opening
 * compares the policy id and the public half with what the caller read from the signed records and
 * checks that the private half belongs to the public one, so that a wrap moved to another record
 * does not open.
 *
 * Secrets: a struct wrap_policy_key holds a private half: keep it in kf_secret_new() memory, wipe
 * it with kf_wipe(). Constant-time in keys; policies, attributes and whether a wrap opens are
 * public. On failure a secret output is zero. Threads: values only; call kf_secret_init() once
 * before. */
#ifndef KEYFENCE_ENVELOPE_WRAP_H
#define KEYFENCE_ENVELOPE_WRAP_H

#include "base/random.h"
#include "base/status.h"
#include "cpabe/cpabe.h"
#include "envelope/payload.h"
#include "envelope/seal.h"

struct wrap_policy_key {
    uint8_t public_key[SEAL_KEY_SIZE];
    uint8_t secret_key[SEAL_KEY_SIZE];
};

/* A fresh pair. */
KF_MUST_USE enum kf_status wrap_policy_key_new(struct wrap_policy_key *out,
                                               const struct kf_random *random);

/* Wraps under `policy` (compiled language, NUL-terminated). capacity: PAYLOAD_ABE_CIPHERTEXT_MAX
 * always suffices for what a record holds; KF_ERR_LIMIT beyond. KF_ERR_USAGE: not a policy. */
KF_MUST_USE enum kf_status wrap_policy_key_seal(
    uint8_t *out, size_t capacity, size_t *length, const struct wrap_policy_key *key,
    const char policy_id[static RECORD_POLICY_ID_SIZE], const char *policy,
    const struct cpabe_public_key *master, const struct kf_random *random, struct kf_error *err);

/* KF_ERR_UNSATISFIED: the machine's attributes do not satisfy the policy. KF_ERR_MALFORMED: not a
 * genuine wrap. KF_ERR_FORGED: a genuine one, of another policy or another key pair. */
KF_MUST_USE enum kf_status wrap_policy_key_open(struct wrap_policy_key *out,
                                                const char policy_id[static RECORD_POLICY_ID_SIZE],
                                                const uint8_t public_key[static SEAL_KEY_SIZE],
                                                const uint8_t *ciphertext, size_t length,
                                                const struct cpabe_attribute_key *attributes,
                                                struct kf_error *err);

#endif
