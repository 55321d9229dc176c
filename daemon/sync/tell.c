#include "tell.h"

#include "certfiles.h"
#include "log.h"
#include "runtime.h"
#include "trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST_BUFFER = 8000, /* HAProxy's default is twice that */
    REST_UPDATES = 3,
};

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
    long pid;      /* of the process last spoken to; 0: none */
    bool behind;   /* the last update did not get through */
    unsigned rest; /* updates to pass over after it did not answer, for the others' sake */
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
    bool *without; /* by item: it could not be made, so no line may name it */
    size_t added, replaced, removed, refused;
    char refused_id[RECORD_ID_SIZE];
    char refused_why[256];
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

/* Remembers the first of a pass for its one line in the log. */
static void refuse(struct session *s, const char *id, const char *answer)
{
    if (s->refused++ > 0)
        return;
    (void)snprintf(s->refused_id, sizeof s->refused_id, "%s", id);
    (void)snprintf(s->refused_why, sizeof s->refused_why, "%.*s", (int)strcspn(answer, "\n"),
                   answer);
}

static void say_refused(struct session *s)
{
    struct tell *t = s->tell;
    if (s->refused == 0) {
        t->refusal.present = false;
        return;
    }
    trouble_say(&t->refusal, TROUBLE_WARN,
                "HAProxy at %s does not take certificate %s (%zu in all): %s; what it does not "
                "take it reads from %s when it restarts",
                t->socket, s->refused_id, s->refused, s->refused_why, t->folder);
}

/* HAProxy has one certificate in the making at a time, and a `set` that follows one that was cut
 * off goes to THAT certificate, whatever it names: 2.6 then answers "Transaction updated for
 * certificate OTHER!". The name in its answer decides. */
KF_MUST_USE static bool name_in_making(char *out, size_t capacity, const char *answer)
{
    static const struct {
        const char *before;
        char after;
    } forms[] = {{"Transaction updated for certificate ", '!'},
                 {"ongoing transaction is about '", '\''}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *name = strstr(answer, forms[i].before);
        const char *end = name ? strchr(name + strlen(forms[i].before), forms[i].after) : NULL;
        if (!end)
            continue;
        name += strlen(forms[i].before);
        if ((size_t)(end - name) >= capacity)
            return false;
        memcpy(out, name, (size_t)(end - name));
        out[end - name] = 0;
        return true;
    }
    return false;
}

/* KF_ERR_DENIED: HAProxy said no, and why is in *answer. */
KF_MUST_USE static enum kf_status prepare_certificate(struct session *s, const char *id,
                                                      const char **answer, struct kf_error *err)
{
    const char *folder = s->tell->folder;
    static const char created[] = "Transaction created for certificate ";
    for (int attempt = 0; attempt < 2; attempt++) {
        enum kf_status status =
            runtime_ask(answer, s->runtime, s->pem, err, "set ssl cert %s/%s.pem", folder, id);
        if (status != KF_OK)
            return status;
        char said[RECORD_ID_SIZE];
        if (strncmp(*answer, created, sizeof created - 1) == 0 &&
            read_path(said, *answer + sizeof created - 1, folder) && strcmp(said, id) == 0)
            return KF_OK;
        char other[4096];
        if (!name_in_making(other, sizeof other, *answer))
            return KF_ERR_DENIED;
        status = runtime_ask(answer, s->runtime, NULL, err, "abort ssl cert %s", other);
        if (status != KF_OK)
            return status;
    }
    return KF_ERR_DENIED;
}

KF_MUST_USE static enum kf_status set_certificate(struct session *s, const char *id,
                                                  const char **answer, struct kf_error *err)
{
    const char *folder = s->tell->folder;
    enum kf_status status = prepare_certificate(s, id, answer, err);
    if (status == KF_ERR_DENIED)
        refuse(s, id, *answer);
    if (status != KF_OK)
        return status;
    status = runtime_ask(answer, s->runtime, NULL, err, "commit ssl cert %s/%s.pem", folder, id);
    if (status != KF_OK || strstr(*answer, "Success"))
        return status;
    refuse(s, id, *answer);
    status = runtime_ask(answer, s->runtime, NULL, err, "abort ssl cert %s/%s.pem", folder, id);
    return status == KF_OK ? KF_ERR_DENIED : status;
}

