/* Reading the catalogue's files: strict, every complaint with file and line. */
#include "policy/catalogue_int.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct yaml_file {
    const char *name;
    yaml_document_t document;
    struct catalogue *catalogue;
    struct kf_error *err;
};

__attribute__((format(printf, 3, 4))) static enum kf_status
fail_at(struct yaml_file *f, const yaml_node_t *node, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return kf_fail(f->err, KF_ERR_MALFORMED, "%s:%zu: %s", f->name, node->start_mark.line + 1,
                   message);
}

static enum kf_status open_yaml(struct yaml_file *f, struct catalogue *catalogue,
                                const struct catalogue_source *source, struct kf_error *err)
{
    yaml_parser_t parser;
    *f = (struct yaml_file){.name = source->name, .catalogue = catalogue, .err = err};
    if (source->length > CATALOGUE_FILE_MAX) {
        return kf_fail(err, KF_ERR_LIMIT, "%s: larger than %d bytes", source->name,
                       CATALOGUE_FILE_MAX);
    }
    if (yaml_parser_initialize(&parser) == 0) {
        return kf_fail(err, KF_ERR_MEMORY, "no memory to read %s", source->name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->length);
    enum kf_status status = KF_OK;
    if (yaml_parser_load(&parser, &f->document) == 0) {
        status =
            kf_fail(err, KF_ERR_MALFORMED, "%s:%zu: %s", source->name, parser.problem_mark.line + 1,
                    parser.problem != NULL ? parser.problem : "not valid YAML");
    } else if (yaml_document_get_root_node(&f->document) == NULL) {
        status = kf_fail(err, KF_ERR_MALFORMED, "%s:1: the file is empty", source->name);
        yaml_document_delete(&f->document);
    }
    yaml_parser_delete(&parser);
    return status;
}

static yaml_node_t *node_at(struct yaml_file *f, int index)
{
    return yaml_document_get_node(&f->document, index);
}

/* The scalar's text, in the arena. */
static enum kf_status read_text(const char **out, struct yaml_file *f, const yaml_node_t *node,
                                const char *what)
{
    if (node->type != YAML_SCALAR_NODE) {
        return fail_at(f, node, "%s must be a text", what);
    }
    size_t length = node->data.scalar.length;
    char *copy = arena_take(&f->catalogue->arena, length + 1);
    if (copy == NULL) {
        return kf_fail(f->err, KF_ERR_MEMORY, "no memory to read %s", f->name);
    }
    memcpy(copy, node->data.scalar.value, length);
    *out = copy;
    return KF_OK;
}

/* A scalar that may stand in a policy. */
static enum kf_status read_word(const char **out, struct yaml_file *f, const yaml_node_t *node,
                                const char *what)
{
    enum kf_status status = read_text(out, f, node, what);
    if (status == KF_OK && !policy_is_word(*out, node->data.scalar.length)) {
        return fail_at(f, node,
                       "%s `%.64s` cannot stand in a policy: use letters, digits and `_`, at most "
                       "%d, and none of `and`, `or`, `not`",
                       what, *out, POLICY_WORD_MAX);
    }
    return status;
}

/* A list of words; *out has *count entries. */
static enum kf_status read_words(const char *const **out, size_t *count, struct yaml_file *f,
                                 const yaml_node_t *node, const char *what)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return fail_at(f, node, "%s must be a list, such as [A, B]", what);
    }
    const yaml_node_item_t *start = node->data.sequence.items.start;
    size_t n = (size_t)(node->data.sequence.items.top - start);
    if (n > CATALOGUE_VALUES_MAX) {
        return fail_at(f, node, "%s has more than %d entries", what, CATALOGUE_VALUES_MAX);
    }
    const char **words = arena_take(&f->catalogue->arena, (n + 1) * sizeof *words);
    if (words == NULL) {
        return kf_fail(f->err, KF_ERR_MEMORY, "no memory to read %s", f->name);
    }
    for (size_t i = 0; i < n; i++) {
        const yaml_node_t *item = node_at(f, start[i]);
        enum kf_status status = read_word(&words[i], f, item, what);
        if (status != KF_OK) {
            return status;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(words[i], words[j]) == 0) {
                return fail_at(f, item, "%s has `%.64s` twice", what, words[i]);
            }
        }
    }
    *out = words;
    *count = n;
    return KF_OK;
}

struct field {
    const char *key;
    const yaml_node_t *node; /* NULL when absent */
};

