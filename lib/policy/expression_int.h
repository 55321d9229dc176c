/* Expressions with any number of operands: what normal forms are built from and printed as.
 *
 * Every expression made here is flat (no AND directly in an AND), sorted, without duplicates and
 * without absorbed operands (`a or (a and b)` is `a`), so two that were made from the same parts in
 * any order are equal. Memory comes from an arena, freed at once. */
#ifndef KEYFENCE_POLICY_EXPRESSION_INT_H
#define KEYFENCE_POLICY_EXPRESSION_INT_H

#include "policy/arena_int.h"
#include "policy/primes_int.h"

enum expression_kind { EXPRESSION_LEAF, EXPRESSION_AND, EXPRESSION_OR };

struct expression {
    enum expression_kind kind;
    bool positive; /* of a leaf */
    const char *label;
    const char *value;
    struct expression **operands;
    size_t count;
};

/* All three return NULL once the arena failed, and take NULL operands in their stride. */
struct expression *expression_leaf(struct arena *arena, const char *label, const char *value,
                                   bool positive);
/* Requires count >= 1. The operands are borrowed for the call; their expressions are kept. */
struct expression *expression_join(struct arena *arena, enum expression_kind kind,
                                   struct expression *const *operands, size_t count);
struct expression *expression_of_policy(struct arena *arena, const struct policy *policy);

/* The factored form of a cover. Requires cover->count >= 1. */
struct expression *expression_of_cover(struct arena *arena, const struct diagram *d,
                                       const struct cover *cover);

/* A heap string for free(). KF_ERR_MEMORY. */
enum kf_status expression_text(char **out, const struct expression *expression);

#endif
