#include "vault.h"

#include "base/cursor.h"
#include "base/secret.h"
#include "files.h"

#include <dirent.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASTER_NAME "master.key"
#define SUFFIX      ".sealed"

static const uint8_t master_magic[4] = {'K', 'F', 'A', 'P'};
static const uint8_t sealed_magic[4] = {'K', 'F', 'A', 'S'};

enum {
    FORMAT_VERSION = 1,
    KEY_BYTES = crypto_secretbox_KEYBYTES,
    NONCE_BYTES = crypto_secretbox_NONCEBYTES,
    TAG_BYTES = crypto_secretbox_MACBYTES,
    SALT_BYTES = crypto_pwhash_SALTBYTES,
    MASTER_BYTES = 4 + 1 + 4 + 4 + SALT_BYTES + NONCE_BYTES + TAG_BYTES + KEY_BYTES,
    SEALED_HEADER_BYTES = 4 + 1 + NONCE_BYTES,
    COST_MEMORY_MAX_KIB = 4 * 1024 * 1024,
    COST_OPERATIONS_MAX = 64,
};

struct vault {
    uint8_t *key; /* secret memory, KEY_BYTES */
    struct kf_random random;
    char folder[PATH_MAX];
};

struct vault_cost vault_cost_default(void)
{
    return (struct vault_cost){crypto_pwhash_OPSLIMIT_MODERATE,
                               crypto_pwhash_MEMLIMIT_MODERATE / 1024};
}

