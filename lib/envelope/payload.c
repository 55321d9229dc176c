#include "envelope/payload_int.h"

#include <sodium.h>
#include <string.h>

struct payload_text payload_text_of(const char *string)
{
    struct payload_text text = {.data = string ? string : "",
                                .length = string ? strlen(string) : 0};
    return text;
}

const char *payload_key_type_name(enum key_type type)
{
    switch (type) {
    case KEY_RSA_2048:
        return "RSA-2048";
    case KEY_RSA_3072:
        return "RSA-3072";
    case KEY_RSA_4096:
        return "RSA-4096";
    case KEY_P256:
        return "P-256";
    case KEY_P384:
        return "P-384";
    case KEY_ED25519:
        return "Ed25519";
    }
    return NULL;
}

const char *payload_generation_state_name(enum generation_state state)
{
    switch (state) {
    case GENERATION_CREATED:
        return "created";
    case GENERATION_DISTRIBUTING:
        return "distributing";
    case GENERATION_ACTIVE:
        return "active";
    case GENERATION_DRAINING:
        return "draining";
    case GENERATION_RETIRED:
        return "retired";
    case GENERATION_DESTROYED:
        return "destroyed";
    }
    return NULL;
}

const char *payload_machine_state_name(enum machine_state state)
{
    switch (state) {
    case MACHINE_ACTIVE:
        return "active";
    case MACHINE_REVOKED:
        return "revoked";
    }
    return NULL;
}

void payload_policy_id(char out[static RECORD_POLICY_ID_SIZE], const char *normal, size_t length)
{
    uint8_t digest[(RECORD_POLICY_ID_SIZE - 1) / 2];
    /* Fails only for sizes outside BLAKE2b's bounds: the size is a constant within them. */
    (void)crypto_generichash(digest, sizeof digest, (const uint8_t *)normal, length, NULL, 0);
    sodium_bin2hex(out, RECORD_POLICY_ID_SIZE, digest, sizeof digest);
}

