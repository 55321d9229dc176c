/* What every daemon gives up before it serves: core dumps, being traced, new privileges, new
 * programs, and most of the kernel's dangerous calls; processes that hold keys also give up every
 * socket family but Unix.
 *
 * Call sandbox_enter() once, after the sockets and files that need privileges are open and before
 * the first byte from a peer is read. It applies to all threads started later, so call it before
 * starting any. It cannot be undone. */
#ifndef KEYFENCE_DAEMON_SANDBOX_H
#define KEYFENCE_DAEMON_SANDBOX_H

#include "base/status.h"

enum sandbox_profile {
    SANDBOX_KEYS,    /* signer, authority: no network, no programs */
    SANDBOX_NETWORK, /* core, sync, relay: network, no programs */
};

/* Fails with KF_ERR_INTERNAL when the kernel refuses: the daemon must then not serve. */
KF_MUST_USE enum kf_status sandbox_enter(enum sandbox_profile profile, struct kf_error *err);

/* The part that must come before any secret is read: no core dumps and no tracing by the same
 * user. sandbox_enter() includes it. */
KF_MUST_USE enum kf_status sandbox_hide_memory(struct kf_error *err);

#endif
