/* The machine's own keys, and opening policy keys with them. */
#include "keyring_int.h"

#include "log.h"

#include "base/secret.h"
#include "envelope/payload.h"
#include "envelope/wrap.h"

#include <stdlib.h>
#include <string.h>

uint32_t signer_keyring_generation_of(const char *key)
{
    const char *slash = strrchr(key, '/');
    unsigned long n = slash == NULL ? 0 : strtoul(slash + 1, NULL, 10);
    return n > UINT32_MAX ? 0 : (uint32_t)n;
}

/* Keeps the newest SIGNER_CANDIDATES_MAX generations, newest first. */
static enum kf_status note_wrap(void *context, const struct store_entry *entry)
{
    struct signer_candidates *all = context;
    struct signer_source source = {
        .generation = signer_keyring_generation_of(entry->key),
        .wrap_revision = entry->revision,
    };
    size_t at = all->count;
    while (at > 0 && all->list[at - 1].generation < source.generation) {
        at--;
    }
    if (at == SIGNER_CANDIDATES_MAX) {
        return KF_OK;
    }
    size_t kept = all->count < SIGNER_CANDIDATES_MAX ? all->count : SIGNER_CANDIDATES_MAX - 1;
    memmove(&all->list[at + 1], &all->list[at], (kept - at) * sizeof source);
    all->list[at] = source;
    all->count = kept + 1;
    return KF_OK;
}

enum kf_status signer_keyring_candidates(struct signer_candidates *out,
                                         struct signer_keyring *keyring,
                                         struct store_snapshot *snapshot, const char *policy_id)
{
    char key[RECORD_KEY_SIZE];
    record_key_policy_wrap(key, policy_id, 1);
    strrchr(key, '/')[1] = '\0'; /* the prefix of all generations */
    struct signer_candidates wraps = {0};
    enum kf_status st = store_scan(snapshot, key, note_wrap, &wraps, NULL);
    *out = (struct signer_candidates){0};
    struct store_entry entry;
    uint64_t policy_revision = 0;
    if (st == KF_OK) {
        record_key_policy_key(key, policy_id);
        st = store_get(&entry, snapshot, key, NULL);
        if (st != KF_OK) {
            return st == KF_ERR_NOT_FOUND ? KF_OK : st; /* nothing to try */
        }
        policy_revision = entry.revision;
    }
    for (size_t i = 0; st == KF_OK && i < wraps.count; i++) {
        record_key_machine_key(key, keyring->machine, wraps.list[i].generation);
        enum kf_status got = store_get(&entry, snapshot, key, NULL);
        if (got == KF_OK) {
            wraps.list[i].policy_revision = policy_revision;
            wraps.list[i].machine_key_revision = entry.revision;
            out->list[out->count++] = wraps.list[i];
        } else if (got != KF_ERR_NOT_FOUND) {
            st = got;
        }
    }
    return st;
}

static bool has_revision(struct store_snapshot *snapshot, const char *key, uint64_t revision)
{
    struct store_entry entry;
    return store_get(&entry, snapshot, key, NULL) == KF_OK && entry.revision == revision;
}

bool signer_keyring_source_holds(struct signer_keyring *keyring, struct store_snapshot *snapshot,
                                 const char *policy_id, const struct signer_source *source)
{
    char policy[RECORD_KEY_SIZE];
    char wrap[RECORD_KEY_SIZE];
    char machine[RECORD_KEY_SIZE];
    record_key_policy_key(policy, policy_id);
    record_key_policy_wrap(wrap, policy_id, source->generation);
    record_key_machine_key(machine, keyring->machine, source->generation);
    return has_revision(snapshot, policy, source->policy_revision) &&
           has_revision(snapshot, wrap, source->wrap_revision) &&
           has_revision(snapshot, machine, source->machine_key_revision);
}

