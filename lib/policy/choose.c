/* The satisfying set with the fewest repeat indices; policy.h has the statement and the method. */
#include "policy/policy_int.h"

#include <assert.h>
#include <string.h>

enum {
    /* Wires looked at before the search gives up: 2^16 subsets of 33 leaves and 32 gates fit. */
    CHOICE_BUDGET = 6 * 1024 * 1024,
    NEGATED_UNIT = 1 << 16, /* a cost is negated leaves * this + leaves, so the order is right */
};

static const uint32_t NEVER = UINT32_MAX;

struct search {
    const struct policy *policy;
    const bool *available;
    bool allowed[POLICY_LEAVES_MAX + 1]; /* by repeat index */
    uint32_t cost[POLICY_WIRES_MAX + 2]; /* by wire: the cheapest way to make it true */
    size_t visits;
};

/* The cheapest set within the allowed indices, or NEVER. A circuit is a tree, so the costs of an
 * AND's operands add up and an OR takes the cheaper. */
static uint32_t cheapest(struct search *s)
{
    const struct policy *policy = s->policy;
    for (size_t i = 0; i < policy->leaf_count; i++) {
        const struct policy_leaf *leaf = &policy->leaves[i];
        bool usable = s->available[i] && s->allowed[leaf->repeat];
        s->cost[i] = !usable ? NEVER : 1u + (leaf->positive ? 0u : (uint32_t)NEGATED_UNIT);
    }
    for (size_t i = 0; i < policy->gate_count; i++) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        uint32_t a = s->cost[gate->in0];
        uint32_t b = s->cost[gate->in1];
        if (gate->class == POLICY_OR) {
            s->cost[gate->out] = a <= b ? a : b;
        } else {
            s->cost[gate->out] = a == NEVER || b == NEVER ? NEVER : a + b;
        }
    }
    s->visits += (size_t)policy->leaf_count + policy->gate_count;
    return s->cost[2 * policy->gate_count];
}

/* Walks down from the result along the costs of the last cheapest(). */
static void extract(bool *chosen, const struct search *s)
{
    const struct policy *policy = s->policy;
    bool wanted[POLICY_WIRES_MAX + 2] = {false};
    wanted[2 * policy->gate_count] = true;
    for (size_t i = policy->gate_count; i-- > 0;) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        if (!wanted[gate->out]) {
            continue;
        }
        bool both = gate->class == POLICY_AND;
        bool first = s->cost[gate->in0] <= s->cost[gate->in1];
        wanted[gate->in0] = both || first;
        wanted[gate->in1] = both || !first;
    }
    memcpy(chosen, wanted, policy->leaf_count * sizeof *chosen);
}

static bool next_combination(uint16_t *picks, size_t size, size_t count)
{
    for (size_t i = size; i-- > 0;) {
        if (picks[i] < count - size + i) {
            picks[i]++;
            for (size_t j = i + 1; j < size; j++) {
                picks[j] = (uint16_t)(picks[j - 1] + 1);
            }
            return true;
        }
    }
    return false;
}

static void set_allowed(struct search *s, const uint16_t *indices, const uint16_t *picks,
                        size_t size, bool value)
{
    for (size_t i = 0; i < size; i++) {
        s->allowed[indices[picks[i]]] = value;
    }
}

/* Tries every set of `size` optional indices on top of what is allowed. On success the best is
 * allowed. *complete tells whether all were tried before the budget ran out. */
static bool try_size(struct search *s, bool *complete, const uint16_t *optional, size_t count,
                     size_t size)
{
    uint16_t picks[POLICY_LEAVES_MAX + 1];
    uint16_t best_picks[POLICY_LEAVES_MAX + 1];
    uint32_t best = NEVER;
    for (size_t i = 0; i < size; i++) {
        picks[i] = (uint16_t)i;
    }
    *complete = true;
    do {
        if (s->visits > CHOICE_BUDGET) {
            *complete = false;
            break;
        }
        set_allowed(s, optional, picks, size, true);
        uint32_t cost = cheapest(s);
        set_allowed(s, optional, picks, size, false);
        if (cost < best) {
            best = cost;
            memcpy(best_picks, picks, size * sizeof *picks);
        }
    } while (next_combination(picks, size, count));
    if (best != NEVER) {
        set_allowed(s, optional, best_picks, size, true);
    }
    return best != NEVER;
}

/* Allows everything, then drops each index without which something still satisfies. */
static void drop_greedily(struct search *s, const uint16_t *optional, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->allowed[optional[i]] = true;
    }
    for (size_t i = count; i-- > 0;) {
        s->allowed[optional[i]] = false;
        if (cheapest(s) == NEVER) {
            s->allowed[optional[i]] = true;
        }
    }
}

/* Finds the indices in play; leaves allowed those that every satisfying set needs and returns the
 * others, ascending. Requires that everything allowed satisfies. */
static size_t split_indices(uint16_t *optional, struct search *s)
{
    bool in_play[POLICY_LEAVES_MAX + 1] = {false};
    bool needed[POLICY_LEAVES_MAX + 1] = {false};
    size_t count = 0;
    for (size_t i = 0; i < s->policy->leaf_count; i++) {
        in_play[s->policy->leaves[i].repeat] |= s->available[i];
    }
    for (uint16_t r = 0; r < s->policy->repeat_count; r++) {
        if (!in_play[r]) {
            continue;
        }
        s->allowed[r] = false;
        needed[r] = cheapest(s) == NEVER;
        s->allowed[r] = true;
        if (!needed[r]) {
            optional[count++] = r;
        }
    }
    memcpy(s->allowed, needed, sizeof needed);
    return count;
}

static void summarise(struct policy_choice *summary, const struct policy *policy,
                      const bool *chosen, bool exact)
{
    bool seen[POLICY_LEAVES_MAX + 1] = {false};
    *summary = (struct policy_choice){.exact = exact};
    for (size_t i = 0; i < policy->leaf_count; i++) {
        if (!chosen[i]) {
            continue;
        }
        const struct policy_leaf *leaf = &policy->leaves[i];
        summary->leaf_count++;
        summary->negated_count = (uint16_t)(summary->negated_count + (leaf->positive ? 0 : 1));
        summary->repeat_count = (uint16_t)(summary->repeat_count + (seen[leaf->repeat] ? 0 : 1));
        seen[leaf->repeat] = true;
    }
}

enum kf_status policy_choose(bool *chosen, struct policy_choice *summary,
                             const struct policy *policy, const bool *available)
{
    struct search s = {.policy = policy, .available = available};
    uint16_t optional[POLICY_LEAVES_MAX + 1];
    memset(s.allowed, true, sizeof s.allowed);
    if (cheapest(&s) == NEVER) {
        return KF_ERR_UNSATISFIED;
    }
    size_t count = split_indices(optional, &s);
    bool found = cheapest(&s) != NEVER;
    bool exact = true;
    for (size_t size = 1; !found && exact && size <= count; size++) {
        found = try_size(&s, &exact, optional, count, size);
    }
    if (!found) {
        drop_greedily(&s, optional, count);
    }
    uint32_t cost = cheapest(&s);
    assert(cost != NEVER);
    (void)cost;
    extract(chosen, &s);
    if (summary != NULL) {
        summarise(summary, policy, chosen, exact);
    }
    return KF_OK;
}
