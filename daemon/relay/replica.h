/* What the relay knows from the replicated registry, kept in step with it.
 *
 * A read-only LMDB replica that keyfence-sync writes beside us. It may not exist yet when the relay
 * starts, and need not change ever again: the relay serves from what is there. The head is polled
 * (a microsecond); what changed is read from the log, a bounded piece at a time, so that a flood of
 * uploads never holds the loop up. Data centres and machines go to the directory; policies are
 * kept parsed, by id; which policy a key is under is read when a request asks for it and
 * remembered. Every record used is verified against the pinned signing key; one that does not
 * verify is passed over and counted.
 *
 * Threads: the loop's. Nothing here is secret: sealed keys are never even looked at. */
#ifndef KEYFENCE_RELAY_REPLICA_H
#define KEYFENCE_RELAY_REPLICA_H

#include "base/status.h"
#include "envelope/record.h"
#include "policy/policy.h"
#include "route/directory.h"

#include <stdbool.h>
#include <stdint.h>

struct replica;

struct replica_policy {
    char id[RECORD_POLICY_ID_SIZE];
    struct policy *policy;
    struct route_set satisfying; /* valid while version is the directory's */
    uint64_t version;
    struct replica_policy *next;
};

/* Loads the pinned key from a file of 64 hex digits. Opening the store waits for
 * replica_follow(). directory is borrowed. */
KF_MUST_USE enum kf_status replica_new(struct replica **out, const char *path,
                                       const char *records_public_path,
                                       struct route_directory *directory, struct kf_error *err);
void replica_free(struct replica *r); /* NULL is ignored */

/* Takes up what changed since the last call. *changed when data centres, machines or policies did.
 * KF_ERR_NOT_FOUND while there is no replica; other failures are worth a log line. */
KF_MUST_USE enum kf_status replica_follow(struct replica *r, bool *changed, struct kf_error *err);

/* The policy a key is under. Borrowed until the next call of replica_follow().
 * KF_ERR_NOT_FOUND: no such key, or its policy has not arrived; KF_ERR_UNAVAILABLE: no replica. */
KF_MUST_USE enum kf_status replica_policy_of(struct replica_policy **out, struct replica *r,
                                             const uint8_t ski[static RECORD_SKI_SIZE],
                                             struct kf_error *err);
/* The data centres that satisfy it now. */
const struct route_set *replica_satisfying(struct replica *r, struct replica_policy *policy);

/* For a log line: the certificate with this key and its policy as the customer wrote it. Looks at a
 * bounded number of certificates; false when none was found. */
bool replica_describe(struct replica *r, char *certificate, size_t certificate_size, char *policy,
                      size_t policy_size, const uint8_t ski[static RECORD_SKI_SIZE]);

/* The data centres that some policy is satisfied by. */
void replica_wanted(struct route_set *out, struct replica *r);
uint64_t replica_head(const struct replica *r);
uint64_t replica_refused(const struct replica *r); /* records that did not verify */

#endif
