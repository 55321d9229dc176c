/* Words and signs of the policy language. */
#include "policy/policy_int.h"

#include <string.h>

bool policy_is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum policy_token_kind word_kind(const char *text, size_t length)
{
    if (length == 3 && memcmp(text, "and", 3) == 0) {
        return TOKEN_AND;
    }
    if (length == 2 && memcmp(text, "or", 2) == 0) {
        return TOKEN_OR;
    }
    if (length == 3 && memcmp(text, "not", 3) == 0) {
        return TOKEN_NOT;
    }
    return TOKEN_WORD;
}

bool policy_is_keyword(const char *text, size_t length)
{
    return word_kind(text, length) != TOKEN_WORD;
}

bool policy_is_word(const char *text, size_t length)
{
    if (length == 0 || length > POLICY_WORD_MAX || policy_is_keyword(text, length)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!policy_is_word_char(text[i])) {
            return false;
        }
    }
    return true;
}

static bool is_sign(char c)
{
    return c == '(' || c == ')' || c == ':';
}

struct policy_token policy_token_at(const char *text, size_t length, size_t at)
{
    while (at < length && is_space(text[at])) {
        at++;
    }
    struct policy_token token = {TOKEN_END, at, 0};
    if (at == length) {
        return token;
    }
    size_t end = at + 1;
    switch (text[at]) {
    case '(':
        token.kind = TOKEN_OPEN;
        break;
    case ')':
        token.kind = TOKEN_CLOSE;
        break;
    case ':':
        token.kind = TOKEN_COLON;
        break;
    default:
        if (policy_is_word_char(text[at])) {
            while (end < length && policy_is_word_char(text[end])) {
                end++;
            }
            token.kind = word_kind(text + at, end - at);
            break;
        }
        /* One token for a run such as "&&", so that the message shows it whole. */
        while (end < length && !policy_is_word_char(text[end]) && !is_space(text[end]) &&
               !is_sign(text[end])) {
            end++;
        }
        token.kind = TOKEN_STRANGE;
        break;
    }
    token.length = end - at;
    return token;
}
