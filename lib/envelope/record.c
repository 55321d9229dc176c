#include "envelope/record.h"

#include "base/cursor.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAG_TOMBSTONE = 1,
    MAGIC_SIZE = 4,
    HEX_ID_LENGTH = RECORD_POLICY_ID_SIZE - 1,
};

static const uint8_t magic[MAGIC_SIZE] = {'K', 'F', 'R', '1'};
/* The NUL that ends the literal is part of the domain separation. */
static const char domain[] = "keyfence record v1";

static const char *const kind_names[] = {
    [RECORD_GENERATION] = "generation",   [RECORD_DATACENTER] = "datacenter",
    [RECORD_MACHINE] = "machine",         [RECORD_MACHINE_KEY] = "machinekey",
    [RECORD_POLICY_KEY] = "policykey",    [RECORD_POLICY_WRAP] = "policywrap",
    [RECORD_CERTIFICATE] = "certificate", [RECORD_CUSTOMER_KEY] = "key",
    [RECORD_HEARTBEAT] = "heartbeat",
};

const char *record_kind_name(enum record_kind kind)
{
    size_t i = (size_t)kind;
    return i < sizeof kind_names / sizeof kind_names[0] ? kind_names[i] : NULL;
}

/* Keys. The end of each piece is returned, NULL when the text does not start with such a piece. */

static const char *skip_id(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= '0' && s[n] <= '9') || (n > 0 && s[n] == '-'))
        n++;
    return n >= 1 && n <= RECORD_ID_MAX ? s + n : NULL;
}

static const char *skip_hex(const char *s, size_t digits)
{
    for (size_t i = 0; i < digits; i++)
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
            return NULL;
    return s + digits;
}

/* A u32 in decimal, without leading zeros. */
static const char *skip_generation(const char *s)
{
    uint64_t value = 0;
    size_t n = 0;
    while (n < 10 && s[n] >= '0' && s[n] <= '9')
        value = value * 10 + (uint64_t)(s[n++] - '0');
    if (n == 0 || value > UINT32_MAX || (n > 1 && s[0] == '0'))
        return NULL;
    return s + n;
}

static const char *skip_slash(const char *s)
{
    return s && *s == '/' ? s + 1 : NULL;
}

bool record_id_valid(const char *id)
{
    const char *end = skip_id(id);
    return end && !*end;
}

static const char *skip_key_tail(enum record_kind kind, const char *s)
{
    switch (kind) {
    case RECORD_GENERATION:
        return skip_generation(s);
    case RECORD_DATACENTER:
    case RECORD_MACHINE:
    case RECORD_CERTIFICATE:
        return skip_id(s);
    case RECORD_MACHINE_KEY:
        s = skip_slash(skip_id(s));
        return s ? skip_generation(s) : NULL;
    case RECORD_POLICY_KEY:
        return skip_hex(s, HEX_ID_LENGTH);
    case RECORD_POLICY_WRAP:
        s = skip_hex(s, HEX_ID_LENGTH);
        s = s ? skip_slash(s) : NULL;
        return s ? skip_generation(s) : NULL;
    case RECORD_CUSTOMER_KEY:
        return skip_hex(s, 2 * RECORD_SKI_SIZE);
    case RECORD_HEARTBEAT:
        return s;
    }
    return NULL;
}

bool record_key_valid(enum record_kind kind, const char *key)
{
    const char *name = record_kind_name(kind);
    if (!name || strncmp(key, name, strlen(name)) != 0)
        return false;
    const char *s = key + strlen(name);
    if (kind != RECORD_HEARTBEAT)
        s = skip_slash(s);
    if (s)
        s = skip_key_tail(kind, s);
    return s && !*s;
}

__attribute__((format(printf, 3, 4))) static void make_key(char *out, enum record_kind kind,
                                                           const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(out, RECORD_KEY_SIZE, format, list);
    va_end(list);
    assert(n > 0 && n < RECORD_KEY_SIZE);
    assert(record_key_valid(kind, out));
    (void)n;
    (void)kind;
}

void record_key_generation(char out[static RECORD_KEY_SIZE], uint32_t generation)
{
    make_key(out, RECORD_GENERATION, "generation/%u", generation);
}

void record_key_datacenter(char out[static RECORD_KEY_SIZE], const char *id)
{
    make_key(out, RECORD_DATACENTER, "datacenter/%s", id);
}

void record_key_machine(char out[static RECORD_KEY_SIZE], const char *id)
{
    make_key(out, RECORD_MACHINE, "machine/%s", id);
}

void record_key_machine_key(char out[static RECORD_KEY_SIZE], const char *id, uint32_t generation)
{
    make_key(out, RECORD_MACHINE_KEY, "machinekey/%s/%u", id, generation);
}

void record_key_policy_key(char out[static RECORD_KEY_SIZE], const char *policy_id)
{
    make_key(out, RECORD_POLICY_KEY, "policykey/%s", policy_id);
}

void record_key_policy_wrap(char out[static RECORD_KEY_SIZE], const char *policy_id,
                            uint32_t generation)
{
    make_key(out, RECORD_POLICY_WRAP, "policywrap/%s/%u", policy_id, generation);
}

