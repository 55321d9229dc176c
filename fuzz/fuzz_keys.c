/* Key files and attribute texts from outside: nothing crashes, and a key that is read is written as
 * one that reads and writes the same. */
#include "cpabe/cpabe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_attribute_key(const uint8_t *data, size_t size)
{
    struct cpabe_attribute_key *key;
    struct cpabe_attribute_key *again;
    uint8_t *first;
    uint8_t *second;
    size_t first_length;
    size_t second_length;
    if (cpabe_attribute_key_parse(&key, data, size) != CPABE_OK) {
        return;
    }
    if (cpabe_attribute_key_encode(&first, &first_length, key) != CPABE_OK ||
        cpabe_attribute_key_parse(&again, first, first_length) != CPABE_OK ||
        cpabe_attribute_key_encode(&second, &second_length, again) != CPABE_OK ||
        first_length != size || second_length != size || memcmp(first, second, size) != 0) {
        abort();
    }
    for (size_t i = 0; i < cpabe_attribute_key_count(key); i++) {
        struct cpabe_key_attribute a = cpabe_attribute_key_get(key, i);
        if (a.label[a.label_length] != '\0') {
            abort();
        }
    }
    cpabe_free(first);
    cpabe_free(second);
    cpabe_attribute_key_free(key);
    cpabe_attribute_key_free(again);
}

static void check_authority_keys(const uint8_t *data, size_t size)
{
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    uint8_t *out;
    size_t length;
    if (cpabe_public_key_parse(&public_key, data, size) == CPABE_OK) {
        if (cpabe_public_key_encode(&out, &length, public_key) != CPABE_OK || length != size ||
            memcmp(out, data, size) != 0) {
            abort();
        }
        cpabe_free(out);
        cpabe_public_key_free(public_key);
    }
    if (cpabe_secret_key_parse(&secret_key, data, size) == CPABE_OK) {
        if (cpabe_secret_key_encode(&out, &length, secret_key) != CPABE_OK || length != size ||
            memcmp(out, data, size) != 0) {
            abort();
        }
        cpabe_free(out);
        cpabe_secret_key_free(secret_key);
    }
}

static void check_attribute_text(const uint8_t *data, size_t size)
{
    struct cpabe_attribute *list;
    size_t count;
    struct cpabe_error err;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    enum cpabe_status s = cpabe_attributes_parse(&list, &count, text, &err);
    if (s == CPABE_OK) {
        for (size_t i = 0; i < count; i++) {
            if (strlen(list[i].label) == 0 || strlen(list[i].value) == 0) {
                abort();
            }
        }
        cpabe_free(list);
    } else if (s == CPABE_ERR_USAGE && (err.line == 0 || err.excerpt[0] == '\0')) {
        abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_attribute_key(data, size);
    check_authority_keys(data, size);
    check_attribute_text(data, size);
    return 0;
}
