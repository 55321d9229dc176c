#include "lanes.h"

#include "opening.h"
#include "operations.h"
#include "queue.h"

#include "keyless/protocol.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum {
    WORKERS_MAX = 64,
    REMOTE_NICENESS = 5,
    OPENS_MAX = 3,     /* openings a request waits for; more means that something is wrong */
    CLOSED_FACTOR = 4, /* closed keys remembered for each open one: they are small */
    FOLLOW_MS = 250,   /* how soon a deleted key that nobody asks for is wiped */
};

struct lane {
    struct signer_lanes *lanes;
    enum signer_origin origin;
    struct signer_queue *queue;
    struct signer_caches caches;
    pthread_t threads[WORKERS_MAX];
    size_t started;
};

struct signer_lanes {
    struct signer_lanes_options options;
    struct lane lane[SIGNER_ORIGINS];
    struct signer_opening *opening;
    pthread_mutex_t follow_mutex;
    pthread_cond_t follow_stop;
    bool stopping;
    bool following;
    pthread_t follower;
};

static void finish(struct signer_lanes *lanes, struct signer_job *job, uint8_t error)
{
    job->error = error;
    if (error != KEYLESS_ERR_NONE) {
        signer_counters_error(lanes->options.counters, error);
    } else {
        signer_counters_signed(lanes->options.counters, job->ski);
    }
    lanes->options.complete(lanes->options.context, job);
}

static void run_operation(struct signer_lanes *lanes, struct signer_job *job,
                          struct signer_key *key)
{
    const struct keyless_operation *operation = keyless_operation_find(job->opcode);
    enum kf_status st =
        signer_operation_run(job->answer, sizeof job->answer, &job->answer_length,
                             signer_key_pkey(key), operation, job->payload, job->payload_length);
    signer_key_release(key);
    finish(lanes, job, st == KF_OK ? KEYLESS_ERR_NONE : KEYLESS_ERR_CRYPTO);
}

static void wait_for_opening(struct signer_lanes *lanes, struct signer_job *job,
                             const char *policy_id)
{
    if (job->opens >= OPENS_MAX) {
        finish(lanes, job, KEYLESS_ERR_INTERNAL);
        return;
    }
    struct signer_job *refused = signer_opening_wait(lanes->opening, policy_id, job);
    if (refused != NULL) {
        finish(lanes, refused, KEYLESS_ERR_OVERLOADED);
    }
}

static void serve(struct lane *lane, struct signer_job *job)
{
    struct signer_lanes *lanes = lane->lanes;
    if (signer_job_expired(job, kf_clock_monotonic_ns(lanes->options.clock))) {
        finish(lanes, job, KEYLESS_ERR_DEADLINE);
        return;
    }
    struct signer_key *key = NULL;
    char policy_id[RECORD_POLICY_ID_SIZE] = "";
    switch (signer_keyring_find(&key, policy_id, lanes->options.keyring, &lane->caches, job->ski)) {
    case SIGNER_FOUND:
        run_operation(lanes, job, key);
        return;
    case SIGNER_CLOSED:
        wait_for_opening(lanes, job, policy_id);
        return;
    case SIGNER_UNKNOWN:
        finish(lanes, job, KEYLESS_ERR_KEY_NOT_FOUND);
        return;
    case SIGNER_NOT_HERE:
        finish(lanes, job, KEYLESS_ERR_NOT_HERE);
        return;
    default:
        finish(lanes, job, KEYLESS_ERR_INTERNAL);
        return;
    }
}

static void *run_worker(void *argument)
{
    struct lane *lane = argument;
    if (lane->origin == SIGNER_REMOTE) {
        (void)setpriority(PRIO_PROCESS, 0, REMOTE_NICENESS); /* of this thread alone */
    }
    struct signer_job *job = signer_queue_pop(lane->queue);
    while (job != NULL) {
        serve(lane, job);
        job = signer_queue_pop(lane->queue);
    }
    return NULL;
}

void signer_lanes_submit(struct signer_lanes *lanes, struct signer_job *job)
{
    struct signer_job *refused = signer_queue_push(lanes->lane[job->origin].queue, job);
    if (refused != NULL) {
        finish(lanes, refused, KEYLESS_ERR_OVERLOADED);
    }
}

static void open_policy(void *context, const char *policy_id)
{
    struct signer_lanes *lanes = context;
    signer_keyring_open_policy(lanes->options.keyring, policy_id);
}

static void resume(void *context, struct signer_job *job)
{
    signer_lanes_submit(context, job);
}

