/* Files that must survive a crash whole: each is written beside its place, flushed, and renamed
 * into it, and the folder is flushed too, so that after any crash there is the old file or the new
 * one.
 *
 * Threads: none shared; two writers of one path race as rename(2) does. */
#ifndef KEYFENCE_DAEMON_FILES_H
#define KEYFENCE_DAEMON_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a whole file of at most `max` bytes into new secret memory (kf_secret_free) with a NUL
 * after it. KF_ERR_NOT_FOUND when it is not there, KF_ERR_LIMIT when larger, KF_ERR_IO. */
KF_MUST_USE enum kf_status files_read(uint8_t **out, size_t *length, const char *path, size_t max,
                                      struct kf_error *err);

/* Replaces or creates path with these bytes and this mode. KF_ERR_IO. */
KF_MUST_USE enum kf_status files_write(const char *path, mode_t mode, const uint8_t *data,
                                       size_t length, struct kf_error *err);

/* Makes the folder (one level) with this mode when it is not there. KF_ERR_IO. */
KF_MUST_USE enum kf_status files_make_folder(const char *path, mode_t mode, struct kf_error *err);

bool files_exists(const char *path);

/* "folder/name" into a caller's buffer; KF_ERR_LIMIT when it does not fit. */
KF_MUST_USE enum kf_status files_join(char *out, size_t capacity, const char *folder,
                                      const char *name, struct kf_error *err);

/* Listens on a Unix socket at path: a stale socket that nobody listens on is removed, one that
 * answers is an error (KF_ERR_EXISTS). The mode is set before anyone can connect; group (may be
 * NULL) then owns it. The descriptor is non-blocking and closed on exec. */
KF_MUST_USE enum kf_status files_listen_unix(int *fd, const char *path, mode_t mode,
                                             const char *group, struct kf_error *err);

#endif
