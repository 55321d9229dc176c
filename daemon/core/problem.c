#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum kf_status problem_set(struct problem *problem, enum kf_status status, uint16_t http,
                           const char *code, const char *format, ...)
{
    va_list args;
    *problem = (struct problem){.http = http};
    (void)snprintf(problem->code, sizeof problem->code, "%s", code);
    va_start(args, format);
    (void)vsnprintf(problem->message, sizeof problem->message, format, args);
    va_end(args);
    return status;
}

void problem_hint(struct problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->hint, sizeof problem->hint, format, args);
    va_end(args);
}

enum kf_status problem_from(struct problem *problem, const struct kf_error *err)
{
    static const struct {
        enum kf_status status;
        uint16_t http;
        const char *code;
    } table[] = {
        {KF_ERR_USAGE, 400, "invalid"},
        {KF_ERR_MALFORMED, 400, "malformed"},
        {KF_ERR_UNSUPPORTED, 400, "unsupported"},
        {KF_ERR_FORGED, 400, "forged"},
        {KF_ERR_LIMIT, 400, "too_long"},
        {KF_ERR_NOT_FOUND, 404, "not_found"},
        {KF_ERR_EXISTS, 409, "exists"},
        {KF_ERR_CONFLICT, 409, "conflict"},
        {KF_ERR_DENIED, 403, "denied"},
        {KF_ERR_UNAVAILABLE, 503, "authority_unavailable"},
        {KF_ERR_TIMEOUT, 503, "authority_unavailable"},
    };
    const char *message = err->message[0] != '\0' ? err->message : kf_status_name(err->status);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == err->status) {
            return problem_set(problem, err->status, table[i].http, table[i].code, "%s", message);
        }
    }
    return problem_set(problem, err->status, 500, "internal", "%s", message);
}

static void write_text(struct kf_writer *w, const char *text)
{
    size_t at = kf_write_block_open16(w);
    kf_write_bytes(w, (const uint8_t *)text, strlen(text));
    kf_write_block_close16be(w, at);
}

void problem_write(struct kf_writer *w, const struct problem *problem)
{
    kf_write_u16be(w, problem->http);
    write_text(w, problem->code);
    write_text(w, problem->message);
    write_text(w, problem->hint);
    kf_write_u32be(w, problem->line);
    kf_write_u32be(w, problem->column);
}

static enum kf_status read_text(char *out, size_t capacity, struct kf_reader *r)
{
    struct kf_reader block;
    enum kf_status st = kf_read_block16be(&block, capacity - 1, r);
    if (st == KF_OK) {
        size_t length = kf_reader_left(&block);
        memcpy(out, block.at, length);
        out[length] = '\0';
    }
    return st;
}

enum kf_status problem_read(struct problem *out, struct kf_reader *r)
{
    struct problem problem = {.http = 0};
    bool read = kf_read_u16be(&problem.http, r) == KF_OK &&
                read_text(problem.code, sizeof problem.code, r) == KF_OK &&
                read_text(problem.message, sizeof problem.message, r) == KF_OK &&
                read_text(problem.hint, sizeof problem.hint, r) == KF_OK &&
                kf_read_u32be(&problem.line, r) == KF_OK &&
                kf_read_u32be(&problem.column, r) == KF_OK;
    if (!read) {
        return KF_ERR_MALFORMED;
    }
    *out = problem;
    return KF_OK;
}
