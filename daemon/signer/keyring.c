#include "keyring_int.h"

#include "log.h"
#include "operations.h"

#include "base/secret.h"
#include "envelope/payload.h"
#include "store/store_lmdb.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const uint64_t replica_retry_ns = 1000000000u;
static const uint64_t unreadable_interval_ns = 10000000000u;

enum kf_status signer_keyring_new(struct signer_keyring **out,
                                  const struct signer_keyring_options *options,
                                  struct kf_error *err)
{
    struct signer_keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory while making the keyring");
    }
    (void)pthread_mutex_init(&keyring->replica_mutex, NULL);
    (void)pthread_mutex_init(&keyring->reported_mutex, NULL);
    (void)pthread_rwlock_init(&keyring->machine_lock, NULL);
    pthread_rwlockattr_t attributes; /* a replaced replica must not wait for a quiet moment */
    (void)pthread_rwlockattr_init(&attributes);
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&keyring->replica_lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
    keyring->clock = options->clock;
    keyring->replica_path = strdup(options->replica);
    keyring->enrolment_secret = kf_secret_new(SEAL_KEY_SIZE);
    keyring->policies = signer_policies_new(options->policies_max);
    if (keyring->replica_path == NULL || keyring->enrolment_secret == NULL ||
        keyring->policies == NULL) {
        signer_keyring_free(keyring);
        return kf_fail(err, KF_ERR_MEMORY,
                       "cannot get locked memory for the keys: raise the limit on locked memory "
                       "(LimitMEMLOCK=, ulimit -l)");
    }
    memcpy(keyring->records_public, options->records_public, RECORD_PUBLIC_SIZE);
    memcpy(keyring->enrolment_secret, options->enrolment_secret, SEAL_KEY_SIZE);
    if (!record_id_valid(options->machine)) {
        signer_keyring_free(keyring);
        return kf_fail(err, KF_ERR_USAGE, "\"%s\" is not a machine's id", options->machine);
    }
    (void)memcpy(keyring->machine, options->machine, strlen(options->machine) + 1);
    *out = keyring;
    return KF_OK;
}

void signer_keyring_free(struct signer_keyring *keyring)
{
    if (keyring == NULL) {
        return;
    }
    for (size_t i = 0; i < SIGNER_CANDIDATES_MAX; i++) {
        cpabe_attribute_key_free(keyring->machine_keys[i].key);
    }
    store_close(atomic_load(&keyring->replica));
    signer_policies_free(keyring->policies);
    kf_secret_free(keyring->enrolment_secret);
    free(keyring->replica_path);
    (void)pthread_rwlock_destroy(&keyring->replica_lock);
    (void)pthread_rwlock_destroy(&keyring->machine_lock);
    (void)pthread_mutex_destroy(&keyring->reported_mutex);
    (void)pthread_mutex_destroy(&keyring->replica_mutex);
    free(keyring);
}

/* Which file the replica is now; false when there is none. */
static bool replica_file(const struct signer_keyring *keyring, dev_t *device, ino_t *inode)
{
    char path[4096];
    struct stat info;
    int length = snprintf(path, sizeof path, "%s/data.mdb", keyring->replica_path);
    if (length < 0 || (size_t)length >= sizeof path || stat(path, &info) != 0) {
        return false;
    }
    *device = info.st_dev;
    *inode = info.st_ino;
    return true;
}

/* Requires replica_mutex. */
static void open_replica(struct signer_keyring *keyring)
{
    const struct store_lmdb_options options = {.path = keyring->replica_path, .role = STORE_READER};
    struct kf_error err = {.message = ""};
    struct store *replica = NULL;
    keyring->replica_tried_ns = kf_clock_monotonic_ns(keyring->clock);
    bool there = replica_file(keyring, &keyring->replica_device, &keyring->replica_inode);
    if (there && store_lmdb_open(&replica, &options, &err) == KF_OK) {
        atomic_store(&keyring->replica, replica);
        log_info("replica %s is open", keyring->replica_path);
    } else if (!keyring->replica_missed) {
        keyring->replica_missed = true;
        log_warn("no replica yet, no key is known until there is one: %s",
                 there ? err.message : keyring->replica_path);
    }
}

static struct store *replica_of(struct signer_keyring *keyring)
{
    struct store *replica = atomic_load(&keyring->replica);
    if (replica == NULL) {
        (void)pthread_mutex_lock(&keyring->replica_mutex);
        uint64_t now = kf_clock_monotonic_ns(keyring->clock);
        if (atomic_load(&keyring->replica) == NULL &&
            (keyring->replica_tried_ns == 0 ||
             now - keyring->replica_tried_ns >= replica_retry_ns)) {
            open_replica(keyring);
        }
        replica = atomic_load(&keyring->replica);
        (void)pthread_mutex_unlock(&keyring->replica_mutex);
    }
    return replica;
}

