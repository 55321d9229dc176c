/* A conversation with HAProxy's runtime API over its stats socket (HAProxy 2.6 to 3.0, management
 * guide, "Unix Socket commands"), in interactive mode, so that one connection carries many
 * commands.
 *
 * Threads: one owner. Ownership: an answer is borrowed until the next command. */
#ifndef KEYFENCE_DAEMON_SYNC_RUNTIME_H
#define KEYFENCE_DAEMON_SYNC_RUNTIME_H

#include "base/status.h"

#include <stddef.h>

struct runtime;

/* KF_ERR_UNAVAILABLE when nobody listens there; KF_ERR_DENIED for want of permission;
 * KF_ERR_TIMEOUT when it does not say a word within a second. */
KF_MUST_USE enum kf_status runtime_open(struct runtime **out, const char *path,
                                        struct kf_error *err);
void runtime_close(struct runtime *runtime); /* NULL is ignored */

/* Sends a command (without newline) with a payload (NULL: none; otherwise without empty lines,
 * ending in a newline) and returns the answer, without prompts. KF_ERR_UNAVAILABLE: the connection
 * ended; KF_ERR_TIMEOUT: no answer in 5 seconds; then only runtime_close() is left. */
KF_MUST_USE enum kf_status runtime_ask(const char **answer, struct runtime *runtime,
                                       const char *payload, struct kf_error *err,
                                       const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
