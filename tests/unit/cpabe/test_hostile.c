/* Hostile inputs that are well made. Ciphertexts of a sender who knows the seed and so gives every
 * change its right tag; and of a third party who changes what the tag does not cover. The tag
 * refuses none of these: each check has to do so itself. And keys and random sources of the same
 * kind. */
#include "letter.h"

#include "cpabe/objects_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The tool itself: a right tag is found again, and without it a change is refused. */
static void test_sealing_again(void **state)
{
    const struct letter_world *w = *state;
    struct letter l;
    letter_new(&l, w, "a: 1");
    l.data[l.length - 1] ^= 1;
    assert_int_equal(letter_open(w, &l), CPABE_ERR_MALFORMED);
    letter_seal_again(&l);
    assert_int_equal(letter_open(w, &l), CPABE_OK);
    free(l.data);
}

/* The id plus or minus r is the same scalar in other bytes, and the tag does not cover it. */
static void test_id_alias(void **state)
{
    const struct letter_world *w = *state;
    struct letter l;
    struct bls_fr before;
    struct bls_fr after;
    uint8_t order[BLS_FR_BYTES];
    struct bls_fr minus_one;
    letter_new(&l, w, "a: 1");
    uint8_t *id = l.data + LETTER_ID_AT;
    bls_fr_from_bytes_mod(&before, id, CCA_ID_BYTES);
    bls_fr_from_u64(&minus_one, 1);
    bls_fr_neg(&minus_one, &minus_one);
    bls_fr_encode(order, &minus_one);
    order[BLS_FR_BYTES - 1]++; /* r ends in 01 */
    int sign = memcmp(id, order, sizeof order) >= 0 ? -1 : 1;
    int carry = 0;
    for (int i = BLS_FR_BYTES - 1; i >= 0; i--) {
        int sum = id[i] + sign * order[i] + carry;
        id[i] = (uint8_t)(sum & 0xff);
        carry = sum < 0 ? -1 : sum >> 8;
    }
    assert_int_equal(carry, 0);
    bls_fr_from_bytes_mod(&after, id, CCA_ID_BYTES);
    assert_true(bls_fr_equal(&before, &after));
    assert_int_equal(letter_open(w, &l), CPABE_ERR_MALFORMED);
    free(l.data);
}

/* A policy that reads `a: 9` over the mathematics of `a: 1`: the value is shown, the scalar counts.
 */
static void test_policy_reads_otherwise(void **state)
{
    const struct letter_world *w = *state;
    struct letter l;
    struct cpabe_policy *policy = NULL;
    letter_new(&l, w, "a: 1");
    /* label and value: [16] "a" [16] "1" */
    static const uint8_t leaf[] = {1, 0, 'a', 1, 0, '1'};
    uint8_t *at = memmem(l.data, l.length, leaf, sizeof leaf);
    assert_non_null(at);
    at[5] = '9';
    letter_seal_again(&l);
    assert_int_equal(cpabe_policy_from_ciphertext(&policy, l.data, l.length), CPABE_ERR_MALFORMED);
    assert_null(policy);
    letter_expect_refused(w, &l);
    /* a sign that is neither: [16] "b" [16] "1" [16] scalar, then 0 for a negated leaf */
    static const uint8_t negated[] = {1, 0, 'b', 1, 0, '1', BLS_FR_BYTES, 0};
    letter_new(&l, w, "not b: 1");
    at = memmem(l.data, l.length, negated, sizeof negated);
    assert_non_null(at);
    assert_int_equal(at[sizeof negated + BLS_FR_BYTES], 0);
    at[sizeof negated + BLS_FR_BYTES] = 2;
    letter_expect_refused(w, &l);
}

/* One more byte at the end of each block, and a c3neg where none belongs: other bytes with the same
 * meaning. */
static void test_other_encodings(void **state)
{
    const struct letter_world *w = *state;
    static const uint8_t zero;
    struct letter l;
    letter_new(&l, w, "a: 1");
    letter_insert(&l, LETTER_HEADER_AT + letter_get32(l.data + LETTER_BODY_AT), &zero, 1, true);
    letter_expect_refused(w, &l);
    letter_new(&l, w, "a: 1");
    letter_insert(&l, LETTER_BODY_AT + letter_get32(l.data + LETTER_BODY_LENGTH_AT), &zero, 1,
                  false);
    letter_expect_refused(w, &l);

    enum { BLOCK = 2 + 4 + TKN_A_ROWS * BLS_G1_BYTES };
    struct cca_ciphertext c;
    letter_new(&l, w, "a: 1");
    assert_int_equal(cca_parse(&c, l.data, l.length), KF_OK);
    const uint8_t *block = c.points.c3[0] - 6;
    size_t end = LETTER_HEADER_AT +
                 letter_get32(l.data + LETTER_BODY_AT); /* two empty blocks stand before it */
    letter_insert(&l, end - 4, block, BLOCK - 2, true);
    memcpy(l.data + end - 4 + BLOCK - 2, block + BLOCK - 2, 2);
    cca_clear(&c);
    letter_expect_refused(w, &l);
}

static enum cpabe_status parse_key(const uint8_t *data, size_t length)
{
    struct cpabe_attribute_key *key = NULL;
    enum cpabe_status s = cpabe_attribute_key_parse(&key, data, length);
    assert_int_equal(s == CPABE_OK, key != NULL);
    cpabe_attribute_key_free(key);
    return s;
}

