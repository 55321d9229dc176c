/* What the signer remembers: open customers' keys, policy keys, counts. */
#include "cache.h"
#include "policies.h"
#include "status.h"

#include "base/secret.h"
#include "keyless/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static void ski_of(uint8_t *ski, uint32_t n)
{
    memset(ski, 0, RECORD_SKI_SIZE);
    memcpy(ski, &n, sizeof n);
}

static struct signer_key *key_of(uint32_t n, char policy)
{
    uint8_t ski[RECORD_SKI_SIZE];
    char policy_id[RECORD_POLICY_ID_SIZE] = "";
    memset(policy_id, policy, sizeof policy_id - 1);
    ski_of(ski, n);
    const struct signer_source source = {.generation = n};
    struct signer_key *key = signer_key_new(ski, n, policy_id, &source, NULL);
    assert_non_null(key);
    return key;
}

static void put(struct signer_cache *cache, uint32_t n, char policy)
{
    struct signer_key *key = key_of(n, policy);
    signer_cache_put(cache, key);
    signer_key_release(key);
}

static bool holds(struct signer_cache *cache, uint32_t n)
{
    uint8_t ski[RECORD_SKI_SIZE];
    ski_of(ski, n);
    struct signer_key *key = signer_cache_get(cache, ski);
    bool found = key != NULL;
    if (found) {
        assert_int_equal(signer_key_revision(key), n);
        assert_int_equal(signer_key_source(key)->generation, n);
    }
    signer_key_release(key);
    return found;
}

static void test_the_cache_forgets_the_least_recently_used(void **state)
{
    (void)state;
    struct signer_cache *cache = signer_cache_new(3);
    put(cache, 1, 'a');
    put(cache, 2, 'a');
    put(cache, 3, 'a');
    assert_true(holds(cache, 1));
    put(cache, 4, 'a'); /* 2 goes: 1 was used since */
    assert_true(holds(cache, 1));
    assert_false(holds(cache, 2));
    assert_true(holds(cache, 3));
    assert_true(holds(cache, 4));
    assert_int_equal(signer_cache_count(cache), 3);
    put(cache, 4, 'a'); /* replaces */
    assert_int_equal(signer_cache_count(cache), 3);
    signer_cache_free(cache);
}

static void test_a_key_in_use_outlives_its_place(void **state)
{
    (void)state;
    struct signer_cache *cache = signer_cache_new(1);
    put(cache, 1, 'a');
    uint8_t ski[RECORD_SKI_SIZE];
    ski_of(ski, 1);
    struct signer_key *key = signer_cache_get(cache, ski);
    signer_cache_remove(cache, ski);
    assert_false(holds(cache, 1));
    assert_int_equal(signer_key_revision(key), 1);
    signer_key_release(key);
    signer_cache_free(cache);
}

static void test_a_policy_is_forgotten_with_all_its_keys(void **state)
{
    (void)state;
    struct signer_cache *cache = signer_cache_new(100);
    for (uint32_t i = 1; i <= 60; i++) {
        put(cache, i, i % 3 == 0 ? 'b' : 'a');
    }
    char policy_id[RECORD_POLICY_ID_SIZE] = "";
    memset(policy_id, 'b', sizeof policy_id - 1);
    signer_cache_remove_policy(cache, policy_id);
    for (uint32_t i = 1; i <= 60; i++) {
        assert_int_equal(holds(cache, i), i % 3 != 0);
    }
    signer_cache_remove_policy(cache, NULL);
    assert_int_equal(signer_cache_count(cache), 0);
    signer_cache_free(cache);
}

static const char *policy_name(char out[static RECORD_POLICY_ID_SIZE], uint32_t n)
{
    (void)snprintf(out, RECORD_POLICY_ID_SIZE, "%032x", n);
    return out;
}

static enum signer_policy_state look(struct signer_policies *policies, uint32_t n,
                                     const struct signer_candidates *candidates)
{
    uint8_t secret[SEAL_KEY_SIZE] = {0};
    struct signer_source source = {0};
    char policy_id[RECORD_POLICY_ID_SIZE];
    policy_name(policy_id, n);
    enum signer_policy_state found =
        signer_policies_find(secret, &source, policies, policy_id, candidates);
    if (found == SIGNER_POLICY_OPEN) {
        for (size_t i = 0; i < sizeof secret; i++) {
            assert_int_equal(secret[i], (uint8_t)n);
        }
    }
    return found;
}

static void open_one(struct signer_policies *policies, uint32_t n,
                     const struct signer_source *source)
{
    uint8_t secret[SEAL_KEY_SIZE];
    char policy_id[RECORD_POLICY_ID_SIZE];
    memset(secret, (int)n, sizeof secret);
    policy_name(policy_id, n);
    signer_policies_opened(policies, policy_id, source, secret);
}

static void test_an_open_policy_holds_while_its_source_does(void **state)
{
    (void)state;
    struct signer_policies *policies = signer_policies_new(16);
    const struct signer_candidates two = {.count = 2, .list = {{2, 9, 20, 21}, {1, 9, 10, 11}}};
    assert_int_equal(look(policies, 5, &two), SIGNER_POLICY_UNKNOWN);
    open_one(policies, 5, &two.list[1]);
    assert_int_equal(look(policies, 5, &two), SIGNER_POLICY_OPEN);
    for (int field = 0; field < 4; field++) { /* any of its records changed */
        struct signer_candidates other = {.count = 1, .list = {two.list[1]}};
        other.list[0].generation += field == 0;
        other.list[0].policy_revision += field == 1;
        other.list[0].wrap_revision += field == 2;
        other.list[0].machine_key_revision += field == 3;
        assert_int_equal(look(policies, 5, &other), SIGNER_POLICY_UNKNOWN);
    }
    assert_int_equal(signer_policies_open_count(policies), 1);
    signer_policies_forget(policies, NULL);
    assert_int_equal(look(policies, 5, &two), SIGNER_POLICY_UNKNOWN);
    assert_int_equal(signer_policies_open_count(policies), 0);
    signer_policies_free(policies);
}

