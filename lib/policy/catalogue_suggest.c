/* What a person probably meant: codes for names of countries, regions written as countries, words
 * with a slip of the finger. */
#include "policy/catalogue_int.h"

#include <string.h>

enum { FOLDED_MAX = 128, LISTED_MAX = 16 };

struct pair {
    const char *from;
    const char *to;
};

/* Codes and names in wide use that ISO 3166-1 does not have. */
static const struct pair country_aliases[] = {
    {"UK", "GB"},        {"EL", "GR"},      {"britain", "GB"},   {"greatbritain", "GB"},
    {"england", "GB"},   {"america", "US"}, {"usa", "US"},       {"emirates", "AE"},
    {"uae", "AE"},       {"holland", "NL"}, {"turkey", "TR"},    {"czechrepublic", "CZ"},
    {"swaziland", "SZ"}, {"burma", "MM"},   {"macedonia", "MK"}, {"ivorycoast", "CI"},
};

static char fold_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters and digits in lower case; the Latin-1 letters of country names without their marks. */
static void fold(char out[static FOLDED_MAX], const char *text)
{
    static const struct pair marks[] = {
        {"\xC3\x85", "a"}, {"\xC3\xA5", "a"}, {"\xC3\xA7", "c"}, {"\xC3\xA9", "e"},
        {"\xC3\xA8", "e"}, {"\xC3\xB4", "o"}, {"\xC3\xBC", "u"},
    };
    size_t n = 0;
    while (*text != '\0' && n + 1 < FOLDED_MAX) {
        size_t step = 1;
        char c = fold_ascii(*text);
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
            if (strncmp(text, marks[i].from, 2) == 0) {
                c = marks[i].to[0];
                step = 2;
            }
        }
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out[n++] = c;
        }
        text += step;
    }
    out[n] = '\0';
}

enum { PREFIX_SCORE = 256, EDIT_SCORE = 1024 };

/* How far a value, by itself or by one of its names, is from what was written: 0 the same, then the
 * beginning of a name (the shorter the name the closer), then edits; SIZE_MAX when it is too far to
 * mean anything. */
static size_t distance(const struct catalogue_value *candidate, const char *folded)
{
    size_t best = SIZE_MAX;
    size_t length = strlen(folded);
    for (size_t i = 0; i <= CATALOGUE_NAMES_MAX; i++) {
        char name[FOLDED_MAX];
        const char *text = i == 0 ? candidate->value : candidate->names[i - 1];
        if (text == NULL) {
            continue;
        }
        fold(name, text);
        size_t edits = policy_edit_distance(name, strlen(name), folded, length);
        size_t score = SIZE_MAX;
        if (strcmp(name, folded) == 0) {
            score = 0;
        } else if (length >= 4 && strncmp(name, folded, length) == 0) {
            score = PREFIX_SCORE + strlen(name);
        } else if (length >= 4 && strlen(name) >= 4 && edits <= length / 4) {
            score = EDIT_SCORE * edits;
        }
        best = score < best ? score : best;
    }
    return best;
}

static const struct catalogue_value *nearest(const struct catalogue_label *label, const char *value)
{
    char folded[FOLDED_MAX];
    const struct catalogue_value *best = NULL;
    size_t least = SIZE_MAX;
    fold(folded, value);
    for (size_t i = 0;
         label->kind == CATALOGUE_COUNTRY && i < sizeof country_aliases / sizeof country_aliases[0];
         i++) {
        char alias[FOLDED_MAX];
        fold(alias, country_aliases[i].from);
        if (strcmp(alias, folded) == 0) {
            return catalogue_find_value(label, country_aliases[i].to);
        }
    }
    for (size_t i = 0; i < label->value_count; i++) {
        size_t d = distance(&label->values[i], folded);
        if (d < least) {
            least = d;
            best = &label->values[i];
        }
    }
    return best;
}

/* Another label that has exactly this value: `country: EU` was meant as `region: EU`. */
static const struct catalogue_label *
owner_of(const struct catalogue *catalogue, const struct catalogue_label *except, const char *value)
{
    for (size_t i = 0; i < catalogue->label_count; i++) {
        if (&catalogue->labels[i] != except &&
            catalogue_find_value(&catalogue->labels[i], value) != NULL) {
            return &catalogue->labels[i];
        }
    }
    return NULL;
}

