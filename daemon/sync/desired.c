#include "desired.h"

#include "keyless/key_reference.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(DESIRED_FILE_MAX >= PAYLOAD_CHAIN_MAX + KEYLESS_REFERENCE_PEM_MAX + 1,
               "a chain, a reference and a NUL fit");

static uint8_t family_of(enum key_type type)
{
    switch (type) {
    case KEY_RSA_2048:
    case KEY_RSA_3072:
    case KEY_RSA_4096:
        return 'r';
    case KEY_P256:
    case KEY_P384:
        return 'e';
    case KEY_ED25519:
        return 'd';
    }
    return 0;
}

/* The records of the replica were verified when they were applied. */
KF_MUST_USE static enum kf_status read_certificate(struct payload_certificate *out,
                                                   const struct store_entry *entry,
                                                   struct kf_error *err)
{
    struct record record;
    enum kf_status status = record_parse(&record, entry->value, entry->length, err);
    if (status != KF_OK)
        return status;
    return payload_certificate_decode(out, record.payload, record.payload_length, err);
}

KF_MUST_USE static enum kf_status read_key(struct payload_customer_key *out, uint64_t *revision,
                                           struct store_snapshot *snapshot,
                                           const uint8_t ski[static RECORD_SKI_SIZE],
                                           struct kf_error *err)
{
    char key[RECORD_KEY_SIZE];
    struct store_entry entry;
    struct record record;
    record_key_customer_key(key, ski);
    enum kf_status status = store_get(&entry, snapshot, key, err);
    if (status == KF_OK)
        status = record_parse(&record, entry.value, entry.length, err);
    if (status == KF_OK)
        status = payload_customer_key_decode(out, record.payload, record.payload_length, err);
    if (status == KF_OK)
        *revision = entry.revision;
    return status;
}

/* A host stands in a line of HAProxy's list: nothing but a name may get there. */
static bool host_fit(struct payload_text host)
{
    size_t start = host.length > 2 && memcmp(host.data, "*.", 2) == 0 ? 2 : 0;
    for (size_t i = start; i < host.length; i++) {
        char c = host.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == '_'))
            return false;
    }
    return host.length > start && host.data[start] != '-';
}

static char *join_hosts(const struct payload_certificate *certificate, size_t *unfit)
{
    size_t length = 1;
    for (size_t i = 0; i < certificate->host_count; i++)
        length += certificate->hosts[i].length + 1;
    char *out = malloc(length);
    if (!out)
        return NULL;
    char *at = out;
    for (size_t i = 0; i < certificate->host_count; i++) {
        struct payload_text host = certificate->hosts[i];
        if (!host_fit(host)) {
            (*unfit)++;
            continue;
        }
        if (at != out)
            *at++ = ' ';
        for (size_t j = 0; j < host.length; j++)
            *at++ = (char)(host.data[j] >= 'A' && host.data[j] <= 'Z' ? host.data[j] + 32
                                                                      : host.data[j]);
    }
    *at = 0;
    return out;
}

struct collector {
    struct desired *desired;
    struct store_snapshot *snapshot;
    struct payload_certificate *certificate; /* one at a time */
};

KF_MUST_USE static enum kf_status grow(struct desired *d)
{
    if (d->count < d->capacity)
        return KF_OK;
    size_t capacity = d->capacity ? d->capacity * 2 : 64;
    struct desired_item *items = reallocarray(d->items, capacity, sizeof *items);
    if (!items)
        return KF_ERR_MEMORY;
    d->items = items;
    d->capacity = capacity;
    return KF_OK;
}

