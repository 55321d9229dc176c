#include "pem.h"

#include "base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

struct line {
    const char *start;
    size_t length; /* without the line's end and trailing blanks */
};

struct pem_text pem_open(const char *what, const char *text, size_t length)
{
    return (struct pem_text){.what = what, .at = text, .end = text + length, .line = 0};
}

static bool next_line(struct line *out, struct pem_text *text)
{
    if (text->at == text->end) {
        return false;
    }
    const char *feed = memchr(text->at, '\n', (size_t)(text->end - text->at));
    const char *stop = feed == NULL ? text->end : feed;
    out->start = text->at;
    out->length = (size_t)(stop - text->at);
    while (out->length > 0 && strchr(" \t\r", out->start[out->length - 1]) != NULL &&
           out->start[out->length - 1] != '\0') {
        out->length--;
    }
    text->at = feed == NULL ? text->end : feed + 1;
    text->line++;
    return true;
}

static bool starts(const struct line *line, const char *mark)
{
    return line->length >= strlen(mark) && memcmp(line->start, mark, strlen(mark)) == 0;
}

/* The label of a "-----BEGIN LABEL-----" or END line; false when it is not well formed. */
static bool line_label(char out[static PEM_LABEL_MAX + 1], const struct line *line,
                       const char *mark)
{
    size_t head = strlen(mark);
    size_t tail = strlen(dashes);
    if (line->length < head + tail + 1 ||
        memcmp(line->start + line->length - tail, dashes, tail) != 0) {
        return false;
    }
    size_t length = line->length - head - tail;
    if (length > PEM_LABEL_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char c = line->start[head + i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ')) {
            return false;
        }
    }
    memcpy(out, line->start + head, length);
    out[length] = '\0';
    return true;
}

static enum kf_status malformed(struct problem *problem, const struct pem_text *text,
                                uint32_t number, uint32_t line, const char *why)
{
    char code[PROBLEM_CODE_MAX + 1];
    (void)snprintf(code, sizeof code, "%s_malformed", text->what);
    enum kf_status st = problem_set(problem, KF_ERR_MALFORMED, 400, code,
                                    "%s: block %u, line %u: %s", text->what, number, line, why);
    problem->line = line;
    return st;
}

/* "Name: value" lines before the base64 (RFC 1421); only their word on encryption matters. */
static bool is_header(const struct line *line)
{
    return memchr(line->start, ':', line->length) != NULL;
}

static bool says_encrypted(const struct line *line)
{
    return starts(line, "Proc-Type:") && memmem(line->start, line->length, "ENCRYPTED", 9) != NULL;
}

static enum kf_status read_body(struct pem_block *block, struct pem_text *text,
                                struct problem *problem)
{
    struct line line;
    char label[PEM_LABEL_MAX + 1];
    block->body = text->at;
    block->body_line = text->line + 1;
    bool headers = true;
    bool seen_header = false;
    for (;;) {
        const char *before = text->at;
        if (!next_line(&line, text)) {
            return malformed(problem, text, block->number, block->begin_line,
                             "the block begins here and its END line is missing");
        }
        if (starts(&line, end_mark)) {
            if (!line_label(label, &line, end_mark) || strcmp(label, block->label) != 0) {
                return malformed(problem, text, block->number, text->line,
                                 "the END line does not match the BEGIN line");
            }
            block->body_length = (size_t)(before - block->body);
            return KF_OK;
        }
        if (starts(&line, begin_mark)) {
            return malformed(problem, text, block->number, text->line,
                             "a new block begins before the END line of this one");
        }
        if (line.length > PEM_LINE_MAX) {
            return malformed(problem, text, block->number, text->line, "the line is too long");
        }
        bool folded = seen_header && line.length > 0 && line.start[0] == ' ';
        if (headers && (is_header(&line) || folded || (seen_header && line.length == 0))) {
            block->encrypted = block->encrypted || says_encrypted(&line);
            headers = line.length > 0;
            seen_header = true;
            block->body = text->at;
            block->body_line = text->line + 1;
        } else {
            headers = false;
        }
    }
}

enum kf_status pem_next(struct pem_block *out, struct pem_text *text, struct problem *problem)
{
    struct line line;
    while (next_line(&line, text)) {
        if (starts(&line, end_mark)) {
            return malformed(problem, text, text->number + 1, text->line,
                             "an END line without its BEGIN line");
        }
        if (!starts(&line, begin_mark)) {
            continue;
        }
        struct pem_block block = {.begin_line = text->line, .number = ++text->number};
        if (!line_label(block.label, &line, begin_mark)) {
            return malformed(problem, text, block.number, text->line,
                             "the BEGIN line is damaged (it must be -----BEGIN LABEL-----)");
        }
        enum kf_status st = read_body(&block, text, problem);
        if (st == KF_OK) {
            *out = block;
        }
        return st;
    }
    return KF_ERR_NOT_FOUND;
}

static uint32_t line_of(const struct pem_block *block, const char *place)
{
    uint32_t line = block->body_line;
    for (const char *at = block->body; at < place; at++) {
        line += *at == '\n';
    }
    return line;
}

enum kf_status pem_decode(uint8_t *out, size_t capacity, size_t *length,
                          const struct pem_text *text, const struct pem_block *block,
                          struct problem *problem)
{
    const char *stop = NULL;
    size_t decoded = 0;
    const char *why = "this is not base64: a character is missing, extra or wrong";
    /* RFC 7468, section 2: parsers should ignore whitespace in the base64. */
    errno = 0;
    int rc = sodium_base642bin(out, capacity, block->body, block->body_length, "\r\n\t ", &decoded,
                               &stop, sodium_base64_VARIANT_ORIGINAL);
    if (rc == 0 && stop == block->body + block->body_length && decoded > 0) {
        *length = decoded;
        return KF_OK;
    }
    if (rc != 0 && errno == ERANGE) { /* libsodium's word for an output that is too small */
        why = "the block is too long";
    } else if (rc == 0 && decoded == 0 && stop == block->body + block->body_length) {
        why = "the block is empty";
    }
    kf_wipe(out, capacity);
    const char *place = stop == NULL ? block->body : stop;
    return malformed(problem, text, block->number, line_of(block, place), why);
}