static void report_unreadable(struct signer_keyring *keyring, const struct kf_error *err)
{
    (void)pthread_mutex_lock(&keyring->reported_mutex);
    int64_t hidden = log_limit_pass(&keyring->unreadable_limit,
                                    kf_clock_monotonic_ns(keyring->clock), unreadable_interval_ns);
    (void)pthread_mutex_unlock(&keyring->reported_mutex);
    if (hidden >= 0) {
        log_error("cannot read the replica: %s", err->message);
    }
}

enum kf_status signer_keyring_read(struct store_snapshot **out, struct signer_keyring *keyring)
{
    struct kf_error err = {.message = ""};
    (void)pthread_rwlock_rdlock(&keyring->replica_lock);
    struct store *replica = replica_of(keyring);
    enum kf_status st =
        replica == NULL ? KF_ERR_NOT_FOUND : store_snapshot_begin(out, replica, &err);
    if (st != KF_OK) {
        (void)pthread_rwlock_unlock(&keyring->replica_lock);
    }
    if (st != KF_OK && replica != NULL) {
        report_unreadable(keyring, &err);
        st = KF_ERR_IO;
    }
    return st;
}

void signer_keyring_read_end(struct signer_keyring *keyring, struct store_snapshot *snapshot)
{
    store_snapshot_end(snapshot);
    (void)pthread_rwlock_unlock(&keyring->replica_lock);
}

bool signer_keyring_renew(struct signer_keyring *keyring)
{
    dev_t device = 0;
    ino_t inode = 0;
    if (atomic_load(&keyring->replica) == NULL || !replica_file(keyring, &device, &inode) ||
        (device == keyring->replica_device && inode == keyring->replica_inode)) {
        return false;
    }
    log_warn("replica %s was replaced: it is opened anew", keyring->replica_path);
    (void)pthread_rwlock_wrlock(&keyring->replica_lock);
    store_close(atomic_exchange(&keyring->replica, NULL));
    keyring->replica_tried_ns = 0;
    (void)pthread_rwlock_unlock(&keyring->replica_lock);
    return true;
}

void signer_keyring_report(struct signer_keyring *keyring, const struct store_entry *entry,
                           const struct kf_error *err)
{
    bool seen = false;
    (void)pthread_mutex_lock(&keyring->reported_mutex);
    for (size_t i = 0; i < SIGNER_REPORTED; i++) {
        seen |= keyring->reported[i] == entry->revision;
    }
    if (!seen) {
        keyring->reported[keyring->reported_next] = entry->revision;
        keyring->reported_next = (keyring->reported_next + 1) % SIGNER_REPORTED;
    }
    (void)pthread_mutex_unlock(&keyring->reported_mutex);
    if (!seen) {
        log_error("record %s, revision %llu, is refused: %s", entry->key,
                  (unsigned long long)entry->revision, err->message);
    }
}

enum kf_status signer_keyring_record(struct record *out, struct signer_keyring *keyring,
                                     struct store_snapshot *snapshot, const char *key,
                                     enum record_kind kind)
{
    struct store_entry entry;
    struct kf_error err = {.message = ""};
    enum kf_status st = store_get(&entry, snapshot, key, &err);
    if (st != KF_OK) {
        return st;
    }
    struct record record;
    st = record_open_at(&record, key, kind, entry.value, entry.length, keyring->records_public,
                        &err);
    if (st == KF_OK && record.revision != entry.revision) {
        st = kf_fail(&err, KF_ERR_FORGED, "it states revision %llu",
                     (unsigned long long)record.revision);
    }
    if (st != KF_OK) {
        signer_keyring_report(keyring, &entry, &err);
        return KF_ERR_FORGED;
    }
    *out = record;
    return KF_OK;
}

/* Whether the SubjectPublicKeyInfo has this key identifier (RFC 5280, 4.2.1.2, method 1) and is the
 * public half of pkey. */
