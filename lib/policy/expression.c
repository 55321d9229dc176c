#include "policy/expression_int.h"

#include <stdlib.h>
#include <string.h>

enum {
    ABSORB_MAX = 256, /* operands of one gate compared pairwise; more are left alone */
};

struct expression *expression_leaf(struct arena *arena, const char *label, const char *value,
                                   bool positive)
{
    struct expression *leaf = arena_take(arena, sizeof *leaf);
    if (leaf != NULL) {
        *leaf = (struct expression){
            .kind = EXPRESSION_LEAF, .positive = positive, .label = label, .value = value};
    }
    return leaf;
}

/* Leaves first, by label, value, sign; then ANDs and ORs, operand by operand. The nesting, and so
 * the recursion, is that of a policy's text. */
static int compare(const struct expression *a, const struct expression *b)
{
    if (a == b) {
        return 0;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->kind == EXPRESSION_LEAF) {
        int order = strcmp(a->label, b->label);
        order = order != 0 ? order : strcmp(a->value, b->value);
        return order != 0 ? order : (int)b->positive - (int)a->positive;
    }
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = compare(a->operands[i], b->operands[i]);
        if (order != 0) {
            return order;
        }
    }
    return a->count == b->count ? 0 : a->count < b->count ? -1 : 1;
}

static int compare_pointers(const void *a, const void *b)
{
    return compare(*(struct expression *const *)a, *(struct expression *const *)b);
}

/* An operand seen as a list of operands of the other kind; itself alone when it is none. */
static size_t parts_of(struct expression *const **parts, struct expression *const *operand,
                       enum expression_kind other)
{
    if ((*operand)->kind == other) {
        *parts = (*operand)->operands;
        return (*operand)->count;
    }
    *parts = operand;
    return 1;
}

/* Whether a makes b superfluous beside it: in an OR when b's ANDed parts include all of a's, and
 * the other way round. Both lists are sorted. */
static bool absorbs(struct expression *const *a, struct expression *const *b,
                    enum expression_kind other)
{
    struct expression *const *pa = NULL;
    struct expression *const *pb = NULL;
    size_t na = parts_of(&pa, a, other);
    size_t nb = parts_of(&pb, b, other);
    size_t i = 0;
    for (size_t j = 0; i < na && j < nb; j++) {
        i += compare(pa[i], pb[j]) == 0 ? 1 : 0;
    }
    return i == na;
}

static size_t absorb(struct expression **operands, size_t count, enum expression_kind kind)
{
    enum expression_kind other = kind == EXPRESSION_AND ? EXPRESSION_OR : EXPRESSION_AND;
    if (count > ABSORB_MAX) {
        return count;
    }
    bool gone[ABSORB_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count && !gone[i]; j++) {
            gone[i] = j != i && !gone[j] && absorbs(&operands[j], &operands[i], other);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!gone[i]) {
            operands[kept++] = operands[i];
        }
    }
    return kept;
}

struct expression *expression_join(struct arena *arena, enum expression_kind kind,
                                   struct expression *const *operands, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (operands[i] == NULL) {
            return NULL;
        }
        total += operands[i]->kind == kind ? operands[i]->count : 1;
    }
    struct expression *joined = arena_take(arena, sizeof *joined);
    struct expression **flat = arena_take(arena, total * sizeof(struct expression *));
    if (joined == NULL || flat == NULL) {
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = operands[i]->kind == kind;
        size_t parts = same ? operands[i]->count : 1;
        memcpy(flat + n, same ? operands[i]->operands : &operands[i], parts * sizeof *flat);
        n += parts;
    }
    qsort(flat, n, sizeof *flat, compare_pointers);
    size_t distinct = 1;
    for (size_t i = 1; i < n; i++) {
        if (compare(flat[i], flat[distinct - 1]) != 0) {
            flat[distinct++] = flat[i];
        }
    }
    distinct = absorb(flat, distinct, kind);
    if (distinct == 1) {
        return flat[0];
    }
    *joined = (struct expression){.kind = kind, .operands = flat, .count = distinct};
    return joined;
}

/* The operands of the largest group of gates of one class around `wire`, made into one join. The
 * recursion goes down one change of class at a time. */
static struct expression *of_wire(struct arena *arena, const struct policy *policy,
                                  const uint16_t *makers, uint16_t wire)
{
    size_t n = policy->gate_count;
    if (wire <= n) {
        const struct policy_leaf *leaf = &policy->leaves[wire];
        return expression_leaf(arena, leaf->label, leaf->value, leaf->positive);
    }
    uint8_t class = policy->gates[makers[wire - n - 1]].class;
    /* A gate's inputs replace it on the stack, so stack and operands together never outgrow the
     * leaves. */
    uint16_t *stack = arena_take(arena, ((size_t)n + 2) * sizeof *stack);
    struct expression **operands = arena_take(arena, ((size_t)n + 2) * sizeof *operands);
    if (stack == NULL || operands == NULL) {
        return NULL;
    }
    size_t height = 0;
    size_t count = 0;
    stack[height++] = wire;
    while (height > 0) {
        uint16_t at = stack[--height];
        const struct policy_gate *gate = at > n ? &policy->gates[makers[at - n - 1]] : NULL;
        if (gate != NULL && gate->class == class) {
            stack[height++] = gate->in0;
            stack[height++] = gate->in1;
        } else {
            operands[count++] = of_wire(arena, policy, makers, at);
        }
    }
    return expression_join(arena, class == POLICY_AND ? EXPRESSION_AND : EXPRESSION_OR, operands,
                           count);
}

struct expression *expression_of_policy(struct arena *arena, const struct policy *policy)
{
    uint16_t makers[POLICY_LEAVES_MAX + 1];
    for (size_t i = 0; i < policy->gate_count; i++) {
        makers[policy->gates[i].out - policy->gate_count - 1] = (uint16_t)i;
    }
    return of_wire(arena, policy, makers, (uint16_t)(2 * policy->gate_count));
}

static void print(FILE *out, const struct expression *e)
{
    if (e->kind == EXPRESSION_LEAF) {
        (void)fprintf(out, "%s%s: %s", e->positive ? "" : "not ", e->label, e->value);
        return;
    }
    for (size_t i = 0; i < e->count; i++) {
        if (i > 0) {
            (void)fputs(e->kind == EXPRESSION_AND ? " and " : " or ", out);
        }
        bool wrap = e->kind == EXPRESSION_AND && e->operands[i]->kind == EXPRESSION_OR;
        (void)fputs(wrap ? "(" : "", out);
        print(out, e->operands[i]);
        (void)fputs(wrap ? ")" : "", out);
    }
}

enum kf_status expression_text(char **out, const struct expression *expression)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL) {
        return KF_ERR_MEMORY;
    }
    print(stream, expression);
    bool failed = ferror(stream) != 0;
    failed = fclose(stream) != 0 || failed;
    if (failed) {
        free(text);
        return KF_ERR_MEMORY;
    }
    *out = text;
    return KF_OK;
}
