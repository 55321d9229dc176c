/* Tables of multiples of an attribute key's points: what is opened is opened before they are there,
 * while they are made and after; which columns have one; how many there may be. */
#include "support.h"

#include "cpabe/multiples_int.h"
#include "cpabe/objects_int.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { OFTEN = 40, COUNT = 12 }; /* uses after which every table is there; labels of a key */

static const uint8_t message[] = "attack at dawn";
static char label[COUNT][8];

struct world {
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute attributes[COUNT]; /* l0 to l11; of value v, each third a wildcard */
};

static int setup(void **state)
{
    static struct world w;
    assert_int_equal(cpabe_setup(&w.public_key, &w.secret_key, NULL), CPABE_OK);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(label[i], sizeof label[i], "l%zu", i);
        w.attributes[i] = (struct cpabe_attribute){label[i], i % 3 == 2 ? NULL : "v"};
    }
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

static struct cpabe_attribute_key *new_key(const struct world *w)
{
    struct cpabe_attribute_key *key;
    assert_int_equal(cpabe_keygen(&key, w->secret_key, w->attributes, COUNT, NULL, NULL), CPABE_OK);
    return key;
}

struct bytes {
    uint8_t *data;
    size_t length;
};

static struct bytes encrypt(const struct world *w, const char *text)
{
    struct bytes out;
    struct cpabe_policy *policy;
    assert_int_equal(cpabe_policy_parse(&policy, text, NULL), CPABE_OK);
    assert_int_equal(cpabe_encrypt(&out.data, &out.length, w->public_key, policy,
                                   CPABE_FORMAT_CURRENT, message, sizeof message, NULL),
                     CPABE_OK);
    cpabe_policy_free(policy);
    return out;
}

static bool opens(const struct cpabe_attribute_key *key, const struct bytes *ciphertext)
{
    uint8_t out[64];
    size_t got = 0;
    return cpabe_decrypt(out, sizeof out, &got, key, ciphertext->data, ciphertext->length) ==
               CPABE_OK &&
           got == sizeof message && memcmp(out, message, got) == 0;
}

static void open_often(const struct world *w, const struct cpabe_attribute_key *key,
                       const char *text, size_t times)
{
    struct bytes ciphertext = encrypt(w, text);
    for (size_t i = 0; i < times; i++) {
        assert_true(opens(key, &ciphertext));
    }
    cpabe_free(ciphertext.data);
}

static const struct tkn_attribute *find(const struct cpabe_attribute_key *key, const char *name)
{
    const struct tkn_attribute *a = tkn_key_find(&key->k, name, strlen(name));
    assert_non_null(a);
    return a;
}

/* Without counting a use. */
static bool has_table(const struct cpabe_attribute_key *key, const struct tkn_attribute *a,
                      bool wild)
{
    return atomic_load(&key->multiples.column[2 * (a - key->k.attributes) + wild].made) != NULL;
}

static size_t count_tables(const struct cpabe_attribute_key *key)
{
    size_t n = 0;
    for (size_t i = 0; i < key->k.count; i++) {
        const struct tkn_attribute *a = &key->k.attributes[i];
        n += a != key->k.transform && has_table(key, a, false);
        n += a != key->k.transform && has_table(key, a, true);
    }
    return n;
}

/* Every kind of leaf, alone and together; which columns are multiplied, and so have tables in the
 * end. */
