/* The attribute catalogue: which labels policies may use, with which values, and what they compile
 * to. The customer's language has labels with several values (France is in EU, EEA and WEUR); the
 * library's has one value a label. So for a label that is a set, `region: EU` compiles to the leaf
 * `region_EU: yes`, and every machine carries `region_X: yes` or `region_X: no` for each declared
 * X.
 *
 * A label with exactly two possible values (every `region_X`, and a choice of two such as `fips`)
 * is compiled to leaves over its first value alone: `fips: no` is `not fips: yes`. So both
 * spellings are one policy, and checks know that there is no third value. catalogue_sealing_policy
 * turns such leaves back into positive ones, which are smaller and faster to open.
 *
 * Declared in attributes.yaml and regions.yaml (formats: keyfence-policy(7)); countries are those
 * of the iso-codes package. Machines never state their own attributes: the registry gives what was
 * declared about them to catalogue_machine_attributes.
 *
 * Ownership: a catalogue is immutable and owns all it hands out a pointer to; share it freely
 * between threads. Not constant-time: nothing here is secret. Only catalogue_load touches files. */
#ifndef KEYFENCE_POLICY_CATALOGUE_H
#define KEYFENCE_POLICY_CATALOGUE_H

#include "policy/policy.h"

#define CATALOGUE_COUNTRIES_PATH "/usr/share/iso-codes/json/iso_3166-1.json"

enum {
    CATALOGUE_LABELS_MAX = 64,
    CATALOGUE_VALUES_MAX = 1024, /* of one label */
    CATALOGUE_NAMES_MAX = 4,
    CATALOGUE_FILE_MAX = 4 << 20, /* bytes */
};

enum catalogue_kind {
    CATALOGUE_OPEN,    /* one value, any word */
    CATALOGUE_CHOICE,  /* one of the declared values */
    CATALOGUE_COUNTRY, /* one ISO 3166-1 alpha-2 code */
    CATALOGUE_SET,     /* any number of the declared values */
    CATALOGUE_REGION,  /* a set that follows from country and metro, and to which more may be added
                        */
};

struct catalogue_value {
    const char *value;
    const char *names[CATALOGUE_NAMES_MAX]; /* for people, the first to show; unused ones NULL */
    const char *const *countries;           /* of a region: codes of the countries in it */
    size_t country_count;
    const char *const *metros; /* of a region: values of `metro` in it */
    size_t metro_count;
};

struct catalogue_label {
    const char *label;
    const char *description; /* "" when none was given */
    enum catalogue_kind kind;
    const struct catalogue_value *values; /* as declared */
    size_t value_count;
    const char *default_value; /* of machines about which nothing else is declared; NULL for none */
};

struct catalogue;

/* One file's content; the name is for messages. */
struct catalogue_source {
    const char *name;
    const char *text;
    size_t length;
};

/* KF_ERR_MALFORMED with file, line and what is wrong; KF_ERR_LIMIT; KF_ERR_MEMORY. */
KF_MUST_USE enum kf_status catalogue_parse(struct catalogue **out,
                                           const struct catalogue_source *attributes,
                                           const struct catalogue_source *regions,
                                           const struct catalogue_source *countries,
                                           struct kf_error *err);

/* Reads the three files; countries_path may be NULL for CATALOGUE_COUNTRIES_PATH. KF_ERR_IO, or as
 * catalogue_parse. */
KF_MUST_USE enum kf_status catalogue_load(struct catalogue **out, const char *attributes_path,
                                          const char *regions_path, const char *countries_path,
                                          struct kf_error *err);

void catalogue_free(struct catalogue *catalogue); /* NULL is ignored */

/* The declared labels, as declared. */
const struct catalogue_label *catalogue_labels(size_t *count, const struct catalogue *catalogue);

/* Parses and checks what a customer wrote and compiles it. Refuses, with line, column, caret and a
 * suggestion in the customer's own words: KF_ERR_MALFORMED and KF_ERR_LIMIT as policy_parse;
 * KF_ERR_USAGE for an unknown label or value and for a policy (or a part of one) that nothing, or
 * everything, satisfies. problem and err may be NULL; KF_ERR_MEMORY leaves problem alone. Leaf i of
 * *out is leaf i of what was written, and has its position. */
KF_MUST_USE enum kf_status catalogue_compile(struct policy **out, const struct catalogue *catalogue,
                                             const char *text, size_t length,
                                             struct policy_error *problem, struct kf_error *err);

/* The policy to encrypt under, from a compiled one: simplified (policy_simplify), with positive
 * leaves for labels of two values. Satisfied by the same machines. KF_ERR_UNSATISFIED,
 * KF_ERR_MEMORY. */
KF_MUST_USE enum kf_status catalogue_sealing_policy(struct policy **out,
                                                    const struct catalogue *catalogue,
                                                    const struct policy *compiled);

/* A compiled or sealing policy in the customer's language, for people; same shape. */
KF_MUST_USE enum kf_status catalogue_display(char **out, const struct catalogue *catalogue,
                                             const struct policy *compiled);

struct catalogue_attributes {
    size_t count;
    const struct policy_attribute *items; /* sorted by label, no label twice */
};

/* All attributes of a machine, from what was declared about it in the customer's language (country,
 * datacenter, further regions, ...). A set's label may be given several times. Regions follow from
 * country and metro; defaults fill in. KF_ERR_USAGE for an unknown label or value (with a
 * suggestion), two values for a label that has one, or a missing country. *out is one heap block
 * for free(). */
KF_MUST_USE enum kf_status catalogue_machine_attributes(struct catalogue_attributes **out,
                                                        const struct catalogue *catalogue,
                                                        const struct policy_attribute *declared,
                                                        size_t declared_count,
                                                        struct kf_error *err);

#endif
