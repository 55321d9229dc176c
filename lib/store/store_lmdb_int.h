/* Private to the LMDB backend: what its two files share. */
#ifndef KEYFENCE_STORE_STORE_LMDB_INT_H
#define KEYFENCE_STORE_STORE_LMDB_INT_H

#include "store/store_int.h"

#include <lmdb.h>
#include <pthread.h>

struct lmdb_store {
    struct store base; /* first: the interface sees this */
    MDB_env *env;
    MDB_dbi entries;
    MDB_dbi log;
    MDB_dbi meta;
    char *path;
    pthread_mutex_t lock; /* guards open_snapshots and growing the map */
    unsigned open_snapshots;
};

extern const struct store_backend store_lmdb_backend;

/* What went wrong, in an operator's words. */
enum kf_status store_lmdb_fail(struct kf_error *err, int rc, const char *path, const char *what);
KF_MUST_USE enum kf_status store_lmdb_meta_get(uint64_t *out, struct lmdb_store *s, MDB_txn *txn,
                                               const char *name, struct kf_error *err);
KF_MUST_USE enum kf_status store_lmdb_meta_put(struct lmdb_store *s, MDB_txn *txn, const char *name,
                                               uint64_t value, struct kf_error *err);
KF_MUST_USE enum kf_status store_lmdb_write_id(struct lmdb_store *s, MDB_txn *txn,
                                               const uint8_t id[static STORE_ID_SIZE],
                                               struct kf_error *err);

#endif
