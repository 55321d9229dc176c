/* The chooser against every subset, and against circuits made to cost time. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct score {
    size_t repeats;
    size_t negated;
    size_t leaves;
};

static struct score score_of(const struct policy *policy, const bool *set)
{
    struct score score = {0};
    bool seen[POLICY_LEAVES_MAX + 1] = {false};
    for (size_t i = 0; i < policy->leaf_count; i++) {
        if (set[i]) {
            score.leaves++;
            score.negated += policy->leaves[i].positive ? 0 : 1;
            score.repeats += seen[policy->leaves[i].repeat] ? 0 : 1;
            seen[policy->leaves[i].repeat] = true;
        }
    }
    return score;
}

static bool better(struct score a, struct score b)
{
    if (a.repeats != b.repeats) {
        return a.repeats < b.repeats;
    }
    return a.negated != b.negated ? a.negated < b.negated : a.leaves < b.leaves;
}

static bool brute_force(struct score *best, const struct policy *policy, const bool *available)
{
    bool found = false;
    for (uint32_t bits = 0; bits < 1u << policy->leaf_count; bits++) {
        bool set[POLICY_LEAVES_MAX] = {false};
        bool legal = true;
        for (size_t i = 0; i < policy->leaf_count; i++) {
            set[i] = (bits >> i & 1) != 0;
            legal = legal && (!set[i] || available[i]);
        }
        if (!legal || !policy_evaluate_leaves(policy, set)) {
            continue;
        }
        struct score score = score_of(policy, set);
        if (!found || better(score, *best)) {
            *best = score;
            found = true;
        }
    }
    return found;
}

static void compare(const struct policy *policy, const bool *available)
{
    bool chosen[POLICY_LEAVES_MAX] = {false};
    struct policy_choice choice = {0};
    struct score best = {0};
    bool possible = brute_force(&best, policy, available);
    enum kf_status status = policy_choose(chosen, &choice, policy, available);
    assert_int_equal(status, possible ? KF_OK : KF_ERR_UNSATISFIED);
    if (!possible) {
        return;
    }
    struct score score = score_of(policy, chosen);
    assert_true(policy_evaluate_leaves(policy, chosen));
    assert_false(better(best, score) || better(score, best));
    assert_int_equal(choice.leaf_count, score.leaves);
    assert_int_equal(choice.negated_count, score.negated);
    assert_int_equal(choice.repeat_count, score.repeats);
    assert_true(choice.exact);
    for (size_t i = 0; i < policy->leaf_count; i++) {
        assert_true(!chosen[i] || available[i]);
        if (chosen[i]) { /* no leaf to spare */
            chosen[i] = false;
            assert_false(policy_evaluate_leaves(policy, chosen));
            chosen[i] = true;
        }
    }
}

static void is_best_of_all_subsets(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("is_best_of_all_subsets", 21);
    size_t compared = 0;
    while (compared < 1500) {
        char text[16384];
        random_policy(text, sizeof text, &dice, 1 + dice_below(&dice, 4), 4, 2);
        struct policy *policy = must_parse(text);
        if (policy->leaf_count <= 13) {
            bool available[POLICY_LEAVES_MAX];
            for (size_t i = 0; i < policy->leaf_count; i++) {
                available[i] = dice_below(&dice, 4) != 0;
            }
            compare(policy, available);
            compared++;
        }
        policy_free(policy);
    }
}

static void prefers_few_repeats_then_few_negations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *chosen;
    } cases[] = {
        /* two leaves of index 0 beat one of index 1 together with one of index 0 */
        {"a: 1 and (b: 1 and c: 1 or a: 1)", "1110"},
        {"not a: 1 or b: 1", "01"},
        {"not a: 1 or b: 1 and c: 1", "011"},
        {"a: 1 and b: 1 or c: 1", "001"},
        {"a: 1 or b: 1", "10"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy *policy = must_parse(cases[i].text);
        bool available[8] = {true, true, true, true, true, true, true, true};
        bool chosen[8] = {false};
        assert_int_equal(policy_choose(chosen, NULL, policy, available), KF_OK);
        for (size_t j = 0; j < policy->leaf_count; j++) {
            assert_int_equal(chosen[j], cases[i].chosen[j] == '1');
        }
        policy_free(policy);
    }
}

static void leaves_outputs_alone_when_unsatisfied(void **state)
{
    (void)state;
    struct policy *policy = must_parse("a: 1 and b: 1");
    const bool available[2] = {true, false};
    bool chosen[2] = {true, true};
    struct policy_choice choice = {.leaf_count = 77};
    assert_int_equal(policy_choose(chosen, &choice, policy, available), KF_ERR_UNSATISFIED);
    assert_true(chosen[0] && chosen[1]);
    assert_int_equal(choice.leaf_count, 77);
    policy_free(policy);
}

/* Indices that every satisfying set needs cost no search, however many they are. */
static void is_exact_when_many_repeats_are_needed(void **state)
{
    (void)state;
    char text[8192] = "(b: 1 or a: 1)";
    for (size_t i = 0; i < 200; i++) {
        (void)strcat(text, i % 20 == 19 ? " and (not a: 2 or b: 2)" : " and not a: 2");
    }
    struct policy *policy = must_parse(text);
    bool available[POLICY_LEAVES_MAX];
    bool chosen[POLICY_LEAVES_MAX] = {false};
    memset(available, true, sizeof available);
    struct policy_choice choice = {0};
    assert_int_equal(policy_choose(chosen, &choice, policy, available), KF_OK);
    assert_true(choice.exact);
    assert_true(chosen[0]); /* index 0 of b, for the ten alternatives b: 2 have low indices too */
    assert_int_equal(choice.leaf_count, 201);
    assert_int_equal(choice.negated_count, 190);
    policy_free(policy);
}

/* Many alternatives over many repeat indices: the search must stop and still satisfy. */
static void is_bounded_on_hostile_circuits(void **state)
{
    (void)state;
    char *text = calloc(1, 64 * POLICY_LEAVES_MAX);
    assert_non_null(text);
    struct dice dice = dice_seeded("is_bounded_on_hostile_circuits", 22);
    size_t leaves = 0;
    while (leaves + 3 <= POLICY_LEAVES_MAX) {
        (void)sprintf(text + strlen(text), "%s(%c: 1 or %c: 1 or %c: 1)", leaves > 0 ? " and " : "",
                      (char)('a' + (char)dice_below(&dice, 9)),
                      (char)('a' + (char)dice_below(&dice, 9)),
                      (char)('a' + (char)dice_below(&dice, 9)));
        leaves += 3;
    }
    struct policy *policy = must_parse(text);
    bool available[POLICY_LEAVES_MAX];
    bool chosen[POLICY_LEAVES_MAX] = {false};
    memset(available, true, sizeof available);
    struct policy_choice choice = {0};
    clock_t start = clock();
    assert_int_equal(policy_choose(chosen, &choice, policy, available), KF_OK);
    double milliseconds = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    print_message("%zu leaves, %u repeat indices: %u chosen, %.1f ms\n", leaves,
                  policy->repeat_count, choice.repeat_count, milliseconds);
    assert_false(choice.exact);
    assert_true(policy_evaluate_leaves(policy, chosen));
    assert_true(milliseconds < 2000); /* far above what it takes, also under valgrind */
    policy_free(policy);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_best_of_all_subsets),
        cmocka_unit_test(prefers_few_repeats_then_few_negations),
        cmocka_unit_test(leaves_outputs_alone_when_unsatisfied),
        cmocka_unit_test(is_exact_when_many_repeats_are_needed),
        cmocka_unit_test(is_bounded_on_hostile_circuits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