/* Sorts a mapping's values into the fields; any other key, or a key twice, is refused. */
static enum kf_status read_fields(struct field *fields, size_t field_count, struct yaml_file *f,
                                  const yaml_node_t *node, const char *what)
{
    if (node->type != YAML_MAPPING_NODE) {
        return fail_at(f, node, "%s must be a mapping of keys to values", what);
    }
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        const char *key = NULL;
        const yaml_node_t *key_node = node_at(f, pair->key);
        enum kf_status status = read_text(&key, f, key_node, "a key");
        if (status != KF_OK) {
            return status;
        }
        size_t i = 0;
        while (i < field_count && strcmp(fields[i].key, key) != 0) {
            i++;
        }
        if (i == field_count) {
            return fail_at(f, key_node, "unknown key `%.64s` in %s", key, what);
        }
        if (fields[i].node != NULL) {
            return fail_at(f, key_node, "key `%.64s` twice in %s", key, what);
        }
        fields[i].node = node_at(f, pair->value);
    }
    return KF_OK;
}

/* The one top-level mapping `key:` of a file, whose entries follow. */
static enum kf_status read_table(const yaml_node_t **out, struct yaml_file *f, const char *key)
{
    const yaml_node_t *root = yaml_document_get_root_node(&f->document);
    struct field fields[] = {{key, NULL}};
    enum kf_status status = read_fields(fields, 1, f, root, "the file");
    if (status != KF_OK) {
        return status;
    }
    if (fields[0].node == NULL || fields[0].node->type != YAML_MAPPING_NODE) {
        return fail_at(f, root, "`%s:` with a mapping is missing", key);
    }
    *out = fields[0].node;
    return KF_OK;
}

static size_t pairs_of(const yaml_node_t *node)
{
    return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

static bool is_country(const struct catalogue *catalogue, const char *code)
{
    for (size_t i = 0; i < catalogue->country_count; i++) {
        if (strcmp(catalogue->countries[i].value, code) == 0) {
            return true;
        }
    }
    return false;
}

static enum kf_status read_region(struct catalogue_value *region, struct yaml_file *f,
                                  const yaml_node_t *node)
{
    struct field fields[] = {{"name", NULL}, {"countries", NULL}, {"metros", NULL}};
    enum kf_status status = read_fields(fields, 3, f, node, "a region");
    if (status == KF_OK && fields[0].node != NULL) {
        status = read_text(&region->names[0], f, fields[0].node, "a name");
    }
    if (status == KF_OK && fields[1].node != NULL) {
        status = read_words(&region->countries, &region->country_count, f, fields[1].node,
                            "`countries`");
    }
    if (status == KF_OK && fields[2].node != NULL) {
        status = read_words(&region->metros, &region->metro_count, f, fields[2].node, "`metros`");
    }
    for (size_t i = 0; status == KF_OK && i < region->country_count; i++) {
        if (!is_country(f->catalogue, region->countries[i])) {
            status = fail_at(f, node_at(f, fields[1].node->data.sequence.items.start[i]),
                             "`%.64s` is no ISO 3166-1 country code", region->countries[i]);
        }
    }
    return status;
}

static enum kf_status read_regions(struct yaml_file *f)
{
    const yaml_node_t *table = NULL;
    enum kf_status status = read_table(&table, f, "regions");
    if (status != KF_OK) {
        return status;
    }
    size_t n = pairs_of(table);
    struct catalogue_value *regions = arena_take(&f->catalogue->arena, (n + 1) * sizeof *regions);
    if (n > CATALOGUE_VALUES_MAX || regions == NULL) {
        return kf_fail(f->err, KF_ERR_LIMIT, "%s: too many regions", f->name);
    }
    for (size_t i = 0; i < n && status == KF_OK; i++) {
        const yaml_node_pair_t *pair = &table->data.mapping.pairs.start[i];
        status = read_word(&regions[i].value, f, node_at(f, pair->key), "region");
        for (size_t j = 0; status == KF_OK && j < i; j++) {
            if (strcmp(regions[i].value, regions[j].value) == 0) {
                status =
                    fail_at(f, node_at(f, pair->key), "region `%.64s` twice", regions[i].value);
            }
        }
        if (status == KF_OK) {
            status = read_region(&regions[i], f, node_at(f, pair->value));
        }
    }
    f->catalogue->regions = regions;
    f->catalogue->region_count = n;
    return status;
}

enum kf_status catalogue_read_regions(struct catalogue *catalogue,
                                      const struct catalogue_source *source, struct kf_error *err)
{
    struct yaml_file f;
    enum kf_status status = open_yaml(&f, catalogue, source, err);
    if (status == KF_OK) {
        status = read_regions(&f);
        yaml_document_delete(&f.document);
    }
    return status;
}

static enum kf_status read_kind(enum catalogue_kind *out, struct yaml_file *f,
                                const yaml_node_t *label, const yaml_node_t *node)
{
    static const char *const kinds[] = {
        [CATALOGUE_OPEN] = "open", [CATALOGUE_CHOICE] = "choice", [CATALOGUE_COUNTRY] = "country",
        [CATALOGUE_SET] = "set",   [CATALOGUE_REGION] = "region",
    };
    const char *kind = NULL;
    if (node == NULL) {
        return fail_at(f, label, "`kind` is missing: open, choice, country, set or region");
    }
    enum kf_status status = read_text(&kind, f, node, "`kind`");
    if (status != KF_OK) {
        return status;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], kind) == 0) {
            *out = (enum catalogue_kind)i;
            return KF_OK;
        }
    }
    return fail_at(f, node, "unknown kind `%.64s`: open, choice, country, set or region", kind);
}

