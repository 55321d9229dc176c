/* Points of a ciphertext or of a key that are not where they should be: off their curves, or on
 * them and outside of the groups. The ciphertexts are those of a sender who gives every change its
 * right tag, so that each check has to refuse by itself; and those of a third party, whom the tag
 * refuses. */
#include "letter.h"

#include "cpabe/objects_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* r, big-endian. */
static const uint8_t order[BLS_FR_BYTES] = {
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
};

/* [r] of a point of the curve: its part outside of G1, times something prime to that. */
static void torsion_g1(struct bls_g1 *out)
{
    uint8_t encoded[BLS_G1_COMPRESSED_BYTES] = {0x80};
    struct bls_g1_affine a;
    struct bls_g1 p;
    do {
        encoded[BLS_G1_COMPRESSED_BYTES - 1]++;
    } while (bls_g1_decode_compressed_no_subgroup_check(&a, encoded) != KF_OK);
    bls_g1_from_affine(&p, &a);
    bls_g1_infinity(out);
    for (size_t i = 0; i < 8 * sizeof order; i++) {
        bls_g1_double(out, out);
        if (order[i / 8] >> (7 - i % 8) & 1) {
            bls_g1_add(out, out, &p);
        }
    }
    bls_g1_to_affine(&a, out);
    assert_false(bls_g1_in_subgroup(&a));
}

static void torsion_g2(struct bls_g2 *out)
{
    uint8_t encoded[BLS_G2_COMPRESSED_BYTES] = {0x80};
    struct bls_g2_affine a;
    struct bls_g2 q;
    do {
        encoded[BLS_G2_COMPRESSED_BYTES - 1]++;
    } while (bls_g2_decode_compressed_no_subgroup_check(&a, encoded) != KF_OK);
    bls_g2_from_affine(&q, &a);
    bls_g2_infinity(out);
    for (size_t i = 0; i < 8 * sizeof order; i++) {
        bls_g2_double(out, out);
        if (order[i / 8] >> (7 - i % 8) & 1) {
            bls_g2_add(out, out, &q);
        }
    }
    bls_g2_to_affine(&a, out);
    assert_false(bls_g2_in_subgroup(&a));
}

/* (0, 2), which has order 3: the pairing does not see the difference that it makes. */
static void order_three(struct bls_g1 *out)
{
    const uint8_t encoded[BLS_G1_BYTES] = {[BLS_G1_BYTES - 1] = 2};
    struct bls_g1_affine a;
    assert_int_equal(bls_g1_decode_no_subgroup_check(&a, encoded), KF_OK);
    bls_g1_from_affine(out, &a);
}

static void shift_g1(uint8_t point[static BLS_G1_BYTES], const struct bls_g1 *by)
{
    struct bls_g1_affine a;
    struct bls_g1 p;
    assert_int_equal(bls_g1_decode(&a, point), KF_OK);
    bls_g1_from_affine(&p, &a);
    bls_g1_add(&p, &p, by);
    bls_g1_to_affine(&a, &p);
    bls_g1_encode(point, &a);
}

static void shift_g2(uint8_t point[static BLS_G2_BYTES], const struct bls_g2 *by)
{
    struct bls_g2_affine a;
    struct bls_g2 q;
    assert_int_equal(bls_g2_decode(&a, point), KF_OK);
    bls_g2_from_affine(&q, &a);
    bls_g2_add(&q, &q, by);
    bls_g2_to_affine(&a, &q);
    bls_g2_encode(point, &a);
}

/* The matrices of points of a ciphertext for one leaf and the transform's. */
enum which { C1, C2, C3, C3NEG, C3_OF_TRANSFORM, KINDS };

static uint8_t *point_of(const struct letter *l, enum which which, size_t row)
{
    struct cca_ciphertext c;
    assert_int_equal(cca_parse(&c, l->data, l->length), KF_OK);
    const uint8_t *points[KINDS] = {c.points.c1, c.points.c2[0], c.points.c3[0], c.points.c3neg[0],
                                    c.points.c3[1]};
    assert_non_null(points[which]);
    uint8_t *at = l->data + (points[which] - l->data);
    cca_clear(&c);
    return at + row * (which <= C2 ? (size_t)BLS_G2_BYTES : (size_t)BLS_G1_BYTES);
}

