/* Private to lib/store: what a backend provides. store.c checks arguments once for all backends and
 * keeps the rules (revisions, compare-and-set, staleness) in one place; a backend keeps bytes.
 *
 * A backend embeds struct store, struct store_txn and struct store_snapshot as first members of its
 * own. Entries are handed over as pointers into the backend's memory. */
#ifndef KEYFENCE_STORE_STORE_INT_H
#define KEYFENCE_STORE_STORE_INT_H

#include "store/store.h"

struct store_backend {
    void (*close)(struct store *store);
    void (*maintain)(struct store *store);
    enum kf_status (*snapshot_begin)(struct store_snapshot **out, struct store *store,
                                     struct kf_error *err);
    void (*snapshot_end)(struct store_snapshot *snapshot);
    enum kf_status (*begin)(struct store_txn **out, struct store *store, struct kf_error *err);
    enum kf_status (*commit)(struct store_txn *txn, struct kf_error *err);
    void (*abort)(struct store_txn *txn);
    /* Tombstones included. Reads through txn when it is not NULL, else through snapshot. */
    enum kf_status (*get)(struct store_entry *out, struct store_txn *txn,
                          struct store_snapshot *snapshot, const char *key, struct kf_error *err);
    enum kf_status (*scan)(struct store_txn *txn, struct store_snapshot *snapshot,
                           const char *prefix, store_visit *visit, void *context,
                           struct kf_error *err);
    enum kf_status (*changes)(struct store_snapshot *snapshot, uint64_t after, store_visit *visit,
                              void *context, struct kf_error *err);
    /* Replaces the key's entry and its line in the log (previous: its revision, 0 when none). */
    enum kf_status (*put)(struct store_txn *txn, const struct store_entry *entry, uint64_t previous,
                          struct kf_error *err);
    enum kf_status (*adopt_id)(struct store_txn *txn, const uint8_t id[static STORE_ID_SIZE],
                               struct kf_error *err);
    /* KF_ERR_NOT_FOUND without one. */
    enum kf_status (*id)(uint8_t id[static STORE_ID_SIZE], struct store_snapshot *snapshot,
                         struct kf_error *err);
};

struct store {
    const struct store_backend *backend;
    bool writable;
    bool replica;
    void (*committed)(void *context, uint64_t head);
    void *committed_context;
};

struct store_txn {
    struct store *store;
    uint64_t head; /* as it will be at commit */
};

struct store_snapshot {
    struct store *store;
    uint64_t head;
};

#endif
