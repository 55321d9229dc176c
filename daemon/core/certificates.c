#include "certificates.h"

#include "superseded.h"

#include <stdlib.h>
#include <string.h>

struct search {
    struct matches *matches;
    const uint8_t *ski;
    const uint8_t *fingerprint;
    const char *but;
    struct payload_certificate *certificate;
};

static enum kf_status visit(void *context, const struct store_entry *entry)
{
    struct search *search = context;
    struct record record;
    struct payload_certificate *c = search->certificate;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_certificate_decode(c, record.payload, record.payload_length, NULL);
    }
    if (st != KF_OK) {
        return st;
    }
    const char *id = strchr(record.key, '/') + 1;
    bool same = search->ski != NULL
                    ? memcmp(c->ski, search->ski, RECORD_SKI_SIZE) == 0
                    : memcmp(c->fingerprint, search->fingerprint, sizeof c->fingerprint) == 0;
    if (same && (search->but == NULL || strcmp(id, search->but) != 0)) {
        if (search->matches->count < MATCHES_MAX) {
            memcpy(search->matches->ids[search->matches->count], id, strlen(id) + 1);
        }
        search->matches->count++;
    }
    return KF_OK;
}

static enum kf_status run_search(struct search *search, struct store_txn *txn, struct kf_error *err)
{
    search->matches->count = 0;
    search->certificate = malloc(sizeof *search->certificate);
    if (search->certificate == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = store_txn_scan(txn, "certificate/", visit, search, err);
    free(search->certificate);
    return st == KF_OK ? KF_OK : kf_fail_context(err, st, "reading the certificates");
}

enum kf_status certificates_with_key(struct matches *out, struct store_txn *txn,
                                     const uint8_t ski[static RECORD_SKI_SIZE], const char *but,
                                     struct kf_error *err)
{
    struct search search = {.matches = out, .ski = ski, .but = but};
    return run_search(&search, txn, err);
}

enum kf_status certificates_with_leaf(struct matches *out, struct store_txn *txn,
                                      const uint8_t fingerprint[static 32], struct kf_error *err)
{
    struct search search = {.matches = out, .fingerprint = fingerprint};
    return run_search(&search, txn, err);
}

static enum kf_status failed(struct problem *problem, const struct kf_error *err)
{
    return problem_from(problem, err);
}

/* The policy that the key is sealed under, if the key is there. */
static enum kf_status stored_key_policy(char out[static RECORD_POLICY_ID_SIZE],
                                        struct store_txn *txn,
                                        const uint8_t ski[static RECORD_SKI_SIZE],
                                        struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    struct record record;
    struct payload_customer_key payload;
    record_key_customer_key(key, ski);
    enum kf_status st = core_txn_get(&record, txn, key, err);
    if (st == KF_OK) {
        st = payload_customer_key_decode(&payload, record.payload, record.payload_length, err);
    }
    if (st == KF_OK) {
        memcpy(out, payload.policy_id, RECORD_POLICY_ID_SIZE);
    }
    return st;
}

/* One key has one policy. A second policy for a key that is out in the world under the first would
 * read stronger, or weaker, than what holds. */
static enum kf_status key_conflict(struct store_txn *txn, const struct upload_findings *findings,
                                   struct problem *problem)
{
    struct matches users = {.count = 0};
    struct kf_error err = {.message = ""};
    enum kf_status st = certificates_with_key(&users, txn, findings->ski, NULL, &err);
    if (st != KF_OK) {
        return failed(problem, &err);
    }
    if (users.count == 0) { /* of a replaced certificate, about to go */
        return KF_OK;
    }
    (void)problem_set(problem, KF_ERR_EXISTS, 409, "key_has_other_policy",
                      "this key is stored already under another policy (certificate %s%s): one key "
                      "has one policy",
                      users.ids[0], users.count > 1 ? " and others" : "");
    problem_hint(problem, "make a new key for the new policy: a copy of this one is already where "
                          "the former policy allows; or delete the certificates that use it first");
    return KF_ERR_EXISTS;
}

static enum kf_status store_key(struct core *core, struct store_txn *txn,
                                const struct upload_findings *findings,
                                const struct compiled_policy *compiled,
                                const uint8_t policy_public[static PAYLOAD_X25519_SIZE],
                                struct upload_worker *worker, struct problem *problem)
{
    struct kf_error err = {.message = ""};
    struct payload_customer_key payload = {
        .key_type = findings->key_type,
        .spki = {findings->spki, findings->spki_length},
    };
    char key[RECORD_KEY_SIZE];
    size_t length = 0;
    uint8_t *sealed = malloc(SEAL_CUSTOMER_MAX);
    if (sealed == NULL) {
        return problem_set(problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    enum kf_status st = upload_seal(sealed, SEAL_CUSTOMER_MAX, &length, worker, compiled->id,
                                    policy_public, problem);
    if (st == KF_OK) {
        memcpy(payload.policy_id, compiled->id, sizeof payload.policy_id);
        payload.sealed = (struct payload_bytes){sealed, length};
        st = payload_customer_key_encode(core->payload, PAYLOAD_MAX, &length, &payload, &err);
        if (st == KF_OK) {
            record_key_customer_key(key, findings->ski);
            st = core_put(core, txn, RECORD_CUSTOMER_KEY, key, 0, core->payload, length, STORE_ANY,
                          &err);
        }
        st = st == KF_OK ? KF_OK : failed(problem, &err);
    }
    free(sealed);
    return st;
}

static void fill_payload(struct payload_certificate *out, const struct upload_findings *findings,
                         const struct compiled_policy *compiled, uint64_t now_ms)
{
    out->host_count = findings->hosts.count;
    for (size_t i = 0; i < findings->hosts.count; i++) {
        out->hosts[i] = payload_text_of(findings->hosts.names[i]);
    }
    out->chain = (struct payload_text){findings->chain, findings->chain_length};
    memcpy(out->ski, findings->ski, sizeof out->ski);
    out->key_type = findings->key_type;
    memcpy(out->policy_id, compiled->id, sizeof out->policy_id);
    out->policy = payload_text_of(findings->policy);
    out->created_ms = now_ms;
    out->updated_ms = now_ms;
    memcpy(out->fingerprint, findings->fingerprint, sizeof out->fingerprint);
}

static bool texts_equal(const struct payload_text *a, const struct payload_text *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* What a certificate was before this upload. */
struct former {
    bool present;
    bool same; /* nothing would change */
    uint64_t created_ms;
    uint64_t revision;
    uint8_t ski[RECORD_SKI_SIZE];
};

static enum kf_status read_former(struct former *out, struct store_txn *txn, const char *key,
                                  const struct payload_certificate *wanted, struct kf_error *err)
{
    struct record record;
    struct payload_certificate *c = malloc(sizeof *c);
    *out = (struct former){.present = false};
    if (c == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = core_txn_get(&record, txn, key, err);
    bool absent = st == KF_ERR_NOT_FOUND;
    if (st == KF_OK) {
        st = payload_certificate_decode(c, record.payload, record.payload_length, err);
    }
    if (st == KF_OK) {
        out->present = true;
        out->created_ms = c->created_ms;
        out->revision = record.revision;
        memcpy(out->ski, c->ski, sizeof out->ski);
        out->same = memcmp(c->fingerprint, wanted->fingerprint, sizeof c->fingerprint) == 0 &&
                    texts_equal(&c->chain, &wanted->chain) &&
                    texts_equal(&c->policy, &wanted->policy) &&
                    strcmp(c->policy_id, wanted->policy_id) == 0;
    }
    free(c);
    return absent ? KF_OK : st;
}

enum kf_status certificates_drop_key(struct core *core, struct store_txn *txn,
                                     const uint8_t ski[static RECORD_SKI_SIZE], const char *but,
                                     struct kf_error *err)
{
    struct matches users = {.count = 0};
    char key[RECORD_KEY_SIZE];
    enum kf_status st = certificates_with_key(&users, txn, ski, but, err);
    if (st == KF_OK && users.count == 0) {
        record_key_customer_key(key, ski);
        st = core_delete(core, txn, RECORD_CUSTOMER_KEY, key, err);
    }
    return st;
}

static enum kf_status put_certificate(struct core *core, struct store_txn *txn, const char *id,
                                      const struct former *former,
                                      struct payload_certificate *payload, struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    size_t length = 0;
    record_key_certificate(key, id);
    if (former->present) {
        payload->created_ms = former->created_ms;
    }
    enum kf_status st =
        payload_certificate_encode(core->payload, PAYLOAD_MAX, &length, payload, err);
    if (st == KF_OK) {
        st = core_put(core, txn, RECORD_CERTIFICATE, key, 0, core->payload, length,
                      former->present ? former->revision : STORE_ABSENT, err);
    }
    /* Machines go on serving the former chain for a moment: its key must outlive it. */
    if (st == KF_OK && former->present && memcmp(former->ski, payload->ski, RECORD_SKI_SIZE) != 0 &&
        superseded_add(core, former->ski, id) != KF_OK) {
        st = certificates_drop_key(core, txn, former->ski, id, err);
    }
    return st;
}

/* The key under its policy: there already, or sealed now. */
static enum kf_status ensure_key(struct core *core, struct store_txn *txn,
                                 const struct upload_findings *findings,
                                 const struct compiled_policy *compiled,
                                 struct upload_worker *worker, struct problem *problem)
{
    struct kf_error err = {.message = ""};
    char policy_id[RECORD_POLICY_ID_SIZE];
    uint8_t policy_public[PAYLOAD_X25519_SIZE];
    enum kf_status st = stored_key_policy(policy_id, txn, findings->ski, &err);
    if (st == KF_OK && strcmp(policy_id, compiled->id) == 0) {
        return KF_OK;
    }
    if (st == KF_OK) {
        st = key_conflict(txn, findings, problem);
        if (st != KF_OK) {
            return st;
        }
        st = KF_ERR_NOT_FOUND;
    }
    if (st == KF_ERR_NOT_FOUND) {
        st = policies_key(policy_public, core, txn, compiled, &err);
    }
    if (st != KF_OK) {
        return failed(problem, &err);
    }
    return store_key(core, txn, findings, compiled, policy_public, worker, problem);
}

enum kf_status certificates_store(bool *changed, struct core *core, struct store_txn *txn,
                                  const char *id, const struct upload_findings *findings,
                                  const struct compiled_policy *compiled,
                                  struct upload_worker *worker, struct problem *problem)
{
    struct kf_error err = {.message = ""};
    struct former former;
    char key[RECORD_KEY_SIZE];
    struct payload_certificate *payload = calloc(1, sizeof *payload);
    if (payload == NULL) {
        return problem_set(problem, KF_ERR_MEMORY, 500, "internal", "out of memory");
    }
    fill_payload(payload, findings, compiled, (uint64_t)kf_clock_wall_ms(&core->clock));
    record_key_certificate(key, id);
    enum kf_status st = read_former(&former, txn, key, payload, &err);
    if (st != KF_OK) {
        st = failed(problem, &err);
    } else {
        st = ensure_key(core, txn, findings, compiled, worker, problem);
    }
    if (st == KF_OK && !former.same) {
        st = put_certificate(core, txn, id, &former, payload, &err);
        if (st != KF_OK) {
            st = failed(problem, &err);
        }
    }
    *changed = !former.same;
    free(payload);
    return st;
}

enum kf_status certificates_delete(struct core *core, struct store_txn *txn, const char *id,
                                   struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    struct record record;
    uint8_t ski[RECORD_SKI_SIZE];
    struct payload_certificate *c = malloc(sizeof *c);
    if (c == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    record_key_certificate(key, id);
    enum kf_status st = core_txn_get(&record, txn, key, err);
    if (st == KF_OK) {
        st = payload_certificate_decode(c, record.payload, record.payload_length, err);
    }
    if (st == KF_OK) {
        memcpy(ski, c->ski, sizeof ski);
        st = core_delete(core, txn, RECORD_CERTIFICATE, key, err);
    }
    if (st == KF_OK) {
        st = certificates_drop_key(core, txn, ski, id, err);
    }
    if (st == KF_OK) {
        st = superseded_delete(core, txn, id, err);
    }
    free(c);
    return st;
}
