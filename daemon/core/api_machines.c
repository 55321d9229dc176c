/* Machines: enrolled here with their public keys; what they are is what their data centre is. */
#include "api.h"
#include "authority_protocol.h"
#include "log.h"
#include "registry.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEM_MAX = 16 * 1024 };

static json_t *describe(const struct record *record, const struct payload_machine *machine)
{
    char enrolment[2 * PAYLOAD_X25519_SIZE + 1];
    api_hex(enrolment, machine->enrolment_public, PAYLOAD_X25519_SIZE);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I}", "id", strchr(record->key, '/') + 1,
                     "datacenter", machine->datacenter, "relay", machine->relay, "state",
                     payload_machine_state_name(machine->state), "enrolment_public", enrolment,
                     "created", api_time_value(machine->created_ms), "revision",
                     (json_int_t)record->revision);
}

static enum kf_status visit(void *context, const struct store_entry *entry)
{
    struct record record;
    struct payload_machine machine;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_machine_decode(&machine, record.payload, record.payload_length, NULL);
    }
    if (st == KF_OK) {
        (void)json_array_append_new(context, describe(&record, &machine));
    }
    return st;
}

enum kf_status api_machines_list(struct api_call *call)
{
    return api_list(call, "machine/", "machines", visit);
}

static enum kf_status show(struct api_call *call, const char *id)
{
    struct store_snapshot *snapshot = NULL;
    struct kf_error err = {.message = ""};
    struct record record;
    struct payload_machine machine;
    char key[RECORD_KEY_SIZE];
    record_key_machine(key, id);
    enum kf_status st = store_snapshot_begin(&snapshot, call->core->store, &err);
    if (st == KF_OK) {
        st = core_get(&record, snapshot, key, &err);
        if (st == KF_OK) {
            st = payload_machine_decode(&machine, record.payload, record.payload_length, &err);
        }
        if (st == KF_OK) {
            call->answer = describe(&record, &machine);
        }
        store_snapshot_end(snapshot);
    }
    if (st == KF_ERR_NOT_FOUND) {
        return problem_set(&call->problem, st, 404, "not_found", "there is no machine %s", id);
    }
    return st == KF_OK ? KF_OK : api_fail(call, &err);
}

enum kf_status api_machine_show(struct api_call *call)
{
    return show(call, call->id);
}

/* What a machine asks for when it is enrolled. */
struct enrolment {
    const char *id;
    const char *relay_csr;
    const char *sync_csr;
    struct payload_machine machine;
};

/* HOST:PORT: a name, an IPv4 address or an IPv6 address in brackets, and 1 to 65535. */
static bool relay_valid(const char *text)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    if (colon == NULL || colon == text || colon[1] < '1' || colon[1] > '9') {
        return false;
    }
    unsigned long port = strtoul(colon + 1, &end, 10);
    size_t length = (size_t)(colon - text);
    bool bracketed = text[0] == '[' && text[length - 1] == ']';
    const char *fine = bracketed
                           ? "[]0123456789abcdefABCDEF:."
                           : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    return *end == '\0' && port <= 65535 && strspn(text, fine) >= length;
}

static enum kf_status read_enrolment(struct enrolment *out, struct api_call *call,
                                     const json_t *body)
{
    const char *datacenter;
    const char *relay;
    const char *hex;
    size_t length = 0;
    enum kf_status st = api_text(&out->id, call, body, "id", RECORD_ID_MAX);
    if (st == KF_OK) {
        st = api_text(&datacenter, call, body, "datacenter", RECORD_ID_MAX);
    }
    if (st == KF_OK && (!record_id_valid(out->id) || !record_id_valid(datacenter))) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                         "an id has 1 to %d of a-z, 0-9 and -, and does not begin with -",
                         RECORD_ID_MAX);
    }
    if (st == KF_OK) {
        st = api_text(&relay, call, body, "relay", PAYLOAD_NAME_MAX);
    }
    if (st == KF_OK && !relay_valid(relay)) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                         "\"relay\" must be HOST:PORT, where other data centres reach the machine");
    }
    if (st == KF_OK) {
        st = api_text(&hex, call, body, "enrolment_public", 2 * PAYLOAD_X25519_SIZE);
    }
    if (st == KF_OK && (sodium_hex2bin(out->machine.enrolment_public, PAYLOAD_X25519_SIZE, hex,
                                       strlen(hex), NULL, &length, NULL) != 0 ||
                        length != PAYLOAD_X25519_SIZE)) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "invalid",
                         "\"enrolment_public\" must be %d hex digits", 2 * PAYLOAD_X25519_SIZE);
    }
    if (st == KF_OK) {
        st = api_text(&out->relay_csr, call, body, "relay_csr", PEM_MAX);
    }
    if (st == KF_OK) {
        st = api_text(&out->sync_csr, call, body, "sync_csr", PEM_MAX);
    }
    if (st == KF_OK) {
        (void)snprintf(out->machine.datacenter, sizeof out->machine.datacenter, "%s", datacenter);
        (void)snprintf(out->machine.relay, sizeof out->machine.relay, "%s", relay);
        out->machine.state = MACHINE_ACTIVE;
    }
    return st;
}