/* Decapsulation alone, which no tag and no id protects. */
static enum kf_status decapsulate(struct bls_gt *key, const struct letter_world *w,
                                  const struct letter *l)
{
    struct cca_ciphertext c;
    bool available[16];
    bool chosen[16];
    assert_int_equal(cca_parse(&c, l->data, l->length), KF_OK);
    tkn_available(available, &w->key->k, c.extended, c.values);
    assert_int_equal(policy_choose(chosen, NULL, c.extended, available), KF_OK);
    memset(key, 0xff, sizeof *key);
    enum kf_status s = tkn_decapsulate(key, &w->key->k, &c.points, c.extended, c.values, chosen);
    if (s != KF_OK) {
        static const struct bls_gt zero;
        assert_memory_equal(key, &zero, sizeof zero);
    }
    cca_clear(&c);
    return s;
}

static void expect_refused_everywhere(const struct letter_world *w, struct letter *l)
{
    struct bls_gt key;
    assert_int_equal(decapsulate(&key, w, l), KF_ERR_MALFORMED);
    letter_expect_refused(w, l);
}

static void test_outside_the_subgroups(void **state)
{
    const struct letter_world *w = *state;
    struct bls_g1 g1;
    struct bls_g2 g2;
    torsion_g1(&g1);
    torsion_g2(&g2);
    for (int which = C1; which < KINDS; which++) {
        size_t rows = which <= C2 ? TKN_B_ROWS : TKN_A_ROWS;
        for (size_t row = 0; row < rows; row++) {
            struct letter l;
            letter_new(&l, w, "not b: 1");
            if (which <= C2) {
                shift_g2(point_of(&l, (enum which)which, row), &g2);
            } else {
                shift_g1(point_of(&l, (enum which)which, row), &g1);
            }
            expect_refused_everywhere(w, &l);
        }
    }
}

static void test_order_three(void **state)
{
    const struct letter_world *w = *state;
    struct letter l;
    struct bls_g1 three;
    order_three(&three);
    for (size_t row = 0; row < TKN_A_ROWS; row++) {
        letter_new(&l, w, "b: 2");
        shift_g1(point_of(&l, C3, row), &three);
        expect_refused_everywhere(w, &l);
        letter_new(&l, w, "b: 2");
        shift_g1(point_of(&l, C3_OF_TRANSFORM, row), &three);
        expect_refused_everywhere(w, &l);
    }
}

/* What one leaf has too much the other has too little: the sums are those of the points' parts in
 * G1, and so is the key. The tag refuses it from everyone but the sender. */
static void test_cancelling(void **state)
{
    const struct letter_world *w = *state;
    struct bls_g1 shift[2];
    torsion_g1(&shift[0]);
    order_three(&shift[1]);
    for (int i = 0; i < 2; i++) {
        struct bls_g1 minus;
        struct bls_gt before;
        struct bls_gt after;
        struct letter l;
        bls_g1_neg(&minus, &shift[i]);
        letter_new(&l, w, "b: 2");
        assert_int_equal(decapsulate(&before, w, &l), KF_OK);
        shift_g1(point_of(&l, C3, 1), &shift[i]);
        assert_int_equal(decapsulate(&after, w, &l), KF_ERR_MALFORMED);
        shift_g1(point_of(&l, C3_OF_TRANSFORM, 1), &minus);
        assert_int_equal(decapsulate(&after, w, &l), KF_OK);
        assert_true(bls_gt_equal(&before, &after));
        assert_int_equal(letter_open(w, &l), CPABE_ERR_MALFORMED);
        letter_seal_again(&l);
        assert_int_equal(letter_open(w, &l), CPABE_OK);
        free(l.data);
        /* in another row it does not cancel */
        letter_new(&l, w, "b: 2");
        shift_g1(point_of(&l, C3, 1), &shift[i]);
        shift_g1(point_of(&l, C3_OF_TRANSFORM, 2), &minus);
        expect_refused_everywhere(w, &l);
    }
}

/* The same inside of one negated leaf: the scalars are split over phi, which is another map outside
 * of G1, so that y T - y T does not cancel either; whatever is accepted is the projection. */
