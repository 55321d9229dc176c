/* The catalogue: what customers write, what it compiles to, what machines carry, bad files. */
#include "support.h"

#include "policy/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct catalogue *shipped(void)
{
    char attributes[512];
    char regions[512];
    const char *root = getenv("KF_SOURCE_ROOT");
    assert_non_null(root);
    (void)snprintf(attributes, sizeof attributes, "%s/data/attributes.yaml", root);
    (void)snprintf(regions, sizeof regions, "%s/data/regions.yaml", root);
    struct catalogue *catalogue = NULL;
    struct kf_error err = {0};
    if (catalogue_load(&catalogue, attributes, regions, NULL, &err) != KF_OK) {
        fail_msg("%s", err.message);
    }
    return catalogue;
}

static struct policy *must_compile(const struct catalogue *catalogue, const char *text)
{
    struct policy *policy = NULL;
    struct kf_error err = {0};
    if (catalogue_compile(&policy, catalogue, text, strlen(text), NULL, &err) != KF_OK) {
        fail_msg("%s\n%s", text, err.message);
    }
    return policy;
}

static void compiles(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        const char *compiled;
        const char *sealing;
        const char *shown;
    } cases[] = {
        {"region: EU and (not country: FR)", "region_EU: yes and not country: FR",
         "not country: FR and region_EU: yes", "not country: FR and region: EU"},
        {"not region: EU", "not region_EU: yes", "region_EU: no", "not region: EU"},
        {"country: US or country: JP", "country: US or country: JP", "country: JP or country: US",
         "country: JP or country: US"},
        {"fips: no", "not fips: yes", "fips: no", "fips: no"},
        {"not fips: no", "fips: yes", "fips: yes", "fips: yes"},
        {"region: EU and region: WEUR", "region_EU: yes and region_WEUR: yes",
         "region_EU: yes and region_WEUR: yes", "region: EU and region: WEUR"},
        {"datacenter: anything_9 or metro: paris", "datacenter: anything_9 or metro: paris",
         "datacenter: anything_9 or metro: paris", "datacenter: anything_9 or metro: paris"},
    };
    struct catalogue *catalogue = shipped();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy *policy = must_compile(catalogue, cases[i].written);
        struct policy *sealing = NULL;
        char *text = NULL;
        assert_int_equal(policy_format(&text, policy), KF_OK);
        assert_string_equal(text, cases[i].compiled);
        free(text);
        assert_int_equal(catalogue_sealing_policy(&sealing, catalogue, policy), KF_OK);
        assert_int_equal(policy_format(&text, sealing), KF_OK);
        assert_string_equal(text, cases[i].sealing);
        free(text);
        assert_int_equal(catalogue_display(&text, catalogue, sealing), KF_OK);
        assert_string_equal(text, cases[i].shown);
        policy_free(must_compile(catalogue, text));
        free(text);
        policy_free(sealing);
        policy_free(policy);
    }
    catalogue_free(catalogue);
}

struct refusal {
    const char *text;
    size_t column;
    const char *message; /* after the position */
};