static void test_a_refusal_holds_for_what_was_tried(void **state)
{
    (void)state;
    struct signer_policies *policies = signer_policies_new(16);
    struct signer_candidates tried = {.count = 1, .list = {{1, 9, 10, 11}}};
    char policy_id[RECORD_POLICY_ID_SIZE];
    signer_policies_refused(policies, (policy_name(policy_id, 7), policy_id), &tried);
    assert_int_equal(look(policies, 7, &tried), SIGNER_POLICY_REFUSED);
    struct signer_candidates more = tried;
    more.list[more.count++] = (struct signer_source){2, 9, 12, 13};
    assert_int_equal(look(policies, 7, &more), SIGNER_POLICY_UNKNOWN);
    tried.list[0].machine_key_revision++;
    assert_int_equal(look(policies, 7, &tried), SIGNER_POLICY_UNKNOWN);
    open_one(policies, 7, &more.list[1]); /* replaces the refusal */
    assert_int_equal(look(policies, 7, &more), SIGNER_POLICY_OPEN);
    assert_int_equal(signer_policies_open_count(policies), 1);
    signer_policies_free(policies);
}

static void test_policies_are_bounded(void **state)
{
    (void)state;
    struct signer_policies *policies = signer_policies_new(8);
    const struct signer_candidates one = {.count = 1, .list = {{1, 9, 10, 11}}};
    for (uint32_t i = 1; i <= 100; i++) {
        open_one(policies, i, &one.list[0]);
        assert_int_equal(look(policies, 1, &one), SIGNER_POLICY_OPEN); /* used each time: stays */
    }
    assert_int_equal(signer_policies_open_count(policies), 8);
    size_t open = 0;
    for (uint32_t i = 1; i <= 100; i++) {
        open += look(policies, i, &one) == SIGNER_POLICY_OPEN;
    }
    assert_int_equal(open, 8);
    signer_policies_free(policies);
}

static json_t *status_of(struct signer_counters *counters)
{
    static char text[SIGNER_STATUS_MAX];
    size_t length = 0;
    const struct signer_facts facts = {"par-1", "par", 3, 4};
    assert_int_equal(signer_status_json(text, &length, counters, &facts), KF_OK);
    assert_true(length + 256 <= KEYLESS_BODY_MAX);
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static json_int_t number(json_t *json, const char *name)
{
    assert_true(json_is_integer(json_object_get(json, name)));
    return json_integer_value(json_object_get(json, name));
}

static void test_counts(void **state)
{
    (void)state;
    struct signer_counters *counters = signer_counters_new();
    uint8_t ski[RECORD_SKI_SIZE];
    ski_of(ski, 0x04030201);
    signer_counters_signed(counters, ski);
    signer_counters_signed(counters, ski);
    signer_counters_error(counters, KEYLESS_ERR_NOT_HERE);
    signer_counters_error(counters, KEYLESS_ERR_CRYPTO);
    json_t *json = status_of(counters);
    assert_string_equal(json_string_value(json_object_get(json, "machine")), "par-1");
    assert_string_equal(json_string_value(json_object_get(json, "datacenter")), "par");
    assert_int_equal(number(json, "signatures_total"), 2);
    assert_int_equal(number(json, "signatures_other"), 0);
    assert_int_equal(number(json, "refused_not_here"), 1);
    assert_int_equal(number(json, "policy_keys_open"), 3);
    assert_int_equal(number(json, "customer_keys_open"), 4);
    assert_int_equal(
        number(json_object_get(json, "signatures"), "0102030400000000000000000000000000000000"), 2);
    assert_int_equal(
        number(json_object_get(json, "errors"), keyless_error_name(KEYLESS_ERR_CRYPTO)), 1);
    json_decref(json);
    signer_counters_free(counters);
}

static void test_a_status_fits_a_frame_however_many_keys(void **state)
{
    (void)state;
    struct signer_counters *counters = signer_counters_new();
    uint8_t ski[RECORD_SKI_SIZE];
    enum { MANY = SIGNER_STATUS_COUNTED + 500 };
    for (uint32_t i = 0; i < MANY; i++) {
        ski_of(ski, i);
        signer_counters_signed(counters, ski);
    }
    ski_of(ski, 4321);
    signer_counters_signed(counters, ski);
    json_t *json = status_of(counters);
    assert_int_equal(number(json, "signatures_total"), MANY + 1);
    json_t *listed = json_object_get(json, "signatures");
    assert_int_equal(json_object_size(listed), SIGNER_STATUS_KEYS);
    assert_int_equal(number(listed, "e110000000000000000000000000000000000000"), 2);
    assert_int_equal(number(json, "signatures_other"), MANY + 1 - (SIGNER_STATUS_KEYS + 1));
    json_decref(json);
    signer_counters_free(counters);
}

static int prepare(void **state)
{
    (void)state;
    return kf_secret_init() == KF_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_cache_forgets_the_least_recently_used),
        cmocka_unit_test(test_a_key_in_use_outlives_its_place),
        cmocka_unit_test(test_a_policy_is_forgotten_with_all_its_keys),
        cmocka_unit_test(test_an_open_policy_holds_while_its_source_does),
        cmocka_unit_test(test_a_refusal_holds_for_what_was_tried),
        cmocka_unit_test(test_policies_are_bounded),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_a_status_fits_a_frame_however_many_keys),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
