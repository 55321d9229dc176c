#include "queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct signer_queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    const struct kf_clock *clock;
    struct signer_job *newest;
    struct signer_job *oldest;
    size_t length;
    size_t capacity;
    bool closed;
};

struct signer_queue *signer_queue_new(size_t capacity, const struct kf_clock *clock)
{
    assert(capacity > 0);
    struct signer_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        return NULL;
    }
    queue->capacity = capacity;
    queue->clock = clock;
    (void)pthread_mutex_init(&queue->mutex, NULL);
    (void)pthread_cond_init(&queue->filled, NULL);
    return queue;
}

void signer_queue_free(struct signer_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    while (queue->newest != NULL) {
        struct signer_job *job = queue->newest;
        queue->newest = job->older;
        signer_job_free(job);
    }
    (void)pthread_cond_destroy(&queue->filled);
    (void)pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

static struct signer_job *unlink_job(struct signer_queue *queue, struct signer_job *job)
{
    if (job->newer != NULL) {
        job->newer->older = job->older;
    } else {
        queue->newest = job->older;
    }
    if (job->older != NULL) {
        job->older->newer = job->newer;
    } else {
        queue->oldest = job->newer;
    }
    job->older = NULL;
    job->newer = NULL;
    queue->length--;
    return job;
}

static void link_newest(struct signer_queue *queue, struct signer_job *job)
{
    job->newer = NULL;
    job->older = queue->newest;
    if (queue->newest != NULL) {
        queue->newest->newer = job;
    } else {
        queue->oldest = job;
    }
    queue->newest = job;
    queue->length++;
}

struct signer_job *signer_queue_push(struct signer_queue *queue, struct signer_job *job)
{
    struct signer_job *refused = NULL;
    (void)pthread_mutex_lock(&queue->mutex);
    if (queue->closed) {
        refused = job;
    } else {
        if (queue->length == queue->capacity) {
            refused = unlink_job(queue, queue->oldest);
        }
        link_newest(queue, job);
        (void)pthread_cond_signal(&queue->filled);
    }
    (void)pthread_mutex_unlock(&queue->mutex);
    return refused;
}

/* Requires the lock, and a job in the queue. */
static struct signer_job *take(struct signer_queue *queue)
{
    uint64_t now = kf_clock_monotonic_ns(queue->clock);
    bool stale = signer_job_expired(queue->oldest, now);
    return unlink_job(queue, stale ? queue->oldest : queue->newest);
}

struct signer_job *signer_queue_pop(struct signer_queue *queue)
{
    struct signer_job *job = NULL;
    (void)pthread_mutex_lock(&queue->mutex);
    while (queue->newest == NULL && !queue->closed) {
        (void)pthread_cond_wait(&queue->filled, &queue->mutex);
    }
    if (!queue->closed) {
        job = take(queue);
    }
    (void)pthread_mutex_unlock(&queue->mutex);
    return job;
}

struct signer_job *signer_queue_try_pop(struct signer_queue *queue)
{
    struct signer_job *job = NULL;
    (void)pthread_mutex_lock(&queue->mutex);
    if (queue->newest != NULL && !queue->closed) {
        job = take(queue);
    }
    (void)pthread_mutex_unlock(&queue->mutex);
    return job;
}

void signer_queue_close(struct signer_queue *queue)
{
    (void)pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    (void)pthread_cond_broadcast(&queue->filled);
    (void)pthread_mutex_unlock(&queue->mutex);
}
