#include "policies.h"

#include "base/secret.h"
#include "envelope/wrap.h"
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kf_status policies_compile(struct compiled_policy *out, const struct core *core,
                                const char *text, size_t length, struct problem *problem)
{
    struct policy_error place = {.line = 0};
    struct kf_error err = {.message = ""};
    struct compiled_policy compiled = {.policy = NULL};
    enum kf_status st =
        catalogue_compile(&compiled.policy, core->catalogue, text, length, &place, &err);
    if (st != KF_OK) {
        if (st == KF_ERR_MEMORY) {
            return problem_set(problem, st, 500, "internal", "out of memory");
        }
        (void)problem_set(problem, st, 400, "policy_invalid", "policy: %s", err.message);
        problem->line = (uint32_t)place.line;
        problem->column = (uint32_t)place.column;
        return st;
    }
    st = policy_normal_form(&compiled.normal, NULL, compiled.policy);
    if (st != KF_OK || strlen(compiled.normal) > PAYLOAD_POLICY_MAX) {
        policies_clear(&compiled);
        return st == KF_ERR_MEMORY
                   ? problem_set(problem, st, 500, "internal", "out of memory")
                   : problem_set(problem, KF_ERR_LIMIT, 400, "policy_invalid",
                                 "policy: its normal form is longer than %d bytes, or nothing "
                                 "satisfies it",
                                 PAYLOAD_POLICY_MAX);
    }
    payload_policy_id(compiled.id, compiled.normal, strlen(compiled.normal));
    *out = compiled;
    return KF_OK;
}

enum kf_status policies_from_normal(struct compiled_policy *out, const char *normal, size_t length,
                                    struct kf_error *err)
{
    struct compiled_policy compiled = {.normal = strndup(normal, length)};
    if (compiled.normal == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = policy_parse(&compiled.policy, normal, length, NULL, err);
    if (st != KF_OK) {
        policies_clear(&compiled);
        return st;
    }
    payload_policy_id(compiled.id, normal, length);
    *out = compiled;
    return KF_OK;
}

void policies_clear(struct compiled_policy *compiled)
{
    policy_free(compiled->policy);
    free(compiled->normal);
    *compiled = (struct compiled_policy){.policy = NULL};
}

struct matching {
    const struct policy *policy;
    json_t *ids;
    struct payload_datacenter *datacenter;
    struct policy_attribute *attributes;
};

/* Evaluation wants NUL-terminated texts: the payload's are copied into one block. */
static enum kf_status evaluate(bool *holds, struct matching *m, const uint8_t *payload,
                               size_t length)
{
    enum kf_status st = payload_datacenter_decode(m->datacenter, payload, length, NULL);
    if (st != KF_OK) {
        return st;
    }
    char *texts = malloc(length + 2 * m->datacenter->attribute_count + 1);
    if (texts == NULL) {
        return KF_ERR_MEMORY;
    }
    char *at = texts;
    for (size_t i = 0; i < m->datacenter->attribute_count; i++) {
        const struct payload_attribute *attribute = &m->datacenter->attributes[i];
        m->attributes[i].label = memcpy(at, attribute->label.data, attribute->label.length);
        at[attribute->label.length] = '\0';
        at += attribute->label.length + 1;
        m->attributes[i].value = memcpy(at, attribute->value.data, attribute->value.length);
        at[attribute->value.length] = '\0';
        at += attribute->value.length + 1;
    }
    *holds = policy_evaluate(m->policy, m->attributes, m->datacenter->attribute_count);
    free(texts);
    return KF_OK;
}

static enum kf_status visit_datacenter(void *context, const struct store_entry *entry)
{
    struct matching *m = context;
    struct record record;
    bool holds = false;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = evaluate(&holds, m, record.payload, record.payload_length);
    }
    if (st == KF_OK && holds) {
        (void)json_array_append_new(m->ids, json_string(strchr(record.key, '/') + 1));
    }
    return st;
}

json_t *policies_satisfied_by(struct core *core, const struct policy *policy)
{
    struct store_snapshot *snapshot = NULL;
    struct matching m = {
        .policy = policy,
        .ids = json_array(),
        .datacenter = malloc(sizeof *m.datacenter),
        .attributes = calloc(PAYLOAD_ATTRIBUTES_MAX, sizeof *m.attributes),
    };
    enum kf_status st = m.datacenter == NULL || m.attributes == NULL
                            ? KF_ERR_MEMORY
                            : store_snapshot_begin(&snapshot, core->store, NULL);
    if (st == KF_OK) {
        st = store_scan(snapshot, "datacenter/", visit_datacenter, &m, NULL);
    }
    store_snapshot_end(snapshot);
    free(m.datacenter);
    free(m.attributes);
    if (st != KF_OK) {
        json_decref(m.ids);
        return NULL;
    }
    return m.ids;
}

