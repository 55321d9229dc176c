/* Data centres: their attributes are declared here, by the operator, and nowhere else. */
#include "api.h"
#include "log.h"
#include "registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECLARED_MAX = 256, MICRODEGREES = 1000000 };

struct declared {
    struct policy_attribute items[DECLARED_MAX];
    size_t count;
    char word[RECORD_ID_SIZE]; /* the id as a word of the policy language */
};

static enum kf_status declare(struct declared *d, struct api_call *call, const char *label,
                              const json_t *value)
{
    if (!json_is_string(value) || json_string_length(value) == 0) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                           "the value of \"%.60s\" must be a text", label);
    }
    if (d->count == DECLARED_MAX) {
        return problem_set(&call->problem, KF_ERR_LIMIT, 400, "too_long", "more than %d attributes",
                           DECLARED_MAX);
    }
    d->items[d->count++] = (struct policy_attribute){label, json_string_value(value)};
    return KF_OK;
}

/* A label's value: a text, or a list of texts where a label may have several. */
static enum kf_status declare_each(struct declared *d, struct api_call *call, const char *label,
                                   const json_t *value)
{
    if (!json_is_array(value)) {
        return declare(d, call, label, value);
    }
    enum kf_status st = KF_OK;
    for (size_t i = 0; st == KF_OK && i < json_array_size(value); i++) {
        st = declare(d, call, label, json_array_get(value, i));
    }
    return st;
}

static enum kf_status gather(struct declared *d, struct api_call *call, const char *id,
                             json_t *body)
{
    const char *label;
    json_t *value;
    json_t *extra = json_object_get(body, "attributes");
    json_t *regions = json_object_get(body, "regions");
    if ((extra != NULL && !json_is_object(extra)) || (regions != NULL && !json_is_array(regions))) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                           "\"attributes\" must be an object and \"regions\" a list");
    }
    /* An id may have hyphens, a word of the policy language may not. */
    (void)snprintf(d->word, sizeof d->word, "%s", id);
    for (char *at = strchr(d->word, '-'); at != NULL; at = strchr(at, '-')) {
        *at = '_';
    }
    d->items[d->count++] = (struct policy_attribute){"datacenter", d->word};
    enum kf_status st = declare(d, call, "country", json_object_get(body, "country"));
    if (st == KF_OK && json_object_get(body, "metro") != NULL) {
        st = declare(d, call, "metro", json_object_get(body, "metro"));
    }
    if (st == KF_OK && regions != NULL) {
        st = declare_each(d, call, "region", regions);
    }
    json_object_foreach(extra, label, value)
    {
        if (st == KF_OK) {
            st = declare_each(d, call, label, value);
        }
    }
    return st;
}

static enum kf_status coordinate(int32_t *out, struct api_call *call, const json_t *body,
                                 const char *name, double bound)
{
    const json_t *value = json_object_get(body, name);
    double degrees = json_is_number(value) ? json_number_value(value) : NAN;
    if (!(degrees >= -bound && degrees <= bound)) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                           "\"%s\" must be a number of degrees, %g to %g", name, -bound, bound);
    }
    *out = (int32_t)lround(degrees * (double)MICRODEGREES);
    return KF_OK;
}

static enum kf_status read_place(struct payload_datacenter *out, struct api_call *call,
                                 const char *id, const json_t *body)
{
    const char *name = id;
    const char *country;
    const char *metro = "";
    enum kf_status st = api_text(&country, call, body, "country", PAYLOAD_COUNTRY_MAX);
    if (st == KF_OK && json_object_get(body, "name") != NULL) {
        st = api_text(&name, call, body, "name", PAYLOAD_NAME_MAX);
    }
    if (st == KF_OK && json_object_get(body, "metro") != NULL) {
        st = api_text(&metro, call, body, "metro", PAYLOAD_NAME_MAX);
    }
    if (st == KF_OK) {
        st = coordinate(&out->latitude, call, body, "latitude", 90);
    }
    if (st == KF_OK) {
        st = coordinate(&out->longitude, call, body, "longitude", 180);
    }
    if (st == KF_OK) {
        (void)snprintf(out->name, sizeof out->name, "%s", name);
        (void)snprintf(out->country, sizeof out->country, "%s", country);
        (void)snprintf(out->metro, sizeof out->metro, "%s", metro);
    }
    return st;
}

