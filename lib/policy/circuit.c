/* Making circuits: the one block of memory, the check of the tree, CIRCL's order, the AND leaf. */
#include "policy/policy_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Every wire but the result feeds exactly one gate, every output number belongs to one gate. With
 * n gates: leaves 0..n, outputs n+1..2n, the result 2n. */
static enum kf_status check_wires(const struct policy_draft *draft, struct kf_error *err)
{
    size_t n = draft->gate_count;
    bool used[POLICY_WIRES_MAX + 1] = {false};
    bool made[POLICY_WIRES_MAX + 1] = {false};
    for (size_t i = 0; i < n; i++) {
        const struct policy_gate *gate = &draft->gates[i];
        if (gate->class != POLICY_AND && gate->class != POLICY_OR) {
            return kf_fail(err, KF_ERR_MALFORMED, "policy: gate %zu is neither AND nor OR", i);
        }
        if (gate->in0 >= 2 * n || gate->in1 >= 2 * n || gate->out <= n || gate->out > 2 * n) {
            return kf_fail(err, KF_ERR_MALFORMED, "policy: gate %zu has a wire out of range", i);
        }
        if (gate->in0 == gate->in1 || used[gate->in0] || used[gate->in1]) {
            return kf_fail(err, KF_ERR_MALFORMED, "policy: gate %zu takes a wire used already", i);
        }
        if (made[gate->out]) {
            return kf_fail(err, KF_ERR_MALFORMED, "policy: gate %zu makes a wire made already", i);
        }
        used[gate->in0] = true;
        used[gate->in1] = true;
        made[gate->out] = true;
    }
    /* 2n inputs, all different and below 2n: none is unused. n outputs likewise. */
    return KF_OK;
}

/* CIRCL's order: gates whose inputs are all leaves, by number; then, first in first out, each gate
 * whose second input became ready. Gates on a cycle are never ready. */
static enum kf_status sort_gates(uint16_t *order, const struct policy_draft *draft,
                                 struct kf_error *err)
{
    size_t n = draft->gate_count;
    uint16_t reader[POLICY_WIRES_MAX + 1]; /* the gate that takes this wire */
    uint8_t waiting[POLICY_LEAVES_MAX];    /* inputs not yet ready */
    size_t tail = 0;
    for (size_t i = 0; i < n; i++) {
        const struct policy_gate *gate = &draft->gates[i];
        reader[gate->in0] = (uint16_t)i;
        reader[gate->in1] = (uint16_t)i;
        waiting[i] = (uint8_t)((gate->in0 > n ? 1 : 0) + (gate->in1 > n ? 1 : 0));
        if (waiting[i] == 0) {
            order[tail++] = (uint16_t)i;
        }
    }
    for (size_t head = 0; head < tail; head++) {
        uint16_t out = draft->gates[order[head]].out;
        if (out == 2 * n) {
            continue;
        }
        uint16_t next = reader[out];
        if (--waiting[next] == 0) {
            order[tail++] = next;
        }
    }
    if (tail != n) {
        return kf_fail(err, KF_ERR_MALFORMED, "policy: the gates form a cycle");
    }
    return KF_OK;
}

static uint32_t hash_label(const struct policy_leaf *leaf)
{
    uint32_t h = 2166136261u; /* FNV-1a; only a filter before the comparison */
    for (size_t i = 0; i < leaf->label_length; i++) {
        h = (h ^ (unsigned char)leaf->label[i]) * 16777619u;
    }
    return h;
}

/* Sets each leaf's repeat index; returns the greatest plus one. The nearest earlier leaf with the
 * same label has the index before. */
static uint16_t count_repeats(struct policy_leaf *leaves, size_t count)
{
    uint32_t hashes[POLICY_LEAVES_MAX + 1];
    uint16_t most = 0;
    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash_label(&leaves[i]);
        leaves[i].repeat = 0;
        for (size_t j = i; j-- > 0;) {
            if (hashes[j] == hashes[i] && leaves[j].label_length == leaves[i].label_length &&
                memcmp(leaves[j].label, leaves[i].label, leaves[i].label_length) == 0) {
                leaves[i].repeat = (uint16_t)(leaves[j].repeat + 1);
                break;
            }
        }
        most = leaves[i].repeat > most ? leaves[i].repeat : most;
    }
    return (uint16_t)(most + 1);
}

