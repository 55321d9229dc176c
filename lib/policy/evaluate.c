/* Whether attributes satisfy a policy. */
#include "policy/policy_int.h"

#include <string.h>

bool policy_leaf_holds(const struct policy_leaf *leaf, const struct policy_attribute *attributes,
                       size_t attribute_count)
{
    for (size_t i = 0; i < attribute_count; i++) {
        if (strcmp(attributes[i].label, leaf->label) == 0) {
            return (strcmp(attributes[i].value, leaf->value) == 0) == leaf->positive;
        }
    }
    return false; /* a missing label satisfies neither sign */
}

bool policy_evaluate_leaves(const struct policy *policy, const bool *holds)
{
    bool wires[POLICY_WIRES_MAX + 2];
    memcpy(wires, holds, policy->leaf_count * sizeof *holds);
    for (size_t i = 0; i < policy->gate_count; i++) {
        const struct policy_gate *gate = &policy->gates[policy->order[i]];
        bool a = wires[gate->in0];
        bool b = wires[gate->in1];
        wires[gate->out] = gate->class == POLICY_AND ? a && b : a || b;
    }
    return wires[2 * policy->gate_count];
}

bool policy_evaluate(const struct policy *policy, const struct policy_attribute *attributes,
                     size_t attribute_count)
{
    bool holds[POLICY_LEAVES_MAX + 1];
    for (size_t i = 0; i < policy->leaf_count; i++) {
        holds[i] = policy_leaf_holds(&policy->leaves[i], attributes, attribute_count);
    }
    return policy_evaluate_leaves(policy, holds);
}
