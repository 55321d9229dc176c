/* Every change of one byte of a ciphertext is refused; changed keys open nothing they should not.
 * All 255 other values of every byte are tried.
 *
 * So many decryptions take long, so a change is answered the short way where that gives the same
 * answer: when it leaves the points that decapsulation uses as they were, the encapsulated key is
 * known already. That the short way answers as cpabe_decrypt() does is checked on a sample. */
#include "support.h"

#include "cpabe/cca_int.h"
#include "cpabe/objects_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLE = 1999 };

static const char message[] = "sealed";

struct opened {
    struct cca_ciphertext c;
    bool chosen[16];
    struct bls_gt key;
};

static bool same_g1(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, TKN_A_ROWS * BLS_G1_BYTES) == 0;
}

static bool same_g2(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, TKN_B_ROWS * BLS_G2_BYTES) == 0;
}

/* Whether decapsulating c with `chosen` takes the same inputs as `original` did. */
static bool same_inputs(const struct opened *original, const struct cca_ciphertext *c,
                        const bool *chosen)
{
    const struct policy *p = c->extended;
    if (!policy_equal(p, original->c.extended) || !same_g2(c->points.c1, original->c.points.c1)) {
        return false;
    }
    for (size_t i = 0; i < p->leaf_count; i++) {
        size_t j = p->leaves[i].repeat;
        if (chosen[i] != original->chosen[i] ||
            !bls_fr_equal(&c->values[i], &original->c.values[i])) {
            return false;
        }
        if (chosen[i] && (!same_g2(c->points.c2[j], original->c.points.c2[j]) ||
                          !same_g1(c->points.c3[i], original->c.points.c3[i]) ||
                          (!p->leaves[i].positive &&
                           !same_g1(c->points.c3neg[i], original->c.points.c3neg[i])))) {
            return false;
        }
    }
    return true;
}

/* As cca_decrypt() does, but with the known key where the inputs are the same. */
static enum kf_status decrypt_short(const struct opened *original, const struct tkn_key *key,
                                    const uint8_t *data, size_t length, unsigned *whole)
{
    struct cca_ciphertext c;
    bool available[POLICY_LEAVES_MAX + 1];
    bool chosen[POLICY_LEAVES_MAX + 1];
    struct bls_gt encapsulated;
    uint8_t out[64];
    size_t got;
    enum kf_status s = cca_parse(&c, data, length);
    if (s != KF_OK) {
        return s;
    }
    tkn_available(available, key, c.extended, c.values);
    s = policy_choose(chosen, NULL, c.extended, available);
    if (s == KF_OK && same_inputs(original, &c, chosen)) {
        encapsulated = original->key;
    } else if (s == KF_OK) {
        s = tkn_decapsulate(&encapsulated, key, &c.points, c.extended, c.values, chosen);
        *whole += s == KF_OK;
    }
    if (s == KF_OK) {
        s = cca_open(out, sizeof out, &got, &c, &encapsulated);
    }
    cca_clear(&c);
    return s;
}

