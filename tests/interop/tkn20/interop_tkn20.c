/* This side of the interoperation test.
 *
 *   interop_tkn20 make  AUTHORITY|- SEED CASES     > batch     what the peer shall read
 *   interop_tkn20 check BATCH ANSWER                           what it made of it
 *
 * AUTHORITY is what `peer setup` printed; its ciphertext shows which format the peer speaks, and
 * with "own" as a fourth argument its keys are replaced by ones made here. */
#include "cpabe/cpabe.h"
#include "support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 12, KEYS_A_CASE = 2, LABELS = 5, VALUES = 3, LEAVES_MAX = 6, TEXT_MAX = 4096 };

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static json_t *to_hex(const uint8_t *data, size_t length)
{
    char *text = malloc(2 * length + 1);
    REQUIRE(text != NULL);
    text[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        (void)sprintf(text + 2 * i, "%02x", data[i]);
    }
    json_t *out = json_string(text);
    free(text);
    return out;
}

static uint8_t *from_hex(size_t *length, json_t *object, const char *name)
{
    const char *text = json_string_value(name == NULL ? object : json_object_get(object, name));
    REQUIRE(text != NULL);
    *length = strlen(text) / 2;
    uint8_t *out = malloc(*length + 1);
    REQUIRE(out != NULL);
    for (size_t i = 0; i < *length; i++) {
        unsigned v;
        REQUIRE(sscanf(text + 2 * i, "%2x", &v) == 1);
        out[i] = (uint8_t)v;
    }
    return out;
}

/* The format that the peer writes, hence reads. */
static enum cpabe_format peer_format(json_t *authority)
{
    struct cpabe_ciphertext_info info;
    size_t length;
    uint8_t *ct = from_hex(&length, authority, "ciphertext");
    REQUIRE(cpabe_ciphertext_inspect(&info, ct, length) == CPABE_OK);
    free(ct);
    if (info.current_format) {
        return CPABE_FORMAT_CURRENT;
    }
    return info.envelope_length == 16 ? CPABE_FORMAT_1_3_1 : CPABE_FORMAT_1_3_2;
}

static void load_authority(struct cpabe_public_key **public_key,
                           struct cpabe_secret_key **secret_key, json_t *authority, bool own)
{
    if (own) {
        REQUIRE(cpabe_setup(public_key, secret_key, NULL) == CPABE_OK);
        return;
    }
    size_t length;
    uint8_t *data = from_hex(&length, authority, "public");
    REQUIRE(cpabe_public_key_parse(public_key, data, length) == CPABE_OK);
    free(data);
    data = from_hex(&length, authority, "secret");
    REQUIRE(cpabe_secret_key_parse(secret_key, data, length) == CPABE_OK);
    free(data);
}

static void make_keys(json_t *batch, const struct cpabe_secret_key *secret_key, struct seeded *s)
{
    json_t *keys = json_array();
    for (int i = 0; i < KEYS; i++) {
        struct random_attributes attributes;
        struct cpabe_attribute_key *key;
        uint8_t *data;
        size_t length;
        random_attributes_make(&attributes, s, LABELS, VALUES);
        REQUIRE(cpabe_keygen(&key, secret_key, attributes.list, attributes.count, NULL, NULL) ==
                CPABE_OK);
        REQUIRE(cpabe_attribute_key_encode(&data, &length, key) == CPABE_OK);
        json_t *map = json_object();
        for (size_t a = 0; a < attributes.count; a++) {
            json_object_set_new(map, attributes.list[a].label,
                                json_string(attributes.list[a].value));
        }
        json_array_append_new(
            keys, json_pack("{s:o, s:o}", "attributes", map, "key", to_hex(data, length)));
        cpabe_free(data);
        cpabe_attribute_key_free(key);
    }
    json_object_set_new(batch, "keys", keys);
}

static json_t *make_case(const struct cpabe_public_key *public_key, enum cpabe_format format,
                         struct seeded *s)
{
    char text[TEXT_MAX];
    uint8_t message[256];
    struct cpabe_policy *policy;
    uint8_t *data;
    size_t length;
    random_policy(text, sizeof text, s, 1 + (unsigned)(seeded_next(s) % LEAVES_MAX), LABELS,
                  VALUES);
    size_t message_length = seeded_next(s) % sizeof message;
    for (size_t i = 0; i < message_length; i++) {
        message[i] = (uint8_t)seeded_next(s);
    }
    REQUIRE(cpabe_policy_parse(&policy, text, NULL) == CPABE_OK);
    REQUIRE(cpabe_encrypt(&data, &length, public_key, policy, format, message, message_length,
                          NULL) == CPABE_OK);
    json_t *keys = json_array();
    for (int i = 0; i < KEYS_A_CASE; i++) {
        json_array_append_new(keys, json_integer((json_int_t)(seeded_next(s) % KEYS)));
    }
    json_t *out = json_pack("{s:s, s:o, s:o, s:o}", "policy", text, "message",
                            to_hex(message, message_length), "ciphertext", to_hex(data, length),
                            "keys", keys);
    cpabe_free(data);
    cpabe_policy_free(policy);
    return out;
}

