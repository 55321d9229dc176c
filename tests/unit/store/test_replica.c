/* A replica: what it applies, what it refuses, and readers beside it in other processes. */
#include "support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct place place;
    struct store *store;
    char text[1024];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    place_make(&f->place);
    f->store = place_open(&f->place, STORE_REPLICA);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    place_remove(&f->place);
    free(f);
    return 0;
}

static enum kf_status apply(struct store_txn *txn, const char *key, uint64_t revision,
                            bool tombstone)
{
    struct store_entry e = {.key = key,
                            .revision = revision,
                            .tombstone = tombstone,
                            .value = (const uint8_t *)"v",
                            .length = 1};
    return store_txn_apply(txn, &e, NULL);
}

static void apply_one(struct fixture *f, const char *key, uint64_t revision, bool tombstone,
                      enum kf_status expected)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
    assert_int_equal(apply(txn, key, revision, tombstone), expected);
    assert_int_equal(store_txn_commit(txn, NULL), KF_OK);
}

static void test_gaps_are_fine(void **state)
{
    struct fixture *f = *state;
    apply_one(f, "a", 3, false, KF_OK);
    apply_one(f, "b", 9, false, KF_OK);
    apply_one(f, "a", 11, false, KF_OK);
    changes_text(f->text, sizeof f->text, f->store, 0);
    assert_string_equal(f->text, "b=v@9 a=v@11");
    uint64_t head = 0;
    assert_int_equal(store_head(&head, f->store, NULL), KF_OK);
    assert_true(head == 11);
}

static void test_stale_is_refused(void **state)
{
    struct fixture *f = *state;
    apply_one(f, "a", 5, false, KF_OK);
    apply_one(f, "a", 5, false, KF_ERR_STALE);
    apply_one(f, "a", 4, false, KF_ERR_STALE);
    apply_one(f, "b", 5, false, KF_ERR_STALE);
    apply_one(f, "b", 4, false, KF_ERR_STALE);
    apply_one(f, "a", 6, true, KF_OK);
    apply_one(f, "a", 5, false, KF_ERR_STALE); /* a deleted key stays deleted */
    changes_text(f->text, sizeof f->text, f->store, 0);
    assert_string_equal(f->text, "a!@6");
}

static void test_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
    assert_int_equal(apply(txn, "a", 1, false), KF_OK);
    assert_int_equal(apply(txn, "b", 2, false), KF_OK);
    assert_int_equal(apply(txn, "c", 2, false), KF_ERR_STALE);
    store_txn_abort(txn);
    uint64_t head = 9;
    assert_int_equal(store_head(&head, f->store, NULL), KF_OK);
    assert_true(head == 0);
}

static void test_id(void **state)
{
    struct fixture *f = *state;
    uint8_t id[STORE_ID_SIZE] = {1, 2, 3};
    uint8_t other[STORE_ID_SIZE] = {4};
    uint8_t read[STORE_ID_SIZE];
    struct store_txn *txn = NULL;
    assert_int_equal(store_id(read, f->store, NULL), KF_ERR_NOT_FOUND);
    assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
    assert_int_equal(store_txn_adopt_id(txn, id, NULL), KF_OK);
    assert_int_equal(store_txn_adopt_id(txn, id, NULL), KF_OK);
    assert_int_equal(store_txn_adopt_id(txn, other, NULL), KF_ERR_CONFLICT);
    assert_int_equal(store_txn_commit(txn, NULL), KF_OK);
    assert_int_equal(store_id(read, f->store, NULL), KF_OK);
    assert_memory_equal(read, id, sizeof id);
}

/* The child opens the replica read-only, reports what it sees, and waits for the next word. */
static void read_along(const struct place *place, int in, int out)
{
    struct store_lmdb_options options = {.path = place->path, .role = STORE_READER};
    struct store *store = NULL;
    if (store_lmdb_open(&store, &options, NULL) != KF_OK)
        _exit(1);
    char word = 0;
    while (read(in, &word, 1) == 1) {
        uint64_t head = 0;
        if (store_head(&head, store, NULL) != KF_OK || write(out, &head, sizeof head) < 0)
            _exit(2);
    }
    struct store_txn *txn = NULL;
    _exit(store_begin(&txn, store, NULL) == KF_ERR_DENIED ? 0 : 3);
}

static void test_reader_in_another_process(void **state)
{
    struct fixture *f = *state;
    int to[2];
    int from[2];
    apply_one(f, "a", 1, false, KF_OK);
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(to[1]);
        read_along(&f->place, to[0], from[1]);
    }
    for (uint64_t revision = 2; revision < 20; revision++) {
        uint64_t seen = 0;
        apply_one(f, "a", revision, false, KF_OK);
        assert_int_equal(write(to[1], "?", 1), 1);
        assert_int_equal(read(from[0], &seen, sizeof seen), sizeof seen);
        assert_true(seen == revision); /* at once: committed means visible */
    }
    (void)close(to[1]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(to[0]);
    (void)close(from[0]);
    (void)close(from[1]);
}

/* A reader that is killed with a snapshot open must not keep old pages alive for ever. */
static void test_dead_reader(void **state)
{
    struct fixture *f = *state;
    int from[2];
    apply_one(f, "a", 1, false, KF_OK);
    assert_int_equal(pipe(from), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = place_open(&f->place, STORE_READER);
        struct store_snapshot *snapshot = NULL;
        if (store_snapshot_begin(&snapshot, store, NULL) != KF_OK || write(from[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    char word = 0;
    assert_int_equal(read(from[0], &word, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    store_maintain(f->store);
    uint8_t *large = calloc(1, STORE_VALUE_MAX);
    assert_non_null(large);
    /* 50 MB written over one key: the file stays small only when freed pages are used again. */
    for (uint64_t r = 2; r < 200; r++) {
        struct store_txn *txn = NULL;
        struct store_entry e = {
            .key = "a", .revision = r, .value = large, .length = STORE_VALUE_MAX};
        assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
        assert_int_equal(store_txn_apply(txn, &e, NULL), KF_OK);
        assert_int_equal(store_txn_commit(txn, NULL), KF_OK);
    }
    free(large);
    char name[128];
    (void)snprintf(name, sizeof name, "%s/data.mdb", f->place.path);
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    assert_true(st.st_size < 8 * STORE_VALUE_MAX);
    (void)close(from[0]);
    (void)close(from[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_gaps_are_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_in_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dead_reader, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
