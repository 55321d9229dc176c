/* Normal forms: the same text exactly for the same meaning, and the meaning kept. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *normal_form(const struct policy *policy, bool *canonical)
{
    char *text = NULL;
    assert_int_equal(policy_normal_form(&text, canonical, policy), KF_OK);
    return text;
}

struct spelling {
    const char *text;
    const char *normal;
};

static const struct spelling spellings[] = {
    {"b: 1 or a: 2 or a: 1", "a: 1 or a: 2 or b: 1"},
    {"((a: 1))", "a: 1"},
    {"a: 1 and a: 1 or a: 1", "a: 1"},
    {"a: 1 or a: 1 and b: 1", "a: 1"},
    {"not not a: 1", "a: 1"},
    {"not (a: 1 or b: 1)", "not a: 1 and not b: 1"},
    {"a: 1 or not a: 1 and b: 1", "a: 1 or not a: 1 and b: 1"},
    {"b: 1 and (a: 1 or not a: 1) or a: 1", "a: 1 or not a: 1 and b: 1"},
    /* a label has one value */
    {"a: 1 or b: 1 and b: 2", "a: 1"},
    {"a: 1 and (a: 2 or b: 1)", "a: 1 and b: 1"},
    {"a: 1 and not a: 2", "a: 1"},
    {"not a: 1 or a: 2", "not a: 1"},
    /* any value will do, whatever words say so */
    {"a: 1 or not a: 1", "a: any or not a: any"},
    {"not a: 2 or not a: 3", "a: any or not a: any"},
    /* factored */
    {"a: 1 and c: 1 or a: 1 and d: 1 or b: 1 and c: 1 or d: 1 and b: 1",
     "(a: 1 or b: 1) and (c: 1 or d: 1)"},
    {"region_EU: yes and (not country: FR)", "not country: FR and region_EU: yes"},
};

static void has_the_expected_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct policy *policy = must_parse(spellings[i].text);
        bool canonical = false;
        char *text = normal_form(policy, &canonical);
        assert_string_equal(text, spellings[i].normal);
        assert_true(canonical);
        free(text);
        policy_free(policy);
    }
}

/* Bit i: whether the i-th assignment satisfies. Values run to one that no policy names. */
static uint64_t truth_table(const struct policy *policy, size_t labels, size_t values)
{
    size_t assignment[8] = {0};
    uint64_t table = 0;
    size_t i = 0;
    do {
        struct policy_attribute attributes[8];
        size_t count = assignment_attributes(attributes, assignment, labels);
        table |= (uint64_t)policy_evaluate(policy, attributes, count) << i++;
    } while (next_assignment(assignment, labels, values + 1));
    assert_true(i <= 64);
    return table;
}

struct known {
    uint64_t table;
    char *text;
};

enum { KNOWN_MAX = 1 << 16 };

static size_t same_meaning_same_text(struct dice *dice, size_t labels, size_t values, size_t depth,
                                     size_t rounds)
{
    struct known *known = calloc(KNOWN_MAX, sizeof *known);
    assert_non_null(known);
    size_t met_again = 0;
    for (size_t round = 0; round < rounds; round++) {
        char text[16384];
        random_policy(text, sizeof text, dice, labels, values, depth);
        struct policy *policy = must_parse(text);
        uint64_t table = truth_table(policy, labels, values);
        char *normal = NULL;
        bool canonical = false;
        enum kf_status status = policy_normal_form(&normal, &canonical, policy);
        assert_int_equal(status, table == 0 ? KF_ERR_UNSATISFIED : KF_OK);
        policy_free(policy);
        if (status != KF_OK) {
            continue;
        }
        assert_true(canonical);
        struct policy *again = must_parse(normal);
        if (truth_table(again, labels, values) != table) {
            fail_msg("other meaning:\n%s\n%s", text, normal);
        }
        policy_free(again);
        size_t slot = (size_t)(table * 0x9E3779B97F4A7C15u >> 48);
        while (known[slot].text != NULL && known[slot].table != table) {
            slot = (slot + 1) % KNOWN_MAX;
        }
        if (known[slot].text == NULL) {
            known[slot] = (struct known){table, normal};
            continue;
        }
        met_again++;
        if (strcmp(known[slot].text, normal) != 0) {
            fail_msg("two texts:\n%s\n%s\n%s", text, known[slot].text, normal);
        }
        free(normal);
    }
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        free(known[i].text);
    }
    free(known);
    return met_again;
}