static const struct refusal refusals[] = {
    {"country: UK", 10, "`UK` is no value of `country`; did you mean `GB` (United Kingdom)?"},
    {"country: France", 10, "`France` is no value of `country`; did you mean `FR` (France)?"},
    {"country: fr", 10, "`fr` is no value of `country`; did you mean `FR` (France)?"},
    {"country: FRA", 10, "`FRA` is no value of `country`; did you mean `FR` (France)?"},
    {"country: Germny", 10, "`Germny` is no value of `country`; did you mean `DE` (Germany)?"},
    {"country: South_Korea", 10,
     "`South_Korea` is no value of `country`; did you mean `KR` (South Korea)?"},
    {"country: Russia", 10,
     "`Russia` is no value of `country`; did you mean `RU` (Russian Federation)?"},
    {"country: Turkiye", 10,
     "`Turkiye` is no value of `country`; did you mean `TR` (T\xC3\xBCrkiye)?"},
    {"country: ZZ", 10, "`ZZ` is no value of `country`; countries are two-letter codes, as `FR`"},
    {"country: EU", 10, "`EU` is no value of `country`; did you mean `region: EU`?"},
    {"region: FR", 9, "`FR` is no value of `region`; did you mean `country: FR`?"},
    {"region: Europe", 9, "`Europe` is no value of `region`; did you mean `EU` (European Union)?"},
    {"region: Oceania", 9, "`Oceania` is no value of `region`; did you mean `OC` (Oceania)?"},
    {"region: XX", 9,
     "`XX` is no value of `region`; it is one of `AFR`, `APAC`, `EEA`, `EEUR`, `ENAM`, `EU`, "
     "`LATAM`, `ME`, `NAM`, `OC`, `SAM`, `WEUR`, `WNAM`"},
    {"fips: true", 7, "`true` is no value of `fips`; it is one of `yes`, `no`"},
    {"region_EU: yes", 1, "unknown label `region_EU`; did you mean `region: EU`?"},
    {"contry: FR", 1, "unknown label `contry`; did you mean `country`?"},
    {"Country: FR", 1, "unknown label `Country`; did you mean `country`?"},
    {"location: FR", 1, "unknown label `location`; did you mean `country`?"},
    {"foo: bar", 1,
     "unknown label `foo`; labels are `country`, `region`, `metro`, `datacenter`, `fips`, `tier`"},
    {"country: FR and country: DE", 17,
     "nothing can satisfy this policy: `country: FR` and `country: DE` exclude each other; "
     "`country` has one value: did you mean `or`?"},
    {"region: EU and not region: EU", 20,
     "nothing can satisfy this policy: `region: EU` and `not region: EU` exclude each other"},
    {"fips: yes and fips: no", 15,
     "nothing can satisfy this policy: `fips: yes` and `fips: no` exclude each other; `fips` has "
     "one value: did you mean `or`?"},
    {"not fips: yes and not fips: no", 23,
     "nothing can satisfy this policy: `not fips: yes` and `not fips: no` exclude each other"},
    {"fips: yes or fips: no", 14,
     "`fips: yes` or `fips: no` holds for every value of `fips`, so it restricts nothing"},
    {"region: EU or country: FR and country: DE", 31,
     "nothing can satisfy this part of the policy: `country: FR` and `country: DE` exclude each "
     "other; `country` has one value: did you mean `or`?"},
};

static void refuses_in_the_customers_words(void **state)
{
    (void)state;
    struct catalogue *catalogue = shipped();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct policy *policy = NULL;
        struct policy_error problem = {0};
        struct kf_error err = {0};
        char expected[KF_ERROR_MESSAGE_MAX];
        size_t length = strlen(refusals[i].text);
        assert_int_equal(
            catalogue_compile(&policy, catalogue, refusals[i].text, length, &problem, &err),
            KF_ERR_USAGE);
        assert_null(policy);
        (void)snprintf(expected, sizeof expected, "line 1, column %zu: %s\n  %s\n  %*s",
                       refusals[i].column, refusals[i].message, refusals[i].text,
                       (int)refusals[i].column, "^");
        if (strncmp(err.message, expected, strlen(expected)) != 0) {
            assert_string_equal(err.message, expected);
        }
    }
    struct policy *policy = NULL;
    assert_int_equal(catalogue_compile(&policy, catalogue, "country FR", 10, NULL, NULL),
                     KF_ERR_MALFORMED);
    catalogue_free(catalogue);
}

static const char *value_of(const struct catalogue_attributes *attributes, const char *label)
{
    for (size_t i = 0; i < attributes->count; i++) {
        if (strcmp(attributes->items[i].label, label) == 0) {
            return attributes->items[i].value;
        }
    }
    return "(missing)";
}

