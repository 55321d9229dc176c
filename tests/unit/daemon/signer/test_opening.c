/* The opening lane: one opening at a time for a policy, local before remote, nothing in vain. The
 * openings here stop at a gate, so that the order of everything is the test's to decide. */
#include "opening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOG_MAX = 64, DEADLINE_S = 20 };

struct scene {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct signer_opening *opening;
    _Atomic uint64_t now;
    struct kf_clock clock;
    char started[LOG_MAX][RECORD_POLICY_ID_SIZE]; /* policies in the order their opening began */
    size_t started_count;
    size_t allowed; /* openings that may end */
    size_t ended;
    uint32_t resumed[LOG_MAX];
    size_t resumed_count;
};

static uint64_t scene_now(void *context)
{
    struct scene *scene = context;
    return scene->now;
}

static void scene_open(void *context, const char *policy_id)
{
    struct scene *scene = context;
    (void)pthread_mutex_lock(&scene->mutex);
    memcpy(scene->started[scene->started_count++], policy_id, RECORD_POLICY_ID_SIZE);
    (void)pthread_cond_broadcast(&scene->changed);
    while (scene->ended >= scene->allowed) {
        (void)pthread_cond_wait(&scene->changed, &scene->mutex);
    }
    scene->ended++;
    (void)pthread_mutex_unlock(&scene->mutex);
}

static void scene_resume(void *context, struct signer_job *job)
{
    struct scene *scene = context;
    (void)pthread_mutex_lock(&scene->mutex);
    scene->resumed[scene->resumed_count++] = job->id;
    (void)pthread_cond_broadcast(&scene->changed);
    (void)pthread_mutex_unlock(&scene->mutex);
    signer_job_free(job);
}

static void scene_start(struct scene *scene, size_t waiting_max)
{
    memset(scene, 0, sizeof *scene);
    (void)pthread_mutex_init(&scene->mutex, NULL);
    (void)pthread_cond_init(&scene->changed, NULL);
    scene->now = 1000;
    scene->clock = (struct kf_clock){.monotonic_ns = scene_now, .context = scene};
    const struct signer_opening_options options = {
        .waiting_max = waiting_max,
        .clock = &scene->clock,
        .open = scene_open,
        .resume = scene_resume,
        .context = scene,
    };
    assert_int_equal(signer_opening_start(&scene->opening, &options, NULL), KF_OK);
}

/* Waits until a count reaches a value; a test that hangs fails by this deadline. */
static void wait_for(struct scene *scene, const size_t *count, size_t value)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_S;
    (void)pthread_mutex_lock(&scene->mutex);
    int rc = 0;
    while (*count < value && rc == 0) {
        rc = pthread_cond_timedwait(&scene->changed, &scene->mutex, &until);
    }
    size_t reached = *count;
    (void)pthread_mutex_unlock(&scene->mutex);
    assert_int_equal(reached, value);
}

static void allow(struct scene *scene, size_t more)
{
    (void)pthread_mutex_lock(&scene->mutex);
    scene->allowed += more;
    (void)pthread_cond_broadcast(&scene->changed);
    (void)pthread_mutex_unlock(&scene->mutex);
}

static void scene_end(struct scene *scene)
{
    allow(scene, LOG_MAX);
    signer_opening_stop(scene->opening);
}

static struct signer_job *job_of(uint32_t id, enum signer_origin origin, uint64_t deadline)
{
    struct signer_job *job = signer_job_new(NULL, 0);
    assert_non_null(job);
    job->id = id;
    job->origin = origin;
    job->deadline_ns = deadline;
    return job;
}

static struct signer_job *ask(struct scene *scene, char policy, uint32_t id,
                              enum signer_origin origin, uint64_t deadline)
{
    char policy_id[RECORD_POLICY_ID_SIZE];
    memset(policy_id, policy, sizeof policy_id - 1);
    policy_id[sizeof policy_id - 1] = '\0';
    return signer_opening_wait(scene->opening, policy_id, job_of(id, origin, deadline));
}

static void test_many_requests_one_opening(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 100);
    assert_null(ask(&scene, 'a', 1, SIGNER_LOCAL, 0));
    wait_for(&scene, &scene.started_count, 1);
    for (uint32_t i = 2; i <= 10; i++) { /* while it is being opened */
        assert_null(ask(&scene, 'a', i, i % 2 == 0 ? SIGNER_LOCAL : SIGNER_REMOTE, 0));
    }
    assert_int_equal(scene.resumed_count, 0);
    allow(&scene, 1);
    wait_for(&scene, &scene.resumed_count, 10);
    assert_int_equal(scene.started_count, 1);
    scene_end(&scene);
    assert_int_equal(scene.started_count, 1);
}

