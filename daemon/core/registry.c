#include "registry.h"

#include "authority_client.h"
#include "pem.h"
#include "problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct generations {
    uint32_t numbers[REGISTRY_GENERATIONS_MAX];
    size_t count;
};

static enum kf_status visit_generation(void *context, const struct store_entry *entry)
{
    struct generations *in_use = context;
    struct record record;
    struct payload_generation payload;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_generation_decode(&payload, record.payload, record.payload_length, NULL);
    }
    if (st != KF_OK) {
        return st;
    }
    bool used = payload.state == GENERATION_DISTRIBUTING || payload.state == GENERATION_ACTIVE ||
                payload.state == GENERATION_DRAINING;
    if (used && in_use->count == REGISTRY_GENERATIONS_MAX) {
        return KF_ERR_LIMIT;
    }
    if (used) {
        in_use->numbers[in_use->count++] = record.generation;
    }
    return KF_OK;
}

static enum kf_status generations_in_use(struct generations *out, struct core *core,
                                         struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    out->count = 0;
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, err);
    if (st == KF_OK) {
        st = store_scan(snapshot, "generation/", visit_generation, out, err);
        store_snapshot_end(snapshot);
    }
    return st == KF_OK ? KF_OK : kf_fail_context(err, st, "reading the generations");
}

/* The payload's texts are not NUL-terminated; the protocol's are. */
struct pairs {
    struct authority_pair items[AUTHORITY_ATTRIBUTES_MAX];
    size_t count;
    char *texts;
};

static enum kf_status make_pairs(struct pairs *out, const struct payload_datacenter *datacenter,
                                 struct kf_error *err)
{
    size_t total = 0;
    if (datacenter->attribute_count > AUTHORITY_ATTRIBUTES_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "more than %d attributes", AUTHORITY_ATTRIBUTES_MAX);
    }
    for (size_t i = 0; i < datacenter->attribute_count; i++) {
        total +=
            datacenter->attributes[i].label.length + datacenter->attributes[i].value.length + 2;
    }
    char *at = malloc(total + 1);
    if (at == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    out->texts = at;
    out->count = datacenter->attribute_count;
    for (size_t i = 0; i < out->count; i++) {
        const struct payload_text *texts[2] = {&datacenter->attributes[i].label,
                                               &datacenter->attributes[i].value};
        const char **slots[2] = {&out->items[i].label, &out->items[i].value};
        for (size_t k = 0; k < 2; k++) {
            memcpy(at, texts[k]->data, texts[k]->length);
            at[texts[k]->length] = '\0';
            *slots[k] = at;
            at += texts[k]->length + 1;
        }
    }
    return KF_OK;
}

static enum kf_status issue_one(struct issued_key **list, struct core *core, const char *machine,
                                uint32_t generation,
                                const uint8_t enrolment[static PAYLOAD_X25519_SIZE],
                                const struct pairs *pairs, struct kf_error *err)
{
    struct authority_request request = {
        .op = AUTHORITY_ISSUE_KEY,
        .generation = generation,
        .attributes = pairs->items,
        .attribute_count = pairs->count,
    };
    struct issued_key *issued = calloc(1, sizeof *issued);
    if (issued == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    memcpy(request.machine, machine, strlen(machine) + 1);
    memcpy(request.enrolment, enrolment, sizeof request.enrolment);
    enum kf_status st =
        authority_call(&issued->sealed, &issued->length, core->options.authority, &request, err);
    if (st != KF_OK) {
        free(issued);
        return st;
    }
    memcpy(issued->machine, machine, strlen(machine) + 1);
    issued->generation = generation;
    issued->next = *list;
    *list = issued;
    return KF_OK;
}

enum kf_status registry_issue(struct issued_key **list, struct core *core, const char *machine,
                              const uint8_t enrolment[static PAYLOAD_X25519_SIZE],
                              const struct payload_datacenter *datacenter, struct kf_error *err)
{
    struct generations in_use;
    struct pairs pairs = {.texts = NULL};
    enum kf_status st = generations_in_use(&in_use, core, err);
    if (st == KF_OK) {
        st = make_pairs(&pairs, datacenter, err);
    }
    for (size_t i = 0; st == KF_OK && i < in_use.count; i++) {
        st = issue_one(list, core, machine, in_use.numbers[i], enrolment, &pairs, err);
    }
    free(pairs.texts);
    return st;
}

struct members {
    const char *datacenter;
    size_t count;
    struct member {
        char id[RECORD_ID_SIZE];
        uint8_t enrolment[PAYLOAD_X25519_SIZE];
    } * items;
};

static enum kf_status visit_machine(void *context, const struct store_entry *entry)
{
    struct members *members = context;
    struct record record;
    struct payload_machine payload;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_machine_decode(&payload, record.payload, record.payload_length, NULL);
    }
    if (st != KF_OK || strcmp(payload.datacenter, members->datacenter) != 0) {
        return st;
    }
    struct member *grown = realloc(members->items, (members->count + 1) * sizeof *members->items);
    if (grown == NULL) {
        return KF_ERR_MEMORY;
    }
    members->items = grown;
    struct member *member = &members->items[members->count++];
    (void)snprintf(member->id, sizeof member->id, "%s", strchr(record.key, '/') + 1);
    memcpy(member->enrolment, payload.enrolment_public, sizeof member->enrolment);
    return KF_OK;
}

