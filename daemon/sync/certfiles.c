#include "certfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_SIZE = RECORD_ID_SIZE + 16,
    BULK = 16,   /* from so many files on, one sync of the file system is cheaper than one each */
    MODE = 0644, /* public parts and references: the TLS server runs as another user */
    SHA1_SIZE = 20,
};

struct work {
    const char *folder;
    int dir;
    char *pem; /* DESIRED_FILE_MAX each */
    char *key;
    char *old;
    bool *changed; /* by item: new bytes lie beside the files, to be renamed */
    struct certfiles_outcome outcome;
};

static enum kf_status fail(struct kf_error *err, const struct work *w, const char *name,
                           const char *what)
{
    int e = errno;
    return kf_fail(err, e == EACCES || e == EPERM || e == EROFS ? KF_ERR_DENIED : KF_ERR_IO,
                   "%s/%s: %s: %s", w->folder, name, what, strerror(e));
}

static bool same_as_file(const struct work *w, const char *name, const char *text)
{
    int fd = openat(w->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    size_t length = strlen(text);
    struct stat st;
    bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == length;
    for (size_t at = 0; same && at < length;) {
        ssize_t n = read(fd, w->old, DESIRED_FILE_MAX);
        same = n > 0 && (size_t)n <= length - at && memcmp(w->old, text + at, (size_t)n) == 0;
        at += same ? (size_t)n : 0;
    }
    (void)close(fd);
    return same;
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

/* Writes NAME.new, on disk when `sync`. */
KF_MUST_USE static enum kf_status write_beside(const struct work *w, const char *name,
                                               const char *text, bool sync, struct kf_error *err)
{
    char beside[NAME_SIZE + 4];
    (void)snprintf(beside, sizeof beside, "%s.new", name);
    int fd = openat(w->dir, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, MODE);
    if (fd < 0)
        return fail(err, w, beside, "cannot be made");
    bool good =
        write_all(fd, text, strlen(text)) && fchmod(fd, MODE) == 0 && (!sync || fsync(fd) == 0);
    enum kf_status status = good ? KF_OK : fail(err, w, beside, "cannot be written");
    (void)close(fd);
    return status;
}

KF_MUST_USE static enum kf_status move_in(const struct work *w, const char *name,
                                          struct kf_error *err)
{
    char beside[NAME_SIZE + 4];
    (void)snprintf(beside, sizeof beside, "%s.new", name);
    if (renameat(w->dir, beside, w->dir, name) != 0)
        return fail(err, w, name, "cannot be replaced");
    return KF_OK;
}

KF_MUST_USE static enum kf_status write_item(struct work *w, struct desired *now, size_t index,
                                             bool sync, struct store_snapshot *snapshot,
                                             struct kf_error *err)
{
    char name[NAME_SIZE];
    const struct desired_item *item = &now->items[index];
    (void)snprintf(name, sizeof name, "%s.pem", item->id);
    if (desired_files(w->pem, w->key, snapshot, item->id, NULL) != KF_OK) {
        now->unfit++;
        now->items[index].hosts[0] = 0;
        return KF_OK;
    }
    char key_name[NAME_SIZE];
    (void)snprintf(key_name, sizeof key_name, "%s.pem.key", item->id);
    if (same_as_file(w, name, w->pem) && same_as_file(w, key_name, w->key))
        return KF_OK;
    w->changed[index] = true;
    enum kf_status status = write_beside(w, name, w->pem, sync, err);
    return status == KF_OK ? write_beside(w, key_name, w->key, sync, err) : status;
}

static bool unchanged(const struct desired_item *item, const struct desired *before)
{
    const struct desired_item *old = before ? desired_find(before, item->id) : NULL;
    return old && old->revision == item->revision && old->key_revision == item->key_revision;
}

KF_MUST_USE static enum kf_status write_items(struct work *w, struct desired *now,
                                              const struct desired *before,
                                              struct store_snapshot *snapshot, struct kf_error *err)
{
    size_t todo = 0;
    for (size_t i = 0; i < now->count; i++)
        todo += unchanged(&now->items[i], before) ? 0 : 1;
    bool bulk = todo >= BULK;
    for (size_t i = 0; i < now->count; i++) {
        if (unchanged(&now->items[i], before))
            continue;
        enum kf_status status = write_item(w, now, i, !bulk, snapshot, err);
        if (status != KF_OK)
            return status;
        w->outcome.written += w->changed[i] ? 1 : 0;
    }
    if (w->outcome.written == 0)
        return KF_OK;
    if (bulk && syncfs(w->dir) != 0)
        return fail(err, w, ".", "cannot be synced");
    for (size_t i = 0; i < now->count; i++) {
        char name[NAME_SIZE];
        if (!w->changed[i])
            continue;
        (void)snprintf(name, sizeof name, "%s.pem", now->items[i].id);
        enum kf_status status = move_in(w, name, err);
        (void)snprintf(name, sizeof name, "%s.pem.key", now->items[i].id);
        if (status == KF_OK)
            status = move_in(w, name, err);
        if (status != KF_OK)
            return status;
    }
    return fsync(w->dir) == 0 ? KF_OK : fail(err, w, ".", "cannot be synced");
}

static char *list_text(const struct work *w, const struct desired *now)
{
    size_t length = 1;
    for (size_t i = 0; i < now->count; i++)
        length += strlen(w->folder) + NAME_SIZE + strlen(now->items[i].hosts) + 4;
    char *text = malloc(length);
    size_t n = 0;
    for (size_t i = 0; text && i < now->count; i++) {
        if (!now->items[i].hosts[0])
            continue;
        int wrote = snprintf(text + n, length - n, "%s/%s.pem %s\n", w->folder, now->items[i].id,
                             now->items[i].hosts);
        n += (size_t)wrote;
    }
    if (text)
        text[n] = 0;
    return text;
}

KF_MUST_USE static enum kf_status write_list(const struct work *w, const struct desired *now,
                                             struct kf_error *err)
{
    char *text = list_text(w, now);
    if (!text)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    enum kf_status status = KF_OK;
    if (!same_as_file(w, CERTFILES_LIST, text)) {
        status = write_beside(w, CERTFILES_LIST, text, true, err);
        if (status == KF_OK)
            status = move_in(w, CERTFILES_LIST, err);
        if (status == KF_OK && fsync(w->dir) != 0)
            status = fail(err, w, ".", "cannot be synced");
    }
    free(text);
    return status;
}

/* Whether a name in the folder is one of ours that `now` does not want. */
static bool superfluous(const char *name, const struct desired *now)
{
    char id[NAME_SIZE];
    size_t length = strlen(name);
    if (length >= sizeof id)
        return false;
    memcpy(id, name, length + 1);
    char *suffix = strstr(id, ".pem");
    if (!suffix)
        return strcmp(name, CERTFILES_LIST ".new") == 0;
    bool whole = strcmp(suffix, ".pem") == 0 || strcmp(suffix, ".pem.key") == 0;
    bool left_over = strcmp(suffix, ".pem.new") == 0 || strcmp(suffix, ".pem.key.new") == 0;
    *suffix = 0;
    return left_over || (whole && record_id_valid(id) && !desired_find(now, id));
}

KF_MUST_USE static enum kf_status remove_unknown(struct work *w, const struct desired *now,
                                                 struct kf_error *err)
{
    int fd = openat(w->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return fail(err, w, ".", "cannot be listed");
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        if (superfluous(entry->d_name, now) && unlinkat(w->dir, entry->d_name, 0) == 0)
            w->outcome.removed += strstr(entry->d_name, ".pem.") ? 0 : 1;
    (void)closedir(dir);
    return KF_OK;
}

static void remove_gone(struct work *w, const struct desired *now, const struct desired *before)
{
    for (size_t i = 0; i < before->count; i++) {
        char name[NAME_SIZE];
        if (desired_find(now, before->items[i].id))
            continue;
        (void)snprintf(name, sizeof name, "%s.pem", before->items[i].id);
        w->outcome.removed += unlinkat(w->dir, name, 0) == 0 ? 1 : 0;
        (void)snprintf(name, sizeof name, "%s.pem.key", before->items[i].id);
        (void)unlinkat(w->dir, name, 0);
    }
}

KF_MUST_USE static enum kf_status update(struct work *w, struct desired *now,
                                         const struct desired *before,
                                         struct store_snapshot *snapshot, struct kf_error *err)
{
    w->dir = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->dir < 0)
        return fail(err, w, ".", "cannot be opened");
    if (!w->pem || !w->key || !w->old || !w->changed)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    enum kf_status status = write_items(w, now, before, snapshot, err);
    if (status == KF_OK)
        status = write_list(w, now, err);
    if (status == KF_OK && !before)
        status = remove_unknown(w, now, err);
    else if (status == KF_OK)
        remove_gone(w, now, before);
    return status;
}

enum kf_status certfiles_update(struct certfiles_outcome *out, const char *folder,
                                struct desired *now, const struct desired *before,
                                struct store_snapshot *snapshot, struct kf_error *err)
{
    struct work w = {.folder = folder,
                     .dir = -1,
                     .pem = malloc(DESIRED_FILE_MAX),
                     .key = malloc(DESIRED_FILE_MAX),
                     .old = malloc(DESIRED_FILE_MAX),
                     .changed = calloc(now->count + 1, sizeof *w.changed)};
    enum kf_status status = update(&w, now, before, snapshot, err);
    if (w.dir >= 0)
        (void)close(w.dir);
    free(w.pem);
    free(w.key);
    free(w.old);
    free(w.changed);
    if (status == KF_OK)
        *out = w.outcome;
    return status;
}

enum kf_status certfiles_fingerprint(char out[static 41], const char *pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    const char *start = strstr(pem, begin);
    const char *end = start ? strstr(start, "-----END") : NULL;
    if (!end)
        return KF_ERR_MALFORMED;
    start += sizeof begin - 1;
    size_t length = (size_t)(end - start);
    uint8_t *der = malloc(length + 1);
    uint8_t digest[SHA1_SIZE];
    size_t der_length = 0;
    size_t digest_length = sizeof digest;
    if (!der)
        return KF_ERR_MEMORY;
    enum kf_status status = KF_OK;
    if (sodium_base642bin(der, length, start, length, "\r\n ", &der_length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        status = KF_ERR_MALFORMED;
    else if (EVP_Q_digest(NULL, "SHA1", NULL, der, der_length, digest, &digest_length) != 1)
        status = KF_ERR_INTERNAL;
    free(der);
    for (size_t i = 0; status == KF_OK && i < sizeof digest; i++)
        (void)snprintf(out + 2 * i, 3, "%02X", digest[i]);
    return status;
}
