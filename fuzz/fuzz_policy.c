/* The policy language and the catalogue. The first byte chooses what the rest is: 1 the leaves and
 * gates of somebody's circuit, 2 a catalogue's files (attributes, NUL, regions), anything else
 * (with itself) a policy's text. What is accepted must keep policy.h's promises. */
#include "policy/catalogue.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ATTRIBUTES_MAX = 64, PARTS_MAX = 48, SMALL = 40 };

static const char countries_text[] =
    "{\"3166-1\": [{\"alpha_2\": \"FR\", \"alpha_3\": \"FRA\", \"name\": \"France\"},"
    "{\"alpha_2\": \"US\", \"alpha_3\": \"USA\", \"name\": \"United States\"}]}";
static const char regions_text[] = "regions:\n  EU: {name: European Union, countries: [FR]}\n"
                                   "  NAM: {countries: [US], metros: [newyork]}\n";
static const char attributes_text[] =
    "attributes:\n  country: {kind: country}\n  region: {kind: region}\n"
    "  fips: {kind: choice, values: [yes, no]}\n  a: {kind: open}\n";

static enum kf_status make_catalogue(struct catalogue **out, const char *attributes,
                                     size_t attributes_length, const char *regions,
                                     size_t regions_length)
{
    const struct catalogue_source a = {"a", attributes, attributes_length};
    const struct catalogue_source r = {"r", regions, regions_length};
    const struct catalogue_source c = {"c", countries_text, sizeof countries_text - 1};
    struct kf_error err;
    return catalogue_parse(out, &a, &r, &c, &err);
}

/* A machine that has some of the labels with some of the values, depending on the round. */
static size_t some_attributes(struct policy_attribute *out, const struct policy *policy,
                              size_t round)
{
    size_t count = 0;
    for (size_t i = 0; i < policy->leaf_count && count < ATTRIBUTES_MAX; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++) {
            known = known || strcmp(out[j].label, policy->leaves[i].label) == 0;
        }
        if (!known && (i * 7 + round * 5) % 3 != 0) {
            bool other = (i + round) % 4 == 0;
            out[count++] = (struct policy_attribute){
                policy->leaves[i].label, other ? "something_else" : policy->leaves[i].value};
        }
    }
    return count;
}

static void same_meaning(const struct policy *a, const struct policy *b)
{
    for (size_t round = 0; round < 8; round++) {
        struct policy_attribute attributes[ATTRIBUTES_MAX];
        size_t count = some_attributes(attributes, a, round);
        assert(policy_evaluate(a, attributes, count) == policy_evaluate(b, attributes, count));
    }
}

static void try_choice(const struct policy *policy)
{
    bool available[POLICY_LEAVES_MAX + 1];
    bool chosen[POLICY_LEAVES_MAX + 1] = {false};
    for (size_t i = 0; i < policy->leaf_count; i++) {
        available[i] = i % 5 != 3;
    }
    struct policy_choice choice;
    enum kf_status status = policy_choose(chosen, &choice, policy, available);
    assert((status == KF_OK) == policy_evaluate_leaves(policy, available));
    if (status == KF_OK) {
        assert(policy_evaluate_leaves(policy, chosen));
    }
}

static struct policy *parsed(const char *text)
{
    struct policy *policy = NULL;
    enum kf_status status = policy_parse(&policy, text, strlen(text), NULL, NULL);
    assert(status == KF_OK);
    return policy;
}

static void try_policy(const struct policy *policy)
{
    char *text = NULL;
    struct policy *with = NULL;
    if (policy_format(&text, policy) != KF_OK ||
        policy_with_and_leaf(&with, policy, "-", "x") != KF_OK) {
        abort();
    }
    struct policy *again = parsed(text);
    assert(again->leaf_count == policy->leaf_count);
    same_meaning(policy, again);
    try_choice(policy);
    try_choice(with);
    policy_free(again);
    policy_free(with);
    free(text);
    bool canonical = false;
    if (policy->leaf_count <= SMALL && policy_normal_form(&text, &canonical, policy) == KF_OK) {
        again = parsed(text);
        same_meaning(policy, again);
        char *twice = NULL;
        if (policy_normal_form(&twice, NULL, again) != KF_OK) {
            abort();
        }
        assert(!canonical || strcmp(text, twice) == 0);
        free(twice);
        free(text);
        policy_free(again);
    }
}

static void try_text(const char *text, size_t size)
{
    struct policy *policy = NULL;
    struct policy_error problem;
    struct kf_error err;
    if (policy_parse(&policy, text, size, &problem, &err) == KF_OK) {
        try_policy(policy);
        policy_free(policy);
    } else {
        assert(problem.line >= 1 && problem.column >= 1 && problem.offset <= size);
    }
    struct catalogue *catalogue = NULL;
    if (make_catalogue(&catalogue, attributes_text, sizeof attributes_text - 1, regions_text,
                       sizeof regions_text - 1) != KF_OK) {
        abort();
    }
    if (catalogue_compile(&policy, catalogue, text, size, &problem, &err) == KF_OK) {
        struct policy *sealing = NULL;
        enum kf_status status = catalogue_sealing_policy(&sealing, catalogue, policy);
        assert(status == KF_OK);
        policy_free(sealing);
        policy_free(policy);
    }
    catalogue_free(catalogue);
}

/* Gate count, then 7 bytes a gate, then for each leaf a byte (sign, label length) and its label. */
static void try_parts(const uint8_t *data, size_t size)
{
    struct policy_part parts[PARTS_MAX];
    struct policy_gate gates[PARTS_MAX];
    size_t gate_count = size > 0 ? data[0] % PARTS_MAX : 0;
    size_t at = 1;
    size_t part_count = 0;
    for (size_t i = 0; i < gate_count; i++, at += 7) {
        if (at + 7 > size) {
            return;
        }
        gates[i] = (struct policy_gate){(uint16_t)(data[at + 1] | data[at + 2] << 8),
                                        (uint16_t)(data[at + 3] | data[at + 4] << 8),
                                        (uint16_t)(data[at + 5] | data[at + 6] << 8), data[at]};
    }
    while (part_count < PARTS_MAX && at < size) {
        size_t length = data[at] & 7;
        if (length > size - at - 1) {
            length = size - at - 1;
        }
        parts[part_count++] = (struct policy_part){data + at + 1, length, (const uint8_t *)"v", 1,
                                                   (data[at] & 8) == 0};
        at += 1 + length;
    }
    struct policy *policy = NULL;
    struct kf_error err;
    if (policy_from_parts(&policy, parts, part_count, gates, gate_count, &err) == KF_OK) {
        try_policy(policy);
        policy_free(policy);
    }
}

static void try_catalogue(const char *text, size_t size)
{
    const char *cut = memchr(text, 0, size);
    size_t length = cut != NULL ? (size_t)(cut - text) : size;
    struct catalogue *catalogue = NULL;
    bool two = cut != NULL;
    if (make_catalogue(&catalogue, text, length, two ? cut + 1 : regions_text,
                       two ? size - length - 1 : sizeof regions_text - 1) == KF_OK) {
        const struct policy_attribute declared = {"country", "FR"};
        struct catalogue_attributes *machine = NULL;
        if (catalogue_machine_attributes(&machine, catalogue, &declared, 1, NULL) == KF_OK) {
            free(machine);
        }
        catalogue_free(catalogue);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 1) {
        try_parts(data + 1, size - 1);
    } else if (size > 0 && data[0] == 2) {
        try_catalogue((const char *)data + 1, size - 1);
    } else {
        try_text((const char *)data, size);
    }
    return 0;
}
