/* Secret sharing along circuits: what a set of leaves knows of the secret, by linear algebra.
 *
 * Shares are linear in the secret and the random vectors. With a scripted random source the
 * coefficients are read off: the secret alone, then each random vector alone, set to a unit. A set
 * of leaves knows the secret exactly if the row (1, 0, ..., 0) is a combination of its leaves'
 * rows, and that must be so exactly for the sets that satisfy the policy. So no child of an AND
 * alone, and no other insufficient set, knows anything. */
#include "support.h"

#include "cpabe/tkn20_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEAVES = 8, WIRES = 2 * LEAVES + 1, COLUMNS = LEAVES + 2, PRIME = 10007 };

/* Zero for every scalar but one, which is the number 1 (as bls_fr_random reads it). */
struct script {
    int drawn;
    int unit; /* index of the vector whose first entry is the unit; -1: none */
};

static enum kf_status scripted(void *context, uint8_t *out, size_t length)
{
    struct script *s = context;
    assert_int_equal(length, BLS_FR_BYTES);
    memset(out, 0, length);
    out[length - 1] = s->drawn == TKN_K * s->unit;
    s->drawn++;
    return KF_OK;
}

static int as_integer(const struct bls_fr *v, const struct bls_fr *unit)
{
    struct bls_fr minus;
    bls_fr_neg(&minus, unit);
    if (bls_fr_is_zero(v)) {
        return 0;
    }
    if (bls_fr_equal(v, unit)) {
        return 1;
    }
    assert_true(bls_fr_equal(v, &minus));
    return -1;
}

/* coefficients[leaf][0] of the secret, [leaf][1 + i] of the i-th random vector. */
static int coefficients(int out[LEAVES][COLUMNS], const struct policy *policy)
{
    static const struct bls_fr unit = {{1, 0, 0, 0}};
    int vectors = 0;
    for (int i = -1; i < vectors || i < 0; i++) {
        struct bls_fr shares[WIRES][TKN_K] = {0};
        struct script s = {0, i};
        struct kf_random random = {scripted, &s};
        if (i < 0) {
            shares[2 * policy->gate_count][0] = unit;
        }
        assert_int_equal(tkn_share(shares, policy, &random), KF_OK);
        vectors = s.drawn / TKN_K;
        for (size_t leaf = 0; leaf < policy->leaf_count; leaf++) {
            out[leaf][1 + i] = as_integer(&shares[leaf][0], &unit);
            assert_true(bls_fr_is_zero(&shares[leaf][1]));
        }
    }
    return 1 + vectors;
}

static int64_t power(int64_t base, int exponent)
{
    int64_t out = 1;
    for (; exponent > 0; exponent >>= 1) {
        out = exponent & 1 ? out * base % PRIME : out;
        base = base * base % PRIME;
    }
    return out;
}

static int rank(int64_t m[LEAVES + 1][COLUMNS], int rows, int columns)
{
    int done = 0;
    for (int c = 0; c < columns; c++) {
        int pivot = done;
        while (pivot < rows && m[pivot][c] == 0) {
            pivot++;
        }
        if (pivot == rows) {
            continue;
        }
        for (int j = 0; j < columns; j++) {
            int64_t t = m[pivot][j];
            m[pivot][j] = m[done][j];
            m[done][j] = t;
        }
        int64_t inverse = power(m[done][c], PRIME - 2);
        for (int i = done + 1; i < rows; i++) {
            int64_t factor = m[i][c] * inverse % PRIME;
            for (int j = 0; j < columns; j++) {
                m[i][j] = (m[i][j] + (PRIME - factor) * m[done][j]) % PRIME;
            }
        }
        done++;
    }
    return done;
}

/* Whether the leaves in `set` know the secret: adding its row does not raise the rank. */
static bool knows(int c[LEAVES][COLUMNS], unsigned leaves, unsigned set, int columns)
{
    int ranks[2];
    for (int with = 0; with < 2; with++) {
        int64_t m[LEAVES + 1][COLUMNS] = {0};
        int rows = 0;
        for (unsigned leaf = 0; leaf < leaves; leaf++) {
            for (int j = 0; (set >> leaf & 1) && j < columns; j++) {
                m[rows][j] = (c[leaf][j] + PRIME) % PRIME;
            }
            rows += (int)(set >> leaf & 1);
        }
        if (with == 1) {
            m[rows++][0] = 1;
        }
        ranks[with] = rank(m, rows, columns);
    }
    return ranks[0] == ranks[1];
}

static void check_policy(const struct policy *policy)
{
    int c[LEAVES][COLUMNS] = {0};
    int columns = coefficients(c, policy);
    for (unsigned set = 0; set < 1u << policy->leaf_count; set++) {
        bool holds[LEAVES];
        for (unsigned leaf = 0; leaf < policy->leaf_count; leaf++) {
            holds[leaf] = set >> leaf & 1;
        }
        assert_int_equal(knows(c, policy->leaf_count, set, columns),
                         policy_evaluate_leaves(policy, holds));
    }
}

static void test_sets(void **state)
{
    (void)state;
    struct seeded s;
    (void)seeded_random(&s, choose_seed());
    for (unsigned i = 0; i < 300; i++) {
        char text[1024];
        struct policy *stated;
        struct policy *extended;
        random_policy(text, sizeof text, &s, 1 + i % (LEAVES - 1), 4, 2);
        assert_int_equal(policy_parse(&stated, text, strlen(text), NULL, NULL), KF_OK);
        assert_int_equal(policy_with_and_leaf(&extended, stated, "the-transform", ""), KF_OK);
        check_policy(stated);
        check_policy(extended);
        policy_free(stated);
        policy_free(extended);
    }
}

/* The children of an AND with real randomness: neither is the parent, neither is zero, they sum to
 * it. */
static void test_children(void **state)
{
    (void)state;
    struct policy *policy;
    struct kf_random random = kf_random_system();
    struct bls_fr shares[3][TKN_K];
    struct bls_fr sum;
    assert_int_equal(policy_parse(&policy, "a: 1 and b: 2", 13, NULL, NULL), KF_OK);
    for (int round = 0; round < 20; round++) {
        assert_int_equal(tkn_matrix_random(shares[2], TKN_K, &random), KF_OK);
        assert_int_equal(tkn_share(shares, policy, &random), KF_OK);
        for (int j = 0; j < TKN_K; j++) {
            for (int child = 0; child < 2; child++) {
                assert_false(bls_fr_equal(&shares[child][j], &shares[2][j]));
                assert_false(bls_fr_is_zero(&shares[child][j]));
            }
            bls_fr_add(&sum, &shares[0][j], &shares[1][j]);
            assert_true(bls_fr_equal(&sum, &shares[2][j]));
        }
    }
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
