/* Decision diagrams of policies: one level a label, in alphabetical order; one branch for
 * "missing", for each value named (sorted) and for every other value. Reduced and shared, so two
 * policies over the same words mean the same exactly when their nodes are the same number.
 *
 * "Missing" is the bottom of a label's branches: what holds without the label holds with any value.
 *
 * Everything is bounded: when nodes or work run out, `exhausted` is set, every further call returns
 * a harmless node and the caller gives the whole attempt up. One thread at a time. */
#ifndef KEYFENCE_POLICY_DIAGRAM_INT_H
#define KEYFENCE_POLICY_DIAGRAM_INT_H

#include "policy/policy_int.h"

enum {
    DIAGRAM_LABELS_MAX = 64,
    DIAGRAM_BITS_MAX = 512, /* branches of all labels together */
    DIAGRAM_WORDS = DIAGRAM_BITS_MAX / 64,
    DIAGRAM_NODES_MAX = 1 << 14,
    DIAGRAM_EDGES_MAX = 1 << 18,
    DIAGRAM_TABLE_SIZE = 1 << 15,
    DIAGRAM_CACHE_SIZE = 1 << 14,
    DIAGRAM_WORK_MAX = 2 * 1000 * 1000, /* node pairs looked at */
};

enum { DIAGRAM_FALSE = 0, DIAGRAM_TRUE = 1 };

/* Branch 0 is "missing", 1 to values are the values in order, values + 1 is any other value. The
 * branch b of the label is bit first + b of a cube. */
struct diagram_label {
    const char *label; /* borrowed from the policy */
    size_t first;
    size_t values;
};

struct diagram_node {
    uint16_t level; /* the label tested; label_count for the two terminals */
    uint32_t edges; /* where its children start */
};

struct diagram_cached {
    uint32_t a, b, result;
    bool is_and, used;
};

struct diagram {
    struct diagram_label labels[DIAGRAM_LABELS_MAX];
    const char *values[DIAGRAM_BITS_MAX]; /* by bit; NULL for "missing" and "other" */
    size_t label_count;
    size_t bit_count;
    struct diagram_node nodes[DIAGRAM_NODES_MAX];
    uint32_t edges[DIAGRAM_EDGES_MAX];
    uint32_t table[DIAGRAM_TABLE_SIZE]; /* node + 1, open addressing */
    struct diagram_cached cache[DIAGRAM_CACHE_SIZE];
    size_t node_count;
    size_t edge_count;
    size_t work;
    bool exhausted;
};

/* An empty diagram over the labels and values of the policy, which it borrows; free with free().
 * KF_ERR_LIMIT when there are too many, KF_ERR_MEMORY. */
enum kf_status diagram_new(struct diagram **out, const struct policy *policy);

uint32_t diagram_leaf(struct diagram *d, const struct policy_leaf *leaf);
uint32_t diagram_and(struct diagram *d, uint32_t a, uint32_t b);
uint32_t diagram_or(struct diagram *d, uint32_t a, uint32_t b);

/* The node that tests `level` with these children, one a branch. */
uint32_t diagram_node(struct diagram *d, size_t level, const uint32_t *children);

/* The child on a branch of `level`, for a node at that level or below (then the node itself). */
uint32_t diagram_child(const struct diagram *d, uint32_t node, size_t level, size_t branch);

size_t diagram_branches(const struct diagram *d, size_t level);

/* The node of each wire of the policy, 2 * gate_count + 1 of them. */
void diagram_wires(uint32_t *out, struct diagram *d, const struct policy *policy);

/* Whether the function is true whenever no label is missing. */
bool diagram_always(const struct diagram *d, uint32_t node);

#endif
