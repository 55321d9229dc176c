/* The LMDB backend: one directory on one machine, one writing process, any number of readers.
 *
 * Writes are synced before they are acknowledged (none of LMDB's relaxed flags is set). A process
 * opens a given directory once: LMDB's locks belong to the process, and closing a second opening
 * would drop the first one's. Readers run as other users: the directory's group must be theirs and
 * setgid (mode 2750 or 2770); the data file is made 0640, the lock file 0660, because a reader
 * notes itself there. The file grows with its content; map_size only bounds it. */
#ifndef KEYFENCE_STORE_STORE_LMDB_H
#define KEYFENCE_STORE_STORE_LMDB_H

#include "base/random.h"
#include "base/status.h"
#include "store/store.h"

enum store_role {
    STORE_CORE = 0,    /* read and write; made with a fresh id when absent */
    STORE_REPLICA = 1, /* read and write; made without an id when absent */
    STORE_READER = 2,  /* read only; KF_ERR_NOT_FOUND when there is none yet */
};

struct store_lmdb_options {
    const char *path; /* a directory; made (0750, parents not) for the writing roles */
    enum store_role role;
    size_t map_size;                /* 0: 16 GiB */
    unsigned readers;               /* snapshots open at once on the machine; 0: 510 */
    const struct kf_random *random; /* STORE_CORE: makes the id */
};

/* KF_ERR_CONFLICT: the store is of the other writing role. KF_ERR_DENIED: permissions, said which.
 * KF_ERR_UNSUPPORTED: a format this version does not know. */
KF_MUST_USE enum kf_status
store_lmdb_open(struct store **out, const struct store_lmdb_options *options, struct kf_error *err);

#endif
