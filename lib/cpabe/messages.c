#include "base/secret.h"
#include "objects_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Policies. */

void cpabe_policy_free(struct cpabe_policy *policy)
{
    if (policy != NULL) {
        policy_free(policy->p);
        free(policy);
    }
}

/* Takes p over, also on failure. */
static enum cpabe_status wrap(struct cpabe_policy **out, struct policy *p)
{
    struct cpabe_policy *policy = malloc(sizeof *policy);
    if (policy == NULL) {
        policy_free(p);
        return CPABE_ERR_MEMORY;
    }
    policy->p = p;
    *out = policy;
    return CPABE_OK;
}

static enum cpabe_status policy_failure(enum kf_status status, const struct policy_error *problem,
                                        const struct kf_error *report, struct cpabe_error *err)
{
    if (status == KF_ERR_MEMORY) {
        return object_fail(err, CPABE_ERR_MEMORY, "out of memory");
    }
    enum cpabe_status out = status == KF_ERR_LIMIT ? CPABE_ERR_LIMIT : CPABE_ERR_USAGE;
    (void)object_fail(err, out, problem->suggestion[0] == '\0' ? "%s%s" : "%s; %s",
                      problem->message, problem->suggestion);
    if (err != NULL) {
        err->line = (unsigned)problem->line;
        err->column = (unsigned)problem->column;
        const char *excerpt = strchr(report->message, '\n');
        if (excerpt != NULL && strlen(excerpt + 1) < sizeof err->excerpt) {
            strcpy(err->excerpt, excerpt + 1);
        }
    }
    return out;
}

enum cpabe_status cpabe_policy_parse(struct cpabe_policy **out, const char *text,
                                     struct cpabe_error *err)
{
    struct policy *p = NULL;
    struct policy_error problem;
    struct kf_error report;
    memset(&problem, 0, sizeof problem);
    memset(&report, 0, sizeof report);
    enum kf_status s = policy_parse(&p, text, strlen(text), &problem, &report);
    if (s != KF_OK) {
        return policy_failure(s, &problem, &report, err);
    }
    enum cpabe_status status = wrap(out, p);
    return status == CPABE_OK ? status : object_fail(err, status, "out of memory");
}

enum cpabe_status cpabe_policy_from_ciphertext(struct cpabe_policy **out, const uint8_t *ciphertext,
                                               size_t length)
{
    struct cca_ciphertext c;
    enum kf_status s = cca_parse(&c, ciphertext, length);
    if (s != KF_OK) {
        return object_status(s);
    }
    enum cpabe_status status = wrap(out, c.policy);
    c.policy = NULL;
    cca_clear(&c);
    return status;
}

enum cpabe_status cpabe_policy_text(char **out, const struct cpabe_policy *policy)
{
    return object_status(policy_format(out, policy->p));
}

size_t cpabe_policy_leaf_count(const struct cpabe_policy *policy)
{
    return policy->p->leaf_count;
}

struct cpabe_leaf cpabe_policy_leaf_get(const struct cpabe_policy *policy, size_t index)
{
    assert(index < policy->p->leaf_count);
    const struct policy_leaf *leaf = &policy->p->leaves[index];
    return (struct cpabe_leaf){leaf->label, leaf->value, !leaf->positive};
}

static bool leaf_holds(const struct policy_leaf *leaf, const struct cpabe_attribute *attributes,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct cpabe_attribute *a = &attributes[i];
        if (strcmp(a->label, leaf->label) == 0) {
            return a->value == NULL || (strcmp(a->value, leaf->value) == 0) == leaf->positive;
        }
    }
    return false;
}

bool cpabe_policy_satisfied(const struct cpabe_policy *policy,
                            const struct cpabe_attribute *attributes, size_t count)
{
    bool holds[POLICY_LEAVES_MAX];
    for (size_t i = 0; i < policy->p->leaf_count; i++) {
        holds[i] = leaf_holds(&policy->p->leaves[i], attributes, count);
    }
    return policy_evaluate_leaves(policy->p, holds);
}

