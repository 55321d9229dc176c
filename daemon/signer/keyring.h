/* From a key's identifier to a key that signs, by what the replica says now.
 *
 *   key/<ski> --policy id--> policywrap/<id>/<generation> + machinekey/<machine>/<generation>
 *
 * The machine's key (attribute-based encryption) opens the policy key, the policy key opens the
 * customer's. Each record's signature is checked here against the pinned public key, because the
 * replica is written by another process: whoever takes that one over can withhold records but not
 * plant any. Every use looks up again in the replica that the three records are still those the
 * cached key was opened from, so a deletion, a new policy and a revocation take effect at once, and
 * signer_keyring_follow() wipes what they took away even when nobody asks for it.
 *
 * Expensive work is apart: signer_keyring_find() never does more than check one signature and open
 * one sealed box; pairings happen in signer_keyring_open_policy() alone.
 *
 * Threads: any, for all functions but _new and _free. A set of caches belongs to one lane. */
#ifndef KEYFENCE_SIGNER_KEYRING_H
#define KEYFENCE_SIGNER_KEYRING_H

#include "cache.h"

#include "base/clock.h"
#include "base/status.h"
#include "envelope/record.h"
#include "envelope/seal.h"

#include <stddef.h>
#include <stdint.h>

struct signer_keyring;

struct signer_keyring_options {
    const char *machine;             /* this machine's id */
    const char *replica;             /* folder of the replica; need not exist yet */
    size_t policies_max;             /* policy keys kept open or known not to open */
    const uint8_t *records_public;   /* RECORD_PUBLIC_SIZE bytes */
    const uint8_t *enrolment_secret; /* SEAL_KEY_SIZE bytes, copied to locked memory */
    const struct kf_clock *clock;    /* borrowed for the keyring's life */
};

/* Succeeds without a replica, which is then looked for at most once a second. */
KF_MUST_USE enum kf_status signer_keyring_new(struct signer_keyring **out,
                                              const struct signer_keyring_options *options,
                                              struct kf_error *err);
void signer_keyring_free(struct signer_keyring *keyring); /* wipes; NULL is ignored */

struct signer_caches {
    struct signer_cache *keys;   /* open customers' keys */
    struct signer_cache *closed; /* verified records of keys that are not open: no key inside */
};

enum signer_found {
    SIGNER_FOUND,    /* *out is a reference to the key; the caller releases it */
    SIGNER_UNKNOWN,  /* the replica has no (genuine) record of it */
    SIGNER_NOT_HERE, /* its policy is not satisfied here, or this machine has no key */
    SIGNER_CLOSED,   /* try signer_keyring_open_policy(policy_id), then ask again */
    SIGNER_BROKEN,   /* it should open here and does not; the log says why */
};

/* On SIGNER_CLOSED policy_id is set. */
enum signer_found signer_keyring_find(struct signer_key **out,
                                      char policy_id[static RECORD_POLICY_ID_SIZE],
                                      struct signer_keyring *keyring, struct signer_caches *caches,
                                      const uint8_t ski[static RECORD_SKI_SIZE]);

/* Opens a policy key, newest generation first, or learns that none opens it here. Milliseconds. */
void signer_keyring_open_policy(struct signer_keyring *keyring, const char *policy_id);

/* Opens the machine's keys that are in the replica, so that the first request need not wait for
 * it. */
void signer_keyring_warm(struct signer_keyring *keyring);

/* Goes through what changed in the replica since the last call and forgets the keys that were
 * deleted, replaced or taken from this machine. Cheap when nothing changed. One thread calls it. */
void signer_keyring_follow(struct signer_keyring *keyring, const struct signer_caches *caches,
                           size_t caches_count);

size_t signer_keyring_open_count(struct signer_keyring *keyring); /* policy keys */

#endif
