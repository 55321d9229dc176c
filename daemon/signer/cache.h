/* Customers' keys that are open: parsed, ready to sign, and the reason why they may be used.
 *
 * A key is remembered together with the revisions of the records it was opened from (its own, its
 * policy key and that one's wrapping, the machine's key); whoever takes one out compares them with
 * the replica first. The cache is bounded and forgets the least recently used. Each lane has its
 * own, so that requests from the network cannot push the keys of local handshakes out.
 *
 * Threads: any. A key taken out stays alive until it is released, also when the cache has forgotten
 * it meanwhile. Freed keys are wiped: OpenSSL's heap here is the wiping one. */
#ifndef KEYFENCE_SIGNER_CACHE_H
#define KEYFENCE_SIGNER_CACHE_H

#include "envelope/record.h"

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

/* How a policy key was opened: by which generation, and from which records. */
struct signer_source {
    uint32_t generation;
    uint64_t policy_revision;
    uint64_t wrap_revision;
    uint64_t machine_key_revision;
};

struct signer_key; /* reference-counted */

/* Takes over pkey. NULL when memory is out (pkey is then freed). */
struct signer_key *signer_key_new(const uint8_t ski[static RECORD_SKI_SIZE], uint64_t revision,
                                  const char policy_id[static RECORD_POLICY_ID_SIZE],
                                  const struct signer_source *source, EVP_PKEY *pkey);
void signer_key_release(struct signer_key *key); /* NULL is ignored */

EVP_PKEY *signer_key_pkey(const struct signer_key *key);
uint64_t signer_key_revision(const struct signer_key *key);
const char *signer_key_policy_id(const struct signer_key *key);
const struct signer_source *signer_key_source(const struct signer_key *key);

struct signer_cache;

/* NULL when memory is out. Requires capacity > 0. */
struct signer_cache *signer_cache_new(size_t capacity);
void signer_cache_free(struct signer_cache *cache);

/* A reference to the key with this SKI, or NULL. The caller releases it. */
struct signer_key *signer_cache_get(struct signer_cache *cache,
                                    const uint8_t ski[static RECORD_SKI_SIZE]);
/* Remembers the key (a reference of its own) in place of any other with its SKI. */
void signer_cache_put(struct signer_cache *cache, struct signer_key *key);
void signer_cache_remove(struct signer_cache *cache, const uint8_t ski[static RECORD_SKI_SIZE]);
/* Forgets the key unless it was opened from the record of this revision. */
void signer_cache_remove_former(struct signer_cache *cache,
                                const uint8_t ski[static RECORD_SKI_SIZE], uint64_t revision);
/* Forgets every key of this policy; every key at all when policy_id is NULL. */
void signer_cache_remove_policy(struct signer_cache *cache, const char *policy_id);
size_t signer_cache_count(struct signer_cache *cache);

#endif