static void test_the_network_cannot_hold_up_local_openings(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 100);
    assert_null(ask(&scene, 'a', 1, SIGNER_REMOTE, 0));
    wait_for(&scene, &scene.started_count, 1); /* the remote thread is busy and stays so */
    for (uint32_t i = 2; i <= 20; i++) {
        assert_null(ask(&scene, (char)('a' + i), i, SIGNER_REMOTE, 0));
    }
    assert_null(ask(&scene, 'z', 99, SIGNER_LOCAL, 0));
    wait_for(&scene, &scene.started_count, 2);
    assert_int_equal(scene.started[1][0], 'z');
    allow(&scene, 0);
    scene_end(&scene);
}

static void test_a_local_request_takes_over_a_waiting_remote_one(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 100);
    assert_null(ask(&scene, 'a', 1, SIGNER_REMOTE, 0));
    wait_for(&scene, &scene.started_count, 1);
    assert_null(ask(&scene, 'b', 2, SIGNER_REMOTE, 0));
    assert_null(ask(&scene, 'c', 3, SIGNER_REMOTE, 0));
    assert_null(ask(&scene, 'c', 4, SIGNER_LOCAL, 0));
    wait_for(&scene, &scene.started_count, 2);
    assert_int_equal(scene.started[1][0], 'c');
    allow(&scene, 2);
    wait_for(&scene, &scene.started_count, 3);
    assert_int_equal(scene.started[2][0], 'b');
    scene_end(&scene);
}

static void test_a_local_request_shares_a_running_remote_opening(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 100);
    assert_null(ask(&scene, 'a', 1, SIGNER_REMOTE, 0));
    wait_for(&scene, &scene.started_count, 1);
    assert_null(ask(&scene, 'a', 2, SIGNER_LOCAL, 0));
    assert_null(ask(&scene, 'b', 3, SIGNER_LOCAL, 0));
    wait_for(&scene, &scene.started_count, 2);
    assert_int_equal(scene.started[1][0], 'b'); /* not a second 'a' */
    allow(&scene, 2);
    wait_for(&scene, &scene.resumed_count, 3);
    scene_end(&scene);
    assert_int_equal(scene.started_count, 2);
}

static void test_what_nobody_waits_for_is_not_opened(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 100);
    assert_null(ask(&scene, 'a', 1, SIGNER_LOCAL, 0));
    wait_for(&scene, &scene.started_count, 1);
    assert_null(ask(&scene, 'b', 2, SIGNER_LOCAL, 2000));
    assert_null(ask(&scene, 'c', 3, SIGNER_LOCAL, 9000));
    scene.now = 2000;
    allow(&scene, 2);
    wait_for(&scene, &scene.resumed_count, 3); /* all three go back to their lane */
    assert_int_equal(scene.started_count, 2);
    assert_int_equal(scene.started[1][0], 'c');
    scene_end(&scene);
}

static void test_waiting_is_bounded_for_each_origin(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 3);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_null(ask(&scene, 'a', i, SIGNER_REMOTE, 0));
    }
    struct signer_job *refused = ask(&scene, 'a', 4, SIGNER_REMOTE, 0);
    assert_non_null(refused);
    assert_int_equal(refused->id, 4);
    signer_job_free(refused);
    assert_null(ask(&scene, 'a', 5, SIGNER_LOCAL, 0));
    scene_end(&scene);
}

static void test_stopping_frees_what_waits(void **state)
{
    (void)state;
    struct scene scene;
    scene_start(&scene, 100);
    assert_null(ask(&scene, 'a', 1, SIGNER_LOCAL, 0));
    wait_for(&scene, &scene.started_count, 1);
    for (uint32_t i = 0; i < 5; i++) {
        assert_null(ask(&scene, (char)('b' + i), i, SIGNER_REMOTE, 0));
        assert_null(ask(&scene, (char)('b' + i), i, SIGNER_LOCAL, 0));
    }
    scene_end(&scene); /* the sanitizer would tell */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_requests_one_opening),
        cmocka_unit_test(test_the_network_cannot_hold_up_local_openings),
        cmocka_unit_test(test_a_local_request_takes_over_a_waiting_remote_one),
        cmocka_unit_test(test_a_local_request_shares_a_running_remote_opening),
        cmocka_unit_test(test_what_nobody_waits_for_is_not_opened),
        cmocka_unit_test(test_waiting_is_bounded_for_each_origin),
        cmocka_unit_test(test_stopping_frees_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