/* Enrolling twice with the same keys and place gives new certificates; another machine under a
 * known id is refused. */
static enum kf_status check_known(struct enrolment *enrolment, struct api_call *call,
                                  struct store_snapshot *snapshot)
{
    struct kf_error err = {.message = ""};
    struct record record;
    struct payload_machine known;
    char key[RECORD_KEY_SIZE];
    record_key_machine(key, enrolment->id);
    enrolment->machine.created_ms = (uint64_t)kf_clock_wall_ms(&call->core->clock);
    enum kf_status st = core_get(&record, snapshot, key, &err);
    if (st == KF_ERR_NOT_FOUND) {
        return KF_OK;
    }
    if (st == KF_OK) {
        st = payload_machine_decode(&known, record.payload, record.payload_length, &err);
    }
    if (st != KF_OK) {
        return api_fail(call, &err);
    }
    if (memcmp(known.enrolment_public, enrolment->machine.enrolment_public,
               sizeof known.enrolment_public) != 0 ||
        strcmp(known.datacenter, enrolment->machine.datacenter) != 0 ||
        strcmp(known.relay, enrolment->machine.relay) != 0) {
        (void)problem_set(&call->problem, KF_ERR_EXISTS, 409, "exists",
                          "there is a machine %s already, with other keys or in another place",
                          enrolment->id);
        problem_hint(&call->problem, "delete it first, or choose another id");
        return KF_ERR_EXISTS;
    }
    enrolment->machine.created_ms = known.created_ms;
    return KF_OK;
}

struct address_search {
    const struct enrolment *enrolment;
    char holder[RECORD_ID_SIZE]; /* who has the address already; "" when nobody */
};

static enum kf_status visit_address(void *context, const struct store_entry *entry)
{
    struct address_search *search = context;
    struct record record;
    struct payload_machine machine;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_machine_decode(&machine, record.payload, record.payload_length, NULL);
    }
    if (st != KF_OK) {
        return st;
    }
    const char *id = strchr(record.key, '/') + 1;
    if (strcmp(id, search->enrolment->id) != 0 &&
        strcmp(machine.relay, search->enrolment->machine.relay) == 0) {
        (void)snprintf(search->holder, sizeof search->holder, "%s", id);
    }
    return KF_OK;
}

/* Relays find each other by address: behind one address there is one machine. */
static enum kf_status check_address(struct enrolment *enrolment, struct api_call *call,
                                    struct store_snapshot *snapshot)
{
    struct kf_error err = {.message = ""};
    struct address_search search = {.enrolment = enrolment};
    enum kf_status st = store_scan(snapshot, "machine/", visit_address, &search, &err);
    if (st != KF_OK) {
        return api_fail(call, &err);
    }
    if (search.holder[0] != '\0') {
        (void)problem_set(&call->problem, KF_ERR_EXISTS, 409, "exists",
                          "the machine %s has the relay address %s already", search.holder,
                          enrolment->machine.relay);
        problem_hint(&call->problem,
                     "give each machine an address of its own, or delete the other");
        return KF_ERR_EXISTS;
    }
    return KF_OK;
}