static enum kf_status collect(void *context, const struct store_entry *entry)
{
    struct collector *c = context;
    struct desired *d = c->desired;
    if (read_certificate(c->certificate, entry, NULL) != KF_OK) {
        d->unfit++; /* of a later version, perhaps: the others must not suffer */
        return KF_OK;
    }
    struct payload_customer_key key;
    uint64_t key_revision = 0;
    enum kf_status status = read_key(&key, &key_revision, c->snapshot, c->certificate->ski, NULL);
    if (status != KF_OK) {
        d->waiting++;
        return KF_OK;
    }
    status = grow(d);
    if (status != KF_OK)
        return status;
    struct desired_item *item = &d->items[d->count];
    memset(item, 0, sizeof *item);
    const char *id = entry->key + sizeof "certificate/" - 1;
    memcpy(item->id, id, strlen(id) + 1);
    item->revision = entry->revision;
    item->key_revision = key_revision;
    item->family = family_of(c->certificate->key_type);
    item->hosts = join_hosts(c->certificate, &d->unfit);
    if (!item->hosts)
        return KF_ERR_MEMORY;
    d->count++;
    return KF_OK;
}

/* Hosts are dealt out in order of claims: newest certificate first. A claim is a host and family;
 * the first of several equal claims wins. */
struct claim {
    const char *host; /* borrowed from the item's text, ended by a space or NUL */
    size_t length;
    size_t item;
    const struct desired *desired;
    bool won;
};

static int compare_names(const struct claim *a, const struct claim *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;
    int c = memcmp(a->host, b->host, shorter);
    if (c == 0 && a->length != b->length)
        c = a->length < b->length ? -1 : 1;
    if (c == 0)
        c = a->desired->items[a->item].family - b->desired->items[b->item].family;
    return c;
}

static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left;
    const struct claim *b = right;
    int c = compare_names(a, b);
    if (c != 0)
        return c;
    const struct desired_item *x = &a->desired->items[a->item];
    const struct desired_item *y = &b->desired->items[b->item];
    if (x->revision != y->revision)
        return x->revision > y->revision ? -1 : 1;
    return a->host < b->host ? -1 : a->host > b->host; /* a host twice in one certificate */
}

static int compare_places(const void *left, const void *right)
{
    const struct claim *a = left;
    const struct claim *b = right;
    if (a->item != b->item)
        return a->item < b->item ? -1 : 1;
    return a->host < b->host ? -1 : a->host > b->host;
}

static size_t count_hosts(const char *hosts)
{
    size_t n = hosts[0] ? 1 : 0;
    for (; *hosts; hosts++)
        n += *hosts == ' ' ? 1 : 0;
    return n;
}

static struct claim *list_claims(const struct desired *d, size_t *count)
{
    size_t total = 0;
    for (size_t i = 0; i < d->count; i++)
        total += count_hosts(d->items[i].hosts);
    struct claim *claims = calloc(total + 1, sizeof *claims);
    size_t n = 0;
    for (size_t i = 0; claims && i < d->count; i++) {
        for (const char *host = d->items[i].hosts; *host;) {
            size_t length = strcspn(host, " ");
            struct claim claim = {.host = host, .length = length, .item = i, .desired = d};
            claims[n++] = claim;
            host += length + (host[length] == ' ' ? 1 : 0);
        }
    }
    *count = n;
    return claims;
}

KF_MUST_USE static enum kf_status deal_hosts(struct desired *d)
{
    size_t count = 0;
    struct claim *claims = list_claims(d, &count);
    if (!claims)
        return KF_ERR_MEMORY;
    qsort(claims, count, sizeof *claims, compare_claims);
    for (size_t i = 0; i < count; i++)
        claims[i].won = i == 0 || compare_names(&claims[i - 1], &claims[i]) != 0;
    qsort(claims, count, sizeof *claims, compare_places);
    /* Each item's text is rewritten in place, left to right: what is written never passes what is
     * still to be read. */
    size_t next = 0;
    for (size_t i = 0; i < d->count; i++) {
        char *at = d->items[i].hosts;
        for (; next < count && claims[next].item == i; next++) {
            if (!claims[next].won)
                continue;
            if (at != d->items[i].hosts)
                *at++ = ' ';
            memmove(at, claims[next].host, claims[next].length);
            at += claims[next].length;
        }
        *at = 0;
    }
    free(claims);
    return KF_OK;
}

