/* What this machine knows of policy keys: which are open, and which are known not to open here.
 *
 * A policy key is wrapped once a generation; this machine can try a wrapping when it has a key of
 * that generation. The pairs that exist now are the candidates, newest generation first. An open
 * policy key is good while the pair that opened it is still a candidate; a refusal is good while
 * the candidates are exactly those that were tried. So neither outlives a rotation, a revocation or
 * a new machine key, and asking again costs no cryptography.
 *
 * The secret halves lie side by side in locked, guarded memory. Bounded; the least recently used is
 * forgotten. Threads: any. */
#ifndef KEYFENCE_SIGNER_POLICIES_H
#define KEYFENCE_SIGNER_POLICIES_H

#include "cache.h"

#include "envelope/record.h"
#include "envelope/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGNER_CANDIDATES_MAX = 8 }; /* generations that can be in use at once */

struct signer_candidates {
    size_t count;
    struct signer_source list[SIGNER_CANDIDATES_MAX]; /* newest generation first */
};

enum signer_policy_state {
    SIGNER_POLICY_UNKNOWN, /* not tried, or not with these candidates */
    SIGNER_POLICY_OPEN,
    SIGNER_POLICY_REFUSED, /* none of these candidates opens it */
};

struct signer_policies;

/* NULL when memory is out or the system does not let it be locked. Requires capacity > 0. */
struct signer_policies *signer_policies_new(size_t capacity);
/* Wipes everything. */
void signer_policies_free(struct signer_policies *policies);

/* When the answer is SIGNER_POLICY_OPEN, *source and secret (which the caller wipes) are set. */
enum signer_policy_state signer_policies_find(uint8_t secret[static SEAL_KEY_SIZE],
                                              struct signer_source *source,
                                              struct signer_policies *policies,
                                              const char policy_id[static RECORD_POLICY_ID_SIZE],
                                              const struct signer_candidates *candidates);

void signer_policies_opened(struct signer_policies *policies,
                            const char policy_id[static RECORD_POLICY_ID_SIZE],
                            const struct signer_source *source,
                            const uint8_t secret[static SEAL_KEY_SIZE]);
void signer_policies_refused(struct signer_policies *policies,
                             const char policy_id[static RECORD_POLICY_ID_SIZE],
                             const struct signer_candidates *candidates);
/* Forgets and wipes what is known of one policy; of all when policy_id is NULL. */
void signer_policies_forget(struct signer_policies *policies, const char *policy_id);

size_t signer_policies_open_count(struct signer_policies *policies);

#endif
