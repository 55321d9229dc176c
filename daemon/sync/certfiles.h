/* The TLS server's files in one folder: for each certificate <id>.pem (chain, then key reference)
 * and <id>.pem.key (the reference alone, for servers that want it apart), and the list
 * certificates.list in HAProxy's crt-list form.
 *
 * Every file is replaced by rename after its bytes are on disk, certificates before the list that
 * names them, and files are removed only after the list no longer does: a TLS server that starts at
 * any instant, also after a power cut, finds a list whose files are all there and whole. Nothing
 * secret is ever in a record's public part, so nothing secret is ever written here.
 *
 * Threads: one owner. */
#ifndef KEYFENCE_DAEMON_SYNC_CERTFILES_H
#define KEYFENCE_DAEMON_SYNC_CERTFILES_H

#include "base/status.h"
#include "desired.h"
#include "store/store.h"

#include <stdbool.h>

#define CERTFILES_LIST "certificates.list"

struct certfiles_outcome {
    size_t written;
    size_t removed;
};

/* Makes the folder's content what `now` says, given that it was `before` (NULL: unknown, every file
 * is compared and what does not belong is removed). Items whose files cannot be made are taken out
 * of `now` and counted in now->unfit. On failure the folder holds a state between the two that is
 * whole in the sense above. */
KF_MUST_USE enum kf_status certfiles_update(struct certfiles_outcome *out, const char *folder,
                                            struct desired *now, const struct desired *before,
                                            struct store_snapshot *snapshot, struct kf_error *err);

/* SHA-1 of the DER of the first certificate in a PEM text, as upper-case hex: what HAProxy shows of
 * a certificate it holds. */
KF_MUST_USE enum kf_status certfiles_fingerprint(char out[static 41], const char *pem);

#endif
