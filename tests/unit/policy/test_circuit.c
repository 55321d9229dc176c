/* Circuits that others sent: only trees are taken. Printing, evaluation and the AND leaf. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct policy_part part(const char *label, const char *value, bool positive)
{
    return (struct policy_part){(const uint8_t *)label, strlen(label), (const uint8_t *)value,
                                strlen(value), positive};
}

static enum kf_status build(size_t parts, const struct policy_gate *gates, size_t gate_count)
{
    struct policy_part leaves[8];
    for (size_t i = 0; i < 8; i++) {
        leaves[i] = part("a", "1", true);
    }
    struct policy *policy = NULL;
    struct kf_error err = {0};
    enum kf_status status = policy_from_parts(&policy, leaves, parts, gates, gate_count, &err);
    assert_true((status == KF_OK) == (policy != NULL));
    assert_true((status == KF_OK) == (err.message[0] == '\0'));
    policy_free(policy);
    return status;
}

struct topology {
    const char *why;
    struct policy_gate gates[4];
    size_t count;
    enum kf_status status;
};

static const struct topology topologies[] = {
    {"three leaves", {{0, 1, 3, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_OK},
    {"gates in any order", {{3, 2, 4, POLICY_AND}, {0, 1, 3, POLICY_OR}}, 2, KF_OK},
    {"neither AND nor OR", {{0, 1, 3, 2}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"an input out of range", {{0, 9, 3, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"an input far out", {{65535, 1, 3, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"the result as input", {{0, 1, 3, POLICY_OR}, {4, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"an output over a leaf", {{0, 1, 2, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"an output out of range", {{0, 1, 5, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"an output made twice", {{0, 1, 4, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"a leaf used twice", {{0, 1, 3, POLICY_OR}, {3, 1, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"both inputs the same", {{0, 0, 3, POLICY_OR}, {3, 2, 4, POLICY_AND}}, 2, KF_ERR_MALFORMED},
    {"a gate that feeds itself", {{3, 0, 3, POLICY_OR}, {1, 2, 4, POLICY_OR}}, 2, KF_ERR_MALFORMED},
    {"two gates that feed each other",
     {{5, 0, 4, POLICY_OR}, {4, 1, 5, POLICY_OR}, {2, 3, 6, POLICY_AND}},
     3,
     KF_ERR_MALFORMED},
};

static void takes_only_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof topologies / sizeof topologies[0]; i++) {
        const struct topology *t = &topologies[i];
        if (build(t->count + 1, t->gates, t->count) != t->status) {
            fail_msg("%s", t->why);
        }
    }
    assert_int_equal(build(1, NULL, 0), KF_OK);
    assert_int_equal(build(0, NULL, 0), KF_ERR_MALFORMED);
    assert_int_equal(build(2, topologies[0].gates, 2), KF_ERR_MALFORMED);
    assert_int_equal(build(4, topologies[0].gates, 2), KF_ERR_MALFORMED);
    assert_int_equal(build(POLICY_LEAVES_MAX + 1, topologies[0].gates, POLICY_LEAVES_MAX),
                     KF_ERR_LIMIT);
}

/* The circuit is a tree over every pair of small numbers, or it is refused: counted by hand for
 * n = 2, where 2 orders of gates x 3 choices of the inner pair x 2 x 2 orders of inputs are trees.
 */
static void takes_exactly_the_trees(void **state)
{
    (void)state;
    size_t taken = 0;
    for (uint32_t code = 0; code < 6 * 6 * 6 * 6 * 6 * 6; code++) {
        uint16_t w[6];
        uint32_t rest = code;
        for (size_t i = 0; i < 6; i++) {
            w[i] = (uint16_t)(rest % 6);
            rest /= 6;
        }
        const struct policy_gate gates[2] = {{w[0], w[1], w[2], POLICY_AND},
                                             {w[3], w[4], w[5], POLICY_OR}};
        taken += build(3, gates, 2) == KF_OK ? 1 : 0;
    }
    assert_int_equal(taken, 2 * 3 * 2 * 2);
}

static void refuses_what_is_no_word(void **state)
{
    (void)state;
    char longest[POLICY_WORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    static const char *const bad[] = {"",    "a b", "a:",  "and", "or",
                                      "not", "(",   "a-b", "\n",  "\xC3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (int side = 0; side < 2; side++) {
            struct policy *policy = NULL;
            struct policy_part leaf = side == 0 ? part(bad[i], "1", true) : part("a", bad[i], true);
            assert_int_equal(policy_from_parts(&policy, &leaf, 1, NULL, 0, NULL), KF_ERR_MALFORMED);
        }
    }
    struct policy *policy = NULL;
    struct policy_part leaf = {(const uint8_t *)longest, POLICY_WORD_MAX + 1, (const uint8_t *)"1",
                               1, true};
    assert_int_equal(policy_from_parts(&policy, &leaf, 1, NULL, 0, NULL), KF_ERR_LIMIT);
    leaf.label = (const uint8_t *)"a\0b";
    leaf.label_length = 3;
    assert_int_equal(policy_from_parts(&policy, &leaf, 1, NULL, 0, NULL), KF_ERR_MALFORMED);
}

