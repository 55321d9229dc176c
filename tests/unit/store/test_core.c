/* The core's store: revisions, compare-and-set, snapshots, the log, persistence. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
    f->store = place_open(&f->place, STORE_CORE);
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

static void assert_changes(struct fixture *f, uint64_t after, const char *expected)
{
    changes_text(f->text, sizeof f->text, f->store, after);
    assert_string_equal(f->text, expected);
}

static void test_put_and_get(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(get_one(f->text, sizeof f->text, f->store, "a"), KF_ERR_NOT_FOUND);
    assert_true(put_one(f->store, "a", "1") == 1);
    assert_true(put_one(f->store, "b", "2") == 2);
    assert_true(put_one(f->store, "a", "3") == 3);
    assert_int_equal(get_one(f->text, sizeof f->text, f->store, "a"), KF_OK);
    assert_string_equal(f->text, "3");
}

static void test_log_keeps_the_newest(void **state)
{
    struct fixture *f = *state;
    assert_changes(f, 0, "");
    (void)put_one(f->store, "a", "1");
    (void)put_one(f->store, "b", "2");
    (void)put_one(f->store, "c", "3");
    (void)put_one(f->store, "a", "4");
    assert_changes(f, 0, "b=2@2 c=3@3 a=4@4");
    assert_changes(f, 2, "c=3@3 a=4@4");
    delete_one(f->store, "c");
    assert_changes(f, 0, "b=2@2 a=4@4 c!@5");
    assert_changes(f, 5, "");
    assert_changes(f, UINT64_MAX, "");
    (void)put_one(f->store, "c", "6");
    assert_changes(f, 3, "a=4@4 c=6@6");
}

static void test_scan(void **state)
{
    struct fixture *f = *state;
    (void)put_one(f->store, "machine/b", "2");
    (void)put_one(f->store, "machine/a", "1");
    (void)put_one(f->store, "machinekey/a", "k");
    (void)put_one(f->store, "machine", "m");
    (void)put_one(f->store, "z", "z");
    delete_one(f->store, "machine/b");
    (void)put_one(f->store, "machine/c", "3");
    scan_text(f->text, sizeof f->text, f->store, "machine/");
    assert_string_equal(f->text, "machine/a=1 machine/c=3");
    scan_text(f->text, sizeof f->text, f->store, "");
    assert_string_equal(f->text, "machine=m machine/a=1 machine/c=3 machinekey/a=k z=z");
    scan_text(f->text, sizeof f->text, f->store, "zz");
    assert_string_equal(f->text, "");
}

static enum kf_status stop(void *context, const struct store_entry *entry)
{
    (void)entry;
    (*(int *)context)++;
    return KF_ERR_LIMIT;
}

static void test_visitor_stops(void **state)
{
    struct fixture *f = *state;
    (void)put_one(f->store, "a", "1");
    (void)put_one(f->store, "b", "2");
    struct store_snapshot *snapshot = NULL;
    assert_int_equal(store_snapshot_begin(&snapshot, f->store, NULL), KF_OK);
    int visits = 0;
    assert_int_equal(store_scan(snapshot, "", stop, &visits, NULL), KF_ERR_LIMIT);
    assert_int_equal(visits, 1);
    assert_int_equal(store_changes(snapshot, 0, stop, &visits, NULL), KF_ERR_LIMIT);
    assert_int_equal(visits, 2);
    store_snapshot_end(snapshot);
}

static void test_compare_and_set(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put_expecting(f->store, "a", "1", STORE_ABSENT), KF_OK);
    assert_int_equal(put_expecting(f->store, "a", "x", STORE_ABSENT), KF_ERR_CONFLICT);
    assert_int_equal(put_expecting(f->store, "a", "x", 7), KF_ERR_CONFLICT);
    assert_int_equal(put_expecting(f->store, "a", "2", 1), KF_OK);
    assert_int_equal(put_expecting(f->store, "a", "x", 1), KF_ERR_CONFLICT);
    delete_one(f->store, "a");
    assert_int_equal(put_expecting(f->store, "a", "x", 3), KF_ERR_CONFLICT);
    assert_int_equal(put_expecting(f->store, "a", "4", STORE_ABSENT), KF_OK);
    assert_changes(f, 0, "a=4@4");
}

/* Several puts, one refused among them; reads inside see the writes, and abort forgets all. */
static void test_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
    for (uint64_t i = 1; i <= 3; i++) {
        static const char *const keys[] = {"", "a", "b", "c"};
        assert_true(store_txn_next_revision(txn) == i);
        struct store_entry e = {
            .key = keys[i], .revision = i, .value = (const uint8_t *)"v", .length = 1};
        assert_int_equal(store_txn_put(txn, &e, STORE_ABSENT, NULL), KF_OK);
    }
    struct store_entry again = {
        .key = "a", .revision = 4, .value = (const uint8_t *)"w", .length = 1};
    assert_int_equal(store_txn_put(txn, &again, STORE_ABSENT, NULL), KF_ERR_CONFLICT);
    struct store_entry seen;
    assert_int_equal(store_txn_get(&seen, txn, "a", NULL), KF_OK);
    assert_true(seen.revision == 1);
    assert_changes(f, 0, ""); /* not committed: nobody else sees it */
    assert_int_equal(store_txn_commit(txn, NULL), KF_OK);
    assert_changes(f, 0, "a=v@1 b=v@2 c=v@3");

    assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
    assert_int_equal(store_txn_put(txn, &again, STORE_ANY, NULL), KF_OK);
    store_txn_abort(txn);
    assert_changes(f, 0, "a=v@1 b=v@2 c=v@3");
}