/* members->items is for free(), also on failure. */
static enum kf_status find_members(struct members *members, struct core *core, struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, err);
    if (st == KF_OK) {
        st = store_scan(snapshot, "machine/", visit_machine, members, err);
        store_snapshot_end(snapshot);
    }
    return st == KF_OK ? KF_OK : kf_fail_context(err, st, "reading the machines");
}

enum kf_status registry_issue_all(struct issued_key **list, struct core *core,
                                  const char *datacenter_id,
                                  const struct payload_datacenter *datacenter, struct kf_error *err)
{
    struct members members = {.datacenter = datacenter_id};
    enum kf_status st = find_members(&members, core, err);
    for (size_t i = 0; st == KF_OK && i < members.count; i++) {
        st = registry_issue(list, core, members.items[i].id, members.items[i].enrolment, datacenter,
                            err);
    }
    free(members.items);
    return st;
}

enum kf_status registry_count(size_t *count, struct core *core, const char *datacenter_id,
                              struct kf_error *err)
{
    struct members members = {.datacenter = datacenter_id};
    enum kf_status st = find_members(&members, core, err);
    free(members.items);
    *count = members.count;
    return st;
}

enum kf_status registry_put(struct core *core, struct store_txn *txn, const struct issued_key *list,
                            struct kf_error *err)
{
    enum kf_status st = KF_OK;
    for (const struct issued_key *at = list; st == KF_OK && at != NULL; at = at->next) {
        const struct payload_machine_key payload = {.sealed = {at->sealed, at->length}};
        char key[RECORD_KEY_SIZE];
        size_t length = 0;
        record_key_machine_key(key, at->machine, at->generation);
        st = payload_machine_key_encode(core->payload, PAYLOAD_MAX, &length, &payload, err);
        if (st == KF_OK) {
            st = core_put(core, txn, RECORD_MACHINE_KEY, key, at->generation, core->payload, length,
                          STORE_ANY, err);
        }
    }
    return st;
}

void registry_free(struct issued_key *list)
{
    while (list != NULL) {
        struct issued_key *next = list->next;
        free(list->sealed);
        free(list);
        list = next;
    }
}

/* The DER of the one certificate request in a PEM text. */
static enum kf_status decode_request(uint8_t out[static AUTHORITY_CSR_MAX], size_t *length,
                                     const char *what, const char *pem, struct problem *problem)
{
    struct pem_text text = pem_open(what, pem, strlen(pem));
    struct pem_block block;
    enum kf_status st = pem_next(&block, &text, problem);
    bool request = st == KF_OK && (strcmp(block.label, "CERTIFICATE REQUEST") == 0 ||
                                   strcmp(block.label, "NEW CERTIFICATE REQUEST") == 0);
    if (st == KF_ERR_NOT_FOUND || (st == KF_OK && !request)) {
        return problem_set(problem, KF_ERR_MALFORMED, 400, "request_malformed",
                           "%s: no CERTIFICATE REQUEST in it", what);
    }
    return st == KF_OK ? pem_decode(out, AUTHORITY_CSR_MAX, length, &text, &block, problem) : st;
}

enum kf_status registry_certificate(char **out, struct core *core, const char *what,
                                    const char *machine, uint8_t role, const char *const *names,
                                    size_t name_count, const char *csr_pem, struct problem *problem)
{
    uint8_t csr[AUTHORITY_CSR_MAX];
    struct kf_error err = {.message = ""};
    struct authority_request request = {
        .op = AUTHORITY_SIGN_CERTIFICATE,
        .role = role,
        .names = names,
        .name_count = name_count,
        .csr = csr,
    };
    size_t length = 0;
    enum kf_status st = decode_request(csr, &request.csr_length, what, csr_pem, problem);
    if (st != KF_OK) {
        return st;
    }
    memcpy(request.machine, machine, strlen(machine) + 1);
    st = authority_call((uint8_t **)out, &length, core->options.authority, &request, &err);
    if (st != KF_OK) {
        if (st != KF_ERR_UNAVAILABLE) {
            (void)kf_fail_context(&err, st, "%s", what);
        }
        return problem_from(problem, &err);
    }
    return KF_OK;
}

enum kf_status registry_ca(char **out, struct core *core, struct kf_error *err)
{
    const struct authority_request request = {.op = AUTHORITY_CA};
    size_t length = 0;
    return authority_call((uint8_t **)out, &length, core->options.authority, &request, err);
}
