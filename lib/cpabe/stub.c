/* Stands in for the scheme while it is being put together: refuses everything. */
#include "cpabe/cpabe.h"

const char *cpabe_status_name(enum cpabe_status status)
{
    (void)status;
    return "unavailable";
}

void cpabe_free(void *data)
{
    (void)data;
}

void cpabe_public_key_free(struct cpabe_public_key *key)
{
    (void)key;
}

void cpabe_secret_key_free(struct cpabe_secret_key *key)
{
    (void)key;
}

void cpabe_attribute_key_free(struct cpabe_attribute_key *key)
{
    (void)key;
}

enum cpabe_status cpabe_public_key_parse(struct cpabe_public_key **out, const uint8_t *data,
                                         size_t length)
{
    (void)out;
    (void)data;
    (void)length;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_secret_key_parse(struct cpabe_secret_key **out, const uint8_t *data,
                                         size_t length)
{
    (void)out;
    (void)data;
    (void)length;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_attribute_key_parse(struct cpabe_attribute_key **out, const uint8_t *data,
                                            size_t length)
{
    (void)out;
    (void)data;
    (void)length;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_public_key_encode(uint8_t **out, size_t *length,
                                          const struct cpabe_public_key *key)
{
    (void)out;
    (void)length;
    (void)key;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_secret_key_encode(uint8_t **out, size_t *length,
                                          const struct cpabe_secret_key *key)
{
    (void)out;
    (void)length;
    (void)key;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_attribute_key_encode(uint8_t **out, size_t *length,
                                             const struct cpabe_attribute_key *key)
{
    (void)out;
    (void)length;
    (void)key;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_setup(struct cpabe_public_key **public_key,
                              struct cpabe_secret_key **secret_key,
                              const struct cpabe_random *random)
{
    (void)public_key;
    (void)secret_key;
    (void)random;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_attributes_parse(struct cpabe_attribute **attributes, size_t *count,
                                         const char *text, struct cpabe_error *err)
{
    (void)attributes;
    (void)count;
    (void)text;
    (void)err;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_keygen(struct cpabe_attribute_key **out,
                               const struct cpabe_secret_key *secret_key,
                               const struct cpabe_attribute *attributes, size_t count,
                               const struct cpabe_random *random, struct cpabe_error *err)
{
    (void)out;
    (void)secret_key;
    (void)attributes;
    (void)count;
    (void)random;
    (void)err;
    return CPABE_ERR_MEMORY;
}

size_t cpabe_attribute_key_count(const struct cpabe_attribute_key *key)
{
    (void)key;
    return 0;
}

struct cpabe_key_attribute cpabe_attribute_key_get(const struct cpabe_attribute_key *key,
                                                   size_t index)
{
    (void)key;
    (void)index;
    return (struct cpabe_key_attribute){0};
}

void cpabe_policy_free(struct cpabe_policy *policy)
{
    (void)policy;
}

enum cpabe_status cpabe_policy_parse(struct cpabe_policy **out, const char *text,
                                     struct cpabe_error *err)
{
    (void)out;
    (void)text;
    (void)err;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_policy_from_ciphertext(struct cpabe_policy **out, const uint8_t *ciphertext,
                                               size_t length)
{
    (void)out;
    (void)ciphertext;
    (void)length;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_policy_text(char **out, const struct cpabe_policy *policy)
{
    (void)out;
    (void)policy;
    return CPABE_ERR_MEMORY;
}

size_t cpabe_policy_leaf_count(const struct cpabe_policy *policy)
{
    (void)policy;
    return 0;
}

struct cpabe_leaf cpabe_policy_leaf_get(const struct cpabe_policy *policy, size_t index)
{
    (void)policy;
    (void)index;
    return (struct cpabe_leaf){0};
}

bool cpabe_policy_satisfied(const struct cpabe_policy *policy,
                            const struct cpabe_attribute *attributes, size_t count)
{
    (void)policy;
    (void)attributes;
    (void)count;
    return false;
}

bool cpabe_policy_satisfied_by_key(const struct cpabe_policy *policy,
                                   const struct cpabe_attribute_key *key)
{
    (void)policy;
    (void)key;
    return false;
}

enum cpabe_status cpabe_encrypt(uint8_t **out, size_t *out_length,
                                const struct cpabe_public_key *key,
                                const struct cpabe_policy *policy, enum cpabe_format format,
                                const uint8_t *message, size_t message_length,
                                const struct cpabe_random *random)
{
    (void)out;
    (void)out_length;
    (void)key;
    (void)policy;
    (void)format;
    (void)message;
    (void)message_length;
    (void)random;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_encrypt_text(uint8_t **out, size_t *out_length,
                                     const struct cpabe_public_key *key, const char *policy,
                                     const uint8_t *message, size_t message_length,
                                     const struct cpabe_random *random, struct cpabe_error *err)
{
    (void)out;
    (void)out_length;
    (void)key;
    (void)policy;
    (void)message;
    (void)message_length;
    (void)random;
    (void)err;
    return CPABE_ERR_MEMORY;
}

enum cpabe_status cpabe_decrypt(uint8_t *out, size_t capacity, size_t *out_length,
                                const struct cpabe_attribute_key *key, const uint8_t *ciphertext,
                                size_t length)
{
    (void)out;
    (void)capacity;
    (void)out_length;
    (void)key;
    (void)ciphertext;
    (void)length;
    return CPABE_ERR_MEMORY;
}

enum cpabe_kind cpabe_identify(const uint8_t *data, size_t length)
{
    (void)data;
    (void)length;
    return CPABE_KIND_UNKNOWN;
}

enum cpabe_status cpabe_ciphertext_inspect(struct cpabe_ciphertext_info *out,
                                           const uint8_t *ciphertext, size_t length)
{
    (void)out;
    (void)ciphertext;
    (void)length;
    return CPABE_ERR_MEMORY;
}