static struct policy *rebuilt(const struct policy *policy)
{
    struct policy_part *parts = calloc(policy->leaf_count, sizeof *parts);
    assert_non_null(parts);
    for (size_t i = 0; i < policy->leaf_count; i++) {
        parts[i] =
            part(policy->leaves[i].label, policy->leaves[i].value, policy->leaves[i].positive);
    }
    struct policy *out = NULL;
    assert_int_equal(
        policy_from_parts(&out, parts, policy->leaf_count, policy->gates, policy->gate_count, NULL),
        KF_OK);
    free(parts);
    return out;
}

/* A right-leaning chain of ANDs and ORs as no text can say it, and one that a text can. */
static enum kf_status deep_circuit(size_t gates)
{
    struct policy_part *parts = calloc(gates + 1, sizeof *parts);
    struct policy_gate *list = calloc(gates, sizeof *list);
    assert_true(parts != NULL && list != NULL);
    for (size_t i = 0; i <= gates; i++) {
        parts[i] = part("a", "1", true);
    }
    for (size_t i = 0; i < gates; i++) {
        /* leaf i and (what comes after): the innermost gate takes the last two leaves. */
        uint16_t inner = (uint16_t)(i + 1 == gates ? gates : gates + 1 + (gates - 2 - i));
        list[i] = (struct policy_gate){(uint16_t)i, inner, (uint16_t)(2 * gates - i), POLICY_AND};
    }
    struct policy *policy = NULL;
    enum kf_status status = policy_from_parts(&policy, parts, gates + 1, list, gates, NULL);
    if (status == KF_OK) {
        char *text = NULL;
        assert_int_equal(policy_format(&text, policy), KF_OK);
        struct policy *again = must_parse(text);
        assert_int_equal(again->leaf_count, policy->leaf_count);
        policy_free(again);
        free(text);
    }
    policy_free(policy);
    free(parts);
    free(list);
    return status;
}

static void refuses_what_no_text_can_say(void **state)
{
    (void)state;
    assert_int_equal(deep_circuit(POLICY_DEPTH_MAX), KF_OK);
    assert_int_equal(deep_circuit(POLICY_DEPTH_MAX + 1), KF_ERR_LIMIT);
    assert_int_equal(deep_circuit(POLICY_LEAVES_MAX - 1), KF_ERR_LIMIT);
}

static void prints_what_parses_to_the_same(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("prints_what_parses_to_the_same", 11);
    for (size_t round = 0; round < 3000; round++) {
        char text[16384];
        random_policy(text, sizeof text, &dice, 4, 3, 1 + dice_below(&dice, 5));
        struct policy *policy = must_parse(text);
        struct policy *copy = rebuilt(policy);
        assert_true(policy_equal(policy, copy));
        char *printed = NULL;
        assert_int_equal(policy_format(&printed, policy), KF_OK);
        struct policy *again = must_parse(printed);
        if (!policy_equal(policy, again)) {
            fail_msg("%s\n%s", text, printed);
        }
        free(printed);
        policy_free(again);
        policy_free(copy);
        policy_free(policy);
    }
}

static void prints_long_chains(void **state)
{
    (void)state;
    char *text = malloc(16 * POLICY_LEAVES_MAX);
    assert_non_null(text);
    text[0] = '\0';
    for (size_t i = 0; i < POLICY_LEAVES_MAX; i++) {
        (void)strcat(text, i == 0 ? "a: 1" : i % 3 == 0 ? " or not a: 1" : " and a: 1");
    }
    struct policy *policy = must_parse(text);
    char *printed = NULL;
    assert_int_equal(policy_format(&printed, policy), KF_OK);
    assert_string_equal(printed, text);
    struct policy *copy = rebuilt(policy);
    assert_true(policy_equal(policy, copy));
    assert_int_equal(policy->repeat_count, POLICY_LEAVES_MAX);
    policy_free(copy);
    policy_free(policy);
    free(printed);
    free(text);
}

/* The text of the most nested policies of the parser is still within what circuits may be. */
static void nests_alike_as_text_and_as_circuit(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("nests_alike_as_text_and_as_circuit", 12);
    static const char *const openings[] = {
        "a: 1 or b: 1 and (",     "a: 1 and (", "a: 1 or (",
        "not (a: 1 or b: 1 and ", "not (",      "not a: 1 and ("};
    for (size_t round = 0; round < 2000; round++) {
        char text[8192] = "";
        size_t depth = 1;
        size_t closings = 0;
        for (;;) {
            size_t pick = dice_below(&dice, sizeof openings / sizeof openings[0]);
            depth += pick == 3 || pick == 4 ? 2 : 1;
            if (depth > POLICY_DEPTH_MAX - 1) {
                break;
            }
            (void)strcat(text, openings[pick]);
            closings++;
        }
        (void)strcat(text, "not c: 1");
        for (size_t i = 0; i < closings; i++) {
            (void)strcat(text, ")");
        }
        struct policy *policy = must_parse(text);
        policy_free(rebuilt(policy));
        char *printed = NULL;
        assert_int_equal(policy_format(&printed, policy), KF_OK);
        policy_free(must_parse(printed));
        free(printed);
        policy_free(policy);
    }
}

