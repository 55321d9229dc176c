/* Keeps one running HAProxy in step with the files, without a reload: certificates are created,
 * replaced and deleted, and lines of the crt-list added and deleted, through its runtime API.
 *
 * It goes by what HAProxy says it has, not by what it was told before: a HAProxy that restarted, or
 * missed a change while it was away, is mended. A line is added before the one it replaces is
 * deleted, so that no host is without a certificate for an instant. Only certificates of our folder
 * are ever touched.
 *
 * Threads: one owner. */
#ifndef KEYFENCE_DAEMON_SYNC_TELL_H
#define KEYFENCE_DAEMON_SYNC_TELL_H

#include "desired.h"
#include "store/store.h"

#include <stdbool.h>

struct tell;

/* socket and folder are copied. NULL when out of memory. */
struct tell *tell_new(const char *socket, const char *folder);
void tell_free(struct tell *tell);

/* Brings this HAProxy to `desired`, whose files are on disk. Does nothing more than ask who is
 * there when nothing changed since the last call: unless it is another process than before, or
 * `thorough` asks for a comparison. Logs its troubles once and its successes; they are its own, so
 * none is returned. */
void tell_update(struct tell *tell, const struct desired *desired, struct store_snapshot *snapshot,
                 bool thorough);

#endif
