/* Objects that are used often, by several threads, or for many items at once, give to the byte what
 * they gave at first: tables, caches and threads change no result. */
#include "support.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t message[] = "attack at dawn";
static const char policy_text[] = "(a: 1 and a: 2 or a: 3 or b: 1) and not b: 7 and c: 5";
static const struct cpabe_attribute attributes[] = {{"a", "3"}, {"b", "1"}, {"c", NULL}};

struct world {
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_policy *policy;
};

static int setup(void **state)
{
    static struct world w;
    assert_int_equal(cpabe_setup(&w.public_key, &w.secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_policy_parse(&w.policy, policy_text, NULL), CPABE_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    cpabe_public_key_free(w->public_key);
    cpabe_secret_key_free(w->secret_key);
    cpabe_policy_free(w->policy);
    return 0;
}

struct bytes {
    uint8_t *data;
    size_t length;
};

static void assert_same(const struct bytes *a, const struct bytes *b)
{
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->data, b->data, a->length);
}

static struct bytes encrypt(const struct cpabe_public_key *key, const struct cpabe_policy *policy,
                            uint64_t seed)
{
    struct seeded s;
    struct bytes out;
    struct cpabe_random random = seeded_random(&s, seed);
    assert_int_equal(cpabe_encrypt(&out.data, &out.length, key, policy, CPABE_FORMAT_CURRENT,
                                   message, sizeof message, &random),
                     CPABE_OK);
    return out;
}

static struct bytes encode(const struct cpabe_attribute_key *key)
{
    struct bytes out;
    assert_int_equal(cpabe_attribute_key_encode(&out.data, &out.length, key), CPABE_OK);
    return out;
}

static struct bytes issue(const struct cpabe_secret_key *key, uint64_t seed)
{
    struct seeded s;
    struct cpabe_attribute_key *made;
    struct cpabe_random random = seeded_random(&s, seed);
    assert_int_equal(cpabe_keygen(&made, key, attributes, 3, &random, NULL), CPABE_OK);
    struct bytes out = encode(made);
    cpabe_attribute_key_free(made);
    return out;
}

/* Keys as they are before any use. */
static struct cpabe_public_key *fresh_public_key(const struct cpabe_public_key *key)
{
    struct cpabe_public_key *out;
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_public_key_encode(&data, &length, key), CPABE_OK);
    assert_int_equal(cpabe_public_key_parse(&out, data, length), CPABE_OK);
    cpabe_free(data);
    return out;
}

static struct cpabe_secret_key *fresh_secret_key(const struct cpabe_secret_key *key)
{
    struct cpabe_secret_key *out;
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_secret_key_encode(&data, &length, key), CPABE_OK);
    assert_int_equal(cpabe_secret_key_parse(&out, data, length), CPABE_OK);
    cpabe_free(data);
    return out;
}

enum { TIMES = 16, OPENINGS = 9 }; /* past everything that is made after some uses */

static void test_encryption(void **state)
{
    const struct world *w = *state;
    for (uint64_t i = 0; i < TIMES; i++) {
        struct cpabe_public_key *fresh = fresh_public_key(w->public_key);
        struct bytes first = encrypt(fresh, w->policy, i);
        struct bytes again = encrypt(w->public_key, w->policy, i);
        assert_same(&first, &again);
        cpabe_free(first.data);
        cpabe_free(again.data);
        cpabe_public_key_free(fresh);
    }
}

static void test_key_generation(void **state)
{
    const struct world *w = *state;
    for (uint64_t i = 0; i < TIMES / 4; i++) {
        struct cpabe_secret_key *fresh = fresh_secret_key(w->secret_key);
        struct bytes first = issue(fresh, i);
        struct bytes again = issue(w->secret_key, i);
        assert_same(&first, &again);
        cpabe_free(first.data);
        cpabe_free(again.data);
        cpabe_secret_key_free(fresh);
    }
}

struct opening {
    const struct cpabe_attribute_key *key;
    struct bytes ciphertext;
    pthread_barrier_t *together;
    enum cpabe_status worst;
};

