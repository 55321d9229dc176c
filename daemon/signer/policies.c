#include "policies.h"

#include "base/secret.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

struct entry {
    char policy_id[RECORD_POLICY_ID_SIZE]; /* empty: the slot is free */
    bool open;
    struct signer_candidates tried; /* open: the one that opened it; else all that did not */
    uint64_t used;                  /* the table's count of uses when it was last asked for */
    int32_t chain;                  /* next in its bucket */
};

struct signer_policies {
    pthread_mutex_t mutex;
    size_t capacity;
    size_t open_count;
    uint64_t uses;
    size_t bucket_count;
    int32_t *buckets;
    struct entry *entries;
    uint8_t *secrets; /* SEAL_KEY_SIZE bytes an entry, locked */
};

struct signer_policies *signer_policies_new(size_t capacity)
{
    assert(capacity > 0 && capacity < INT32_MAX);
    struct signer_policies *policies = calloc(1, sizeof *policies);
    if (policies == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&policies->mutex, NULL);
    policies->capacity = capacity;
    policies->bucket_count = capacity;
    policies->entries = calloc(capacity, sizeof *policies->entries);
    policies->buckets = calloc(capacity, sizeof *policies->buckets);
    policies->secrets = kf_secret_new(capacity * SEAL_KEY_SIZE);
    if (policies->entries == NULL || policies->buckets == NULL || policies->secrets == NULL) {
        signer_policies_free(policies);
        return NULL;
    }
    for (size_t i = 0; i < policies->bucket_count; i++) {
        policies->buckets[i] = NONE;
    }
    return policies;
}

void signer_policies_free(struct signer_policies *policies)
{
    if (policies == NULL) {
        return;
    }
    kf_secret_free(policies->secrets);
    free(policies->buckets);
    free(policies->entries);
    (void)pthread_mutex_destroy(&policies->mutex);
    free(policies);
}

/* FNV-1a; a policy's id is a hash already. */
static int32_t *bucket_of(struct signer_policies *policies, const char *policy_id)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (const char *c = policy_id; *c != '\0'; c++) {
        h = (h ^ (uint8_t)*c) * 0x100000001b3u;
    }
    return &policies->buckets[h % policies->bucket_count];
}

static int32_t find(struct signer_policies *policies, const char *policy_id)
{
    int32_t i = *bucket_of(policies, policy_id);
    while (i != NONE && strcmp(policies->entries[i].policy_id, policy_id) != 0) {
        i = policies->entries[i].chain;
    }
    return i;
}

static void forget(struct signer_policies *policies, int32_t index)
{
    struct entry *entry = &policies->entries[index];
    int32_t *at = bucket_of(policies, entry->policy_id);
    while (*at != index) {
        at = &policies->entries[*at].chain;
    }
    *at = entry->chain;
    policies->open_count -= entry->open ? 1 : 0;
    kf_wipe(policies->secrets + (size_t)index * SEAL_KEY_SIZE, SEAL_KEY_SIZE);
    memset(entry, 0, sizeof *entry);
}

/* The slot for this policy: its own, a free one, or that of the least recently used. Runs once for
 * each opening, which costs milliseconds, so a plain search will do. */
static int32_t claim(struct signer_policies *policies, const char *policy_id)
{
    int32_t index = find(policies, policy_id);
    for (size_t i = 0; index == NONE && i < policies->capacity; i++) {
        index = policies->entries[i].policy_id[0] == '\0' ? (int32_t)i : NONE;
    }
    if (index == NONE) {
        index = 0;
        for (size_t i = 1; i < policies->capacity; i++) {
            index = policies->entries[i].used < policies->entries[index].used ? (int32_t)i : index;
        }
    }
    if (policies->entries[index].policy_id[0] != '\0') {
        forget(policies, index);
    }
    struct entry *entry = &policies->entries[index];
    memcpy(entry->policy_id, policy_id, RECORD_POLICY_ID_SIZE);
    entry->used = ++policies->uses;
    int32_t *bucket = bucket_of(policies, policy_id);
    entry->chain = *bucket;
    *bucket = index;
    return index;
}