void record_key_certificate(char out[static RECORD_KEY_SIZE], const char *id)
{
    make_key(out, RECORD_CERTIFICATE, "certificate/%s", id);
}

void record_key_customer_key(char out[static RECORD_KEY_SIZE],
                             const uint8_t ski[static RECORD_SKI_SIZE])
{
    char hex[2 * RECORD_SKI_SIZE + 1];
    sodium_bin2hex(hex, sizeof hex, ski, RECORD_SKI_SIZE);
    make_key(out, RECORD_CUSTOMER_KEY, "key/%s", hex);
}

void record_key_heartbeat(char out[static RECORD_KEY_SIZE])
{
    make_key(out, RECORD_HEARTBEAT, "heartbeat");
}

/* Signing. Ed25519 in one shot wants the message in one piece; libsodium's streaming interface is
 * Ed25519ph, another algorithm. So the domain and the record are laid side by side: the caller's
 * buffer holds the record alone, and the copy lives on the heap for the moment it takes. */

KF_MUST_USE static enum kf_status with_domain(uint8_t **out, const uint8_t *body, size_t length)
{
    uint8_t *message = malloc(sizeof domain + length);
    if (!message)
        return KF_ERR_MEMORY;
    memcpy(message, domain, sizeof domain);
    memcpy(message + sizeof domain, body, length);
    *out = message;
    return KF_OK;
}

enum kf_status record_keypair(uint8_t public_key[static RECORD_PUBLIC_SIZE],
                              uint8_t secret_key[static RECORD_SECRET_SIZE],
                              const uint8_t seed[static RECORD_SEED_SIZE])
{
    if (crypto_sign_seed_keypair(public_key, secret_key, seed) != 0)
        return KF_ERR_INTERNAL;
    return KF_OK;
}

KF_MUST_USE static enum kf_status check_shape(const struct record *record, struct kf_error *err)
{
    if (!record_key_valid(record->kind, record->key))
        return kf_fail(err, KF_ERR_USAGE, "key %s is not one of a record of kind %d", record->key,
                       (int)record->kind);
    if (record->tombstone ? record->payload_length != 0 : record->payload_length == 0)
        return kf_fail(err, KF_ERR_USAGE, "%s: a tombstone has no payload, another record has one",
                       record->key);
    if (record->revision == 0)
        return kf_fail(err, KF_ERR_USAGE, "%s: revisions start at 1", record->key);
    return KF_OK;
}

enum kf_status record_sign(uint8_t *out, size_t capacity, size_t *length,
                           const struct record *record,
                           const uint8_t secret_key[static RECORD_SECRET_SIZE],
                           struct kf_error *err)
{
    enum kf_status status = check_shape(record, err);
    if (status != KF_OK)
        return status;
    struct kf_writer w = kf_writer_init(out, capacity < RECORD_MAX ? capacity : RECORD_MAX);
    kf_write_bytes(&w, magic, sizeof magic);
    kf_write_u8(&w, (uint8_t)record->kind);
    kf_write_u8(&w, record->tombstone ? FLAG_TOMBSTONE : 0);
    kf_write_u64be(&w, record->revision);
    kf_write_u32be(&w, record->generation);
    kf_write_u64be(&w, record->written_ms);
    size_t block = kf_write_block_open16(&w);
    kf_write_bytes(&w, (const uint8_t *)record->key, strlen(record->key));
    kf_write_block_close16be(&w, block);
    block = kf_write_block_open32(&w);
    if (record->payload_length > 0)
        kf_write_bytes(&w, record->payload, record->payload_length);
    kf_write_block_close32be(&w, block);
    size_t body = 0;
    status = kf_writer_finish(&body, &w);
    if (status != KF_OK)
        return kf_fail(err, status, "%s: the record is larger than %zu bytes", record->key,
                       w.capacity);
    uint8_t *message = NULL;
    status = with_domain(&message, out, body);
    if (status != KF_OK)
        return kf_fail(err, status, "out of memory");
    uint8_t signature[RECORD_SIGNATURE_SIZE];
    if (crypto_sign_detached(signature, NULL, message, sizeof domain + body, secret_key) != 0)
        status = kf_fail(err, KF_ERR_INTERNAL, "%s: signing failed", record->key);
    free(message);
    if (status != KF_OK)
        return status;
    kf_write_bytes(&w, signature, sizeof signature);
    status = kf_writer_finish(length, &w);
    if (status != KF_OK)
        return kf_fail(err, status, "%s: the record is larger than %zu bytes", record->key,
                       w.capacity);
    return KF_OK;
}

/* Parsing. */

