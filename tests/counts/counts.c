/* The operations whose instructions are counted: see counts.py. Each is run between two requests to
 * callgrind, which then dumps what it counted under the operation's name. Everything is the same in
 * each run: randomness is a BLAKE2Xb stream of a fixed seed for each operation.
 *
 * Cold encryption and key generation are of labels that nothing has seen; the public key and the
 * attribute key have been used once before, so that what they keep for later is made. */
#include "force.h"

#include "bls12381/bls12381.h"
#include "cpabe/cpabe.h"
#include "hash/blake2b.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

enum { PAIRS = 11, NEW_PAIRS = 8, NAME = 64, MESSAGE = 23 };

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static struct blake2xb stream;

static int fill(void *context, uint8_t *out, size_t length)
{
    blake2xb_read(context, out, length);
    return 0;
}

static const struct cpabe_random source = {fill, &stream};

/* The stream from its beginning. */
static const struct cpabe_random *fresh(void)
{
    blake2xb_init(&stream, BLAKE2XB_LENGTH_UNKNOWN, NULL, 0);
    return &source;
}

/* Stopping forgets what was not dumped. */
#define COUNTED(name, statement)                                                                   \
    do {                                                                                           \
        CALLGRIND_START_INSTRUMENTATION;                                                           \
        statement;                                                                                 \
        CALLGRIND_DUMP_STATS_AT(name);                                                             \
        CALLGRIND_STOP_INSTRUMENTATION;                                                            \
    } while (0)

struct authority {
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
};

struct scheme_case {
    const char *name, *policy, *attributes;
};

static const char *label(const char *name, const char *operation)
{
    static char text[NAME];
    (void)snprintf(text, sizeof text, "%s %s", name, operation);
    return text;
}

static void count_keygen(struct cpabe_attribute_key **key, const struct authority *a,
                         const struct scheme_case *c, const char *operation)
{
    struct cpabe_attribute *attributes;
    size_t count;
    enum cpabe_status status;
    REQUIRE(cpabe_attributes_parse(&attributes, &count, c->attributes, NULL) == CPABE_OK);
    const struct cpabe_random *random = fresh();
    const char *name = label(c->name, operation);
    COUNTED(name, status = cpabe_keygen(key, a->secret_key, attributes, count, random, NULL));
    REQUIRE(status == CPABE_OK);
    cpabe_free(attributes);
}

static void count_encrypt(uint8_t **data, size_t *length, const struct authority *a,
                          const struct scheme_case *c, const char *operation)
{
    static const uint8_t message[MESSAGE] = "drink your ovaltine now";
    struct cpabe_policy *policy;
    enum cpabe_status status;
    REQUIRE(cpabe_policy_parse(&policy, c->policy, NULL) == CPABE_OK);
    const struct cpabe_random *random = fresh();
    const char *name = label(c->name, operation);
    COUNTED(name, status = cpabe_encrypt(data, length, a->public_key, policy, CPABE_FORMAT_CURRENT,
                                         message, sizeof message, random));
    REQUIRE(status == CPABE_OK);
    cpabe_policy_free(policy);
}

static void count_decrypt(const struct cpabe_attribute_key *key, const struct scheme_case *c,
                          const uint8_t *data, size_t length)
{
    uint8_t out[MESSAGE];
    size_t got;
    enum cpabe_status status = cpabe_decrypt(out, sizeof out, &got, key, data, length);
    REQUIRE(status == CPABE_OK);
    const char *name = label(c->name, "decrypt");
    COUNTED(name, status = cpabe_decrypt(out, sizeof out, &got, key, data, length));
    REQUIRE(status == CPABE_OK && got == MESSAGE);
}

