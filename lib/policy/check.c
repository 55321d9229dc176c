/* Policies that nothing satisfies, or everything: which part of the text is to blame. */
#include "policy/diagram_int.h"

#include <stdlib.h>
#include <string.h>

struct check {
    const struct policy *policy;
    const struct policy *shown;
    const char *text;
    size_t length;
    struct diagram *diagram;
    uint32_t nodes[POLICY_WIRES_MAX + 2]; /* by wire */
    struct policy_error *problem;
};

/* Marks the leaves below a wire. */
static void mark_leaves(bool *below, const struct policy *policy, uint16_t wire)
{
    bool wanted[POLICY_WIRES_MAX + 2] = {false};
    wanted[wire] = true;
    for (size_t i = policy->gate_count; i-- > 0;) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        wanted[gate->in0] = wanted[gate->in0] || wanted[gate->out];
        wanted[gate->in1] = wanted[gate->in1] || wanted[gate->out];
    }
    memcpy(below, wanted, policy->leaf_count * sizeof *below);
}

/* Whether the leaf alone decides for the gate's input: the input needs it (AND), or it is enough
 * for the input (OR). Only such leaves explain the gate. */
static bool decides(struct check *c, const struct policy_gate *gate, uint16_t input, size_t leaf)
{
    uint32_t both = gate->class == POLICY_AND
                        ? diagram_and(c->diagram, c->nodes[input], c->nodes[leaf])
                        : diagram_or(c->diagram, c->nodes[input], c->nodes[leaf]);
    return both == c->nodes[input];
}

/* Two leaves, one below each input of the gate, that alone make it hold never (AND) or always (OR).
 */
static bool find_pair(size_t *first, size_t *second, struct check *c,
                      const struct policy_gate *gate)
{
    bool left[POLICY_LEAVES_MAX + 1];
    bool right[POLICY_LEAVES_MAX + 1];
    struct diagram *d = c->diagram;
    mark_leaves(left, c->policy, gate->in0);
    mark_leaves(right, c->policy, gate->in1);
    for (size_t i = 0; i < c->policy->leaf_count; i++) {
        left[i] = left[i] && decides(c, gate, gate->in0, i);
        right[i] = right[i] && decides(c, gate, gate->in1, i);
    }
    for (size_t i = 0; i < c->policy->leaf_count; i++) {
        for (size_t j = 0; left[i] && j < c->policy->leaf_count; j++) {
            if (!right[j] || strcmp(c->policy->leaves[i].label, c->policy->leaves[j].label) != 0) {
                continue;
            }
            bool blamed = gate->class == POLICY_AND
                              ? diagram_and(d, c->nodes[i], c->nodes[j]) == DIAGRAM_FALSE
                              : diagram_always(d, diagram_or(d, c->nodes[i], c->nodes[j]));
            if (blamed) {
                *first = i < j ? i : j;
                *second = i < j ? j : i;
                return true;
            }
        }
    }
    return false;
}

/* What a leaf's caret covers; the whole text when the policy was not parsed. */
static void blame(struct check *c, size_t first, size_t last, const char *message)
{
    size_t from = c->shown->leaves[first].offset;
    size_t to = c->shown->leaves[last].offset + c->shown->leaves[last].length;
    policy_problem_set(c->problem, c->text, c->length, from, to > from ? to - from : 0, "%s",
                       message);
}

static void describe_leaf(char *out, size_t capacity, const struct check *c, size_t leaf)
{
    const struct policy_leaf *l = &c->shown->leaves[leaf];
    (void)snprintf(out, capacity, "`%s%.40s: %.40s`", l->positive ? "" : "not ", l->label,
                   l->value);
}

/* The part as a whole is to blame: no two leaves alone explain it. */
static void blame_part(struct check *c, uint16_t wire, const char *message)
{
    bool below[POLICY_LEAVES_MAX + 1];
    size_t first = c->policy->leaf_count;
    size_t last = 0;
    mark_leaves(below, c->policy, wire);
    for (size_t i = 0; i < c->policy->leaf_count; i++) {
        if (below[i]) {
            first = i < first ? i : first;
            last = i;
        }
    }
    blame(c, first, last, message);
}

