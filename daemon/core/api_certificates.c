/* Certificates: uploaded with key and policy, listed, shown, deleted. */
#include "api.h"
#include "certificates.h"
#include "log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLUG_MAX = 40, SUFFIX_BYTES = 3 };

static json_t *describe(const struct record *record, const struct payload_certificate *c)
{
    char ski[2 * RECORD_SKI_SIZE + 1];
    char fingerprint[2 * sizeof c->fingerprint + 1];
    json_t *hosts = json_array();
    api_hex(ski, c->ski, sizeof c->ski);
    api_hex(fingerprint, c->fingerprint, sizeof c->fingerprint);
    for (size_t i = 0; i < c->host_count; i++) {
        (void)json_array_append_new(hosts, api_text_value(&c->hosts[i]));
    }
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:I}", "id",
                     strchr(record->key, '/') + 1, "hosts", hosts, "key_type",
                     payload_key_type_name(c->key_type), "ski", ski, "fingerprint", fingerprint,
                     "policy", api_text_value(&c->policy), "policy_id", c->policy_id, "created",
                     api_time_value(c->created_ms), "updated", api_time_value(c->updated_ms),
                     "revision", (json_int_t)record->revision);
}

static enum kf_status visit(void *context, const struct store_entry *entry)
{
    struct record record;
    struct payload_certificate *c = malloc(sizeof *c);
    if (c == NULL) {
        return KF_ERR_MEMORY;
    }
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_certificate_decode(c, record.payload, record.payload_length, NULL);
    }
    if (st == KF_OK) {
        (void)json_array_append_new(context, describe(&record, c));
    }
    free(c);
    return st;
}

enum kf_status api_certificates_list(struct api_call *call)
{
    return api_list(call, "certificate/", "certificates", visit);
}

/* Adds the normal form and the data centres that satisfy it, from the policy's stored key. */
static enum kf_status add_policy(struct api_call *call, struct store_snapshot *snapshot,
                                 const char *policy_id, struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    struct record record;
    struct payload_policy_key payload;
    struct compiled_policy compiled;
    record_key_policy_key(key, policy_id);
    enum kf_status st = core_get(&record, snapshot, key, err);
    if (st == KF_OK) {
        st = payload_policy_key_decode(&payload, record.payload, record.payload_length, err);
    }
    if (st == KF_OK) {
        st = policies_from_normal(&compiled, payload.normal.data, payload.normal.length, err);
    }
    if (st != KF_OK) {
        return st;
    }
    (void)json_object_set_new(call->answer, "policy_normal", json_string(compiled.normal));
    json_t *ids = policies_satisfied_by(call->core, compiled.policy);
    (void)json_object_set_new(call->answer, "satisfied_by", ids == NULL ? json_array() : ids);
    policies_clear(&compiled);
    return KF_OK;
}

static enum kf_status show_in(struct api_call *call, struct store_snapshot *snapshot,
                              const char *id, struct payload_certificate *c, struct kf_error *err)
{
    struct record record;
    char key[RECORD_KEY_SIZE];
    record_key_certificate(key, id);
    enum kf_status st = core_get(&record, snapshot, key, err);
    if (st == KF_OK) {
        st = payload_certificate_decode(c, record.payload, record.payload_length, err);
    }
    if (st == KF_OK) {
        call->answer = describe(&record, c);
        (void)json_object_set_new(call->answer, "chain", api_text_value(&c->chain));
        st = add_policy(call, snapshot, c->policy_id, err);
    }
    return st;
}

static enum kf_status show(struct api_call *call, const char *id)
{
    struct store_snapshot *snapshot = NULL;
    struct kf_error err = {.message = ""};
    struct payload_certificate *c = malloc(sizeof *c);
    enum kf_status st = c == NULL ? kf_fail(&err, KF_ERR_MEMORY, "out of memory")
                                  : store_snapshot_begin(&snapshot, call->core->store, &err);
    if (st == KF_OK) {
        st = show_in(call, snapshot, id, c, &err);
        store_snapshot_end(snapshot);
    }
    free(c);
    if (st == KF_ERR_NOT_FOUND) {
        return problem_set(&call->problem, st, 404, "not_found", "there is no certificate %s", id);
    }
    return st == KF_OK ? KF_OK : api_fail(call, &err);
}

enum kf_status api_certificate_show(struct api_call *call)
{
    return show(call, call->id);
}

/* "www-example-org-1a2b3c" from the first host. */
static enum kf_status make_id(char out[static RECORD_ID_SIZE], const struct core *core,
                              const char *host)
{
    char suffix[2 * SUFFIX_BYTES + 1];
    char slug[SLUG_MAX + 1];
    uint8_t random[SUFFIX_BYTES];
    size_t length = 0;
    enum kf_status st = kf_random_fill(&core->random, random, sizeof random);
    if (st != KF_OK) {
        return st;
    }
    api_hex(suffix, random, sizeof random);
    for (const char *at = host; *at != '\0' && length < SLUG_MAX; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
        if (plain || (length > 0 && slug[length - 1] != '-')) {
            slug[length++] = plain ? *at : '-';
        }
    }
    slug[length] = '\0';
    (void)snprintf(out, RECORD_ID_SIZE, "%s%s%s", slug,
                   length > 0 && slug[length - 1] == '-' ? "" : "-", suffix);
    return KF_OK;
}