static void completes_machines(void **state)
{
    (void)state;
    struct catalogue *catalogue = shipped();
    struct catalogue_attributes *machine = NULL;
    const struct policy_attribute newyork[] = {
        {"country", "US"}, {"metro", "newyork"}, {"fips", "yes"}, {"region", "OC"}};
    assert_int_equal(catalogue_machine_attributes(&machine, catalogue, newyork, 4, NULL), KF_OK);
    static const struct policy_attribute expected[] = {
        {"country", "US"},           {"metro", "newyork"},   {"fips", "yes"},
        {"tier", "standard"},        {"region_EU", "no"},    {"region_NAM", "yes"},
        {"region_ENAM", "yes"},      {"region_WNAM", "no"},  {"region_OC", "yes"},
        {"datacenter", "(missing)"}, {"region", "(missing)"}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(value_of(machine, expected[i].label), expected[i].value);
    }
    for (size_t i = 1; i < machine->count; i++) {
        assert_true(strcmp(machine->items[i - 1].label, machine->items[i].label) < 0);
    }
    free(machine);
    catalogue_free(catalogue);
}

static void refuses_machines_that_cannot_be(void **state)
{
    (void)state;
    static const struct {
        struct policy_attribute declared[2];
        size_t count;
        const char *message;
    } cases[] = {
        {{{"metro", "paris"}}, 1, "`country` is missing, for example `country: FR`"},
        {{{"country", "FR"}, {"country", "DE"}},
         2,
         "`country` has one value, given are `DE` and `FR`"},
        {{{"country", "UK"}},
         1,
         "`UK` is no value of `country`; did you mean `GB` (United Kingdom)?"},
        {{{"country", "FR"}, {"metro", "new-york"}},
         2,
         "`new-york` cannot be a value of `metro`: use letters, digits and `_`"},
        {{{"country", "FR"}, {"region_EU", "yes"}},
         2,
         "unknown label `region_EU`; did you mean `region: EU`?"},
    };
    struct catalogue *catalogue = shipped();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct catalogue_attributes *machine = NULL;
        struct kf_error err = {0};
        assert_int_equal(catalogue_machine_attributes(&machine, catalogue, cases[i].declared,
                                                      cases[i].count, &err),
                         KF_ERR_USAGE);
        assert_null(machine);
        assert_string_equal(err.message, cases[i].message);
    }
    catalogue_free(catalogue);
}

/* What a customer means by a policy, worked out on sets of regions without any compiling. */
static bool means(const struct policy *shown, const char *country, const bool *in_region,
                  const char *const *regions, size_t region_count)
{
    bool holds[POLICY_LEAVES_MAX] = {false};
    for (size_t i = 0; i < shown->leaf_count; i++) {
        const struct policy_leaf *leaf = &shown->leaves[i];
        bool is = strcmp(leaf->label, "country") == 0 && strcmp(leaf->value, country) == 0;
        for (size_t r = 0; r < region_count && strcmp(leaf->label, "region") == 0; r++) {
            is = is || (in_region[r] && strcmp(regions[r], leaf->value) == 0);
        }
        holds[i] = is == leaf->positive;
    }
    return policy_evaluate_leaves(shown, holds);
}