static void *run_follower(void *argument)
{
    struct signer_lanes *lanes = argument;
    const struct signer_caches caches[SIGNER_ORIGINS] = {lanes->lane[SIGNER_LOCAL].caches,
                                                         lanes->lane[SIGNER_REMOTE].caches};
    (void)pthread_mutex_lock(&lanes->follow_mutex);
    while (!lanes->stopping) {
        (void)pthread_mutex_unlock(&lanes->follow_mutex);
        signer_keyring_follow(lanes->options.keyring, caches, SIGNER_ORIGINS);
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += FOLLOW_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_mutex_lock(&lanes->follow_mutex);
        while (!lanes->stopping && pthread_cond_timedwait(&lanes->follow_stop, &lanes->follow_mutex,
                                                          &until) != ETIMEDOUT) {
        }
    }
    (void)pthread_mutex_unlock(&lanes->follow_mutex);
    return NULL;
}

static bool start_lane(struct signer_lanes *lanes, enum signer_origin origin)
{
    const struct signer_lanes_options *options = &lanes->options;
    struct lane *lane = &lanes->lane[origin];
    lane->lanes = lanes;
    lane->origin = origin;
    lane->queue = signer_queue_new(options->queue_max, options->clock);
    lane->caches.keys = signer_cache_new(options->keys_max);
    lane->caches.closed = signer_cache_new(options->keys_max * CLOSED_FACTOR);
    if (lane->queue == NULL || lane->caches.keys == NULL || lane->caches.closed == NULL) {
        return false;
    }
    size_t workers = options->workers > WORKERS_MAX ? WORKERS_MAX : options->workers;
    if (origin == SIGNER_REMOTE) {
        workers = (workers + 1) / 2;
    }
    while (lane->started < workers) {
        if (pthread_create(&lane->threads[lane->started], NULL, run_worker, lane) != 0) {
            return false;
        }
        lane->started++;
    }
    return true;
}

static void init_follower(struct signer_lanes *lanes)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&lanes->follow_stop, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&lanes->follow_mutex, NULL);
}

enum kf_status signer_lanes_start(struct signer_lanes **out,
                                  const struct signer_lanes_options *options, struct kf_error *err)
{
    struct signer_lanes *lanes = calloc(1, sizeof *lanes);
    if (lanes == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory while starting the lanes");
    }
    lanes->options = *options;
    init_follower(lanes);
    const struct signer_opening_options opening = {
        .waiting_max = options->queue_max,
        .clock = options->clock,
        .open = open_policy,
        .resume = resume,
        .context = lanes,
    };
    enum kf_status st = signer_opening_start(&lanes->opening, &opening, err);
    if (st == KF_OK && (!start_lane(lanes, SIGNER_LOCAL) || !start_lane(lanes, SIGNER_REMOTE))) {
        st = kf_fail(err, KF_ERR_INTERNAL, "cannot start the signing threads");
    }
    if (st == KF_OK) {
        lanes->following = pthread_create(&lanes->follower, NULL, run_follower, lanes) == 0;
        st = lanes->following ? KF_OK : kf_fail(err, KF_ERR_INTERNAL, "cannot start the follower");
    }
    if (st != KF_OK) {
        signer_lanes_stop(lanes);
        return st;
    }
    *out = lanes;
    return KF_OK;
}

/* The workers end first, for they hand jobs to the opening lane; jobs that this one hands back are
 * refused by the closed queues and completed as overloaded. */
void signer_lanes_stop(struct signer_lanes *lanes)
{
    if (lanes == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&lanes->follow_mutex);
    lanes->stopping = true;
    (void)pthread_cond_broadcast(&lanes->follow_stop);
    (void)pthread_mutex_unlock(&lanes->follow_mutex);
    if (lanes->following) {
        (void)pthread_join(lanes->follower, NULL);
    }
    for (int i = 0; i < SIGNER_ORIGINS; i++) {
        struct lane *lane = &lanes->lane[i];
        if (lane->queue != NULL) {
            signer_queue_close(lane->queue);
        }
        for (size_t t = 0; t < lane->started; t++) {
            (void)pthread_join(lane->threads[t], NULL);
        }
    }
    signer_opening_stop(lanes->opening);
    for (int i = 0; i < SIGNER_ORIGINS; i++) {
        signer_queue_free(lanes->lane[i].queue);
        signer_cache_free(lanes->lane[i].caches.keys);
        signer_cache_free(lanes->lane[i].caches.closed);
    }
    (void)pthread_cond_destroy(&lanes->follow_stop);
    (void)pthread_mutex_destroy(&lanes->follow_mutex);
    free(lanes);
}

size_t signer_lanes_keys_open(struct signer_lanes *lanes)
{
    return signer_cache_count(lanes->lane[SIGNER_LOCAL].caches.keys) +
           signer_cache_count(lanes->lane[SIGNER_REMOTE].caches.keys);
}