static void list_values(char out[static CATALOGUE_SUGGESTION_MAX],
                        const struct catalogue_label *label)
{
    size_t n = (size_t)snprintf(out, CATALOGUE_SUGGESTION_MAX, "it is one of ");
    for (size_t i = 0; i < label->value_count && n < CATALOGUE_SUGGESTION_MAX; i++) {
        n += (size_t)snprintf(out + n, CATALOGUE_SUGGESTION_MAX - n, "%s`%s`", i > 0 ? ", " : "",
                              label->values[i].value);
    }
}

void catalogue_suggest_value(char out[static CATALOGUE_SUGGESTION_MAX],
                             const struct catalogue *catalogue, const struct catalogue_label *label,
                             const char *value)
{
    const struct catalogue_label *owner = owner_of(catalogue, label, value);
    const struct catalogue_value *near = nearest(label, value);
    out[0] = '\0';
    if (owner != NULL) {
        (void)snprintf(out, CATALOGUE_SUGGESTION_MAX, "did you mean `%.64s: %.64s`?", owner->label,
                       value);
    } else if (near != NULL) {
        (void)snprintf(out, CATALOGUE_SUGGESTION_MAX, "did you mean `%.64s`%s%.96s%s?", near->value,
                       near->names[0] != NULL ? " (" : "",
                       near->names[0] != NULL ? near->names[0] : "",
                       near->names[0] != NULL ? ")" : "");
    } else if (label->value_count <= LISTED_MAX) {
        list_values(out, label);
    } else if (label->kind == CATALOGUE_COUNTRY) {
        (void)snprintf(out, CATALOGUE_SUGGESTION_MAX, "countries are two-letter codes, as `FR`");
    }
}

/* Whether `label` is what a set's value compiles to: the library's spelling in a customer's text.
 */
static bool suggest_set(char out[static CATALOGUE_SUGGESTION_MAX],
                        const struct catalogue *catalogue, const char *label)
{
    for (size_t i = 0; i < catalogue->label_count; i++) {
        const struct catalogue_label *set = &catalogue->labels[i];
        for (size_t v = 0; catalogue_is_set(set) && v < set->value_count; v++) {
            char compiled[CATALOGUE_SET_LABEL_MAX];
            catalogue_set_label(compiled, set, set->values[v].value);
            if (strcmp(compiled, label) == 0) {
                (void)snprintf(out, CATALOGUE_SUGGESTION_MAX, "did you mean `%.64s: %.64s`?",
                               set->label, set->values[v].value);
                return true;
            }
        }
    }
    return false;
}

void catalogue_suggest_label(char out[static CATALOGUE_SUGGESTION_MAX],
                             const struct catalogue *catalogue, const char *label,
                             const char *value)
{
    const struct catalogue_label *best = NULL;
    size_t least = SIZE_MAX;
    if (suggest_set(out, catalogue, label)) {
        return;
    }
    for (size_t i = 0; i < catalogue->label_count; i++) {
        const char *name = catalogue->labels[i].label;
        size_t d = policy_edit_distance(name, strlen(name), label, strlen(label));
        if (d < least && d <= 1 + strlen(label) / 4) {
            least = d;
            best = &catalogue->labels[i];
        }
    }
    if (best == NULL) {
        best = owner_of(catalogue, NULL, value);
    }
    if (best != NULL) {
        (void)snprintf(out, CATALOGUE_SUGGESTION_MAX, "did you mean `%.64s`?", best->label);
        return;
    }
    size_t n = (size_t)snprintf(out, CATALOGUE_SUGGESTION_MAX, "labels are ");
    for (size_t i = 0; i < catalogue->label_count && n < CATALOGUE_SUGGESTION_MAX; i++) {
        n += (size_t)snprintf(out + n, CATALOGUE_SUGGESTION_MAX - n, "%s`%s`", i > 0 ? ", " : "",
                              catalogue->labels[i].label);
    }
}