/* A key and a ciphertext, uncounted. */
static void use(const struct authority *a, const char *policy, const char *attributes)
{
    struct cpabe_attribute *parsed;
    struct cpabe_attribute_key *key;
    uint8_t *data;
    size_t count, length;
    REQUIRE(cpabe_attributes_parse(&parsed, &count, attributes, NULL) == CPABE_OK);
    REQUIRE(cpabe_keygen(&key, a->secret_key, parsed, count, fresh(), NULL) == CPABE_OK);
    REQUIRE(cpabe_encrypt_text(&data, &length, a->public_key, policy, NULL, 0, fresh(), NULL) ==
            CPABE_OK);
    cpabe_free(data);
    cpabe_attribute_key_free(key);
    cpabe_free(parsed);
}

static void count_case(const struct authority *a, const struct scheme_case *c)
{
    struct cpabe_attribute_key *key, *again;
    uint8_t *data, *more;
    size_t length;
    count_keygen(&key, a, c, "keygen");
    count_encrypt(&data, &length, a, c, "encrypt");
    use(a, c->policy, c->attributes); /* the second time makes labels ready for more */
    count_keygen(&again, a, c, "keygen-warm");
    cpabe_attribute_key_free(again);
    count_encrypt(&more, &length, a, c, "encrypt-warm");
    cpabe_free(more);
    count_decrypt(key, c, data, length);
    cpabe_free(data);
    cpabe_attribute_key_free(key);
}

static void count_scheme(void)
{
    static const struct scheme_case cases[] = {
        {"1-leaf", "a1: v1", "a1: v1"},
        {"2-label", "(k1: v1 or k1: v2) and not k2: v3", "k1: v2, k2: v4"},
    };
    struct authority a;
    enum cpabe_status status;
    const struct cpabe_random *random = fresh();
    COUNTED("setup", status = cpabe_setup(&a.public_key, &a.secret_key, random));
    REQUIRE(status == CPABE_OK);
    use(&a, "second: use", "first: use"); /* makes what keys make at their first use */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        count_case(&a, &cases[i]);
    }
    cpabe_public_key_free(a.public_key);
    cpabe_secret_key_free(a.secret_key);
}

static void count_pairings(const struct bls_g1_affine p[static PAIRS],
                           const struct bls_g2_affine q[static PAIRS])
{
    static struct bls_g2_lines lines[PAIRS - NEW_PAIRS];
    const struct bls_g2_lines *fixed[PAIRS - NEW_PAIRS];
    struct bls_gt out;
    uint64_t good;
    for (size_t i = 0; i < PAIRS - NEW_PAIRS; i++) {
        bls_g2_lines_init(&lines[i], &q[NEW_PAIRS + i]);
        fixed[i] = &lines[i];
    }
    COUNTED("pairing-product-11",
            bls_pairing_product_fixed(&out, &good, p, q, NEW_PAIRS, p + NEW_PAIRS, fixed,
                                      PAIRS - NEW_PAIRS));
    REQUIRE(good && !bls_gt_is_one(&out));
}

static void count_arithmetic(void)
{
    static const uint8_t message[] = "a label and a number";
    struct bls_fr k[PAIRS];
    struct bls_g1 p[PAIRS], out;
    struct bls_g2 q[PAIRS];
    struct bls_g1_affine pa[PAIRS];
    struct bls_g2_affine qa[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++) {
        bls_fr_from_u64(&k[i], i + 3);
        bls_fr_inverse(&k[i], &k[i]);
        bls_g1_mul_generator(&p[i], &k[i]);
        bls_g2_mul_generator(&q[i], &k[i]);
    }
    bls_g1_to_affine_batch(pa, p, PAIRS);
    bls_g2_to_affine_batch(qa, q, PAIRS);
    COUNTED("g1-mul", bls_g1_mul(&out, &k[0], &p[1]));
    COUNTED("g2-mul", bls_g2_mul(&q[0], &k[0], &q[1]));
    COUNTED("hash-to-g1", bls_hash_to_g1(&out, message, sizeof message, message, 7));
    count_pairings(pa, qa);
}

int main(void)
{
    test_force_path();
    count_scheme();
    count_arithmetic();
    return 0;
}
