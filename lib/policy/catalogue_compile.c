/* From the customer's language to the library's, and back for people. */
#include "policy/catalogue_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The two values of a label that has exactly two: "yes" and "no" of a set's value, or those of a
 * choice. False for every other label. */
static bool two_values(const char **first, const char **second, const struct catalogue_label *label)
{
    if (catalogue_is_set(label)) {
        *first = "yes";
        *second = "no";
        return true;
    }
    if (label->kind == CATALOGUE_CHOICE && label->value_count == 2) {
        *first = label->values[0].value;
        *second = label->values[1].value;
        return true;
    }
    return false;
}

struct compiler {
    const struct catalogue *catalogue;
    const char *text;
    size_t length;
    struct policy_error *problem;
    struct policy_draft *draft;
    struct arena arena; /* the new words */
};

static enum kf_status refuse(struct compiler *c, const struct policy_leaf *leaf, bool at_value,
                             const char *message, const char *suggestion)
{
    size_t at = at_value ? leaf->offset + leaf->length - leaf->value_length : leaf->offset;
    policy_problem_set(c->problem, c->text, c->length, at,
                       at_value ? leaf->value_length : leaf->label_length, "%s", message);
    if (suggestion[0] != '\0') {
        policy_problem_suggest(c->problem, "%s", suggestion);
    }
    return KF_ERR_USAGE;
}

static enum kf_status check_leaf(struct compiler *c, const struct policy_leaf *leaf,
                                 const struct catalogue_label *label)
{
    char message[POLICY_ERROR_TEXT_MAX];
    char suggestion[CATALOGUE_SUGGESTION_MAX];
    if (label == NULL) {
        catalogue_suggest_label(suggestion, c->catalogue, leaf->label, leaf->value);
        (void)snprintf(message, sizeof message, "unknown label `%.64s`", leaf->label);
        return refuse(c, leaf, false, message, suggestion);
    }
    if (label->kind != CATALOGUE_OPEN && catalogue_find_value(label, leaf->value) == NULL) {
        catalogue_suggest_value(suggestion, c->catalogue, label, leaf->value);
        (void)snprintf(message, sizeof message, "`%.64s` is no value of `%.64s`", leaf->value,
                       label->label);
        return refuse(c, leaf, true, message, suggestion);
    }
    return KF_OK;
}

static enum kf_status compile_leaf(struct policy_leaf *out, struct compiler *c,
                                   const struct policy_leaf *leaf)
{
    const struct catalogue_label *label = catalogue_find_label(c->catalogue, leaf->label);
    enum kf_status status = check_leaf(c, leaf, label);
    if (status != KF_OK) {
        return status;
    }
    const char *first = NULL;
    const char *second = NULL;
    *out = *leaf;
    if (catalogue_is_set(label)) {
        char *compiled = arena_take(&c->arena, CATALOGUE_SET_LABEL_MAX);
        if (compiled == NULL) {
            return KF_ERR_MEMORY;
        }
        catalogue_set_label(compiled, label, leaf->value);
        out->label = compiled;
        out->value = "yes";
    } else if (two_values(&first, &second, label) && strcmp(leaf->value, second) == 0) {
        out->value = first;
        out->positive = !leaf->positive;
    }
    out->label_length = (uint16_t)strlen(out->label);
    out->value_length = (uint16_t)strlen(out->value);
    return KF_OK;
}

/* The same circuit over other leaves. */
static void draft_from(struct policy_draft *draft, const struct policy *policy)
{
    memset(draft, 0, sizeof *draft);
    draft->leaf_count = policy->leaf_count;
    draft->gate_count = policy->gate_count;
    memcpy(draft->leaves, policy->leaves, policy->leaf_count * sizeof *policy->leaves);
    memcpy(draft->gates, policy->gates, policy->gate_count * sizeof *policy->gates);
}

static enum kf_status compile(struct policy **out, struct compiler *c, const struct policy *shown)
{
    enum kf_status status = KF_OK;
    draft_from(c->draft, shown);
    for (size_t i = 0; i < shown->leaf_count && status == KF_OK; i++) {
        status = compile_leaf(&c->draft->leaves[i], c, &shown->leaves[i]);
    }
    if (status != KF_OK) {
        return status;
    }
    struct policy *compiled = NULL;
    enum policy_verdict verdict = POLICY_SOUND;
    status = policy_build(&compiled, c->draft, NULL);
    if (status == KF_OK) {
        status = policy_check(&verdict, c->problem, compiled, shown, c->text, c->length);
    }
    if (status == KF_OK && verdict != POLICY_SOUND) {
        status = KF_ERR_USAGE;
    }
    if (status != KF_OK) {
        policy_free(compiled);
        return status;
    }
    *out = compiled;
    return KF_OK;
}