static void test_negated(void **state)
{
    const struct letter_world *w = *state;
    struct bls_g1 shift;
    struct bls_g1 minus;
    struct bls_fr y;
    struct bls_gt before;
    struct bls_gt after;
    struct letter l;
    torsion_g1(&shift);
    letter_new(&l, w, "not b: 1");
    assert_int_equal(decapsulate(&before, w, &l), KF_OK);
    tkn_hash_value(&y, "2", 1);
    bls_g1_mul(&minus, &y, &shift);
    bls_g1_neg(&minus, &minus);
    shift_g1(point_of(&l, C3, 0), &shift);
    shift_g1(point_of(&l, C3NEG, 0), &minus);
    if (decapsulate(&after, w, &l) == KF_OK) {
        assert_true(bls_gt_equal(&before, &after));
    }
    assert_int_equal(letter_open(w, &l), CPABE_ERR_MALFORMED);
    free(l.data);
}

static void test_off_the_curve(void **state)
{
    const struct letter_world *w = *state;
    for (int which = C1; which < KINDS; which++) {
        size_t rows = which <= C2 ? TKN_B_ROWS : TKN_A_ROWS;
        for (size_t row = 0; row < rows; row++) {
            size_t size = which <= C2 ? BLS_G2_BYTES : BLS_G1_BYTES;
            struct letter l;
            letter_new(&l, w, "not b: 1");
            point_of(&l, (enum which)which, row)[size - 1] ^= 1; /* y */
            expect_refused_everywhere(w, &l);
            letter_new(&l, w, "not b: 1");
            memset(point_of(&l, (enum which)which, row), 0x1f, size); /* x and y above p */
            expect_refused_everywhere(w, &l);
        }
    }
}

/* Infinity is a point of every group: what it gives is another key, which opens nothing. */
static void test_infinity(void **state)
{
    const struct letter_world *w = *state;
    struct bls_gt before;
    struct bls_gt after;
    for (int which = C1; which < KINDS; which++) {
        size_t rows = which <= C2 ? TKN_B_ROWS : TKN_A_ROWS;
        size_t size = which <= C2 ? BLS_G2_BYTES : BLS_G1_BYTES;
        struct letter l;
        letter_new(&l, w, "not b: 1");
        assert_int_equal(decapsulate(&before, w, &l), KF_OK);
        for (size_t row = 0; row < rows; row++) {
            uint8_t *at = point_of(&l, (enum which)which, row);
            memset(at, 0, size);
            *at = 0x40;
        }
        assert_int_equal(decapsulate(&after, w, &l), KF_OK);
        assert_false(bls_gt_equal(&before, &after));
        letter_expect_refused(w, &l);
    }
}

/* Points that are not used are not looked at: a key that needs another leaf opens. */
static void test_unused(void **state)
{
    const struct letter_world *w = *state;
    struct letter l;
    letter_new(&l, w, "a: 3 or b: 2");
    struct cca_ciphertext c;
    assert_int_equal(cca_parse(&c, l.data, l.length), KF_OK);
    memset(l.data + (c.points.c3[0] - l.data), 0x1f, TKN_A_ROWS * BLS_G1_BYTES);
    cca_clear(&c);
    assert_int_equal(letter_open(w, &l), CPABE_ERR_MALFORMED); /* the tag */
    letter_seal_again(&l);
    assert_int_equal(letter_open(w, &l), CPABE_OK);
    free(l.data);
}

/* The place of a point's encoding in some bytes. */
static uint8_t *find_g1(uint8_t *data, size_t length, const struct bls_g1_affine *point)
{
    uint8_t encoded[BLS_G1_BYTES];
    bls_g1_encode(encoded, point);
    uint8_t *at = memmem(data, length, encoded, sizeof encoded);
    assert_non_null(at);
    return at;
}

static uint8_t *find_g2(uint8_t *data, size_t length, const struct bls_g2_affine *point)
{
    uint8_t encoded[BLS_G2_BYTES];
    bls_g2_encode(encoded, point);
    uint8_t *at = memmem(data, length, encoded, sizeof encoded);
    assert_non_null(at);
    return at;
}

static void expect_no_key(const uint8_t *data, size_t length)
{
    struct cpabe_attribute_key *key = NULL;
    assert_int_equal(cpabe_attribute_key_parse(&key, data, length), CPABE_ERR_MALFORMED);
    assert_null(key);
}

