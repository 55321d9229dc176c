#include "api.h"

#include "base/secret.h"
#include "log.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct api_route routes[] = {
    {"GET", "/v1/status", api_status},
    {"GET", "/v1/datacenters", api_datacenters_list},
    {"POST", "/v1/datacenters", api_datacenters_create},
    {"GET", "/v1/datacenters/ID", api_datacenter_show},
    {"PUT", "/v1/datacenters/ID", api_datacenter_replace},
    {"DELETE", "/v1/datacenters/ID", api_datacenter_delete},
    {"GET", "/v1/machines", api_machines_list},
    {"POST", "/v1/machines", api_machines_create},
    {"GET", "/v1/machines/ID", api_machine_show},
    {"DELETE", "/v1/machines/ID", api_machine_delete},
    {"GET", "/v1/certificates", api_certificates_list},
    {"POST", "/v1/certificates", api_certificates_create},
    {"GET", "/v1/certificates/ID", api_certificate_show},
    {"PUT", "/v1/certificates/ID", api_certificate_replace},
    {"DELETE", "/v1/certificates/ID", api_certificate_delete},
    {"POST", "/v1/policies/check", api_policies_check},
    {"POST", "/v1/front-certificate", api_front_certificate},
};

/* Whether path matches a route's pattern; the id, if the pattern has one, in *id. */
static bool matches(const char **id, const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    *id = "";
    if (length > 3 && strcmp(pattern + length - 3, "/ID") == 0) {
        size_t head = length - 2;
        if (strncmp(path, pattern, head) != 0 || !record_id_valid(path + head)) {
            return false;
        }
        *id = path + head;
        return true;
    }
    return strcmp(pattern, path) == 0;
}

bool api_wants_id(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        size_t length = strlen(routes[i].path);
        if (length > 3 && strcmp(routes[i].path + length - 3, "/ID") == 0 &&
            strncmp(path, routes[i].path, length - 2) == 0) {
            return true;
        }
    }
    return false;
}

const struct api_route *api_find(const char **id, char allowed[static 64], const char *method,
                                 const char *path)
{
    allowed[0] = '\0';
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!matches(id, routes[i].path, path)) {
            continue;
        }
        if (strcmp(routes[i].method, method) == 0) {
            return &routes[i];
        }
        size_t at = strlen(allowed);
        (void)snprintf(allowed + at, 64 - at, "%s%s", at > 0 ? ", " : "", routes[i].method);
    }
    return NULL;
}

enum kf_status api_fail(struct api_call *call, const struct kf_error *err)
{
    return problem_from(&call->problem, err);
}

enum kf_status api_list(struct api_call *call, const char *prefix, const char *name,
                        enum kf_status (*visit)(void *array, const struct store_entry *entry))
{
    struct store_snapshot *snapshot = NULL;
    struct kf_error err = {.message = ""};
    json_t *list = json_array();
    enum kf_status st = store_snapshot_begin(&snapshot, call->core->store, &err);
    if (st == KF_OK) {
        st = store_scan(snapshot, prefix, visit, list, &err);
        store_snapshot_end(snapshot);
    }
    call->answer = json_pack("{s:o}", name, list);
    return st == KF_OK ? KF_OK : api_fail(call, &err);
}

enum kf_status api_delete(struct api_call *call, const char *what,
                          enum kf_status (*remove)(struct core *core, struct store_txn *txn,
                                                   const char *id, struct kf_error *err))
{
    struct kf_error err = {.message = ""};
    struct store_txn *txn = NULL;
    enum kf_status st = store_begin(&txn, call->core->store, &err);
    if (st == KF_OK) {
        st = remove(call->core, txn, call->id, &err);
    }
    if (st == KF_OK) {
        st = store_txn_commit(txn, &err);
        txn = NULL;
    }
    store_txn_abort(txn);
    if (st != KF_OK) {
        return api_fail(call, &err);
    }
    log_info("deleted %s %s", what, call->id);
    return KF_OK;
}

static enum kf_status check_members(struct api_call *call, json_t *body, const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], name) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            char list[256] = "";
            for (i = 0; known[i] != NULL; i++) {
                size_t at = strlen(list);
                (void)snprintf(list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", known[i]);
            }
            (void)problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                              "unknown member \"%.60s\"", name);
            problem_hint(&call->problem, "known are: %s", list);
            return KF_ERR_USAGE;
        }
    }
    return KF_OK;
}

enum kf_status api_body(json_t **out, struct api_call *call, const char *const *known)
{
    json_error_t where;
    if (call->body == NULL) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "json_malformed",
                           "this request needs a JSON object as its body");
    }
    json_t *body =
        json_loadb((const char *)call->body, call->body_length, JSON_REJECT_DUPLICATES, &where);
    if (body == NULL) {
        (void)problem_set(&call->problem, KF_ERR_MALFORMED, 400, "json_malformed",
                          "the body is not JSON: line %d, column %d: %s", where.line, where.column,
                          where.text);
        call->problem.line = where.line > 0 ? (uint32_t)where.line : 0;
        call->problem.column = where.column > 0 ? (uint32_t)where.column : 0;
        return KF_ERR_MALFORMED;
    }
    enum kf_status st = KF_OK;
    if (!json_is_object(body)) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                         "the body must be a JSON object");
    } else {
        st = check_members(call, body, known);
    }
    if (st != KF_OK) {
        json_decref(body);
        return st;
    }
    *out = body;
    return KF_OK;
}

enum kf_status api_text(const char **out, struct api_call *call, const json_t *body,
                        const char *name, size_t max)
{
    const json_t *value = json_object_get(body, name);
    size_t length = json_is_string(value) ? json_string_length(value) : 0;
    if (length == 0) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid", "\"%s\" must be a text%s",
                           name,
                           value == NULL           ? "; it is missing"
                           : json_is_string(value) ? "; it is empty"
                                                   : "");
    }
    if (length > max) {
        return problem_set(&call->problem, KF_ERR_LIMIT, 400, "too_long",
                           "\"%s\" has %zu bytes; at most %zu are accepted", name, length, max);
    }
    *out = json_string_value(value);
    return KF_OK;
}

json_t *api_text_value(const struct payload_text *text)
{
    return json_stringn(text->data, text->length);
}

json_t *api_time_value(uint64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[40];
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
        return json_null();
    }
    return json_sprintf("%s.%03uZ", text, (unsigned)(ms % 1000));
}

void api_hex(char *out, const uint8_t *data, size_t length)
{
    (void)sodium_bin2hex(out, 2 * length + 1, data, length);
}
