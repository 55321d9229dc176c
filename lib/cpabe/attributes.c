#include "base/secret.h"
#include "objects_int.h"

#include <stdlib.h>
#include <string.h>

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_keyword(const char *text, size_t length)
{
    return (length == 3 && (memcmp(text, "and", 3) == 0 || memcmp(text, "not", 3) == 0)) ||
           (length == 2 && memcmp(text, "or", 2) == 0);
}

bool object_is_word(const char *text, size_t length)
{
    if (length == 0 || length > CPABE_LABEL_MAX || is_keyword(text, length)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_word_char(text[i])) {
            return false;
        }
    }
    return true;
}

struct scanner {
    const char *text;
    size_t at;
    struct cpabe_error *err;
};

static void skip_space(struct scanner *s)
{
    s->at += strspn(s->text + s->at, " \t\r\n");
}

/* A word, as its place and length. */
static enum cpabe_status scan_word(size_t *start, size_t *length, struct scanner *s,
                                   const char *what)
{
    skip_space(s);
    size_t n = 0;
    while (is_word_char(s->text[s->at + n])) {
        n++;
    }
    if (n == 0) {
        return object_fail_at(s->err, s->text, s->at,
                              s->text[s->at] == '\0' ? "%s is missing" : "%s is expected here",
                              what);
    }
    if (n > CPABE_LABEL_MAX) {
        return object_fail_at(s->err, s->text, s->at, "%s has more than %d characters", what,
                              CPABE_LABEL_MAX);
    }
    if (is_keyword(s->text + s->at, n)) {
        return object_fail_at(s->err, s->text, s->at,
                              "\"%.*s\" is a word of the policy language and cannot be %s", (int)n,
                              s->text + s->at, what);
    }
    *start = s->at;
    *length = n;
    s->at += n;
    return CPABE_OK;
}

/* label : value */
static enum cpabe_status scan_pair(struct cpabe_attribute *out, char **strings, struct scanner *s)
{
    size_t label = 0;
    size_t label_length = 0;
    size_t value = 0;
    size_t value_length = 0;
    enum cpabe_status status = scan_word(&label, &label_length, s, "a label");
    if (status != CPABE_OK) {
        return status;
    }
    skip_space(s);
    if (s->text[s->at] != ':') {
        return object_fail_at(s->err, s->text, s->at,
                              "\":\" and a value are expected after \"%.*s\"", (int)label_length,
                              s->text + label);
    }
    s->at++;
    status = scan_word(&value, &value_length, s, "a value");
    if (status != CPABE_OK) {
        return status;
    }
    out->label = *strings;
    memcpy(*strings, s->text + label, label_length);
    *strings += label_length + 1;
    out->value = *strings;
    memcpy(*strings, s->text + value, value_length);
    *strings += value_length + 1;
    return CPABE_OK;
}

static enum cpabe_status scan_all(struct cpabe_attribute *list, size_t *count, size_t room,
                                  char *strings, struct scanner *s)
{
    size_t n = 0;
    while (n < room) {
        skip_space(s);
        size_t place = s->at;
        enum cpabe_status status = scan_pair(&list[n], &strings, s);
        if (status != CPABE_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            if (strcmp(list[i].label, list[n].label) == 0) {
                return object_fail_at(s->err, s->text, place,
                                      "label \"%s\" is given twice; a label has one value",
                                      list[n].label);
            }
        }
        n++;
        skip_space(s);
        if (s->text[s->at] == '\0') {
            *count = n;
            return CPABE_OK;
        }
        if (s->text[s->at] != ',') {
            return object_fail_at(s->err, s->text, s->at, "\",\" is expected between attributes");
        }
        s->at++;
    }
    return object_fail(s->err, CPABE_ERR_LIMIT, "more than %d attributes", CPABE_ATTRIBUTES_MAX);
}

enum cpabe_status cpabe_attributes_parse(struct cpabe_attribute **attributes, size_t *count,
                                         const char *text, struct cpabe_error *err)
{
    struct scanner s = {text, 0, err};
    size_t room = 1;
    skip_space(&s);
    if (text[s.at] == '\0') {
        *attributes = NULL;
        *count = 0;
        return CPABE_OK;
    }
    for (const char *p = text; *p != '\0'; p++) {
        room += *p == ',';
    }
    room = room < CPABE_ATTRIBUTES_MAX ? room : CPABE_ATTRIBUTES_MAX;
    /* the words and their NULs take no more than the text: each is followed by ":", "," or the end
     */
    size_t size = room * sizeof **attributes + strlen(text) + 1;
    struct cpabe_attribute *list = kf_wiping_malloc(size);
    if (list == NULL) {
        return object_fail(err, CPABE_ERR_MEMORY, "out of memory");
    }
    memset(list, 0, size);
    enum cpabe_status status = scan_all(list, count, room, (char *)(list + room), &s);
    if (status != CPABE_OK) {
        kf_wiping_free(list);
        return status;
    }
    *attributes = list;
    return CPABE_OK;
}
