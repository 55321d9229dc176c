/* Encryption and decryption on random policies, wildcards, formats, sizes; and every refusal. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t message[] = "attack at dawn";

struct world {
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
};

static int setup(void **state)
{
    static struct world w;
    assert_int_equal(cpabe_setup(&w.public_key, &w.secret_key, NULL), CPABE_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    cpabe_public_key_free(w->public_key);
    cpabe_secret_key_free(w->secret_key);
    return 0;
}

static enum cpabe_status try_open(const struct world *w, const struct cpabe_attribute *attributes,
                                  size_t count, const uint8_t *data, size_t length)
{
    struct cpabe_attribute_key *key;
    uint8_t out[64];
    size_t got = 0;
    assert_int_equal(cpabe_keygen(&key, w->secret_key, attributes, count, NULL, NULL), CPABE_OK);
    enum cpabe_status s = cpabe_decrypt(out, sizeof out, &got, key, data, length);
    if (s == CPABE_OK) {
        assert_int_equal(got, sizeof message);
        assert_memory_equal(out, message, sizeof message);
    }
    cpabe_attribute_key_free(key);
    return s;
}

static void test_random_policies(void **state)
{
    const struct world *w = *state;
    struct seeded s;
    unsigned opened = 0;
    (void)seeded_random(&s, choose_seed());
    for (int i = 0; i < 40; i++) {
        char text[2048];
        struct random_attributes a;
        struct cpabe_policy *policy;
        uint8_t *data;
        size_t length;
        random_policy(text, sizeof text, &s, 1 + (unsigned)(seeded_next(&s) % 12), 4, 2);
        random_attributes_make(&a, &s, 4, 2);
        assert_int_equal(cpabe_policy_parse(&policy, text, NULL), CPABE_OK);
        assert_int_equal(cpabe_encrypt(&data, &length, w->public_key, policy,
                                       (enum cpabe_format)(i % 3), message, sizeof message, NULL),
                         CPABE_OK);
        bool satisfied = cpabe_policy_satisfied(policy, a.list, a.count);
        assert_int_equal(try_open(w, a.list, a.count, data, length),
                         satisfied ? CPABE_OK : CPABE_ERR_UNSATISFIED);
        opened += satisfied;
        cpabe_free(data);
        cpabe_policy_free(policy);
    }
    assert_true(opened > 3 && opened < 37);
}

static void test_meaning(void **state)
{
    const struct world *w = *state;
    const struct cpabe_attribute fr[] = {{"country", "FR"}, {"region", "EU"}};
    const struct cpabe_attribute wild[] = {{"country", NULL}};
    const struct {
        const char *policy;
        bool french;
        bool wildcard;
        bool nobody;
    } cases[] = {
        {"country: FR", true, true, false},
        {"country: DE", false, true, false},
        {"not country: DE", true, true, false},
        {"not country: FR", false, true, false},
        {"not tier: 1", false, false, false}, /* the label must be there */
        {"region: EU and not country: DE", true, false, false},
        {"country: FR and country: DE", false, true, false},
        {"country: FR and not country: FR", false, true, false},
        {"country: DE or country: FR or country: IT", true, true, false},
        {"not (country: DE or country: IT)", true, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *data;
        size_t length;
        assert_int_equal(cpabe_encrypt_text(&data, &length, w->public_key, cases[i].policy, message,
                                            sizeof message, NULL, NULL),
                         CPABE_OK);
        assert_int_equal(try_open(w, fr, 2, data, length),
                         cases[i].french ? CPABE_OK : CPABE_ERR_UNSATISFIED);
        assert_int_equal(try_open(w, wild, 1, data, length),
                         cases[i].wildcard ? CPABE_OK : CPABE_ERR_UNSATISFIED);
        assert_int_equal(try_open(w, NULL, 0, data, length),
                         cases[i].nobody ? CPABE_OK : CPABE_ERR_UNSATISFIED);
        cpabe_free(data);
    }
}

/* Two keys whose attributes together satisfy a policy, and neither alone: mixing them is no key. */
static void test_other_authority(void **state)
{
    const struct world *w = *state;
    struct world other;
    const struct cpabe_attribute a[] = {{"a", "1"}};
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_setup(&other.public_key, &other.secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_encrypt_text(&data, &length, w->public_key, "a: 1", message,
                                        sizeof message, NULL, NULL),
                     CPABE_OK);
    assert_int_equal(try_open(w, a, 1, data, length), CPABE_OK);
    assert_int_equal(try_open(&other, a, 1, data, length), CPABE_ERR_MALFORMED);
    cpabe_free(data);
    cpabe_public_key_free(other.public_key);
    cpabe_secret_key_free(other.secret_key);
}

