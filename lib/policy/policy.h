/* The policy language, the circuit it compiles to, and what can be asked of a circuit.
 *
 * Language (exactly CIRCL's): a leaf is `label: value`; leaves combine with `not`, `and`, `or`
 * (binding in that order, the tightest first; `and` and `or` group to the left) and parentheses.
 * Labels and values are words of A-Z a-z 0-9 and _; keywords are lower case. One departure, towards
 * refusal: CIRCL's parser ignores what follows the first complete expression, so that `a: 1) and
 * b: 2` means `a: 1`; here a policy is never weaker than it reads, and the rest is an error.
 *
 * Meaning: a machine carries at most one value for each label. `label: value` holds when it carries
 * that value; `not label: value` holds when it carries the label with another value (a machine
 * without the label satisfies neither).
 *
 * Circuit: n binary gates over n+1 leaves, numbered as CIRCL numbers them, because the numbers are
 * part of its ciphertext format: leaves are wires 0..n in the order written, the gates' outputs are
 * n+1..2n in the order the parser closes them, the last one, 2n, is the result. NOT is pushed down
 * to the leaves (De Morgan). Every wire but the result is used exactly once, so a circuit is a
 * tree.
 *
 * Invariants of every struct policy that these functions hand out: the shape above; 1 to
 * POLICY_LEAVES_MAX leaves (one more after policy_with_and_leaf); labels and values are words, not
 * keywords, not longer than POLICY_WORD_MAX; policy_format's text parses again to the same circuit.
 *
 * Ownership: a struct policy is one heap block with everything in it; release with policy_free.
 * Evaluation and choice allocate nothing. Threads: immutable once made, so share freely.
 * Not constant-time: policies and attributes are public. */
#ifndef KEYFENCE_POLICY_POLICY_H
#define KEYFENCE_POLICY_POLICY_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POLICY_LEAVES_MAX = 1024,
    POLICY_WIRES_MAX = 2 * POLICY_LEAVES_MAX + 1, /* with the leaf that policy_with_and_leaf adds */
    POLICY_WORD_MAX = 255,                        /* bytes of a label or of a value */
    POLICY_DEPTH_MAX = 64,     /* nested parentheses and chained NOTs, as CIRCL */
    POLICY_TEXT_MAX = 1 << 20, /* bytes of a policy's text */
    POLICY_ERROR_TEXT_MAX = 320,
};

enum policy_gate_class { POLICY_AND = 0, POLICY_OR = 1 }; /* CIRCL's wire values */

struct policy_gate {
    uint16_t in0;
    uint16_t in1;
    uint16_t out;
    uint8_t class; /* enum policy_gate_class */
};

struct policy_leaf {
    const char *label; /* both end in NUL, which the length does not count */
    const char *value;
    uint16_t label_length;
    uint16_t value_length;
    uint16_t repeat; /* repeat index: how many earlier leaves have this label (CIRCL's pi) */
    bool positive;
    uint32_t offset; /* where `label: value` stands in the text that was parsed, in bytes; */
    uint32_t length; /* 0 when the policy was not parsed */
};

struct policy {
    uint16_t leaf_count; /* gate_count + 1 */
    uint16_t gate_count;
    uint16_t repeat_count; /* the greatest repeat index plus one */
    const struct policy_leaf *leaves;
    const struct policy_gate *gates; /* as written or as they arrived: the order of the encoding */
    /* Indices into gates such that inputs come before outputs, in the very order of CIRCL's
     * breadth-first sort: it decides which random numbers go to which gate. */
    const uint16_t *order;
};

/* What is wrong, and where. Lines and columns count from 1; columns count characters. */
struct policy_error {
    size_t offset; /* bytes into the text */
    size_t line;
    size_t column;
    size_t length;                          /* characters underlined; at least 1 */
    char message[POLICY_ERROR_TEXT_MAX];    /* one sentence, no position, no newline */
    char suggestion[POLICY_ERROR_TEXT_MAX]; /* "did you mean ...?" or a hint; may be empty */
};

/* Parses `length` bytes of text (no NUL needed). KF_ERR_MALFORMED for errors of syntax,
 * KF_ERR_LIMIT beyond a bound above, KF_ERR_MEMORY. On failure *out is untouched and, when not
 * NULL, *problem is filled (but for KF_ERR_MEMORY) and *err holds policy_error_text(). */
KF_MUST_USE enum kf_status policy_parse(struct policy **out, const char *text, size_t length,
                                        struct policy_error *problem, struct kf_error *err);

/* Writes to err (when not NULL) what a person reads, and returns status:
 *     line 1, column 13: unknown operator "AND"; did you mean "and"?
 *       country: FR AND fips: yes
 *                   ^~~
 * `text` is what the problem's positions count in. */
enum kf_status policy_error_report(struct kf_error *err, enum kf_status status,
                                   const struct policy_error *problem, const char *text,
                                   size_t length);

/* A leaf as it came out of a ciphertext: borrowed bytes, nothing checked. */
struct policy_part {
    const uint8_t *label;
    size_t label_length;
    const uint8_t *value;
    size_t value_length;
    bool positive;
};

/* Builds a policy from leaves and gates that someone else sent. Requires nothing of them; refuses
 * with KF_ERR_MALFORMED every circuit that breaks the invariants above (a wire out of range, unused
 * or used twice, a cycle, leaf_count != gate_count + 1, a label that is no word) and with
 * KF_ERR_LIMIT what is longer, larger or nested deeper than any text may be. Copies its input. */
KF_MUST_USE enum kf_status policy_from_parts(struct policy **out, const struct policy_part *parts,
                                             size_t part_count, const struct policy_gate *gates,
                                             size_t gate_count, struct kf_error *err);

