/* Parsing: CIRCL's own cases, its gate numbers, its vectors' answers; every refusal and its caret.
 */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct circuit_case {
    const char *text;
    const char *leaves; /* signs, labels and values as they are numbered */
    const char *gates;
};

/* What CIRCL's dsl_test.go expects for these texts. */
static const struct circuit_case circl_cases[] = {
    {"not (spice: saffron and region: persia)", "-spice:saffron -region:persia", "or 0 1 2"},
    {"not (spice: mace or spice: nutmeg)", "-spice:mace -spice:nutmeg", "and 0 1 2"},
    {"((region: caribean)) or (not (((fruit: stonefruit and not flower: hibiscus) or spice: mace) "
     "and not (family: extracts or family: chilis)))",
     "+region:caribean -fruit:stonefruit +flower:hibiscus -spice:mace +family:extracts "
     "+family:chilis",
     "or 1 2 6 and 6 3 7 or 4 5 8 or 7 8 9 or 0 9 10"},
    {"(9country8: france)", "+9country8:france", ""},
    {"((country : afghanistan) or (country: bactria)) and (not (king: alexander))",
     "+country:afghanistan +country:bactria -king:alexander", "or 0 1 3 and 3 2 4"},
    {"not not a: 1", "+a:1", ""},
    {"a: 1 or b: 2 and c: 3 or d: 4", "+a:1 +b:2 +c:3 +d:4", "and 1 2 4 or 0 4 5 or 5 3 6"},
    {"(sleep \n: \r\n\tnice\n)", "+sleep:nice", ""},
};

static void describe(char *leaves, char *gates, const struct policy *policy)
{
    leaves[0] = '\0';
    gates[0] = '\0';
    for (size_t i = 0; i < policy->leaf_count; i++) {
        const struct policy_leaf *leaf = &policy->leaves[i];
        (void)sprintf(leaves + strlen(leaves), "%s%s%s:%s", i > 0 ? " " : "",
                      leaf->positive ? "+" : "-", leaf->label, leaf->value);
    }
    for (size_t i = 0; i < policy->gate_count; i++) {
        const struct policy_gate *gate = &policy->gates[i];
        (void)sprintf(gates + strlen(gates), "%s%s %d %d %d", i > 0 ? " " : "",
                      gate->class == POLICY_AND ? "and" : "or", gate->in0, gate->in1, gate->out);
    }
}

static void numbers_as_circl_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof circl_cases / sizeof circl_cases[0]; i++) {
        char leaves[512];
        char gates[512];
        struct policy *policy = must_parse(circl_cases[i].text);
        describe(leaves, gates, policy);
        assert_string_equal(leaves, circl_cases[i].leaves);
        assert_string_equal(gates, circl_cases[i].gates);
        policy_free(policy);
    }
}

struct refusal {
    const char *text;
    enum kf_status status;
    size_t line;
    size_t column;
    const char *message;
};

