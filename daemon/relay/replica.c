#include "replica.h"

#include "envelope/payload.h"
#include "store/store.h"
#include "store/store_lmdb.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    POLICY_SLOTS = 4096,   /* hash chains */
    KEY_SLOTS = 8192,      /* remembered keys; a collision forgets the older one */
    CHANGES_A_CALL = 2000, /* log entries looked at before the loop gets its turn */
    DESCRIBE_MAX = 4000,   /* certificates looked at for a log line */
};

struct key_slot {
    uint8_t ski[RECORD_SKI_SIZE];
    char policy_id[RECORD_POLICY_ID_SIZE]; /* empty: the slot is free */
};

struct replica {
    char path[512];
    uint8_t records_public[RECORD_PUBLIC_SIZE];
    struct route_directory *directory;
    struct store *store; /* NULL until there is one */
    uint64_t cursor;
    bool loaded;
    uint64_t refused;
    struct replica_policy *policies[POLICY_SLOTS];
    struct key_slot keys[KEY_SLOTS];
    struct payload_datacenter datacenter; /* room to decode into: too large for the stack */
    struct payload_certificate certificate;
};

static uint32_t hash_bytes(const void *data, size_t length)
{
    const uint8_t *at = data;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++)
        h = (h ^ at[i]) * 16777619u;
    return h ^ h >> 15;
}

enum kf_status replica_new(struct replica **out, const char *path, const char *records_public_path,
                           struct route_directory *directory, struct kf_error *err)
{
    char hex[66] = "";
    FILE *f = fopen(records_public_path, "r");
    if (f == NULL)
        return kf_fail(err, KF_ERR_IO,
                       "cannot read %s: %m; enrol the machine first (keyfence machine enrol)",
                       records_public_path);
    size_t length = fread(hex, 1, sizeof hex - 1, f);
    fclose(f);
    while (length > 0 && (hex[length - 1] == '\n' || hex[length - 1] == '\r'))
        length--;
    struct replica *r = calloc(1, sizeof *r);
    if (r == NULL)
        return kf_fail(err, KF_ERR_MEMORY, "no memory for the replica");
    size_t bytes = 0;
    const char *end = NULL;
    if (sodium_hex2bin(r->records_public, sizeof r->records_public, hex, length, NULL, &bytes,
                       &end) != 0 ||
        bytes != sizeof r->records_public || end != hex + length) {
        free(r);
        return kf_fail(err, KF_ERR_MALFORMED, "%s is not a public key of 64 hex digits",
                       records_public_path);
    }
    r->directory = directory;
    snprintf(r->path, sizeof r->path, "%s", path);
    *out = r;
    return KF_OK;
}

void replica_free(struct replica *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < POLICY_SLOTS; i++) {
        while (r->policies[i] != NULL) {
            struct replica_policy *p = r->policies[i];
            r->policies[i] = p->next;
            policy_free(p->policy);
            free(p);
        }
    }
    store_close(r->store);
    free(r);
}

/* Policies. */

static struct replica_policy **policy_slot(struct replica *r, const char *id)
{
    struct replica_policy **at = &r->policies[hash_bytes(id, strlen(id)) % POLICY_SLOTS];
    while (*at != NULL && strcmp((*at)->id, id) != 0)
        at = &(*at)->next;
    return at;
}

static enum kf_status put_policy(struct replica *r, const char *id, const struct record *record,
                                 struct kf_error *err)
{
    struct payload_policy_key payload;
    struct policy *policy = NULL;
    enum kf_status status =
        payload_policy_key_decode(&payload, record->payload, record->payload_length, err);
    if (status == KF_OK)
        status = policy_parse(&policy, payload.normal.data, payload.normal.length, NULL, err);
    if (status != KF_OK)
        return status;
    struct replica_policy **slot = policy_slot(r, id);
    if (*slot == NULL) {
        *slot = calloc(1, sizeof **slot);
        if (*slot == NULL) {
            policy_free(policy);
            return kf_fail(err, KF_ERR_MEMORY, "no memory for a policy");
        }
        snprintf((*slot)->id, sizeof(*slot)->id, "%s", id);
    }
    policy_free((*slot)->policy);
    (*slot)->policy = policy;
    (*slot)->version = UINT64_MAX;
    return KF_OK;
}

