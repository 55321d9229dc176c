/* Hostile inputs that are well made. Ciphertexts of a sender who knows the seed and so gives every
 * change its right tag; and of a third party who changes what the tag does not cover. The tag
 * refuses none of these: each check has to do so itself. And keys and random sources of the same
 * kind. */
#include "support.h"

#include "cpabe/cca_int.h"
#include "cpabe/objects_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of the current format. */
enum {
    ID_AT = CCA_VERSION_BYTES + 2,
    BODY_LENGTH_AT = ID_AT + CCA_ID_BYTES,
    BODY_AT = BODY_LENGTH_AT + 4,
    HEADER_AT = BODY_AT + 4,
    ROOM = 1024,
};

static const char message[] = "sealed";

struct world {
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
};

/* A ciphertext with room to grow, and its seed. */
struct letter {
    uint8_t seed[CCA_SEED_BYTES];
    size_t seed_length;
    uint8_t *data;
    size_t length;
};

static int setup(void **state)
{
    static struct world w;
    const struct cpabe_attribute attributes[] = {{"a", "1"}, {"b", "2"}};
    assert_int_equal(cpabe_setup(&w.public_key, &w.secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_keygen(&w.key, w.secret_key, attributes, 2, NULL, NULL), CPABE_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    cpabe_attribute_key_free(w->key);
    cpabe_secret_key_free(w->secret_key);
    cpabe_public_key_free(w->public_key);
    return 0;
}

/* Keeps the first bytes that are drawn, which are the seed. */
static int fill_and_keep(void *context, uint8_t *out, size_t length)
{
    struct letter *l = context;
    struct kf_random system = kf_random_system();
    if (kf_random_fill(&system, out, length) != KF_OK) {
        return 1;
    }
    if (l->seed_length == 0) {
        assert_int_equal(length, sizeof l->seed);
        memcpy(l->seed, out, length);
        l->seed_length = length;
    }
    return 0;
}

static void letter_new(struct letter *l, const struct world *w, const char *policy)
{
    struct cpabe_random random = {fill_and_keep, l};
    uint8_t *data;
    memset(l, 0, sizeof *l);
    assert_int_equal(cpabe_encrypt_text(&data, &l->length, w->public_key, policy,
                                        (const uint8_t *)message, sizeof message, &random, NULL),
                     CPABE_OK);
    l->data = malloc(l->length + ROOM);
    assert_non_null(l->data);
    memcpy(l->data, data, l->length);
    cpabe_free(data);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void add32(uint8_t *at, size_t n)
{
    uint32_t v = get32(at) + (uint32_t)n;
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
}

/* The right tag for what the body now is. */
static void seal_again(struct letter *l)
{
    static const char domain[] = "key computation hash";
    uint8_t mac_key[32];
    struct blake2b h;
    size_t body = get32(l->data + BODY_LENGTH_AT);
    assert_int_equal(BODY_AT + body + 2 + CCA_TAG_BYTES, l->length);
    blake2b_init(&h, sizeof mac_key, NULL, 0);
    blake2b_update(&h, domain, sizeof domain - 1);
    blake2b_update(&h, l->seed, sizeof l->seed);
    blake2b_final(&h, mac_key);
    blake2b_hash(l->data + BODY_AT + body + 2, CCA_TAG_BYTES, mac_key, sizeof mac_key,
                 l->data + BODY_AT, body);
}

/* Puts bytes into the body. */
static void insert(struct letter *l, size_t at, const uint8_t *bytes, size_t n, bool in_header)
{
    uint8_t copy[ROOM];
    assert_true(n <= sizeof copy);
    memcpy(copy, bytes, n);
    memmove(l->data + at + n, l->data + at, l->length - at);
    memcpy(l->data + at, copy, n);
    l->length += n;
    add32(l->data + BODY_LENGTH_AT, n);
    if (in_header) {
        add32(l->data + BODY_AT, n);
    }
}

static enum cpabe_status try_open(const struct world *w, const struct letter *l)
{
    uint8_t out[64];
    size_t got = 0;
    enum cpabe_status s = cpabe_decrypt(out, sizeof out, &got, w->key, l->data, l->length);
    if (s == CPABE_OK) {
        assert_int_equal(got, sizeof message);
        assert_memory_equal(out, message, got);
    }
    return s;
}

static void expect_refused(const struct world *w, struct letter *l)
{
    seal_again(l);
    assert_int_equal(try_open(w, l), CPABE_ERR_MALFORMED);
    free(l->data);
}

/* The tool itself: a right tag is found again, and without it a change is refused. */
static void test_sealing_again(void **state)
{
    const struct world *w = *state;
    struct letter l;
    letter_new(&l, w, "a: 1");
    l.data[l.length - 1] ^= 1;
    assert_int_equal(try_open(w, &l), CPABE_ERR_MALFORMED);
    seal_again(&l);
    assert_int_equal(try_open(w, &l), CPABE_OK);
    free(l.data);
}

/* The id plus or minus r is the same scalar in other bytes, and the tag does not cover it. */
static void test_id_alias(void **state)
{
    const struct world *w = *state;
    struct letter l;
    struct bls_fr before;
    struct bls_fr after;
    uint8_t order[BLS_FR_BYTES];
    struct bls_fr minus_one;
    letter_new(&l, w, "a: 1");
    uint8_t *id = l.data + ID_AT;
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
    assert_int_equal(try_open(w, &l), CPABE_ERR_MALFORMED);
    free(l.data);
}

/* Whether decapsulation itself refuses the points of l. */
static enum kf_status decapsulate(const struct world *w, const struct letter *l)
{
    struct cca_ciphertext c;
    bool available[16];
    bool chosen[16];
    struct bls_gt key;
    assert_int_equal(cca_parse(&c, l->data, l->length), KF_OK);
    tkn_available(available, &w->key->k, c.extended, c.values);
    assert_int_equal(policy_choose(chosen, NULL, c.extended, available), KF_OK);
    enum kf_status s = tkn_decapsulate(&key, &w->key->k, &c.points, c.extended, c.values, chosen);
    cca_clear(&c);
    return s;
}

/* p += (0, 2), which has order 3: the pairing does not see the difference. */
static void shift_g1(uint8_t point[static BLS_G1_BYTES])
{
    uint8_t encoded[BLS_G1_BYTES] = {0};
    struct bls_g1_affine a;
    struct bls_g1 p;
    struct bls_g1 three;
    encoded[BLS_G1_BYTES - 1] = 2;
    assert_int_equal(bls_g1_decode_no_subgroup_check(&a, encoded), KF_OK);
    bls_g1_from_affine(&three, &a);
    assert_int_equal(bls_g1_decode(&a, point), KF_OK);
    bls_g1_from_affine(&p, &a);
    bls_g1_add(&p, &p, &three);
    bls_g1_to_affine(&a, &p);
    bls_g1_encode(point, &a);
}

/* q += a point of the twist outside of the subgroup. */
static void shift_g2(uint8_t point[static BLS_G2_BYTES])
{
    uint8_t encoded[BLS_G2_COMPRESSED_BYTES] = {0x80};
    struct bls_g2_affine a;
    struct bls_g2 q;
    struct bls_g2 other;
    while (bls_g2_decode_compressed_no_subgroup_check(&a, encoded) != KF_OK) {
        encoded[BLS_G2_COMPRESSED_BYTES - 1]++;
    }
    assert_int_equal(bls_g2_decode_compressed(&a, encoded), KF_ERR_MALFORMED);
    bls_g2_from_affine(&other, &a);
    assert_int_equal(bls_g2_decode(&a, point), KF_OK);
    bls_g2_from_affine(&q, &a);
    bls_g2_add(&q, &q, &other);
    bls_g2_to_affine(&a, &q);
    bls_g2_encode(point, &a);
}

enum which { C1, C2, C3, C3NEG, C3_OF_TRANSFORM, POINT_KINDS };

static void test_points_outside_the_subgroup(void **state)
{
    const struct world *w = *state;
    for (int which = C1; which < POINT_KINDS; which++) {
        for (size_t row = 0; row < TKN_A_ROWS; row++) {
            struct letter l;
            struct cca_ciphertext c;
            letter_new(&l, w, "not b: 1");
            assert_int_equal(cca_parse(&c, l.data, l.length), KF_OK);
            const uint8_t *points[POINT_KINDS] = {c.points.c1, c.points.c2[0], c.points.c3[0],
                                                  c.points.c3neg[0], c.points.c3[1]};
            size_t at = (size_t)(points[which] - l.data);
            cca_clear(&c);
            if (which <= C2) {
                shift_g2(l.data + at + row * BLS_G2_BYTES);
            } else {
                shift_g1(l.data + at + row * BLS_G1_BYTES);
            }
            assert_int_equal(decapsulate(w, &l), KF_ERR_MALFORMED);
            expect_refused(w, &l);
        }
    }
}

/* A policy that reads `a: 9` over the mathematics of `a: 1`: the value is shown, the scalar counts.
 */
static void test_policy_reads_otherwise(void **state)
{
    const struct world *w = *state;
    struct letter l;
    struct cpabe_policy *policy = NULL;
    letter_new(&l, w, "a: 1");
    /* label and value: [16] "a" [16] "1" */
    static const uint8_t leaf[] = {1, 0, 'a', 1, 0, '1'};
    uint8_t *at = memmem(l.data, l.length, leaf, sizeof leaf);
    assert_non_null(at);
    at[5] = '9';
    seal_again(&l);
    assert_int_equal(cpabe_policy_from_ciphertext(&policy, l.data, l.length), CPABE_ERR_MALFORMED);
    assert_null(policy);
    expect_refused(w, &l);
    /* a sign that is neither: [16] "b" [16] "1" [16] scalar, then 0 for a negated leaf */
    static const uint8_t negated[] = {1, 0, 'b', 1, 0, '1', BLS_FR_BYTES, 0};
    letter_new(&l, w, "not b: 1");
    at = memmem(l.data, l.length, negated, sizeof negated);
    assert_non_null(at);
    assert_int_equal(at[sizeof negated + BLS_FR_BYTES], 0);
    at[sizeof negated + BLS_FR_BYTES] = 2;
    expect_refused(w, &l);
}

/* One more byte at the end of each block, and a c3neg where none belongs: other bytes with the same
 * meaning. */
static void test_other_encodings(void **state)
{
    const struct world *w = *state;
    static const uint8_t zero;
    struct letter l;
    letter_new(&l, w, "a: 1");
    insert(&l, HEADER_AT + get32(l.data + BODY_AT), &zero, 1, true);
    expect_refused(w, &l);
    letter_new(&l, w, "a: 1");
    insert(&l, BODY_AT + get32(l.data + BODY_LENGTH_AT), &zero, 1, false);
    expect_refused(w, &l);

    enum { BLOCK = 2 + 4 + TKN_A_ROWS * BLS_G1_BYTES };
    struct cca_ciphertext c;
    letter_new(&l, w, "a: 1");
    assert_int_equal(cca_parse(&c, l.data, l.length), KF_OK);
    const uint8_t *block = c.points.c3[0] - 6;
    size_t end = HEADER_AT + get32(l.data + BODY_AT); /* two empty blocks stand before it */
    insert(&l, end - 4, block, BLOCK - 2, true);
    memcpy(l.data + end - 4 + BLOCK - 2, block + BLOCK - 2, 2);
    cca_clear(&c);
    expect_refused(w, &l);
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
    const struct world *w = *state;
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
    const struct world *w = *state;
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
    const struct world *w = *state;
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
        cmocka_unit_test(test_points_outside_the_subgroup),
        cmocka_unit_test(test_policy_reads_otherwise),
        cmocka_unit_test(test_other_encodings),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_degenerate_public_key),
        cmocka_unit_test(test_stuck_source),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