static void test_leaves(void **state)
{
    static const struct {
        const char *policy;
        bool k3[3]; /* of l0, l1 and l2, the wildcard */
        bool wild;  /* of l2 */
    } cases[] = {
        {"l0: v", {false, false, false}, false},
        {"not l0: w", {true, false, false}, false},
        {"l2: w", {false, false, true}, false},
        {"not l2: w", {false, false, true}, true},
        {"l0: v and not l1: w", {false, true, false}, false},
        {"l0: v and not l1: w and not l2: w", {false, true, true}, true},
        {"l2: v and l2: w and not l2: x and not l0: w", {true, false, true}, true},
        {"not l0: 1 and not l0: 2 and not l0: 3 and not l1: 1", {true, true, false}, false},
    };
    const struct world *w = *state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct cpabe_attribute_key *key = new_key(w);
        open_often(w, key, cases[c].policy, 1);
        assert_int_equal(count_tables(key), 0);
        assert_false(has_table(key, key->k.transform, false));
        open_often(w, key, cases[c].policy, OFTEN);
        assert_true(has_table(key, key->k.transform, false));
        assert_false(has_table(key, key->k.transform, true));
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(has_table(key, find(key, label[i]), false), cases[c].k3[i]);
        }
        assert_int_equal(has_table(key, find(key, label[2]), true), cases[c].wild);
        open_often(w, key, "not l3: w and l5: w and not l2: u", 1); /* idle ones beside */
        cpabe_attribute_key_free(key);
    }
}

/* Attributes that have tables and others, in one policy. */
static void test_busy_and_idle(void **state)
{
    static const char *const policies[] = {
        "not l3: w",
        "not l0: w and not l3: w",
        "l2: w and l5: w",
        "not l2: w and not l5: w",
        "not l0: w and not l1: w and not l2: w and not l3: w and not l4: w and not l5: w",
        "not l0: 1 and not l0: 2 and not l3: 1 and l6: v",
        "l2: 1 and l2: 2 and not l5: 1 and not l5: 2 and not l5: 3 and l6: v",
        "(l6: w or l7: v) and not l0: w and not l3: w and not l9: w",
    };
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    open_often(w, key, "not l0: w and not l1: w and not l2: w", OFTEN);
    assert_int_equal(count_tables(key), 4);
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        open_often(w, key, policies[i], 1);
    }
    assert_int_equal(count_tables(key), 4);
    cpabe_attribute_key_free(key);
}

static const char all_negated[] =
    "not l0: w and not l1: w and not l2: w and not l3: w and not l4: w and not l5: w and "
    "not l6: w and not l7: w and not l8: w and not l9: w and not l10: w and not l11: w";

static void test_cap(void **state)
{
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    /* the first that are worth it; the transform's is beside them, even after them */
    open_often(w, key, "not l9: 1 and not l9: 2 and not l9: 3 and not l10: 1", OFTEN);
    open_often(w, key, all_negated, OFTEN);
    assert_true(has_table(key, find(key, "l9"), false));
    assert_true(has_table(key, find(key, "l10"), false));
    assert_true(has_table(key, key->k.transform, false));
    assert_int_equal(count_tables(key), TKN_TABLES_MAX);
    assert_int_equal(atomic_load(&key->multiples.taken), TKN_TABLES_MAX);
    open_often(w, key, "not l9: w and not l11: w and not l8: w", 2);
    tkn_multiples_clear(&key->k);
    assert_int_equal(count_tables(key), 0);
    assert_false(has_table(key, key->k.transform, false));
    assert_int_equal(atomic_load(&key->multiples.taken), 0);
    open_often(w, key, all_negated, 2);
    cpabe_attribute_key_free(key);
}

/* Attributes that take all places before the transform has its table. */
static void test_transform_has_its_own(void **state)
{
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t use = 0; use < OFTEN; use++) {
            (void)tkn_multiples_get(&key->k, find(key, label[i]), false);
        }
    }
    assert_int_equal(count_tables(key), TKN_TABLES_MAX);
    assert_false(has_table(key, key->k.transform, false));
    open_often(w, key, "not l0: w", OFTEN);
    assert_true(has_table(key, key->k.transform, false));
    assert_int_equal(count_tables(key), TKN_TABLES_MAX);
    cpabe_attribute_key_free(key);
}