static void test_sizes(void **state)
{
    const struct world *w = *state;
    const struct cpabe_attribute a[] = {{"a", "1"}};
    const size_t sizes[] = {0, 1, 65, 60000, 70000, 1 << 20};
    struct cpabe_policy *policy;
    struct cpabe_attribute_key *key;
    uint8_t *text = malloc(1 << 20);
    uint8_t *out = malloc(1 << 20);
    assert_true(text != NULL && out != NULL);
    memset(text, 7, 1 << 20);
    assert_int_equal(cpabe_policy_parse(&policy, "a: 1", NULL), CPABE_OK);
    assert_int_equal(cpabe_keygen(&key, w->secret_key, a, 1, NULL, NULL), CPABE_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int format = 0; format < 3; format++) {
            uint8_t *data;
            size_t length;
            size_t got;
            enum cpabe_status s = cpabe_encrypt(&data, &length, w->public_key, policy,
                                                (enum cpabe_format)format, text, sizes[i], NULL);
            if (format != CPABE_FORMAT_CURRENT && sizes[i] > 65000) {
                assert_int_equal(s, CPABE_ERR_LIMIT); /* 16-bit lengths */
                continue;
            }
            assert_int_equal(s, CPABE_OK);
            assert_int_equal(cpabe_decrypt(out, sizes[i], &got, key, data, length), CPABE_OK);
            assert_int_equal(got, sizes[i]);
            assert_memory_equal(out, text, got);
            if (sizes[i] > 0) {
                assert_int_equal(cpabe_decrypt(out, sizes[i] - 1, &got, key, data, length),
                                 CPABE_ERR_LIMIT);
            }
            cpabe_free(data);
        }
    }
    cpabe_attribute_key_free(key);
    cpabe_policy_free(policy);
    free(text);
    free(out);
}

/* A policy too large for a former header, which the current format holds; and one for none. */
static void test_large_policies(void **state)
{
    const struct world *w = *state;
    const struct cpabe_attribute a[] = {{"a", "299"}};
    static char text[200000];
    struct cpabe_policy *policy;
    uint8_t *data;
    size_t length;
    size_t at = 0;
    for (int i = 0; i < 300; i++) {
        at += (size_t)sprintf(text + at, "%sa: %d", i == 0 ? "" : " or ", i);
    }
    assert_int_equal(cpabe_policy_parse(&policy, text, NULL), CPABE_OK);
    assert_int_equal(cpabe_encrypt(&data, &length, w->public_key, policy, CPABE_FORMAT_1_3_2,
                                   message, sizeof message, NULL),
                     CPABE_ERR_LIMIT);
    assert_int_equal(cpabe_encrypt(&data, &length, w->public_key, policy, CPABE_FORMAT_CURRENT,
                                   message, sizeof message, NULL),
                     CPABE_OK);
    assert_int_equal(try_open(w, a, 1, data, length), CPABE_OK);
    cpabe_free(data);
    cpabe_policy_free(policy);
    at = 0;
    for (int i = 0; i < 400; i++) { /* the policy's own length has 16 bits */
        at += (size_t)sprintf(text + at, "%sa: %0200d", i == 0 ? "" : " or ", i);
    }
    assert_int_equal(cpabe_policy_parse(&policy, text, NULL), CPABE_OK);
    assert_int_equal(cpabe_encrypt(&data, &length, w->public_key, policy, CPABE_FORMAT_CURRENT,
                                   message, sizeof message, NULL),
                     CPABE_ERR_LIMIT);
    cpabe_policy_free(policy);
}

static int failing(void *context, uint8_t *out, size_t length)
{
    int *left = context;
    memset(out, 1, length);
    return (*left)-- <= 0;
}

/* A source that fails after n draws, for every n: nothing comes out, nothing leaks. */
static void test_random_failures(void **state)
{
    const struct world *w = *state;
    const struct cpabe_attribute a[] = {{"a", "1"}};
    int left;
    struct cpabe_random random = {failing, &left};
    for (int n = 0; n < 3; n++) {
        struct world none = {NULL, NULL};
        struct cpabe_attribute_key *key = NULL;
        uint8_t *data = NULL;
        size_t length = 0;
        left = n * 10;
        assert_int_equal(cpabe_setup(&none.public_key, &none.secret_key, &random),
                         CPABE_ERR_RANDOM);
        assert_null(none.public_key);
        assert_null(none.secret_key);
        left = n < 2 ? n : 1;
        assert_int_equal(cpabe_keygen(&key, w->secret_key, a, 1, &random, NULL), CPABE_ERR_RANDOM);
        assert_null(key);
        left = n * 2;
        assert_int_equal(cpabe_encrypt_text(&data, &length, w->public_key, "a: 1", message,
                                            sizeof message, &random, NULL),
                         CPABE_ERR_RANDOM);
        assert_null(data);
    }
}

