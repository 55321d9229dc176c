/* The keyring over a real replica with real attribute-based encryption: what opens, what does not,
 * and how soon a change is felt. */
#include "fixture.h"
#include "keyring.h"
#include "operations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRENCH "country: FR"
#define HERE   "country: FR, region_EU: yes, fips: no"

struct scene {
    char folder[FIXTURE_PATH];
    struct fixture fixture;
    uint64_t now;
    struct kf_clock clock;
    struct signer_keyring *keyring;
    struct signer_caches caches;
    char policy_id[RECORD_POLICY_ID_SIZE]; /* as the last look said */
};

static uint64_t scene_now(void *context)
{
    return ((struct scene *)context)->now;
}

static int scene_start(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    *state = scene;
    fixture_folder(scene->folder);
    fixture_open(&scene->fixture, scene->folder);
    scene->now = 1;
    scene->clock = (struct kf_clock){.monotonic_ns = scene_now, .context = scene};
    const struct signer_keyring_options options = {
        .machine = FIXTURE_MACHINE,
        .replica = scene->fixture.replica,
        .policies_max = 64,
        .records_public = scene->fixture.records_public,
        .enrolment_secret = scene->fixture.enrolment_secret,
        .clock = &scene->clock,
    };
    assert_int_equal(signer_keyring_new(&scene->keyring, &options, NULL), KF_OK);
    scene->caches.keys = signer_cache_new(64);
    scene->caches.closed = signer_cache_new(64);
    return 0;
}

/* Generation 1, with this machine in it. */
static int scene_start_issued(void **state)
{
    (void)scene_start(state);
    struct scene *scene = *state;
    fixture_generation(&scene->fixture, 1);
    fixture_issue(&scene->fixture, 1, HERE);
    return 0;
}

static int scene_end(void **state)
{
    struct scene *scene = *state;
    signer_cache_free(scene->caches.keys);
    signer_cache_free(scene->caches.closed);
    signer_keyring_free(scene->keyring);
    fixture_close(&scene->fixture);
    fixture_remove(scene->folder);
    free(scene);
    return 0;
}

static enum signer_found look(struct scene *scene, const struct fixture_key *key)
{
    struct signer_key *found = NULL;
    enum signer_found answer =
        signer_keyring_find(&found, scene->policy_id, scene->keyring, &scene->caches, key->ski);
    if (answer == SIGNER_FOUND) { /* the right key, and it signs */
        const struct keyless_operation *operation = keyless_operation_find(KEYLESS_OP_ECDSA_SHA256);
        uint8_t digest[32] = {1};
        uint8_t signature[128];
        size_t length = 0;
        assert_int_equal(EVP_PKEY_eq(signer_key_pkey(found), key->pkey), 1);
        assert_int_equal(signer_operation_run(signature, sizeof signature, &length,
                                              signer_key_pkey(found), operation, digest, 32),
                         KF_OK);
        signer_key_release(found);
    }
    return answer;
}

/* As a lane would: looks, opens the policy key if need be, looks again. */
static enum signer_found look_and_open(struct scene *scene, const struct fixture_key *key)
{
    enum signer_found answer = look(scene, key);
    if (answer == SIGNER_CLOSED) {
        assert_string_equal(scene->policy_id, key->policy_id);
        signer_keyring_open_policy(scene->keyring, scene->policy_id);
        answer = look(scene, key);
    }
    return answer;
}

static void follow(struct scene *scene)
{
    signer_keyring_follow(scene->keyring, &scene->caches, 1);
}

