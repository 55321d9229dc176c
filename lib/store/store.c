#include "store/store_int.h"

#include <assert.h>
#include <string.h>

void store_close(struct store *store)
{
    if (store)
        store->backend->close(store);
}

void store_watch(struct store *store, void (*committed)(void *context, uint64_t head),
                 void *context)
{
    store->committed = committed;
    store->committed_context = context;
}

void store_maintain(struct store *store)
{
    store->backend->maintain(store);
}

enum kf_status store_id(uint8_t id[static STORE_ID_SIZE], struct store *store, struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    enum kf_status status = store_snapshot_begin(&snapshot, store, err);
    if (status != KF_OK)
        return status;
    status = store->backend->id(id, snapshot, err);
    store_snapshot_end(snapshot);
    return status;
}

enum kf_status store_head(uint64_t *head, struct store *store, struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    enum kf_status status = store_snapshot_begin(&snapshot, store, err);
    if (status != KF_OK)
        return status;
    *head = snapshot->head;
    store_snapshot_end(snapshot);
    return KF_OK;
}

KF_MUST_USE static enum kf_status check_key(const char *key, struct kf_error *err)
{
    size_t length = strlen(key);
    if (length == 0 || length > STORE_KEY_MAX)
        return kf_fail(err, KF_ERR_USAGE, "a key of %zu bytes: 1 to %d are possible", length,
                       (int)STORE_KEY_MAX);
    return KF_OK;
}

/* Write transactions */

enum kf_status store_begin(struct store_txn **out, struct store *store, struct kf_error *err)
{
    if (!store->writable)
        return kf_fail(err, KF_ERR_DENIED, "this store was opened for reading only");
    return store->backend->begin(out, store, err);
}

enum kf_status store_txn_commit(struct store_txn *txn, struct kf_error *err)
{
    struct store *store = txn->store;
    uint64_t head = txn->head;
    enum kf_status status = store->backend->commit(txn, err);
    if (status == KF_OK && store->committed)
        store->committed(store->committed_context, head);
    return status;
}

void store_txn_abort(struct store_txn *txn)
{
    if (txn)
        txn->store->backend->abort(txn);
}

uint64_t store_txn_next_revision(const struct store_txn *txn)
{
    return txn->head + 1;
}

KF_MUST_USE static enum kf_status live(struct store_entry *out, const struct store_entry *found,
                                       const char *key, struct kf_error *err)
{
    if (found->tombstone)
        return kf_fail(err, KF_ERR_NOT_FOUND, "%s is deleted", key);
    *out = *found;
    return KF_OK;
}

enum kf_status store_txn_get(struct store_entry *out, struct store_txn *txn, const char *key,
                             struct kf_error *err)
{
    struct store_entry found;
    enum kf_status status = check_key(key, err);
    if (status == KF_OK)
        status = txn->store->backend->get(&found, txn, NULL, key, err);
    return status == KF_OK ? live(out, &found, key, err) : status;
}

enum kf_status store_txn_scan(struct store_txn *txn, const char *prefix, store_visit *visit,
                              void *context, struct kf_error *err)
{
    return txn->store->backend->scan(txn, NULL, prefix, visit, context, err);
}

KF_MUST_USE static enum kf_status check_entry(const struct store_entry *entry, struct kf_error *err)
{
    enum kf_status status = check_key(entry->key, err);
    if (status != KF_OK)
        return status;
    if (entry->length == 0 || entry->length > STORE_VALUE_MAX)
        return kf_fail(err, KF_ERR_LIMIT, "%s: a value of %zu bytes: 1 to %d are possible",
                       entry->key, entry->length, (int)STORE_VALUE_MAX);
    return KF_OK;
}

/* What is there now, with a tombstone counting as something: found->revision is 0 when nothing. */
KF_MUST_USE static enum kf_status current(struct store_entry *found, struct store_txn *txn,
                                          const char *key, struct kf_error *err)
{
    enum kf_status status = txn->store->backend->get(found, txn, NULL, key, NULL);
    if (status == KF_ERR_NOT_FOUND) {
        memset(found, 0, sizeof *found);
        return KF_OK;
    }
    return status == KF_OK ? KF_OK
                           : kf_fail(err, status, "%s cannot be read before it is written", key);
}

enum kf_status store_txn_put(struct store_txn *txn, const struct store_entry *entry,
                             uint64_t expected, struct kf_error *err)
{
    assert(!txn->store->replica);
    assert(entry->revision == store_txn_next_revision(txn));
    struct store_entry found;
    enum kf_status status = check_entry(entry, err);
    if (status == KF_OK)
        status = current(&found, txn, entry->key, err);
    if (status != KF_OK)
        return status;
    uint64_t live_revision = found.tombstone ? STORE_ABSENT : found.revision;
    if (expected != STORE_ANY && expected != live_revision)
        return kf_fail(err, KF_ERR_CONFLICT, "%s changed meanwhile: read it again and retry",
                       entry->key);
    status = txn->store->backend->put(txn, entry, found.revision, err);
    if (status == KF_OK)
        txn->head = entry->revision;
    return status;
}

enum kf_status store_txn_adopt_id(struct store_txn *txn, const uint8_t id[static STORE_ID_SIZE],
                                  struct kf_error *err)
{
    assert(txn->store->replica);
    return txn->store->backend->adopt_id(txn, id, err);
}

enum kf_status store_txn_apply(struct store_txn *txn, const struct store_entry *entry,
                               struct kf_error *err)
{
    assert(txn->store->replica);
    struct store_entry found;
    enum kf_status status = check_entry(entry, err);
    if (status == KF_OK)
        status = current(&found, txn, entry->key, err);
    if (status != KF_OK)
        return status;
    unsigned long long revision = entry->revision;
    if (entry->revision <= found.revision)
        return kf_fail(err, KF_ERR_STALE, "%s: revision %llu does not follow %llu, which is here",
                       entry->key, revision, (unsigned long long)found.revision);
    if (entry->revision <= txn->head)
        return kf_fail(err, KF_ERR_STALE, "%s: revision %llu does not follow the cursor, %llu",
                       entry->key, revision, (unsigned long long)txn->head);
    status = txn->store->backend->put(txn, entry, found.revision, err);
    if (status == KF_OK)
        txn->head = entry->revision;
    return status;
}

/* Reading */

enum kf_status store_snapshot_begin(struct store_snapshot **out, struct store *store,
                                    struct kf_error *err)
{
    return store->backend->snapshot_begin(out, store, err);
}

void store_snapshot_end(struct store_snapshot *snapshot)
{
    if (snapshot)
        snapshot->store->backend->snapshot_end(snapshot);
}

uint64_t store_snapshot_head(const struct store_snapshot *snapshot)
{
    return snapshot->head;
}

enum kf_status store_get(struct store_entry *out, struct store_snapshot *snapshot, const char *key,
                         struct kf_error *err)
{
    struct store_entry found;
    enum kf_status status = check_key(key, err);
    if (status == KF_OK)
        status = snapshot->store->backend->get(&found, NULL, snapshot, key, err);
    return status == KF_OK ? live(out, &found, key, err) : status;
}

enum kf_status store_scan(struct store_snapshot *snapshot, const char *prefix, store_visit *visit,
                          void *context, struct kf_error *err)
{
    return snapshot->store->backend->scan(NULL, snapshot, prefix, visit, context, err);
}

enum kf_status store_changes(struct store_snapshot *snapshot, uint64_t after, store_visit *visit,
                             void *context, struct kf_error *err)
{
    return snapshot->store->backend->changes(snapshot, after, visit, context, err);
}