static void check_attribute_error(const char *text, unsigned line, unsigned column)
{
    struct cpabe_attribute *list = NULL;
    size_t count = 0;
    struct cpabe_error err = {0};
    assert_int_equal(cpabe_attributes_parse(&list, &count, text, &err), CPABE_ERR_USAGE);
    assert_null(list);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_true(strlen(err.message) > 0);
    assert_non_null(strchr(err.excerpt, '^'));
}

static void test_attribute_texts(void **state)
{
    (void)state;
    struct cpabe_attribute *list;
    size_t count;
    assert_int_equal(cpabe_attributes_parse(&list, &count, " country: FR,\n region :EU ", NULL),
                     CPABE_OK);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].label, "country");
    assert_string_equal(list[0].value, "FR");
    assert_string_equal(list[1].label, "region");
    assert_string_equal(list[1].value, "EU");
    cpabe_free(list);
    assert_int_equal(cpabe_attributes_parse(&list, &count, "  ", NULL), CPABE_OK);
    assert_int_equal(count, 0);
    check_attribute_error("country", 1, 8);
    check_attribute_error("country:", 1, 9);
    check_attribute_error("country: FR region: EU", 1, 13);
    check_attribute_error("country: FR,", 1, 13);
    check_attribute_error("country: FR,\ncountry: DE", 2, 1);
    check_attribute_error("a: 1, and: 2", 1, 7);
    check_attribute_error("a: not", 1, 4);
    check_attribute_error("a: 140-2", 1, 7);
    check_attribute_error("a;b", 1, 2);
}

static void test_policy_errors(void **state)
{
    const struct world *w = *state;
    struct cpabe_policy *policy = NULL;
    struct cpabe_error err = {0};
    uint8_t *data = NULL;
    size_t length;
    assert_int_equal(cpabe_policy_parse(&policy, "country: FR AND fips: yes", &err),
                     CPABE_ERR_USAGE);
    assert_null(policy);
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, 13);
    assert_non_null(strchr(err.excerpt, '^'));
    assert_int_equal(
        cpabe_encrypt_text(&data, &length, w->public_key, "a: 1 or", message, 1, NULL, &err),
        CPABE_ERR_USAGE);
    assert_null(data);
}

static void test_keygen_refusals(void **state)
{
    const struct world *w = *state;
    struct cpabe_attribute_key *key = NULL;
    struct cpabe_error err = {0};
    const struct cpabe_attribute twice[] = {{"a", "1"}, {"b", "1"}, {"a", "2"}};
    const struct cpabe_attribute no_label[] = {{"", "1"}};
    const struct cpabe_attribute no_value[] = {{"a", "x y"}};
    const struct cpabe_attribute keyword[] = {{"or", "1"}};
    const struct cpabe_attribute internal[] = {{"internal-boneh-katz-transform-attribute", "1"}};
    assert_int_equal(cpabe_keygen(&key, w->secret_key, twice, 3, NULL, &err), CPABE_ERR_USAGE);
    assert_int_equal(cpabe_keygen(&key, w->secret_key, no_label, 1, NULL, &err), CPABE_ERR_USAGE);
    assert_int_equal(cpabe_keygen(&key, w->secret_key, no_value, 1, NULL, &err), CPABE_ERR_USAGE);
    assert_int_equal(cpabe_keygen(&key, w->secret_key, keyword, 1, NULL, &err), CPABE_ERR_USAGE);
    assert_int_equal(cpabe_keygen(&key, w->secret_key, internal, 1, NULL, &err), CPABE_ERR_USAGE);
    static struct cpabe_attribute many[CPABE_ATTRIBUTES_MAX + 1];
    static char names[CPABE_ATTRIBUTES_MAX + 1][CPABE_LABEL_MAX + 1];
    for (int i = 0; i <= CPABE_ATTRIBUTES_MAX; i++) {
        (void)sprintf(names[i], "%0255d", i);
        many[i] = (struct cpabe_attribute){names[i], "1"};
    }
    assert_int_equal(cpabe_keygen(&key, w->secret_key, many, CPABE_ATTRIBUTES_MAX + 1, NULL, &err),
                     CPABE_ERR_LIMIT);
    assert_int_equal(cpabe_keygen(&key, w->secret_key, many, 300, NULL, &err), CPABE_ERR_LIMIT);
    assert_null(key);
}