bool cpabe_policy_satisfied_by_key(const struct cpabe_policy *policy,
                                   const struct cpabe_attribute_key *key)
{
    bool holds[POLICY_LEAVES_MAX];
    const struct policy *p = policy->p;
    for (size_t i = 0; i < p->leaf_count; i++) {
        const struct policy_leaf *leaf = &p->leaves[i];
        const struct tkn_attribute *a = tkn_key_find(&key->k, leaf->label, leaf->label_length);
        struct bls_fr value;
        tkn_hash_value(&value, leaf->value, leaf->value_length);
        holds[i] =
            a != NULL && (a->wildcard || (bls_fr_equal(&a->value, &value) != 0) == leaf->positive);
    }
    return policy_evaluate_leaves(p, holds);
}

/* Ciphertexts. */

enum cpabe_status cpabe_encrypt(uint8_t **out, size_t *out_length,
                                const struct cpabe_public_key *key,
                                const struct cpabe_policy *policy, enum cpabe_format format,
                                const uint8_t *message, size_t message_length,
                                const struct cpabe_random *random)
{
    struct kf_random source = object_random(random);
    return object_status(
        cca_encrypt(out, out_length, &key->p, policy->p, format, message, message_length, &source));
}

enum cpabe_status cpabe_encrypt_text(uint8_t **out, size_t *out_length,
                                     const struct cpabe_public_key *key, const char *policy,
                                     const uint8_t *message, size_t message_length,
                                     const struct cpabe_random *random, struct cpabe_error *err)
{
    struct cpabe_policy *parsed = NULL;
    enum cpabe_status status = cpabe_policy_parse(&parsed, policy, err);
    if (status != CPABE_OK) {
        return status;
    }
    status = cpabe_encrypt(out, out_length, key, parsed, CPABE_FORMAT_CURRENT, message,
                           message_length, random);
    cpabe_policy_free(parsed);
    return status == CPABE_OK
               ? status
               : object_fail(err, status, "encryption failed: %s", cpabe_status_name(status));
}

enum cpabe_status cpabe_decrypt(uint8_t *out, size_t capacity, size_t *out_length,
                                const struct cpabe_attribute_key *key, const uint8_t *ciphertext,
                                size_t length)
{
    return object_status(cca_decrypt(out, capacity, out_length, &key->k, ciphertext, length));
}

enum cpabe_status cpabe_ciphertext_inspect(struct cpabe_ciphertext_info *out,
                                           const uint8_t *ciphertext, size_t length)
{
    struct cca_ciphertext c;
    enum kf_status s = cca_parse(&c, ciphertext, length);
    if (s != KF_OK) {
        return object_status(s);
    }
    *out = (struct cpabe_ciphertext_info){c.current, c.policy->leaf_count, c.header_length,
                                          c.envelope_length};
    cca_clear(&c);
    return CPABE_OK;
}

/* An attribute key's first blocks: labels and values, k1, k2. */
static bool looks_like_attribute_key(const uint8_t *data, size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    struct kf_reader attributes;
    const uint8_t *skipped;
    return kf_read_block16le(&attributes, UINT16_MAX, &r) == KF_OK &&
           codec_read_matrix(&skipped, &r, TKN_A_ROWS, 1, BLS_G2_BYTES) == KF_OK &&
           codec_read_matrix(&skipped, &r, TKN_B_ROWS, 1, BLS_G1_BYTES) == KF_OK;
}

enum cpabe_kind cpabe_identify(const uint8_t *data, size_t length)
{
    struct kf_reader r = kf_reader_init(data, length);
    const uint8_t *skipped;
    struct cpabe_ciphertext_info info;
    if (length == TKN_PUBLIC_BYTES &&
        codec_read_matrix(&skipped, &r, TKN_B_ROWS, TKN_K, BLS_G2_BYTES) == KF_OK) {
        return CPABE_KIND_PUBLIC_KEY;
    }
    r = kf_reader_init(data, length);
    if (length == TKN_SECRET_BYTES &&
        codec_read_matrix(&skipped, &r, TKN_A_ROWS, TKN_K, BLS_FR_BYTES) == KF_OK) {
        return CPABE_KIND_SECRET_KEY;
    }
    if (looks_like_attribute_key(data, length)) {
        return CPABE_KIND_ATTRIBUTE_KEY;
    }
    return cpabe_ciphertext_inspect(&info, data, length) == CPABE_OK ? CPABE_KIND_CIPHERTEXT
                                                                     : CPABE_KIND_UNKNOWN;
}