static int make(const char *authority_path, uint64_t seed, long cases, bool own)
{
    struct seeded s;
    struct cpabe_public_key *public_key;
    struct cpabe_secret_key *secret_key;
    uint8_t *data;
    size_t length;
    json_t *authority = json_load_file(authority_path, 0, NULL);
    json_t *batch = json_object();
    json_t *list = json_array();
    REQUIRE(authority != NULL);
    (void)seeded_random(&s, seed);
    load_authority(&public_key, &secret_key, authority, own);
    REQUIRE(cpabe_public_key_encode(&data, &length, public_key) == CPABE_OK);
    json_object_set_new(batch, "public", to_hex(data, length));
    cpabe_free(data);
    REQUIRE(cpabe_secret_key_encode(&data, &length, secret_key) == CPABE_OK);
    json_object_set_new(batch, "secret", to_hex(data, length));
    cpabe_free(data);
    make_keys(batch, secret_key, &s);
    for (long i = 0; i < cases; i++) {
        json_array_append_new(list, make_case(public_key, peer_format(authority), &s));
    }
    json_object_set_new(batch, "cases", list);
    REQUIRE(json_dumpf(batch, stdout, JSON_COMPACT) == 0);
    json_decref(batch);
    json_decref(authority);
    cpabe_public_key_free(public_key);
    cpabe_secret_key_free(secret_key);
    return 0;
}

struct tally {
    unsigned opened;
    unsigned refused;
};

static bool flag(json_t *answer, const char *name, size_t i)
{
    json_t *value = json_array_get(json_object_get(answer, name), i);
    REQUIRE(json_is_boolean(value));
    return json_is_true(value);
}

static void check_decrypt(const struct cpabe_attribute_key *key, json_t *answer, json_t *asked,
                          bool opens)
{
    uint8_t out[512];
    size_t got = 0;
    size_t length;
    size_t message_length;
    uint8_t *ct = from_hex(&length, answer, "ciphertext");
    uint8_t *message = from_hex(&message_length, asked, "message");
    enum cpabe_status s = cpabe_decrypt(out, sizeof out, &got, key, ct, length);
    REQUIRE(s == (opens ? CPABE_OK : CPABE_ERR_UNSATISFIED));
    REQUIRE(!opens || (got == message_length && memcmp(out, message, got) == 0));
    free(ct);
    free(message);
}

static void check_case(json_t *asked, json_t *answer, json_t *key_list,
                       struct cpabe_attribute_key *const given[KEYS],
                       struct cpabe_attribute_key *const theirs[KEYS], struct tally *tally)
{
    struct cpabe_policy *policy;
    REQUIRE(cpabe_policy_parse(&policy, json_string_value(json_object_get(asked, "policy")),
                               NULL) == CPABE_OK);
    for (size_t i = 0; i < KEYS_A_CASE; i++) {
        size_t k = (size_t)json_integer_value(json_array_get(json_object_get(asked, "keys"), i));
        struct cpabe_attribute attributes[LABELS];
        size_t count = 0;
        const char *label;
        json_t *value;
        json_object_foreach(json_object_get(json_array_get(key_list, k), "attributes"), label,
                            value)
        {
            attributes[count++] = (struct cpabe_attribute){label, json_string_value(value)};
        }
        bool opens = cpabe_policy_satisfied(policy, attributes, count);
        REQUIRE(flag(answer, "satisfied", i) == opens);
        REQUIRE(flag(answer, "could_decrypt", i) == opens);
        REQUIRE(flag(answer, "with_given_key", i) == opens);
        REQUIRE(flag(answer, "with_own_key", i) == opens);
        check_decrypt(given[k], answer, asked, opens);
        check_decrypt(theirs[k], answer, asked, opens);
        *(opens ? &tally->opened : &tally->refused) += 1;
    }
    cpabe_policy_free(policy);
}

static int check(const char *batch_path, const char *answer_path)
{
    json_t *batch = json_load_file(batch_path, 0, NULL);
    json_t *answer = json_load_file(answer_path, 0, NULL);
    REQUIRE(batch != NULL && answer != NULL);
    json_t *key_list = json_object_get(batch, "keys");
    struct cpabe_attribute_key *given[KEYS];
    struct cpabe_attribute_key *theirs[KEYS];
    struct tally tally = {0};
    for (size_t k = 0; k < KEYS; k++) {
        size_t length;
        uint8_t *data = from_hex(&length, json_array_get(key_list, k), "key");
        REQUIRE(cpabe_attribute_key_parse(&given[k], data, length) == CPABE_OK);
        free(data);
        data = from_hex(&length, json_array_get(json_object_get(answer, "keys"), k), NULL);
        REQUIRE(cpabe_attribute_key_parse(&theirs[k], data, length) == CPABE_OK);
        free(data);
    }
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(batch, "cases"), index, one)
    {
        check_case(one, json_array_get(json_object_get(answer, "cases"), index), key_list, given,
                   theirs, &tally);
    }
    (void)printf("%zu policies; keys that opened: %u, that were refused: %u\n", index, tally.opened,
                 tally.refused);
    REQUIRE(index > 0 && tally.opened > index / 8 && tally.refused > index / 8);
    for (size_t k = 0; k < KEYS; k++) {
        cpabe_attribute_key_free(given[k]);
        cpabe_attribute_key_free(theirs[k]);
    }
    json_decref(batch);
    json_decref(answer);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "make") == 0) {
        return make(argv[2], strtoull(argv[3], NULL, 0), strtol(argv[4], NULL, 10),
                    argc == 6 && strcmp(argv[5], "own") == 0);
    }
    if (argc == 4 && strcmp(argv[1], "check") == 0) {
        return check(argv[2], argv[3]);
    }
    (void)fputs("usage: interop_tkn20 make AUTHORITY SEED CASES [own] | check BATCH ANSWER\n",
                stderr);
    return 2;
}