static void remove_policy(struct replica *r, const char *id)
{
    struct replica_policy **slot = policy_slot(r, id);
    struct replica_policy *p = *slot;
    if (p == NULL)
        return;
    *slot = p->next;
    policy_free(p->policy);
    free(p);
}

/* Data centres and machines. */

static enum kf_status put_datacenter(struct replica *r, const char *id, const struct record *record,
                                     struct kf_error *err)
{
    struct payload_datacenter *dc = &r->datacenter;
    struct policy_attribute attributes[PAYLOAD_ATTRIBUTES_MAX];
    enum kf_status status =
        payload_datacenter_decode(dc, record->payload, record->payload_length, err);
    if (status != KF_OK)
        return status;
    /* Spans become strings: labels and values lie in the record without a NUL. */
    size_t size = 1;
    for (size_t i = 0; i < dc->attribute_count; i++)
        size += dc->attributes[i].label.length + dc->attributes[i].value.length + 2;
    char *text = malloc(size), *at = text;
    if (text == NULL)
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a data centre");
    for (size_t i = 0; i < dc->attribute_count; i++) {
        const struct payload_attribute *a = &dc->attributes[i];
        attributes[i].label = at;
        at = (char *)mempcpy(at, a->label.data, a->label.length) + 1;
        at[-1] = '\0';
        attributes[i].value = at;
        at = (char *)mempcpy(at, a->value.data, a->value.length) + 1;
        at[-1] = '\0';
    }
    struct route_point point = {dc->latitude, dc->longitude};
    status = route_put_datacenter(r->directory, id, point, attributes, dc->attribute_count);
    free(text);
    return status == KF_OK ? KF_OK : kf_fail(err, status, "too many data centres");
}

static enum kf_status put_machine(struct replica *r, const char *id, const struct record *record,
                                  struct kf_error *err)
{
    struct payload_machine m;
    enum kf_status status =
        payload_machine_decode(&m, record->payload, record->payload_length, err);
    if (status != KF_OK)
        return status;
    status = route_put_machine(r->directory, id, m.datacenter, m.relay, m.state == MACHINE_ACTIVE);
    return status == KF_OK ? KF_OK : kf_fail(err, status, "too many machines");
}

/* The part of a key after its prefix, or NULL. */
static const char *after(const char *key, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(key, prefix, length) == 0 ? key + length : NULL;
}

static void forget_key(struct replica *r, const char *ski_hex)
{
    uint8_t ski[RECORD_SKI_SIZE];
    size_t length = 0;
    if (sodium_hex2bin(ski, sizeof ski, ski_hex, strlen(ski_hex), NULL, &length, NULL) != 0)
        return;
    struct key_slot *slot = &r->keys[hash_bytes(ski, sizeof ski) % KEY_SLOTS];
    if (memcmp(slot->ski, ski, sizeof ski) == 0)
        slot->policy_id[0] = '\0';
}

enum topic { TOPIC_NONE, TOPIC_DATACENTER, TOPIC_MACHINE, TOPIC_POLICY };

static enum topic topic_of(const char **id, const char *key)
{
    if ((*id = after(key, "datacenter/")) != NULL)
        return TOPIC_DATACENTER;
    if ((*id = after(key, "machine/")) != NULL)
        return TOPIC_MACHINE;
    if ((*id = after(key, "policykey/")) != NULL)
        return TOPIC_POLICY;
    return TOPIC_NONE;
}

/* Takes up one entry that concerns the directory or the policies. */
static void take(struct replica *r, enum topic topic, const char *id,
                 const struct store_entry *entry)
{
    static const enum record_kind kinds[] = {[TOPIC_DATACENTER] = RECORD_DATACENTER,
                                             [TOPIC_MACHINE] = RECORD_MACHINE,
                                             [TOPIC_POLICY] = RECORD_POLICY_KEY};
    struct record record;
    struct kf_error err;
    enum kf_status status = record_open_at(&record, entry->key, kinds[topic], entry->value,
                                           entry->length, r->records_public, &err);
    bool gone = status == KF_ERR_NOT_FOUND; /* a genuine tombstone */
    if (gone) {
        status = KF_OK;
        if (topic == TOPIC_DATACENTER)
            route_remove_datacenter(r->directory, id);
        else if (topic == TOPIC_MACHINE)
            route_remove_machine(r->directory, id);
        else
            remove_policy(r, id);
    } else if (status == KF_OK && topic == TOPIC_DATACENTER) {
        status = put_datacenter(r, id, &record, &err);
    } else if (status == KF_OK && topic == TOPIC_MACHINE) {
        status = put_machine(r, id, &record, &err);
    } else if (status == KF_OK) {
        status = put_policy(r, id, &record, &err);
    }
    if (status != KF_OK)
        r->refused++;
}

