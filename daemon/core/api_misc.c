/* Status, policies alone, and the certificate of the TLS server in front of the feed. */
#include "api.h"
#include "authority_client.h"
#include "log.h"
#include "policies.h"
#include "registry.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

enum { PEM_MAX = 16 * 1024 };

static enum kf_status count_one(void *context, const struct store_entry *entry)
{
    (void)entry;
    ++*(json_int_t *)context;
    return KF_OK;
}

static const char *authority_state(const struct core *core)
{
    const struct authority_request request = {.op = AUTHORITY_STATUS};
    uint8_t *body = NULL;
    size_t length = 0;
    enum kf_status st = authority_call(&body, &length, core->options.authority, &request, NULL);
    free(body);
    return st == KF_OK ? "reachable" : "unreachable";
}

enum kf_status api_status(struct api_call *call)
{
    static const char *const prefixes[] = {"datacenter/", "machine/", "certificate/", "policykey/"};
    json_int_t counts[4] = {0};
    struct core *core = call->core;
    struct kf_error err = {.message = ""};
    struct store_snapshot *snapshot = NULL;
    char id[2 * STORE_ID_SIZE + 1];
    char records[2 * RECORD_PUBLIC_SIZE + 1];
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, &err);
    for (size_t i = 0; st == KF_OK && i < 4; i++) {
        st = store_scan(snapshot, prefixes[i], count_one, &counts[i], &err);
    }
    json_int_t head = st == KF_OK ? (json_int_t)store_snapshot_head(snapshot) : 0;
    store_snapshot_end(snapshot);
    if (st != KF_OK) {
        return api_fail(call, &err);
    }
    api_hex(id, core->store_id, STORE_ID_SIZE);
    api_hex(records, core->records_public, RECORD_PUBLIC_SIZE);
    call->answer = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "version",
                             KEYFENCE_VERSION, "store", id, "head", head, "generation",
                             (json_int_t)core->generation, "records_public", records, "authority",
                             authority_state(core), "datacenters", counts[0], "machines", counts[1],
                             "certificates", counts[2], "policy_keys", counts[3], "started",
                             api_time_value(core->started_ms));
    return KF_OK;
}

enum kf_status api_policies_check(struct api_call *call)
{
    static const char *const members[] = {"policy", NULL};
    json_t *body = NULL;
    const char *text;
    struct compiled_policy compiled;
    enum kf_status st = api_body(&body, call, members);
    if (st != KF_OK) {
        return st;
    }
    st = api_text(&text, call, body, "policy", PAYLOAD_POLICY_MAX);
    if (st == KF_OK) {
        st = policies_compile(&compiled, call->core, text, strlen(text), &call->problem);
    }
    if (st == KF_OK) {
        json_t *ids = policies_satisfied_by(call->core, compiled.policy);
        json_t *warnings = json_array();
        const char *warning = policies_place_warning(call->core, ids);
        if (warning != NULL) {
            (void)json_array_append_new(warnings, json_string(warning));
        }
        call->answer =
            json_pack("{s:s, s:s, s:s, s:o, s:o}", "policy", text, "policy_normal", compiled.normal,
                      "policy_id", compiled.id, "satisfied_by", ids, "warnings", warnings);
        policies_clear(&compiled);
    }
    json_decref(body);
    return st;
}

struct names {
    const char *items[AUTHORITY_NAMES_MAX];
    size_t count;
};

static enum kf_status read_names(struct names *out, struct api_call *call, const json_t *body)
{
    const json_t *list = json_object_get(body, "names");
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    if (count == 0 || count > AUTHORITY_NAMES_MAX) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                           "\"names\" must be a list of 1 to %d host names and addresses",
                           AUTHORITY_NAMES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        size_t length = json_is_string(item) ? json_string_length(item) : 0;
        if (length == 0 || length > AUTHORITY_NAME_MAX) {
            return problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                               "name %zu is not a host name or an address", i + 1);
        }
        out->items[out->count++] = json_string_value(item);
    }
    return KF_OK;
}

/* The TLS server in front of the feed is known to machines by the machine CA, too. */
enum kf_status api_front_certificate(struct api_call *call)
{
    static const char *const members[] = {"csr", "names", NULL};
    json_t *body = NULL;
    const char *csr;
    struct names names = {.count = 0};
    struct kf_error err = {.message = ""};
    char *certificate = NULL;
    char *ca = NULL;
    enum kf_status st = api_body(&body, call, members);
    if (st != KF_OK) {
        return st;
    }
    st = api_text(&csr, call, body, "csr", PEM_MAX);
    if (st == KF_OK) {
        st = read_names(&names, call, body);
    }
    if (st == KF_OK) {
        st = registry_certificate(&certificate, call->core, "csr", "core", AUTHORITY_ROLE_CORE,
                                  names.items, names.count, csr, &call->problem);
    }
    if (st == KF_OK) {
        st = registry_ca(&ca, call->core, &err);
        if (st != KF_OK) {
            st = api_fail(call, &err);
        }
    }
    if (st == KF_OK) {
        call->answer = json_pack("{s:s, s:s}", "certificate", certificate, "machine_ca", ca);
        call->http = 201;
        log_info("issued a certificate for the server in front of the feed");
    }
    free(certificate);
    free(ca);
    json_decref(body);
    return st;
}
