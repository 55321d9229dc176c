#include "tell.h"

#include "certfiles.h"
#include "log.h"
#include "runtime.h"
#include "trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this HAProxy was last given for a certificate. */
struct told {
    char id[RECORD_ID_SIZE];
    uint64_t revision;
    uint64_t key_revision;
    bool has_line;
};

struct told_list {
    struct told *items; /* in order of id */
    size_t count;
};

struct tell {
    char *socket;
    char *folder;
    long pid;    /* of the process last spoken to; 0: none */
    bool behind; /* the last update did not get through */
    struct told_list told;
    struct trouble reach;
    struct trouble refusal;
};

/* One line of the crt-list, or one loaded certificate, as HAProxy reports it. */
struct line {
    char id[RECORD_ID_SIZE];
    long number;
    const char *hosts; /* borrowed from the copied answer; NULL for a loaded certificate */
    bool keep;
};

struct lines {
    struct line *items;
    size_t count;
    char *text;
};

/* One update's worth of state. */
struct session {
    struct tell *tell;
    struct runtime *runtime;
    const struct desired *desired;
    struct store_snapshot *snapshot;
    bool fresh; /* a process that this one has not told anything yet */
    struct lines loaded;
    struct lines lines;
    char *pem;
    char *key;
    size_t added, replaced, removed, refused;
};

struct tell *tell_new(const char *socket, const char *folder)
{
    struct tell *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->socket = strdup(socket);
    t->folder = strdup(folder);
    if (!t->socket || !t->folder) {
        tell_free(t);
        return NULL;
    }
    return t;
}

void tell_free(struct tell *t)
{
    if (!t)
        return;
    free(t->socket);
    free(t->folder);
    free(t->told.items);
    free(t);
}

/* Reading HAProxy's answers */

/* "FOLDER/ID.pem", optionally marked as in a transaction by '*', into id; the rest follows. NULL
 * when it is a certificate of another folder. */
static const char *read_path(char id[static RECORD_ID_SIZE], const char *text, const char *folder)
{
    size_t length = strlen(folder);
    if (strncmp(text, folder, length) != 0 || text[length] != '/')
        return NULL;
    text += length + 1;
    size_t n = strcspn(text, ".");
    if (n == 0 || n > RECORD_ID_MAX || strncmp(text + n, ".pem", 4) != 0)
        return NULL;
    memcpy(id, text, n);
    id[n] = 0;
    return record_id_valid(id) ? text + n + 4 : NULL;
}

static int compare_lines(const void *left, const void *right)
{
    const struct line *a = left;
    const struct line *b = right;
    int c = strcmp(a->id, b->id);
    return c != 0 ? c : (a->number > b->number) - (a->number < b->number);
}

/* "PATH" or "PATH:NUMBER [options] HOST HOST" */
static bool read_line(struct line *out, char *text, const char *folder)
{
    const char *rest = read_path(out->id, text, folder);
    if (!rest)
        return false;
    out->keep = false;
    out->number = 0;
    out->hosts = NULL;
    if (*rest == ':') {
        char *end = NULL;
        out->number = strtol(rest + 1, &end, 10);
        end += *end == ' ' ? 1 : 0;
        size_t n = strlen(end);
        while (n > 0 && end[n - 1] == ' ')
            end[--n] = 0;
        out->hosts = end;
        return true;
    }
    return *rest == 0;
}

KF_MUST_USE static enum kf_status read_lines(struct lines *out, const char *answer,
                                             const char *folder, struct kf_error *err)
{
    size_t newlines = 1;
    for (const char *c = answer; *c; c++)
        newlines += *c == '\n' ? 1 : 0;
    out->text = strdup(answer);
    out->items = calloc(newlines, sizeof *out->items);
    if (!out->text || !out->items)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    char *rest = out->text;
    for (char *text = strsep(&rest, "\n"); text; text = strsep(&rest, "\n"))
        if (read_line(&out->items[out->count], text, folder))
            out->count++;
    qsort(out->items, out->count, sizeof *out->items, compare_lines);
    return KF_OK;
}

static void clear_lines(struct lines *lines)
{
    free(lines->items);
    free(lines->text);
    memset(lines, 0, sizeof *lines);
}