/* The values that the label's own entry lists. */
static enum kf_status read_values(struct catalogue_label *label, struct yaml_file *f,
                                  const yaml_node_t *entry, const yaml_node_t *node)
{
    const char *const *words = NULL;
    size_t count = 0;
    if (node == NULL) {
        return fail_at(f, entry, "`values` is missing: a list, such as [yes, no]");
    }
    enum kf_status status = read_words(&words, &count, f, node, "`values`");
    if (status != KF_OK) {
        return status;
    }
    if (count == 0) {
        return fail_at(f, node, "`values` is empty");
    }
    struct catalogue_value *values = arena_take(&f->catalogue->arena, count * sizeof *values);
    if (values == NULL) {
        return kf_fail(f->err, KF_ERR_MEMORY, "no memory to read %s", f->name);
    }
    for (size_t i = 0; i < count; i++) {
        values[i].value = words[i];
    }
    label->values = values;
    label->value_count = count;
    return KF_OK;
}

static enum kf_status read_default(struct catalogue_label *label, struct yaml_file *f,
                                   const yaml_node_t *node)
{
    if (catalogue_is_set(label) || label->kind == CATALOGUE_COUNTRY) {
        return fail_at(f, node, "a label of this kind has no default");
    }
    enum kf_status status = read_word(&label->default_value, f, node, "`default`");
    if (status == KF_OK && label->kind == CATALOGUE_CHOICE &&
        catalogue_find_value(label, label->default_value) == NULL) {
        return fail_at(f, node, "the default `%.64s` is none of the values", label->default_value);
    }
    return status;
}

static enum kf_status read_label(struct catalogue_label *label, struct yaml_file *f,
                                 const yaml_node_t *node)
{
    struct field fields[] = {
        {"kind", NULL}, {"description", NULL}, {"values", NULL}, {"default", NULL}};
    enum kf_status status = read_fields(fields, 4, f, node, "an attribute");
    label->description = "";
    if (status == KF_OK) {
        status = read_kind(&label->kind, f, node, fields[0].node);
    }
    if (status == KF_OK && fields[1].node != NULL) {
        status = read_text(&label->description, f, fields[1].node, "`description`");
    }
    if (status != KF_OK) {
        return status;
    }
    if (label->kind == CATALOGUE_CHOICE || label->kind == CATALOGUE_SET) {
        status = read_values(label, f, node, fields[2].node);
    } else if (fields[2].node != NULL) {
        return fail_at(f, fields[2].node, "a label of this kind lists no values here");
    } else if (label->kind == CATALOGUE_COUNTRY) {
        label->values = f->catalogue->countries;
        label->value_count = f->catalogue->country_count;
    } else if (label->kind == CATALOGUE_REGION) {
        label->values = f->catalogue->regions;
        label->value_count = f->catalogue->region_count;
    }
    if (status == KF_OK && fields[3].node != NULL) {
        status = read_default(label, f, fields[3].node);
    }
    return status;
}