/* Issues the machine's keys from its data centre's record. */
static enum kf_status issue_keys(struct issued_key **issued, struct enrolment *enrolment,
                                 struct api_call *call)
{
    struct kf_error err = {.message = ""};
    struct store_snapshot *snapshot = NULL;
    struct record record;
    char key[RECORD_KEY_SIZE];
    struct payload_datacenter *datacenter = malloc(sizeof *datacenter);
    if (datacenter == NULL) {
        return problem_set(&call->problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    record_key_datacenter(key, enrolment->machine.datacenter);
    enum kf_status st = store_snapshot_begin(&snapshot, call->core->store, &err);
    if (st == KF_OK) {
        st = core_get(&record, snapshot, key, &err);
    }
    if (st == KF_OK) {
        st = payload_datacenter_decode(datacenter, record.payload, record.payload_length, &err);
    }
    if (st == KF_ERR_NOT_FOUND) {
        st = problem_set(&call->problem, KF_ERR_USAGE, 400, "unknown_datacenter",
                         "there is no data centre %s", enrolment->machine.datacenter);
        problem_hint(&call->problem, "add it first: keyfence datacenter add");
    } else if (st != KF_OK) {
        st = api_fail(call, &err);
    } else {
        st = check_known(enrolment, call, snapshot);
    }
    if (st == KF_OK) {
        st = check_address(enrolment, call, snapshot);
    }
    if (st == KF_OK) {
        st = registry_issue(issued, call->core, enrolment->id, enrolment->machine.enrolment_public,
                            datacenter, &err);
        if (st != KF_OK) {
            st = api_fail(call, &err);
        }
    }
    store_snapshot_end(snapshot);
    free(datacenter);
    return st;
}

static enum kf_status store_machine(struct api_call *call, const struct enrolment *enrolment,
                                    const struct issued_key *issued)
{
    struct core *core = call->core;
    struct kf_error err = {.message = ""};
    struct store_txn *txn = NULL;
    char key[RECORD_KEY_SIZE];
    size_t length = 0;
    record_key_machine(key, enrolment->id);
    enum kf_status st =
        payload_machine_encode(core->payload, PAYLOAD_MAX, &length, &enrolment->machine, &err);
    if (st == KF_OK) {
        st = store_begin(&txn, core->store, &err);
    }
    if (st == KF_OK) {
        st = core_put(core, txn, RECORD_MACHINE, key, 0, core->payload, length, STORE_ANY, &err);
    }
    if (st == KF_OK) {
        st = registry_put(core, txn, issued, &err);
    }
    if (st == KF_OK) {
        st = store_txn_commit(txn, &err);
        txn = NULL;
    }
    store_txn_abort(txn);
    return st == KF_OK ? KF_OK : api_fail(call, &err);
}

static enum kf_status certify(char *pems[static 3], struct api_call *call,
                              const struct enrolment *enrolment)
{
    struct kf_error err = {.message = ""};
    enum kf_status st =
        registry_certificate(&pems[0], call->core, "relay_csr", enrolment->id, AUTHORITY_ROLE_RELAY,
                             NULL, 0, enrolment->relay_csr, &call->problem);
    if (st == KF_OK) {
        st =
            registry_certificate(&pems[1], call->core, "sync_csr", enrolment->id,
                                 AUTHORITY_ROLE_SYNC, NULL, 0, enrolment->sync_csr, &call->problem);
    }
    if (st == KF_OK) {
        st = registry_ca(&pems[2], call->core, &err);
        if (st != KF_OK) {
            st = api_fail(call, &err);
        }
    }
    return st;
}

static enum kf_status enrol(struct api_call *call, const json_t *body)
{
    struct enrolment enrolment = {.id = ""};
    struct issued_key *issued = NULL;
    char *pems[3] = {NULL, NULL, NULL};
    char records[2 * RECORD_PUBLIC_SIZE + 1];
    enum kf_status st = read_enrolment(&enrolment, call, body);
    if (st == KF_OK) {
        st = issue_keys(&issued, &enrolment, call);
    }
    if (st == KF_OK) {
        st = certify(pems, call, &enrolment);
    }
    if (st == KF_OK) {
        st = store_machine(call, &enrolment, issued);
    }
    if (st == KF_OK) {
        api_hex(records, call->core->records_public, RECORD_PUBLIC_SIZE);
        call->answer = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", enrolment.id, "datacenter",
                                 enrolment.machine.datacenter, "relay_certificate", pems[0],
                                 "sync_certificate", pems[1], "machine_ca", pems[2],
                                 "records_public", records);
        call->http = 201;
        log_info("enrolled machine %s in %s", enrolment.id, enrolment.machine.datacenter);
    }
    registry_free(issued);
    for (size_t i = 0; i < 3; i++) {
        free(pems[i]);
    }
    return st;
}

enum kf_status api_machines_create(struct api_call *call)
{
    static const char *const members[] = {"id",        "datacenter", "relay", "enrolment_public",
                                          "relay_csr", "sync_csr",   NULL};
    json_t *body = NULL;
    enum kf_status st = api_body(&body, call, members);
    if (st == KF_OK) {
        st = enrol(call, body);
        json_decref(body);
    }
    return st;
}

struct keys {
    size_t count;
    char (*items)[RECORD_KEY_SIZE];
};

static enum kf_status visit_key(void *context, const struct store_entry *entry)
{
    struct keys *keys = context;
    char(*grown)[RECORD_KEY_SIZE] = realloc(keys->items, (keys->count + 1) * sizeof *keys->items);
    if (grown == NULL) {
        return KF_ERR_MEMORY;
    }
    keys->items = grown;
    (void)snprintf(keys->items[keys->count++], RECORD_KEY_SIZE, "%s", entry->key);
    return KF_OK;
}

static enum kf_status delete_records(struct core *core, struct store_txn *txn, const char *id,
                                     struct kf_error *err)
{
    struct keys keys = {.count = 0};
    char key[RECORD_KEY_SIZE];
    char prefix[RECORD_KEY_SIZE];
    (void)snprintf(prefix, sizeof prefix, "machinekey/%s/", id);
    record_key_machine(key, id);
    enum kf_status st = store_txn_scan(txn, prefix, visit_key, &keys, err);
    for (size_t i = 0; st == KF_OK && i < keys.count; i++) {
        st = core_delete(core, txn, RECORD_MACHINE_KEY, keys.items[i], err);
    }
    if (st == KF_OK) {
        st = core_delete(core, txn, RECORD_MACHINE, key, err);
    }
    free(keys.items);
    return st;
}

enum kf_status api_machine_delete(struct api_call *call)
{
    enum kf_status st = show(call, call->id);
    return st == KF_OK ? api_delete(call, "machine", delete_records) : st;
}
