/* Many items at once, on several cores. Items are independent of each other, so each thread takes
 * the next one that nobody has; the calling thread is one of them, and does all of it should the
 * system make no others. */
#include "objects_int.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

/* Four times what encryption uses: sanitizers need more. */
enum { THREADS_MAX = 256, STACK_BYTES = 1 << 21 };

struct crowd {
    void (*run)(const struct crowd *crowd, size_t i);
    const void *key;
    void *items;
    size_t count;
    atomic_size_t next;
};

static void *work(void *context)
{
    struct crowd *crowd = context;
    for (;;) {
        size_t i = atomic_fetch_add_explicit(&crowd->next, 1, memory_order_relaxed);
        if (i >= crowd->count) {
            return NULL;
        }
        crowd->run(crowd, i);
    }
}

static size_t choose_threads(unsigned asked, size_t count)
{
    size_t threads = asked;
    if (asked == 0) {
        cpu_set_t set;
        threads = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
    }
    threads = threads < count ? threads : count;
    return threads < THREADS_MAX ? threads : (size_t)THREADS_MAX;
}

/* Signals are the caller's own business: its threads take them, these do not. */
static size_t start(pthread_t *thread, size_t count, struct crowd *crowd)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    size_t started = 0;
    if (count == 0 || pthread_attr_init(&attributes) != 0) {
        return 0;
    }
    (void)sigfillset(&all);
    if (pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
        pthread_sigmask(SIG_SETMASK, &all, &before) == 0) {
        while (started < count && pthread_create(&thread[started], &attributes, work, crowd) == 0) {
            started++;
        }
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return started;
}

static void run(struct crowd *crowd, unsigned asked)
{
    pthread_t thread[THREADS_MAX];
    size_t threads = choose_threads(asked, crowd->count);
    size_t started = threads > 1 ? start(thread, threads - 1, crowd) : 0;
    (void)work(crowd);
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(thread[i], NULL);
    }
}

static void encrypt_item(const struct crowd *crowd, size_t i)
{
    struct cpabe_encryption *item = (struct cpabe_encryption *)crowd->items + i;
    item->status = cpabe_encrypt(&item->out, &item->out_length, crowd->key, item->policy,
                                 item->format, item->message, item->message_length, item->random);
}

enum cpabe_status cpabe_encrypt_many(struct cpabe_encryption *items, size_t count,
                                     const struct cpabe_public_key *key, unsigned threads)
{
    struct crowd crowd = {.run = encrypt_item, .key = key, .items = items, .count = count};
    for (size_t i = 0; i < count; i++) {
        items[i].out = NULL;
        items[i].out_length = 0;
    }
    /* what this many will be worth, before there are threads to make it twice */
    (void)tkn_lazy_get(key->p.tables, &tkn_public_tables, &key->p, count);
    run(&crowd, threads);
    for (size_t i = 0; i < count; i++) {
        if (items[i].status != CPABE_OK) {
            return items[i].status;
        }
    }
    return CPABE_OK;
}

static void issue_item(const struct crowd *crowd, size_t i)
{
    struct cpabe_issue *item = (struct cpabe_issue *)crowd->items + i;
    item->status = cpabe_keygen(&item->key, crowd->key, item->attributes, item->count, item->random,
                                item->err);
}

enum cpabe_status cpabe_keygen_many(struct cpabe_issue *items, size_t count,
                                    const struct cpabe_secret_key *secret_key, unsigned threads)
{
    struct crowd crowd = {.run = issue_item, .key = secret_key, .items = items, .count = count};
    for (size_t i = 0; i < count; i++) {
        items[i].key = NULL;
    }
    run(&crowd, threads);
    for (size_t i = 0; i < count; i++) {
        if (items[i].status != CPABE_OK) {
            return items[i].status;
        }
    }
    return CPABE_OK;
}
