/* The full attributes of a machine, from what was declared about it. */
#include "policy/catalogue_int.h"

#include <stdlib.h>
#include <string.h>

struct machine {
    const struct catalogue *catalogue;
    const struct policy_attribute *declared;
    size_t declared_count;
    struct policy_attribute *items; /* in the arena */
    size_t count;
    struct arena arena;
};

static bool is_declared(const struct machine *m, const char *label, const char *value)
{
    for (size_t i = 0; i < m->declared_count; i++) {
        if (strcmp(m->declared[i].label, label) == 0 &&
            (value == NULL || strcmp(m->declared[i].value, value) == 0)) {
            return true;
        }
    }
    return false;
}

static enum kf_status check_declared(const struct machine *m, const struct policy_attribute *given,
                                     struct kf_error *err)
{
    char suggestion[CATALOGUE_SUGGESTION_MAX];
    const struct catalogue_label *label = catalogue_find_label(m->catalogue, given->label);
    if (label == NULL) {
        catalogue_suggest_label(suggestion, m->catalogue, given->label, given->value);
        return kf_fail(err, KF_ERR_USAGE, "unknown label `%.64s`; %s", given->label, suggestion);
    }
    bool valid = label->kind == CATALOGUE_OPEN ? policy_is_word(given->value, strlen(given->value))
                                               : catalogue_find_value(label, given->value) != NULL;
    if (!valid && label->kind == CATALOGUE_OPEN) {
        return kf_fail(err, KF_ERR_USAGE,
                       "`%.64s` cannot be a value of `%s`: use letters, digits and `_`",
                       given->value, label->label);
    }
    if (!valid) {
        catalogue_suggest_value(suggestion, m->catalogue, label, given->value);
        return kf_fail(err, KF_ERR_USAGE, "`%.64s` is no value of `%s`%s%s", given->value,
                       label->label, suggestion[0] != '\0' ? "; " : "", suggestion);
    }
    for (size_t i = 0; !catalogue_is_set(label) && i < m->declared_count; i++) {
        if (strcmp(m->declared[i].label, given->label) == 0 &&
            strcmp(m->declared[i].value, given->value) != 0) {
            return kf_fail(err, KF_ERR_USAGE, "`%s` has one value, given are `%.64s` and `%.64s`",
                           label->label, m->declared[i].value, given->value);
        }
    }
    return KF_OK;
}

static bool among(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (strcmp(list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* The value declared for the first label of this kind, or for the label of this name. */
static const char *declared_value(const struct machine *m, enum catalogue_kind kind,
                                  const char *name)
{
    for (size_t i = 0; i < m->declared_count; i++) {
        const struct catalogue_label *label =
            catalogue_find_label(m->catalogue, m->declared[i].label);
        if (label != NULL && label->kind == kind &&
            (name == NULL || strcmp(label->label, name) == 0)) {
            return m->declared[i].value;
        }
    }
    return NULL;
}

static bool is_member(const struct machine *m, const struct catalogue_label *set,
                      const struct catalogue_value *value)
{
    if (is_declared(m, set->label, value->value)) {
        return true;
    }
    if (set->kind != CATALOGUE_REGION) {
        return false;
    }
    return among(value->countries, value->country_count,
                 declared_value(m, CATALOGUE_COUNTRY, NULL)) ||
           among(value->metros, value->metro_count, declared_value(m, CATALOGUE_OPEN, "metro"));
}

static void add_set(struct machine *m, const struct catalogue_label *set)
{
    for (size_t v = 0; v < set->value_count; v++) {
        char *label = arena_take(&m->arena, CATALOGUE_SET_LABEL_MAX);
        if (label == NULL) {
            return;
        }
        catalogue_set_label(label, set, set->values[v].value);
        m->items[m->count++] =
            (struct policy_attribute){label, is_member(m, set, &set->values[v]) ? "yes" : "no"};
    }
}

static void add_single(struct machine *m, const struct catalogue_label *label)
{
    const char *value = label->default_value;
    for (size_t i = 0; i < m->declared_count; i++) {
        if (strcmp(m->declared[i].label, label->label) == 0) {
            value = m->declared[i].value;
        }
    }
    if (value != NULL) {
        m->items[m->count++] = (struct policy_attribute){label->label, value};
    }
}

static int compare_attributes(const void *a, const void *b)
{
    const struct policy_attribute *x = a;
    const struct policy_attribute *y = b;
    return strcmp(x->label, y->label);
}

/* One block: the struct, the items, the words. */
static enum kf_status pack(struct catalogue_attributes **out, const struct machine *m)
{
    size_t words = 0;
    for (size_t i = 0; i < m->count; i++) {
        words += strlen(m->items[i].label) + strlen(m->items[i].value) + 2;
    }
    struct catalogue_attributes *packed =
        malloc(sizeof *packed + m->count * sizeof *m->items + words);
    if (packed == NULL) {
        return KF_ERR_MEMORY;
    }
    struct policy_attribute *items = (struct policy_attribute *)(void *)(packed + 1);
    char *at = (char *)(items + m->count);
    for (size_t i = 0; i < m->count; i++) {
        items[i].label = strcpy(at, m->items[i].label);
        at += strlen(at) + 1;
        items[i].value = strcpy(at, m->items[i].value);
        at += strlen(at) + 1;
    }
    *packed = (struct catalogue_attributes){m->count, items};
    *out = packed;
    return KF_OK;
}

static enum kf_status complete(struct catalogue_attributes **out, struct machine *m)
{
    const struct catalogue *c = m->catalogue;
    size_t capacity = 1;
    for (size_t i = 0; i < c->label_count; i++) {
        capacity += catalogue_is_set(&c->labels[i]) ? c->labels[i].value_count : 1;
    }
    m->items = arena_take(&m->arena, capacity * sizeof *m->items);
    for (size_t i = 0; m->items != NULL && i < c->label_count; i++) {
        if (catalogue_is_set(&c->labels[i])) {
            add_set(m, &c->labels[i]);
        } else {
            add_single(m, &c->labels[i]);
        }
    }
    if (m->arena.failed) {
        return KF_ERR_MEMORY;
    }
    qsort(m->items, m->count, sizeof *m->items, compare_attributes);
    return pack(out, m);
}

enum kf_status catalogue_machine_attributes(struct catalogue_attributes **out,
                                            const struct catalogue *catalogue,
                                            const struct policy_attribute *declared,
                                            size_t declared_count, struct kf_error *err)
{
    struct machine m = {
        .catalogue = catalogue, .declared = declared, .declared_count = declared_count};
    for (size_t i = 0; i < declared_count; i++) {
        enum kf_status status = check_declared(&m, &declared[i], err);
        if (status != KF_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < catalogue->label_count; i++) {
        const struct catalogue_label *label = &catalogue->labels[i];
        if (label->kind == CATALOGUE_COUNTRY && !is_declared(&m, label->label, NULL)) {
            return kf_fail(err, KF_ERR_USAGE, "`%s` is missing, for example `%s: FR`", label->label,
                           label->label);
        }
    }
    enum kf_status status = complete(out, &m);
    arena_clear(&m.arena);
    if (status != KF_OK) {
        return kf_fail(err, status, "no memory for a machine's attributes");
    }
    return KF_OK;
}
