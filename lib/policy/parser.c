/* Recursive descent over the policy language, emitting CIRCL's numbering directly.
 *
 * While parsing, a value is a leaf's number or GATE_FLAG | k for the k-th gate closed; the final
 * number of that gate's output is gate_count + 1 + k, known only at the end. Under an odd number of
 * NOTs a leaf is recorded negated and a gate with the other class: De Morgan while descending.
 *
 * Depth is counted as CIRCL counts it, one for each expression entered and one for each NOT, so
 * that the two accept the same nesting; it also bounds the recursion. */
#include "policy/policy_int.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { GATE_FLAG = 0x8000, SHOWN_MAX = 48 };

struct parser {
    const char *text;
    size_t length;
    struct policy_token token; /* the next one, not yet consumed */
    size_t depth;
    bool negated;
    const struct policy_token *opened; /* the innermost unclosed parenthesis */
    struct policy_draft *draft;
    struct policy_error *problem;
};

static const char *token_text(const struct parser *p, const struct policy_token *token)
{
    return p->text + token->offset;
}

static int shown(const struct policy_token *token)
{
    return (int)(token->length < SHOWN_MAX ? token->length : SHOWN_MAX);
}

static struct policy_token token_after(const struct parser *p, const struct policy_token *token)
{
    return policy_token_at(p->text, p->length, token->offset + token->length);
}

static void advance(struct parser *p)
{
    p->token = token_after(p, &p->token);
}