static bool belongs(EVP_PKEY *pkey, const struct payload_bytes *spki, const uint8_t *ski)
{
    const uint8_t *at = spki->data;
    X509_PUBKEY *info = d2i_X509_PUBKEY(NULL, &at, (long)spki->length);
    const unsigned char *bits = NULL;
    int length = 0;
    uint8_t digest[SHA_DIGEST_LENGTH];
    bool ok = info != NULL && X509_PUBKEY_get0_param(NULL, &bits, &length, NULL, info) == 1 &&
              EVP_Digest(bits, (size_t)length, digest, NULL, EVP_sha1(), NULL) == 1 &&
              memcmp(digest, ski, sizeof digest) == 0 &&
              EVP_PKEY_eq(pkey, X509_PUBKEY_get0(info)) == 1;
    X509_PUBKEY_free(info);
    return ok;
}

static EVP_PKEY *parse_pkcs8(const uint8_t *der, size_t length)
{
    const uint8_t *at = der;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)length);
    EVP_PKEY *pkey = info != NULL && at == der + length ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return pkey;
}

/* Opens the sealed box with the policy's secret, and the key in it. */
static EVP_PKEY *unseal(const struct payload_customer_key *payload, const uint8_t *ski,
                        const uint8_t *policy_secret, struct kf_error *err)
{
    struct seal_customer_context context = {.key_type = payload->key_type};
    memcpy(context.policy_id, payload->policy_id, sizeof context.policy_id);
    memcpy(context.ski, ski, sizeof context.ski);
    uint8_t *pkcs8 = kf_secret_new(SEAL_CUSTOMER_MAX);
    if (pkcs8 == NULL) {
        (void)kf_fail(err, KF_ERR_MEMORY, "no locked memory left for a key");
        return NULL;
    }
    size_t length = 0;
    EVP_PKEY *pkey = NULL;
    if (seal_open_customer_key(pkcs8, SEAL_CUSTOMER_MAX, &length, &context, payload->sealed.data,
                               payload->sealed.length, policy_secret, err) == KF_OK) {
        pkey = parse_pkcs8(pkcs8, length);
        if (pkey == NULL || signer_key_type_of(pkey) != payload->key_type ||
            !belongs(pkey, &payload->spki, ski)) {
            (void)kf_fail(err, KF_ERR_FORGED, "the sealed key is not the one the record names");
            EVP_PKEY_free(pkey);
            pkey = NULL;
        }
    }
    kf_secret_free(pkcs8);
    ERR_clear_error();
    return pkey;
}

static enum signer_found open_customer_key(struct signer_key **out, struct signer_keyring *keyring,
                                           struct signer_caches *caches,
                                           const struct record *record,
                                           const struct payload_customer_key *payload,
                                           const uint8_t *ski, const struct signer_source *source,
                                           const uint8_t *policy_secret)
{
    struct kf_error err = {.message = ""};
    EVP_PKEY *pkey = unseal(payload, ski, policy_secret, &err);
    if (pkey == NULL) {
        const struct store_entry entry = {.key = record->key, .revision = record->revision};
        signer_keyring_report(keyring, &entry, &err);
        return SIGNER_BROKEN;
    }
    struct signer_key *key =
        signer_key_new(ski, record->revision, payload->policy_id, source, pkey);
    if (key == NULL) {
        return SIGNER_BROKEN;
    }
    signer_cache_remove(caches->closed, ski);
    signer_cache_put(caches->keys, key);
    *out = key;
    return SIGNER_FOUND;
}

/* Remembers that this record is genuine, so that refusing it again costs no signature check. */
static void remember_closed(struct signer_caches *caches, const struct record *record,
                            const char *policy_id, const uint8_t *ski)
{
    const struct signer_source none = {0};
    struct signer_key *key = signer_key_new(ski, record->revision, policy_id, &none, NULL);
    if (key != NULL) {
        signer_cache_put(caches->closed, key);
        signer_key_release(key);
    }
}

/* What is known of the policy key with the records as they are. */
static enum signer_found policy_state(uint8_t *secret, struct signer_source *source,
                                      struct signer_keyring *keyring,
                                      struct store_snapshot *snapshot, const char *policy_id)
{
    struct signer_candidates candidates;
    if (signer_keyring_candidates(&candidates, keyring, snapshot, policy_id) != KF_OK) {
        return SIGNER_BROKEN;
    }
    if (candidates.count == 0) {
        return SIGNER_NOT_HERE;
    }
    switch (signer_policies_find(secret, source, keyring->policies, policy_id, &candidates)) {
    case SIGNER_POLICY_OPEN:
        return SIGNER_FOUND;
    case SIGNER_POLICY_REFUSED:
        return SIGNER_NOT_HERE;
    default:
        return SIGNER_CLOSED;
    }
}

