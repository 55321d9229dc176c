/* Gives OpenSSL the wiping heap of lib/base, so that no freed block of it keeps a secret.
 *
 * Call it first in main(): OpenSSL refuses once it has allocated anything. */
#ifndef KEYFENCE_DAEMON_OPENSSL_HEAP_H
#define KEYFENCE_DAEMON_OPENSSL_HEAP_H

#include "base/status.h"

KF_MUST_USE enum kf_status openssl_heap_wiping(struct kf_error *err);

#endif