KF_MUST_USE static enum kf_status parse_header(struct record *out, struct kf_reader *r,
                                               struct kf_error *err)
{
    const uint8_t *start = NULL;
    uint8_t kind = 0;
    uint8_t flags = 0;
    if (kf_read_bytes(&start, MAGIC_SIZE, r) != KF_OK || memcmp(start, magic, MAGIC_SIZE) != 0)
        return kf_fail(err, KF_ERR_MALFORMED, "not a record: it does not start with KFR1");
    if (kf_read_u8(&kind, r) != KF_OK || kf_read_u8(&flags, r) != KF_OK ||
        kf_read_u64be(&out->revision, r) != KF_OK || kf_read_u32be(&out->generation, r) != KF_OK ||
        kf_read_u64be(&out->written_ms, r) != KF_OK)
        return kf_fail(err, KF_ERR_MALFORMED, "the record is cut short");
    if (!record_kind_name((enum record_kind)kind))
        return kf_fail(err, KF_ERR_UNSUPPORTED, "record kind %u is not known to this version",
                       kind);
    if ((flags & ~FLAG_TOMBSTONE) != 0)
        return kf_fail(err, KF_ERR_UNSUPPORTED, "record flags %u are not known to this version",
                       flags);
    if (out->revision == 0)
        return kf_fail(err, KF_ERR_MALFORMED, "the record has revision 0");
    out->kind = (enum record_kind)kind;
    out->tombstone = (flags & FLAG_TOMBSTONE) != 0;
    return KF_OK;
}

KF_MUST_USE static enum kf_status parse_body(struct record *out, struct kf_reader *r,
                                             struct kf_error *err)
{
    struct kf_reader key;
    struct kf_reader payload;
    enum kf_status status = kf_read_block16be(&key, RECORD_KEY_MAX, r);
    if (status == KF_OK)
        status = kf_read_block32be(&payload, RECORD_MAX, r);
    if (status != KF_OK)
        return kf_fail(err, status, "the record is cut short or its key is too long");
    size_t key_length = kf_reader_left(&key);
    const uint8_t *bytes = NULL;
    if (kf_read_bytes(&bytes, key_length, &key) != KF_OK)
        return kf_fail(err, KF_ERR_INTERNAL, "cursor");
    memcpy(out->key, bytes, key_length);
    out->key[key_length] = 0;
    if (strlen(out->key) != key_length || !record_key_valid(out->kind, out->key))
        return kf_fail(err, KF_ERR_MALFORMED, "the record's key is not one of a %s",
                       record_kind_name(out->kind));
    out->payload_length = kf_reader_left(&payload);
    out->payload = payload.at;
    if (out->tombstone ? out->payload_length != 0 : out->payload_length == 0)
        return kf_fail(err, KF_ERR_MALFORMED, "%s: %s", out->key,
                       out->tombstone ? "a tombstone with a payload" : "no payload");
    return KF_OK;
}

enum kf_status record_parse(struct record *out, const uint8_t *data, size_t length,
                            struct kf_error *err)
{
    if (length > RECORD_MAX)
        return kf_fail(err, KF_ERR_LIMIT, "a record of %zu bytes is larger than %d", length,
                       (int)RECORD_MAX);
    struct record parsed = {0};
    struct kf_reader r = kf_reader_init(data, length);
    enum kf_status status = parse_header(&parsed, &r, err);
    if (status == KF_OK)
        status = parse_body(&parsed, &r, err);
    if (status != KF_OK)
        return status;
    const uint8_t *signature = NULL;
    if (kf_read_bytes(&signature, RECORD_SIGNATURE_SIZE, &r) != KF_OK ||
        kf_reader_finish(&r) != KF_OK)
        return kf_fail(err, KF_ERR_MALFORMED, "%s: the record does not end with one signature",
                       parsed.key);
    *out = parsed;
    return KF_OK;
}

enum kf_status record_open(struct record *out, const uint8_t *data, size_t length,
                           const uint8_t public_key[static RECORD_PUBLIC_SIZE],
                           struct kf_error *err)
{
    struct record parsed;
    enum kf_status status = record_parse(&parsed, data, length, err);
    if (status != KF_OK)
        return status;
    size_t body = length - RECORD_SIGNATURE_SIZE;
    uint8_t *message = NULL;
    status = with_domain(&message, data, body);
    if (status != KF_OK)
        return kf_fail(err, status, "out of memory");
    if (crypto_sign_verify_detached(data + body, message, sizeof domain + body, public_key) != 0)
        status = kf_fail(err, KF_ERR_FORGED,
                         "%s, revision %llu: the signature is not one of the pinned key",
                         parsed.key, (unsigned long long)parsed.revision);
    free(message);
    if (status == KF_OK)
        *out = parsed;
    return status;
}

enum kf_status record_open_at(struct record *out, const char *key, enum record_kind kind,
                              const uint8_t *data, size_t length,
                              const uint8_t public_key[static RECORD_PUBLIC_SIZE],
                              struct kf_error *err)
{
    struct record parsed;
    enum kf_status status = record_open(&parsed, data, length, public_key, err);
    if (status != KF_OK)
        return kf_fail_context(err, status, "record under %s", key);
    if (strcmp(parsed.key, key) != 0 || parsed.kind != kind)
        return kf_fail(err, KF_ERR_FORGED, "the record under %s is the one of %s", key, parsed.key);
    if (parsed.tombstone)
        return kf_fail(err, KF_ERR_NOT_FOUND, "%s is deleted", key);
    *out = parsed;
    return KF_OK;
}
