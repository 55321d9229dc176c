/* Opening: permissions, roles, absence, and messages that say what to do. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place_make(place);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    place_remove(*state);
    free(*state);
    return 0;
}

static enum kf_status try_open(struct store **out, const struct place *place, enum store_role role,
                               struct kf_error *err)
{
    struct kf_random random = kf_random_system();
    struct store_lmdb_options options = {.path = place->path, .role = role, .random = &random};
    return store_lmdb_open(out, &options, err);
}

static void test_reader_without_a_store(void **state)
{
    struct store *store = NULL;
    struct kf_error err = {0};
    assert_int_equal(try_open(&store, *state, STORE_READER, &err), KF_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "no store yet"));
    assert_null(store);
}

static void test_roles(void **state)
{
    struct store *store = place_open(*state, STORE_CORE);
    store_close(store);
    struct kf_error err = {0};
    assert_int_equal(try_open(&store, *state, STORE_REPLICA, &err), KF_ERR_CONFLICT);
    assert_non_null(strstr(err.message, "the core's store, not a replica"));
    store = place_open(*state, STORE_READER);
    store_close(store);
    store = place_open(*state, STORE_CORE);
    store_close(store);
}

static void test_modes(void **state)
{
    struct place *place = *state;
    mode_t old = umask(0077); /* whatever the umask, readers of the group are let in */
    struct store *store = place_open(place, STORE_REPLICA);
    (void)umask(old);
    char name[128];
    struct stat st;
    (void)snprintf(name, sizeof name, "%s/lock.mdb", place->path);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    (void)snprintf(name, sizeof name, "%s/data.mdb", place->path);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    store_close(store);
}

/* A reader of the group, as another user, with the writer at work. */
static void test_reader_of_the_group(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0) {
        skip();
        return;
    }
    assert_int_equal(mkdir(place->path, 02750), 0);
    assert_int_equal(chown(place->path, 0, NOBODY), 0);
    assert_int_equal(chmod(place->path, 02750), 0);
    assert_int_equal(chmod(place->directory, 0755), 0);
    struct store *store = place_open(place, STORE_CORE);
    (void)put_one(store, "a", "1");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *reader = NULL;
        uint64_t head = 0;
        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(1);
        if (try_open(&reader, place, STORE_READER, NULL) != KF_OK ||
            store_head(&head, reader, NULL) != KF_OK || head != 1)
            _exit(2);
        _exit(try_open(&reader, place, STORE_CORE, NULL) == KF_ERR_DENIED ? 0 : 3);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    store_close(store);
}

static void test_full_map(void **state)
{
    struct place *place = *state;
    struct kf_random random = kf_random_system();
    struct store_lmdb_options options = {
        .path = place->path, .role = STORE_CORE, .map_size = 1 << 20, .random = &random};
    struct store *store = NULL;
    assert_int_equal(store_lmdb_open(&store, &options, NULL), KF_OK);
    uint8_t *value = calloc(1, STORE_VALUE_MAX);
    assert_non_null(value);
    struct kf_error err = {0};
    enum kf_status status = KF_OK;
    uint64_t kept = 0;
    while (status == KF_OK && kept < 10) {
        struct store_txn *txn = NULL;
        char key[8];
        (void)snprintf(key, sizeof key, "%u", (unsigned)kept);
        assert_int_equal(store_begin(&txn, store, NULL), KF_OK);
        struct store_entry e = {
            .key = key, .revision = kept + 1, .value = value, .length = STORE_VALUE_MAX};
        status = store_txn_put(txn, &e, STORE_ANY, &err);
        if (status == KF_OK)
            status = store_txn_commit(txn, &err);
        else
            store_txn_abort(txn);
        kept += status == KF_OK ? 1 : 0;
    }
    free(value);
    assert_int_equal(status, KF_ERR_IO);
    assert_non_null(strstr(err.message, "map size"));
    uint64_t head = 0;
    assert_int_equal(store_head(&head, store, NULL), KF_OK);
    assert_true(head == kept && kept > 0);
    store_close(store);
}

static void test_not_a_store(void **state)
{
    struct place *place = *state;
    assert_int_equal(mkdir(place->path, 0755), 0);
    char name[128];
    (void)snprintf(name, sizeof name, "%s/data.mdb", place->path);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    for (int i = 0; i < 10000; i++)
        (void)fputc('x', file);
    assert_int_equal(fclose(file), 0);
    struct store *store = NULL;
    assert_int_equal(try_open(&store, place, STORE_CORE, NULL), KF_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reader_without_a_store, setup, teardown),
        cmocka_unit_test_setup_teardown(test_roles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_of_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_map, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_a_store, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