static const struct refusal refusals[] = {
    {"", KF_ERR_MALFORMED, 1, 1,
     "line 1, column 1: the policy is empty; write for example `country: FR`\n"
     "  \n"
     "  ^"},
    {"sleep: @)", KF_ERR_MALFORMED, 1, 8,
     "line 1, column 8: unexpected `@`; words are made of A-Z, a-z, 0-9 and `_`\n"
     "  sleep: @)\n"
     "         ^"},
    {"country: north korea", KF_ERR_MALFORMED, 1, 16,
     "line 1, column 16: unexpected `korea`, expected `and` or `or`; a value is one word: did you "
     "mean `north_korea`?\n"
     "  country: north korea\n"
     "                 ^~~~~"},
    {"(country: congo", KF_ERR_MALFORMED, 1, 1,
     "line 1, column 1: `(` is never closed; `)` is missing, at the latest at the end\n"
     "  (country: congo\n"
     "  ^"},
    {"(country: china or taiwan)", KF_ERR_MALFORMED, 1, 20,
     "line 1, column 20: `taiwan` has no value, expected `label: value`; did you mean `country: "
     "taiwan`?\n"
     "  (country: china or taiwan)\n"
     "                     ^~~~~~"},
    {"not (planet: arakis", KF_ERR_MALFORMED, 1, 5,
     "line 1, column 5: `(` is never closed; `)` is missing, at the latest at the end\n"
     "  not (planet: arakis\n"
     "      ^"},
    {"ocean: indian and ship: rms titanic", KF_ERR_MALFORMED, 1, 29,
     "line 1, column 29: unexpected `titanic`, expected `and` or `or`; a value is one word: did "
     "you mean `rms_titanic`?\n"
     "  ocean: indian and ship: rms titanic\n"
     "                              ^~~~~~~"},
    {"country: FR AND fips: yes", KF_ERR_MALFORMED, 1, 13,
     "line 1, column 13: unexpected `AND`, expected `and` or `or`; did you mean `and`?\n"
     "  country: FR AND fips: yes\n"
     "              ^~~"},
    {"country: FR adn fips: yes", KF_ERR_MALFORMED, 1, 13,
     "line 1, column 13: unexpected `adn`, expected `and` or `or`; did you mean `and`?\n"
     "  country: FR adn fips: yes\n"
     "              ^~~"},
    {"country: FR\n  && region: EU", KF_ERR_MALFORMED, 2, 3,
     "line 2, column 3: unexpected `&&`; did you mean `and`?\n"
     "    && region: EU\n"
     "    ^~"},
    {"country: not US", KF_ERR_MALFORMED, 1, 10,
     "line 1, column 10: the value of `country` is missing; did you mean `not country: US`?\n"
     "  country: not US\n"
     "           ^~~"},
    {"country: (US or FR)", KF_ERR_MALFORMED, 1, 10,
     "line 1, column 10: the value of `country` is missing; each value has its own label: did you "
     "mean `(country: US ...`?\n"
     "  country: (US or FR)\n"
     "           ^"},
    {"country: \"US\"", KF_ERR_MALFORMED, 1, 10,
     "line 1, column 10: unexpected `\"`; labels and values are written without quotes\n"
     "  country: \"US\"\n"
     "           ^"},
    {"nto a: b", KF_ERR_MALFORMED, 1, 1,
     "line 1, column 1: unexpected `nto`; did you mean `not`?\n"
     "  nto a: b\n"
     "  ^~~"},
    {"and: x", KF_ERR_MALFORMED, 1, 1,
     "line 1, column 1: `and` is a keyword and cannot be a label\n"
     "  and: x\n"
     "  ^~~"},
    {"\tregion: \xC3\xA9t\xC3\xA9", KF_ERR_MALFORMED, 1, 10,
     "line 1, column 10: unexpected `\xC3\xA9`; words are made of A-Z, a-z, 0-9 and "
     "`_`\n"
     "  \tregion: \xC3\xA9t\xC3\xA9\n"
     "  \t        ^"},
    {"a: b or", KF_ERR_MALFORMED, 1, 8,
     "line 1, column 8: the policy ends where `label: value` is expected\n"
     "  a: b or\n"
     "         ^"},
    {"()", KF_ERR_MALFORMED, 1, 2,
     "line 1, column 2: unexpected `)`, expected `label: value`\n"
     "  ()\n"
     "   ^"},
    {": US", KF_ERR_MALFORMED, 1, 1,
     "line 1, column 1: a label is missing before `:`\n"
     "  : US\n"
     "  ^"},
    /* CIRCL reads the next three as `a: b`. A policy is never weaker than it reads. */
    {"a: b) and c: d", KF_ERR_MALFORMED, 1, 5,
     "line 1, column 5: `)` closes nothing\n"
     "  a: b) and c: d\n"
     "      ^"},
    {"(a: b) c: d", KF_ERR_MALFORMED, 1, 8,
     "line 1, column 8: unexpected `c`, expected `and` or `or`\n"
     "  (a: b) c: d\n"
     "         ^"},
    {"(a: b) not c: d", KF_ERR_MALFORMED, 1, 8,
     "line 1, column 8: unexpected `not`, expected `and` or `or`\n"
     "  (a: b) not c: d\n"
     "         ^~~"},
};