static void explain_never(struct check *c, const struct policy_gate *gate, const char *subject)
{
    size_t first = 0;
    size_t second = 0;
    char message[POLICY_ERROR_TEXT_MAX];
    if (!find_pair(&first, &second, c, gate)) {
        (void)snprintf(message, sizeof message, "nothing can satisfy %s", subject);
        blame_part(c, gate->out, message);
        return;
    }
    char a[96];
    char b[96];
    describe_leaf(a, sizeof a, c, first);
    describe_leaf(b, sizeof b, c, second);
    (void)snprintf(message, sizeof message, "nothing can satisfy %s: %s and %s exclude each other",
                   subject, a, b);
    blame(c, second, second, message);
    const struct policy_leaf *x = &c->shown->leaves[first];
    const struct policy_leaf *y = &c->shown->leaves[second];
    if (x->positive && y->positive) {
        policy_problem_suggest(c->problem, "`%.40s` has one value: did you mean `or`?", x->label);
    }
}

static void explain_always(struct check *c, const struct policy_gate *gate)
{
    size_t first = 0;
    size_t second = 0;
    char message[POLICY_ERROR_TEXT_MAX];
    if (!find_pair(&first, &second, c, gate)) {
        blame_part(c, gate->out, "this holds whatever the values are, so it restricts nothing");
        return;
    }
    char a[96];
    char b[96];
    describe_leaf(a, sizeof a, c, first);
    describe_leaf(b, sizeof b, c, second);
    (void)snprintf(message, sizeof message,
                   "%s or %s holds for every value of `%.40s`, so it restricts nothing", a, b,
                   c->shown->leaves[first].label);
    blame(c, second, second, message);
    if (!c->shown->leaves[first].positive && !c->shown->leaves[second].positive) {
        policy_problem_suggest(c->problem, "did you mean `and`?");
    }
}

static bool at_fault(const struct check *c, uint16_t wire, bool always)
{
    return always ? diagram_always(c->diagram, c->nodes[wire]) : c->nodes[wire] == DIAGRAM_FALSE;
}

/* The first gate that never (or always) holds though neither input does so by itself. */
static const struct policy_gate *find_gate(const struct check *c, bool always)
{
    for (size_t i = 0; i < c->policy->gate_count; i++) {
        const struct policy_gate *gate = &c->policy->gates[c->policy->order[i]];
        if (at_fault(c, gate->out, always) && !at_fault(c, gate->in0, always) &&
            !at_fault(c, gate->in1, always)) {
            return gate;
        }
    }
    return NULL;
}

static enum policy_verdict judge(struct check *c)
{
    uint32_t result = c->nodes[2 * c->policy->gate_count];
    const struct policy_gate *never = find_gate(c, false);
    enum policy_verdict verdict = POLICY_SOUND;
    if (result == DIAGRAM_FALSE) {
        verdict = POLICY_UNSATISFIABLE;
    } else if (diagram_always(c->diagram, result)) {
        verdict = POLICY_ALWAYS;
    } else if (never != NULL) {
        verdict = POLICY_DEAD_PART;
    }
    if (c->problem == NULL || verdict == POLICY_SOUND) {
        return verdict;
    }
    if (verdict == POLICY_ALWAYS) {
        explain_always(c, find_gate(c, true));
    } else {
        explain_never(c, never,
                      verdict == POLICY_UNSATISFIABLE ? "this policy" : "this part of the policy");
    }
    return verdict;
}

enum kf_status policy_check(enum policy_verdict *verdict, struct policy_error *problem,
                            const struct policy *policy, const struct policy *shown,
                            const char *text, size_t length)
{
    *verdict = POLICY_SOUND;
    struct check *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return KF_ERR_MEMORY;
    }
    *c = (struct check){.policy = policy,
                        .shown = shown != NULL ? shown : policy,
                        .text = text,
                        .length = length,
                        .problem = problem};
    enum kf_status status = diagram_new(&c->diagram, policy);
    if (status == KF_OK) {
        diagram_wires(c->nodes, c->diagram, policy);
        if (!c->diagram->exhausted) {
            *verdict = judge(c);
        }
        free(c->diagram);
    }
    free(c);
    return status == KF_ERR_MEMORY ? status : KF_OK;
}
