/* The normal form, the form to encrypt under, and policies that say nothing; policy.h has the
 * statements. */
#include "policy/expression_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The canonical text; KF_ERR_LIMIT when the policy is too complex, KF_ERR_UNSATISFIED. */
static enum kf_status canonical_text(char **out, struct arena *arena, const struct policy *policy)
{
    struct diagram *d = NULL;
    struct cover *cover = NULL;
    uint32_t wires[POLICY_WIRES_MAX + 2];
    enum kf_status status = diagram_new(&d, policy);
    if (status != KF_OK) {
        return status;
    }
    diagram_wires(wires, d, policy);
    uint32_t result = wires[2 * policy->gate_count];
    cover = malloc(sizeof *cover);
    if (cover == NULL) {
        status = KF_ERR_MEMORY;
    } else if (d->exhausted) {
        status = KF_ERR_LIMIT;
    } else if (result == DIAGRAM_FALSE) {
        status = KF_ERR_UNSATISFIED;
    } else {
        status = cover_find(cover, d, result);
    }
    if (status == KF_OK) {
        struct expression *expression = expression_of_cover(arena, d, cover);
        status = expression == NULL ? KF_ERR_MEMORY : expression_text(out, expression);
    }
    free(cover);
    free(d);
    return status;
}

static enum kf_status flat_text(char **out, struct arena *arena, const struct policy *policy)
{
    struct expression *expression = expression_of_policy(arena, policy);
    return expression == NULL ? KF_ERR_MEMORY : expression_text(out, expression);
}

enum kf_status policy_normal_form(char **out, bool *canonical, const struct policy *policy)
{
    struct arena arena = {0};
    char *text = NULL;
    enum kf_status status = canonical_text(&text, &arena, policy);
    bool exact = status == KF_OK;
    if (status == KF_ERR_LIMIT) {
        status = flat_text(&text, &arena, policy);
    }
    arena_clear(&arena);
    if (status == KF_OK) {
        *out = text;
        if (canonical != NULL) {
            *canonical = exact;
        }
    }
    return status;
}

static size_t count_negated(const struct policy *policy)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->leaf_count; i++) {
        count += policy->leaves[i].positive ? 0 : 1;
    }
    return count;
}

static bool cheaper(const struct policy *a, const struct policy *b)
{
    if (a->repeat_count != b->repeat_count) {
        return a->repeat_count < b->repeat_count;
    }
    if (a->leaf_count != b->leaf_count) {
        return a->leaf_count < b->leaf_count;
    }
    return count_negated(a) < count_negated(b);
}

/* Parses the text (and frees it) into *best when it is cheaper than what is there. A text longer or
 * deeper than a policy may be is no candidate. */
static enum kf_status consider(struct policy **best, char *text)
{
    struct policy *policy = NULL;
    enum kf_status status = policy_parse(&policy, text, strlen(text), NULL, NULL);
    free(text);
    if (status != KF_OK) {
        return status == KF_ERR_MEMORY ? status : KF_OK;
    }
    if (*best == NULL || cheaper(policy, *best)) {
        policy_free(*best);
        *best = policy;
    } else {
        policy_free(policy);
    }
    return KF_OK;
}

enum kf_status policy_simplify(struct policy **out, const struct policy *policy)
{
    struct arena arena = {0};
    struct policy *best = NULL;
    char *text = NULL;
    enum kf_status status = canonical_text(&text, &arena, policy);
    if (status == KF_OK) {
        status = consider(&best, text);
    } else if (status == KF_ERR_LIMIT) {
        status = KF_OK;
    }
    if (status == KF_OK && (status = flat_text(&text, &arena, policy)) == KF_OK) {
        status = consider(&best, text);
    }
    if (status == KF_OK && (status = policy_format(&text, policy)) == KF_OK) {
        status = consider(&best, text);
    }
    arena_clear(&arena);
    if (status != KF_OK) {
        policy_free(best);
        return status;
    }
    assert(best != NULL); /* the policy's own text always parses */
    *out = best;
    return KF_OK;
}
