/* Inside the keyring: its state, and what its files ask of one another. */
#ifndef KEYFENCE_SIGNER_KEYRING_INT_H
#define KEYFENCE_SIGNER_KEYRING_INT_H

#include "keyring.h"
#include "log.h"
#include "policies.h"

#include "cpabe/cpabe.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

enum { SIGNER_REPORTED = 64 }; /* bad records remembered, so that each is logged once */

/* One of the machine's own keys. Free when generation is 0; key is NULL when it did not open. */
struct signer_machine_key {
    uint32_t generation;
    uint64_t revision;
    struct cpabe_attribute_key *key;
};

struct signer_keyring {
    char machine[RECORD_ID_SIZE];
    char *replica_path;
    uint8_t records_public[RECORD_PUBLIC_SIZE];
    uint8_t *enrolment_secret; /* locked */
    const struct kf_clock *clock;

    pthread_rwlock_t replica_lock;   /* held to read while a snapshot is open */
    _Atomic(struct store *) replica; /* NULL until it could be opened */
    pthread_mutex_t replica_mutex;   /* opening it: the next four */
    uint64_t replica_tried_ns;
    bool replica_missed;  /* its absence has been logged */
    dev_t replica_device; /* which file it is */
    ino_t replica_inode;

    struct signer_policies *policies;

    pthread_rwlock_t machine_lock; /* held to read while a key is in use */
    struct signer_machine_key machine_keys[SIGNER_CANDIDATES_MAX];

    pthread_mutex_t reported_mutex;
    uint64_t reported[SIGNER_REPORTED]; /* revisions of bad records */
    size_t reported_next;
    struct log_limit unreadable_limit;

    uint64_t followed; /* only signer_keyring_follow() */
};

/* Begins reading. KF_ERR_NOT_FOUND while there is no replica, another error (logged) when it cannot
 * be read. Every KF_OK is followed by signer_keyring_read_end(), soon. */
KF_MUST_USE enum kf_status signer_keyring_read(struct store_snapshot **out,
                                               struct signer_keyring *keyring);
void signer_keyring_read_end(struct signer_keyring *keyring, struct store_snapshot *snapshot);

/* Lets go of a replica whose file was replaced by another; true when it did. */
bool signer_keyring_renew(struct signer_keyring *keyring);

/* Says once, at level error, that a record in the replica is not what it should be. */
void signer_keyring_report(struct signer_keyring *keyring, const struct store_entry *entry,
                           const struct kf_error *err);

/* Reads and verifies the record under `key`. KF_ERR_NOT_FOUND, or KF_ERR_FORGED for anything that
 * is not a genuine record of this place (reported). *out borrows from the snapshot. */
KF_MUST_USE enum kf_status signer_keyring_record(struct record *out, struct signer_keyring *keyring,
                                                 struct store_snapshot *snapshot, const char *key,
                                                 enum record_kind kind);

/* The generations for which both the policy's wrapping and the machine's key are there. */
KF_MUST_USE enum kf_status signer_keyring_candidates(struct signer_candidates *out,
                                                     struct signer_keyring *keyring,
                                                     struct store_snapshot *snapshot,
                                                     const char *policy_id);

/* Whether the records a policy key was opened from are still the same. */
bool signer_keyring_source_holds(struct signer_keyring *keyring, struct store_snapshot *snapshot,
                                 const char *policy_id, const struct signer_source *source);

/* Forgets the machine's key of a generation; 0: of all. */
void signer_keyring_drop_machine_key(struct signer_keyring *keyring, uint32_t generation);

/* The generation at the end of policywrap/<id>/<n> or machinekey/<id>/<n>; 0 when there is none. */
uint32_t signer_keyring_generation_of(const char *key);

#endif