static void refuses_with_a_caret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct policy *policy = NULL;
        struct policy_error problem;
        struct kf_error err = {0};
        enum kf_status status =
            policy_parse(&policy, refusals[i].text, strlen(refusals[i].text), &problem, &err);
        assert_int_equal(status, refusals[i].status);
        assert_null(policy);
        assert_string_equal(err.message, refusals[i].message);
        assert_int_equal(problem.line, refusals[i].line);
        assert_int_equal(problem.column, refusals[i].column);
    }
}

/* The excerpt of a long line is a window around the caret. */
static void cuts_long_lines(void **state)
{
    (void)state;
    char text[4096] = "";
    for (int i = 0; i < 100; i++) {
        (void)strcat(text, "label: value and ");
    }
    (void)strcat(text, "oops and label: value and label: value and label: value and label: value");
    struct policy *policy = NULL;
    struct kf_error err = {0};
    assert_int_equal(policy_parse(&policy, text, strlen(text), NULL, &err), KF_ERR_MALFORMED);
    assert_non_null(strstr(err.message, "line 1, column 1701: `oops` has no value"));
    const char *line = strchr(err.message, '\n') + 3;
    const char *mark = strchr(line, '\n') + 3;
    assert_true(strlen(mark) < 110);
    assert_memory_equal(line, "...", 3);
    assert_memory_equal(line + (strchr(mark, '^') - mark), "oops", 4);
}

static char *nested(const char *open, size_t count, const char *close)
{
    char *text = calloc(1, count * (strlen(open) + strlen(close)) + 16);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        (void)strcat(text, open);
    }
    (void)strcat(text, "a: 1");
    for (size_t i = 0; i < count; i++) {
        (void)strcat(text, close);
    }
    return text;
}

static enum kf_status parse_status(const char *text, size_t length)
{
    struct policy *policy = NULL;
    enum kf_status status = policy_parse(&policy, text, length, NULL, NULL);
    policy_free(policy);
    return status;
}