static void means_what_the_customer_means(void **state)
{
    (void)state;
    static const char *const regions[] = {"EU", "ENAM", "OC"};
    static const char *const countries[] = {"FR", "DE", "US", "AU"};
    struct dice dice = dice_seeded("means_what_the_customer_means", 41);
    struct catalogue *catalogue = shipped();
    size_t compared = 0;
    for (size_t round = 0; round < 400; round++) {
        char text[4096] = "";
        for (size_t i = 0; i < 5; i++) {
            bool country = dice_below(&dice, 2) == 0;
            (void)sprintf(text + strlen(text), "%s%s%s%s: %s%s",
                          i == 0                      ? ""
                          : dice_below(&dice, 2) == 0 ? " and "
                                                      : " or ",
                          dice_below(&dice, 3) == 0 ? "not " : "", i == 1 ? "(" : "",
                          country ? "country" : "region",
                          country ? countries[dice_below(&dice, 4)] : regions[dice_below(&dice, 3)],
                          i == 3 ? ")" : "");
        }
        struct policy *compiled = NULL;
        if (catalogue_compile(&compiled, catalogue, text, strlen(text), NULL, NULL) != KF_OK) {
            continue;
        }
        struct policy *shown = must_parse(text);
        struct policy *sealing = NULL;
        assert_int_equal(catalogue_sealing_policy(&sealing, catalogue, compiled), KF_OK);
        for (size_t c = 0; c < 4; c++) {
            for (size_t extra = 0; extra < 2; extra++) {
                const struct policy_attribute declared[] = {{"country", countries[c]},
                                                            {"region", "ENAM"}};
                struct catalogue_attributes *machine = NULL;
                assert_int_equal(
                    catalogue_machine_attributes(&machine, catalogue, declared, 1 + extra, NULL),
                    KF_OK);
                const bool in_region[] = {c < 2, extra == 1, c == 3};
                bool expected = means(shown, countries[c], in_region, regions, 3);
                assert_int_equal(policy_evaluate(compiled, machine->items, machine->count),
                                 expected);
                assert_int_equal(policy_evaluate(sealing, machine->items, machine->count),
                                 expected);
                free(machine);
            }
        }
        compared++;
        policy_free(sealing);
        policy_free(shown);
        policy_free(compiled);
    }
    print_message("%zu policies compared\n", compared);
    assert_true(compared > 100);
    catalogue_free(catalogue);
}

/* Every country is somewhere, but for Antarctica; EU has 27 members, EEA 30. */
static void has_a_complete_table_of_regions(void **state)
{
    (void)state;
    struct catalogue *catalogue = shipped();
    size_t count = 0;
    const struct catalogue_label *labels = catalogue_labels(&count, catalogue);
    const struct catalogue_label *country = &labels[0];
    const struct catalogue_label *region = &labels[1];
    assert_string_equal(country->label, "country");
    assert_string_equal(region->label, "region");
    assert_true(country->value_count > 240);
    for (size_t c = 0; c < country->value_count; c++) {
        size_t homes = 0;
        for (size_t r = 0; r < region->value_count; r++) {
            for (size_t i = 0; i < region->values[r].country_count; i++) {
                homes += strcmp(region->values[r].countries[i], country->values[c].value) == 0;
            }
        }
        assert_int_equal(homes == 0, strcmp(country->values[c].value, "AQ") == 0);
    }
    for (size_t r = 0; r < region->value_count; r++) {
        const struct catalogue_value *value = &region->values[r];
        size_t members = strcmp(value->value, "EU") == 0    ? 27
                         : strcmp(value->value, "EEA") == 0 ? 30
                                                            : value->country_count;
        assert_int_equal(value->country_count, members);
        assert_non_null(value->names[0]);
    }
    catalogue_free(catalogue);
}

static const char countries_text[] =
    "{\"3166-1\": [{\"alpha_2\": \"FR\", \"alpha_3\": \"FRA\", \"name\": \"France\"}]}";
static const char regions_text[] = "regions:\n  EU: {countries: [FR]}\n";
static const char attributes_text[] = "attributes:\n  country: {kind: country}\n";

static enum kf_status parse_files(struct kf_error *err, const char *attributes, const char *regions,
                                  const char *countries)
{
    struct catalogue *catalogue = NULL;
    const struct catalogue_source a = {"a.yaml", attributes, strlen(attributes)};
    const struct catalogue_source r = {"r.yaml", regions, strlen(regions)};
    const struct catalogue_source c = {"c.json", countries, strlen(countries)};
    enum kf_status status = catalogue_parse(&catalogue, &a, &r, &c, err);
    assert_int_equal(status == KF_OK, catalogue != NULL);
    catalogue_free(catalogue);
    return status;
}

