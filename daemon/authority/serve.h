/* The authority's loop: one thread, a Unix socket, frames in, answers out.
 *
 * Each connection may send any number of requests, one after another; a frame that is larger than
 * its bound, or that does not arrive whole within a few seconds, ends its connection. */
#ifndef KEYFENCE_AUTHORITY_SERVE_H
#define KEYFENCE_AUTHORITY_SERVE_H

#include "authority.h"

/* Serves until a signal says stop. listener and signals are descriptors that the caller closes. */
KF_MUST_USE enum kf_status serve(struct authority *authority, int listener, int signals,
                                 const struct kf_clock *clock, struct kf_error *err);

#endif