static void test_snapshot_stands_still(void **state)
{
    struct fixture *f = *state;
    (void)put_one(f->store, "a", "1");
    struct store_snapshot *snapshot = NULL;
    assert_int_equal(store_snapshot_begin(&snapshot, f->store, NULL), KF_OK);
    (void)put_one(f->store, "a", "2");
    struct store_entry e;
    assert_int_equal(store_get(&e, snapshot, "a", NULL), KF_OK);
    assert_int_equal(e.value[0], '1');
    assert_true(store_snapshot_head(snapshot) == 1);
    store_snapshot_end(snapshot);
}

static void test_bounds(void **state)
{
    struct fixture *f = *state;
    struct store_txn *txn = NULL;
    char key[STORE_KEY_MAX + 2];
    memset(key, 'k', sizeof key);
    key[STORE_KEY_MAX] = 0;
    uint8_t *value = calloc(1, STORE_VALUE_MAX + 1);
    assert_non_null(value);
    assert_int_equal(store_begin(&txn, f->store, NULL), KF_OK);
    struct store_entry e = {.key = key, .revision = 1, .value = value, .length = STORE_VALUE_MAX};
    assert_int_equal(store_txn_put(txn, &e, STORE_ANY, NULL), KF_OK);
    e.revision = 2;
    e.length++;
    assert_int_equal(store_txn_put(txn, &e, STORE_ANY, NULL), KF_ERR_LIMIT);
    e.length = 0;
    assert_int_equal(store_txn_put(txn, &e, STORE_ANY, NULL), KF_ERR_LIMIT);
    e.length = 1;
    e.key = "";
    assert_int_equal(store_txn_put(txn, &e, STORE_ANY, NULL), KF_ERR_USAGE);
    key[STORE_KEY_MAX] = 'k';
    key[STORE_KEY_MAX + 1] = 0;
    e.key = key;
    assert_int_equal(store_txn_put(txn, &e, STORE_ANY, NULL), KF_ERR_USAGE);
    assert_int_equal(store_txn_commit(txn, NULL), KF_OK);
    free(value);
}

static void test_reopening(void **state)
{
    struct fixture *f = *state;
    uint8_t before[STORE_ID_SIZE];
    uint8_t after[STORE_ID_SIZE];
    assert_int_equal(store_id(before, f->store, NULL), KF_OK);
    (void)put_one(f->store, "a", "1");
    (void)put_one(f->store, "a", "2");
    store_close(f->store);
    f->store = place_open(&f->place, STORE_CORE);
    assert_int_equal(store_id(after, f->store, NULL), KF_OK);
    assert_memory_equal(before, after, sizeof before);
    assert_changes(f, 0, "a=2@2");
    assert_true(put_one(f->store, "b", "3") == 3);
}

static void remember(void *context, uint64_t head)
{
    *(uint64_t *)context = head;
}

static void test_watch(void **state)
{
    struct fixture *f = *state;
    uint64_t seen = 0;
    store_watch(f->store, remember, &seen);
    (void)put_one(f->store, "a", "1");
    assert_true(seen == 1);
    assert_int_equal(put_expecting(f->store, "a", "x", 9), KF_ERR_CONFLICT);
    assert_true(seen == 1);
    store_watch(f->store, NULL, NULL);
    (void)put_one(f->store, "a", "2");
    assert_true(seen == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_and_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_log_keeps_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_visitor_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_compare_and_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshot_stands_still, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watch, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