/* The index of the first line of this id, or of where it would be. */
static size_t find_line(const struct lines *lines, const char *id)
{
    size_t low = 0;
    size_t high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(lines->items[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_line(const struct lines *lines, const char *id)
{
    size_t i = find_line(lines, id);
    return i < lines->count && strcmp(lines->items[i].id, id) == 0;
}

static struct told *find_told(struct tell *t, const char *id)
{
    size_t low = 0;
    size_t high = t->told.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = strcmp(t->told.items[middle].id, id);
        if (c == 0)
            return &t->told.items[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Certificates */

static void refuse(struct session *s, const char *id, const char *answer)
{
    s->refused++;
    trouble_say(&s->tell->refusal, TROUBLE_WARN,
                "HAProxy at %s does not take certificate %s: %.300s; it serves it from %s/%s.pem "
                "after its next reload",
                s->tell->socket, id, answer, s->tell->folder, id);
}

/* An earlier conversation that was cut off may have left a certificate half set: only one can be in
 * the making. */
KF_MUST_USE static enum kf_status end_left_over(struct session *s, const char *answer,
                                                struct kf_error *err)
{
    static const char marker[] = "ongoing transaction is about '";
    const char *name = strstr(answer, marker);
    const char *end = name ? strchr(name + sizeof marker - 1, '\'') : NULL;
    if (!end)
        return KF_ERR_NOT_FOUND;
    name += sizeof marker - 1;
    char path[4096];
    size_t n = (size_t)(end - name);
    if (n >= sizeof path)
        return KF_ERR_NOT_FOUND;
    memcpy(path, name, n);
    path[n] = 0;
    return runtime_ask(&answer, s->runtime, NULL, err, "abort ssl cert %s", path);
}

/* KF_ERR_DENIED: HAProxy said no, and why is in *answer. */
KF_MUST_USE static enum kf_status set_certificate(struct session *s, const char *id,
                                                  const char **answer, struct kf_error *err)
{
    const char *folder = s->tell->folder;
    for (int attempt = 0; attempt < 2; attempt++) {
        enum kf_status status =
            runtime_ask(answer, s->runtime, s->pem, err, "set ssl cert %s/%s.pem", folder, id);
        if (status != KF_OK)
            return status;
        if (strncmp(*answer, "Transaction ", 12) == 0)
            break;
        status = attempt == 0 ? end_left_over(s, *answer, err) : KF_ERR_NOT_FOUND;
        if (status == KF_ERR_NOT_FOUND)
            return KF_ERR_DENIED;
        if (status != KF_OK)
            return status;
    }
    enum kf_status status =
        runtime_ask(answer, s->runtime, NULL, err, "commit ssl cert %s/%s.pem", folder, id);
    if (status != KF_OK || strstr(*answer, "Success"))
        return status;
    char said[512];
    (void)strncpy(said, *answer, sizeof said - 1);
    said[sizeof said - 1] = 0;
    status = runtime_ask(answer, s->runtime, NULL, err, "abort ssl cert %s/%s.pem", folder, id);
    (void)kf_fail(err, KF_ERR_DENIED, "%s", said);
    *answer = err->message;
    return status == KF_OK ? KF_ERR_DENIED : status;
}

/* HAProxy shows a certificate's SHA-1 fingerprint: does it hold what the file holds? */
KF_MUST_USE static enum kf_status holds_same(bool *same, struct session *s, const char *id,
                                             struct kf_error *err)
{
    char wanted[41];
    const char *answer = NULL;
    *same = false;
    if (certfiles_fingerprint(wanted, s->pem) != KF_OK)
        return KF_OK;
    enum kf_status status =
        runtime_ask(&answer, s->runtime, NULL, err, "show ssl cert %s/%s.pem", s->tell->folder, id);
    if (status != KF_OK)
        return status;
    static const char marker[] = "SHA1 FingerPrint: ";
    const char *found = strstr(answer, marker);
    *same = found && strncmp(found + sizeof marker - 1, wanted, 40) == 0;
    return KF_OK;
}

KF_MUST_USE static enum kf_status
update_certificate(struct session *s, const struct desired_item *item, struct kf_error *err)
{
    const struct told *told = find_told(s->tell, item->id);
    bool loaded = has_line(&s->loaded, item->id);
    bool known = told && told->revision == item->revision &&
                 told->key_revision == item->key_revision && told->has_line;
    if (known && loaded && !s->fresh)
        return KF_OK;
    if (desired_files(s->pem, s->key, s->snapshot, item->id, NULL) != KF_OK)
        return KF_OK;
    const char *answer = NULL;
    bool same = false;
    enum kf_status status = KF_OK;
    if (loaded && (s->fresh || !told))
        status = holds_same(&same, s, item->id, err);
    else if (!loaded)
        status = runtime_ask(&answer, s->runtime, NULL, err, "new ssl cert %s/%s.pem",
                             s->tell->folder, item->id);
    if (status != KF_OK || same)
        return status;
    status = set_certificate(s, item->id, &answer, err);
    if (status == KF_ERR_DENIED) {
        refuse(s, item->id, answer);
        return KF_OK;
    }
    if (status == KF_OK)
        *(loaded ? &s->replaced : &s->added) += 1;
    return status;
}

/* Lines */

KF_MUST_USE static enum kf_status add_line(struct session *s, const struct desired_item *item,
                                           struct kf_error *err)
{
    size_t i = find_line(&s->lines, item->id);
    for (; i < s->lines.count && strcmp(s->lines.items[i].id, item->id) == 0; i++)
        if (strcmp(s->lines.items[i].hosts, item->hosts) == 0) {
            s->lines.items[i].keep = true;
            return KF_OK;
        }
    const char *folder = s->tell->folder;
    size_t room = strlen(folder) + strlen(item->id) + strlen(item->hosts) + 16;
    char *payload = malloc(room);
    if (!payload)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    (void)snprintf(payload, room, "%s/%s.pem %s\n", folder, item->id, item->hosts);
    const char *answer = NULL;
    enum kf_status status = runtime_ask(&answer, s->runtime, payload, err,
                                        "add ssl crt-list %s/" CERTFILES_LIST, folder);
    free(payload);
    if (status == KF_OK && !strstr(answer, "Success"))
        refuse(s, item->id, answer);
    return status;
}

KF_MUST_USE static enum kf_status delete_lines(struct session *s, struct kf_error *err)
{
    for (size_t i = 0; i < s->lines.count; i++) {
        const struct line *line = &s->lines.items[i];
        const struct desired_item *item = desired_find(s->desired, line->id);
        /* A line whose better did not get in stays, rather than leave its hosts without any. */
        if (line->keep || (item && item->hosts[0] && s->refused > 0))
            continue;
        const char *answer = NULL;
        enum kf_status status = runtime_ask(
            &answer, s->runtime, NULL, err, "del ssl crt-list %s/" CERTFILES_LIST " %s/%s.pem:%ld",
            s->tell->folder, s->tell->folder, line->id, line->number);
        if (status != KF_OK)
            return status;
        if (!strstr(answer, "deleted"))
            refuse(s, line->id, answer);
    }
    return KF_OK;
}

KF_MUST_USE static enum kf_status delete_certificates(struct session *s, struct kf_error *err)
{
    for (size_t i = 0; i < s->loaded.count; i++) {
        const char *id = s->loaded.items[i].id;
        const struct desired_item *item = desired_find(s->desired, id);
        if (item && item->hosts[0])
            continue;
        const char *answer = NULL;
        enum kf_status status = runtime_ask(&answer, s->runtime, NULL, err,
                                            "del ssl cert %s/%s.pem", s->tell->folder, id);
        if (status != KF_OK)
            return status;
        if (strstr(answer, "deleted"))
            s->removed++;
        else
            refuse(s, id, answer);
    }
    return KF_OK;
}

/* One update */

KF_MUST_USE static enum kf_status read_state(struct session *s, struct kf_error *err)
{
    const char *answer = NULL;
    const char *folder = s->tell->folder;
    enum kf_status status = runtime_ask(&answer, s->runtime, NULL, err,
                                        "show ssl crt-list -n %s/" CERTFILES_LIST, folder);
    if (status != KF_OK)
        return status;
    if (answer[0] != '#')
        return kf_fail(err, KF_ERR_USAGE,
                       "it does not use %s/" CERTFILES_LIST ": give it `bind ... ssl crt-list "
                       "%s/" CERTFILES_LIST " strict-sni` and restart it (it answers: %.200s)",
                       folder, folder, answer);
    status = read_lines(&s->lines, answer, folder, err);
    if (status == KF_OK)
        status = runtime_ask(&answer, s->runtime, NULL, err, "show ssl cert");
    return status == KF_OK ? read_lines(&s->loaded, answer, folder, err) : status;
}

KF_MUST_USE static enum kf_status reconcile(struct session *s, struct kf_error *err)
{
    enum kf_status status = read_state(s, err);
    for (size_t i = 0; status == KF_OK && i < s->desired->count; i++)
        if (s->desired->items[i].hosts[0])
            status = update_certificate(s, &s->desired->items[i], err);
    for (size_t i = 0; status == KF_OK && i < s->desired->count; i++)
        if (s->desired->items[i].hosts[0])
            status = add_line(s, &s->desired->items[i], err);
    if (status == KF_OK)
        status = delete_lines(s, err);
    return status == KF_OK ? delete_certificates(s, err) : status;
}

static void remember(struct tell *t, const struct desired *desired)
{
    struct told *items = calloc(desired->count + 1, sizeof *items);
    free(t->told.items);
    t->told.items = items;
    t->told.count = items ? desired->count : 0;
    for (size_t i = 0; i < t->told.count; i++) {
        memcpy(items[i].id, desired->items[i].id, sizeof items[i].id);
        items[i].revision = desired->items[i].revision;
        items[i].key_revision = desired->items[i].key_revision;
        items[i].has_line = desired->items[i].hosts[0] != 0;
    }
}

static void say_done(const struct session *s)
{
    if (s->added + s->replaced + s->removed > 0)
        log_info("HAProxy at %s: %zu certificates added, %zu replaced, %zu removed, without a "
                 "reload",
                 s->tell->socket, s->added, s->replaced, s->removed);
}

/* Who is there: a process id that is not the one spoken to before means that everything is to be
 * compared. */
KF_MUST_USE static enum kf_status ask_pid(long *pid, struct runtime *runtime, struct kf_error *err)
{
    const char *answer = NULL;
    enum kf_status status = runtime_ask(&answer, runtime, NULL, err, "show info");
    if (status != KF_OK)
        return status;
    const char *found = strstr(answer, "\nPid: ");
    if (!found)
        return kf_fail(err, KF_ERR_DENIED,
                       "it answers but does not say who it is: %.100s (its stats socket must be "
                       "of `level admin`)",
                       answer);
    *pid = strtol(found + 6, NULL, 10);
    return KF_OK;
}

KF_MUST_USE static enum kf_status run(struct session *s, bool thorough, struct kf_error *err)
{
    struct tell *t = s->tell;
    long pid = 0;
    enum kf_status status = runtime_open(&s->runtime, t->socket, err);
    if (status == KF_OK)
        status = ask_pid(&pid, s->runtime, err);
    if (status != KF_OK)
        return status;
    s->fresh = pid != t->pid;
    if (!s->fresh && !thorough && !t->behind)
        return KF_OK;
    s->pem = malloc(DESIRED_FILE_MAX);
    s->key = malloc(DESIRED_FILE_MAX);
    if (!s->pem || !s->key)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    t->behind = true;
    status = reconcile(s, err);
    if (status != KF_OK)
        return status;
    t->behind = false;
    t->pid = pid;
    remember(t, s->desired);
    if (s->refused == 0)
        t->refusal.present = false;
    say_done(s);
    return KF_OK;
}

void tell_update(struct tell *t, const struct desired *desired, struct store_snapshot *snapshot,
                 bool thorough)
{
    struct kf_error err = {0};
    struct session s = {.tell = t, .desired = desired, .snapshot = snapshot};
    enum kf_status status = run(&s, thorough, &err);
    if (status != KF_OK)
        trouble_say(&t->reach, TROUBLE_WARN,
                    "HAProxy at %s cannot be told of certificates: %s; the files are in step, and "
                    "it reads them when it starts",
                    t->socket, err.message);
    else if (s.refused == 0 || t->reach.present)
        trouble_over(&t->reach, "HAProxy can be told of certificates again");
    runtime_close(s.runtime);
    clear_lines(&s.loaded);
    clear_lines(&s.lines);
    free(s.pem);
    free(s.key);
}