/* Compiles the declared attributes into the payload; *block holds the texts, for free(). */
static enum kf_status compile(struct payload_datacenter *out, struct catalogue_attributes **block,
                              struct api_call *call, const char *id, json_t *body)
{
    struct declared *declared = calloc(1, sizeof *declared);
    struct kf_error err = {.message = ""};
    if (declared == NULL) {
        return problem_set(&call->problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    enum kf_status st = gather(declared, call, id, body);
    if (st == KF_OK) {
        st = catalogue_machine_attributes(block, call->core->catalogue, declared->items,
                                          declared->count, &err);
        if (st != KF_OK) {
            st = api_fail(call, &err);
        }
    }
    free(declared);
    if (st == KF_OK && (*block)->count > PAYLOAD_ATTRIBUTES_MAX) {
        st = problem_set(&call->problem, KF_ERR_LIMIT, 400, "too_long",
                         "more than %d compiled attributes", PAYLOAD_ATTRIBUTES_MAX);
    }
    if (st != KF_OK) {
        return st;
    }
    out->attribute_count = (*block)->count;
    for (size_t i = 0; i < (*block)->count; i++) {
        out->attributes[i] = (struct payload_attribute){
            payload_text_of((*block)->items[i].label),
            payload_text_of((*block)->items[i].value),
        };
    }
    return KF_OK;
}

static json_t *describe(const struct record *record, const struct payload_datacenter *datacenter)
{
    json_t *attributes = json_object();
    for (size_t i = 0; i < datacenter->attribute_count; i++) {
        const struct payload_attribute *a = &datacenter->attributes[i];
        char label[PAYLOAD_LABEL_MAX + 1];
        (void)snprintf(label, sizeof label, "%.*s", (int)a->label.length, a->label.data);
        (void)json_object_set_new(attributes, label, api_text_value(&a->value));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:o, s:I}", "id", strchr(record->key, '/') + 1,
                     "name", datacenter->name, "country", datacenter->country, "metro",
                     datacenter->metro, "latitude",
                     (double)datacenter->latitude / (double)MICRODEGREES, "longitude",
                     (double)datacenter->longitude / (double)MICRODEGREES, "attributes", attributes,
                     "revision", (json_int_t)record->revision);
}

static enum kf_status describe_record(json_t **out, const struct record *record,
                                      struct kf_error *err)
{
    struct payload_datacenter *datacenter = malloc(sizeof *datacenter);
    if (datacenter == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st =
        payload_datacenter_decode(datacenter, record->payload, record->payload_length, err);
    if (st == KF_OK) {
        *out = describe(record, datacenter);
    }
    free(datacenter);
    return st;
}

static enum kf_status visit(void *context, const struct store_entry *entry)
{
    struct record record;
    json_t *item = NULL;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = describe_record(&item, &record, NULL);
    }
    if (st == KF_OK) {
        (void)json_array_append_new(context, item);
    }
    return st;
}

enum kf_status api_datacenters_list(struct api_call *call)
{
    return api_list(call, "datacenter/", "datacenters", visit);
}

static enum kf_status show(struct api_call *call, const char *id)
{
    struct store_snapshot *snapshot = NULL;
    struct kf_error err = {.message = ""};
    struct record record;
    char key[RECORD_KEY_SIZE];
    record_key_datacenter(key, id);
    enum kf_status st = store_snapshot_begin(&snapshot, call->core->store, &err);
    if (st == KF_OK) {
        st = core_get(&record, snapshot, key, &err);
        if (st == KF_OK) {
            st = describe_record(&call->answer, &record, &err);
        }
        store_snapshot_end(snapshot);
    }
    if (st == KF_ERR_NOT_FOUND) {
        return problem_set(&call->problem, st, 404, "not_found", "there is no data centre %s", id);
    }
    return st == KF_OK ? KF_OK : api_fail(call, &err);
}

enum kf_status api_datacenter_show(struct api_call *call)
{
    return show(call, call->id);
}

/* Whether the store holds exactly this payload (in core->payload) already. */
static bool unchanged(struct core *core, const char *key, size_t length)
{
    struct store_snapshot *snapshot = NULL;
    struct record record;
    bool same = false;
    if (store_snapshot_begin(&snapshot, core->store, NULL) == KF_OK) {
        same = core_get(&record, snapshot, key, NULL) == KF_OK && record.payload_length == length &&
               memcmp(record.payload, core->payload, length) == 0;
        store_snapshot_end(snapshot);
    }
    return same;
}

/* Writes the data centre and, in the same transaction, new keys for its machines: the authority is
 * asked first, so that without it nothing is stored. */
static enum kf_status store_datacenter(struct api_call *call, const char *id,
                                       const struct payload_datacenter *datacenter, bool create)
{
    struct core *core = call->core;
    struct kf_error err = {.message = ""};
    struct store_txn *txn = NULL;
    struct issued_key *issued = NULL;
    char key[RECORD_KEY_SIZE];
    size_t length = 0;
    record_key_datacenter(key, id);
    enum kf_status st =
        payload_datacenter_encode(core->payload, PAYLOAD_MAX, &length, datacenter, &err);
    if (st == KF_OK && !create && unchanged(core, key, length)) {
        return KF_OK;
    }
    if (st == KF_OK) {
        st = registry_issue_all(&issued, core, id, datacenter, &err);
    }
    if (st == KF_OK) {
        st = store_begin(&txn, core->store, &err);
    }
    if (st == KF_OK) {
        st = core_put(core, txn, RECORD_DATACENTER, key, 0, core->payload, length,
                      create ? STORE_ABSENT : STORE_ANY, &err);
    }
    if (st == KF_OK) {
        st = registry_put(core, txn, issued, &err);
    }
    if (st == KF_OK) {
        st = store_txn_commit(txn, &err);
        txn = NULL;
    }
    store_txn_abort(txn);
    registry_free(issued);
    if (st == KF_ERR_CONFLICT) {
        (void)problem_set(&call->problem, KF_ERR_EXISTS, 409, "exists",
                          "there is a data centre %s already", id);
        problem_hint(&call->problem,
                     "keyfence datacenter add --replace, or PUT /v1/datacenters/%s, changes it",
                     id);
        return KF_ERR_EXISTS;
    }
    if (st != KF_OK) {
        return api_fail(call, &err);
    }
    log_info("stored data centre %s", id);
    return show(call, id);
}

static enum kf_status accept(struct api_call *call, const char *id, json_t *body, bool create)
{
    struct payload_datacenter *datacenter = calloc(1, sizeof *datacenter);
    struct catalogue_attributes *block = NULL;
    if (datacenter == NULL) {
        return problem_set(&call->problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    enum kf_status st = read_place(datacenter, call, id, body);
    if (st == KF_OK) {
        st = compile(datacenter, &block, call, id, body);
    }
    if (st == KF_OK) {
        st = store_datacenter(call, id, datacenter, create);
    }
    if (st == KF_OK && call->answer == NULL) {
        st = show(call, id);
    }
    free(block);
    free(datacenter);
    return st;
}

static const char *const members[] = {"id",        "name",       "country", "metro", "latitude",
                                      "longitude", "attributes", "regions", NULL};

enum kf_status api_datacenters_create(struct api_call *call)
{
    json_t *body = NULL;
    const char *id;
    enum kf_status st = api_body(&body, call, members);
    if (st != KF_OK) {
        return st;
    }
    st = api_text(&id, call, body, "id", RECORD_ID_MAX);
    if (st == KF_OK && !record_id_valid(id)) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                         "an id has 1 to %d of a-z, 0-9 and -, and does not begin with -",
                         RECORD_ID_MAX);
    }
    if (st == KF_OK) {
        st = accept(call, id, body, true);
    }
    if (st == KF_OK) {
        call->http = 201;
    }
    json_decref(body);
    return st;
}

enum kf_status api_datacenter_replace(struct api_call *call)
{
    json_t *body = NULL;
    enum kf_status st = api_body(&body, call, members);
    if (st != KF_OK) {
        return st;
    }
    const json_t *id = json_object_get(body, "id");
    if (id != NULL && (!json_is_string(id) || strcmp(json_string_value(id), call->id) != 0)) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                         "the body's id is not the path's");
    } else {
        st = accept(call, call->id, body, false);
    }
    json_decref(body);
    return st;
}

static enum kf_status delete_record(struct core *core, struct store_txn *txn, const char *id,
                                    struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    record_key_datacenter(key, id);
    return core_delete(core, txn, RECORD_DATACENTER, key, err);
}

enum kf_status api_datacenter_delete(struct api_call *call)
{
    struct kf_error err = {.message = ""};
    size_t machines = 0;
    enum kf_status st = show(call, call->id);
    if (st != KF_OK) {
        return st;
    }
    st = registry_count(&machines, call->core, call->id, &err);
    if (st != KF_OK) {
        return api_fail(call, &err);
    }
    if (machines > 0) {
        return problem_set(&call->problem, KF_ERR_CONFLICT, 409, "conflict",
                           "data centre %s still has machines (%zu): delete them first", call->id,
                           machines);
    }
    return api_delete(call, "data centre", delete_record);
}