/* RFC 3629, without NUL: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_sequence(const uint8_t *s, size_t left)
{
    static const struct {
        uint8_t lead_low, lead_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        size_t n = forms[f].length;
        if (s[0] < forms[f].lead_low || s[0] > forms[f].lead_high)
            continue;
        if (n > left || (n > 1 && (s[1] < forms[f].second_low || s[1] > forms[f].second_high)))
            return 0;
        for (size_t i = 2; i < n; i++)
            if ((s[i] & 0xc0) != 0x80)
                return 0;
        return n;
    }
    return 0;
}

static bool utf8_valid(const uint8_t *s, size_t length)
{
    while (length > 0) {
        size_t n = utf8_sequence(s, length);
        if (n == 0)
            return false;
        s += n;
        length -= n;
    }
    return true;
}

struct payload_encoder payload_encoder_init(uint8_t *out, size_t capacity)
{
    struct payload_encoder e = {
        .w = kf_writer_init(out, capacity < PAYLOAD_MAX ? capacity : PAYLOAD_MAX),
        .bad = NULL,
    };
    kf_write_u8(&e.w, PAYLOAD_VERSION);
    return e;
}

void payload_put_check(struct payload_encoder *e, const char *what, bool good)
{
    if (!good && !e->bad)
        e->bad = what;
}

void payload_put_text(struct payload_encoder *e, const char *what, struct payload_text text,
                      size_t min, size_t max)
{
    if (text.length < min || text.length > max ||
        !utf8_valid((const uint8_t *)text.data, text.length)) {
        payload_put_check(e, what, false);
        return;
    }
    kf_write_u16be(&e->w, (uint16_t)text.length);
    kf_write_bytes(&e->w, (const uint8_t *)text.data, text.length);
}

void payload_put_long_text(struct payload_encoder *e, const char *what, struct payload_text text,
                           size_t max)
{
    if (text.length == 0 || text.length > max ||
        !utf8_valid((const uint8_t *)text.data, text.length)) {
        payload_put_check(e, what, false);
        return;
    }
    kf_write_u32be(&e->w, (uint32_t)text.length);
    kf_write_bytes(&e->w, (const uint8_t *)text.data, text.length);
}

void payload_put_string(struct payload_encoder *e, const char *what, const char *string, size_t min,
                        size_t max)
{
    payload_put_text(e, what, payload_text_of(string), min, max);
}

void payload_put_bytes(struct payload_encoder *e, const char *what, struct payload_bytes bytes,
                       size_t max)
{
    if (bytes.length == 0 || bytes.length > max) {
        payload_put_check(e, what, false);
        return;
    }
    kf_write_u32be(&e->w, (uint32_t)bytes.length);
    kf_write_bytes(&e->w, bytes.data, bytes.length);
}

enum kf_status payload_encoder_finish(size_t *length, const struct payload_encoder *e,
                                      struct kf_error *err)
{
    if (e->bad)
        return kf_fail(err, KF_ERR_USAGE,
                       "%s is missing, too long, out of range or not proper text", e->bad);
    if (kf_writer_finish(length, &e->w) != KF_OK)
        return kf_fail(err, KF_ERR_LIMIT, "the record's payload needs more than %zu bytes",
                       e->w.capacity);
    return KF_OK;
}

struct payload_decoder payload_decoder_init(const uint8_t *data, size_t length)
{
    struct payload_decoder d = {.r = kf_reader_init(data, length), .status = KF_OK, .bad = NULL};
    uint8_t version = 0;
    if (length > PAYLOAD_MAX)
        payload_get_fail(&d, "payload size", KF_ERR_LIMIT);
    else if (kf_read_u8(&version, &d.r) != KF_OK)
        payload_get_fail(&d, "version", KF_ERR_MALFORMED);
    else if (version != PAYLOAD_VERSION)
        payload_get_fail(&d, "version", KF_ERR_UNSUPPORTED);
    return d;
}

void payload_get_fail(struct payload_decoder *d, const char *what, enum kf_status status)
{
    if (d->status != KF_OK)
        return;
    d->status = status;
    d->bad = what;
}

void payload_get_check(struct payload_decoder *d, const char *what, bool good)
{
    if (!good)
        payload_get_fail(d, what, KF_ERR_MALFORMED);
}

uint8_t payload_get_u8(struct payload_decoder *d, const char *what)
{
    uint8_t v = 0;
    if (d->status == KF_OK && kf_read_u8(&v, &d->r) != KF_OK)
        payload_get_fail(d, what, KF_ERR_MALFORMED);
    return v;
}

uint16_t payload_get_u16(struct payload_decoder *d, const char *what)
{
    uint16_t v = 0;
    if (d->status == KF_OK && kf_read_u16be(&v, &d->r) != KF_OK)
        payload_get_fail(d, what, KF_ERR_MALFORMED);
    return v;
}

uint32_t payload_get_u32(struct payload_decoder *d, const char *what)
{
    uint32_t v = 0;
    if (d->status == KF_OK && kf_read_u32be(&v, &d->r) != KF_OK)
        payload_get_fail(d, what, KF_ERR_MALFORMED);
    return v;
}

uint64_t payload_get_u64(struct payload_decoder *d, const char *what)
{
    uint64_t v = 0;
    if (d->status == KF_OK && kf_read_u64be(&v, &d->r) != KF_OK)
        payload_get_fail(d, what, KF_ERR_MALFORMED);
    return v;
}

void payload_get_copy(uint8_t *out, size_t length, struct payload_decoder *d, const char *what)
{
    if (d->status == KF_OK && kf_read_copy(out, length, &d->r) != KF_OK)
        payload_get_fail(d, what, KF_ERR_MALFORMED);
}

static struct payload_bytes take_block(struct payload_decoder *d, const char *what, bool wide,
                                       size_t min, size_t max)
{
    struct payload_bytes empty = {.data = (const uint8_t *)"", .length = 0};
    if (d->status != KF_OK)
        return empty;
    struct kf_reader block;
    enum kf_status status =
        wide ? kf_read_block32be(&block, max, &d->r) : kf_read_block16be(&block, max, &d->r);
    if (status != KF_OK) {
        payload_get_fail(d, what, status);
        return empty;
    }
    struct payload_bytes bytes = {.data = block.at, .length = kf_reader_left(&block)};
    payload_get_check(d, what, bytes.length >= min);
    return d->status == KF_OK ? bytes : empty;
}

static struct payload_text as_text(struct payload_decoder *d, const char *what,
                                   struct payload_bytes bytes)
{
    payload_get_check(d, what, utf8_valid(bytes.data, bytes.length));
    struct payload_text text = {.data = (const char *)bytes.data, .length = bytes.length};
    return text;
}

struct payload_text payload_get_text(struct payload_decoder *d, const char *what, size_t min,
                                     size_t max)
{
    return as_text(d, what, take_block(d, what, false, min, max));
}

struct payload_text payload_get_long_text(struct payload_decoder *d, const char *what, size_t max)
{
    return as_text(d, what, take_block(d, what, true, 1, max));
}

void payload_get_string(char *out, struct payload_decoder *d, const char *what, size_t min,
                        size_t max)
{
    struct payload_text text = payload_get_text(d, what, min, max);
    memcpy(out, text.data, text.length);
    out[text.length] = 0;
}

struct payload_bytes payload_get_bytes(struct payload_decoder *d, const char *what, size_t max)
{
    return take_block(d, what, true, 1, max);
}

enum kf_status payload_decoder_finish(const struct payload_decoder *d, const char *kind,
                                      struct kf_error *err)
{
    if (d->status != KF_OK)
        return kf_fail(err, d->status, "%s payload: %s: %s", kind, d->bad,
                       d->status == KF_ERR_UNSUPPORTED ? "not known to this version"
                       : d->status == KF_ERR_LIMIT     ? "too long"
                                                       : "cut short or out of range");
    if (kf_reader_finish(&d->r) != KF_OK)
        return kf_fail(err, KF_ERR_MALFORMED, "%s payload: trailing bytes", kind);
    return KF_OK;
}
