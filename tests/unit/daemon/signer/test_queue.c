/* The queue of a lane: newest first, bounded, the late ones out at once. */
#include "queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

struct scripted {
    uint64_t now;
    struct kf_clock clock;
};

static uint64_t scripted_now(void *context)
{
    return ((struct scripted *)context)->now;
}

static struct signer_queue *queue_of(struct scripted *time, size_t capacity)
{
    time->now = 1000;
    time->clock = (struct kf_clock){.monotonic_ns = scripted_now, .context = time};
    struct signer_queue *queue = signer_queue_new(capacity, &time->clock);
    assert_non_null(queue);
    return queue;
}

static struct signer_job *job_of(uint32_t id, uint64_t deadline)
{
    struct signer_job *job = signer_job_new(NULL, 0);
    assert_non_null(job);
    job->id = id;
    job->deadline_ns = deadline;
    return job;
}

static void expect(struct signer_queue *queue, uint32_t id)
{
    struct signer_job *job = signer_queue_try_pop(queue);
    assert_non_null(job);
    assert_int_equal(job->id, id);
    signer_job_free(job);
}

static void test_newest_first(void **state)
{
    (void)state;
    struct scripted time;
    struct signer_queue *queue = queue_of(&time, 8);
    assert_null(signer_queue_try_pop(queue));
    for (uint32_t i = 1; i <= 3; i++) {
        assert_null(signer_queue_push(queue, job_of(i, 0)));
    }
    expect(queue, 3);
    assert_null(signer_queue_push(queue, job_of(4, 0)));
    expect(queue, 4);
    expect(queue, 2);
    expect(queue, 1);
    assert_null(signer_queue_try_pop(queue));
    signer_queue_free(queue);
}

static void test_a_full_queue_sheds_its_oldest(void **state)
{
    (void)state;
    struct scripted time;
    struct signer_queue *queue = queue_of(&time, 3);
    for (uint32_t i = 1; i <= 10; i++) {
        struct signer_job *shed = signer_queue_push(queue, job_of(i, 0));
        if (i <= 3) {
            assert_null(shed);
        } else {
            assert_non_null(shed);
            assert_int_equal(shed->id, i - 3);
            signer_job_free(shed);
        }
    }
    expect(queue, 10);
    expect(queue, 9);
    expect(queue, 8);
    assert_null(signer_queue_try_pop(queue));
    signer_queue_free(queue);
}

static void test_the_late_ones_come_out_at_once(void **state)
{
    (void)state;
    struct scripted time;
    struct signer_queue *queue = queue_of(&time, 8);
    assert_null(signer_queue_push(queue, job_of(1, 2000)));
    assert_null(signer_queue_push(queue, job_of(2, 3000)));
    assert_null(signer_queue_push(queue, job_of(3, 0)));
    time.now = 2000;
    struct signer_job *job = signer_queue_try_pop(queue);
    assert_int_equal(job->id, 1);
    assert_true(signer_job_expired(job, time.now));
    signer_job_free(job);
    expect(queue, 3);
    time.now = 2999;
    job = signer_queue_try_pop(queue);
    assert_false(signer_job_expired(job, time.now));
    signer_job_free(job);
    signer_queue_free(queue);
}

static void test_a_closed_queue_refuses(void **state)
{
    (void)state;
    struct scripted time;
    struct signer_queue *queue = queue_of(&time, 8);
    assert_null(signer_queue_push(queue, job_of(1, 0)));
    signer_queue_close(queue);
    struct signer_job *job = job_of(2, 0);
    assert_ptr_equal(signer_queue_push(queue, job), job);
    signer_job_free(job);
    assert_null(signer_queue_pop(queue));
    assert_null(signer_queue_try_pop(queue));
    signer_queue_free(queue); /* and job 1 with it: the sanitizer would tell */
}

struct consumer {
    struct signer_queue *queue;
    uint64_t sum;
};

static void *consume(void *argument)
{
    struct consumer *consumer = argument;
    struct signer_job *job = signer_queue_pop(consumer->queue);
    while (job != NULL) {
        consumer->sum += job->id;
        bool last = job->id == UINT32_MAX;
        signer_job_free(job);
        job = last ? NULL : signer_queue_pop(consumer->queue);
    }
    return NULL;
}

static void test_threads_take_each_job_once(void **state)
{
    (void)state;
    enum { THREADS = 4, JOBS = 20000 };
    struct scripted time;
    struct signer_queue *queue = queue_of(&time, JOBS + THREADS);
    struct consumer consumers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        consumers[i] = (struct consumer){.queue = queue};
        assert_int_equal(pthread_create(&threads[i], NULL, consume, &consumers[i]), 0);
    }
    uint64_t shed = 0;
    for (uint32_t i = 1; i <= JOBS; i++) {
        struct signer_job *job = signer_queue_push(queue, job_of(i, 0));
        shed += job != NULL ? job->id : 0;
        signer_job_free(job);
    }
    /* The end marks are newest, so each thread may leave before the rest is taken. */
    for (int i = 0; i < THREADS; i++) {
        assert_null(signer_queue_push(queue, job_of(UINT32_MAX, 0)));
    }
    uint64_t sum = shed;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sum += consumers[i].sum;
    }
    struct signer_job *job = signer_queue_try_pop(queue);
    while (job != NULL) {
        sum += job->id;
        signer_job_free(job);
        job = signer_queue_try_pop(queue);
    }
    assert_int_equal(shed, 0);
    assert_int_equal(sum, (uint64_t)JOBS * (JOBS + 1) / 2 + (uint64_t)THREADS * UINT32_MAX);
    signer_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_first),
        cmocka_unit_test(test_a_full_queue_sheds_its_oldest),
        cmocka_unit_test(test_the_late_ones_come_out_at_once),
        cmocka_unit_test(test_a_closed_queue_refuses),
        cmocka_unit_test(test_threads_take_each_job_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
