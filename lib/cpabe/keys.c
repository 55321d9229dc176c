#include "base/secret.h"
#include "objects_int.h"

#include <stdlib.h>
#include <string.h>

enum cpabe_status cpabe_setup(struct cpabe_public_key **public_key,
                              struct cpabe_secret_key **secret_key,
                              const struct cpabe_random *random)
{
    struct kf_random source = object_random(random);
    struct cpabe_public_key *p = object_public_key_new();
    struct cpabe_secret_key *s = object_secret_key_new();
    enum kf_status status =
        p == NULL || s == NULL ? KF_ERR_MEMORY : tkn_setup(&p->p, &s->s, &source);
    if (status != KF_OK) {
        cpabe_public_key_free(p);
        cpabe_secret_key_free(s);
        return object_status(status);
    }
    *public_key = p;
    *secret_key = s;
    return CPABE_OK;
}

static enum cpabe_status check_attributes(const struct cpabe_attribute *attributes, size_t count,
                                          struct cpabe_error *err)
{
    if (count > CPABE_ATTRIBUTES_MAX) {
        return object_fail(err, CPABE_ERR_LIMIT, "%zu attributes; a key has at most %d", count,
                           CPABE_ATTRIBUTES_MAX);
    }
    size_t block = 2; /* what the encoding of labels and values takes: a 16-bit length holds it */
    for (size_t i = 0; i <= count; i++) {
        size_t label = i < count ? strlen(attributes[i].label) : sizeof CCA_LABEL - 1;
        block += 2 + label + 1 + BLS_FR_BYTES;
        if (i < count && !object_is_word(attributes[i].label, label)) {
            return object_fail(err, CPABE_ERR_USAGE,
                               "\"%.64s\" is no label: write letters A-Z a-z, digits and _",
                               attributes[i].label);
        }
        const char *value = i < count ? attributes[i].value : NULL;
        if (value != NULL && !object_is_word(value, strlen(value))) {
            return object_fail(err, CPABE_ERR_USAGE,
                               "\"%.64s\" is no value (of label \"%s\"): write letters A-Z a-z, "
                               "digits and _",
                               value, attributes[i].label);
        }
    }
    if (block > UINT16_MAX) {
        return object_fail(err, CPABE_ERR_LIMIT, "the labels are too long together for the format");
    }
    return CPABE_OK;
}

/* A key with labels and values, the transform's wildcard among them, and no points yet. */
static enum cpabe_status blank_key(struct cpabe_attribute_key **out,
                                   const struct cpabe_attribute *attributes, size_t count,
                                   struct cpabe_error *err)
{
    size_t label_bytes = sizeof CCA_LABEL - 1;
    for (size_t i = 0; i < count; i++) {
        label_bytes += strlen(attributes[i].label);
    }
    struct cpabe_attribute_key *key = object_key_new(count + 1, label_bytes);
    if (key == NULL) {
        return object_fail(err, CPABE_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        struct tkn_attribute *a = &key->k.attributes[i];
        object_key_set_label(key, a, attributes[i].label, strlen(attributes[i].label));
        a->wildcard = attributes[i].value == NULL;
        if (!a->wildcard) {
            tkn_hash_value(&a->value, attributes[i].value, strlen(attributes[i].value));
        }
    }
    object_key_set_label(key, &key->k.attributes[count], CCA_LABEL, sizeof CCA_LABEL - 1);
    key->k.attributes[count].wildcard = true;
    if (object_key_sort(key) != KF_OK) {
        kf_secret_free(key);
        return object_fail(err, CPABE_ERR_USAGE, "a label is given twice; a label has one value");
    }
    *out = key;
    return CPABE_OK;
}

enum cpabe_status cpabe_keygen(struct cpabe_attribute_key **out,
                               const struct cpabe_secret_key *secret_key,
                               const struct cpabe_attribute *attributes, size_t count,
                               const struct cpabe_random *random, struct cpabe_error *err)
{
    struct kf_random source = object_random(random);
    struct cpabe_attribute_key *key = NULL;
    enum cpabe_status status = check_attributes(attributes, count, err);
    if (status == CPABE_OK) {
        status = blank_key(&key, attributes, count, err);
    }
    if (status != CPABE_OK) {
        return status;
    }
    enum kf_status s = tkn_keygen(&key->k, &secret_key->s, secret_key->cache, &source);
    if (s != KF_OK) {
        cpabe_attribute_key_free(key);
        return object_fail(err, object_status(s),
                           s == KF_ERR_MEMORY ? "out of memory" : "the random source failed");
    }
    *out = key;
    return CPABE_OK;
}
