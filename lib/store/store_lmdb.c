/* Three LMDB databases in one environment:
 *   entries  key with its NUL        -> revision u64be | flags u8 (bit 0 tombstone) | value
 *   log      revision u64be          -> key with its NUL
 *   meta     "format" | "role" | "id" | "head" */
#include "base/cursor.h"
#include "store/store_lmdb_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum {
    ENTRY_HEADER = 9,
    FLAG_TOMBSTONE = 1,
    REVISION_SIZE = 8,
    SPACE_LEAST = 64 * 1024, /* bytes; less is a full disk */
};

struct lmdb_txn {
    struct store_txn base;
    MDB_txn *txn;
};

struct lmdb_snapshot {
    struct store_snapshot base;
    MDB_txn *txn;
};

static struct lmdb_store *lmdb_of(struct store *store)
{
    return (struct lmdb_store *)store;
}

static MDB_txn *txn_of(struct store_txn *txn)
{
    return ((struct lmdb_txn *)txn)->txn;
}

static MDB_txn *reading_of(struct store_snapshot *snapshot)
{
    return ((struct lmdb_snapshot *)snapshot)->txn;
}

static MDB_txn *mdb_of(struct store_txn *txn, struct store_snapshot *snapshot)
{
    return txn ? txn_of(txn) : reading_of(snapshot);
}

/* LMDB calls a page that was written only in part an input/output error: on a full disk, as a rule.
 */
static bool disk_is_full(const char *path)
{
    struct statvfs disk;
    return statvfs(path, &disk) == 0 && disk.f_bavail * disk.f_frsize < SPACE_LEAST;
}

enum kf_status store_lmdb_fail(struct kf_error *err, int rc, const char *path, const char *what)
{
    switch (rc == EIO && disk_is_full(path) ? ENOSPC : rc) {
    case MDB_NOTFOUND:
        return kf_fail(err, KF_ERR_NOT_FOUND, "%s: %s: not found", path, what);
    case MDB_MAP_FULL:
        return kf_fail(err, KF_ERR_IO,
                       "%s: %s: the store is full: its map size is reached; raise it", path, what);
    case ENOSPC:
    case EDQUOT:
        return kf_fail(err, KF_ERR_IO, "%s: %s: the disk is full", path, what);
    case EACCES:
    case EPERM:
    case EROFS:
        return kf_fail(err, KF_ERR_DENIED,
                       "%s: %s: %s; the directory must belong to this user, or for a reader to its "
                       "group, with data.mdb readable and lock.mdb writable",
                       path, what, mdb_strerror(rc));
    case MDB_READERS_FULL:
        return kf_fail(err, KF_ERR_UNAVAILABLE, "%s: %s: too many readers at once", path, what);
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return kf_fail(err, KF_ERR_MALFORMED, "%s: %s: %s", path, what, mdb_strerror(rc));
    case ENOMEM:
        return kf_fail(err, KF_ERR_MEMORY, "%s: %s: out of memory", path, what);
    default:
        return kf_fail(err, KF_ERR_IO, "%s: %s: %s", path, what, mdb_strerror(rc));
    }
}

static MDB_val val_of(const void *data, size_t length)
{
    MDB_val v = {.mv_size = length, .mv_data = (void *)(uintptr_t)data};
    return v;
}

static MDB_val key_of(const char *key)
{
    return val_of(key, strlen(key) + 1);
}

static void put_u64(uint8_t out[static REVISION_SIZE], uint64_t v)
{
    struct kf_writer w = kf_writer_init(out, REVISION_SIZE);
    kf_write_u64be(&w, v);
}

/* Meta values */

enum kf_status store_lmdb_meta_get(uint64_t *out, struct lmdb_store *s, MDB_txn *txn,
                                   const char *name, struct kf_error *err)
{
    MDB_val k = key_of(name);
    MDB_val v;
    int rc = mdb_get(txn, s->meta, &k, &v);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, name);
    struct kf_reader r = kf_reader_init(v.mv_data, v.mv_size);
    if (kf_read_u64be(out, &r) != KF_OK || kf_reader_finish(&r) != KF_OK)
        return kf_fail(err, KF_ERR_MALFORMED, "%s: %s is damaged", s->path, name);
    return KF_OK;
}

