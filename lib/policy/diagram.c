#include "policy/diagram_int.h"

#include <stdlib.h>
#include <string.h>

static int compare_leaves(const void *a, const void *b)
{
    const struct policy_leaf *x = *(const struct policy_leaf *const *)a;
    const struct policy_leaf *y = *(const struct policy_leaf *const *)b;
    int order = strcmp(x->label, y->label);
    return order != 0 ? order : strcmp(x->value, y->value);
}

/* Numbers labels and branches from the sorted leaves. */
static enum kf_status number_branches(struct diagram *d, const struct policy *policy)
{
    const struct policy_leaf *sorted[POLICY_LEAVES_MAX + 1];
    for (size_t i = 0; i < policy->leaf_count; i++) {
        sorted[i] = &policy->leaves[i];
    }
    qsort(sorted, policy->leaf_count, sizeof sorted[0], compare_leaves);
    struct diagram_label *label = NULL;
    for (size_t i = 0; i < policy->leaf_count; i++) {
        bool new_label = i == 0 || strcmp(sorted[i]->label, sorted[i - 1]->label) != 0;
        if (!new_label && strcmp(sorted[i]->value, sorted[i - 1]->value) == 0) {
            continue;
        }
        if (d->label_count + (new_label ? 1 : 0) > DIAGRAM_LABELS_MAX ||
            d->bit_count + (new_label ? 3 : 1) > DIAGRAM_BITS_MAX) {
            return KF_ERR_LIMIT;
        }
        if (new_label) {
            label = &d->labels[d->label_count++];
            *label = (struct diagram_label){.label = sorted[i]->label, .first = d->bit_count};
            d->bit_count += 2; /* "missing" and "other" */
        }
        label->values++;
        d->values[label->first + label->values] = sorted[i]->value;
        d->bit_count++;
    }
    return KF_OK;
}

enum kf_status diagram_new(struct diagram **out, const struct policy *policy)
{
    struct diagram *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return KF_ERR_MEMORY;
    }
    enum kf_status status = number_branches(d, policy);
    if (status != KF_OK) {
        free(d);
        return status;
    }
    d->nodes[DIAGRAM_FALSE].level = (uint16_t)d->label_count;
    d->nodes[DIAGRAM_TRUE].level = (uint16_t)d->label_count;
    d->node_count = 2;
    *out = d;
    return KF_OK;
}

size_t diagram_branches(const struct diagram *d, size_t level)
{
    return d->labels[level].values + 2;
}

static uint32_t hash_node(size_t level, const uint32_t *children, size_t count)
{
    uint64_t h = level + 1;
    for (size_t i = 0; i < count; i++) {
        h = (h ^ children[i]) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 16);
}

uint32_t diagram_node(struct diagram *d, size_t level, const uint32_t *children)
{
    size_t count = diagram_branches(d, level);
    size_t same = 1;
    while (same < count && children[same] == children[0]) {
        same++;
    }
    if (same == count) {
        return children[0];
    }
    uint32_t slot = hash_node(level, children, count) % DIAGRAM_TABLE_SIZE;
    for (; d->table[slot] != 0; slot = (slot + 1) % DIAGRAM_TABLE_SIZE) {
        const struct diagram_node *node = &d->nodes[d->table[slot] - 1];
        if (node->level == level &&
            memcmp(&d->edges[node->edges], children, count * sizeof *children) == 0) {
            return d->table[slot] - 1;
        }
    }
    if (d->node_count == DIAGRAM_NODES_MAX || d->edge_count + count > DIAGRAM_EDGES_MAX) {
        d->exhausted = true;
        return DIAGRAM_FALSE;
    }
    uint32_t number = (uint32_t)d->node_count++;
    d->nodes[number] =
        (struct diagram_node){.level = (uint16_t)level, .edges = (uint32_t)d->edge_count};
    memcpy(&d->edges[d->edge_count], children, count * sizeof *children);
    d->edge_count += count;
    d->table[slot] = number + 1;
    return number;
}

uint32_t diagram_child(const struct diagram *d, uint32_t node, size_t level, size_t branch)
{
    return d->nodes[node].level == level ? d->edges[d->nodes[node].edges + branch] : node;
}