static void test_wildcard_keys(void **state)
{
    const struct world *w = *state;
    const struct cpabe_attribute a[] = {{"b", NULL}, {"a", "1"}};
    struct cpabe_attribute_key *key;
    struct cpabe_attribute_key *again;
    uint8_t *data;
    uint8_t *second;
    size_t length;
    size_t second_length;
    assert_int_equal(cpabe_keygen(&key, w->secret_key, a, 2, NULL, NULL), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&data, &length, key), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_parse(&again, data, length), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&second, &second_length, again), CPABE_OK);
    assert_int_equal(length, second_length);
    assert_memory_equal(data, second, length);
    assert_int_equal(cpabe_attribute_key_count(again), 2);
    assert_string_equal(cpabe_attribute_key_get(again, 0).label, "a");
    assert_false(cpabe_attribute_key_get(again, 0).wildcard);
    assert_string_equal(cpabe_attribute_key_get(again, 1).label, "b");
    assert_true(cpabe_attribute_key_get(again, 1).wildcard);
    for (size_t cut = 0; cut < length; cut += 1 + cut / 16) {
        struct cpabe_attribute_key *none = NULL;
        assert_int_equal(cpabe_attribute_key_parse(&none, data, cut), CPABE_ERR_MALFORMED);
        assert_null(none);
    }
    cpabe_free(data);
    cpabe_free(second);
    cpabe_attribute_key_free(key);
    cpabe_attribute_key_free(again);
}

static uint8_t *find(uint8_t *data, size_t length, const char *word)
{
    uint8_t *at = memmem(data, length, word, strlen(word));
    assert_non_null(at);
    return at;
}

/* A policy that reads otherwise than it computes is no policy: the value that people see must be
 * the one whose scalar is used. */
static void test_value_and_scalar(void **state)
{
    const struct world *w = *state;
    struct cpabe_policy *policy = NULL;
    struct cpabe_ciphertext_info info;
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_encrypt_text(&data, &length, w->public_key, "where: nowhere", message,
                                        sizeof message, NULL, NULL),
                     CPABE_OK);
    memcpy(find(data, length, "nowhere"), "anytime", 7);
    assert_int_equal(cpabe_policy_from_ciphertext(&policy, data, length), CPABE_ERR_MALFORMED);
    assert_int_equal(cpabe_ciphertext_inspect(&info, data, length), CPABE_ERR_MALFORMED);
    assert_null(policy);
    assert_int_equal(cpabe_identify(data, length), CPABE_KIND_UNKNOWN);
    cpabe_free(data);
}

/* A key's flags: an attribute made a wildcard has no constant term; the transform's own must be
 * one. */
static void test_wildcard_flags(void **state)
{
    const struct world *w = *state;
    const struct cpabe_attribute a[] = {{"label", "1"}};
    struct cpabe_attribute_key *key;
    struct cpabe_attribute_key *changed = NULL;
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_keygen(&key, w->secret_key, a, 1, NULL, NULL), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&data, &length, key), CPABE_OK);
    uint8_t *flag = find(data, length, "label") + 5;
    uint8_t *own = find(data, length, "transform-attribute") + strlen("transform-attribute");
    assert_int_equal(*flag, 0);
    assert_int_equal(*own, 1);
    *flag = 1;
    assert_int_equal(cpabe_attribute_key_parse(&changed, data, length), CPABE_ERR_MALFORMED);
    memset(flag + 1, 0, 32);
    assert_int_equal(cpabe_attribute_key_parse(&changed, data, length), CPABE_ERR_MALFORMED);
    *flag = 2;
    assert_int_equal(cpabe_attribute_key_parse(&changed, data, length), CPABE_ERR_MALFORMED);
    *flag = 0;
    assert_int_equal(cpabe_attribute_key_parse(&changed, data, length), CPABE_OK);
    cpabe_attribute_key_free(changed);
    *own = 0;
    assert_int_equal(cpabe_attribute_key_parse(&changed, data, length), CPABE_ERR_MALFORMED);
    cpabe_free(data);
    cpabe_attribute_key_free(key);
}

static void test_names(void **state)
{
    (void)state;
    for (int s = CPABE_OK; s <= CPABE_ERR_RANDOM; s++) {
        assert_string_not_equal(cpabe_status_name((enum cpabe_status)s), "unknown");
    }
    assert_int_equal(cpabe_identify((const uint8_t *)"", 0), CPABE_KIND_UNKNOWN);
    assert_int_equal(cpabe_identify((const uint8_t *)"v1.3.8", 6), CPABE_KIND_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_policies), cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_other_authority), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_large_policies),  cmocka_unit_test(test_random_failures),
        cmocka_unit_test(test_attribute_texts), cmocka_unit_test(test_policy_errors),
        cmocka_unit_test(test_keygen_refusals), cmocka_unit_test(test_wildcard_keys),
        cmocka_unit_test(test_names),           cmocka_unit_test(test_value_and_scalar),
        cmocka_unit_test(test_wildcard_flags),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