/* CIRCL counts the whole policy as the first level. */
static void bounds_the_depth(void **state)
{
    (void)state;
    static const struct {
        const char *open;
        const char *close;
        size_t count;
        enum kf_status status;
    } cases[] = {
        {"(", ")", POLICY_DEPTH_MAX - 1, KF_OK},
        {"(", ")", POLICY_DEPTH_MAX, KF_ERR_LIMIT},
        {"not ", "", POLICY_DEPTH_MAX - 1, KF_OK},
        {"not ", "", POLICY_DEPTH_MAX, KF_ERR_LIMIT},
        {"not (", ")", (POLICY_DEPTH_MAX - 1) / 2, KF_OK},
        {"not (", ")", POLICY_DEPTH_MAX / 2, KF_ERR_LIMIT},
        {"(", "", 1000, KF_ERR_LIMIT},
        {"not ", "", 1000, KF_ERR_LIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = nested(cases[i].open, cases[i].count, cases[i].close);
        assert_int_equal(parse_status(text, strlen(text)), cases[i].status);
        free(text);
    }
}

static char *chain(size_t leaves, const char *leaf)
{
    char *text = malloc(leaves * (strlen(leaf) + 5) + 1);
    assert_non_null(text);
    size_t at = 0;
    for (size_t i = 0; i < leaves; i++) {
        at += (size_t)sprintf(text + at, "%s%s", i > 0 ? " and " : "", leaf);
    }
    return text;
}

static void bounds_leaves_words_and_text(void **state)
{
    (void)state;
    char *text = chain(POLICY_LEAVES_MAX, "a: 1");
    assert_int_equal(parse_status(text, strlen(text)), KF_OK);
    free(text);
    text = chain(POLICY_LEAVES_MAX + 1, "a: 1");
    assert_int_equal(parse_status(text, strlen(text)), KF_ERR_LIMIT);
    free(text);
    char word[POLICY_WORD_MAX + 16];
    for (size_t extra = 0; extra < 2; extra++) {
        enum kf_status expected = extra == 0 ? KF_OK : KF_ERR_LIMIT;
        memset(word, 'x', sizeof word);
        memcpy(word + POLICY_WORD_MAX + extra, ": y", 4);
        assert_int_equal(parse_status(word, strlen(word)), expected);
        memset(word, 'x', sizeof word);
        memcpy(word, "y: ", 3);
        assert_int_equal(parse_status(word, 3 + POLICY_WORD_MAX + extra), expected);
    }
    char *big = malloc(POLICY_TEXT_MAX + 1);
    assert_non_null(big);
    memset(big, ' ', POLICY_TEXT_MAX + 1);
    memcpy(big, "a: 1", 4);
    assert_int_equal(parse_status(big, POLICY_TEXT_MAX), KF_OK);
    assert_int_equal(parse_status(big, POLICY_TEXT_MAX + 1), KF_ERR_LIMIT);
    free(big);
}

static void reads_no_further_than_told(void **state)
{
    (void)state;
    char *text = malloc(4); /* sanitizers see a fifth byte read */
    assert_non_null(text);
    memcpy(text, "a: b", 4);
    assert_int_equal(parse_status(text, 4), KF_OK);
    assert_int_equal(parse_status(text, 3), KF_ERR_MALFORMED);
    assert_int_equal(parse_status(text, 0), KF_ERR_MALFORMED);
    free(text);
    assert_int_equal(parse_status("a: b\0", 5), KF_ERR_MALFORMED);
}

/* CIRCL's testdata/policies.json: policy, attributes, whether they satisfy it. */
static void answers_as_circls_vectors_do(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        struct policy_attribute attributes[3];
        size_t count;
        bool satisfied;
    } cases[] = {
        {"region: US", {{"region", "EU"}}, 1, false},
        {"not region: US", {{"region", "EU"}}, 1, true},
        {"region: US or region: EU or tier: 1 or tier: 2 or tier: 3 and owner: cloudflare",
         {{"region", "AZ"}, {"tier", "2"}, {"owner", "cloudflare"}},
         3,
         true},
        {"(region: US or region: EU) or (tier: 1 or tier: 2 or tier: 3) and (owner: cloudflare)",
         {{"region", "AZ"}, {"tier", "1"}, {"owner", "cloudflare"}},
         3,
         true},
        {"((region: US or region: EU) and (not (tier: 3)))",
         {{"region", "EU"}, {"tier", "2"}, {"owner", "cloudflare"}},
         3,
         true},
        {"not (region: US or region: EU)", {{"region", "EU"}}, 1, false},
        {"not not region: US", {{"region", "EU"}}, 1, false},
        {"region: US or region: US", {{"region", "AZ"}}, 1, false},
        {"region: US and region: EU or region: ASIA", {{"region", "US"}}, 1, false},
        {"not region: US", {{"tier", "1"}}, 1, false}, /* the label must be there */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy *policy = must_parse(cases[i].policy);
        bool satisfied = policy_evaluate(policy, cases[i].attributes, cases[i].count);
        assert_int_equal(satisfied, cases[i].satisfied);
        policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_as_circl_does),
        cmocka_unit_test(refuses_with_a_caret),
        cmocka_unit_test(cuts_long_lines),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_leaves_words_and_text),
        cmocka_unit_test(reads_no_further_than_told),
        cmocka_unit_test(answers_as_circls_vectors_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