enum kf_status store_lmdb_meta_put(struct lmdb_store *s, MDB_txn *txn, const char *name,
                                   uint64_t value, struct kf_error *err)
{
    uint8_t bytes[REVISION_SIZE];
    put_u64(bytes, value);
    MDB_val k = key_of(name);
    MDB_val v = val_of(bytes, sizeof bytes);
    int rc = mdb_put(txn, s->meta, &k, &v, 0);
    return rc == 0 ? KF_OK : store_lmdb_fail(err, rc, s->path, name);
}

/* Snapshots */

/* Another process made the store larger: follow it, which LMDB allows only while this process has
 * no snapshot open. */
static int begin_reading(MDB_txn **txn, struct lmdb_store *s)
{
    pthread_mutex_lock(&s->lock);
    int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
    if (rc == MDB_MAP_RESIZED && s->open_snapshots == 0) {
        rc = mdb_env_set_mapsize(s->env, 0);
        if (rc == 0)
            rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
    }
    if (rc == 0)
        s->open_snapshots++;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

static void end_reading(struct lmdb_store *s, MDB_txn *txn)
{
    pthread_mutex_lock(&s->lock);
    mdb_txn_abort(txn);
    s->open_snapshots--;
    pthread_mutex_unlock(&s->lock);
}

static enum kf_status lmdb_snapshot_begin(struct store_snapshot **out, struct store *store,
                                          struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(store);
    struct lmdb_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    int rc = begin_reading(&snapshot->txn, s);
    if (rc != 0) {
        free(snapshot);
        return store_lmdb_fail(err, rc, s->path, "reading");
    }
    snapshot->base.store = store;
    enum kf_status status =
        store_lmdb_meta_get(&snapshot->base.head, s, snapshot->txn, "head", err);
    if (status != KF_OK) {
        end_reading(s, snapshot->txn);
        free(snapshot);
        return status;
    }
    *out = &snapshot->base;
    return KF_OK;
}

static void lmdb_snapshot_end(struct store_snapshot *base)
{
    struct lmdb_snapshot *snapshot = (struct lmdb_snapshot *)base;
    end_reading(lmdb_of(base->store), snapshot->txn);
    free(snapshot);
}

/* Write transactions */

static enum kf_status lmdb_begin(struct store_txn **out, struct store *store, struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(store);
    struct lmdb_txn *txn = calloc(1, sizeof *txn);
    if (!txn)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn->txn);
    if (rc != 0) {
        free(txn);
        return store_lmdb_fail(err, rc, s->path, "writing");
    }
    txn->base.store = store;
    enum kf_status status = store_lmdb_meta_get(&txn->base.head, s, txn->txn, "head", err);
    if (status != KF_OK) {
        mdb_txn_abort(txn->txn);
        free(txn);
        return status;
    }
    *out = &txn->base;
    return KF_OK;
}

static void lmdb_abort(struct store_txn *base)
{
    struct lmdb_txn *txn = (struct lmdb_txn *)base;
    mdb_txn_abort(txn->txn);
    free(txn);
}

static enum kf_status lmdb_commit(struct store_txn *base, struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(base->store);
    struct lmdb_txn *txn = (struct lmdb_txn *)base;
    enum kf_status status = store_lmdb_meta_put(s, txn->txn, "head", base->head, err);
    if (status != KF_OK) {
        lmdb_abort(base);
        return status;
    }
    int rc = mdb_txn_commit(txn->txn); /* frees it in every case */
    free(txn);
    return rc == 0 ? KF_OK : store_lmdb_fail(err, rc, s->path, "committing");
}