/* Opens and parses the machine's key of a generation; NULL after logging why not. */
static struct cpabe_attribute_key *open_machine_key(struct signer_keyring *keyring,
                                                    struct store_snapshot *snapshot,
                                                    uint32_t generation)
{
    char key[RECORD_KEY_SIZE];
    record_key_machine_key(key, keyring->machine, generation);
    struct record record;
    struct payload_machine_key payload;
    struct kf_error err = {.message = ""};
    if (signer_keyring_record(&record, keyring, snapshot, key, RECORD_MACHINE_KEY) != KF_OK) {
        return NULL; /* reported */
    }
    struct cpabe_attribute_key *opened = NULL;
    uint8_t *encoded = NULL;
    size_t length = 0;
    enum kf_status st =
        payload_machine_key_decode(&payload, record.payload, record.payload_length, &err);
    if (st == KF_OK) {
        encoded = kf_secret_new(payload.sealed.length);
        st = encoded == NULL ? kf_fail(&err, KF_ERR_MEMORY, "no locked memory left") : KF_OK;
    }
    if (st == KF_OK) {
        st = seal_open_machine_key(encoded, payload.sealed.length, &length, keyring->machine,
                                   generation, payload.sealed.data, payload.sealed.length,
                                   keyring->enrolment_secret, &err);
    }
    if (st == KF_OK && cpabe_attribute_key_parse(&opened, encoded, length) != CPABE_OK) {
        st = kf_fail(&err, KF_ERR_MALFORMED, "it is not an attribute key");
    }
    kf_secret_free(encoded);
    if (st != KF_OK) {
        log_error("this machine's key of generation %u does not open: %s", generation, err.message);
        return NULL;
    }
    log_info("this machine's key of generation %u is open", generation);
    return opened;
}

/* The slot that holds this key, opened or known not to open. Requires the lock. */
static struct signer_machine_key *find_machine_key(struct signer_keyring *keyring,
                                                   const struct signer_source *source)
{
    for (size_t i = 0; i < SIGNER_CANDIDATES_MAX; i++) {
        struct signer_machine_key *slot = &keyring->machine_keys[i];
        if (slot->generation == source->generation &&
            slot->revision == source->machine_key_revision) {
            return slot;
        }
    }
    return NULL;
}

/* Loads the machine's key of this source unless it is there. Its slot is that generation's former
 * one, a free one, or the one of the oldest generation. */
static void load_machine_key(struct signer_keyring *keyring, struct store_snapshot *snapshot,
                             const struct signer_source *source)
{
    (void)pthread_rwlock_wrlock(&keyring->machine_lock);
    if (find_machine_key(keyring, source) == NULL) {
        struct signer_machine_key *slot = &keyring->machine_keys[0];
        for (size_t i = 1; i < SIGNER_CANDIDATES_MAX; i++) {
            struct signer_machine_key *other = &keyring->machine_keys[i];
            bool better = other->generation < slot->generation;
            if (slot->generation != source->generation &&
                (better || other->generation == source->generation)) {
                slot = other;
            }
        }
        cpabe_attribute_key_free(slot->key);
        slot->key = open_machine_key(keyring, snapshot, source->generation);
        slot->generation = source->generation;
        slot->revision = source->machine_key_revision;
    }
    (void)pthread_rwlock_unlock(&keyring->machine_lock);
}

void signer_keyring_drop_machine_key(struct signer_keyring *keyring, uint32_t generation)
{
    (void)pthread_rwlock_wrlock(&keyring->machine_lock);
    for (size_t i = 0; i < SIGNER_CANDIDATES_MAX; i++) {
        struct signer_machine_key *slot = &keyring->machine_keys[i];
        if (generation == 0 || slot->generation == generation) {
            cpabe_attribute_key_free(slot->key);
            *slot = (struct signer_machine_key){0};
        }
    }
    (void)pthread_rwlock_unlock(&keyring->machine_lock);
}

/* The public half that the policy's record states. */
static enum kf_status policy_public(uint8_t public_key[static SEAL_KEY_SIZE],
                                    struct signer_keyring *keyring, struct store_snapshot *snapshot,
                                    const char *policy_id, struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    record_key_policy_key(key, policy_id);
    struct record record;
    struct payload_policy_key payload;
    enum kf_status st = signer_keyring_record(&record, keyring, snapshot, key, RECORD_POLICY_KEY);
    if (st != KF_OK) {
        return kf_fail(err, st, "%s is missing or not genuine", key);
    }
    st = payload_policy_key_decode(&payload, record.payload, record.payload_length, err);
    if (st != KF_OK) {
        return st;
    }
    char derived[RECORD_POLICY_ID_SIZE];
    payload_policy_id(derived, payload.normal.data, payload.normal.length);
    if (strcmp(derived, policy_id) != 0) {
        return kf_fail(err, KF_ERR_FORGED, "%s holds another policy", key);
    }
    memcpy(public_key, payload.public_key, SEAL_KEY_SIZE);
    return KF_OK;
}

