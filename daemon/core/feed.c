#include "feed.h"

#include "envelope/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char machine_keys[] = "machinekey/";

static bool parse_number(uint64_t *out, const char *text, uint64_t max)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || value > max) {
        return false;
    }
    *out = value;
    return true;
}

enum kf_status feed_query_parse(struct feed_query *out, const char *after, const char *wait,
                                const char *machine, const char *client, struct problem *problem)
{
    struct feed_query query = {.after = 0};
    uint64_t seconds = 0;
    if (after != NULL && !parse_number(&query.after, after, UINT64_MAX)) {
        return problem_set(problem, KF_ERR_USAGE, 400, "invalid", "\"after\" must be a revision");
    }
    if (wait != NULL && !parse_number(&seconds, wait, FEED_WAIT_MAX)) {
        return problem_set(problem, KF_ERR_USAGE, 400, "invalid",
                           "\"wait\" must be 0 to %d seconds", FEED_WAIT_MAX);
    }
    if (machine == NULL || !record_id_valid(machine)) {
        return problem_set(problem, KF_ERR_USAGE, 400, "invalid", "\"machine\" must be its id");
    }
    if (client != NULL && strcmp(client, machine) != 0) {
        return problem_set(problem, KF_ERR_DENIED, 403, "denied",
                           "the certificate is machine %.63s's, the request is for %s", client,
                           machine);
    }
    query.wait_seconds = (uint32_t)seconds;
    memcpy(query.machine, machine, strlen(machine) + 1);
    *out = query;
    return KF_OK;
}

enum kf_status feed_admit(struct core *core, const struct feed_query *query,
                          struct problem *problem)
{
    char key[RECORD_KEY_SIZE];
    struct store_snapshot *snapshot = NULL;
    struct record record;
    struct payload_machine machine;
    struct kf_error err = {.message = ""};
    record_key_machine(key, query->machine);
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, &err);
    if (st == KF_OK) {
        st = core_get(&record, snapshot, key, &err);
    }
    if (st == KF_OK) {
        st = payload_machine_decode(&machine, record.payload, record.payload_length, &err);
    }
    store_snapshot_end(snapshot);
    if (st == KF_ERR_NOT_FOUND || (st == KF_OK && machine.state != MACHINE_ACTIVE)) {
        return problem_set(problem, KF_ERR_DENIED, 403, "denied",
                           "machine %s is not in the registry, or revoked", query->machine);
    }
    return st == KF_OK ? KF_OK : problem_from(problem, &err);
}

struct collection {
    struct kf_writer body;
    const char *machine;
};

/* Whether this record is for this machine. */
static bool concerns(const struct collection *c, const char *key)
{
    size_t head = sizeof machine_keys - 1;
    size_t length = strlen(c->machine);
    return strncmp(key, machine_keys, head) != 0 ||
           (strncmp(key + head, c->machine, length) == 0 && key[head + length] == '/');
}

static enum kf_status visit(void *context, const struct store_entry *entry)
{
    struct collection *c = context;
    return concerns(c, entry->key) ? feed_append(&c->body, entry->value, entry->length) : KF_OK;
}

enum kf_status feed_collect(struct feed_answer *out, struct core *core,
                            const struct feed_query *query, struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    uint8_t *buffer = malloc(FEED_BODY_MAX);
    if (buffer == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    struct collection c = {
        .body = kf_writer_init(buffer, FEED_BODY_MAX),
        .machine = query->machine,
    };
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, err);
    if (st != KF_OK) {
        free(buffer);
        return st;
    }
    out->head = store_snapshot_head(snapshot);
    st = store_changes(snapshot, query->after, visit, &c, err);
    store_snapshot_end(snapshot);
    if (st == KF_ERR_LIMIT && c.body.length > 0) {
        st = KF_OK; /* full: the follower asks again from what it got */
    }
    if (st != KF_OK || c.body.length == 0) {
        free(buffer);
        buffer = NULL;
    }
    out->body = buffer;
    out->length = st == KF_OK ? c.body.length : 0;
    return st;
}
