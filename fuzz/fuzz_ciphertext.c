/* Ciphertexts from outside: whatever the bytes, nothing crashes and nothing opens under an
 * authority of this target's own; a policy that is read prints as a text that reads as the same
 * policy. */
#include "cpabe/cpabe.h"
#include "hash/blake2b.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fill(void *context, uint8_t *out, size_t length)
{
    blake2xb_read(context, out, length);
    return 0;
}

/* Made once: a key with the labels of the seeds, always the same. */
static struct cpabe_attribute_key *make_key(void)
{
    const struct cpabe_attribute attributes[] = {
        {"EU", "true"}, {"country", "US"}, {"fips", "no"}, {"machine", "m3"}, {"dc", NULL}};
    struct blake2xb stream;
    struct cpabe_random random = {fill, &stream};
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    struct cpabe_attribute_key *key;
    blake2xb_init(&stream, BLAKE2XB_LENGTH_UNKNOWN, NULL, 0);
    if (cpabe_setup(&public_key, &secret_key, &random) != CPABE_OK ||
        cpabe_keygen(&key, secret_key, attributes, 5, &random, NULL) != CPABE_OK) {
        abort();
    }
    cpabe_public_key_free(public_key);
    cpabe_secret_key_free(secret_key);
    return key;
}

static void check_policy(const struct cpabe_policy *policy, const struct cpabe_attribute_key *key,
                         bool satisfied)
{
    struct cpabe_policy *again;
    char *text;
    char *second;
    if (cpabe_policy_satisfied_by_key(policy, key) != satisfied) {
        abort();
    }
    if (cpabe_policy_text(&text, policy) != CPABE_OK ||
        cpabe_policy_parse(&again, text, NULL) != CPABE_OK ||
        cpabe_policy_text(&second, again) != CPABE_OK || strcmp(text, second) != 0) {
        abort();
    }
    cpabe_policy_free(again);
    cpabe_free(text);
    cpabe_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cpabe_attribute_key *key;
    struct cpabe_policy *policy;
    uint8_t out[256];
    size_t got;
    if (key == NULL) {
        key = make_key();
    }
    enum cpabe_status opened = cpabe_decrypt(out, sizeof out, &got, key, data, size);
    if (opened == CPABE_OK) {
        abort();
    }
    if (cpabe_policy_from_ciphertext(&policy, data, size) == CPABE_OK) {
        check_policy(policy, key, opened != CPABE_ERR_UNSATISFIED);
        cpabe_policy_free(policy);
    } else if (opened == CPABE_ERR_UNSATISFIED) {
        abort();
    }
    (void)cpabe_identify(data, size);
    return 0;
}