/* A command that does not fit in HAProxy's buffer is not answered: the connection ends. */
KF_MUST_USE static enum kf_status connect_again(struct session *s, struct kf_error *err)
{
    runtime_close(s->runtime);
    s->runtime = NULL;
    return runtime_open(&s->runtime, s->tell->socket, err);
}

/* After a refusal: a certificate that was made for this and stayed empty goes again. */
KF_MUST_USE static enum kf_status give_up(struct session *s, size_t index, bool made,
                                          struct kf_error *err)
{
    if (!made)
        return KF_OK;
    const char *answer = NULL;
    s->without[index] = true;
    return runtime_ask(&answer, s->runtime, NULL, err, "del ssl cert %s/%s.pem", s->tell->folder,
                       s->desired->items[index].id);
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

/* Sets what pem holds, in a certificate that is there or is made for it. */
KF_MUST_USE static enum kf_status put_certificate(struct session *s, size_t index, bool loaded,
                                                  struct kf_error *err)
{
    const char *id = s->desired->items[index].id;
    const char *answer = NULL;
    enum kf_status status = KF_OK;
    if (!loaded)
        status = runtime_ask(&answer, s->runtime, NULL, err, "new ssl cert %s/%s.pem",
                             s->tell->folder, id);
    if (status != KF_OK)
        return status;
    status = set_certificate(s, id, &answer, err);
    if (status == KF_ERR_UNAVAILABLE && strlen(s->pem) > SMALLEST_BUFFER) {
        refuse(s, id, "it is too large for HAProxy's buffer; raise tune.bufsize");
        status = connect_again(s, err);
        return status == KF_OK ? give_up(s, index, !loaded, err) : status;
    }
    if (status == KF_ERR_DENIED)
        return give_up(s, index, !loaded, err);
    if (status == KF_OK)
        *(loaded ? &s->replaced : &s->added) += 1;
    return status;
}

KF_MUST_USE static enum kf_status update_certificate(struct session *s, size_t index,
                                                     struct kf_error *err)
{
    const struct desired_item *item = &s->desired->items[index];
    const struct told *told = find_told(s->tell, item->id);
    bool loaded = has_line(&s->loaded, item->id);
    bool known = told && told->revision == item->revision &&
                 told->key_revision == item->key_revision && told->has_line;
    if (known && loaded && !s->fresh)
        return KF_OK;
    if (desired_files(s->pem, s->key, s->snapshot, item->id, NULL) != KF_OK)
        return KF_OK;
    bool same = false;
    enum kf_status status = KF_OK;
    if (loaded && (s->fresh || !told))
        status = holds_same(&same, s, item->id, err);
    if (status != KF_OK || same)
        return status;
    return put_certificate(s, index, loaded, err);
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
            status = update_certificate(s, i, err);
    for (size_t i = 0; status == KF_OK && i < s->desired->count; i++)
        if (s->desired->items[i].hosts[0] && !s->without[i])
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
    s->without = calloc(s->desired->count + 1, sizeof *s->without);
    if (!s->pem || !s->key || !s->without)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    t->behind = true;
    status = reconcile(s, err);
    if (status != KF_OK)
        return status;
    t->behind = false;
    t->pid = pid;
    remember(t, s->desired);
    say_refused(s);
    say_done(s);
    return KF_OK;
}

void tell_update(struct tell *t, const struct desired *desired, struct store_snapshot *snapshot,
                 bool thorough)
{
    struct kf_error err = {0};
    struct session s = {.tell = t, .desired = desired, .snapshot = snapshot};
    if (t->rest > 0) {
        t->rest--;
        t->behind = t->behind || thorough;
        return;
    }
    enum kf_status status = run(&s, thorough, &err);
    if (status != KF_OK)
        t->behind = t->behind || thorough;
    if (status == KF_ERR_TIMEOUT)
        t->rest = REST_UPDATES;
    if (status != KF_OK)
        trouble_say(&t->reach, TROUBLE_WARN,
                    "HAProxy at %s cannot be told of certificates: %s; the files are in step, and "
                    "it reads them when it starts",
                    t->socket, err.message);
    else
        trouble_over(&t->reach, "HAProxy can be told of certificates again");
    runtime_close(s.runtime);
    clear_lines(&s.loaded);
    clear_lines(&s.lines);
    free(s.pem);
    free(s.key);
    free(s.without);
}