const char *policies_place_warning(struct core *core, const json_t *ids)
{
    size_t machines = 0;
    for (size_t i = 0; i < json_array_size(ids) && machines == 0; i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        if (registry_count(&machines, core, id, NULL) != KF_OK) {
            return NULL;
        }
    }
    if (json_array_size(ids) == 0) {
        return "no data centre satisfies this policy: handshakes with its keys fail until one does";
    }
    return machines > 0 ? NULL
                        : "no machine is enrolled in the data centres that satisfy this policy: "
                          "handshakes with its keys fail until one is";
}

/* What the ABE ciphertext is made for: the same meaning, in the cheapest form to open. */
static enum kf_status sealing_text(char **out, const struct core *core,
                                   const struct compiled_policy *compiled, struct kf_error *err)
{
    struct policy *sealing = NULL;
    enum kf_status st = catalogue_sealing_policy(&sealing, core->catalogue, compiled->policy);
    if (st == KF_OK) {
        st = policy_format(out, sealing);
    }
    policy_free(sealing);
    return st == KF_OK ? KF_OK : kf_fail(err, st, "cannot simplify the policy");
}

static enum kf_status put_wrap(struct core *core, struct store_txn *txn,
                               const struct compiled_policy *compiled,
                               const struct wrap_policy_key *pair, struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    char *text = NULL;
    size_t length = 0;
    uint8_t *ciphertext = malloc(PAYLOAD_ABE_CIPHERTEXT_MAX);
    enum kf_status st = ciphertext == NULL ? kf_fail(err, KF_ERR_MEMORY, "out of memory")
                                           : sealing_text(&text, core, compiled, err);
    if (st == KF_OK) {
        st = wrap_policy_key_seal(ciphertext, PAYLOAD_ABE_CIPHERTEXT_MAX, &length, pair,
                                  compiled->id, text, core->master, &core->random, err);
    }
    if (st == KF_OK) {
        const struct payload_policy_wrap payload = {.ciphertext = {ciphertext, length}};
        st = payload_policy_wrap_encode(core->payload, PAYLOAD_MAX, &length, &payload, err);
    }
    if (st == KF_OK) {
        record_key_policy_wrap(key, compiled->id, core->generation);
        st = core_put(core, txn, RECORD_POLICY_WRAP, key, core->generation, core->payload, length,
                      STORE_ABSENT, err);
    }
    free(text);
    free(ciphertext);
    return st;
}

static enum kf_status make_key(uint8_t public_key[static PAYLOAD_X25519_SIZE], struct core *core,
                               struct store_txn *txn, const struct compiled_policy *compiled,
                               struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    size_t length = 0;
    struct wrap_policy_key *pair = kf_secret_new(sizeof *pair);
    struct payload_policy_key payload = {.normal = payload_text_of(compiled->normal)};
    if (pair == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "no locked memory");
    }
    enum kf_status st = wrap_policy_key_new(pair, &core->random);
    if (st != KF_OK) {
        st = kf_fail(err, st, "cannot make a policy key");
    } else {
        st = put_wrap(core, txn, compiled, pair, err);
    }
    if (st == KF_OK) {
        memcpy(payload.public_key, pair->public_key, sizeof payload.public_key);
        memcpy(public_key, pair->public_key, sizeof payload.public_key);
        st = payload_policy_key_encode(core->payload, PAYLOAD_MAX, &length, &payload, err);
    }
    kf_secret_free(pair);
    if (st == KF_OK) {
        record_key_policy_key(key, compiled->id);
        st = core_put(core, txn, RECORD_POLICY_KEY, key, 0, core->payload, length, STORE_ABSENT,
                      err);
    }
    return st;
}

enum kf_status policies_key(uint8_t public_key[static PAYLOAD_X25519_SIZE], struct core *core,
                            struct store_txn *txn, const struct compiled_policy *compiled,
                            struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    struct record record;
    struct payload_policy_key payload;
    record_key_policy_key(key, compiled->id);
    enum kf_status st = core_txn_get(&record, txn, key, err);
    if (st == KF_ERR_NOT_FOUND) {
        return make_key(public_key, core, txn, compiled, err);
    }
    if (st == KF_OK) {
        st = payload_policy_key_decode(&payload, record.payload, record.payload_length, err);
    }
    if (st == KF_OK) {
        memcpy(public_key, payload.public_key, sizeof payload.public_key);
    }
    return st;
}