/* The used point whose encoding holds this byte, or NULL; *g2 tells its group. */
static const uint8_t *used_point(const struct opened *o, const uint8_t *byte, bool *g2)
{
    const struct tkn_encoded_header *h = &o->c.points;
    const struct policy *p = o->c.extended;
    const uint8_t *starts[64];
    size_t n = 0;
    assert_true(p->leaf_count < 10);
    starts[n++] = h->c1;
    for (size_t i = 0; i < p->leaf_count; i++) {
        if (o->chosen[i]) {
            starts[n++] = h->c2[p->leaves[i].repeat];
        }
    }
    size_t in_g2 = n;
    for (size_t i = 0; i < p->leaf_count; i++) {
        if (o->chosen[i]) {
            starts[n++] = h->c3[i];
            if (!p->leaves[i].positive) {
                starts[n++] = h->c3neg[i];
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        *g2 = i < in_g2;
        size_t size = *g2 ? BLS_G2_BYTES : BLS_G1_BYTES;
        size_t points = *g2 ? TKN_B_ROWS : TKN_A_ROWS;
        if (byte >= starts[i] && byte < starts[i] + size * points) {
            return starts[i] + (size_t)(byte - starts[i]) / size * size;
        }
    }
    return NULL;
}

static bool off_curve(const uint8_t *point, bool g2)
{
    struct bls_g1_affine p;
    struct bls_g2_affine q;
    return (g2 ? bls_g2_decode_no_subgroup_check(&q, point)
               : bls_g1_decode_no_subgroup_check(&p, point)) != KF_OK;
}

static void open_original(struct opened *out, const struct tkn_key *key, const uint8_t *data,
                          size_t length)
{
    bool available[16];
    uint8_t text[64];
    size_t got;
    assert_int_equal(cca_parse(&out->c, data, length), KF_OK);
    tkn_available(available, key, out->c.extended, out->c.values);
    assert_int_equal(policy_choose(out->chosen, NULL, out->c.extended, available), KF_OK);
    assert_int_equal(tkn_decapsulate(&out->key, key, &out->c.points, out->c.extended, out->c.values,
                                     out->chosen),
                     KF_OK);
    assert_int_equal(cca_open(text, sizeof text, &got, &out->c, &out->key), KF_OK);
    assert_int_equal(got, sizeof message);
}

static void sweep(const struct cpabe_public_key *public_key, const struct cpabe_attribute_key *key,
                  const char *policy_text, enum cpabe_format format, unsigned step)
{
    struct cpabe_policy *policy;
    struct opened original;
    uint8_t *data;
    size_t length;
    unsigned changes = 0;
    unsigned whole = 0;
    assert_int_equal(cpabe_policy_parse(&policy, policy_text, NULL), CPABE_OK);
    assert_int_equal(cpabe_encrypt(&data, &length, public_key, policy, format,
                                   (const uint8_t *)message, sizeof message, NULL),
                     CPABE_OK);
    uint8_t *copy = malloc(length);
    assert_non_null(copy);
    memcpy(copy, data, length);
    open_original(&original, &key->k, copy, length); /* borrows copy */
    for (size_t at = 0; at < length; at++) {
        bool g2;
        bool id = copy + at >= original.c.id && copy + at < original.c.id + CCA_ID_BYTES;
        const uint8_t *point = used_point(&original, copy + at, &g2);
        point = point == NULL ? NULL : data + (point - copy);
        for (unsigned change = 1; change < 256; change += id ? 51 : step) {
            data[at] ^= (uint8_t)change;
            enum kf_status s = point != NULL && off_curve(point, g2)
                                   ? KF_ERR_MALFORMED
                                   : decrypt_short(&original, &key->k, data, length, &whole);
            assert_int_not_equal(s, KF_OK);
            if (++changes % SAMPLE == 0) {
                uint8_t out[64];
                size_t got;
                enum cpabe_status full = cpabe_decrypt(out, sizeof out, &got, key, data, length);
                assert_int_equal(full, object_status(s));
            }
            data[at] ^= (uint8_t)change;
        }
    }
    for (size_t cut = 0; cut <= length; cut++) { /* cut short, and something after the end */
        assert_int_equal(decrypt_short(&original, &key->k, data, cut, &whole),
                         cut == length ? KF_OK : KF_ERR_MALFORMED);
    }
    uint8_t *longer = malloc(length + 1);
    assert_non_null(longer);
    memcpy(longer, data, length);
    longer[length] = 0;
    assert_int_equal(decrypt_short(&original, &key->k, longer, length + 1, &whole),
                     KF_ERR_MALFORMED);
    (void)printf("%s: %zu bytes, %u changes refused, %u of them after whole decapsulations\n",
                 policy_text, length, changes, whole);
    free(longer);
    free(copy);
    cca_clear(&original.c);
    cpabe_free(data);
    cpabe_policy_free(policy);
}

static void test_ciphertexts(void **state)
{
    (void)state;
    const struct cpabe_attribute attributes[] = {{"a", "1"}, {"b", "2"}};
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    assert_int_equal(cpabe_setup(&public_key, &secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_keygen(&key, secret_key, attributes, 2, NULL, NULL), CPABE_OK);
    /* KF_SPARSE: for the sanitizers, which are slow */
    sweep(public_key, key, "a: 1", CPABE_FORMAT_CURRENT, getenv("KF_SPARSE") == NULL ? 1 : 51);
    /* with a negated leaf, and points that are not used: sparser, they are many */
    sweep(public_key, key, "(a: 1 or a: 3) and not b: 1", CPABE_FORMAT_CURRENT, 17);
    sweep(public_key, key, "a: 1", CPABE_FORMAT_1_3_2, 17);
    sweep(public_key, key, "a: 1", CPABE_FORMAT_1_3_1, 17);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
}

/* A changed key is refused, or it opens no more than the true one: the ciphertext that the true one
 * does not open stays closed, whatever was changed, and the other opens to the message or not at
 * all. */
static void test_attribute_keys(void **state)
{
    (void)state;
    const struct cpabe_attribute attributes[] = {{"a", "1"}, {"b", "2"}};
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    uint8_t *data;
    uint8_t *closed;
    uint8_t *open;
    size_t length;
    size_t closed_length;
    size_t open_length;
    unsigned parsed = 0;
    assert_int_equal(cpabe_setup(&public_key, &secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_keygen(&key, secret_key, attributes, 2, NULL, NULL), CPABE_OK);
    assert_int_equal(cpabe_attribute_key_encode(&data, &length, key), CPABE_OK);
    assert_int_equal(cpabe_encrypt_text(&closed, &closed_length, public_key,
                                        "a: 2 or not b: 2 or c: 1", (const uint8_t *)message,
                                        sizeof message, NULL, NULL),
                     CPABE_OK);
    assert_int_equal(cpabe_encrypt_text(&open, &open_length, public_key, "not a: 2 and b: 2",
                                        (const uint8_t *)message, sizeof message, NULL, NULL),
                     CPABE_OK);
    for (size_t at = 0; at < length; at++) {
        for (unsigned change = 1; change < 256; change += 127) {
            struct cpabe_attribute_key *changed;
            uint8_t out[64];
            size_t got;
            data[at] ^= (uint8_t)change;
            if (cpabe_attribute_key_parse(&changed, data, length) == CPABE_OK) {
                parsed++;
                assert_int_not_equal(
                    cpabe_decrypt(out, sizeof out, &got, changed, closed, closed_length), CPABE_OK);
                if (cpabe_decrypt(out, sizeof out, &got, changed, open, open_length) == CPABE_OK) {
                    assert_int_equal(got, sizeof message);
                    assert_memory_equal(out, message, got);
                }
                cpabe_attribute_key_free(changed);
            }
            data[at] ^= (uint8_t)change;
        }
    }
    (void)printf("%u changed keys were still keys\n", parsed);
    assert_true(parsed > 0); /* an attribute's value may be any scalar */
    cpabe_free(data);
    cpabe_free(open);
    cpabe_free(closed);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
}

/* Changed authority keys: refused, or keys of another authority, whose parts do not fit together.
 */
static void test_authority_keys(void **state)
{
    (void)state;
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    uint8_t *data;
    size_t length;
    unsigned parsed = 0;
    assert_int_equal(cpabe_setup(&public_key, &secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_public_key_encode(&data, &length, public_key), CPABE_OK);
    for (size_t at = 0; at < length; at += 3) {
        struct cpabe_public_key *changed;
        data[at] ^= (uint8_t)(1u << at % 8);
        assert_int_equal(cpabe_public_key_parse(&changed, data, length), CPABE_ERR_MALFORMED);
        data[at] ^= (uint8_t)(1u << at % 8);
    }
    cpabe_free(data);
    assert_int_equal(cpabe_secret_key_encode(&data, &length, secret_key), CPABE_OK);
    for (size_t at = 0; at < length; at++) {
        struct cpabe_secret_key *changed;
        data[at] ^= (uint8_t)(1u << at % 8);
        if (cpabe_secret_key_parse(&changed, data, length) == CPABE_OK) {
            parsed++;
            cpabe_secret_key_free(changed);
        }
        data[at] ^= (uint8_t)(1u << at % 8);
    }
    assert_true(parsed > 0 && parsed < length);
    cpabe_free(data);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ciphertexts),
        cmocka_unit_test(test_attribute_keys),
        cmocka_unit_test(test_authority_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