/* Describes the problem with this token; returns what most problems are. */
__attribute__((format(printf, 3, 4))) static enum kf_status
fail_at(struct parser *p, const struct policy_token *token, const char *format, ...)
{
    char message[POLICY_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    policy_problem_set(p->problem, p->text, p->length, token->offset, token->length, "%s", message);
    return KF_ERR_MALFORMED;
}

static bool token_is(const struct parser *p, const struct policy_token *token, const char *word)
{
    return token->length == strlen(word) &&
           policy_edit_distance(token_text(p, token), token->length, word, token->length) == 0;
}

/* "and", "or" or "not" when the word is one of them misspelt or in capitals, else NULL. */
static const char *meant_keyword(const struct parser *p, const struct policy_token *token)
{
    static const char *const words[] = {"and", "or", "not"};
    for (size_t i = 0; i < 3; i++) {
        if (token_is(p, token, words[i])) {
            return words[i];
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (token->length > 1 && token->length < 5 &&
            policy_edit_distance(token_text(p, token), token->length, words[i], strlen(words[i])) ==
                1) {
            return words[i];
        }
    }
    return NULL;
}

/* A character that is not in the language: what other languages mean by it. */
static enum kf_status fail_strange(struct parser *p, const struct policy_token *token)
{
    static const char *const meanings[][2] = {
        {"&&", "did you mean `and`?"},
        {"&", "did you mean `and`?"},
        {"||", "did you mean `or`?"},
        {"|", "did you mean `or`?"},
        {",", "did you mean `and` or `or`?"},
        {"!", "did you mean `not`?"},
        {"==", "did you mean `:`?"},
        {"=", "did you mean `:`?"},
        {"!=", "did you mean `not label: value`?"},
        {"\"", "labels and values are written without quotes"},
        {"'", "labels and values are written without quotes"},
        {"-", "words are made of letters, digits and `_`: did you mean `_`?"},
        {"#", "a policy has no comments"},
        {"*", "there are no wildcards: name each value"},
    };
    (void)fail_at(p, token, "unexpected `%.*s`", shown(token), token_text(p, token));
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (token->length == strlen(meanings[i][0]) &&
            memcmp(token_text(p, token), meanings[i][0], token->length) == 0) {
            policy_problem_suggest(p->problem, "%s", meanings[i][1]);
        }
    }
    if (p->problem->suggestion[0] == '\0') {
        policy_problem_suggest(p->problem, "words are made of A-Z, a-z, 0-9 and `_`");
    }
    return KF_ERR_MALFORMED;
}

static enum kf_status fail_depth(struct parser *p)
{
    (void)fail_at(p, &p->token, "nested deeper than %d levels", POLICY_DEPTH_MAX);
    policy_problem_suggest(p->problem, "leave out the parentheses that are not needed");
    return KF_ERR_LIMIT;
}

/* What stands where a leaf, `not` or `(` should. */
static enum kf_status fail_operand(struct parser *p)
{
    const struct policy_token *token = &p->token;
    switch (token->kind) {
    case TOKEN_STRANGE:
        return fail_strange(p, token);
    case TOKEN_END:
        if (p->draft->leaf_count == 0 && p->depth == 1) {
            (void)fail_at(p, token, "the policy is empty");
            policy_problem_suggest(p->problem, "write for example `country: FR`");
        } else {
            (void)fail_at(p, token, "the policy ends where `label: value` is expected");
        }
        break;
    case TOKEN_CLOSE:
        (void)fail_at(p, token, "unexpected `)`, expected `label: value`");
        break;
    case TOKEN_COLON:
        (void)fail_at(p, token, "a label is missing before `:`");
        break;
    default:
        (void)fail_at(p, token, "unexpected `%.*s`, expected `label: value`, `not` or `(`",
                      shown(token), token_text(p, token));
        break;
    }
    return KF_ERR_MALFORMED;
}

/* A word that no colon follows. */
static enum kf_status fail_label(struct parser *p, const struct policy_token *after)
{
    const struct policy_token *word = &p->token;
    if (after->kind == TOKEN_STRANGE) {
        return fail_strange(p, after);
    }
    const char *meant = meant_keyword(p, word);
    if (meant != NULL && strcmp(meant, "not") == 0 && after->kind == TOKEN_WORD) {
        (void)fail_at(p, word, "unexpected `%.*s`", shown(word), token_text(p, word));
        policy_problem_suggest(p->problem, "did you mean `not`?");
        return KF_ERR_MALFORMED;
    }
    (void)fail_at(p, word, "`%.*s` has no value, expected `label: value`", shown(word),
                  token_text(p, word));
    if (p->draft->leaf_count > 0) {
        const struct policy_leaf *last = &p->draft->leaves[p->draft->leaf_count - 1];
        policy_problem_suggest(
            p->problem, "did you mean `%.*s: %.*s`?",
            (int)(last->label_length < SHOWN_MAX ? last->label_length : SHOWN_MAX), last->label,
            shown(word), token_text(p, word));
    }
    return KF_ERR_MALFORMED;
}

/* No word follows the colon. */
static enum kf_status fail_value(struct parser *p, const struct policy_token *label,
                                 const struct policy_token *value)
{
    if (value->kind == TOKEN_STRANGE) {
        return fail_strange(p, value);
    }
    (void)fail_at(p, value, "the value of `%.*s` is missing", shown(label), token_text(p, label));
    struct policy_token next = token_after(p, value);
    if (value->kind == TOKEN_NOT && next.kind == TOKEN_WORD) {
        policy_problem_suggest(p->problem, "did you mean `not %.*s: %.*s`?", shown(label),
                               token_text(p, label), shown(&next), token_text(p, &next));
    } else if (value->kind == TOKEN_OPEN && next.kind == TOKEN_WORD) {
        policy_problem_suggest(
            p->problem, "each value has its own label: did you mean `(%.*s: %.*s ...`?",
            shown(label), token_text(p, label), shown(&next), token_text(p, &next));
    } else if (value->kind == TOKEN_AND || value->kind == TOKEN_OR || value->kind == TOKEN_NOT) {
        policy_problem_suggest(p->problem, "`%.*s` is a keyword and cannot be a value",
                               shown(value), token_text(p, value));
    }
    return KF_ERR_MALFORMED;
}

/* Whether only blanks stand between the last value and this token: `country: north korea`. */
static bool follows_value(const struct parser *p, const struct policy_token *token)
{
    const struct policy_leaf *last = &p->draft->leaves[p->draft->leaf_count - 1];
    size_t end = (size_t)(last->value - p->text) + last->value_length;
    return policy_token_at(p->text, p->length, end).offset == token->offset;
}

/* What follows a complete operand and is neither an operator nor the expected end. */
static enum kf_status fail_operator(struct parser *p)
{
    const struct policy_token *token = &p->token;
    struct policy_token after = token_after(p, token);
    if (token->kind == TOKEN_STRANGE) {
        return fail_strange(p, token);
    }
    if (token->kind == TOKEN_CLOSE) {
        return fail_at(p, token, "`)` closes nothing");
    }
    if (token->kind == TOKEN_END) {
        (void)fail_at(p, p->opened, "`(` is never closed");
        policy_problem_suggest(p->problem, "`)` is missing, at the latest at the end");
        return KF_ERR_MALFORMED;
    }
    (void)fail_at(p, token, "unexpected `%.*s`, expected `and` or `or`", shown(token),
                  token_text(p, token));
    const char *meant = token->kind == TOKEN_WORD ? meant_keyword(p, token) : NULL;
    if (meant != NULL && after.kind != TOKEN_COLON) {
        policy_problem_suggest(p->problem, "did you mean `%s`?", meant);
    } else if (token->kind == TOKEN_WORD && follows_value(p, token)) {
        const struct policy_leaf *last = &p->draft->leaves[p->draft->leaf_count - 1];
        policy_problem_suggest(
            p->problem, "a value is one word: did you mean `%.*s_%.*s`?",
            (int)(last->value_length < SHOWN_MAX ? last->value_length : SHOWN_MAX), last->value,
            shown(token), token_text(p, token));
    }
    return KF_ERR_MALFORMED;
}

static enum kf_status check_word(struct parser *p, const struct policy_token *word)
{
    if (word->length > POLICY_WORD_MAX) {
        (void)fail_at(p, word, "a word of %zu characters, at most %d are allowed", word->length,
                      POLICY_WORD_MAX);
        return KF_ERR_LIMIT;
    }
    return KF_OK;
}

static enum kf_status parse_leaf(uint16_t *out, struct parser *p)
{
    struct policy_token label = p->token;
    struct policy_token colon = token_after(p, &label);
    if (label.kind != TOKEN_WORD) {
        if ((label.kind == TOKEN_AND || label.kind == TOKEN_OR) && colon.kind == TOKEN_COLON) {
            return fail_at(p, &label, "`%.*s` is a keyword and cannot be a label", shown(&label),
                           token_text(p, &label));
        }
        return fail_operand(p);
    }
    if (colon.kind != TOKEN_COLON) {
        return fail_label(p, &colon);
    }
    struct policy_token value = token_after(p, &colon);
    if (value.kind != TOKEN_WORD) {
        return fail_value(p, &label, &value);
    }
    enum kf_status status = check_word(p, &label);
    if (status == KF_OK) {
        status = check_word(p, &value);
    }
    if (status != KF_OK) {
        return status;
    }
    if (p->draft->leaf_count == POLICY_LEAVES_MAX) {
        (void)fail_at(p, &label, "more than %d leaves", POLICY_LEAVES_MAX);
        return KF_ERR_LIMIT;
    }
    p->draft->leaves[p->draft->leaf_count] = (struct policy_leaf){
        .label = token_text(p, &label),
        .label_length = (uint16_t)label.length,
        .value = token_text(p, &value),
        .value_length = (uint16_t)value.length,
        .positive = !p->negated,
        .offset = (uint32_t)label.offset,
        .length = (uint32_t)(value.offset + value.length - label.offset),
    };
    *out = (uint16_t)p->draft->leaf_count++;
    p->token = token_after(p, &value);
    return KF_OK;
}

static enum kf_status parse_or(uint16_t *out, struct parser *p);

static enum kf_status parse_primary(uint16_t *out, struct parser *p)
{
    if (p->token.kind != TOKEN_OPEN) {
        return parse_leaf(out, p);
    }
    struct policy_token open = p->token;
    const struct policy_token *outer = p->opened;
    advance(p);
    if (++p->depth > POLICY_DEPTH_MAX) {
        return fail_depth(p);
    }
    p->opened = &open;
    enum kf_status status = parse_or(out, p);
    if (status == KF_OK && p->token.kind != TOKEN_CLOSE) {
        status = fail_operator(p);
    }
    p->opened = outer;
    p->depth--;
    if (status == KF_OK) {
        advance(p);
    }
    return status;
}

static enum kf_status parse_not(uint16_t *out, struct parser *p)
{
    size_t nots = 0;
    while (p->token.kind == TOKEN_NOT) {
        struct policy_token next = token_after(p, &p->token);
        if (next.kind == TOKEN_COLON) {
            return fail_at(p, &p->token, "`not` is a keyword and cannot be a label");
        }
        if (++p->depth > POLICY_DEPTH_MAX) {
            return fail_depth(p);
        }
        nots++;
        p->negated = !p->negated;
        p->token = next;
    }
    enum kf_status status = parse_primary(out, p);
    p->depth -= nots;
    p->negated = p->negated != (nots % 2 == 1);
    return status;
}

static uint16_t close_gate(struct parser *p, enum policy_gate_class class, uint16_t in0,
                           uint16_t in1)
{
    size_t k = p->draft->gate_count++;
    if (p->negated) {
        class = class == POLICY_AND ? POLICY_OR : POLICY_AND;
    }
    p->draft->gates[k] = (struct policy_gate){
        .in0 = in0, .in1 = in1, .out = (uint16_t)(GATE_FLAG | k), .class = (uint8_t) class};
    return (uint16_t)(GATE_FLAG | k);
}

static enum kf_status parse_and(uint16_t *out, struct parser *p)
{
    uint16_t left = 0;
    enum kf_status status = parse_not(&left, p);
    while (status == KF_OK && p->token.kind == TOKEN_AND) {
        uint16_t right = 0;
        advance(p);
        status = parse_not(&right, p);
        if (status == KF_OK) {
            left = close_gate(p, POLICY_AND, left, right);
        }
    }
    *out = left;
    return status;
}

static enum kf_status parse_or(uint16_t *out, struct parser *p)
{
    uint16_t left = 0;
    enum kf_status status = parse_and(&left, p);
    while (status == KF_OK && p->token.kind == TOKEN_OR) {
        uint16_t right = 0;
        advance(p);
        status = parse_and(&right, p);
        if (status == KF_OK) {
            left = close_gate(p, POLICY_OR, left, right);
        }
    }
    *out = left;
    return status;
}

static uint16_t final_number(uint16_t wire, size_t gate_count)
{
    if ((wire & GATE_FLAG) == 0) {
        return wire;
    }
    return (uint16_t)(gate_count + 1 + (wire & (GATE_FLAG - 1)));
}

static enum kf_status parse_text(struct parser *p)
{
    if (p->length > POLICY_TEXT_MAX) {
        policy_problem_set(p->problem, p->text, p->length, 0, 0,
                           "a policy of %zu bytes, at most %d are allowed", p->length,
                           POLICY_TEXT_MAX);
        return KF_ERR_LIMIT;
    }
    uint16_t result = 0;
    p->token = policy_token_at(p->text, p->length, 0);
    p->depth = 1;
    enum kf_status status = parse_or(&result, p);
    if (status == KF_OK && p->token.kind != TOKEN_END) {
        status = fail_operator(p);
    }
    if (status != KF_OK) {
        return status;
    }
    for (size_t i = 0; i < p->draft->gate_count; i++) {
        struct policy_gate *gate = &p->draft->gates[i];
        gate->in0 = final_number(gate->in0, p->draft->gate_count);
        gate->in1 = final_number(gate->in1, p->draft->gate_count);
        gate->out = final_number(gate->out, p->draft->gate_count);
    }
    return KF_OK;
}

enum kf_status policy_parse(struct policy **out, const char *text, size_t length,
                            struct policy_error *problem, struct kf_error *err)
{
    struct policy_error own;
    struct policy_draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a policy");
    }
    struct parser p = {.text = text,
                       .length = length,
                       .draft = draft,
                       .problem = problem != NULL ? problem : &own};
    enum kf_status status = parse_text(&p);
    if (status == KF_OK) {
        status = policy_build(out, draft, err);
        assert(status == KF_OK || status == KF_ERR_MEMORY);
    } else {
        (void)policy_error_report(err, status, p.problem, text, length);
    }
    free(draft);
    return status;
}