static void *open_often(void *context)
{
    struct opening *o = context;
    (void)pthread_barrier_wait(o->together);
    for (int i = 0; i < OPENINGS; i++) {
        uint8_t out[64];
        size_t got = 0;
        enum cpabe_status s =
            cpabe_decrypt(out, sizeof out, &got, o->key, o->ciphertext.data, o->ciphertext.length);
        if (s != CPABE_OK || got != sizeof message || memcmp(out, message, got) != 0) {
            o->worst = s == CPABE_OK ? CPABE_ERR_MALFORMED : s;
        }
    }
    return NULL;
}

/* A key that threads use for the first time at the same moment. */
static void test_decryption_in_threads(void **state)
{
    enum { THREADS = 4 };
    const struct world *w = *state;
    struct cpabe_attribute_key *key;
    struct opening opening[THREADS];
    pthread_t thread[THREADS];
    pthread_barrier_t together;
    assert_int_equal(cpabe_keygen(&key, w->secret_key, attributes, 3, NULL, NULL), CPABE_OK);
    struct bytes ciphertext = encrypt(w->public_key, w->policy, 7);
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        opening[i] = (struct opening){key, ciphertext, &together, CPABE_OK};
        assert_int_equal(pthread_create(&thread[i], NULL, open_often, &opening[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(opening[i].worst, CPABE_OK);
    }
    (void)pthread_barrier_destroy(&together);
    cpabe_free(ciphertext.data);
    cpabe_attribute_key_free(key);
}

enum { MANY = 23 };

static void test_encrypt_many(void **state)
{
    const struct world *w = *state;
    for (unsigned threads = 0; threads <= 5; threads++) {
        struct cpabe_public_key *fresh = fresh_public_key(w->public_key);
        struct cpabe_encryption items[MANY];
        struct seeded s[MANY];
        struct cpabe_random random[MANY];
        struct cpabe_policy *policy[MANY];
        for (size_t i = 0; i < MANY; i++) {
            char text[64];
            (void)snprintf(text, sizeof text, "a: %zu or not b: %zu", i % 5, i);
            assert_int_equal(cpabe_policy_parse(&policy[i], text, NULL), CPABE_OK);
            random[i] = seeded_random(&s[i], i);
            items[i] = (struct cpabe_encryption){.policy = policy[i],
                                                 .message = message,
                                                 .message_length = sizeof message,
                                                 .random = &random[i]};
        }
        assert_int_equal(cpabe_encrypt_many(items, MANY, fresh, threads), CPABE_OK);
        for (size_t i = 0; i < MANY; i++) {
            assert_int_equal(items[i].status, CPABE_OK);
            struct bytes want = encrypt(w->public_key, policy[i], i);
            struct bytes got = {items[i].out, items[i].out_length};
            assert_same(&got, &want);
            cpabe_free(want.data);
            cpabe_free(got.data);
            cpabe_policy_free(policy[i]);
        }
        cpabe_public_key_free(fresh);
    }
}

static void test_keygen_many(void **state)
{
    const struct world *w = *state;
    for (unsigned threads = 0; threads <= 3; threads++) {
        struct cpabe_secret_key *fresh = fresh_secret_key(w->secret_key);
        struct cpabe_issue items[MANY];
        struct seeded s[MANY];
        struct cpabe_random random[MANY];
        for (size_t i = 0; i < MANY; i++) {
            random[i] = seeded_random(&s[i], i);
            items[i] =
                (struct cpabe_issue){.attributes = attributes, .count = 3, .random = &random[i]};
        }
        assert_int_equal(cpabe_keygen_many(items, MANY, fresh, threads), CPABE_OK);
        for (size_t i = 0; i < MANY; i++) {
            assert_int_equal(items[i].status, CPABE_OK);
            struct bytes want = issue(w->secret_key, i);
            struct bytes got = encode(items[i].key);
            assert_same(&got, &want);
            cpabe_free(want.data);
            cpabe_free(got.data);
            cpabe_attribute_key_free(items[i].key);
        }
        cpabe_secret_key_free(fresh);
    }
}

static int failing(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 1, length);
    return 1;
}

/* Items that fail leave the others alone and nothing behind. */
static void test_failures(void **state)
{
    const struct world *w = *state;
    const struct cpabe_random broken = {failing, NULL};
    const struct cpabe_attribute twice[] = {{"a", "1"}, {"a", "2"}};
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct cpabe_error err = {0};
        struct cpabe_encryption items[4];
        struct cpabe_issue issues[4];
        for (size_t i = 0; i < 4; i++) {
            items[i] = (struct cpabe_encryption){.policy = w->policy,
                                                 .message = message,
                                                 .message_length = sizeof message,
                                                 .random = i == 2 ? &broken : NULL,
                                                 .out = (uint8_t *)&err};
            issues[i] = (struct cpabe_issue){.attributes = i == 1 ? twice : attributes,
                                             .count = i == 1 ? 2 : 3,
                                             .random = i == 2 ? &broken : NULL,
                                             .err = i == 1 ? &err : NULL};
        }
        items[3].message_length = CPABE_MESSAGE_MAX + (size_t)1;
        assert_int_equal(cpabe_encrypt_many(items, 4, w->public_key, threads), CPABE_ERR_RANDOM);
        assert_int_equal(items[0].status, CPABE_OK);
        assert_int_equal(items[1].status, CPABE_OK);
        assert_int_equal(items[2].status, CPABE_ERR_RANDOM);
        assert_int_equal(items[3].status, CPABE_ERR_LIMIT);
        assert_null(items[2].out);
        assert_null(items[3].out);
        assert_int_equal(cpabe_keygen_many(issues, 4, w->secret_key, threads), CPABE_ERR_USAGE);
        assert_int_equal(issues[0].status, CPABE_OK);
        assert_int_equal(issues[1].status, CPABE_ERR_USAGE);
        assert_true(strlen(err.message) > 0);
        assert_int_equal(issues[2].status, CPABE_ERR_RANDOM);
        assert_int_equal(issues[3].status, CPABE_OK);
        for (size_t i = 0; i < 4; i++) {
            cpabe_free(items[i].out);
            cpabe_attribute_key_free(issues[i].key);
        }
        assert_int_equal(cpabe_encrypt_many(NULL, 0, w->public_key, threads), CPABE_OK);
        assert_int_equal(cpabe_keygen_many(NULL, 0, w->secret_key, threads), CPABE_OK);
    }
}

