/* The lane where policy keys are opened, away from those that sign.
 *
 * Opening one costs milliseconds of pairings; signing with an open key costs microseconds. So a
 * request whose policy key is not open yet waits here, and its lane goes on with others. A policy
 * key is opened once at a time however many requests wait for it; then they all return to their
 * lanes, which find it open, or find that it does not open here.
 *
 * Two threads: one opens only for local requests, the other for requests from the network, so that
 * the network cannot make local handshakes wait for more than the opening they share. A local
 * request that joins an opening which is only waiting takes it to the local thread. Requests whose
 * deadline passed while they waited go back too (their lane answers them); what nobody waits for
 * any more is not opened.
 *
 * Threads: any. Ownership: a job that waits belongs to the lane. */
#ifndef KEYFENCE_SIGNER_OPENING_H
#define KEYFENCE_SIGNER_OPENING_H

#include "job.h"

#include "base/clock.h"
#include "base/status.h"
#include "envelope/record.h"

struct signer_opening;

struct signer_opening_options {
    size_t waiting_max; /* requests that may wait, for each origin */
    const struct kf_clock *clock;
    /* Opens one policy key, or learns that it does not open here. Called by both threads. */
    void (*open)(void *context, const char *policy_id);
    /* Takes a job back once its policy key was tried. */
    void (*resume)(void *context, struct signer_job *job);
    void *context;
};

/* Starts the threads. */
KF_MUST_USE enum kf_status signer_opening_start(struct signer_opening **out,
                                                const struct signer_opening_options *options,
                                                struct kf_error *err);
/* Ends the threads and frees the jobs that still wait. NULL is ignored. */
void signer_opening_stop(struct signer_opening *opening);

/* Lets job wait for the policy key. Returns NULL, or job itself when too many wait already. */
struct signer_job *signer_opening_wait(struct signer_opening *opening,
                                       const char policy_id[static RECORD_POLICY_ID_SIZE],
                                       struct signer_job *job);

#endif