/* Attribute keys with one point outside of its subgroup: among many attributes each counts. */
static void test_attribute_keys(void **state)
{
    enum { COUNT = 20 };
    const struct letter_world *w = *state;
    struct cpabe_attribute attributes[COUNT];
    char labels[COUNT][4];
    struct cpabe_attribute_key *key;
    struct cpabe_attribute_key *again;
    uint8_t *data;
    size_t length;
    struct bls_g1 g1;
    struct bls_g2 g2;
    torsion_g1(&g1);
    torsion_g2(&g2);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(labels[i], sizeof labels[i], "l%zu", i);
        attributes[i] = (struct cpabe_attribute){labels[i], i % 7 == 3 ? NULL : "v"};
    }
    assert_int_equal(cpabe_keygen(&key, w->secret_key, attributes, COUNT, NULL, NULL), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&data, &length, key), CPABE_OK);
    for (size_t i = 0; i < key->k.count; i++) {
        const struct tkn_attribute *a = &key->k.attributes[i];
        const struct bls_g1_affine *points[3] = {&a->k3[i % TKN_B_ROWS],
                                                 a->wildcard ? &a->wild[i % TKN_B_ROWS] : NULL,
                                                 i < TKN_B_ROWS ? &key->k.k2[i] : NULL};
        for (size_t j = 0; j < 3; j++) {
            uint8_t saved[BLS_G1_BYTES];
            if (points[j] == NULL) {
                continue;
            }
            uint8_t *at = find_g1(data, length, points[j]);
            memcpy(saved, at, sizeof saved);
            shift_g1(at, &g1);
            expect_no_key(data, length);
            memcpy(at, saved, sizeof saved);
        }
    }
    for (size_t i = 0; i < TKN_A_ROWS; i++) {
        uint8_t saved[BLS_G2_BYTES];
        uint8_t *at = find_g2(data, length, &key->k.k1[i]);
        memcpy(saved, at, sizeof saved);
        shift_g2(at, &g2);
        expect_no_key(data, length);
        memcpy(at, saved, sizeof saved);
    }
    assert_int_equal(cpabe_attribute_key_parse(&again, data, length), CPABE_OK);
    cpabe_attribute_key_free(again);
    cpabe_attribute_key_free(key);
    cpabe_free(data);
}

static void test_public_keys(void **state)
{
    const struct letter_world *w = *state;
    uint8_t *data;
    size_t length;
    struct bls_g1 g1;
    struct bls_g2 g2;
    torsion_g1(&g1);
    torsion_g2(&g2);
    assert_int_equal(cpabe_public_key_encode(&data, &length, w->public_key), CPABE_OK);
    for (size_t i = 0; i < TKN_B_ROWS * TKN_K + TKN_A_ROWS * TKN_K; i++) {
        struct cpabe_public_key *key = NULL;
        uint8_t saved[BLS_G2_BYTES];
        bool in_g2 = i < TKN_B_ROWS * TKN_K;
        uint8_t *at = in_g2 ? find_g2(data, length, &w->public_key->p.b2[i])
                            : find_g1(data, length, &w->public_key->p.wb1[i - TKN_B_ROWS * TKN_K]);
        memcpy(saved, at, in_g2 ? BLS_G2_BYTES : BLS_G1_BYTES);
        if (in_g2) {
            shift_g2(at, &g2);
        } else {
            shift_g1(at, &g1);
        }
        assert_int_equal(cpabe_public_key_parse(&key, data, length), CPABE_ERR_MALFORMED);
        assert_null(key);
        memcpy(at, saved, in_g2 ? BLS_G2_BYTES : BLS_G1_BYTES);
    }
    cpabe_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outside_the_subgroups),
        cmocka_unit_test(test_order_three),
        cmocka_unit_test(test_cancelling),
        cmocka_unit_test(test_negated),
        cmocka_unit_test(test_off_the_curve),
        cmocka_unit_test(test_infinity),
        cmocka_unit_test(test_unused),
        cmocka_unit_test(test_attribute_keys),
        cmocka_unit_test(test_public_keys),
    };
    return cmocka_run_group_tests(tests, letter_world_setup, letter_world_teardown);
}
