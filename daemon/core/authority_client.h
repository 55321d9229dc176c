/* Asks the authority, one request a connection, each with a deadline.
 *
 * The core lives without the authority: a call that finds nobody returns KF_ERR_UNAVAILABLE or
 * KF_ERR_TIMEOUT with words for the person who asked. Threads: values only. */
#ifndef KEYFENCE_CORE_AUTHORITY_CLIENT_H
#define KEYFENCE_CORE_AUTHORITY_CLIENT_H

#include "authority_protocol.h"

enum { AUTHORITY_CLIENT_SECONDS = 10 };

/* The body of the answer in *out, a heap block with a NUL after it, for free(). The authority's own
 * refusals come back with its status and message. */
KF_MUST_USE enum kf_status authority_call(uint8_t **out, size_t *length, const char *socket_path,
                                          const struct authority_request *request,
                                          struct kf_error *err);

#endif
