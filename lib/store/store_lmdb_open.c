/* Opening an LMDB store: files, permissions, format, role. */
#include "store/store_lmdb.h"

#include "store/store_lmdb_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FORMAT = 1,
    DEFAULT_READERS = 510,
};
static const size_t default_map_size = (size_t)16 << 30; /* addresses, not memory and not disk */

/* First opening by a writer: what every later one expects is written in the same transaction. */
KF_MUST_USE static enum kf_status initialise(struct lmdb_store *s, MDB_txn *txn,
                                             const struct store_lmdb_options *options,
                                             struct kf_error *err)
{
    uint64_t format = 0;
    enum kf_status status = store_lmdb_meta_get(&format, s, txn, "format", err);
    if (status != KF_ERR_NOT_FOUND)
        return status;
    status = store_lmdb_meta_put(s, txn, "format", FORMAT, err);
    if (status == KF_OK)
        status = store_lmdb_meta_put(s, txn, "role", (uint64_t)options->role, err);
    if (status == KF_OK)
        status = store_lmdb_meta_put(s, txn, "head", 0, err);
    if (status != KF_OK || options->role != STORE_CORE)
        return status;
    uint8_t id[STORE_ID_SIZE];
    status = kf_random_fill(options->random, id, sizeof id);
    if (status != KF_OK)
        return kf_fail(err, status, "%s: no randomness for the store's id", s->path);
    return store_lmdb_write_id(s, txn, id, err);
}

KF_MUST_USE static enum kf_status check_meta(struct lmdb_store *s, MDB_txn *txn,
                                             enum store_role role, struct kf_error *err)
{
    uint64_t format = 0;
    uint64_t was = 0;
    enum kf_status status = store_lmdb_meta_get(&format, s, txn, "format", err);
    if (status == KF_OK)
        status = store_lmdb_meta_get(&was, s, txn, "role", err);
    if (status != KF_OK)
        return status;
    if (format != FORMAT)
        return kf_fail(err, KF_ERR_UNSUPPORTED,
                       "%s: the store's format %llu is not known to this version", s->path,
                       (unsigned long long)format);
    if (role != STORE_READER && was != (uint64_t)role)
        return kf_fail(err, KF_ERR_CONFLICT, "%s is %s, not %s", s->path,
                       was == STORE_CORE ? "the core's store" : "a replica",
                       role == STORE_CORE ? "the core's store" : "a replica");
    s->base.replica = was == STORE_REPLICA;
    return KF_OK;
}

KF_MUST_USE static enum kf_status
open_databases(struct lmdb_store *s, const struct store_lmdb_options *options, struct kf_error *err)
{
    bool reader = options->role == STORE_READER;
    unsigned create = reader ? 0 : MDB_CREATE;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(s->env, NULL, reader ? MDB_RDONLY : 0, &txn);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, "opening");
    rc = mdb_dbi_open(txn, "meta", create, &s->meta);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "entries", create, &s->entries);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "log", create, &s->log);
    enum kf_status status = KF_OK;
    if (rc != 0)
        status = rc == MDB_NOTFOUND
                     ? kf_fail(err, KF_ERR_NOT_FOUND, "%s: there is no store yet", s->path)
                     : store_lmdb_fail(err, rc, s->path, "opening");
    if (status == KF_OK && !reader)
        status = initialise(s, txn, options, err);
    if (status == KF_OK)
        status = check_meta(s, txn, options->role, err);
    if (status != KF_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? KF_OK : store_lmdb_fail(err, rc, s->path, "opening");
}

/* Whatever the umask: the group may read the data, and write the lock file (a reader notes itself
 * there) and only that. */
KF_MUST_USE static enum kf_status share_file(struct lmdb_store *s, const char *file, mode_t mode,
                                             struct kf_error *err)
{
    char name[4096];
    int n = snprintf(name, sizeof name, "%s/%s", s->path, file);
    if (n < 0 || (size_t)n >= sizeof name)
        return kf_fail(err, KF_ERR_USAGE, "%s: the path is too long", s->path);
    struct stat st;
    if (stat(name, &st) != 0)
        return store_lmdb_fail(err, errno, s->path, file);
    if ((st.st_mode & 0777) != mode && st.st_uid == geteuid() && chmod(name, mode) != 0)
        return store_lmdb_fail(err, errno, s->path, file);
    return KF_OK;
}

/* So that the files themselves are still there after a power cut. */
KF_MUST_USE static enum kf_status sync_directory(struct lmdb_store *s, struct kf_error *err)
{
    int fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return store_lmdb_fail(err, errno, s->path, "opening the directory");
    int rc = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return rc == 0 ? KF_OK : store_lmdb_fail(err, rc, s->path, "syncing the directory");
}

KF_MUST_USE static enum kf_status open_environment(struct lmdb_store *s,
                                                   const struct store_lmdb_options *options,
                                                   struct kf_error *err)
{
    bool reader = options->role == STORE_READER;
    if (!reader && mkdir(s->path, 0750) != 0 && errno != EEXIST)
        return store_lmdb_fail(err, errno, s->path, "making the directory");
    int rc = mdb_env_create(&s->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(s->env, 3);
    if (rc == 0 && !reader)
        rc = mdb_env_set_mapsize(s->env, options->map_size ? options->map_size : default_map_size);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(s->env, options->readers ? options->readers : DEFAULT_READERS);
    if (rc == 0)
        rc = mdb_env_open(s->env, s->path, MDB_NOTLS | (reader ? MDB_RDONLY : 0), 0640);
    if (reader && rc == ENOENT)
        return kf_fail(err, KF_ERR_NOT_FOUND, "%s: there is no store yet", s->path);
    if (rc != 0)
        return store_lmdb_fail(err, rc, s->path, "opening");
    if (reader)
        return KF_OK;
    enum kf_status status = share_file(s, "lock.mdb", 0660, err);
    if (status == KF_OK)
        status = share_file(s, "data.mdb", 0640, err);
    return status == KF_OK ? sync_directory(s, err) : status;
}

enum kf_status store_lmdb_open(struct store **out, const struct store_lmdb_options *options,
                               struct kf_error *err)
{
    struct lmdb_store *s = calloc(1, sizeof *s);
    if (!s)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    s->base.backend = &store_lmdb_backend;
    s->base.writable = options->role != STORE_READER;
    s->path = strdup(options->path);
    if (!s->path || pthread_mutex_init(&s->lock, NULL) != 0) {
        free(s->path);
        free(s);
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status status = open_environment(s, options, err);
    if (status == KF_OK)
        status = open_databases(s, options, err);
    if (status != KF_OK) {
        store_close(&s->base);
        return status;
    }
    store_maintain(&s->base);
    *out = &s->base;
    return KF_OK;
}