/* An upload without an id: of a certificate that is here, it means that one. */
static enum kf_status choose_id(char out[static RECORD_ID_SIZE], struct core *core,
                                struct store_txn *txn, const struct upload_findings *findings,
                                struct kf_error *err)
{
    struct matches same = {.count = 0};
    enum kf_status st = certificates_with_leaf(&same, txn, findings->fingerprint, err);
    if (st != KF_OK) {
        return st;
    }
    if (same.count > 0) {
        memcpy(out, same.ids[0], RECORD_ID_SIZE);
        return KF_OK;
    }
    st = make_id(out, core, findings->hosts.names[0]);
    return st == KF_OK ? KF_OK : kf_fail(err, st, "the random source failed");
}

static json_t *warnings_value(const struct warnings *warnings, const char *place)
{
    json_t *list = json_array();
    if (place != NULL) {
        (void)json_array_append_new(list, json_string(place));
    }
    for (size_t i = 0; i < warnings->count; i++) {
        (void)json_array_append_new(list, json_string(warnings->text[i]));
    }
    return list;
}

/* From findings to a committed transaction. id is the caller's or "" and receives the chosen one.
 */
static enum kf_status commit_upload(struct api_call *call, char id[static RECORD_ID_SIZE],
                                    bool *changed, const struct upload_findings *findings,
                                    struct upload_worker *worker)
{
    struct core *core = call->core;
    struct kf_error err = {.message = ""};
    struct store_txn *txn = NULL;
    struct compiled_policy compiled;
    enum kf_status st = policies_compile(&compiled, core, findings->policy,
                                         strlen(findings->policy), &call->problem);
    if (st != KF_OK) {
        return st;
    }
    st = store_begin(&txn, core->store, &err);
    if (st == KF_OK && id[0] == '\0') {
        st = choose_id(id, core, txn, findings, &err);
    }
    if (st != KF_OK) {
        st = api_fail(call, &err);
    } else {
        st =
            certificates_store(changed, core, txn, id, findings, &compiled, worker, &call->problem);
    }
    /* The worker is gone, and its memory with it, before anything is acknowledged. */
    upload_end(worker);
    if (st == KF_OK && *changed) {
        st = store_txn_commit(txn, &err);
        txn = NULL;
        if (st != KF_OK) {
            st = api_fail(call, &err);
        }
    }
    store_txn_abort(txn);
    policies_clear(&compiled);
    return st;
}

static enum kf_status upload(struct api_call *call)
{
    struct upload_worker worker = {.pid = 0, .fd = -1};
    char id[RECORD_ID_SIZE] = "";
    bool changed = false;
    if (call->body == NULL) {
        return problem_set(&call->problem, KF_ERR_USAGE, 400, "json_malformed",
                           "this request needs a JSON object as its body");
    }
    struct upload_findings *findings = calloc(1, sizeof *findings);
    uint8_t *body = call->body;
    if (findings == NULL) {
        return problem_set(&call->problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    call->body = NULL;
    enum kf_status st = upload_start(&worker, body, call->body_length,
                                     kf_clock_wall_ms(&call->core->clock), &call->problem);
    if (st == KF_OK) {
        st = upload_findings_get(findings, &worker, &call->problem);
    }
    if (st == KF_OK) {
        memcpy(id, call->id, strlen(call->id) + 1);
        st = commit_upload(call, id, &changed, findings, &worker);
    }
    upload_end(&worker);
    if (st == KF_OK) {
        st = show(call, id);
    }
    if (st == KF_OK) {
        const json_t *ids = json_object_get(call->answer, "satisfied_by");
        const char *place = policies_place_warning(call->core, ids);
        (void)json_object_set_new(call->answer, "warnings",
                                  warnings_value(&findings->warnings, place));
        (void)json_object_set_new(call->answer, "changed", json_boolean(changed));
        (void)json_object_del(call->answer, "chain");
        if (changed) {
            log_info("stored certificate %s for %s", id, findings->hosts.names[0]);
        }
    }
    free(findings);
    return st;
}

enum kf_status api_certificates_create(struct api_call *call)
{
    enum kf_status st = upload(call);
    if (st == KF_OK && json_is_true(json_object_get(call->answer, "changed"))) {
        call->http = 201;
    }
    return st;
}

enum kf_status api_certificate_replace(struct api_call *call)
{
    return upload(call);
}

enum kf_status api_certificate_delete(struct api_call *call)
{
    enum kf_status st = show(call, call->id);
    if (st == KF_OK) {
        st = api_delete(call, "certificate", certificates_delete);
    }
    if (st == KF_OK) {
        (void)json_object_del(call->answer, "chain");
    }
    return st;
}
