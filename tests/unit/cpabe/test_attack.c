/* The wildcard attack. The Boneh-Katz transform joins to every policy a leaf that every key
 * satisfies, for its label is a wildcard of every key. If an AND gate gave that leaf the whole
 * secret, a key that satisfies nothing would open everything by decapsulating with that leaf alone.
 * The attack is carried out here, on this library's own ciphertexts, with the sharing of the
 * library (it must fail) and, in a second program, with a broken one (it must succeed, or this test
 * could not fail). */
#include "attack.h"
#include "support.h"

#include "cpabe/cca_int.h"
#include "cpabe/objects_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char secret[] = "the launch codes";

/* Decapsulates with the chosen leaves, satisfied or not, and opens the envelope. */
static enum kf_status open_with(const struct cca_ciphertext *c, const struct tkn_key *key,
                                const bool *chosen, uint8_t *out, size_t size, size_t *got)
{
    struct bls_gt encapsulated;
    enum kf_status s =
        tkn_decapsulate(&encapsulated, key, &c->points, c->extended, c->values, chosen);
    return s == KF_OK ? cca_open(out, size, got, c, &encapsulated) : s;
}

static void attack(const char *policy, const struct cpabe_attribute *attributes, size_t count)
{
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    uint8_t *data;
    size_t length;
    uint8_t out[64];
    size_t got;
    assert_int_equal(cpabe_setup(&public_key, &secret_key, NULL), CPABE_OK);
    assert_int_equal(cpabe_keygen(&key, secret_key, attributes, count, NULL, NULL), CPABE_OK);
    assert_int_equal(cpabe_encrypt_text(&data, &length, public_key, policy, (const uint8_t *)secret,
                                        sizeof secret, NULL, NULL),
                     CPABE_OK);
    /* by the front door: refused */
    assert_int_equal(cpabe_decrypt(out, sizeof out, &got, key, data, length),
                     CPABE_ERR_UNSATISFIED);
    /* with the wildcard leaf alone, then with every other set of available leaves */
    struct cca_ciphertext c;
    bool available[16];
    bool chosen[16] = {false};
    assert_int_equal(cca_parse(&c, data, length), KF_OK);
    size_t last = c.extended->leaf_count - 1u;
    assert_true(last < 10);
    tkn_available(available, &key->k, c.extended, c.values);
    assert_true(available[last]);
    chosen[last] = true;
    enum kf_status s = open_with(&c, &key->k, chosen, out, sizeof out, &got);
    assert_int_equal(s, sharing_is_broken ? KF_OK : KF_ERR_MALFORMED);
    if (sharing_is_broken) {
        assert_memory_equal(out, secret, sizeof secret);
    }
    for (unsigned set = 1; !sharing_is_broken && set < 2u << last; set++) {
        bool possible = true;
        for (size_t i = 0; i <= last; i++) {
            chosen[i] = set >> i & 1;
            possible = possible && (!chosen[i] || available[i]);
        }
        if (possible) {
            assert_int_equal(open_with(&c, &key->k, chosen, out, sizeof out, &got),
                             KF_ERR_MALFORMED);
        }
    }
    cca_clear(&c);
    cpabe_free(data);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
}

static void test_wildcard_attack(void **state)
{
    (void)state;
    const struct cpabe_attribute guest[] = {{"role", "guest"}, {"dept", "kitchen"}};
    attack("role: admin and dept: engineering", guest, 2);
    attack("role: admin and not dept: engineering", guest, 2);
    attack("(role: admin or role: root) and not dept: kitchen", guest, 2);
    attack("role: admin and dept: engineering", NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wildcard_attack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