/* No label may be what a set's value compiles to, and there is one country at most. */
static enum kf_status check_labels(struct yaml_file *f, const yaml_node_t *table)
{
    const struct catalogue *c = f->catalogue;
    size_t countries = 0;
    for (size_t i = 0; i < c->label_count; i++) {
        countries += c->labels[i].kind == CATALOGUE_COUNTRY ? 1 : 0;
        for (size_t v = 0; catalogue_is_set(&c->labels[i]) && v < c->labels[i].value_count; v++) {
            char compiled[CATALOGUE_SET_LABEL_MAX];
            catalogue_set_label(compiled, &c->labels[i], c->labels[i].values[v].value);
            const struct catalogue_label *other = catalogue_find_label(c, compiled);
            if (other != NULL || strlen(compiled) > POLICY_WORD_MAX) {
                return fail_at(f, table, "`%s: %.64s` needs the label `%.128s`, which is %s",
                               c->labels[i].label, c->labels[i].values[v].value, compiled,
                               other != NULL ? "declared as well" : "too long");
            }
        }
    }
    if (countries > 1) {
        return fail_at(f, table, "more than one label of kind country");
    }
    return KF_OK;
}

static enum kf_status read_labels(struct yaml_file *f)
{
    const yaml_node_t *table = NULL;
    struct catalogue *c = f->catalogue;
    enum kf_status status = read_table(&table, f, "attributes");
    if (status == KF_OK && pairs_of(table) > CATALOGUE_LABELS_MAX) {
        status = fail_at(f, table, "more than %d attributes", CATALOGUE_LABELS_MAX);
    }
    for (size_t i = 0; status == KF_OK && i < pairs_of(table); i++) {
        const yaml_node_pair_t *pair = &table->data.mapping.pairs.start[i];
        struct catalogue_label label = {0};
        status = read_word(&label.label, f, node_at(f, pair->key), "label");
        if (status == KF_OK && catalogue_find_label(c, label.label) != NULL) {
            status = fail_at(f, node_at(f, pair->key), "label `%.64s` twice", label.label);
        }
        if (status == KF_OK) {
            status = read_label(&label, f, node_at(f, pair->value));
        }
        if (status == KF_OK) {
            c->labels[c->label_count++] = label;
        }
    }
    return status == KF_OK ? check_labels(f, table) : status;
}

enum kf_status catalogue_read_labels(struct catalogue *catalogue,
                                     const struct catalogue_source *source, struct kf_error *err)
{
    struct yaml_file f;
    enum kf_status status = open_yaml(&f, catalogue, source, err);
    if (status == KF_OK) {
        status = read_labels(&f);
        yaml_document_delete(&f.document);
    }
    return status;
}

static const char *copy_json(struct catalogue *catalogue, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    char *copy = text == NULL ? NULL : arena_take(&catalogue->arena, strlen(text) + 1);
    if (copy != NULL) {
        memcpy(copy, text, strlen(text) + 1);
    }
    return copy;
}

/* Name and aliases: the common name first when there is one, as people write it. */
static void read_country(struct catalogue_value *country, struct catalogue *catalogue,
                         const json_t *entry)
{
    static const char *const keys[] = {"common_name", "name", "official_name", "alpha_3"};
    size_t count = 0;
    country->value = copy_json(catalogue, entry, "alpha_2");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *name = copy_json(catalogue, entry, keys[i]);
        if (name != NULL) {
            country->names[count++] = name;
        }
    }
}

enum kf_status catalogue_read_countries(struct catalogue *catalogue,
                                        const struct catalogue_source *source, struct kf_error *err)
{
    json_error_t problem;
    json_t *root = json_loadb(source->text, source->length, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL) {
        return kf_fail(err, KF_ERR_MALFORMED, "%s:%d: %s", source->name, problem.line,
                       problem.text);
    }
    const json_t *list = json_object_get(root, "3166-1");
    size_t count = json_array_size(list);
    struct catalogue_value *countries =
        arena_take(&catalogue->arena, (count + 1) * sizeof *countries);
    enum kf_status status = KF_OK;
    if (count == 0 || count > CATALOGUE_VALUES_MAX || countries == NULL) {
        status = kf_fail(err, KF_ERR_MALFORMED,
                         "%s: no list \"3166-1\" of countries, as the iso-codes package has it",
                         source->name);
    }
    for (size_t i = 0; status == KF_OK && i < count; i++) {
        read_country(&countries[i], catalogue, json_array_get(list, i));
        const char *code = countries[i].value;
        if (code == NULL || strlen(code) != 2 || !policy_is_word(code, 2)) {
            status = kf_fail(err, KF_ERR_MALFORMED, "%s: entry %zu has no two-letter code",
                             source->name, i + 1);
        }
    }
    json_decref(root);
    catalogue->countries = countries;
    catalogue->country_count = count;
    return status;
}