static void complains_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *attributes, *regions, *countries, *message;
    } cases[] = {
        {"", NULL, NULL, "a.yaml:1: the file is empty"},
        {"a: [", NULL, NULL, "a.yaml:2: did not find expected node content"},
        {"attributes:\n  x: {kind: open}\n  y: {kind: opn}\n", NULL, NULL,
         "a.yaml:3: unknown kind `opn`: open, choice, country, set or region"},
        {"attributes:\n  x: {knd: open}\n", NULL, NULL,
         "a.yaml:2: unknown key `knd` in an attribute"},
        {"attributes:\n  x: {}\n", NULL, NULL,
         "a.yaml:2: `kind` is missing: open, choice, country, set or region"},
        {"attributes:\n  x: {kind: open}\n  x: {kind: open}\n", NULL, NULL,
         "a.yaml:3: label `x` twice"},
        {"attributes:\n  x-y: {kind: open}\n", NULL, NULL,
         "a.yaml:2: label `x-y` cannot stand in a policy: use letters, digits and `_`, at most "
         "255, "
         "and none of `and`, `or`, `not`"},
        {"attributes:\n  not: {kind: open}\n", NULL, NULL, "a.yaml:2: label `not` cannot stand"},
        {"attributes:\n  x: {kind: choice}\n", NULL, NULL,
         "a.yaml:2: `values` is missing: a list, such as [yes, no]"},
        {"attributes:\n  x: {kind: choice, values: []}\n", NULL, NULL,
         "a.yaml:2: `values` is empty"},
        {"attributes:\n  x: {kind: choice, values: [a, a]}\n", NULL, NULL,
         "a.yaml:2: `values` has `a` twice"},
        {"attributes:\n  x: {kind: choice, values: [a], default: b}\n", NULL, NULL,
         "a.yaml:2: the default `b` is none of the values"},
        {"attributes:\n  x: {kind: open, values: [a]}\n", NULL, NULL,
         "a.yaml:2: a label of this kind lists no values here"},
        {"attributes:\n  x: {kind: set, values: [a]}\n  x_a: {kind: open}\n", NULL, NULL,
         "a.yaml:2: `x: a` needs the label `x_a`, which is declared as well"},
        {"attributes:\n  x: {kind: country}\n  y: {kind: country}\n", NULL, NULL,
         "a.yaml:2: more than one label of kind country"},
        {"other: {}\n", NULL, NULL, "a.yaml:1: unknown key `other` in the file"},
        {NULL, "regions:\n  EU:\n    countries: [FR,\n      ZZ]\n", NULL,
         "r.yaml:4: `ZZ` is no ISO 3166-1 country code"},
        {NULL, "regions:\n  EU: {countries: FR}\n", NULL,
         "r.yaml:2: `countries` must be a list, such as [A, B]"},
        {NULL, "regions:\n  EU: {}\n  EU: {}\n", NULL, "r.yaml:3: region `EU` twice"},
        {NULL, NULL, "[", "c.json:1: "},
        {NULL, NULL, "{}", "c.json: no list \"3166-1\" of countries"},
        {NULL, NULL, "{\"3166-1\": [{\"alpha_2\": \"F:\"}]}",
         "c.json: entry 1 has no two-letter code"},
    };
    assert_int_equal(parse_files(NULL, attributes_text, regions_text, countries_text), KF_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kf_error err = {0};
        assert_int_equal(
            parse_files(&err, cases[i].attributes != NULL ? cases[i].attributes : attributes_text,
                        cases[i].regions != NULL ? cases[i].regions : regions_text,
                        cases[i].countries != NULL ? cases[i].countries : countries_text),
            KF_ERR_MALFORMED);
        if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0) {
            assert_string_equal(err.message, cases[i].message);
        }
    }
    struct catalogue *catalogue = NULL;
    struct kf_error err = {0};
    assert_int_equal(catalogue_load(&catalogue, "/nonexistent", "/x", NULL, &err), KF_ERR_IO);
    assert_string_equal(err.message, "/nonexistent: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiles),
        cmocka_unit_test(refuses_in_the_customers_words),
        cmocka_unit_test(completes_machines),
        cmocka_unit_test(refuses_machines_that_cannot_be),
        cmocka_unit_test(means_what_the_customer_means),
        cmocka_unit_test(has_a_complete_table_of_regions),
        cmocka_unit_test(complains_with_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