static enum signer_found find_uncached(struct signer_key **out, char *policy_id,
                                       struct signer_keyring *keyring, struct signer_caches *caches,
                                       struct store_snapshot *snapshot, const char *record_key,
                                       const uint8_t *ski)
{
    struct record record;
    struct payload_customer_key payload;
    struct kf_error err = {.message = ""};
    enum kf_status st =
        signer_keyring_record(&record, keyring, snapshot, record_key, RECORD_CUSTOMER_KEY);
    if (st != KF_OK) {
        return st == KF_ERR_NOT_FOUND || st == KF_ERR_FORGED ? SIGNER_UNKNOWN : SIGNER_BROKEN;
    }
    if (payload_customer_key_decode(&payload, record.payload, record.payload_length, &err) !=
        KF_OK) {
        const struct store_entry entry = {.key = record.key, .revision = record.revision};
        signer_keyring_report(keyring, &entry, &err);
        return SIGNER_UNKNOWN;
    }
    memcpy(policy_id, payload.policy_id, RECORD_POLICY_ID_SIZE);
    uint8_t secret[SEAL_KEY_SIZE] = {0};
    struct signer_source source;
    enum signer_found found = policy_state(secret, &source, keyring, snapshot, policy_id);
    if (found == SIGNER_FOUND) {
        found = open_customer_key(out, keyring, caches, &record, &payload, ski, &source, secret);
    } else {
        remember_closed(caches, &record, policy_id, ski);
    }
    kf_wipe(secret, sizeof secret);
    return found;
}

/* A key known to be closed whose policy has not opened since: SIGNER_FOUND means "look again". */
static enum signer_found find_closed(char *policy_id, struct signer_keyring *keyring,
                                     struct signer_caches *caches, struct store_snapshot *snapshot,
                                     uint64_t revision, const uint8_t *ski)
{
    struct signer_key *closed = signer_cache_get(caches->closed, ski);
    enum signer_found found = SIGNER_FOUND;
    if (closed != NULL && signer_key_revision(closed) == revision) {
        uint8_t secret[SEAL_KEY_SIZE] = {0};
        struct signer_source source;
        memcpy(policy_id, signer_key_policy_id(closed), RECORD_POLICY_ID_SIZE);
        found = policy_state(secret, &source, keyring, snapshot, policy_id);
        kf_wipe(secret, sizeof secret);
    }
    signer_key_release(closed);
    return found;
}

static enum signer_found find_in(struct signer_key **out, char *policy_id,
                                 struct signer_keyring *keyring, struct signer_caches *caches,
                                 struct store_snapshot *snapshot, const uint8_t *ski)
{
    char record_key[RECORD_KEY_SIZE];
    record_key_customer_key(record_key, ski);
    struct store_entry entry;
    enum kf_status st = store_get(&entry, snapshot, record_key, NULL);
    if (st != KF_OK) {
        signer_cache_remove(caches->keys, ski);
        signer_cache_remove(caches->closed, ski);
        return st == KF_ERR_NOT_FOUND ? SIGNER_UNKNOWN : SIGNER_BROKEN;
    }
    struct signer_key *key = signer_cache_get(caches->keys, ski);
    if (key != NULL) {
        if (signer_key_revision(key) == entry.revision &&
            signer_keyring_source_holds(keyring, snapshot, signer_key_policy_id(key),
                                        signer_key_source(key))) {
            *out = key;
            return SIGNER_FOUND;
        }
        signer_cache_remove(caches->keys, ski);
        signer_key_release(key);
    }
    enum signer_found found =
        find_closed(policy_id, keyring, caches, snapshot, entry.revision, ski);
    if (found != SIGNER_FOUND) {
        return found;
    }
    return find_uncached(out, policy_id, keyring, caches, snapshot, record_key, ski);
}

enum signer_found signer_keyring_find(struct signer_key **out,
                                      char policy_id[static RECORD_POLICY_ID_SIZE],
                                      struct signer_keyring *keyring, struct signer_caches *caches,
                                      const uint8_t ski[static RECORD_SKI_SIZE])
{
    struct store_snapshot *snapshot = NULL;
    enum kf_status st = signer_keyring_read(&snapshot, keyring);
    if (st != KF_OK) {
        return st == KF_ERR_NOT_FOUND ? SIGNER_UNKNOWN : SIGNER_BROKEN;
    }
    enum signer_found found = find_in(out, policy_id, keyring, caches, snapshot, ski);
    signer_keyring_read_end(keyring, snapshot);
    return found;
}

size_t signer_keyring_open_count(struct signer_keyring *keyring)
{
    return signer_policies_open_count(keyring->policies);
}
