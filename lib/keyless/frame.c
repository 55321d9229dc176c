#include "keyless/frame.h"

#include "base/cursor.h"

#include <string.h>

enum { ITEM_HEADER = 3, DIGEST_LENGTH = 32, DEADLINE_LENGTH = 4, TAGS = 256 };

/* One row for each item that is plain bytes: in the order gokeyless writes them, then ours. */
static const struct item {
    uint8_t tag;
    size_t field;  /* offset of the struct keyless_bytes in the message */
    size_t length; /* the one length allowed, 0 for any */
    size_t other;  /* another length allowed, 0 for none */
    bool text;     /* printable and at most KEYLESS_TEXT_MAX */
} items[] = {
#define FIELD(name) offsetof(struct keyless_message, name)
    {KEYLESS_TAG_PAYLOAD, FIELD(payload), 0, 0, false},
    {KEYLESS_TAG_EXTRA, FIELD(extra), 0, 0, false},
    {KEYLESS_TAG_SKI, FIELD(ski), KEYLESS_SKI_LENGTH, 0, false},
    {KEYLESS_TAG_DIGEST, FIELD(digest), DIGEST_LENGTH, 0, false},
    {KEYLESS_TAG_CLIENT_IP, FIELD(client_ip), 4, 16, false},
    {KEYLESS_TAG_SERVER_IP, FIELD(server_ip), 4, 16, false},
    {KEYLESS_TAG_SERVER_NAME, FIELD(server_name), 0, 0, false},
    {KEYLESS_TAG_CERTIFICATE_ID, FIELD(certificate_id), 0, 0, false},
    {KEYLESS_TAG_FUNCTION, FIELD(function), 0, 0, false},
    {KEYLESS_TAG_JAEGER_SPAN, FIELD(jaeger_span), 0, 0, false},
    {KEYLESS_TAG_REQUEST_CONTEXT, FIELD(request_context), 0, 0, false},
    {KEYLESS_TAG_COMPLIANCE_REGION, FIELD(compliance_region), 1, 0, false},
    {KEYLESS_TAG_TRACEPARENT, FIELD(traceparent), 0, 0, true},
    {KEYLESS_TAG_REASON, FIELD(reason), 0, 0, true},
    {KEYLESS_TAG_DATACENTER, FIELD(datacenter), 0, 0, true},
#undef FIELD
};
enum { ITEMS = sizeof items / sizeof items[0] };

static struct keyless_bytes *field_of(struct keyless_message *m, const struct item *item)
{
    return (struct keyless_bytes *)(void *)((char *)m + item->field);
}

static struct keyless_bytes field_in(const struct keyless_message *m, const struct item *item)
{
    struct keyless_bytes value;
    memcpy(&value, (const char *)m + item->field, sizeof value);
    return value;
}

static const struct item *find_item(uint8_t tag)
{
    for (size_t i = 0; i < ITEMS; i++) {
        if (items[i].tag == tag) {
            return &items[i];
        }
    }
    return NULL;
}