static pthread_t signalled;

static void note(int signal)
{
    (void)signal;
    signalled = pthread_self();
}

static int signal_and_fill(void *context, uint8_t *out, size_t length)
{
    int *sent = context;
    memset(out, 1, length);
    if (*sent == 0) {
        *sent = 1;
        (void)kill(getpid(), SIGUSR1);
    }
    return 0;
}

/* A signal to the process reaches the caller's thread, and its mask is as before. */
static void test_signals(void **state)
{
    const struct world *w = *state;
    struct sigaction action = {.sa_handler = note};
    struct sigaction before;
    sigset_t mask;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int round = 0; round < 5; round++) {
        struct cpabe_encryption items[8];
        int sent[8] = {0};
        struct cpabe_random random[8];
        signalled = 0;
        for (size_t i = 0; i < 8; i++) {
            random[i] = (struct cpabe_random){signal_and_fill, &sent[i]};
            items[i] = (struct cpabe_encryption){.policy = w->policy,
                                                 .message = message,
                                                 .message_length = sizeof message,
                                                 .random = &random[i]};
        }
        assert_int_equal(cpabe_encrypt_many(items, 8, w->public_key, 4), CPABE_OK);
        assert_true(pthread_equal(signalled, pthread_self()));
        for (size_t i = 0; i < 8; i++) {
            cpabe_free(items[i].out);
        }
    }
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGUSR1), 0);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encryption),
        cmocka_unit_test(test_key_generation),
        cmocka_unit_test(test_decryption_in_threads),
        cmocka_unit_test(test_encrypt_many),
        cmocka_unit_test(test_keygen_many),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