static char *copy_word(char *to, const char **field, const char *from, size_t length)
{
    memcpy(to, from, length);
    to[length] = '\0';
    *field = to;
    return to + length + 1;
}

enum kf_status policy_build(struct policy **out, const struct policy_draft *draft,
                            struct kf_error *err)
{
    uint16_t order[POLICY_LEAVES_MAX];
    assert(draft->leaf_count >= 1 && draft->leaf_count == draft->gate_count + 1);
    enum kf_status status = check_wires(draft, err);
    if (status == KF_OK) {
        status = sort_gates(order, draft, err);
    }
    if (status != KF_OK) {
        return status;
    }
    size_t leaves_size = draft->leaf_count * sizeof(struct policy_leaf);
    size_t gates_size = draft->gate_count * sizeof(struct policy_gate);
    size_t order_size = draft->gate_count * sizeof(uint16_t);
    size_t words_size = 0;
    for (size_t i = 0; i < draft->leaf_count; i++) {
        words_size += (size_t)draft->leaves[i].label_length + draft->leaves[i].value_length + 2;
    }
    struct policy *policy =
        malloc(sizeof *policy + leaves_size + gates_size + order_size + words_size);
    if (policy == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a policy");
    }
    /* Parts by falling alignment, so that each starts aligned. */
    struct policy_leaf *leaves = (struct policy_leaf *)(void *)(policy + 1);
    struct policy_gate *gates = (struct policy_gate *)(void *)(leaves + draft->leaf_count);
    uint16_t *policy_order = (uint16_t *)(void *)(gates + draft->gate_count);
    char *words = (char *)(policy_order + draft->gate_count);
    memcpy(leaves, draft->leaves, leaves_size);
    memcpy(gates, draft->gates, gates_size);
    memcpy(policy_order, order, order_size);
    for (size_t i = 0; i < draft->leaf_count; i++) {
        const struct policy_leaf *from = &draft->leaves[i];
        words = copy_word(words, &leaves[i].label, from->label, from->label_length);
        words = copy_word(words, &leaves[i].value, from->value, from->value_length);
    }
    policy->leaf_count = (uint16_t)draft->leaf_count;
    policy->gate_count = (uint16_t)draft->gate_count;
    policy->repeat_count = count_repeats(leaves, draft->leaf_count);
    policy->leaves = leaves;
    policy->gates = gates;
    policy->order = policy_order;
    *out = policy;
    return KF_OK;
}

static enum kf_status take_parts(struct policy_draft *draft, const struct policy_part *parts,
                                 size_t part_count, struct kf_error *err)
{
    for (size_t i = 0; i < part_count; i++) {
        const struct policy_part *part = &parts[i];
        if (part->label_length > POLICY_WORD_MAX || part->value_length > POLICY_WORD_MAX) {
            return kf_fail(err, KF_ERR_LIMIT, "policy: leaf %zu has a word of more than %d bytes",
                           i, POLICY_WORD_MAX);
        }
        if (!policy_is_word((const char *)part->label, part->label_length) ||
            !policy_is_word((const char *)part->value, part->value_length)) {
            return kf_fail(err, KF_ERR_MALFORMED,
                           "policy: leaf %zu has a label or value that is no word", i);
        }
        draft->leaves[i] = (struct policy_leaf){
            .label = (const char *)part->label,
            .label_length = (uint16_t)part->label_length,
            .value = (const char *)part->value,
            .value_length = (uint16_t)part->value_length,
            .positive = part->positive,
        };
    }
    draft->leaf_count = part_count;
    return KF_OK;
}

