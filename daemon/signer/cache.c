#include "cache.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct signer_key {
    atomic_uint references;
    struct signer_key *chain; /* next in its bucket */
    struct signer_key *older; /* the cache's order of use */
    struct signer_key *newer;
    EVP_PKEY *pkey;
    uint64_t revision;
    struct signer_source source;
    uint8_t ski[RECORD_SKI_SIZE];
    char policy_id[RECORD_POLICY_ID_SIZE];
};

struct signer_cache {
    pthread_mutex_t mutex;
    size_t capacity;
    size_t count;
    size_t bucket_count; /* a power of two */
    struct signer_key **buckets;
    struct signer_key *newest;
    struct signer_key *oldest;
};

struct signer_key *signer_key_new(const uint8_t ski[static RECORD_SKI_SIZE], uint64_t revision,
                                  const char policy_id[static RECORD_POLICY_ID_SIZE],
                                  const struct signer_source *source, EVP_PKEY *pkey)
{
    struct signer_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    atomic_init(&key->references, 1);
    key->pkey = pkey;
    key->revision = revision;
    key->source = *source;
    memcpy(key->ski, ski, RECORD_SKI_SIZE);
    memcpy(key->policy_id, policy_id, RECORD_POLICY_ID_SIZE);
    return key;
}

void signer_key_release(struct signer_key *key)
{
    if (key != NULL && atomic_fetch_sub(&key->references, 1) == 1) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

EVP_PKEY *signer_key_pkey(const struct signer_key *key)
{
    return key->pkey;
}

uint64_t signer_key_revision(const struct signer_key *key)
{
    return key->revision;
}

const char *signer_key_policy_id(const struct signer_key *key)
{
    return key->policy_id;
}

const struct signer_source *signer_key_source(const struct signer_key *key)
{
    return &key->source;
}

struct signer_cache *signer_cache_new(size_t capacity)
{
    assert(capacity > 0);
    struct signer_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    cache->capacity = capacity;
    cache->bucket_count = 16;
    while (cache->bucket_count < capacity) {
        cache->bucket_count *= 2;
    }
    cache->buckets = calloc(cache->bucket_count, sizeof(struct signer_key *));
    if (cache->buckets == NULL) {
        free(cache);
        return NULL;
    }
    (void)pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

/* An SKI is a SHA-1 of a public key that core accepted: evenly spread without more hashing. */
static struct signer_key **bucket_of(struct signer_cache *cache, const uint8_t *ski)
{
    size_t index = 0;
    memcpy(&index, ski, sizeof index);
    return &cache->buckets[index & (cache->bucket_count - 1)];
}

static struct signer_key *find(struct signer_cache *cache, const uint8_t *ski)
{
    struct signer_key *key = *bucket_of(cache, ski);
    while (key != NULL && memcmp(key->ski, ski, RECORD_SKI_SIZE) != 0) {
        key = key->chain;
    }
    return key;
}

static void unlink_use(struct signer_cache *cache, struct signer_key *key)
{
    if (key->newer != NULL) {
        key->newer->older = key->older;
    } else {
        cache->newest = key->older;
    }
    if (key->older != NULL) {
        key->older->newer = key->newer;
    } else {
        cache->oldest = key->newer;
    }
}

static void link_use(struct signer_cache *cache, struct signer_key *key)
{
    key->newer = NULL;
    key->older = cache->newest;
    if (cache->newest != NULL) {
        cache->newest->newer = key;
    } else {
        cache->oldest = key;
    }
    cache->newest = key;
}

static void forget(struct signer_cache *cache, struct signer_key *key)
{
    struct signer_key **at = bucket_of(cache, key->ski);
    while (*at != key) {
        at = &(*at)->chain;
    }
    *at = key->chain;
    unlink_use(cache, key);
    cache->count--;
    signer_key_release(key);
}

void signer_cache_free(struct signer_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    signer_cache_remove_policy(cache, NULL);
    (void)pthread_mutex_destroy(&cache->mutex);
    free(cache->buckets);
    free(cache);
}

struct signer_key *signer_cache_get(struct signer_cache *cache,
                                    const uint8_t ski[static RECORD_SKI_SIZE])
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct signer_key *key = find(cache, ski);
    if (key != NULL) {
        (void)atomic_fetch_add(&key->references, 1);
        unlink_use(cache, key);
        link_use(cache, key);
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return key;
}

void signer_cache_put(struct signer_cache *cache, struct signer_key *key)
{
    (void)atomic_fetch_add(&key->references, 1);
    (void)pthread_mutex_lock(&cache->mutex);
    struct signer_key *former = find(cache, key->ski);
    if (former != NULL) {
        forget(cache, former);
    } else if (cache->count == cache->capacity) {
        forget(cache, cache->oldest);
    }
    struct signer_key **bucket = bucket_of(cache, key->ski);
    key->chain = *bucket;
    *bucket = key;
    link_use(cache, key);
    cache->count++;
    (void)pthread_mutex_unlock(&cache->mutex);
}

void signer_cache_remove(struct signer_cache *cache, const uint8_t ski[static RECORD_SKI_SIZE])
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct signer_key *key = find(cache, ski);
    if (key != NULL) {
        forget(cache, key);
    }
    (void)pthread_mutex_unlock(&cache->mutex);
}

void signer_cache_remove_former(struct signer_cache *cache,
                                const uint8_t ski[static RECORD_SKI_SIZE], uint64_t revision)
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct signer_key *key = find(cache, ski);
    if (key != NULL && key->revision != revision) {
        forget(cache, key);
    }
    (void)pthread_mutex_unlock(&cache->mutex);
}

void signer_cache_remove_policy(struct signer_cache *cache, const char *policy_id)
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct signer_key *key = cache->newest;
    while (key != NULL) {
        struct signer_key *next = key->older;
        if (policy_id == NULL || strcmp(key->policy_id, policy_id) == 0) {
            forget(cache, key);
        }
        key = next;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
}

size_t signer_cache_count(struct signer_cache *cache)
{
    (void)pthread_mutex_lock(&cache->mutex);
    size_t count = cache->count;
    (void)pthread_mutex_unlock(&cache->mutex);
    return count;
}
