/* A circuit as text, with the fewest parentheses from which the parser rebuilds the same circuit:
 * around an OR below an AND, and around a right operand of its gate's own class (the parser groups
 * to the left). Explicit stacks: a chain of a thousand gates is legal. */
#include "policy/policy_int.h"

#include <stdlib.h>
#include <string.h>

enum { LEFT, RIGHT };

/* Which gate makes each output wire, by wire - (gate_count + 1). */
static void find_makers(uint16_t *makers, const struct policy *policy)
{
    for (size_t i = 0; i < policy->gate_count; i++) {
        makers[policy->gates[i].out - policy->gate_count - 1] = (uint16_t)i;
    }
}

static bool needs_parentheses(const struct policy_gate *parent, const struct policy_gate *child,
                              int side)
{
    return (parent->class == POLICY_AND && child->class == POLICY_OR) ||
           (side == RIGHT && parent->class == child->class);
}

size_t policy_text_depth(const struct policy *policy)
{
    uint16_t makers[POLICY_LEAVES_MAX + 1];
    size_t depth[POLICY_LEAVES_MAX + 1]; /* parentheses within the gate's own text */
    size_t n = policy->gate_count;
    if (n == 0) {
        return 0;
    }
    find_makers(makers, policy);
    for (size_t i = 0; i < n; i++) {
        size_t k = policy->order[i];
        const struct policy_gate *gate = &policy->gates[k];
        uint16_t inputs[2] = {gate->in0, gate->in1};
        depth[k] = 0;
        for (int side = LEFT; side <= RIGHT; side++) {
            if (inputs[side] <= n) {
                /* A negated leaf is a level of its own to the parser. */
                size_t one = policy->leaves[inputs[side]].positive ? 0 : 1;
                depth[k] = one > depth[k] ? one : depth[k];
                continue;
            }
            size_t child = makers[inputs[side] - n - 1];
            size_t below =
                depth[child] + (needs_parentheses(gate, &policy->gates[child], side) ? 1 : 0);
            depth[k] = below > depth[k] ? below : depth[k];
        }
    }
    return depth[makers[n - 1]];
}

/* What is still to be printed, last first: a wire, or a fixed string when text is not NULL. */
struct pending {
    const char *text;
    uint16_t wire;
};

struct printer {
    const struct policy *policy;
    uint16_t makers[POLICY_LEAVES_MAX + 1];
    struct pending stack[4 * POLICY_LEAVES_MAX + 8];
    size_t height;
};

static void push_operand(struct printer *p, const struct policy_gate *gate, uint16_t wire, int side)
{
    size_t n = p->policy->gate_count;
    bool wrap =
        wire > n && needs_parentheses(gate, &p->policy->gates[p->makers[wire - n - 1]], side);
    if (wrap) {
        p->stack[p->height++] = (struct pending){.text = ")"};
    }
    p->stack[p->height++] = (struct pending){.wire = wire};
    if (wrap) {
        p->stack[p->height++] = (struct pending){.text = "("};
    }
}

static void print_all(FILE *out, struct printer *p)
{
    size_t n = p->policy->gate_count;
    p->stack[p->height++] = (struct pending){.wire = (uint16_t)(2 * n)};
    while (p->height > 0) {
        struct pending next = p->stack[--p->height];
        if (next.text != NULL) {
            (void)fputs(next.text, out);
        } else if (next.wire <= n) {
            const struct policy_leaf *leaf = &p->policy->leaves[next.wire];
            (void)fprintf(out, "%s%s: %s", leaf->positive ? "" : "not ", leaf->label, leaf->value);
        } else {
            const struct policy_gate *gate = &p->policy->gates[p->makers[next.wire - n - 1]];
            push_operand(p, gate, gate->in1, RIGHT);
            p->stack[p->height++] =
                (struct pending){.text = gate->class == POLICY_AND ? " and " : " or "};
            push_operand(p, gate, gate->in0, LEFT);
        }
    }
}

enum kf_status policy_format(char **out, const struct policy *policy)
{
    struct printer *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return KF_ERR_MEMORY;
    }
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL) {
        free(p);
        return KF_ERR_MEMORY;
    }
    p->policy = policy;
    find_makers(p->makers, policy);
    print_all(stream, p);
    bool failed = ferror(stream) != 0;
    failed = fclose(stream) != 0 || failed;
    free(p);
    if (failed) {
        free(text);
        return KF_ERR_MEMORY;
    }
    *out = text;
    return KF_OK;
}