static enum kf_status derive(uint8_t out[static KEY_BYTES], const uint8_t *passphrase,
                             size_t length, const uint8_t salt[static SALT_BYTES],
                             struct vault_cost cost, struct kf_error *err)
{
    if (crypto_pwhash(out, KEY_BYTES, (const char *)passphrase, length, salt, cost.operations,
                      (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return kf_fail(err, KF_ERR_MEMORY,
                       "Argon2id needs %u MiB of memory for the passphrase and does not get them",
                       cost.memory_kib / 1024);
    }
    return KF_OK;
}

static enum kf_status master_create(struct vault *vault, const char *path,
                                    const uint8_t *passphrase, size_t length,
                                    struct vault_cost cost, struct kf_error *err)
{
    uint8_t salt[SALT_BYTES];
    uint8_t nonce[NONCE_BYTES];
    uint8_t box[TAG_BYTES + KEY_BYTES];
    uint8_t file[MASTER_BYTES];
    if (kf_random_fill(&vault->random, salt, sizeof salt) != KF_OK ||
        kf_random_fill(&vault->random, nonce, sizeof nonce) != KF_OK ||
        kf_random_fill(&vault->random, vault->key, KEY_BYTES) != KF_OK) {
        return kf_fail(err, KF_ERR_RANDOM, "the random source failed");
    }
    uint8_t *wrapping = kf_secret_new(KEY_BYTES);
    if (wrapping == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory");
    }
    enum kf_status st = derive(wrapping, passphrase, length, salt, cost, err);
    if (st == KF_OK) {
        (void)crypto_secretbox_easy(box, vault->key, KEY_BYTES, nonce, wrapping);
        struct kf_writer w = kf_writer_init(file, sizeof file);
        kf_write_bytes(&w, master_magic, sizeof master_magic);
        kf_write_u8(&w, FORMAT_VERSION);
        kf_write_u32be(&w, cost.operations);
        kf_write_u32be(&w, cost.memory_kib);
        kf_write_bytes(&w, salt, sizeof salt);
        kf_write_bytes(&w, nonce, sizeof nonce);
        kf_write_bytes(&w, box, sizeof box);
        st = files_write(path, 0400, file, w.length, err);
    }
    kf_secret_free(wrapping);
    return st;
}

struct master {
    struct vault_cost cost;
    const uint8_t *salt;
    const uint8_t *nonce;
    const uint8_t *box;
};

static enum kf_status master_parse(struct master *out, const uint8_t *data, size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    const uint8_t *magic;
    uint8_t version = 0;
    enum kf_status st = kf_read_bytes(&magic, sizeof master_magic, &r);
    if (st != KF_OK || memcmp(magic, master_magic, sizeof master_magic) != 0) {
        return KF_ERR_MALFORMED;
    }
    bool read = kf_read_u8(&version, &r) == KF_OK &&
                kf_read_u32be(&out->cost.operations, &r) == KF_OK &&
                kf_read_u32be(&out->cost.memory_kib, &r) == KF_OK &&
                kf_read_bytes(&out->salt, SALT_BYTES, &r) == KF_OK &&
                kf_read_bytes(&out->nonce, NONCE_BYTES, &r) == KF_OK &&
                kf_read_bytes(&out->box, TAG_BYTES + KEY_BYTES, &r) == KF_OK &&
                kf_reader_finish(&r) == KF_OK;
    bool sane = read && version == FORMAT_VERSION &&
                out->cost.operations >= crypto_pwhash_OPSLIMIT_MIN &&
                out->cost.operations <= COST_OPERATIONS_MAX &&
                out->cost.memory_kib >= crypto_pwhash_MEMLIMIT_MIN / 1024 &&
                out->cost.memory_kib <= COST_MEMORY_MAX_KIB;
    return sane ? KF_OK : KF_ERR_MALFORMED;
}

static enum kf_status master_read(struct vault *vault, const char *path, const uint8_t *passphrase,
                                  size_t passphrase_length, struct kf_error *err)
{
    uint8_t *file;
    size_t length;
    struct master master;
    enum kf_status st = files_read(&file, &length, path, MASTER_BYTES, err);
    if (st != KF_OK) {
        return st;
    }
    uint8_t *wrapping = kf_secret_new(KEY_BYTES);
    if (wrapping == NULL) {
        st = kf_fail(err, KF_ERR_MEMORY, "no locked memory");
    } else if (master_parse(&master, file, length) != KF_OK) {
        st = kf_fail(err, KF_ERR_MALFORMED, "%s is damaged: restore it from a backup", path);
    } else {
        st = derive(wrapping, passphrase, passphrase_length, master.salt, master.cost, err);
    }
    if (st == KF_OK && crypto_secretbox_open_easy(vault->key, master.box, TAG_BYTES + KEY_BYTES,
                                                  master.nonce, wrapping) != 0) {
        st = kf_fail(err, KF_ERR_DENIED,
                     "the passphrase is wrong for %s (or the file is damaged): check "
                     "passphrase_file",
                     path);
    }
    kf_secret_free(wrapping);
    kf_secret_free(file);
    return st;
}

static bool folder_has_sealed(const char *folder)
{
    DIR *dir = opendir(folder);
    bool found = false;
    if (dir == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t length = strlen(entry->d_name);
        size_t suffix = strlen(SUFFIX);
        found = found || (length > suffix && strcmp(entry->d_name + length - suffix, SUFFIX) == 0);
    }
    (void)closedir(dir);
    return found;
}

static enum kf_status open_master(struct vault *vault, const uint8_t *passphrase, size_t length,
                                  struct vault_cost cost, struct kf_error *err)
{
    char path[PATH_MAX];
    enum kf_status st = files_make_folder(vault->folder, 0700, err);
    if (st == KF_OK) {
        st = files_join(path, sizeof path, vault->folder, MASTER_NAME, err);
    }
    if (st != KF_OK) {
        return st;
    }
    if (files_exists(path)) {
        return master_read(vault, path, passphrase, length, err);
    }
    if (folder_has_sealed(vault->folder)) {
        return kf_fail(err, KF_ERR_NOT_FOUND,
                       "%s is missing, and without it the sealed files beside it cannot be opened: "
                       "restore it from a backup",
                       path);
    }
    return master_create(vault, path, passphrase, length, cost, err);
}

enum kf_status vault_open(struct vault **out, const char *folder, const uint8_t *passphrase,
                          size_t passphrase_length, struct vault_cost cost_when_new,
                          const struct kf_random *random, struct kf_error *err)
{
    if (passphrase_length < VAULT_PASSPHRASE_MIN || passphrase_length > VAULT_PASSPHRASE_MAX) {
        return kf_fail(err, KF_ERR_USAGE, "the passphrase must have %d to %d bytes; it has %zu",
                       VAULT_PASSPHRASE_MIN, VAULT_PASSPHRASE_MAX, passphrase_length);
    }
    if (strlen(folder) >= PATH_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "path too long: %s", folder);
    }
    struct vault *vault = calloc(1, sizeof *vault);
    uint8_t *key = kf_secret_new(KEY_BYTES);
    if (vault == NULL || key == NULL) {
        free(vault);
        kf_secret_free(key);
        return kf_fail(err, KF_ERR_MEMORY, "out of (locked) memory");
    }
    vault->key = key;
    vault->random = *random;
    memcpy(vault->folder, folder, strlen(folder) + 1);
    enum kf_status st = open_master(vault, passphrase, passphrase_length, cost_when_new, err);
    if (st != KF_OK) {
        vault_free(vault);
        return st;
    }
    *out = vault;
    return KF_OK;
}

void vault_free(struct vault *vault)
{
    if (vault != NULL) {
        kf_secret_free(vault->key);
        free(vault);
    }
}

static enum kf_status path_of(char path[static PATH_MAX], const struct vault *vault,
                              const char *name, struct kf_error *err)
{
    int n = snprintf(path, PATH_MAX, "%s/%s" SUFFIX, vault->folder, name);
    if (n < 0 || n >= PATH_MAX || strlen(name) > VAULT_NAME_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "path too long: %s/%s", vault->folder, name);
    }
    return KF_OK;
}

bool vault_has(const struct vault *vault, const char *name)
{
    char path[PATH_MAX];
    return path_of(path, vault, name, NULL) == KF_OK && files_exists(path);
}

