#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void place_make(struct place *place)
{
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/keyfence-store-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    (void)snprintf(place->path, sizeof place->path, "%s/store", place->directory);
}

void place_remove(const struct place *place)
{
    char name[128];
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(name, sizeof name, "%s/%s", place->path, files[i]);
        (void)unlink(name);
    }
    (void)rmdir(place->path);
    (void)rmdir(place->directory);
}

struct store *place_open(const struct place *place, enum store_role role)
{
    struct kf_random random = kf_random_system();
    struct store_lmdb_options options = {.path = place->path, .role = role, .random = &random};
    struct store *store = NULL;
    struct kf_error err = {0};
    if (store_lmdb_open(&store, &options, &err) != KF_OK)
        fail_msg("%s", err.message);
    return store;
}

static enum kf_status put(struct store *store, const char *key, const char *value, bool tombstone,
                          uint64_t expected)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin(&txn, store, NULL), KF_OK);
    struct store_entry entry = {.key = key,
                                .revision = store_txn_next_revision(txn),
                                .tombstone = tombstone,
                                .value = (const uint8_t *)value,
                                .length = strlen(value)};
    enum kf_status status = store_txn_put(txn, &entry, expected, NULL);
    if (status != KF_OK) {
        store_txn_abort(txn);
        return status;
    }
    return store_txn_commit(txn, NULL);
}

enum kf_status put_expecting(struct store *store, const char *key, const char *value,
                             uint64_t expected)
{
    return put(store, key, value, false, expected);
}

uint64_t put_one(struct store *store, const char *key, const char *value)
{
    assert_int_equal(put(store, key, value, false, STORE_ANY), KF_OK);
    uint64_t head = 0;
    assert_int_equal(store_head(&head, store, NULL), KF_OK);
    return head;
}

void delete_one(struct store *store, const char *key)
{
    assert_int_equal(put(store, key, "gone", true, STORE_ANY), KF_OK);
}

enum kf_status get_one(char *out, size_t capacity, struct store *store, const char *key)
{
    struct store_snapshot *snapshot = NULL;
    assert_int_equal(store_snapshot_begin(&snapshot, store, NULL), KF_OK);
    struct store_entry entry;
    enum kf_status status = store_get(&entry, snapshot, key, NULL);
    out[0] = 0;
    if (status == KF_OK)
        (void)snprintf(out, capacity, "%.*s", (int)entry.length, (const char *)entry.value);
    store_snapshot_end(snapshot);
    return status;
}

struct text {
    char *out;
    size_t capacity;
    bool revisions;
};

static enum kf_status add(void *context, const struct store_entry *entry)
{
    struct text *t = context;
    size_t n = strlen(t->out);
    (void)snprintf(t->out + n, t->capacity - n, "%s%s", n > 0 ? " " : "", entry->key);
    n = strlen(t->out);
    if (entry->tombstone)
        (void)snprintf(t->out + n, t->capacity - n, "!");
    else
        (void)snprintf(t->out + n, t->capacity - n, "=%.*s", (int)entry->length,
                       (const char *)entry->value);
    n = strlen(t->out);
    if (t->revisions)
        (void)snprintf(t->out + n, t->capacity - n, "@%llu", (unsigned long long)entry->revision);
    return KF_OK;
}

void changes_text(char *out, size_t capacity, struct store *store, uint64_t after)
{
    struct store_snapshot *snapshot = NULL;
    struct text t = {.out = out, .capacity = capacity, .revisions = true};
    out[0] = 0;
    assert_int_equal(store_snapshot_begin(&snapshot, store, NULL), KF_OK);
    assert_int_equal(store_changes(snapshot, after, add, &t, NULL), KF_OK);
    store_snapshot_end(snapshot);
}

void scan_text(char *out, size_t capacity, struct store *store, const char *prefix)
{
    struct store_snapshot *snapshot = NULL;
    struct text t = {.out = out, .capacity = capacity, .revisions = false};
    out[0] = 0;
    assert_int_equal(store_snapshot_begin(&snapshot, store, NULL), KF_OK);
    assert_int_equal(store_scan(snapshot, prefix, add, &t, NULL), KF_OK);
    store_snapshot_end(snapshot);
}
