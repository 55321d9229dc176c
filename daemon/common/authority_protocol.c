#include "authority_protocol.h"

#include <stdlib.h>
#include <string.h>

/* The numbers of statuses on the wire are fixed here, apart from the order of enum kf_status. */
static const struct wire_status {
    uint8_t wire;
    enum kf_status status;
} wire_statuses[] = {
    {0, KF_OK},           {1, KF_ERR_INTERNAL},    {2, KF_ERR_MALFORMED},
    {3, KF_ERR_LIMIT},    {4, KF_ERR_UNSUPPORTED}, {5, KF_ERR_NOT_FOUND},
    {6, KF_ERR_CONFLICT}, {7, KF_ERR_FORGED},      {8, KF_ERR_USAGE},
    {9, KF_ERR_IO},       {10, KF_ERR_MEMORY},     {11, KF_ERR_RANDOM},
    {12, KF_ERR_DENIED},
};
enum { WIRE_STATUS_COUNT = sizeof wire_statuses / sizeof wire_statuses[0] };

const char *authority_role_name(uint8_t role)
{
    switch (role) {
    case AUTHORITY_ROLE_RELAY:
        return "relay";
    case AUTHORITY_ROLE_SYNC:
        return "sync";
    case AUTHORITY_ROLE_CORE:
        return "core";
    default:
        return NULL;
    }
}

bool authority_id_valid(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > AUTHORITY_ID_MAX || text[0] == '-') {
        return false;
    }
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static void write_text(struct kf_writer *w, const char *text)
{
    size_t at = kf_write_block_open16(w);
    kf_write_bytes(w, (const uint8_t *)text, strlen(text));
    kf_write_block_close16be(w, at);
}

void authority_request_write(struct kf_writer *w, const struct authority_request *request)
{
    kf_write_u8(w, request->op);
    switch (request->op) {
    case AUTHORITY_CREATE_GENERATION:
    case AUTHORITY_GET_PUBLIC:
        kf_write_u32be(w, request->generation);
        break;
    case AUTHORITY_ISSUE_KEY:
        kf_write_u32be(w, request->generation);
        write_text(w, request->machine);
        kf_write_bytes(w, request->enrolment, sizeof request->enrolment);
        kf_write_u16be(w, (uint16_t)request->attribute_count);
        for (size_t i = 0; i < request->attribute_count; i++) {
            write_text(w, request->attributes[i].label);
            write_text(w, request->attributes[i].value);
        }
        break;
    case AUTHORITY_SIGN_CERTIFICATE: {
        write_text(w, request->machine);
        kf_write_u8(w, request->role);
        kf_write_u16be(w, (uint16_t)request->name_count);
        for (size_t i = 0; i < request->name_count; i++) {
            write_text(w, request->names[i]);
        }
        size_t at = kf_write_block_open16(w);
        kf_write_bytes(w, request->csr, request->csr_length);
        kf_write_block_close16be(w, at);
        break;
    }
    default:
        break;
    }
}

/* Where the strings of a request are kept: they need a NUL each, so no more than the bytes of the
 * request, because a string of n bytes takes n + 2 there and n + 1 here. */
struct strings {
    char *at;
    char *end;
};

static enum kf_status read_text(const char **out, struct strings *strings, size_t max,
                                struct kf_reader *r)
{
    struct kf_reader block;
    enum kf_status st = kf_read_block16be(&block, max, r);
    if (st != KF_OK) {
        return st;
    }
    size_t length = kf_reader_left(&block);
    if (length == 0 || memchr(block.at, 0, length) != NULL ||
        length >= (size_t)(strings->end - strings->at)) {
        return KF_ERR_MALFORMED;
    }
    memcpy(strings->at, block.at, length);
    strings->at[length] = '\0';
    *out = strings->at;
    strings->at += length + 1;
    return KF_OK;
}

static enum kf_status read_machine(struct authority_request *q, struct strings *strings,
                                   struct kf_reader *r)
{
    const char *id;
    enum kf_status st = read_text(&id, strings, AUTHORITY_ID_MAX, r);
    if (st != KF_OK) {
        return st;
    }
    if (!authority_id_valid(id)) {
        return KF_ERR_MALFORMED;
    }
    memcpy(q->machine, id, strlen(id) + 1);
    return KF_OK;
}

static enum kf_status read_issue_key(struct authority_request *q, struct strings *strings,
                                     struct authority_pair *pairs, struct kf_reader *r)
{
    uint16_t count = 0;
    enum kf_status st = kf_read_u32be(&q->generation, r);
    if (st == KF_OK) {
        st = read_machine(q, strings, r);
    }
    if (st == KF_OK) {
        st = kf_read_copy(q->enrolment, sizeof q->enrolment, r);
    }
    if (st == KF_OK) {
        st = kf_read_u16be(&count, r);
    }
    if (st == KF_OK && count > AUTHORITY_ATTRIBUTES_MAX) {
        st = KF_ERR_LIMIT;
    }
    for (size_t i = 0; st == KF_OK && i < count; i++) {
        st = read_text(&pairs[i].label, strings, AUTHORITY_WORD_MAX, r);
        if (st == KF_OK) {
            st = read_text(&pairs[i].value, strings, AUTHORITY_WORD_MAX, r);
        }
    }
    q->attributes = pairs;
    q->attribute_count = count;
    return st;
}

