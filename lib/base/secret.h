/* Memory that holds secrets: wiped, locked, guarded; and a wiping heap to hand to libraries.
 *
 * Ownership: kf_secret_new() returns memory that only kf_secret_free() may release. */
#ifndef KEYFENCE_BASE_SECRET_H
#define KEYFENCE_BASE_SECRET_H

#include "base/status.h"

#include <stddef.h>

/* Overwrites with zeros; never optimised away. */
void kf_wipe(void *data, size_t length);

/* Must run once before the others (it is idempotent): prepares libsodium. */
KF_MUST_USE enum kf_status kf_secret_init(void);

/* Locked, guard-paged memory, excluded from core dumps; NULL when the system refuses. Zeroed. */
void *kf_secret_new(size_t length);
/* Wipes and releases; NULL is ignored. */
void kf_secret_free(void *data);

/* A heap whose blocks are wiped when they are freed or moved: give it to OpenSSL
 * (CRYPTO_set_mem_functions) and Jansson (json_set_alloc_funcs) in any process that sees a
 * customer's key, before first use of that library. */
void *kf_wiping_malloc(size_t length);
void *kf_wiping_realloc(void *data, size_t length);
void kf_wiping_free(void *data);

#endif