enum kf_status catalogue_compile(struct policy **out, const struct catalogue *catalogue,
                                 const char *text, size_t length, struct policy_error *problem,
                                 struct kf_error *err)
{
    struct policy_error own;
    struct policy *shown = NULL;
    struct compiler c = {.catalogue = catalogue,
                         .text = text,
                         .length = length,
                         .problem = problem != NULL ? problem : &own};
    enum kf_status status = policy_parse(&shown, text, length, c.problem, err);
    if (status != KF_OK) {
        return status;
    }
    c.draft = malloc(sizeof *c.draft);
    status = c.draft == NULL ? KF_ERR_MEMORY : compile(out, &c, shown);
    if (status == KF_ERR_MEMORY) {
        (void)kf_fail(err, status, "no memory to compile a policy");
    } else if (status != KF_OK) {
        (void)policy_error_report(err, status, c.problem, text, length);
    }
    arena_clear(&c.arena);
    free(c.draft);
    policy_free(shown);
    return status;
}

/* The set that the compiled label belongs to, and its value; or the plain label itself with NULL.
 */
static const struct catalogue_label *origin_of(const char **value,
                                               const struct catalogue *catalogue, const char *label)
{
    const struct catalogue_label *plain = catalogue_find_label(catalogue, label);
    *value = NULL;
    for (size_t i = 0; plain == NULL && i < catalogue->label_count; i++) {
        const struct catalogue_label *set = &catalogue->labels[i];
        for (size_t v = 0; catalogue_is_set(set) && v < set->value_count; v++) {
            char compiled[CATALOGUE_SET_LABEL_MAX];
            catalogue_set_label(compiled, set, set->values[v].value);
            if (strcmp(compiled, label) == 0) {
                *value = set->values[v].value;
                return set;
            }
        }
    }
    return plain;
}

enum kf_status catalogue_sealing_policy(struct policy **out, const struct catalogue *catalogue,
                                        const struct policy *compiled)
{
    struct policy *simple = NULL;
    enum kf_status status = policy_simplify(&simple, compiled);
    if (status != KF_OK) {
        return status;
    }
    struct policy_draft *draft = malloc(sizeof *draft);
    if (draft == NULL) {
        policy_free(simple);
        return KF_ERR_MEMORY;
    }
    draft_from(draft, simple);
    for (size_t i = 0; i < draft->leaf_count; i++) {
        struct policy_leaf *leaf = &draft->leaves[i];
        const char *value = NULL;
        const char *first = NULL;
        const char *second = NULL;
        const struct catalogue_label *label = origin_of(&value, catalogue, leaf->label);
        if (!leaf->positive && label != NULL && two_values(&first, &second, label) &&
            strcmp(leaf->value, first) == 0) {
            leaf->value = second;
            leaf->value_length = (uint16_t)strlen(second);
            leaf->positive = true;
        }
    }
    status = policy_build(out, draft, NULL);
    free(draft);
    policy_free(simple);
    return status;
}

enum kf_status catalogue_display(char **out, const struct catalogue *catalogue,
                                 const struct policy *compiled)
{
    struct policy *shown = NULL;
    struct policy_draft *draft = malloc(sizeof *draft);
    if (draft == NULL) {
        return KF_ERR_MEMORY;
    }
    draft_from(draft, compiled);
    for (size_t i = 0; i < draft->leaf_count; i++) {
        struct policy_leaf *leaf = &draft->leaves[i];
        const char *value = NULL;
        const char *first = NULL;
        const char *second = NULL;
        const struct catalogue_label *label = origin_of(&value, catalogue, leaf->label);
        bool is_first =
            label != NULL && two_values(&first, &second, label) && strcmp(leaf->value, first) == 0;
        bool is_second = first != NULL && strcmp(leaf->value, second) == 0;
        if (value != NULL && (is_first || is_second)) {
            leaf->label = label->label;
            leaf->value = value;
            leaf->positive = leaf->positive == is_first;
        } else if (value == NULL && is_first && !leaf->positive) {
            leaf->value = second;
            leaf->positive = true;
        }
        leaf->label_length = (uint16_t)strlen(leaf->label);
        leaf->value_length = (uint16_t)strlen(leaf->value);
    }
    enum kf_status status = policy_build(&shown, draft, NULL);
    if (status == KF_OK) {
        status = policy_format(out, shown);
    }
    policy_free(shown);
    free(draft);
    return status;
}