static bool is_text(struct keyless_bytes b)
{
    if (b.length > KEYLESS_TEXT_MAX) {
        return false;
    }
    for (size_t i = 0; i < b.length; i++) {
        if (b.data[i] < 0x20 || b.data[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

static bool fits_item(const struct item *item, struct keyless_bytes b)
{
    if (item->text) {
        return is_text(b);
    }
    return item->length == 0 || b.length == item->length ||
           (item->other != 0 && b.length == item->other);
}

enum kf_status keyless_frame_header(struct keyless_header *out, const uint8_t *data, size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    struct keyless_header h = {0};
    if (kf_read_u8(&h.major, &r) != KF_OK || kf_read_u8(&h.minor, &r) != KF_OK ||
        kf_read_u16be(&h.body_length, &r) != KF_OK || kf_read_u32be(&h.id, &r) != KF_OK) {
        return KF_ERR_MALFORMED;
    }
    *out = h;
    return KF_OK;
}

enum kf_status keyless_frame_measure(size_t *needed, const uint8_t *data, size_t length,
                                     size_t body_max)
{
    struct keyless_header h;
    if (keyless_frame_header(&h, data, length) != KF_OK) {
        *needed = KEYLESS_HEADER_LENGTH;
        return KF_OK;
    }
    if (h.major != KEYLESS_MAJOR) {
        return KF_ERR_UNSUPPORTED;
    }
    if (h.body_length > body_max) {
        return KF_ERR_LIMIT;
    }
    *needed = KEYLESS_HEADER_LENGTH + (size_t)h.body_length;
    return KF_OK;
}

/* Takes the value of one known item; the caller has refused repeats. */
static enum kf_status read_value(struct keyless_message *m, uint8_t tag, struct kf_reader *value)
{
    struct keyless_bytes b = {.length = kf_reader_left(value)};
    const struct item *item = find_item(tag);
    if (tag == KEYLESS_TAG_OPCODE) {
        return kf_read_u8(&m->opcode, value) == KF_OK ? kf_reader_finish(value) : KF_ERR_MALFORMED;
    }
    if (tag == KEYLESS_TAG_DEADLINE) {
        m->has_deadline = true;
        return kf_read_u32be(&m->deadline_ms, value) == KF_OK ? kf_reader_finish(value)
                                                              : KF_ERR_MALFORMED;
    }
    if (item == NULL) {
        return KF_OK;
    }
    if (kf_read_bytes(&b.data, b.length, value) != KF_OK || !fits_item(item, b)) {
        return KF_ERR_MALFORMED;
    }
    *field_of(m, item) = b;
    return KF_OK;
}

static bool is_known(uint8_t tag)
{
    return tag == KEYLESS_TAG_OPCODE || tag == KEYLESS_TAG_PADDING || tag == KEYLESS_TAG_DEADLINE ||
           find_item(tag) != NULL;
}

static enum kf_status read_items(struct keyless_message *m, struct kf_reader *r)
{
    bool seen[TAGS] = {false};
    while (kf_reader_left(r) > 0) {
        uint8_t tag = 0;
        struct kf_reader value;
        if (kf_read_u8(&tag, r) != KF_OK ||
            kf_read_block16be(&value, KEYLESS_BODY_MAX, r) != KF_OK) {
            return KF_ERR_MALFORMED;
        }
        if (!is_known(tag)) {
            continue;
        }
        if (seen[tag] || read_value(m, tag, &value) != KF_OK) {
            return KF_ERR_MALFORMED;
        }
        seen[tag] = true;
    }
    return kf_reader_finish(r);
}

/* What only the whole message tells. gokeyless cannot name a key by twenty zeros: it takes them for
 * "no identifier". An error says one thing, in one byte. */
static enum kf_status settle(struct keyless_message *m)
{
    static const uint8_t zeros[KEYLESS_SKI_LENGTH];
    if (m->ski.length != 0 && memcmp(m->ski.data, zeros, sizeof zeros) == 0) {
        m->ski = (struct keyless_bytes){0};
    }
    if (m->opcode == KEYLESS_OP_ERROR) {
        if (m->payload.length != 1) {
            return KF_ERR_MALFORMED;
        }
        m->error = m->payload.data[0];
    }
    return KF_OK;
}

enum kf_status keyless_frame_read(struct keyless_message *out, const uint8_t *frame, size_t length)
{
    struct keyless_header h;
    if (keyless_frame_header(&h, frame, length) != KF_OK ||
        length != KEYLESS_HEADER_LENGTH + (size_t)h.body_length) {
        return KF_ERR_MALFORMED;
    }
    if (h.major != KEYLESS_MAJOR) {
        return KF_ERR_UNSUPPORTED;
    }
    struct keyless_message m = {.id = h.id};
    struct kf_reader r = kf_reader_init(frame + KEYLESS_HEADER_LENGTH, h.body_length);
    enum kf_status st = read_items(&m, &r);
    if (st == KF_OK) {
        st = settle(&m);
    }
    if (st == KF_OK) {
        *out = m;
    }
    return st;
}

static void write_item(struct kf_writer *w, uint8_t tag, const uint8_t *data, size_t length)
{
    kf_write_u8(w, tag);
    kf_write_u16be(w, (uint16_t)length);
    kf_write_bytes(w, data, length);
}

/* gokeyless pads what is shorter than 1024 to 1024, or by an empty item when the item's own header
 * already takes it there or beyond. */
static void write_padding(struct kf_writer *w)
{
    static const uint8_t zeros[KEYLESS_PADDED_LENGTH];
    if (w->length >= KEYLESS_PADDED_LENGTH) {
        return;
    }
    size_t left = KEYLESS_PADDED_LENGTH - w->length;
    write_item(w, KEYLESS_TAG_PADDING, zeros, left > ITEM_HEADER ? left - ITEM_HEADER : 0);
}

static enum kf_status write_items(struct kf_writer *w, const struct keyless_message *m)
{
    write_item(w, KEYLESS_TAG_OPCODE, &m->opcode, 1);
    for (size_t i = 0; i < ITEMS; i++) {
        struct keyless_bytes b = field_in(m, &items[i]);
        if (items[i].tag == KEYLESS_TAG_PAYLOAD && m->opcode == KEYLESS_OP_ERROR) {
            b = (struct keyless_bytes){.data = &m->error, .length = 1};
        }
        if (b.length == 0) {
            continue;
        }
        if (b.length > KEYLESS_BODY_MAX || !fits_item(&items[i], b)) {
            return KF_ERR_LIMIT;
        }
        write_item(w, items[i].tag, b.data, b.length);
    }
    if (m->has_deadline) {
        kf_write_u8(w, KEYLESS_TAG_DEADLINE);
        kf_write_u16be(w, DEADLINE_LENGTH);
        kf_write_u32be(w, m->deadline_ms);
    }
    write_padding(w);
    return KF_OK;
}

enum kf_status keyless_frame_write(uint8_t *out, size_t *length, size_t capacity,
                                   const struct keyless_message *message)
{
    size_t total = 0;
    struct kf_writer w = kf_writer_init(out, capacity);
    kf_write_u8(&w, KEYLESS_MAJOR);
    kf_write_u8(&w, KEYLESS_MINOR);
    size_t at_length = w.length;
    kf_write_u16be(&w, 0);
    kf_write_u32be(&w, message->id);
    enum kf_status st = write_items(&w, message);
    if (st == KF_OK) {
        st = kf_writer_finish(&total, &w);
    }
    if (st != KF_OK || total > KEYLESS_FRAME_MAX) {
        return KF_ERR_LIMIT;
    }
    struct kf_writer field = kf_writer_init(out + at_length, 2);
    kf_write_u16be(&field, (uint16_t)(total - KEYLESS_HEADER_LENGTH));
    *length = total;
    return KF_OK;
}

enum keyless_error keyless_request_check(const struct keyless_message *request)
{
    const struct keyless_operation *o = keyless_operation_find(request->opcode);
    if (o == NULL) {
        return KEYLESS_ERR_BAD_OPCODE;
    }
    if (o->kind == KEYLESS_KIND_ANSWER) {
        return KEYLESS_ERR_UNEXPECTED_OPCODE;
    }
    if (request->payload.length < o->payload_min || request->payload.length > o->payload_max) {
        return KEYLESS_ERR_FORMAT;
    }
    if ((o->kind == KEYLESS_KIND_SIGN || o->kind == KEYLESS_KIND_DECRYPT) &&
        request->ski.length == 0) {
        return KEYLESS_ERR_KEY_NOT_FOUND;
    }
    return KEYLESS_ERR_NONE;
}

bool keyless_is_answer(const struct keyless_message *message)
{
    const struct keyless_operation *o = keyless_operation_find(message->opcode);
    return o != NULL && o->kind == KEYLESS_KIND_ANSWER;
}

struct keyless_message keyless_answer_make(uint32_t id, const uint8_t *payload, size_t length)
{
    return (struct keyless_message){
        .id = id, .opcode = KEYLESS_OP_RESPONSE, .payload = {.data = payload, .length = length}};
}

struct keyless_message keyless_answer_error(uint32_t id, uint8_t error, const char *reason)
{
    return (struct keyless_message){
        .id = id, .opcode = KEYLESS_OP_ERROR, .error = error, .reason = keyless_text(reason)};
}

struct keyless_bytes keyless_text(const char *text)
{
    return (struct keyless_bytes){.data = (const uint8_t *)text,
                                  .length = text == NULL ? 0 : strlen(text)};
}

bool keyless_bytes_equal(struct keyless_bytes a, struct keyless_bytes b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}