/* Opens one wrapping with the machine's key of its generation. */
static enum kf_status open_wrap(struct wrap_policy_key *out, struct signer_keyring *keyring,
                                struct store_snapshot *snapshot, const char *policy_id,
                                const struct signer_source *source, struct kf_error *err)
{
    uint8_t public_key[SEAL_KEY_SIZE];
    enum kf_status st = policy_public(public_key, keyring, snapshot, policy_id, err);
    if (st != KF_OK) {
        return st;
    }
    char key[RECORD_KEY_SIZE];
    record_key_policy_wrap(key, policy_id, source->generation);
    struct record record;
    struct payload_policy_wrap payload;
    st = signer_keyring_record(&record, keyring, snapshot, key, RECORD_POLICY_WRAP);
    if (st != KF_OK) {
        return kf_fail(err, st, "%s is missing or not genuine", key);
    }
    st = payload_policy_wrap_decode(&payload, record.payload, record.payload_length, err);
    if (st != KF_OK) {
        return st;
    }
    load_machine_key(keyring, snapshot, source);
    (void)pthread_rwlock_rdlock(&keyring->machine_lock);
    const struct signer_machine_key *machine = find_machine_key(keyring, source);
    if (machine == NULL || machine->key == NULL) {
        st = kf_fail(err, KF_ERR_UNSATISFIED, "the machine has no key that opens");
    } else {
        st = wrap_policy_key_open(out, policy_id, public_key, payload.ciphertext.data,
                                  payload.ciphertext.length, machine->key, err);
    }
    (void)pthread_rwlock_unlock(&keyring->machine_lock);
    return st;
}

/* Tries the candidates in turn and notes the outcome. A failure of this machine (memory, disk) is
 * no outcome: the next request tries again. */
static void try_candidates(struct signer_keyring *keyring, struct store_snapshot *snapshot,
                           const char *policy_id, const struct signer_candidates *candidates,
                           struct wrap_policy_key *opened)
{
    bool learned = true;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct signer_source *source = &candidates->list[i];
        struct kf_error err = {.message = ""};
        enum kf_status st = open_wrap(opened, keyring, snapshot, policy_id, source, &err);
        if (st == KF_OK) {
            signer_policies_opened(keyring->policies, policy_id, source, opened->secret_key);
            log_info("policy key %s is open (generation %u)", policy_id, source->generation);
            return;
        }
        if (st == KF_ERR_MEMORY || st == KF_ERR_IO || st == KF_ERR_RANDOM) {
            learned = false;
        }
        if (st != KF_ERR_UNSATISFIED) {
            log_error("policy key %s, generation %u, does not open: %s", policy_id,
                      source->generation, err.message);
        }
    }
    if (learned) {
        signer_policies_refused(keyring->policies, policy_id, candidates);
        log_info("policy %s does not open here", policy_id);
    }
}

void signer_keyring_open_policy(struct signer_keyring *keyring, const char *policy_id)
{
    struct store_snapshot *snapshot = NULL;
    struct wrap_policy_key *opened = kf_secret_new(sizeof *opened);
    if (opened == NULL || signer_keyring_read(&snapshot, keyring) != KF_OK) {
        kf_secret_free(opened);
        return;
    }
    struct signer_candidates candidates;
    struct signer_source source;
    if (signer_keyring_candidates(&candidates, keyring, snapshot, policy_id) == KF_OK &&
        candidates.count > 0 &&
        signer_policies_find(opened->secret_key, &source, keyring->policies, policy_id,
                             &candidates) == SIGNER_POLICY_UNKNOWN) {
        try_candidates(keyring, snapshot, policy_id, &candidates, opened);
    }
    signer_keyring_read_end(keyring, snapshot);
    kf_secret_free(opened);
}

static enum kf_status note_machine_key(void *context, const struct store_entry *entry)
{
    struct signer_candidates *all = context;
    if (all->count < SIGNER_CANDIDATES_MAX) {
        all->list[all->count++] = (struct signer_source){
            .generation = signer_keyring_generation_of(entry->key),
            .machine_key_revision = entry->revision,
        };
    }
    return KF_OK;
}

void signer_keyring_warm(struct signer_keyring *keyring)
{
    struct store_snapshot *snapshot = NULL;
    if (signer_keyring_read(&snapshot, keyring) != KF_OK) {
        return;
    }
    char key[RECORD_KEY_SIZE];
    record_key_machine_key(key, keyring->machine, 1);
    strrchr(key, '/')[1] = '\0';
    struct signer_candidates own = {0};
    if (store_scan(snapshot, key, note_machine_key, &own, NULL) == KF_OK) {
        for (size_t i = 0; i < own.count; i++) {
            load_machine_key(keyring, snapshot, &own.list[i]);
        }
        if (own.count == 0) {
            log_warn("this machine has no key yet: nothing opens here until it is issued one");
        }
    }
    signer_keyring_read_end(keyring, snapshot);
}