static void test_none_kept(void **state)
{
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    key->k.multiples = NULL;
    open_often(w, key, "l2: u and not l0: w", OFTEN);
    assert_null(tkn_multiples_get(&key->k, key->k.transform, false));
    assert_int_equal(count_tables(key), 0);
    cpabe_attribute_key_free(key);
}

/* Without memory there is no table, and no place is lost: it is made when there is some again. */
static void test_no_memory(void **state)
{
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    const struct tkn_attribute *a = find(key, "l0");
    struct rlimit limit;
    size_t made = 0;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_AS, &(struct rlimit){1, limit.rlim_max}), 0);
    for (size_t use = 0; use < OFTEN; use++) {
        made += tkn_multiples_get(&key->k, a, false) != NULL;
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(made, 0);
    assert_int_equal(atomic_load(&key->multiples.taken), 0);
    assert_non_null(tkn_multiples_get(&key->k, a, false));
    assert_int_equal(atomic_load(&key->multiples.taken), 1);
    open_often(w, key, "not l0: w", 1);
    cpabe_attribute_key_free(key);
}

enum { PRODUCTS_MAX = 24, SLOTS_MAX = 5, SUMS_MAX = TKN_B_ROWS * SLOTS_MAX };

static void run(struct bls_g1 *out, const struct cpabe_attribute_key *key,
                struct tkn_product *products, size_t count, size_t slots, size_t lanes)
{
    static struct bls_fr k[TKN_B_ROWS * PRODUCTS_MAX];
    static struct bls_g1_affine a[TKN_B_ROWS * PRODUCTS_MAX];
    static size_t first[SUMS_MAX + 1];
    struct tkn_sums sums;
    tkn_sums_init(&sums, first, k, a);
    sums.lanes = lanes;
    tkn_products_run(out, &key->k, products, count, slots, &sums);
}

/* Any columns in any slots, with the lanes of other paths too, by products one at a time. */
static void test_products(void **state)
{
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    struct seeded s;
    (void)seeded_random(&s, choose_seed());
    for (size_t i = 0; i < 6; i++) { /* a third of the columns have tables, of k3 or of wild */
        for (size_t use = 0; use < OFTEN; use++) {
            (void)tkn_multiples_get(&key->k, find(key, label[i]), i % 3 == 2);
        }
    }
    const size_t before = count_tables(key);
    assert_int_equal(before, 6);
    for (int round = 0; round < 30; round++) {
        struct tkn_product products[PRODUCTS_MAX];
        struct bls_g1 want[SUMS_MAX];
        struct bls_g1 got[SUMS_MAX];
        size_t slots = 1 + seeded_next(&s) % SLOTS_MAX;
        size_t count = seeded_next(&s) % (PRODUCTS_MAX + 1);
        for (size_t i = 0; i < SUMS_MAX; i++) {
            bls_g1_infinity(&want[i]);
        }
        for (size_t i = 0; i < count; i++) {
            size_t at = seeded_next(&s) % COUNT;
            struct tkn_product p = {find(key, label[at]), at % 3 == 2 && seeded_next(&s) % 2 == 1,
                                    seeded_next(&s) % slots, seeded_scalar(&s), NULL};
            for (size_t row = 0; row < TKN_B_ROWS; row++) {
                struct bls_g1 q;
                bls_g1_from_affine(&q, p.wild ? &p.attribute->wild[row] : &p.attribute->k3[row]);
                bls_g1_mul(&q, &p.k, &q);
                bls_g1_add(&want[TKN_B_ROWS * p.slot + row], &want[TKN_B_ROWS * p.slot + row], &q);
            }
            products[i] = p;
        }
        run(got, key, products, count, slots, round % 3 == 0 ? 1 : 8);
        for (size_t i = 0; i < TKN_B_ROWS * slots; i++) {
            assert_true(bls_g1_equal(&got[i], &want[i]));
        }
    }
    cpabe_attribute_key_free(key);
}

/* Which tables are used: all where there are no lanes; with eight, those that save a vector call,
 * or a pair of products in one. */