static bool same_source(const struct signer_source *a, const struct signer_source *b)
{
    return a->generation == b->generation && a->policy_revision == b->policy_revision &&
           a->wrap_revision == b->wrap_revision &&
           a->machine_key_revision == b->machine_key_revision;
}

static bool is_candidate(const struct signer_source *source,
                         const struct signer_candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        if (same_source(source, &candidates->list[i])) {
            return true;
        }
    }
    return false;
}

static bool same_candidates(const struct signer_candidates *a, const struct signer_candidates *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = same_source(&a->list[i], &b->list[i]);
    }
    return same;
}

enum signer_policy_state signer_policies_find(uint8_t secret[static SEAL_KEY_SIZE],
                                              struct signer_source *source,
                                              struct signer_policies *policies,
                                              const char policy_id[static RECORD_POLICY_ID_SIZE],
                                              const struct signer_candidates *candidates)
{
    enum signer_policy_state state = SIGNER_POLICY_UNKNOWN;
    (void)pthread_mutex_lock(&policies->mutex);
    int32_t index = find(policies, policy_id);
    if (index != NONE) {
        struct entry *entry = &policies->entries[index];
        entry->used = ++policies->uses;
        if (!entry->open) {
            state = same_candidates(&entry->tried, candidates) ? SIGNER_POLICY_REFUSED : state;
        } else if (is_candidate(&entry->tried.list[0], candidates)) {
            state = SIGNER_POLICY_OPEN;
            *source = entry->tried.list[0];
            memcpy(secret, policies->secrets + (size_t)index * SEAL_KEY_SIZE, SEAL_KEY_SIZE);
        }
    }
    (void)pthread_mutex_unlock(&policies->mutex);
    return state;
}

void signer_policies_opened(struct signer_policies *policies,
                            const char policy_id[static RECORD_POLICY_ID_SIZE],
                            const struct signer_source *source,
                            const uint8_t secret[static SEAL_KEY_SIZE])
{
    (void)pthread_mutex_lock(&policies->mutex);
    int32_t index = claim(policies, policy_id);
    struct entry *entry = &policies->entries[index];
    entry->open = true;
    entry->tried.count = 1;
    entry->tried.list[0] = *source;
    memcpy(policies->secrets + (size_t)index * SEAL_KEY_SIZE, secret, SEAL_KEY_SIZE);
    policies->open_count++;
    (void)pthread_mutex_unlock(&policies->mutex);
}

void signer_policies_refused(struct signer_policies *policies,
                             const char policy_id[static RECORD_POLICY_ID_SIZE],
                             const struct signer_candidates *candidates)
{
    (void)pthread_mutex_lock(&policies->mutex);
    struct entry *entry = &policies->entries[claim(policies, policy_id)];
    entry->open = false;
    entry->tried = *candidates;
    (void)pthread_mutex_unlock(&policies->mutex);
}

void signer_policies_forget(struct signer_policies *policies, const char *policy_id)
{
    (void)pthread_mutex_lock(&policies->mutex);
    for (size_t i = 0; policy_id == NULL && i < policies->capacity; i++) {
        if (policies->entries[i].policy_id[0] != '\0') {
            forget(policies, (int32_t)i);
        }
    }
    int32_t index = policy_id == NULL ? NONE : find(policies, policy_id);
    if (index != NONE) {
        forget(policies, index);
    }
    (void)pthread_mutex_unlock(&policies->mutex);
}

size_t signer_policies_open_count(struct signer_policies *policies)
{
    (void)pthread_mutex_lock(&policies->mutex);
    size_t count = policies->open_count;
    (void)pthread_mutex_unlock(&policies->mutex);
    return count;
}