struct pass {
    struct replica *r;
    uint32_t seen;
    bool changed;
    uint64_t reached;
};

static enum kf_status visit_scanned(void *context, const struct store_entry *entry)
{
    struct pass *pass = context;
    const char *id;
    enum topic topic = topic_of(&id, entry->key);
    if (topic != TOPIC_NONE) {
        take(pass->r, topic, id, entry);
        pass->changed = true;
    }
    return KF_OK;
}

static enum kf_status visit_change(void *context, const struct store_entry *entry)
{
    struct pass *pass = context;
    const char *id;
    enum topic topic = topic_of(&id, entry->key);
    const char *ski = after(entry->key, "key/");
    if (pass->seen++ == CHANGES_A_CALL)
        return KF_ERR_LIMIT; /* the rest next time */
    if (topic != TOPIC_NONE) {
        take(pass->r, topic, id, entry);
        pass->changed = true;
    } else if (ski != NULL) {
        forget_key(pass->r, ski);
    }
    pass->reached = entry->revision;
    return KF_OK;
}

static enum kf_status load_all(struct replica *r, struct store_snapshot *snapshot,
                               struct pass *pass, struct kf_error *err)
{
    static const char *const prefixes[] = {"datacenter/", "machine/", "policykey/"};
    memset(r->keys, 0, sizeof r->keys);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        enum kf_status status = store_scan(snapshot, prefixes[i], visit_scanned, pass, err);
        if (status != KF_OK)
            return status;
    }
    pass->reached = store_snapshot_head(snapshot);
    pass->changed = true;
    return KF_OK;
}

static enum kf_status open_store(struct replica *r, struct kf_error *err)
{
    struct store_lmdb_options options = {.path = r->path, .role = STORE_READER};
    return r->store != NULL ? KF_OK : store_lmdb_open(&r->store, &options, err);
}

enum kf_status replica_follow(struct replica *r, bool *changed, struct kf_error *err)
{
    uint64_t head = 0;
    struct store_snapshot *snapshot = NULL;
    struct pass pass = {.r = r, .reached = r->cursor};
    enum kf_status status = open_store(r, err);
    if (status == KF_OK)
        status = store_head(&head, r->store, err);
    if (status != KF_OK || (r->loaded && head == r->cursor))
        return status;
    status = store_snapshot_begin(&snapshot, r->store, err);
    if (status != KF_OK)
        return status;
    if (!r->loaded) {
        status = load_all(r, snapshot, &pass, err);
        r->loaded = status == KF_OK;
    } else {
        status = store_changes(snapshot, r->cursor, visit_change, &pass, err);
        if (status == KF_ERR_LIMIT && pass.seen > CHANGES_A_CALL)
            status = KF_OK;
        else if (status == KF_OK)
            pass.reached = store_snapshot_head(snapshot);
    }
    store_snapshot_end(snapshot);
    r->cursor = pass.reached;
    *changed = *changed || pass.changed;
    return status;
}

/* Which policy a key is under. */

static enum kf_status read_policy_id(char out[static RECORD_POLICY_ID_SIZE], struct replica *r,
                                     const uint8_t *ski, struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    struct store_snapshot *snapshot = NULL;
    struct store_entry entry;
    struct record record;
    struct payload_customer_key payload;
    record_key_customer_key(key, ski);
    enum kf_status status = store_snapshot_begin(&snapshot, r->store, err);
    if (status != KF_OK)
        return status;
    status = store_get(&entry, snapshot, key, err);
    if (status == KF_OK)
        status = record_open_at(&record, key, RECORD_CUSTOMER_KEY, entry.value, entry.length,
                                r->records_public, err);
    if (status == KF_OK)
        status = payload_customer_key_decode(&payload, record.payload, record.payload_length, err);
    if (status == KF_OK)
        memcpy(out, payload.policy_id, RECORD_POLICY_ID_SIZE);
    store_snapshot_end(snapshot);
    return status;
}