static enum kf_status lmdb_put(struct store_txn *base, const struct store_entry *entry,
                               uint64_t previous, struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(base->store);
    MDB_txn *txn = txn_of(base);
    uint8_t revision[REVISION_SIZE];
    if (previous != 0) {
        put_u64(revision, previous);
        MDB_val old = val_of(revision, sizeof revision);
        int rc = mdb_del(txn, s->log, &old, NULL);
        if (rc != 0)
            return store_lmdb_fail(err, rc, s->path, "the change log");
    }
    MDB_val k = key_of(entry->key);
    MDB_val v = {.mv_size = ENTRY_HEADER + entry->length};
    /* Reserved first and filled after: the value may lie in a page that this put moves, but then
     * only where a caller writes back an entry it borrowed, which the header forbids. */
    int rc = mdb_put(txn, s->entries, &k, &v, MDB_RESERVE);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, entry->key);
    struct kf_writer w = kf_writer_init(v.mv_data, v.mv_size);
    kf_write_u64be(&w, entry->revision);
    kf_write_u8(&w, entry->tombstone ? FLAG_TOMBSTONE : 0);
    kf_write_bytes(&w, entry->value, entry->length);
    put_u64(revision, entry->revision);
    MDB_val line = val_of(revision, sizeof revision);
    rc = mdb_put(txn, s->log, &line, &k, MDB_APPEND);
    return rc == 0 ? KF_OK : store_lmdb_fail(err, rc, s->path, "the change log");
}

/* Reading */

KF_MUST_USE static enum kf_status entry_of(struct store_entry *out, struct lmdb_store *s,
                                           const MDB_val *k, const MDB_val *v, struct kf_error *err)
{
    struct store_entry entry = {.key = k->mv_data};
    struct kf_reader r = kf_reader_init(v->mv_data, v->mv_size);
    uint8_t flags = 0;
    if (k->mv_size == 0 || ((const char *)k->mv_data)[k->mv_size - 1] != 0 ||
        kf_read_u64be(&entry.revision, &r) != KF_OK || kf_read_u8(&flags, &r) != KF_OK)
        return kf_fail(err, KF_ERR_MALFORMED, "%s: an entry is damaged", s->path);
    entry.tombstone = (flags & FLAG_TOMBSTONE) != 0;
    entry.length = kf_reader_left(&r);
    entry.value = r.at;
    *out = entry;
    return KF_OK;
}

static enum kf_status lmdb_get(struct store_entry *out, struct store_txn *txn,
                               struct store_snapshot *snapshot, const char *key,
                               struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(txn ? txn->store : snapshot->store);
    MDB_val k = key_of(key);
    MDB_val v;
    int rc = mdb_get(mdb_of(txn, snapshot), s->entries, &k, &v);
    if (rc == MDB_NOTFOUND)
        return kf_fail(err, KF_ERR_NOT_FOUND, "%s is not in the store", key);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, key);
    enum kf_status status = entry_of(out, s, &k, &v, err);
    if (status == KF_OK)
        out->key = key;
    return status;
}

static enum kf_status lmdb_scan(struct store_txn *txn, struct store_snapshot *snapshot,
                                const char *prefix, store_visit *visit, void *context,
                                struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(txn ? txn->store : snapshot->store);
    size_t length = strlen(prefix);
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(mdb_of(txn, snapshot), s->entries, &cursor);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, "scanning");
    MDB_val k = val_of(prefix, length);
    MDB_val v;
    enum kf_status status = KF_OK;
    for (rc = mdb_cursor_get(cursor, &k, &v, length > 0 ? MDB_SET_RANGE : MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        if (k.mv_size < length || memcmp(k.mv_data, prefix, length) != 0)
            break;
        struct store_entry entry;
        status = entry_of(&entry, s, &k, &v, err);
        if (status == KF_OK && !entry.tombstone)
            status = visit(context, &entry);
        if (status != KF_OK)
            break;
    }
    mdb_cursor_close(cursor);
    if (status == KF_OK && rc != 0 && rc != MDB_NOTFOUND)
        return store_lmdb_fail(err, rc, s->path, "scanning");
    return status;
}

KF_MUST_USE static enum kf_status visit_logged(struct lmdb_store *s, MDB_txn *txn,
                                               const MDB_val *line, MDB_val *key,
                                               store_visit *visit, void *context,
                                               struct kf_error *err)
{
    MDB_val v;
    int rc = mdb_get(txn, s->entries, key, &v);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, "an entry that the change log names");
    struct store_entry entry;
    enum kf_status status = entry_of(&entry, s, key, &v, err);
    if (status != KF_OK)
        return status;
    if (line->mv_size != REVISION_SIZE || memcmp(line->mv_data, v.mv_data, REVISION_SIZE) != 0)
        return kf_fail(err, KF_ERR_MALFORMED, "%s: the change log does not agree with %s", s->path,
                       entry.key);
    return visit(context, &entry);
}

