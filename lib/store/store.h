/* The store: a versioned map from keys to values with one ordered log of changes.
 *
 * Every change has a revision, a dense counter of the store: the first is 1. A key has at most one
 * entry, its newest; the log holds one line a key, so that "changes after 0" is a bootstrap. A
 * deletion is an entry too (a tombstone, with a value that proves it): get and scan pass over it,
 * changes deliver it. A value is opaque here; in Keyfence it is a signed record (envelope/record.h)
 * that states the same key and revision.
 *
 * Three roles. The core writes with store_txn_put: it takes the next revision, signs, puts. A
 * replica writes with store_txn_apply what it verified: the revision comes from the record, the
 * replica's head is its cursor, and both are committed in one transaction. A reader only reads,
 * beside the writer, in another process.
 *
 * Durability: when store_txn_commit returns KF_OK the transaction is on disk; a process killed at
 * any instant leaves a store that holds exactly the committed transactions.
 *
 * Threads: a struct store may be shared; a transaction or snapshot belongs to one thread at a time,
 * a write transaction to the thread that began it. One write transaction at a time a store: others
 * wait in store_begin. A thread that has a write transaction open must not begin another. Never use
 * a store on both sides of fork().
 * Ownership: entries are borrowed: from a snapshot until store_snapshot_end, from a transaction
 * until its next put, apply, commit or abort; what is put must not be borrowed from the store.
 * Nothing here is secret or constant-time. */
#ifndef KEYFENCE_STORE_STORE_H
#define KEYFENCE_STORE_STORE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STORE_KEY_MAX = 255, /* bytes, at least 1, no NUL */
    STORE_VALUE_MAX = 256 * 1024,
    STORE_ID_SIZE = 16,
};

#define STORE_ANY    UINT64_MAX /* expected revision: no matter */
#define STORE_ABSENT 0          /* expected revision: no entry, or a tombstone */

struct store;
struct store_txn;
struct store_snapshot;

struct store_entry {
    const char *key; /* NUL-terminated */
    uint64_t revision;
    bool tombstone;
    const uint8_t *value;
    size_t length;
};

void store_close(struct store *store); /* NULL is ignored; no transaction may be open */

/* The random id made when the core's store was created. KF_ERR_NOT_FOUND: a replica that has not
 * adopted one yet. */
KF_MUST_USE enum kf_status store_id(uint8_t id[static STORE_ID_SIZE], struct store *store,
                                    struct kf_error *err);

/* The newest committed revision: 0 when empty. In a replica: its cursor. Costs about a microsecond,
 * so other processes may poll it. */
KF_MUST_USE enum kf_status store_head(uint64_t *head, struct store *store, struct kf_error *err);

/* Calls `committed` after each commit of this process, on the thread that committed, with the new
 * head. One watcher; NULL removes it. To be set before other threads use the store. The callback
 * must not call the store. */
void store_watch(struct store *store, void (*committed)(void *context, uint64_t head),
                 void *context);

/* Frees what readers that died left behind. Cheap; a writer calls it now and then. */
void store_maintain(struct store *store);

/* Write transactions. */
KF_MUST_USE enum kf_status store_begin(struct store_txn **out, struct store *store,
                                       struct kf_error *err);
/* Ends the transaction in every case, also on failure (then nothing is kept). KF_ERR_IO: the
 * message says whether the disk is full. */
KF_MUST_USE enum kf_status store_txn_commit(struct store_txn *txn, struct kf_error *err);
void store_txn_abort(struct store_txn *txn); /* NULL is ignored */

/* The revision that the next put must carry; it grows by one with each put. */
uint64_t store_txn_next_revision(const struct store_txn *txn);

/* KF_ERR_NOT_FOUND when absent or a tombstone. */
KF_MUST_USE enum kf_status store_txn_get(struct store_entry *out, struct store_txn *txn,
                                         const char *key, struct kf_error *err);

/* Live entries whose key starts with prefix ("" is all), in key order, as the transaction sees
 * them. The visitor must not write to the transaction; it returns KF_OK to go on, anything else to
 * stop, which the scan returns. */
typedef enum kf_status store_visit(void *context, const struct store_entry *entry);
KF_MUST_USE enum kf_status store_txn_scan(struct store_txn *txn, const char *prefix,
                                          store_visit *visit, void *context, struct kf_error *err);

/* Core. Sets entry->key to the entry, whose revision must be store_txn_next_revision(). expected is
 * the revision the live entry must have: STORE_ANY, STORE_ABSENT, or what the caller read;
 * KF_ERR_CONFLICT otherwise, and the transaction goes on without the put. */
KF_MUST_USE enum kf_status store_txn_put(struct store_txn *txn, const struct store_entry *entry,
                                         uint64_t expected, struct kf_error *err);

/* Replica. Adopts the core store's id the first time; KF_ERR_CONFLICT when it has another. */
KF_MUST_USE enum kf_status store_txn_adopt_id(struct store_txn *txn,
                                              const uint8_t id[static STORE_ID_SIZE],
                                              struct kf_error *err);
/* Replica. Applies a verified record and moves the cursor to its revision. KF_ERR_STALE when the
 * revision is not above the cursor and above the key's; the transaction goes on without it. */
KF_MUST_USE enum kf_status store_txn_apply(struct store_txn *txn, const struct store_entry *entry,
                                           struct kf_error *err);

/* Reading: a snapshot is one instant's state and costs writers nothing but disk space while it is
 * open; end it before waiting for anything. */
KF_MUST_USE enum kf_status store_snapshot_begin(struct store_snapshot **out, struct store *store,
                                                struct kf_error *err);
void store_snapshot_end(struct store_snapshot *snapshot); /* NULL is ignored */
uint64_t store_snapshot_head(const struct store_snapshot *snapshot);
/* KF_ERR_NOT_FOUND when absent or a tombstone. */
KF_MUST_USE enum kf_status store_get(struct store_entry *out, struct store_snapshot *snapshot,
                                     const char *key, struct kf_error *err);
KF_MUST_USE enum kf_status store_scan(struct store_snapshot *snapshot, const char *prefix,
                                      store_visit *visit, void *context, struct kf_error *err);
/* Entries with a revision above `after`, tombstones too, in revision order. */
KF_MUST_USE enum kf_status store_changes(struct store_snapshot *snapshot, uint64_t after,
                                         store_visit *visit, void *context, struct kf_error *err);

#endif