/* `policy and label: value`, numbered as CIRCL's insertAnd numbers it: the new leaf is the last,
 * its gate the last. For the leaf of the Boneh-Katz transform, whose label is no word of the
 * language; so the label is checked for length and NUL alone, and the result is for sharing,
 * choosing and evaluating, never for printing. Requires that policy itself did not come from here.
 */
KF_MUST_USE enum kf_status policy_with_and_leaf(struct policy **out, const struct policy *policy,
                                                const char *label, const char *value);

void policy_free(struct policy *policy); /* NULL is ignored */

/* Same leaves in the same order and the same gates, that is the same encoding. For "the same
 * meaning" compare normal forms. */
bool policy_equal(const struct policy *a, const struct policy *b);

/* The repeat index of each leaf, leaf_count of them (also in leaves[i].repeat). */
void policy_repeat_indices(uint16_t *out, const struct policy *policy);

/* The text of the circuit, with the fewest parentheses that keep its shape; *out is a
 * NUL-terminated heap string for free(). KF_ERR_MEMORY only. */
KF_MUST_USE enum kf_status policy_format(char **out, const struct policy *policy);

struct policy_attribute {
    const char *label;
    const char *value;
};

/* Whether one leaf holds for these attributes. A label that occurs twice with different values is a
 * caller's bug; the first counts. */
bool policy_leaf_holds(const struct policy_leaf *leaf, const struct policy_attribute *attributes,
                       size_t attribute_count);

/* Whether the attributes satisfy the policy. O(leaves x attributes + gates). */
bool policy_evaluate(const struct policy *policy, const struct policy_attribute *attributes,
                     size_t attribute_count);

/* Whether the circuit is true when leaf i has the value holds[i] (leaf_count of them). */
bool policy_evaluate_leaves(const struct policy *policy, const bool *holds);

struct policy_choice {
    uint16_t leaf_count; /* how many leaves were chosen */
    uint16_t negated_count;
    uint16_t
        repeat_count; /* d: distinct repeat indices among them; decryption takes 7+4d pairings */
    bool exact;       /* proven the best; false when the search ran out of its budget */
};

/* Chooses a satisfying set among the available leaves: a set that satisfies the circuit with no
 * leaf to spare, with the fewest distinct repeat indices, then the fewest negated leaves, then the
 * fewest leaves; ties go to the leaf written first. chosen[i] tells whether leaf i is in it;
 * summary may be NULL. KF_ERR_UNSATISFIED, with the outputs untouched, when there is none.
 *
 * Method: for a fixed set of allowed indices the cheapest set is one pass over the tree. Indices
 * without which nothing satisfies are allowed from the start, then sets of 0, 1, 2, ... further
 * indices are tried, so the first that satisfies is optimal. The general problem is as hard as
 * covering sets, so a budget bounds the time (about 10 ms); beyond it indices are dropped greedily
 * from the highest. Policies with up to 16 indices in play and 32 leaves are always exact. */
KF_MUST_USE enum kf_status policy_choose(bool *chosen, struct policy_choice *summary,
                                         const struct policy *policy, const bool *available);

/* The normal form: one text for all policies that mean the same, however they are spelled. *out is
 * a NUL-terminated heap string for free(); it parses, and is satisfied by exactly the attributes
 * that satisfy the policy. *canonical (may be NULL) tells whether "the same meaning" was decided
 * exactly: it is unless the policy is of a complexity no person writes (hundreds of labels or of
 * prime implicants); then the text is only flattened, sorted, freed of duplicates and absorbed
 * parts.
 *
 * Method: a decision diagram with one level a label and one branch for each value that the policy
 * names, for any other value and for "missing"; its prime implicants, whose parts are sets of
 * values; an irredundant cover of them, chosen by cost and then by order; the cover factored. Every
 * step depends on the meaning alone.
 *
 * KF_ERR_UNSATISFIED when no attributes satisfy the policy (there is nothing to write), else
 * KF_ERR_MEMORY. Not for hot paths: allocates about 3 MB, takes 0.2 ms on what people write and up
 * to a second on policies made to be hard. Too complex begins at 65 labels, about 380 values, 257
 * prime implicants, or where the diagram outgrows its bounds. */
KF_MUST_USE enum kf_status policy_normal_form(char **out, bool *canonical,
                                              const struct policy *policy);

/* The policy to encrypt under: equivalent to the given one, and the cheapest of it, its flattened
 * form and its normal form, by repeat indices (each costs 4 pairings to open), then leaves, then
 * negated leaves. Errors as policy_normal_form. */
KF_MUST_USE enum kf_status policy_simplify(struct policy **out, const struct policy *policy);

enum policy_verdict {
    POLICY_SOUND,
    POLICY_UNSATISFIABLE, /* no attributes satisfy it */
    POLICY_ALWAYS,        /* whoever has the labels it names satisfies it, whatever their values */
    POLICY_DEAD_PART,     /* satisfiable, but some part of it never is */
};

/* Whether the policy says something, and where it does not: problem (when not NULL) is filled for
 * every verdict but POLICY_SOUND, in terms of the text that `shown` was parsed from. `shown` has
 * the same leaves in other words: what the customer wrote, when policy is its translation; NULL
 * when they are the same. Policies too complex to decide count as sound. KF_ERR_MEMORY only. */
KF_MUST_USE enum kf_status policy_check(enum policy_verdict *verdict, struct policy_error *problem,
                                        const struct policy *policy, const struct policy *shown,
                                        const char *text, size_t length);

#endif