static void test_opens_where_the_policy_is_satisfied(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key;
    fixture_key(&key, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    assert_int_equal(look(scene, &key), SIGNER_CLOSED);
    assert_int_equal(signer_keyring_open_count(scene->keyring), 0);
    signer_keyring_open_policy(scene->keyring, scene->policy_id);
    assert_int_equal(look(scene, &key), SIGNER_FOUND);
    assert_int_equal(look(scene, &key), SIGNER_FOUND);
    assert_int_equal(signer_keyring_open_count(scene->keyring), 1);
    assert_int_equal(signer_cache_count(scene->caches.keys), 1);
    assert_int_equal(signer_cache_count(scene->caches.closed), 0);
    /* A second key of the policy needs no more opening. */
    struct fixture_key second;
    fixture_key(&second, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    /* (its policy's records were written again, so the key is opened again, once) */
    assert_int_equal(look_and_open(scene, &second), SIGNER_FOUND);
    struct fixture_key third;
    fixture_key(&third, &scene->fixture, KEY_P256, &scene->fixture.policies[0]);
    assert_int_equal(look(scene, &third), SIGNER_FOUND);
    fixture_key_clear(&key);
    fixture_key_clear(&second);
    fixture_key_clear(&third);
}

static void test_says_at_once_what_does_not_open_here(void **state)
{
    struct scene *scene = *state;
    static const char *const policies[] = {"country: US", "region_EU: yes and not country: FR",
                                           "fips: yes or country: JP"};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct fixture_key key;
        fixture_key(&key, &scene->fixture, KEY_P256,
                    fixture_policy(&scene->fixture, policies[i], 1));
        assert_int_equal(look(scene, &key), SIGNER_CLOSED);
        signer_keyring_open_policy(scene->keyring, scene->policy_id);
        assert_int_equal(look(scene, &key), SIGNER_NOT_HERE);
        assert_int_equal(look(scene, &key), SIGNER_NOT_HERE);
        fixture_key_clear(&key);
    }
    assert_int_equal(signer_keyring_open_count(scene->keyring), 0);
    assert_int_equal(signer_cache_count(scene->caches.keys), 0);
}

static void test_what_the_replica_does_not_know_is_unknown(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key = {.ski = {1, 2, 3}};
    assert_int_equal(look(scene, &key), SIGNER_UNKNOWN); /* there is no replica at all */
    fixture_generation(&scene->fixture, 1);
    fixture_issue(&scene->fixture, 1, HERE);
    fixture_key(&key, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    assert_int_equal(look(scene, &key), SIGNER_UNKNOWN); /* not looked for again within a second */
    scene->now += 1000000000u;
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    fixture_key_clear(&key);
}

static void test_a_machine_without_a_key_opens_nothing(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key;
    fixture_generation(&scene->fixture, 1);
    fixture_key(&key, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    assert_int_equal(look(scene, &key), SIGNER_NOT_HERE);
    fixture_issue(&scene->fixture, 1, HERE); /* and is told so once it gets one */
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    fixture_key_clear(&key);
}

/* Whoever controls the replica may withhold records but not plant them. */
static void test_forged_records_open_nothing(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = &scene->fixture;
    uint8_t public_key[RECORD_PUBLIC_SIZE];
    uint8_t forger[RECORD_SECRET_SIZE];
    uint8_t seed[RECORD_SEED_SIZE] = {66};
    uint8_t right[RECORD_SECRET_SIZE];
    assert_int_equal(record_keypair(public_key, forger, seed), KF_OK);
    memcpy(right, fixture->records_secret, sizeof right);
    struct fixture_key key;
    const struct fixture_policy *policy = fixture_policy(fixture, FRENCH, 1);

    memcpy(fixture->records_secret, forger, sizeof forger);
    fixture_key(&key, fixture, KEY_P256, policy);
    assert_int_equal(look(scene, &key), SIGNER_UNKNOWN);
    memcpy(fixture->records_secret, right, sizeof right);
    fixture_key_write(fixture, &key, KEY_P256, policy);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);

    memcpy(fixture->records_secret, forger, sizeof forger);
    (void)fixture_policy(fixture, FRENCH, 1); /* policy key and wrapping, both forged */
    assert_int_equal(look_and_open(scene, &key), SIGNER_NOT_HERE);
    memcpy(fixture->records_secret, right, sizeof right);
    (void)fixture_policy(fixture, FRENCH, 1);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);

    memcpy(fixture->records_secret, forger, sizeof forger);
    fixture_issue(fixture, 1, HERE);
    assert_int_equal(look_and_open(scene, &key), SIGNER_NOT_HERE);
    memcpy(fixture->records_secret, right, sizeof right);
    fixture_issue(fixture, 1, HERE);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    fixture_key_clear(&key);
}

static void test_a_deleted_key_is_gone_at_once_and_wiped_unasked(void **state)
{
    struct scene *scene = *state;
    struct fixture_key keys[2];
    const struct fixture_policy *policy = fixture_policy(&scene->fixture, FRENCH, 1);
    for (int i = 0; i < 2; i++) {
        fixture_key(&keys[i], &scene->fixture, KEY_P256, policy);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(look_and_open(scene, &keys[i]), SIGNER_FOUND);
    }
    follow(scene);
    assert_int_equal(look(scene, &keys[0]), SIGNER_FOUND);
    fixture_delete(&scene->fixture, RECORD_CUSTOMER_KEY, keys[0].record_key);
    assert_int_equal(look(scene, &keys[0]), SIGNER_UNKNOWN);
    assert_int_equal(signer_cache_count(scene->caches.keys), 1);
    assert_int_equal(look(scene, &keys[1]), SIGNER_FOUND);
    fixture_delete(&scene->fixture, RECORD_CUSTOMER_KEY, keys[1].record_key);
    follow(scene); /* nobody asked */
    assert_int_equal(signer_cache_count(scene->caches.keys), 0);
    assert_int_equal(look(scene, &keys[1]), SIGNER_UNKNOWN);
    fixture_key_write(&scene->fixture, &keys[1], KEY_P256, policy);
    assert_int_equal(look(scene, &keys[1]), SIGNER_FOUND);
    for (int i = 0; i < 2; i++) {
        fixture_key_clear(&keys[i]);
    }
}

static void test_a_machine_key_taken_back_closes_everything(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key;
    char record_key[RECORD_KEY_SIZE];
    fixture_key(&key, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    follow(scene);
    record_key_machine_key(record_key, FIXTURE_MACHINE, 1);
    fixture_delete(&scene->fixture, RECORD_MACHINE_KEY, record_key);
    assert_int_equal(look(scene, &key), SIGNER_NOT_HERE);
    follow(scene);
    assert_int_equal(signer_keyring_open_count(scene->keyring), 0);
    assert_int_equal(signer_cache_count(scene->caches.keys), 0);
    fixture_key_clear(&key);
}

static void test_new_attributes_are_felt_at_once(void **state)
{
    struct scene *scene = *state;
    struct fixture_key french;
    struct fixture_key german;
    fixture_key(&french, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    fixture_key(&german, &scene->fixture, KEY_P256,
                fixture_policy(&scene->fixture, "country: DE", 1));
    assert_int_equal(look_and_open(scene, &french), SIGNER_FOUND);
    assert_int_equal(look_and_open(scene, &german), SIGNER_NOT_HERE);
    fixture_issue(&scene->fixture, 1, "country: DE"); /* the machine has moved */
    assert_int_equal(look_and_open(scene, &french), SIGNER_NOT_HERE);
    assert_int_equal(look_and_open(scene, &german), SIGNER_FOUND);
    fixture_key_clear(&french);
    fixture_key_clear(&german);
}

/* The customer uploads the key again under another policy: the former one holds no more. */
static void test_a_new_policy_is_felt_at_once(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key;
    char record_key[RECORD_KEY_SIZE];
    const struct fixture_policy *french = fixture_policy(&scene->fixture, FRENCH, 1);
    const struct fixture_policy *american = fixture_policy(&scene->fixture, "country: US", 1);
    fixture_key(&key, &scene->fixture, KEY_P256, french);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    for (int i = 0; i < 2; i++) {
        fixture_key_write(&scene->fixture, &key, KEY_P256, american);
        memcpy(key.policy_id, american->id, sizeof key.policy_id);
        assert_int_equal(look_and_open(scene, &key), SIGNER_NOT_HERE);
        fixture_key_write(&scene->fixture, &key, KEY_P256, french);
        memcpy(key.policy_id, french->id, sizeof key.policy_id);
        assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    }
    record_key_policy_key(record_key, french->id);
    fixture_delete(&scene->fixture, RECORD_POLICY_KEY, record_key);
    assert_int_equal(look(scene, &key), SIGNER_NOT_HERE);
    fixture_key_clear(&key);
}

static void test_generations_overlap(void **state)
{
    struct scene *scene = *state;
    struct fixture *fixture = &scene->fixture;
    struct fixture_key key;
    char wrap[RECORD_KEY_SIZE];
    char machine[RECORD_KEY_SIZE];
    const struct fixture_policy *policy = fixture_policy(fixture, FRENCH, 1);
    fixture_key(&key, fixture, KEY_P256, policy);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    /* The second generation comes: its wrapping before its machine key, then both. */
    fixture_generation(fixture, 2);
    (void)fixture_policy(fixture, FRENCH, 2);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    fixture_issue(fixture, 2, HERE);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    /* The first goes: what it opened is opened by the second. */
    record_key_policy_wrap(wrap, policy->id, 1);
    fixture_delete(fixture, RECORD_POLICY_WRAP, wrap);
    record_key_machine_key(machine, FIXTURE_MACHINE, 1);
    fixture_delete(fixture, RECORD_MACHINE_KEY, machine);
    follow(scene);
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    /* A third that does not open here is passed over for the second. */
    fixture_generation(fixture, 3);
    (void)fixture_policy(fixture, FRENCH, 3);
    fixture_issue(fixture, 3, "country: DE");
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    record_key_policy_wrap(wrap, policy->id, 2);
    fixture_delete(fixture, RECORD_POLICY_WRAP, wrap);
    assert_int_equal(look_and_open(scene, &key), SIGNER_NOT_HERE);
    fixture_key_clear(&key);
}

/* An operator starts the replica over: its folder goes and comes again. */
static void test_a_replaced_replica_is_noticed(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key;
    fixture_key(&key, &scene->fixture, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    follow(scene);
    char former[FIXTURE_PATH + 8];
    (void)snprintf(former, sizeof former, "%s.former", scene->fixture.replica);
    assert_int_equal(rename(scene->fixture.replica, former), 0);
    follow(scene);
    assert_int_equal(look(scene, &key), SIGNER_FOUND); /* nothing better is there yet */
    fixture_issue(&scene->fixture, 1, HERE);
    follow(scene);
    assert_int_equal(signer_cache_count(scene->caches.keys), 0);
    assert_int_equal(look(scene, &key), SIGNER_UNKNOWN);
    fixture_key_write(&scene->fixture, &key, KEY_P256, fixture_policy(&scene->fixture, FRENCH, 1));
    assert_int_equal(look_and_open(scene, &key), SIGNER_FOUND);
    fixture_key_clear(&key);
}

/* A genuine record whose content belongs to another key: whoever may sign records made a mistake,
 * or worse. It opens nothing and is not served. */
static void test_a_sealed_key_opens_only_in_its_own_record(void **state)
{
    struct scene *scene = *state;
    struct fixture_key key;
    struct fixture_key other;
    const struct fixture_policy *policy = fixture_policy(&scene->fixture, FRENCH, 1);
    fixture_key(&key, &scene->fixture, KEY_P256, policy);
    fixture_key(&other, &scene->fixture, KEY_P256, policy);
    struct fixture_key mixed = key; /* the other's private key under this one's name */
    mixed.pkey = other.pkey;
    fixture_key_write(&scene->fixture, &mixed, KEY_P256, policy);
    assert_int_equal(look_and_open(scene, &key), SIGNER_BROKEN);
    assert_int_equal(look_and_open(scene, &other), SIGNER_FOUND);
    /* The other's private key under this one's public key and name. */
    mixed.claimed = key.pkey;
    fixture_key_write(&scene->fixture, &mixed, KEY_P256, policy);
    assert_int_equal(look_and_open(scene, &key), SIGNER_BROKEN);
    /* And one that claims to be of another type. */
    fixture_key_write(&scene->fixture, &key, KEY_P384, policy);
    assert_int_equal(look_and_open(scene, &key), SIGNER_BROKEN);
    fixture_key_clear(&key);
    fixture_key_clear(&other);
}

static void test_every_type_of_key_opens(void **state)
{
    struct scene *scene = *state;
    const struct fixture_policy *policy = fixture_policy(&scene->fixture, FRENCH, 1);
    const enum key_type types[] = {KEY_RSA_2048, KEY_RSA_3072, KEY_P256, KEY_P384, KEY_ED25519};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct fixture_key key;
        struct signer_key *found = NULL;
        fixture_key(&key, &scene->fixture, types[i], policy);
        enum signer_found answer =
            signer_keyring_find(&found, scene->policy_id, scene->keyring, &scene->caches, key.ski);
        if (answer == SIGNER_CLOSED) {
            signer_keyring_open_policy(scene->keyring, scene->policy_id);
            answer = signer_keyring_find(&found, scene->policy_id, scene->keyring, &scene->caches,
                                         key.ski);
        }
        assert_int_equal(answer, SIGNER_FOUND);
        assert_int_equal(signer_key_type_of(signer_key_pkey(found)), types[i]);
        assert_int_equal(EVP_PKEY_eq(signer_key_pkey(found), key.pkey), 1);
        signer_key_release(found);
        fixture_key_clear(&key);
    }
}

#define ISSUED(test) cmocka_unit_test_setup_teardown(test, scene_start_issued, scene_end)
#define EMPTY(test)  cmocka_unit_test_setup_teardown(test, scene_start, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ISSUED(test_opens_where_the_policy_is_satisfied),
        ISSUED(test_says_at_once_what_does_not_open_here),
        EMPTY(test_what_the_replica_does_not_know_is_unknown),
        EMPTY(test_a_machine_without_a_key_opens_nothing),
        ISSUED(test_forged_records_open_nothing),
        ISSUED(test_a_deleted_key_is_gone_at_once_and_wiped_unasked),
        ISSUED(test_a_machine_key_taken_back_closes_everything),
        ISSUED(test_new_attributes_are_felt_at_once),
        ISSUED(test_a_new_policy_is_felt_at_once),
        ISSUED(test_generations_overlap),
        ISSUED(test_a_replaced_replica_is_noticed),
        ISSUED(test_a_sealed_key_opens_only_in_its_own_record),
        ISSUED(test_every_type_of_key_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