enum kf_status policy_from_parts(struct policy **out, const struct policy_part *parts,
                                 size_t part_count, const struct policy_gate *gates,
                                 size_t gate_count, struct kf_error *err)
{
    if (part_count > POLICY_LEAVES_MAX || gate_count >= POLICY_LEAVES_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "policy: more than %d leaves", POLICY_LEAVES_MAX);
    }
    if (part_count != gate_count + 1) {
        return kf_fail(err, KF_ERR_MALFORMED, "policy: %zu leaves and %zu gates make no tree",
                       part_count, gate_count);
    }
    struct policy_draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a policy");
    }
    struct policy *policy = NULL;
    enum kf_status status = take_parts(draft, parts, part_count, err);
    if (status == KF_OK) {
        if (gate_count > 0) {
            memcpy(draft->gates, gates, gate_count * sizeof *gates);
        }
        draft->gate_count = gate_count;
        status = policy_build(&policy, draft, err);
    }
    free(draft);
    /* The expression itself is the first level, as in the parser. */
    if (status == KF_OK && policy_text_depth(policy) + 1 > POLICY_DEPTH_MAX) {
        policy_free(policy);
        return kf_fail(err, KF_ERR_LIMIT, "policy: nested deeper than %d levels", POLICY_DEPTH_MAX);
    }
    if (status == KF_OK) {
        *out = policy;
    }
    return status;
}

/* insertAnd with n gates before: a new leaf n+1 shifts every output up by one; the new gate takes
 * it first and the old result, now 2n+1, second. Without gates the old result is leaf 0. */
enum kf_status policy_with_and_leaf(struct policy **out, const struct policy *policy,
                                    const char *label, const char *value)
{
    size_t label_length = strlen(label);
    size_t value_length = strlen(value);
    size_t n = policy->gate_count;
    assert(policy->leaf_count <= POLICY_LEAVES_MAX);
    if (label_length > POLICY_WORD_MAX || value_length > POLICY_WORD_MAX) {
        return KF_ERR_LIMIT;
    }
    struct policy_draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL) {
        return KF_ERR_MEMORY;
    }
    memcpy(draft->leaves, policy->leaves, policy->leaf_count * sizeof *policy->leaves);
    draft->leaves[n + 1] = (struct policy_leaf){.label = label,
                                                .label_length = (uint16_t)label_length,
                                                .value = value,
                                                .value_length = (uint16_t)value_length,
                                                .positive = true};
    draft->leaf_count = n + 2;
    for (size_t i = 0; i < n; i++) {
        const struct policy_gate *gate = &policy->gates[i];
        draft->gates[i] = (struct policy_gate){
            .in0 = (uint16_t)(gate->in0 > n ? gate->in0 + 1 : gate->in0),
            .in1 = (uint16_t)(gate->in1 > n ? gate->in1 + 1 : gate->in1),
            .out = (uint16_t)(gate->out + 1),
            .class = gate->class,
        };
    }
    draft->gates[n] = (struct policy_gate){.in0 = (uint16_t)(n == 0 ? 0 : n + 1),
                                           .in1 = (uint16_t)(2 * n + 1),
                                           .out = (uint16_t)(2 * n + 2),
                                           .class = POLICY_AND};
    draft->gate_count = n + 1;
    enum kf_status status = policy_build(out, draft, NULL);
    free(draft);
    return status;
}

void policy_free(struct policy *policy)
{
    free(policy);
}

bool policy_equal(const struct policy *a, const struct policy *b)
{
    if (a->leaf_count != b->leaf_count) {
        return false;
    }
    for (size_t i = 0; i < a->leaf_count; i++) {
        const struct policy_leaf *x = &a->leaves[i];
        const struct policy_leaf *y = &b->leaves[i];
        if (x->positive != y->positive || strcmp(x->label, y->label) != 0 ||
            strcmp(x->value, y->value) != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < a->gate_count; i++) {
        const struct policy_gate *x = &a->gates[i];
        const struct policy_gate *y = &b->gates[i];
        if (x->class != y->class || x->in0 != y->in0 || x->in1 != y->in1 || x->out != y->out) {
            return false;
        }
    }
    return true;
}

void policy_repeat_indices(uint16_t *out, const struct policy *policy)
{
    for (size_t i = 0; i < policy->leaf_count; i++) {
        out[i] = policy->leaves[i].repeat;
    }
}
