/* What the files of lib/policy share. Nothing here is for other modules. */
#ifndef KEYFENCE_POLICY_POLICY_INT_H
#define KEYFENCE_POLICY_POLICY_INT_H

#include "policy/policy.h"

#include <stdio.h>

enum policy_token_kind {
    TOKEN_END,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COLON,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_WORD,
    TOKEN_STRANGE, /* characters that are not in the language */
};

struct policy_token {
    enum policy_token_kind kind;
    size_t offset;
    size_t length;
};

/* The token that starts at or after `at`. Its end is offset + length. */
struct policy_token policy_token_at(const char *text, size_t length, size_t at);

bool policy_is_word_char(char c);
/* A non-empty word of the language that is no keyword and not longer than POLICY_WORD_MAX. */
bool policy_is_word(const char *text, size_t length);
bool policy_is_keyword(const char *text, size_t length);

/* Fills position and message; the suggestion is left empty. */
void policy_problem_set(struct policy_error *problem, const char *text, size_t text_length,
                        size_t offset, size_t length, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void policy_problem_suggest(struct policy_error *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Levenshtein distance with transpositions, ignoring case; capped at 32 bytes of each word. */
size_t policy_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length);

/* A circuit under construction. leaf.label/value borrow from the caller until policy_build copies.
 */
struct policy_draft {
    struct policy_leaf leaves[POLICY_LEAVES_MAX + 1];
    struct policy_gate gates[POLICY_LEAVES_MAX];
    size_t leaf_count;
    size_t gate_count;
};

/* Copies the draft into one block; computes repeat indices and the order. KF_ERR_MALFORMED when the
 * gates are no tree over the leaves, KF_ERR_MEMORY. */
enum kf_status policy_build(struct policy **out, const struct policy_draft *draft,
                            struct kf_error *err);

/* How deep policy_format's parentheses nest. */
size_t policy_text_depth(const struct policy *policy);

#endif
