/* Files under a passphrase: what opens, what does not, and what a wrong passphrase is told. */
#include "vault.h"

#include "base/secret.h"
#include "files.h"

#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The least that Argon2id takes: the tests are about the files. */
static const struct vault_cost cheap = {1, 8};
static const char passphrase[] = "correct horse";

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/kf-vault-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[PATH_MAX];
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        (void)unlink(path);
    }
    (void)closedir(dir);
    return rmdir(folder);
}

static enum kf_status open_with(struct vault **out, const char *text, struct kf_error *err)
{
    const struct kf_random random = kf_random_system();
    return vault_open(out, folder, (const uint8_t *)text, strlen(text), cheap, &random, err);
}

static struct vault *open_good(void)
{
    struct vault *vault = NULL;
    struct kf_error err = {.message = ""};
    if (open_with(&vault, passphrase, &err) != KF_OK) {
        fail_msg("%s", err.message);
    }
    return vault;
}

static void write_item(struct vault *vault, const char *name)
{
    assert_int_equal(
        vault_write(vault, name, (const uint8_t *)"secret", 6, (const uint8_t *)"public", 6, NULL),
        KF_OK);
}

static const char *path_of(const char *name)
{
    static char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_what_is_sealed_comes_back(void **state)
{
    (void)state;
    struct vault *vault = open_good();
    struct vault_item item;
    struct stat info;
    assert_false(vault_has(vault, "generation-1"));
    assert_int_equal(vault_read(&item, vault, "generation-1", NULL), KF_ERR_NOT_FOUND);
    write_item(vault, "generation-1");
    vault_free(vault);

    vault = open_good(); /* another start */
    assert_true(vault_has(vault, "generation-1"));
    assert_int_equal(vault_read(&item, vault, "generation-1", NULL), KF_OK);
    assert_int_equal(item.secret_length, 6);
    assert_memory_equal(item.secret, "secret", 6);
    assert_memory_equal(item.public_part, "public", 6);
    kf_secret_free(item.memory);
    vault_free(vault);
    assert_int_equal(stat(path_of("generation-1.sealed"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0400);
    assert_int_equal(stat(path_of("master.key"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0400);
}

static void test_passphrases(void **state)
{
    (void)state;
    struct vault *vault = open_good();
    struct kf_error err = {.message = ""};
    vault_free(vault);
    vault = NULL;
    assert_int_equal(open_with(&vault, "correct hors", &err), KF_ERR_DENIED);
    assert_non_null(strstr(err.message, "passphrase is wrong"));
    assert_null(vault);
    assert_int_equal(open_with(&vault, "short", &err), KF_ERR_USAGE);
    assert_int_equal(open_with(&vault, "", &err), KF_ERR_USAGE);
}

/* Every single bit of either file matters. */
static void damage_each_byte(const char *name, bool master)
{
    uint8_t *data = NULL;
    size_t length = 0;
    assert_int_equal(files_read(&data, &length, path_of(name), VAULT_FILE_MAX, NULL), KF_OK);
    for (size_t i = 0; i < length; i++) {
        /* The costs are read before they can be verified; large ones only waste time. */
        if (master && i >= 5 && i < 13) {
            continue;
        }
        struct vault *vault = NULL;
        struct vault_item item;
        data[i] ^= 0x10;
        assert_int_equal(files_write(path_of(name), 0400, data, length, NULL), KF_OK);
        enum kf_status opened = open_with(&vault, passphrase, NULL);
        if (master) {
            assert_true(opened == KF_ERR_DENIED || opened == KF_ERR_MALFORMED);
        } else {
            assert_int_equal(opened, KF_OK);
            assert_int_equal(vault_read(&item, vault, "generation-1", NULL), KF_ERR_FORGED);
        }
        vault_free(vault);
        data[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < length; cut += 7) {
        struct vault *vault = NULL;
        struct vault_item item;
        assert_int_equal(files_write(path_of(name), 0400, data, cut, NULL), KF_OK);
        if (master) {
            assert_int_equal(open_with(&vault, passphrase, NULL), KF_ERR_MALFORMED);
        } else {
            assert_int_equal(open_with(&vault, passphrase, NULL), KF_OK);
            assert_int_equal(vault_read(&item, vault, "generation-1", NULL), KF_ERR_FORGED);
        }
        vault_free(vault);
    }
    assert_int_equal(files_write(path_of(name), 0400, data, length, NULL), KF_OK);
    kf_secret_free(data);
}

static void test_damage(void **state)
{
    (void)state;
    struct vault *vault = open_good();
    write_item(vault, "generation-1");
    vault_free(vault);
    damage_each_byte("generation-1.sealed", false);
    damage_each_byte("master.key", true);
    vault_free(open_good());
}

static void test_exchanged_files(void **state)
{
    (void)state;
    struct vault *vault = open_good();
    struct vault_item item;
    char other[PATH_MAX];
    write_item(vault, "generation-1");
    write_item(vault, "generation-2");
    (void)snprintf(other, sizeof other, "%s", path_of("generation-2.sealed"));
    assert_int_equal(rename(other, path_of("generation-1.sealed")), 0);
    assert_int_equal(vault_read(&item, vault, "generation-1", NULL), KF_ERR_FORGED);
    vault_free(vault);
}

static void test_sealed_files_without_their_key(void **state)
{
    (void)state;
    struct vault *vault = open_good();
    struct kf_error err = {.message = ""};
    write_item(vault, "generation-1");
    vault_free(vault);
    vault = NULL;
    assert_int_equal(unlink(path_of("master.key")), 0);
    assert_int_equal(open_with(&vault, passphrase, &err), KF_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "backup"));
    assert_int_not_equal(access(path_of("master.key"), F_OK), 0); /* none was made in its place */
}

static enum kf_status refuse(void *context, uint8_t *out, size_t length)
{
    (void)context;
    (void)out;
    (void)length;
    return KF_ERR_RANDOM;
}

static void test_a_failing_random_source(void **state)
{
    (void)state;
    struct vault *vault = NULL;
    struct kf_random broken = kf_random_system();
    broken.fill = refuse;
    assert_int_equal(vault_open(&vault, folder, (const uint8_t *)passphrase, strlen(passphrase),
                                cheap, &broken, NULL),
                     KF_ERR_RANDOM);
    assert_int_not_equal(access(path_of("master.key"), F_OK), 0);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(test_what_is_sealed_comes_back),
        IN_A_FOLDER(test_passphrases),
        IN_A_FOLDER(test_damage),
        IN_A_FOLDER(test_exchanged_files),
        IN_A_FOLDER(test_sealed_files_without_their_key),
        IN_A_FOLDER(test_a_failing_random_source),
    };
    return kf_secret_init() == KF_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