/* The example in the comment of CIRCL's insertAnd, and its case without gates. */
static void adds_the_and_leaf_as_circl_does(void **state)
{
    (void)state;
    struct policy *policy = must_parse("a: 1 or b: 2 and (c: 3 or a: 4)");
    struct policy *with = NULL;
    assert_int_equal(policy_with_and_leaf(&with, policy, "internal-label", "x-y"), KF_OK);
    static const struct policy_gate expected[] = {
        {2, 3, 5, POLICY_OR}, {1, 5, 6, POLICY_AND}, {0, 6, 7, POLICY_OR}, {4, 7, 8, POLICY_AND}};
    static const uint16_t repeats[] = {0, 0, 0, 1, 0};
    uint16_t found[5];
    assert_int_equal(with->gate_count, 4);
    assert_int_equal(with->repeat_count, 2);
    policy_repeat_indices(found, with);
    assert_memory_equal(found, repeats, sizeof repeats);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(with->gates[i].in0, expected[i].in0);
        assert_int_equal(with->gates[i].in1, expected[i].in1);
        assert_int_equal(with->gates[i].out, expected[i].out);
        assert_int_equal(with->gates[i].class, expected[i].class);
    }
    assert_string_equal(with->leaves[4].label, "internal-label");
    policy_free(with);
    policy_free(policy);

    policy = must_parse("a: 1");
    assert_int_equal(policy_with_and_leaf(&with, policy, "k", "v"), KF_OK);
    assert_int_equal(with->gates[0].in0, 0);
    assert_int_equal(with->gates[0].in1, 1);
    assert_int_equal(with->gates[0].out, 2);
    policy_free(with);
    policy_free(policy);
}

/* CIRCL starts with the gates over leaves alone, by number, then takes each as it becomes ready. */
static void orders_gates_as_circl_does(void **state)
{
    (void)state;
    struct policy *policy = must_parse("((a: 1 and b: 1) or c: 1) and (d: 1 or e: 1) or f: 1");
    /* gates: 0 = a and b, 1 = 0 or c, 2 = d or e, 3 = 1 and 2, 4 = 3 or f */
    static const uint16_t expected[] = {0, 2, 1, 3, 4};
    assert_memory_equal(policy->order, expected, sizeof expected);
    policy_free(policy);
}

static bool evaluate_tree(const struct policy *policy, const bool *holds, size_t wire)
{
    if (wire <= policy->gate_count) {
        return holds[wire];
    }
    for (size_t i = 0;; i++) {
        const struct policy_gate *gate = &policy->gates[i];
        if (gate->out == wire) {
            bool a = evaluate_tree(policy, holds, gate->in0);
            bool b = evaluate_tree(policy, holds, gate->in1);
            return gate->class == POLICY_AND ? a && b : a || b;
        }
    }
}

static void evaluates_as_the_tree_says(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("evaluates_as_the_tree_says", 13);
    for (size_t round = 0; round < 300; round++) {
        char text[16384];
        random_policy(text, sizeof text, &dice, 3, 2, 3);
        struct policy *policy = must_parse(text);
        size_t assignment[3] = {0};
        do {
            struct policy_attribute attributes[3];
            bool holds[POLICY_LEAVES_MAX];
            size_t count = assignment_attributes(attributes, assignment, 3);
            for (size_t i = 0; i < policy->leaf_count; i++) {
                const struct policy_leaf *leaf = &policy->leaves[i];
                size_t value = assignment[leaf->label[0] - 'a'];
                bool same = value == (size_t)(leaf->value[0] - '0');
                holds[i] = value != 0 && same == leaf->positive;
            }
            assert_int_equal(policy_evaluate(policy, attributes, count),
                             evaluate_tree(policy, holds, 2u * policy->gate_count));
        } while (next_assignment(assignment, 3, 3));
        policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_only_trees),
        cmocka_unit_test(takes_exactly_the_trees),
        cmocka_unit_test(refuses_what_is_no_word),
        cmocka_unit_test(refuses_what_no_text_can_say),
        cmocka_unit_test(prints_what_parses_to_the_same),
        cmocka_unit_test(prints_long_chains),
        cmocka_unit_test(nests_alike_as_text_and_as_circuit),
        cmocka_unit_test(adds_the_and_leaf_as_circl_does),
        cmocka_unit_test(orders_gates_as_circl_does),
        cmocka_unit_test(evaluates_as_the_tree_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
