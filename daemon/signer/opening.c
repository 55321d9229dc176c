#include "opening.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { REMOTE_NICENESS = 10 };

struct task {
    struct task *next; /* oldest first */
    char policy_id[RECORD_POLICY_ID_SIZE];
    bool running;
    size_t waiting[SIGNER_ORIGINS];
    struct signer_job *jobs; /* linked by older */
};

struct signer_opening {
    struct signer_opening_options options;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct task *tasks;
    size_t waiting[SIGNER_ORIGINS];
    bool stopping;
    pthread_t threads[SIGNER_ORIGINS];
    size_t started;
};

struct opener { /* what a thread is told at its start */
    struct signer_opening *opening;
    enum signer_origin origin;
};

/* The oldest task for this thread: those with local requests for the local one, the others for the
 * other. Requires the lock. */
static struct task *next_task(struct signer_opening *opening, enum signer_origin origin)
{
    for (struct task *task = opening->tasks; task != NULL; task = task->next) {
        bool local = task->waiting[SIGNER_LOCAL] > 0;
        if (!task->running && local == (origin == SIGNER_LOCAL)) {
            return task;
        }
    }
    return NULL;
}

/* Takes out the jobs that are to go back now: all, or only those too late. Requires the lock. */
static struct signer_job *take_jobs(struct signer_opening *opening, struct task *task,
                                    bool only_expired)
{
    uint64_t now = kf_clock_monotonic_ns(opening->options.clock);
    struct signer_job *taken = NULL;
    struct signer_job **at = &task->jobs;
    while (*at != NULL) {
        struct signer_job *job = *at;
        if (only_expired && !signer_job_expired(job, now)) {
            at = &job->older;
            continue;
        }
        *at = job->older;
        task->waiting[job->origin]--;
        opening->waiting[job->origin]--;
        job->older = taken;
        taken = job;
    }
    return taken;
}

static void resume_all(struct signer_opening *opening, struct signer_job *jobs)
{
    while (jobs != NULL) {
        struct signer_job *job = jobs;
        jobs = job->older;
        job->older = NULL;
        opening->options.resume(opening->options.context, job);
    }
}

/* Requires the lock; the task has no jobs. */
static void remove_task(struct signer_opening *opening, struct task *task)
{
    struct task **at = &opening->tasks;
    while (*at != task) {
        at = &(*at)->next;
    }
    *at = task->next;
    free(task);
}

/* Requires the lock, which is released meanwhile. */
static void run_task(struct signer_opening *opening, struct task *task)
{
    task->running = true;
    struct signer_job *late = take_jobs(opening, task, true);
    bool wanted = task->jobs != NULL;
    (void)pthread_mutex_unlock(&opening->mutex);
    resume_all(opening, late);
    if (wanted) {
        opening->options.open(opening->options.context, task->policy_id);
    }
    (void)pthread_mutex_lock(&opening->mutex);
    struct signer_job *done = wanted ? take_jobs(opening, task, false) : NULL;
    if (task->jobs == NULL) {
        remove_task(opening, task);
    } else { /* came in after all were found late */
        task->running = false;
    }
    (void)pthread_mutex_unlock(&opening->mutex);
    resume_all(opening, done);
    (void)pthread_mutex_lock(&opening->mutex);
}

static void *run_thread(void *argument)
{
    struct opener opener = *(struct opener *)argument;
    free(argument);
    struct signer_opening *opening = opener.opening;
    if (opener.origin == SIGNER_REMOTE) {
        (void)setpriority(PRIO_PROCESS, 0, REMOTE_NICENESS); /* of this thread alone */
    }
    (void)pthread_mutex_lock(&opening->mutex);
    while (!opening->stopping) {
        struct task *task = next_task(opening, opener.origin);
        if (task != NULL) {
            run_task(opening, task);
        } else {
            (void)pthread_cond_wait(&opening->changed, &opening->mutex);
        }
    }
    (void)pthread_mutex_unlock(&opening->mutex);
    return NULL;
}

enum kf_status signer_opening_start(struct signer_opening **out,
                                    const struct signer_opening_options *options,
                                    struct kf_error *err)
{
    struct signer_opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory while starting the opening lane");
    }
    opening->options = *options;
    (void)pthread_mutex_init(&opening->mutex, NULL);
    (void)pthread_cond_init(&opening->changed, NULL);
    for (int origin = 0; origin < SIGNER_ORIGINS; origin++) {
        struct opener *opener = malloc(sizeof *opener);
        if (opener != NULL) {
            *opener = (struct opener){opening, (enum signer_origin)origin};
        }
        if (opener == NULL ||
            pthread_create(&opening->threads[origin], NULL, run_thread, opener) != 0) {
            free(opener);
            signer_opening_stop(opening);
            return kf_fail(err, KF_ERR_INTERNAL, "cannot start a thread of the opening lane");
        }
        opening->started++;
    }
    *out = opening;
    return KF_OK;
}

void signer_opening_stop(struct signer_opening *opening)
{
    if (opening == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&opening->mutex);
    opening->stopping = true;
    (void)pthread_cond_broadcast(&opening->changed);
    (void)pthread_mutex_unlock(&opening->mutex);
    for (size_t i = 0; i < opening->started; i++) {
        (void)pthread_join(opening->threads[i], NULL);
    }
    while (opening->tasks != NULL) {
        struct task *task = opening->tasks;
        opening->tasks = task->next;
        while (task->jobs != NULL) {
            struct signer_job *job = task->jobs;
            task->jobs = job->older;
            signer_job_free(job);
        }
        free(task);
    }
    (void)pthread_cond_destroy(&opening->changed);
    (void)pthread_mutex_destroy(&opening->mutex);
    free(opening);
}

/* The task for this policy, made when there is none; NULL when memory is out. Requires the lock. */
static struct task *task_of(struct signer_opening *opening, const char *policy_id)
{
    struct task **at = &opening->tasks;
    while (*at != NULL && strcmp((*at)->policy_id, policy_id) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at != NULL) {
            memcpy((*at)->policy_id, policy_id, RECORD_POLICY_ID_SIZE);
        }
    }
    return *at;
}

struct signer_job *signer_opening_wait(struct signer_opening *opening,
                                       const char policy_id[static RECORD_POLICY_ID_SIZE],
                                       struct signer_job *job)
{
    struct signer_job *refused = job;
    (void)pthread_mutex_lock(&opening->mutex);
    struct task *task = NULL;
    if (!opening->stopping && opening->waiting[job->origin] < opening->options.waiting_max) {
        task = task_of(opening, policy_id);
    }
    if (task != NULL) {
        job->opens++;
        job->older = task->jobs;
        task->jobs = job;
        task->waiting[job->origin]++;
        opening->waiting[job->origin]++;
        refused = NULL;
        (void)pthread_cond_broadcast(&opening->changed);
    }
    (void)pthread_mutex_unlock(&opening->mutex);
    return refused;
}