static enum kf_status read_sign_certificate(struct authority_request *q, struct strings *strings,
                                            const char **names, struct kf_reader *r)
{
    uint16_t count = 0;
    struct kf_reader csr = {0};
    enum kf_status st = read_machine(q, strings, r);
    if (st == KF_OK) {
        st = kf_read_u8(&q->role, r);
    }
    if (st == KF_OK && authority_role_name(q->role) == NULL) {
        st = KF_ERR_MALFORMED;
    }
    if (st == KF_OK) {
        st = kf_read_u16be(&count, r);
    }
    if (st == KF_OK && count > AUTHORITY_NAMES_MAX) {
        st = KF_ERR_LIMIT;
    }
    if (st == KF_OK && count > 0 && q->role != AUTHORITY_ROLE_CORE) {
        st = KF_ERR_MALFORMED;
    }
    for (size_t i = 0; st == KF_OK && i < count; i++) {
        st = read_text(&names[i], strings, AUTHORITY_NAME_MAX, r);
    }
    if (st == KF_OK) {
        st = kf_read_block16be(&csr, AUTHORITY_CSR_MAX, r);
    }
    q->names = names;
    q->name_count = count;
    q->csr = csr.at;
    q->csr_length = st == KF_OK ? kf_reader_left(&csr) : 0;
    return st;
}

struct request_arena {
    struct authority_pair pairs[AUTHORITY_ATTRIBUTES_MAX];
    const char *names[AUTHORITY_NAMES_MAX];
    char strings[]; /* as many bytes as the request */
};

enum kf_status authority_request_parse(struct authority_request *out, const uint8_t *data,
                                       size_t length)
{
    if (length > AUTHORITY_REQUEST_MAX) {
        return KF_ERR_LIMIT;
    }
    struct request_arena *arena = calloc(1, sizeof *arena + length + 1);
    if (arena == NULL) {
        return KF_ERR_MEMORY;
    }
    struct strings strings = {.at = arena->strings, .end = arena->strings + length + 1};
    struct authority_request q = {.arena = arena};
    struct kf_reader r = kf_reader_init(data, length);
    enum kf_status st = kf_read_u8(&q.op, &r);
    if (st == KF_OK) {
        switch (q.op) {
        case AUTHORITY_STATUS:
        case AUTHORITY_CA:
            break;
        case AUTHORITY_CREATE_GENERATION:
        case AUTHORITY_GET_PUBLIC:
            st = kf_read_u32be(&q.generation, &r);
            break;
        case AUTHORITY_ISSUE_KEY:
            st = read_issue_key(&q, &strings, arena->pairs, &r);
            break;
        case AUTHORITY_SIGN_CERTIFICATE:
            st = read_sign_certificate(&q, &strings, arena->names, &r);
            break;
        default:
            st = KF_ERR_UNSUPPORTED;
        }
    }
    if (st == KF_OK) {
        st = kf_reader_finish(&r);
    }
    if (st != KF_OK) {
        free(arena);
        return st;
    }
    *out = q;
    return KF_OK;
}

void authority_request_clear(struct authority_request *request)
{
    free(request->arena);
    *request = (struct authority_request){0};
}

void authority_answer_write(struct kf_writer *w, enum kf_status status, const char *message,
                            const uint8_t *body, size_t body_length)
{
    uint8_t wire = 1;
    for (size_t i = 0; i < WIRE_STATUS_COUNT; i++) {
        if (wire_statuses[i].status == status) {
            wire = wire_statuses[i].wire;
        }
    }
    kf_write_u8(w, wire);
    if (wire == 0) {
        size_t at = kf_write_block_open32(w);
        kf_write_bytes(w, body, body_length);
        kf_write_block_close32be(w, at);
        return;
    }
    const size_t room = sizeof((struct authority_answer *)0)->message - 1;
    size_t at = kf_write_block_open16(w);
    kf_write_bytes(w, (const uint8_t *)message, strnlen(message, room));
    kf_write_block_close16be(w, at);
}

enum kf_status authority_answer_parse(struct authority_answer *out, const uint8_t *data,
                                      size_t length)
{
    struct authority_answer a = {.status = KF_ERR_INTERNAL};
    struct kf_reader r = kf_reader_init(data, length);
    struct kf_reader block = {0};
    uint8_t wire = 0;
    enum kf_status st = kf_read_u8(&wire, &r);
    if (st != KF_OK) {
        return st;
    }
    if (wire >= WIRE_STATUS_COUNT) {
        return KF_ERR_MALFORMED;
    }
    a.status = wire_statuses[wire].status;
    st = wire == 0 ? kf_read_block32be(&block, AUTHORITY_ANSWER_MAX, &r)
                   : kf_read_block16be(&block, sizeof a.message - 1, &r);
    if (st == KF_OK) {
        st = kf_reader_finish(&r);
    }
    if (st != KF_OK) {
        return st;
    }
    a.body = wire == 0 ? block.at : NULL;
    a.body_length = wire == 0 ? kf_reader_left(&block) : 0;
    if (wire != 0) {
        memcpy(a.message, block.at, kf_reader_left(&block));
    }
    *out = a;
    return KF_OK;
}

void authority_status_write(struct kf_writer *w, const struct authority_status *status)
{
    kf_write_u32be(w, status->newest_generation);
    kf_write_u32be(w, status->generation_count);
    kf_write_bytes(w, status->ca_fingerprint, sizeof status->ca_fingerprint);
}

enum kf_status authority_status_parse(struct authority_status *out, const uint8_t *data,
                                      size_t length)
{
    struct authority_status s;
    struct kf_reader r = kf_reader_init(data, length);
    enum kf_status st = kf_read_u32be(&s.newest_generation, &r);
    if (st == KF_OK) {
        st = kf_read_u32be(&s.generation_count, &r);
    }
    if (st == KF_OK) {
        st = kf_read_copy(s.ca_fingerprint, sizeof s.ca_fingerprint, &r);
    }
    if (st == KF_OK) {
        st = kf_reader_finish(&r);
    }
    if (st == KF_OK) {
        *out = s;
    }
    return st;
}