static enum kf_status lmdb_changes(struct store_snapshot *snapshot, uint64_t after,
                                   store_visit *visit, void *context, struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(snapshot->store);
    MDB_txn *txn = reading_of(snapshot);
    if (after >= snapshot->head)
        return KF_OK;
    uint8_t revision[REVISION_SIZE];
    put_u64(revision, after + 1);
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(txn, s->log, &cursor);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, "reading the change log");
    MDB_val line = val_of(revision, sizeof revision);
    MDB_val key;
    enum kf_status status = KF_OK;
    for (rc = mdb_cursor_get(cursor, &line, &key, MDB_SET_RANGE); rc == 0 && status == KF_OK;
         rc = mdb_cursor_get(cursor, &line, &key, MDB_NEXT))
        status = visit_logged(s, txn, &line, &key, visit, context, err);
    mdb_cursor_close(cursor);
    if (status == KF_OK && rc != MDB_NOTFOUND)
        return store_lmdb_fail(err, rc, s->path, "reading the change log");
    return status;
}

/* The id */

static enum kf_status read_id(uint8_t id[static STORE_ID_SIZE], struct lmdb_store *s, MDB_txn *txn,
                              struct kf_error *err)
{
    MDB_val k = key_of("id");
    MDB_val v;
    int rc = mdb_get(txn, s->meta, &k, &v);
    if (rc == MDB_NOTFOUND)
        return kf_fail(err, KF_ERR_NOT_FOUND, "%s has no store id yet", s->path);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, "id");
    if (v.mv_size != STORE_ID_SIZE)
        return kf_fail(err, KF_ERR_MALFORMED, "%s: the store id is damaged", s->path);
    memcpy(id, v.mv_data, STORE_ID_SIZE);
    return KF_OK;
}

enum kf_status store_lmdb_write_id(struct lmdb_store *s, MDB_txn *txn,
                                   const uint8_t id[static STORE_ID_SIZE], struct kf_error *err)
{
    MDB_val k = key_of("id");
    MDB_val v = val_of(id, STORE_ID_SIZE);
    int rc = mdb_put(txn, s->meta, &k, &v, 0);
    return rc == 0 ? KF_OK : store_lmdb_fail(err, rc, s->path, "id");
}

static enum kf_status lmdb_id(uint8_t id[static STORE_ID_SIZE], struct store_snapshot *snapshot,
                              struct kf_error *err)
{
    return read_id(id, lmdb_of(snapshot->store), reading_of(snapshot), err);
}

static enum kf_status lmdb_adopt_id(struct store_txn *txn, const uint8_t id[static STORE_ID_SIZE],
                                    struct kf_error *err)
{
    struct lmdb_store *s = lmdb_of(txn->store);
    uint8_t have[STORE_ID_SIZE];
    enum kf_status status = read_id(have, s, txn_of(txn), NULL);
    if (status == KF_ERR_NOT_FOUND)
        return store_lmdb_write_id(s, txn_of(txn), id, err);
    if (status != KF_OK)
        return kf_fail(err, status, "%s: the store id cannot be read", s->path);
    if (memcmp(have, id, STORE_ID_SIZE) != 0)
        return kf_fail(err, KF_ERR_CONFLICT, "%s follows another store", s->path);
    return KF_OK;
}

static void lmdb_close(struct store *store)
{
    struct lmdb_store *s = lmdb_of(store);
    if (s->env)
        mdb_env_close(s->env);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

static void lmdb_maintain(struct store *store)
{
    int dead = 0;
    (void)mdb_reader_check(lmdb_of(store)->env, &dead); /* fails only for a broken lock file */
}

const struct store_backend store_lmdb_backend = {
    .close = lmdb_close,
    .maintain = lmdb_maintain,
    .snapshot_begin = lmdb_snapshot_begin,
    .snapshot_end = lmdb_snapshot_end,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .scan = lmdb_scan,
    .changes = lmdb_changes,
    .put = lmdb_put,
    .adopt_id = lmdb_adopt_id,
    .id = lmdb_id,
};