static void test_choice(void **state)
{
    static const struct {
        size_t with, without, used; /* products of columns that have tables and that have not */
    } cases[] = {{1, 0, 1}, {2, 0, 2}, {3, 0, 3}, {1, 1, 0}, {2, 1, 2}, {1, 2, 1}, {2, 2, 2},
                 {3, 1, 2}, {1, 3, 0}, {0, 2, 0}, {5, 1, 4}, {4, 5, 4}, {0, 0, 0}};
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    struct seeded s;
    (void)seeded_random(&s, choose_seed());
    for (size_t use = 0; use < OFTEN; use++) {
        (void)tkn_multiples_get(&key->k, find(key, "l0"), false);
    }
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        for (size_t lanes = 1; lanes <= 8; lanes += 7) {
            struct tkn_product products[PRODUCTS_MAX];
            struct bls_g1 out[TKN_B_ROWS];
            size_t count = cases[c].with + cases[c].without;
            size_t used = 0;
            for (size_t i = 0; i < count; i++) {
                const char *name = i < cases[c].without ? "l1" : "l0";
                products[i] =
                    (struct tkn_product){find(key, name), false, 0, seeded_scalar(&s), NULL};
            }
            /* a fresh counter, or it would be made */
            atomic_store(&key->multiples.column[2 * (find(key, "l1") - key->k.attributes)].uses, 0);
            run(out, key, products, count, 1, lanes);
            for (size_t i = 0; i < count; i++) {
                used += products[i].table != NULL;
            }
            assert_int_equal(used, lanes == 1 ? cases[c].with : cases[c].used);
        }
    }
    cpabe_attribute_key_free(key);
}

enum { THREADS = 4, ROUNDS = 20 };

struct opener {
    const struct cpabe_attribute_key *key;
    const struct bytes *ciphertexts;
    size_t count;
    size_t first;
    pthread_barrier_t *together;
    size_t failed;
};

static void *open_in_turn(void *context)
{
    struct opener *o = context;
    (void)pthread_barrier_wait(o->together);
    for (size_t i = 0; i < ROUNDS; i++) {
        o->failed += !opens(o->key, &o->ciphertexts[(o->first + i) % o->count]);
    }
    return NULL;
}

/* Threads that make tables at the same time, also the same ones and more than there may be. */
static void test_threads(void **state)
{
    static const char *const policies[] = {
        "not l0: w and not l2: w",
        all_negated,
        "l2: w and not l1: w and l0: v",
    };
    enum { POLICIES = sizeof policies / sizeof policies[0] };
    const struct world *w = *state;
    struct cpabe_attribute_key *key = new_key(w);
    struct bytes ciphertexts[POLICIES];
    struct opener opener[THREADS];
    pthread_t thread[THREADS];
    pthread_barrier_t together;
    for (size_t i = 0; i < POLICIES; i++) {
        ciphertexts[i] = encrypt(w, policies[i]);
    }
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        opener[i] = (struct opener){key, ciphertexts, POLICIES, i, &together, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, open_in_turn, &opener[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(opener[i].failed, 0);
    }
    (void)pthread_barrier_destroy(&together);
    for (size_t i = 0; i < POLICIES; i++) { /* and the place of a table made twice is free again */
        assert_true(opens(key, &ciphertexts[i]));
        cpabe_free(ciphertexts[i].data);
    }
    assert_true(has_table(key, key->k.transform, false));
    assert_int_equal(count_tables(key), TKN_TABLES_MAX);
    assert_int_equal(atomic_load(&key->multiples.taken), TKN_TABLES_MAX);
    cpabe_attribute_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves),    cmocka_unit_test(test_busy_and_idle),
        cmocka_unit_test(test_cap),       cmocka_unit_test(test_transform_has_its_own),
        cmocka_unit_test(test_none_kept), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_products),  cmocka_unit_test(test_choice),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
