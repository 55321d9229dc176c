/* A writer killed at any instant loses nothing that it acknowledged, and leaves no half of a
 * transaction: the child writes without end and reports each commit through a pipe; the parent
 * kills it at a random moment and looks. */
#include "support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 25, KEYS = 7, BATCH = 3 };

static void put_numbered(struct store_txn *txn)
{
    char key[32];
    uint8_t value[3000];
    uint64_t revision = store_txn_next_revision(txn);
    (void)snprintf(key, sizeof key, "key/%u", (unsigned)(revision % KEYS));
    memset(value, (int)(revision & 0xff), sizeof value);
    memcpy(value, &revision, sizeof revision);
    struct store_entry e = {
        .key = key, .revision = revision, .value = value, .length = sizeof value};
    if (store_txn_put(txn, &e, STORE_ANY, NULL) != KF_OK)
        _exit(2);
}

static void write_without_end(const struct place *place, int out)
{
    struct store *store = place_open(place, STORE_CORE);
    for (;;) {
        struct store_txn *txn = NULL;
        if (store_begin(&txn, store, NULL) != KF_OK)
            _exit(1);
        for (int i = 0; i < BATCH; i++)
            put_numbered(txn);
        uint64_t last = store_txn_next_revision(txn) - 1;
        if (store_txn_commit(txn, NULL) != KF_OK || write(out, &last, sizeof last) < 0)
            _exit(3);
    }
}

struct seen {
    uint64_t last;
    size_t count;
};

static enum kf_status check(void *context, const struct store_entry *entry)
{
    struct seen *seen = context;
    uint64_t stated = 0;
    assert_int_equal(entry->length, 3000);
    memcpy(&stated, entry->value, sizeof stated);
    assert_true(stated == entry->revision);
    assert_int_equal(entry->value[2999], entry->revision & 0xff);
    assert_true(entry->revision > seen->last);
    seen->last = entry->revision;
    seen->count++;
    return KF_OK;
}

/* Reads reports until `after` of them came, kills, reads the rest; returns the last. */
static uint64_t kill_after(pid_t child, int from, int after)
{
    uint64_t acknowledged = 0;
    uint64_t word = 0;
    for (int i = 0; i < after; i++) {
        assert_int_equal(read(from, &word, sizeof word), sizeof word);
        acknowledged = word;
    }
    struct timespec pause = {.tv_nsec = rand() % 3000000}; /* somewhere inside a commit */
    (void)nanosleep(&pause, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(from, &word, sizeof word) == (ssize_t)sizeof word)
        acknowledged = word;
    return acknowledged;
}

static void test_killed_writer(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srand(seed);
    struct place place;
    place_make(&place);
    uint64_t before = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(pipes[0]);
            write_without_end(&place, pipes[1]);
        }
        (void)close(pipes[1]);
        uint64_t acknowledged = kill_after(child, pipes[0], 1 + rand() % 20);
        (void)close(pipes[0]);

        struct store *store = place_open(&place, STORE_CORE);
        struct store_snapshot *snapshot = NULL;
        assert_int_equal(store_snapshot_begin(&snapshot, store, NULL), KF_OK);
        uint64_t head = store_snapshot_head(snapshot);
        assert_true(acknowledged > before);
        assert_true(head >= acknowledged);         /* nothing acknowledged is lost */
        assert_true(head <= acknowledged + BATCH); /* at most the one in flight is more */
        assert_true(head % BATCH == 0);            /* whole transactions only */
        struct seen seen = {0};
        assert_int_equal(store_changes(snapshot, 0, check, &seen, NULL), KF_OK);
        assert_true(seen.last == head);
        assert_int_equal(seen.count, head < KEYS ? head : KEYS);
        store_snapshot_end(snapshot);
        store_close(store);
        before = head;
    }
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed_writer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