static void is_one_for_all_spellings(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("is_one_for_all_spellings", 31);
    size_t met = 0;
    met += same_meaning_same_text(&dice, 1, 5, 3, 400);
    met += same_meaning_same_text(&dice, 2, 1, 3, 600);
    met += same_meaning_same_text(&dice, 2, 2, 3, 900);
    met += same_meaning_same_text(&dice, 2, 5, 2, 900);
    met += same_meaning_same_text(&dice, 3, 1, 3, 900);
    met += same_meaning_same_text(&dice, 3, 2, 2, 900);
    print_message("%zu policies had a meaning met before\n", met);
    assert_true(met > 1200);
}

static void simplified_means_the_same_for_less(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("simplified_means_the_same_for_less", 32);
    size_t leaves = 0;
    size_t leaves_before = 0;
    for (size_t round = 0; round < 1500; round++) {
        char text[16384];
        random_policy(text, sizeof text, &dice, 3, 2, 2);
        struct policy *policy = must_parse(text);
        struct policy *simple = NULL;
        uint64_t table = truth_table(policy, 3, 2);
        enum kf_status status = policy_simplify(&simple, policy);
        assert_int_equal(status, table == 0 ? KF_ERR_UNSATISFIED : KF_OK);
        if (status == KF_OK) {
            assert_true(truth_table(simple, 3, 2) == table);
            assert_true(simple->repeat_count <= policy->repeat_count);
            leaves += simple->leaf_count;
            leaves_before += policy->leaf_count;
        }
        policy_free(simple);
        policy_free(policy);
    }
    print_message("%zu leaves became %zu\n", leaves_before, leaves);
    assert_true(leaves < leaves_before);
}

static void tells_policies_that_say_nothing(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("tells_policies_that_say_nothing", 33);
    size_t seen[4] = {0};
    for (size_t round = 0; round < 1500; round++) {
        char text[16384];
        random_policy(text, sizeof text, &dice, 2, 2, 2);
        struct policy *policy = must_parse(text);
        struct policy_error problem = {0};
        enum policy_verdict verdict = POLICY_SOUND;
        assert_int_equal(policy_check(&verdict, &problem, policy, NULL, text, strlen(text)), KF_OK);
        bool always = true;
        bool never = true;
        size_t assignment[2] = {0};
        do {
            struct policy_attribute attributes[2];
            size_t count = assignment_attributes(attributes, assignment, 2);
            bool holds = policy_evaluate(policy, attributes, count);
            never = never && !holds;
            always = always && (holds || count < 2);
        } while (next_assignment(assignment, 2, 3));
        assert_int_equal(verdict == POLICY_UNSATISFIABLE, never);
        assert_int_equal(verdict == POLICY_ALWAYS, always);
        assert_int_equal(verdict == POLICY_SOUND, problem.message[0] == '\0');
        seen[verdict]++;
        policy_free(policy);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(seen[i] > 10);
    }
}

static void points_at_what_says_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum policy_verdict verdict;
        const char *message;
    } cases[] = {
        {"country: US and country: FR", POLICY_UNSATISFIABLE,
         "line 1, column 17: nothing can satisfy this policy: `country: US` and `country: FR` "
         "exclude each other; `country` has one value: did you mean `or`?\n"
         "  country: US and country: FR\n"
         "                  ^~~~~~~~~~~"},
        {"country: US and\nnot country: US", POLICY_UNSATISFIABLE,
         "line 2, column 5: nothing can satisfy this policy: `country: US` and `not country: US` "
         "exclude each other\n"
         "  not country: US\n"
         "      ^~~~~~~~~~~"},
        {"not country: US or not country: FR", POLICY_ALWAYS,
         "line 1, column 24: `not country: US` or `not country: FR` holds for every value of "
         "`country`, so it restricts nothing; did you mean `and`?\n"
         "  not country: US or not country: FR\n"
         "                         ^~~~~~~~~~~"},
        {"country: US or not country: US", POLICY_ALWAYS,
         "line 1, column 20: `country: US` or `not country: US` holds for every value of "
         "`country`, so it restricts nothing\n"
         "  country: US or not country: US\n"
         "                     ^~~~~~~~~~~"},
        {"fips: yes or country: US and country: FR", POLICY_DEAD_PART,
         "line 1, column 30: nothing can satisfy this part of the policy: `country: US` and "
         "`country: FR` exclude each other; `country` has one value: did you mean `or`?\n"
         "  fips: yes or country: US and country: FR\n"
         "                               ^~~~~~~~~~~"},
        {"(a: 1 or b: 1) and (not a: 1 and not b: 1)", POLICY_UNSATISFIABLE,
         "line 1, column 2: nothing can satisfy this policy\n"
         "  (a: 1 or b: 1) and (not a: 1 and not b: 1)\n"
         "   ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy *policy = must_parse(cases[i].text);
        struct policy_error problem;
        struct kf_error err;
        enum policy_verdict verdict = POLICY_SOUND;
        size_t length = strlen(cases[i].text);
        assert_int_equal(policy_check(&verdict, &problem, policy, NULL, cases[i].text, length),
                         KF_OK);
        assert_int_equal(verdict, cases[i].verdict);
        (void)policy_error_report(&err, KF_ERR_USAGE, &problem, cases[i].text, length);
        if (strstr(err.message, cases[i].message) != err.message) {
            assert_string_equal(err.message, cases[i].message);
        }
        policy_free(policy);
    }
}