enum kf_status replica_policy_of(struct replica_policy **out, struct replica *r,
                                 const uint8_t ski[static RECORD_SKI_SIZE], struct kf_error *err)
{
    struct key_slot *slot = &r->keys[hash_bytes(ski, RECORD_SKI_SIZE) % KEY_SLOTS];
    uint64_t head = 0;
    if (r->store == NULL)
        return kf_fail(err, KF_ERR_UNAVAILABLE, "there is no replica yet in %s", r->path);
    bool known = slot->policy_id[0] != '\0' && memcmp(slot->ski, ski, RECORD_SKI_SIZE) == 0;
    char policy_id[RECORD_POLICY_ID_SIZE];
    if (known) {
        memcpy(policy_id, slot->policy_id, sizeof policy_id);
    } else {
        enum kf_status status = read_policy_id(policy_id, r, ski, err);
        if (status != KF_OK)
            return status;
        /* A change that the follower has passed already will not be told again, one that it has
         * not reached will: remembering is safe either way. */
        memcpy(slot->ski, ski, RECORD_SKI_SIZE);
        memcpy(slot->policy_id, policy_id, sizeof policy_id);
    }
    struct replica_policy *policy = *policy_slot(r, policy_id);
    if (policy == NULL && store_head(&head, r->store, NULL) == KF_OK && head != r->cursor) {
        bool changed = false; /* the key came before we followed to its policy */
        if (replica_follow(r, &changed, NULL) == KF_OK)
            policy = *policy_slot(r, policy_id);
    }
    if (policy == NULL)
        return kf_fail(err, KF_ERR_NOT_FOUND, "its policy %s has not arrived here", policy_id);
    *out = policy;
    return KF_OK;
}

const struct route_set *replica_satisfying(struct replica *r, struct replica_policy *policy)
{
    uint64_t version = route_directory_version(r->directory);
    if (policy->version != version) {
        route_satisfying(&policy->satisfying, r->directory, policy->policy);
        policy->version = version;
    }
    return &policy->satisfying;
}

void replica_wanted(struct route_set *out, struct replica *r)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < POLICY_SLOTS; i++) {
        for (struct replica_policy *p = r->policies[i]; p != NULL; p = p->next) {
            const struct route_set *set = replica_satisfying(r, p);
            for (size_t w = 0; w < sizeof out->bits / sizeof out->bits[0]; w++)
                out->bits[w] |= set->bits[w];
        }
    }
}

/* For people. */

struct search {
    struct replica *r;
    const uint8_t *ski;
    uint32_t seen;
    bool found;
    char *certificate, *policy;
    size_t certificate_size, policy_size;
};

static enum kf_status visit_certificate(void *context, const struct store_entry *entry)
{
    struct search *search = context;
    struct payload_certificate *c = &search->r->certificate;
    struct record record;
    if (search->seen++ == DESCRIBE_MAX)
        return KF_ERR_LIMIT;
    /* Only a name for a log line: not worth a signature check for each certificate passed. */
    if (record_parse(&record, entry->value, entry->length, NULL) != KF_OK ||
        payload_certificate_decode(c, record.payload, record.payload_length, NULL) != KF_OK ||
        memcmp(c->ski, search->ski, RECORD_SKI_SIZE) != 0)
        return KF_OK;
    snprintf(search->certificate, search->certificate_size, "%s", entry->key + 12);
    int length = c->policy.length > 400 ? 400 : (int)c->policy.length;
    snprintf(search->policy, search->policy_size, "%.*s%s", length, c->policy.data,
             c->policy.length > 400 ? "..." : "");
    search->found = true;
    return KF_ERR_EXISTS;
}

bool replica_describe(struct replica *r, char *certificate, size_t certificate_size, char *policy,
                      size_t policy_size, const uint8_t ski[static RECORD_SKI_SIZE])
{
    struct search search = {.r = r,
                            .ski = ski,
                            .certificate = certificate,
                            .certificate_size = certificate_size,
                            .policy = policy,
                            .policy_size = policy_size};
    struct store_snapshot *snapshot = NULL;
    if (r->store == NULL || store_snapshot_begin(&snapshot, r->store, NULL) != KF_OK)
        return false;
    /* It ends early on purpose; what it found is in `search`. */
    enum kf_status status = store_scan(snapshot, "certificate/", visit_certificate, &search, NULL);
    (void)status;
    store_snapshot_end(snapshot);
    return search.found;
}

uint64_t replica_head(const struct replica *r)
{
    return r->cursor;
}

uint64_t replica_refused(const struct replica *r)
{
    return r->refused;
}
