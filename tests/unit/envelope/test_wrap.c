/* Policy keys under real attribute-based encryption. */
#include "base/secret.h"
#include "envelope/wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char policy[] = "region_EU: yes and not country: FR";
static const char other_id[] = "ffffffffffffffffffffffffffffffff";

struct fixture {
    struct kf_random random;
    struct cpabe_public_key *master;
    struct cpabe_secret_key *secret;
    struct cpabe_attribute_key *berlin;
    struct cpabe_attribute_key *paris;
    struct wrap_policy_key key;
    char id[RECORD_POLICY_ID_SIZE];
    uint8_t *wrapped;
    size_t length;
};

static struct cpabe_attribute_key *key_for(struct fixture *f, const char *country)
{
    const struct cpabe_attribute attributes[] = {{"region_EU", "yes"}, {"country", country}};
    struct cpabe_attribute_key *key = NULL;
    assert_int_equal(cpabe_keygen(&key, f->secret, attributes, 2, NULL, NULL), CPABE_OK);
    return key;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(kf_secret_init(), KF_OK);
    f->random = kf_random_system();
    assert_int_equal(cpabe_setup(&f->master, &f->secret, NULL), CPABE_OK);
    f->berlin = key_for(f, "DE");
    f->paris = key_for(f, "FR");
    f->wrapped = malloc(PAYLOAD_ABE_CIPHERTEXT_MAX);
    assert_non_null(f->wrapped);
    payload_policy_id(f->id, policy, strlen(policy));
    assert_int_equal(wrap_policy_key_new(&f->key, &f->random), KF_OK);
    assert_int_equal(wrap_policy_key_seal(f->wrapped, PAYLOAD_ABE_CIPHERTEXT_MAX, &f->length,
                                          &f->key, f->id, policy, f->master, &f->random, NULL),
                     KF_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    cpabe_attribute_key_free(f->berlin);
    cpabe_attribute_key_free(f->paris);
    cpabe_secret_key_free(f->secret);
    cpabe_public_key_free(f->master);
    free(f->wrapped);
    free(f);
    return 0;
}

static enum kf_status open_with(struct fixture *f, const struct cpabe_attribute_key *attributes,
                                const char *id, const uint8_t *public_key)
{
    static const struct wrap_policy_key zero;
    struct wrap_policy_key out;
    memset(&out, 0xee, sizeof out);
    enum kf_status status =
        wrap_policy_key_open(&out, id, public_key, f->wrapped, f->length, attributes, NULL);
    assert_memory_equal(&out, status == KF_OK ? &f->key : &zero, sizeof out);
    return status;
}

static void test_opens_where_the_policy_says(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(open_with(f, f->berlin, f->id, f->key.public_key), KF_OK);
    assert_int_equal(open_with(f, f->paris, f->id, f->key.public_key), KF_ERR_UNSATISFIED);
}

static void test_bound_to_its_record(void **state)
{
    struct fixture *f = *state;
    uint8_t public_key[SEAL_KEY_SIZE];
    memcpy(public_key, f->key.public_key, sizeof public_key);
    assert_int_equal(open_with(f, f->berlin, other_id, f->key.public_key), KF_ERR_FORGED);
    public_key[0] ^= 1;
    assert_int_equal(open_with(f, f->berlin, f->id, public_key), KF_ERR_FORGED);
}

/* A pair whose halves do not belong together would seal to one key and open with another. */
static void test_mismatched_pair(void **state)
{
    struct fixture *f = *state;
    f->key.public_key[3] ^= 4;
    assert_int_equal(wrap_policy_key_seal(f->wrapped, PAYLOAD_ABE_CIPHERTEXT_MAX, &f->length,
                                          &f->key, f->id, policy, f->master, &f->random, NULL),
                     KF_OK);
    assert_int_equal(open_with(f, f->berlin, f->id, f->key.public_key), KF_ERR_FORGED);
}

static void test_damage(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < f->length; i += f->length / 40) {
        f->wrapped[i] ^= 1;
        assert_int_not_equal(open_with(f, f->berlin, f->id, f->key.public_key), KF_OK);
        f->wrapped[i] ^= 1;
    }
    f->length--;
    assert_int_equal(open_with(f, f->berlin, f->id, f->key.public_key), KF_ERR_MALFORMED);
}

static void test_what_cannot_be_wrapped(void **state)
{
    struct fixture *f = *state;
    size_t length = 3;
    struct kf_error err = {0};
    assert_int_equal(wrap_policy_key_seal(f->wrapped, PAYLOAD_ABE_CIPHERTEXT_MAX, &length, &f->key,
                                          f->id, "country FR", f->master, &f->random, &err),
                     KF_ERR_USAGE);
    assert_true(strlen(err.message) > 20);
    assert_int_equal(wrap_policy_key_seal(f->wrapped, 100, &length, &f->key, f->id, policy,
                                          f->master, &f->random, NULL),
                     KF_ERR_LIMIT);
    assert_int_equal(length, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_opens_where_the_policy_says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound_to_its_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mismatched_pair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_wrapped, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