/* Beyond the exact method: flattened, sorted, without duplicates and absorbed parts. */
static void is_flattened_beyond_the_exact_method(void **state)
{
    (void)state;
    char text[8192] = "z: 1 and (y: 1 and x: 1) or ((w: 1 or z: 1) or z: 1 and v: 1 or w: 1)";
    char expected[8192] = "";
    for (size_t i = 0; i < 70; i++) {
        (void)sprintf(text + strlen(text), " or l%zu: 1", 169 - i);
        (void)sprintf(expected + strlen(expected), "l%zu: 1 or ", 100 + i);
    }
    (void)strcat(expected, "w: 1 or z: 1");
    struct policy *policy = must_parse(text);
    bool canonical = true;
    char *normal = normal_form(policy, &canonical);
    assert_false(canonical);
    assert_string_equal(normal, expected);
    free(normal);
    policy_free(policy);
}

/* Policies made to be hard end soon, with a text that still means the same. */
static void is_bounded_and_right_on_hard_policies(void **state)
{
    (void)state;
    struct dice dice = dice_seeded("is_bounded_and_right_on_hard_policies", 34);
    char *text = calloc(1, 64 * POLICY_LEAVES_MAX);
    assert_non_null(text);
    for (size_t kind = 0; kind < 4; kind++) {
        text[0] = '\0';
        size_t groups = kind == 3 ? 12 : POLICY_LEAVES_MAX / 4;
        for (size_t i = 0; i < groups; i++) {
            size_t labels = kind == 0 ? 300 : kind == 1 ? 60 : kind == 2 ? 3 : 200;
            (void)sprintf(text + strlen(text), "%s(", i == 0 ? "" : " and ");
            for (size_t j = 0; j < 4; j++) {
                (void)sprintf(text + strlen(text), "%s%sl%zu: v%zu", j == 0 ? "" : " or ",
                              dice_below(&dice, 2) == 0 ? "not " : "", dice_below(&dice, labels),
                              dice_below(&dice, kind == 2 ? 300 : 3));
            }
            (void)strcat(text, ")");
        }
        struct policy *policy = must_parse(text);
        struct policy *simple = NULL;
        bool canonical = true;
        clock_t start = clock();
        char *normal = NULL;
        enum kf_status status = policy_normal_form(&normal, &canonical, policy);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        print_message("kind %zu: %s, %s, %.0f ms\n", kind, kf_status_name(status),
                      canonical ? "canonical" : "flattened", seconds * 1000);
        assert_true(status == KF_OK || status == KF_ERR_UNSATISFIED);
        assert_true(seconds < 20); /* far above what it takes, also under valgrind */
        assert_int_equal(policy_simplify(&simple, policy), status);
        struct policy *again = status == KF_OK ? must_parse(normal) : NULL;
        for (size_t round = 0; round < 2000; round++) {
            static const char *const values[] = {"v0", "v1", "v2", "v9"};
            char names[300][8];
            struct policy_attribute attributes[300];
            for (size_t i = 0; i < 300; i++) {
                (void)snprintf(names[i], sizeof names[i], "l%zu", i);
                attributes[i] = (struct policy_attribute){names[i], values[dice_below(&dice, 4)]};
            }
            bool expected = policy_evaluate(policy, attributes, 300);
            assert_true(again != NULL || !expected);
            if (again != NULL) {
                assert_int_equal(policy_evaluate(again, attributes, 300), expected);
                assert_int_equal(policy_evaluate(simple, attributes, 300), expected);
            }
        }
        free(normal);
        policy_free(again);
        policy_free(simple);
        policy_free(policy);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_expected_text),
        cmocka_unit_test(is_one_for_all_spellings),
        cmocka_unit_test(simplified_means_the_same_for_less),
        cmocka_unit_test(tells_policies_that_say_nothing),
        cmocka_unit_test(points_at_what_says_nothing),
        cmocka_unit_test(is_flattened_beyond_the_exact_method),
        cmocka_unit_test(is_bounded_and_right_on_hard_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
