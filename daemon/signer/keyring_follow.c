/* Wiping what the replica no longer grants. */
#include "keyring_int.h"

#include "log.h"

#include <string.h>

struct following {
    struct signer_keyring *keyring;
    const struct signer_caches *caches;
    size_t count;
    bool new_machine_key;
};

static void forget_everywhere(const struct following *f, const char *policy_id)
{
    signer_policies_forget(f->keyring->policies, policy_id);
    for (size_t i = 0; i < f->count; i++) {
        signer_cache_remove_policy(f->caches[i].keys, policy_id);
        signer_cache_remove_policy(f->caches[i].closed, policy_id);
    }
}

static bool nibble(uint8_t *out, char c)
{
    if (c >= '0' && c <= '9') {
        *out = (uint8_t)(c - '0');
        return true;
    }
    *out = (uint8_t)(c - 'a' + 10);
    return c >= 'a' && c <= 'f';
}

static bool ski_of(uint8_t ski[static RECORD_SKI_SIZE], const char *hex)
{
    for (size_t i = 0; i < RECORD_SKI_SIZE; i++) {
        uint8_t high = 0;
        uint8_t low = 0;
        if (!nibble(&high, hex[2 * i]) || !nibble(&low, hex[2 * i + 1])) {
            return false;
        }
        ski[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The part of key after the prefix, or NULL when it has another one. */
static const char *after(const char *key, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(key, prefix, length) == 0 ? key + length : NULL;
}

static void machine_key_changed(struct following *f, const struct store_entry *entry)
{
    uint32_t generation = signer_keyring_generation_of(entry->key);
    if (entry->tombstone) {
        log_info("this machine's key of generation %u was taken back", generation);
        signer_keyring_drop_machine_key(f->keyring, generation);
        forget_everywhere(f, NULL);
    } else {
        f->new_machine_key = true;
    }
}

static enum kf_status changed(void *context, const struct store_entry *entry)
{
    struct following *f = context;
    const char *rest = after(entry->key, "key/");
    if (rest != NULL) {
        uint8_t ski[RECORD_SKI_SIZE];
        if (strlen(rest) == sizeof ski * 2 && ski_of(ski, rest)) {
            for (size_t i = 0; i < f->count; i++) {
                signer_cache_remove_former(f->caches[i].keys, ski, entry->revision);
                signer_cache_remove_former(f->caches[i].closed, ski, entry->revision);
            }
        }
        return KF_OK;
    }
    rest = after(entry->key, "policywrap/");
    rest = rest != NULL ? rest : after(entry->key, "policykey/");
    if (rest != NULL && entry->tombstone && strlen(rest) >= RECORD_POLICY_ID_SIZE - 1) {
        char policy_id[RECORD_POLICY_ID_SIZE] = "";
        memcpy(policy_id, rest, sizeof policy_id - 1);
        forget_everywhere(f, policy_id);
        return KF_OK;
    }
    rest = after(entry->key, "machinekey/");
    size_t length = strlen(f->keyring->machine);
    if (rest != NULL && strncmp(rest, f->keyring->machine, length) == 0 && rest[length] == '/') {
        machine_key_changed(f, entry);
    }
    return KF_OK;
}

void signer_keyring_follow(struct signer_keyring *keyring, const struct signer_caches *caches,
                           size_t caches_count)
{
    struct following f = {.keyring = keyring, .caches = caches, .count = caches_count};
    struct store_snapshot *snapshot = NULL;
    bool renewed = signer_keyring_renew(keyring);
    if (signer_keyring_read(&snapshot, keyring) != KF_OK) {
        return;
    }
    uint64_t head = store_snapshot_head(snapshot);
    if (renewed || head < keyring->followed) { /* another one was put in its place */
        signer_keyring_drop_machine_key(keyring, 0);
        forget_everywhere(&f, NULL);
        keyring->followed = 0;
    }
    bool first = keyring->followed == 0 && head > 0;
    if (head != keyring->followed &&
        store_changes(snapshot, keyring->followed, changed, &f, NULL) == KF_OK) {
        keyring->followed = head;
    }
    signer_keyring_read_end(keyring, snapshot);
    if (f.new_machine_key || first) {
        signer_keyring_warm(keyring);
    }
}