enum kf_status desired_compute(struct desired *out, struct store_snapshot *snapshot,
                               struct kf_error *err)
{
    struct desired d = {0};
    struct collector c = {.desired = &d, .snapshot = snapshot, .certificate = NULL};
    c.certificate = malloc(sizeof *c.certificate);
    enum kf_status status = KF_ERR_MEMORY;
    if (c.certificate)
        status = store_scan(snapshot, "certificate/", collect, &c, err);
    free(c.certificate);
    if (status == KF_OK)
        status = deal_hosts(&d);
    if (status != KF_OK) {
        desired_clear(&d);
        return status == KF_ERR_MEMORY ? kf_fail(err, status, "out of memory") : status;
    }
    *out = d;
    return KF_OK;
}

void desired_clear(struct desired *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->items[i].hosts);
    free(d->items);
    memset(d, 0, sizeof *d);
}

static int compare_id(const void *id, const void *item)
{
    return strcmp(id, ((const struct desired_item *)item)->id);
}

const struct desired_item *desired_find(const struct desired *d, const char *id)
{
    if (d->count == 0)
        return NULL;
    return bsearch(id, d->items, d->count, sizeof *d->items, compare_id);
}

/* Copies the CERTIFICATE blocks, line by line; returns the length, 0 when there is none. */
static size_t copy_chain(char *out, struct payload_text chain)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char end[] = "-----END CERTIFICATE-----";
    bool inside = false;
    size_t n = 0;
    for (size_t at = 0; at < chain.length;) {
        const char *line = chain.data + at;
        const char *newline = memchr(line, '\n', chain.length - at);
        size_t length = newline ? (size_t)(newline - line) : chain.length - at;
        at += length + 1;
        while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' '))
            length--;
        bool ends = length == sizeof end - 1 && memcmp(line, end, length) == 0;
        if (length == sizeof begin - 1 && memcmp(line, begin, length) == 0)
            inside = true;
        if (inside && length > 0) {
            memcpy(out + n, line, length);
            n += length;
            out[n++] = '\n';
        }
        if (ends)
            inside = false;
    }
    return inside ? 0 : n;
}

KF_MUST_USE static enum kf_status write_reference(char *out,
                                                  const struct payload_certificate *certificate,
                                                  const struct payload_customer_key *key,
                                                  struct kf_error *err)
{
    struct keyless_reference reference = {
        .spki = {.data = key->spki.data, .length = key->spki.length}};
    _Static_assert(sizeof reference.ski == RECORD_SKI_SIZE, "one kind of ski");
    memcpy(reference.ski, certificate->ski, sizeof reference.ski);
    size_t length = 0;
    enum kf_status status =
        keyless_reference_write_pem(out, &length, KEYLESS_REFERENCE_PEM_MAX, &reference);
    return status == KF_OK ? KF_OK : kf_fail(err, status, "the public key is not well formed");
}

enum kf_status desired_files(char *pem, char *key, struct store_snapshot *snapshot, const char *id,
                             struct kf_error *err)
{
    char name[RECORD_KEY_SIZE];
    struct store_entry entry;
    record_key_certificate(name, id);
    enum kf_status status = store_get(&entry, snapshot, name, err);
    if (status != KF_OK)
        return status;
    struct payload_certificate *certificate = malloc(sizeof *certificate);
    if (!certificate)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    struct payload_customer_key customer_key;
    uint64_t revision = 0;
    status = read_certificate(certificate, &entry, err);
    if (status == KF_OK)
        status = read_key(&customer_key, &revision, snapshot, certificate->ski, err);
    if (status == KF_OK)
        status = write_reference(key, certificate, &customer_key, err);
    if (status == KF_OK) {
        size_t n = copy_chain(pem, certificate->chain);
        if (n == 0)
            status = kf_fail(err, KF_ERR_MALFORMED, "certificate %s: its chain is not PEM", id);
        else
            memcpy(pem + n, key, strlen(key) + 1);
    }
    free(certificate);
    return status;
}