static void write_inner(struct kf_writer *w, const char *name, const uint8_t *secret,
                        size_t secret_length, const uint8_t *public_part, size_t public_length)
{
    size_t at = kf_write_block_open16(w);
    kf_write_bytes(w, (const uint8_t *)name, strlen(name));
    kf_write_block_close16be(w, at);
    at = kf_write_block_open32(w);
    kf_write_bytes(w, secret, secret_length);
    kf_write_block_close32be(w, at);
    at = kf_write_block_open32(w);
    kf_write_bytes(w, public_part, public_length);
    kf_write_block_close32be(w, at);
}

enum kf_status vault_write(struct vault *vault, const char *name, const uint8_t *secret,
                           size_t secret_length, const uint8_t *public_part, size_t public_length,
                           struct kf_error *err)
{
    char path[PATH_MAX];
    enum kf_status st = path_of(path, vault, name, err);
    if (st != KF_OK) {
        return st;
    }
    size_t inner_length = 2 + strlen(name) + 4 + secret_length + 4 + public_length;
    size_t file_length = SEALED_HEADER_BYTES + TAG_BYTES + inner_length;
    if (file_length > VAULT_FILE_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "%s would be larger than %d bytes", path, VAULT_FILE_MAX);
    }
    uint8_t *inner = kf_secret_new(inner_length);
    uint8_t *file = malloc(file_length);
    uint8_t nonce[NONCE_BYTES];
    if (inner == NULL || file == NULL) {
        st = kf_fail(err, KF_ERR_MEMORY, "out of (locked) memory");
    } else if (kf_random_fill(&vault->random, nonce, sizeof nonce) != KF_OK) {
        st = kf_fail(err, KF_ERR_RANDOM, "the random source failed");
    }
    if (st == KF_OK) {
        struct kf_writer w = kf_writer_init(inner, inner_length);
        write_inner(&w, name, secret, secret_length, public_part, public_length);
        struct kf_writer f = kf_writer_init(file, file_length);
        kf_write_bytes(&f, sealed_magic, sizeof sealed_magic);
        kf_write_u8(&f, FORMAT_VERSION);
        kf_write_bytes(&f, nonce, sizeof nonce);
        (void)crypto_secretbox_easy(file + SEALED_HEADER_BYTES, inner, inner_length, nonce,
                                    vault->key);
        st = files_write(path, 0400, file, file_length, err);
    }
    kf_secret_free(inner);
    free(file);
    return st;
}

static enum kf_status item_parse(struct vault_item *out, const char *name, uint8_t *inner,
                                 size_t length)
{
    struct kf_reader r = kf_reader_init(inner, length);
    struct kf_reader stated;
    struct kf_reader secret;
    struct kf_reader public_part;
    if (kf_read_block16be(&stated, VAULT_NAME_MAX, &r) != KF_OK ||
        kf_read_block32be(&secret, VAULT_FILE_MAX, &r) != KF_OK ||
        kf_read_block32be(&public_part, VAULT_FILE_MAX, &r) != KF_OK ||
        kf_reader_finish(&r) != KF_OK) {
        return KF_ERR_FORGED;
    }
    if (kf_reader_left(&stated) != strlen(name) || memcmp(stated.at, name, strlen(name)) != 0) {
        return KF_ERR_FORGED;
    }
    *out = (struct vault_item){
        .memory = inner,
        .secret = secret.at,
        .secret_length = kf_reader_left(&secret),
        .public_part = public_part.at,
        .public_length = kf_reader_left(&public_part),
    };
    return KF_OK;
}

enum kf_status vault_read(struct vault_item *out, const struct vault *vault, const char *name,
                          struct kf_error *err)
{
    char path[PATH_MAX];
    uint8_t *file = NULL;
    size_t length = 0;
    enum kf_status st = path_of(path, vault, name, err);
    if (st == KF_OK) {
        st = files_read(&file, &length, path, VAULT_FILE_MAX, err);
    }
    if (st != KF_OK) {
        return st;
    }
    bool headed = length >= SEALED_HEADER_BYTES + TAG_BYTES &&
                  memcmp(file, sealed_magic, sizeof sealed_magic) == 0 &&
                  file[sizeof sealed_magic] == FORMAT_VERSION;
    size_t inner_length = headed ? length - SEALED_HEADER_BYTES - TAG_BYTES : 0;
    uint8_t *inner = kf_secret_new(inner_length + 1);
    if (inner == NULL) {
        st = kf_fail(err, KF_ERR_MEMORY, "no locked memory");
    } else if (!headed ||
               crypto_secretbox_open_easy(
                   inner, file + SEALED_HEADER_BYTES, length - SEALED_HEADER_BYTES,
                   file + SEALED_HEADER_BYTES - NONCE_BYTES, vault->key) != 0 ||
               item_parse(out, name, inner, inner_length) != KF_OK) {
        st = kf_fail(err, KF_ERR_FORGED,
                     "%s does not open: it is damaged, or belongs to another name or another "
                     "master.key; restore it from a backup",
                     path);
    }
    kf_secret_free(file);
    if (st != KF_OK) {
        kf_secret_free(inner);
    }
    return st;
}
