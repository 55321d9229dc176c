/* TKN20 with everything secret marked: the master secret and its making, the randomness of keys and
 * ciphertexts, messages, the points of attribute keys, the decrypted seed. */
#include "base/ct.h"
#include "cpabe/cca_int.h"
#include "cpabe/objects_int.h"
#include "force.h"
#include "hash/blake2b.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static int fill_secret(void *context, uint8_t *out, size_t length)
{
    blake2xb_read(context, out, length);
    kf_ct_secret(out, length);
    return 0;
}

/* Also negated, repeated and wildcard leaves, gates of both classes. */
static const char policy_text[] = "(a: 1 and a: 2 or a: 3 or a: 1) and not b: 1 and c: 5";

static void check_format(const struct cpabe_public_key *public_key,
                         const struct cpabe_attribute_key *key, const char *text,
                         enum cpabe_format format, const struct cpabe_random *random)
{
    uint8_t message[40] = "the customer's private key";
    uint8_t out[64];
    struct cpabe_policy *policy;
    uint8_t *data;
    size_t length;
    size_t got;
    REQUIRE(cpabe_policy_parse(&policy, text, NULL) == CPABE_OK);
    kf_ct_secret(message, sizeof message);
    REQUIRE(cpabe_encrypt(&data, &length, public_key, policy, format, message, sizeof message,
                          random) == CPABE_OK);
    kf_ct_public(data, length); /* a ciphertext is for everyone to see */
    REQUIRE(cpabe_decrypt(out, sizeof out, &got, key, data, length) == CPABE_OK);
    kf_ct_public(message, sizeof message);
    kf_ct_public(out, sizeof out);
    REQUIRE(got == sizeof message && memcmp(out, message, got) == 0);
    data[length - 1] ^= 1; /* a refusal */
    REQUIRE(cpabe_decrypt(out, sizeof out, &got, key, data, length) == CPABE_ERR_MALFORMED);
    cpabe_free(data);
    cpabe_policy_free(policy);
}

static const struct bls_g1_base *table_of(const struct cpabe_attribute_key *key,
                                          const struct tkn_attribute *attribute, bool wild)
{
    const struct bls_g1_base *table = NULL;
    for (int use = 0; use < 100 && table == NULL; use++) {
        table = tkn_multiples_get(&key->k, attribute, wild);
    }
    return table;
}

int main(void)
{
    struct blake2xb stream;
    struct cpabe_random random = {fill_secret, &stream};
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    const struct cpabe_attribute attributes[] = {{"a", "1"}, {"b", "2"}, {"c", NULL}};
    uint8_t *data;
    size_t length;
    test_force_path();
    blake2xb_init(&stream, BLAKE2XB_LENGTH_UNKNOWN, NULL, 0);
    REQUIRE(cpabe_setup(&public_key, &secret_key, &random) == CPABE_OK);
    kf_ct_public(&public_key->p, sizeof public_key->p); /* what it says */
    kf_ct_secret(&secret_key->s, sizeof secret_key->s);
    REQUIRE(cpabe_secret_key_encode(&data, &length, secret_key) == CPABE_OK);
    cpabe_free(data);
    REQUIRE(cpabe_keygen(&key, secret_key, attributes, 3, &random, NULL) == CPABE_OK);
    REQUIRE(cpabe_attribute_key_encode(&data, &length, key) == CPABE_OK);
    cpabe_free(data);
    for (size_t i = 0; i < key->k.count; i++) {
        struct tkn_attribute *a = &key->k.attributes[i];
        kf_ct_secret(a->k3, sizeof a->k3);
        kf_ct_secret(a->wild, sizeof a->wild);
    }
    kf_ct_secret(key->k.k1, sizeof key->k.k1);
    kf_ct_secret(key->k.k2, sizeof key->k.k2);
    check_format(public_key, key, policy_text, CPABE_FORMAT_CURRENT, &random);
    /* the same with all that is made after some uses: made here, of points that are marked */
    REQUIRE(tkn_lazy_get(public_key->p.tables, &tkn_public_tables, &public_key->p, 100) != NULL);
    for (size_t i = 0; i < key->k.count; i++) {
        const struct tkn_attribute *a = &key->k.attributes[i];
        REQUIRE(table_of(key, a, false) != NULL);
        REQUIRE(!a->wildcard || table_of(key, a, true) != NULL);
    }
    check_format(public_key, key, policy_text, CPABE_FORMAT_1_3_1, &random);
    check_format(public_key, key, "c: 1 and not c: 1 or not c: 2", CPABE_FORMAT_CURRENT, &random);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    cpabe_public_key_free(public_key);
    blake2xb_clear(&stream);
    return 0;
}
