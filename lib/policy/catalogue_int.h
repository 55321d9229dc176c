/* What the files of the catalogue share. */
#ifndef KEYFENCE_POLICY_CATALOGUE_INT_H
#define KEYFENCE_POLICY_CATALOGUE_INT_H

#include "policy/arena_int.h"
#include "policy/catalogue.h"
#include "policy/policy_int.h"

struct catalogue {
    struct arena arena; /* holds everything below */
    struct catalogue_label labels[CATALOGUE_LABELS_MAX];
    size_t label_count;
    struct catalogue_value *countries;
    size_t country_count;
    struct catalogue_value *regions;
    size_t region_count;
};

const struct catalogue_label *catalogue_find_label(const struct catalogue *catalogue,
                                                   const char *label);
/* The declared value, or NULL (always for open labels). */
const struct catalogue_value *catalogue_find_value(const struct catalogue_label *label,
                                                   const char *value);

bool catalogue_is_set(const struct catalogue_label *label);

/* The label that a set's value compiles to: label_value. */
enum { CATALOGUE_SET_LABEL_MAX = 2 * POLICY_WORD_MAX + 2 };
void catalogue_set_label(char out[static CATALOGUE_SET_LABEL_MAX],
                         const struct catalogue_label *label, const char *value);

/* What was probably meant by a label or value that is not declared; suggestion "" when unclear. */
enum { CATALOGUE_SUGGESTION_MAX = POLICY_ERROR_TEXT_MAX };
void catalogue_suggest_label(char out[static CATALOGUE_SUGGESTION_MAX],
                             const struct catalogue *catalogue, const char *label,
                             const char *value);
void catalogue_suggest_value(char out[static CATALOGUE_SUGGESTION_MAX],
                             const struct catalogue *catalogue, const struct catalogue_label *label,
                             const char *value);

/* catalogue_parse.c: the regions' and countries' tables, and the labels over them. */
enum kf_status catalogue_read_countries(struct catalogue *catalogue,
                                        const struct catalogue_source *source,
                                        struct kf_error *err);
enum kf_status catalogue_read_regions(struct catalogue *catalogue,
                                      const struct catalogue_source *source, struct kf_error *err);
enum kf_status catalogue_read_labels(struct catalogue *catalogue,
                                     const struct catalogue_source *source, struct kf_error *err);

#endif
