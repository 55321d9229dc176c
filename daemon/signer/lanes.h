/* The threads that sign: one lane for each origin of requests, with a queue, workers and caches of
 * its own, so that whatever comes from the network cannot hold up this machine's own handshakes.
 * The remote lane's threads also run at a lower priority. Policy keys are opened in lanes of their
 * own (opening.h).
 *
 * Threads: signer_lanes_submit() is called by one thread or many. Ownership: a submitted job comes
 * back through `complete`, always, unless the lanes are stopped first. */
#ifndef KEYFENCE_SIGNER_LANES_H
#define KEYFENCE_SIGNER_LANES_H

#include "job.h"
#include "keyring.h"
#include "status.h"

#include "base/clock.h"
#include "base/status.h"

struct signer_lanes;

struct signer_lanes_options {
    struct signer_keyring *keyring;
    struct signer_counters *counters;
    const struct kf_clock *clock;
    size_t workers;   /* threads of the local lane; the remote one has half, at least one */
    size_t queue_max; /* requests that may wait, for each lane */
    size_t keys_max;  /* open customers' keys, for each lane */
    void (*complete)(void *context, struct signer_job *job); /* any thread */
    void *context;
};

/* Starts the threads. Requires all options set. */
KF_MUST_USE enum kf_status signer_lanes_start(struct signer_lanes **out,
                                              const struct signer_lanes_options *options,
                                              struct kf_error *err);
/* Finishes what is being signed, drops what waits, ends the threads, wipes the keys. NULL is
 * ignored. */
void signer_lanes_stop(struct signer_lanes *lanes);

void signer_lanes_submit(struct signer_lanes *lanes, struct signer_job *job);

size_t signer_lanes_keys_open(struct signer_lanes *lanes); /* customers' keys, of both lanes */

#endif
