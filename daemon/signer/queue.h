/* A bounded queue of jobs between the loop and the workers of one lane.
 *
 * Newest first: when work piles up, the callers that waited longest are the likeliest to have given
 * up, so serving the newest keeps answers useful (the reverse makes every answer late). A full
 * queue sheds its oldest job to take the new one, and a job whose deadline has passed is handed out
 * before all others, so that both are answered at once instead of growing old at the bottom.
 *
 * Threads: any number push and pop. Ownership: the queue owns the jobs in it. */
#ifndef KEYFENCE_SIGNER_QUEUE_H
#define KEYFENCE_SIGNER_QUEUE_H

#include "job.h"

#include "base/clock.h"

struct signer_queue;

/* NULL when memory is out. Requires capacity > 0. clock is borrowed. */
struct signer_queue *signer_queue_new(size_t capacity, const struct kf_clock *clock);
/* Frees the queue and the jobs still in it. No thread may be using it. */
void signer_queue_free(struct signer_queue *queue);

/* Takes job. Returns NULL, or the job that must be refused in its stead: the oldest one when the
 * queue was full, job itself when the queue is closed. The caller owns what is returned. */
struct signer_job *signer_queue_push(struct signer_queue *queue, struct signer_job *job);

/* Waits for a job; NULL once the queue is closed. */
struct signer_job *signer_queue_pop(struct signer_queue *queue);
/* The same without waiting: NULL when there is none. */
struct signer_job *signer_queue_try_pop(struct signer_queue *queue);

/* Wakes every waiting thread; from now on push refuses and pop returns NULL. */
void signer_queue_close(struct signer_queue *queue);

#endif