uint32_t diagram_leaf(struct diagram *d, const struct policy_leaf *leaf)
{
    uint32_t children[DIAGRAM_BITS_MAX];
    size_t level = 0;
    while (strcmp(d->labels[level].label, leaf->label) != 0) {
        level++;
    }
    const struct diagram_label *label = &d->labels[level];
    children[0] = DIAGRAM_FALSE;
    for (size_t b = 1; b <= label->values; b++) {
        bool same = strcmp(d->values[label->first + b], leaf->value) == 0;
        children[b] = same == leaf->positive ? DIAGRAM_TRUE : DIAGRAM_FALSE;
    }
    children[label->values + 1] = leaf->positive ? DIAGRAM_FALSE : DIAGRAM_TRUE;
    return diagram_node(d, level, children);
}

static uint32_t combine(struct diagram *d, bool is_and, uint32_t a, uint32_t b)
{
    uint32_t absorbing = is_and ? DIAGRAM_FALSE : DIAGRAM_TRUE;
    uint32_t neutral = is_and ? DIAGRAM_TRUE : DIAGRAM_FALSE;
    if (a == absorbing || b == absorbing) {
        return absorbing;
    }
    if (a == neutral || a == b) {
        return b;
    }
    if (b == neutral) {
        return a;
    }
    if (a > b) {
        uint32_t t = a;
        a = b;
        b = t;
    }
    uint64_t h = ((uint64_t)a << 32 | b) * 0x9E3779B97F4A7C15u + (is_and ? 1 : 0);
    struct diagram_cached *cached = &d->cache[(h >> 40) % DIAGRAM_CACHE_SIZE];
    if (cached->used && cached->is_and == is_and && cached->a == a && cached->b == b) {
        return cached->result;
    }
    if (d->exhausted || ++d->work > DIAGRAM_WORK_MAX) {
        d->exhausted = true;
        return DIAGRAM_FALSE;
    }
    size_t level = d->nodes[a].level < d->nodes[b].level ? d->nodes[a].level : d->nodes[b].level;
    uint32_t children[DIAGRAM_BITS_MAX];
    for (size_t i = 0; i < diagram_branches(d, level); i++) {
        children[i] =
            combine(d, is_and, diagram_child(d, a, level, i), diagram_child(d, b, level, i));
    }
    uint32_t result = diagram_node(d, level, children);
    if (!d->exhausted) {
        *cached = (struct diagram_cached){a, b, result, is_and, true};
    }
    return result;
}

uint32_t diagram_and(struct diagram *d, uint32_t a, uint32_t b)
{
    return combine(d, true, a, b);
}

uint32_t diagram_or(struct diagram *d, uint32_t a, uint32_t b)
{
    return combine(d, false, a, b);
}

void diagram_wires(uint32_t *out, struct diagram *d, const struct policy *policy)
{
    for (size_t i = 0; i < policy->leaf_count; i++) {
        out[i] = diagram_leaf(d, &policy->leaves[i]);
    }
    for (size_t i = 0; i < policy->gate_count; i++) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        out[gate->out] = combine(d, gate->class == POLICY_AND, out[gate->in0], out[gate->in1]);
    }
}

/* A node with a false branch that is not "missing" can be reached: its path sets only labels above
 * it, each to the value that leads there. So every node below must have none. */
bool diagram_always(const struct diagram *d, uint32_t node)
{
    bool seen[DIAGRAM_NODES_MAX] = {false};
    uint32_t stack[DIAGRAM_NODES_MAX];
    size_t height = 0;
    stack[height++] = node;
    seen[node] = true;
    while (height > 0) {
        uint32_t at = stack[--height];
        if (at == DIAGRAM_TRUE) {
            continue;
        }
        if (at == DIAGRAM_FALSE) {
            return false;
        }
        size_t level = d->nodes[at].level;
        for (size_t b = 1; b < diagram_branches(d, level); b++) {
            uint32_t child = diagram_child(d, at, level, b);
            if (!seen[child]) {
                seen[child] = true;
                stack[height++] = child;
            }
        }
    }
    return true;
}
