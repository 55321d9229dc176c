/* Positions, messages with a caret, and how alike two words are. */
#include "policy/policy_int.h"

#include <stdarg.h>
#include <string.h>

enum { EXCERPT_MAX = 96, DISTANCE_WORD_MAX = 32 };

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80; /* not a UTF-8 continuation byte */
}

static size_t count_characters(const char *text, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        n += starts_character(text[i]) ? 1 : 0;
    }
    return n;
}

void policy_problem_set(struct policy_error *problem, const char *text, size_t text_length,
                        size_t offset, size_t length, const char *format, ...)
{
    if (offset > text_length) {
        offset = text_length;
    }
    if (length > text_length - offset) {
        length = text_length - offset;
    }
    size_t line = 1;
    size_t line_start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    problem->offset = offset;
    problem->line = line;
    problem->column = count_characters(text + line_start, offset - line_start) + 1;
    problem->length = count_characters(text + offset, length);
    if (problem->length == 0) {
        problem->length = 1;
    }
    problem->suggestion[0] = '\0';
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->message, sizeof problem->message, format, args);
    va_end(args);
}

void policy_problem_suggest(struct policy_error *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->suggestion, sizeof problem->suggestion, format, args);
    va_end(args);
}

struct excerpt {
    char line[2 * EXCERPT_MAX + 16];
    char mark[2 * EXCERPT_MAX + 16];
    size_t line_length;
    size_t mark_length;
};

static void put(char *buffer, size_t *length, size_t capacity, const char *bytes, size_t count)
{
    if (*length + count < capacity) {
        memcpy(buffer + *length, bytes, count);
        *length += count;
        buffer[*length] = '\0';
    }
}

/* Copies the characters [from, to) of the line and, under them, blanks, the caret and its tail.
 * Whatever could move the cursor is shown as '?', a tab stays a tab in both rows. */
static void excerpt_fill(struct excerpt *out, const char *from, const char *to, const char *caret,
                         size_t underlined)
{
    size_t done = 0;
    const char *at = from;
    while (at < to) {
        const char *next = at + 1;
        while (next < to && !starts_character(*next)) {
            next++;
        }
        bool odd = ((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F || next - at > 4;
        bool marked = at >= caret && done < underlined;
        put(out->line, &out->line_length, sizeof out->line, odd ? "?" : at,
            odd ? 1 : (size_t)(next - at));
        const char *sign = *at == '\t' ? "\t" : " ";
        if (marked) {
            sign = done == 0 ? "^" : "~";
            done++;
        }
        if (at < caret || marked) {
            put(out->mark, &out->mark_length, sizeof out->mark, sign, 1);
        }
        at = next;
    }
    if (done == 0) {
        put(out->mark, &out->mark_length, sizeof out->mark, "^", 1);
    }
}

/* The problem's line, cut to a window around the caret when it is long. */
static void excerpt_make(struct excerpt *out, const struct policy_error *problem, const char *text,
                         size_t length)
{
    memset(out, 0, sizeof *out);
    size_t start = problem->offset;
    while (start > 0 && text[start - 1] != '\n') {
        start--;
    }
    size_t end = problem->offset;
    while (end < length && text[end] != '\n' && text[end] != '\r') {
        end++;
    }
    size_t from = start;
    size_t to = end;
    if (problem->offset - start > EXCERPT_MAX / 2) {
        from = problem->offset - EXCERPT_MAX / 2;
        while (from < problem->offset && !starts_character(text[from])) {
            from++;
        }
    }
    if (to - from > EXCERPT_MAX) {
        to = from + EXCERPT_MAX;
        while (to > problem->offset && !starts_character(text[to])) {
            to--;
        }
    }
    if (from > start) {
        put(out->line, &out->line_length, sizeof out->line, "...", 3);
        put(out->mark, &out->mark_length, sizeof out->mark, "   ", 3);
    }
    excerpt_fill(out, text + from, text + to, text + problem->offset, problem->length);
    if (to < end) {
        put(out->line, &out->line_length, sizeof out->line, "...", 3);
    }
}

enum kf_status policy_error_report(struct kf_error *err, enum kf_status status,
                                   const struct policy_error *problem, const char *text,
                                   size_t length)
{
    if (err == NULL) {
        return status;
    }
    struct excerpt excerpt;
    excerpt_make(&excerpt, problem, text, length);
    return kf_fail(err, status, "line %zu, column %zu: %s%s%s\n  %s\n  %s", problem->line,
                   problem->column, problem->message, problem->suggestion[0] != '\0' ? "; " : "",
                   problem->suggestion, excerpt.line, excerpt.mark);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t policy_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    /* rows[i][j]: distance of the first i of a and the first j of b; three rows are alive. */
    size_t rows[3][DISTANCE_WORD_MAX + 1];
    a_length = least(a_length, DISTANCE_WORD_MAX);
    b_length = least(b_length, DISTANCE_WORD_MAX);
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char ca = lower(a[i - 1]);
            char cb = lower(b[j - 1]);
            row[j] = least(above[j - 1] + (ca == cb ? 0 : 1), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && ca == lower(b[j - 2]) && lower(a[i - 2]) == cb) {
                row[j] = least(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}