/* Key files in other bytes with the same meaning, or with none: a label twice, the transform's
 * wildcard with a value or no wildcard, something after the end. */
static void test_keys(void **state)
{
    const struct letter_world *w = *state;
    enum { FIRST = 4, ATTRIBUTE = 2 + 1 + 1 + BLS_FR_BYTES, LABEL = 2, FLAG = 3 };
    uint8_t *data;
    uint8_t *longer;
    size_t length;
    assert_int_equal(cpabe_attribute_key_encode(&data, &length, w->key), CPABE_OK);
    assert_int_equal(parse_key(data, length), CPABE_OK);
    uint8_t *second = data + FIRST + ATTRIBUTE;
    uint8_t *own = second + ATTRIBUTE;
    assert_memory_equal(own + 2, CCA_LABEL, sizeof CCA_LABEL - 1);
    uint8_t *own_flag = own + 2 + sizeof CCA_LABEL - 1;
    assert_int_equal(*own_flag, 1);

    /* each label stands twice: with its value and with its points */
    static const uint8_t points[] = {1, 0, 'b', 4 + TKN_B_ROWS * BLS_G1_BYTES - 256, 1, 4, 0, 1, 0};
    uint8_t *b = memmem(data, length, points, sizeof points);
    assert_non_null(b);
    assert_int_equal(second[LABEL], 'b');
    second[LABEL] = b[LABEL] = 'a';
    assert_int_equal(parse_key(data, length), CPABE_ERR_MALFORMED);
    b[LABEL] = 'b';
    assert_int_equal(parse_key(data, length), CPABE_ERR_MALFORMED);
    second[LABEL] = 'b';
    b[LABEL] = 'a';
    assert_int_equal(parse_key(data, length), CPABE_ERR_MALFORMED);
    b[LABEL] = 'b';

    own_flag[BLS_FR_BYTES] = 1;
    assert_int_equal(parse_key(data, length), CPABE_ERR_MALFORMED);
    own_flag[BLS_FR_BYTES] = 0;
    second[FLAG] = 2;
    assert_int_equal(parse_key(data, length), CPABE_ERR_MALFORMED);
    second[FLAG] = 0;
    *own_flag = 0; /* and no wildcard's points: a key like any other, but without the transform */
    size_t wild = length - (2 + 2 + sizeof CCA_LABEL - 1 + 2 + 4 + TKN_B_ROWS * BLS_G1_BYTES);
    assert_int_equal(data[wild], 1);
    data[wild] = 0;
    assert_int_equal(parse_key(data, wild + 2), CPABE_ERR_MALFORMED);
    *own_flag = 1;
    data[wild] = 1;
    assert_int_equal(parse_key(data, length), CPABE_OK);

    longer = calloc(1, length + 1);
    assert_non_null(longer);
    memcpy(longer, data, length);
    assert_int_equal(parse_key(longer, length + 1), CPABE_ERR_MALFORMED);
    free(longer);
    cpabe_free(data);
}

/* A public key of infinities would encrypt to everyone. */
static void test_degenerate_public_key(void **state)
{
    const struct letter_world *w = *state;
    static const size_t points[][2] = {{6, BLS_G2_BYTES},
                                       {6 + 7 * BLS_G2_BYTES, BLS_G2_BYTES},
                                       {12 + 8 * BLS_G2_BYTES, BLS_G1_BYTES}};
    uint8_t *data;
    size_t length;
    assert_int_equal(cpabe_public_key_encode(&data, &length, w->public_key), CPABE_OK);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        struct cpabe_public_key *key = NULL;
        uint8_t saved[BLS_G2_BYTES];
        uint8_t *at = data + points[i][0];
        memcpy(saved, at, points[i][1]);
        memset(at, 0, points[i][1]);
        *at = 0x40;
        assert_int_equal(cpabe_public_key_parse(&key, data, length), CPABE_ERR_MALFORMED);
        assert_null(key);
        memcpy(at, saved, points[i][1]);
    }
    struct bls_gt one;
    bls_gt_one(&one);
    bls_gt_encode(data + length - BLS_GT_BYTES, &one);
    struct cpabe_public_key *key = NULL;
    assert_int_equal(cpabe_public_key_parse(&key, data, length), CPABE_ERR_MALFORMED);
    assert_null(key);
    cpabe_free(data);
}

/* A source that always gives what no scalar is made of fails, instead of never coming back. */
static int stuck(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 0xff, length);
    return 0;
}

static void test_stuck_source(void **state)
{
    const struct letter_world *w = *state;
    const struct cpabe_attribute a[] = {{"a", "1"}};
    const struct cpabe_random random = {stuck, NULL};
    struct cpabe_attribute_key *key = NULL;
    assert_int_equal(cpabe_keygen(&key, w->secret_key, a, 1, &random, NULL), CPABE_ERR_RANDOM);
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sealing_again),
        cmocka_unit_test(test_id_alias),
        cmocka_unit_test(test_policy_reads_otherwise),
        cmocka_unit_test(test_other_encodings),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_degenerate_public_key),
        cmocka_unit_test(test_stuck_source),
    };
    return cmocka_run_group_tests(tests, letter_world_setup, letter_world_teardown);
}
