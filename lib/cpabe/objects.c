#include "objects_int.h"

#include "base/secret.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cpabe_status object_status(enum kf_status status)
{
    switch (status) {
    case KF_OK:
        return CPABE_OK;
    case KF_ERR_UNSATISFIED:
        return CPABE_ERR_UNSATISFIED;
    case KF_ERR_LIMIT:
        return CPABE_ERR_LIMIT;
    case KF_ERR_MEMORY:
        return CPABE_ERR_MEMORY;
    case KF_ERR_RANDOM:
    case KF_ERR_INTERNAL: /* a singular matrix was drawn: the source is no random one */
        return CPABE_ERR_RANDOM;
    case KF_ERR_USAGE:
        return CPABE_ERR_USAGE;
    default:
        return CPABE_ERR_MALFORMED;
    }
}

const char *cpabe_status_name(enum cpabe_status status)
{
    switch (status) {
    case CPABE_OK:
        return "ok";
    case CPABE_ERR_USAGE:
        return "usage";
    case CPABE_ERR_MALFORMED:
        return "malformed";
    case CPABE_ERR_UNSATISFIED:
        return "unsatisfied";
    case CPABE_ERR_LIMIT:
        return "limit";
    case CPABE_ERR_MEMORY:
        return "memory";
    case CPABE_ERR_RANDOM:
        return "random";
    }
    return "unknown";
}

void cpabe_free(void *data)
{
    kf_wiping_free(data);
}

void *object_secret_new(size_t size)
{
    enum {
        ALIGNMENT = 64
    }; /* guarded memory ends at a page, so its start is as aligned as its size */
    if (kf_secret_init() != KF_OK) {
        return NULL;
    }
    return kf_secret_new((size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

struct cpabe_public_key *object_public_key_new(void)
{
    struct cpabe_public_key *key = calloc(1, sizeof *key);
    if (key != NULL) {
        key->p.tables = &key->tables;
        key->p.cache = &key->cache;
    }
    return key;
}

void cpabe_public_key_free(struct cpabe_public_key *key)
{
    if (key != NULL) {
        tkn_lazy_clear(&key->tables, &tkn_public_tables);
        tkn_lazy_clear(&key->cache, &tkn_cache_kind);
        free(key);
    }
}

struct cpabe_secret_key *object_secret_key_new(void)
{
    struct cpabe_secret_key *key = object_secret_new(sizeof *key);
    if (key != NULL) {
        key->cache = &key->kept;
    }
    return key;
}

void cpabe_secret_key_free(struct cpabe_secret_key *key)
{
    if (key != NULL) {
        tkn_lazy_clear(&key->kept, &tkn_cache_kind);
        kf_secret_free(key);
    }
}

void cpabe_attribute_key_free(struct cpabe_attribute_key *key)
{
    if (key != NULL) {
        tkn_lazy_clear(&key->lines, &tkn_key_lines);
        tkn_multiples_clear(&key->k);
        kf_secret_free(key);
    }
}

struct cpabe_attribute_key *object_key_new(size_t count, size_t label_bytes)
{
    size_t labels = label_bytes + count;
    size_t columns = 2 * count;
    struct cpabe_attribute_key *key =
        object_secret_new(sizeof *key + count * sizeof *key->k.attributes +
                          columns * sizeof *key->multiples.column + labels);
    if (key != NULL) {
        key->k.lines = &key->lines;
        key->k.multiples = &key->multiples;
        key->k.count = count;
        key->k.attributes = (struct tkn_attribute *)(void *)(key + 1);
        key->multiples.column = (struct tkn_lazy *)(void *)(key->k.attributes + count);
        key->labels = (char *)(key->multiples.column + columns);
        key->labels_left = labels;
    }
    return key;
}

void object_key_set_label(struct cpabe_attribute_key *key, struct tkn_attribute *attribute,
                          const char *label, size_t length)
{
    assert(length < key->labels_left);
    if (length > 0) {
        memcpy(key->labels, label, length);
    }
    key->labels[length] = '\0';
    attribute->label = key->labels;
    attribute->label_length = length;
    key->labels += length + 1;
    key->labels_left -= length + 1;
}

static int by_label(const void *a, const void *b)
{
    const struct tkn_attribute *x = a;
    const struct tkn_attribute *y = b;
    size_t shared = x->label_length < y->label_length ? x->label_length : y->label_length;
    int order = memcmp(x->label, y->label, shared);
    if (order != 0) {
        return order;
    }
    return (x->label_length > y->label_length) - (x->label_length < y->label_length);
}

enum kf_status object_key_sort(struct cpabe_attribute_key *key)
{
    struct tkn_key *k = &key->k;
    qsort(k->attributes, k->count, sizeof *k->attributes, by_label);
    for (size_t i = 1; i < k->count; i++) {
        if (by_label(&k->attributes[i - 1], &k->attributes[i]) == 0) {
            return KF_ERR_MALFORMED;
        }
    }
    const struct tkn_attribute *own = tkn_key_find(k, CCA_LABEL, sizeof CCA_LABEL - 1);
    if (own == NULL || !own->wildcard) {
        return KF_ERR_MALFORMED;
    }
    k->transform = own;
    return KF_OK;
}

size_t cpabe_attribute_key_count(const struct cpabe_attribute_key *key)
{
    return key->k.count - 1;
}

struct cpabe_key_attribute cpabe_attribute_key_get(const struct cpabe_attribute_key *key,
                                                   size_t index)
{
    assert(index < cpabe_attribute_key_count(key));
    const struct tkn_attribute *a = &key->k.attributes[index];
    a += a >= key->k.transform;
    struct cpabe_key_attribute out = {a->label, a->label_length, a->wildcard, {0}};
    bls_fr_encode(out.value_hash, &a->value);
    return out;
}

static enum kf_status fill_from_caller(void *context, uint8_t *out, size_t length)
{
    const struct cpabe_random *random = context;
    return random->fill(random->context, out, length) == 0 ? KF_OK : KF_ERR_RANDOM;
}

struct kf_random object_random(const struct cpabe_random *random)
{
    if (random == NULL) {
        return kf_random_system();
    }
    return (struct kf_random){fill_from_caller, (void *)(uintptr_t)random};
}

static void write_message(struct cpabe_error *err, enum cpabe_status status, const char *format,
                          va_list arguments) __attribute__((format(printf, 3, 0)));

static void write_message(struct cpabe_error *err, enum cpabe_status status, const char *format,
                          va_list arguments)
{
    memset(err, 0, sizeof *err);
    err->status = status;
    (void)vsnprintf(err->message, sizeof err->message, format, arguments);
}

enum cpabe_status object_fail(struct cpabe_error *err, enum cpabe_status status, const char *format,
                              ...)
{
    if (err != NULL) {
        va_list arguments;
        va_start(arguments, format);
        write_message(err, status, format, arguments);
        va_end(arguments);
    }
    return status;
}

/* The line of text that holds offset, cut to what fits around it, and a caret under the place. */
static void write_excerpt(struct cpabe_error *err, const char *text, size_t offset)
{
    enum { WIDTH = 100 };
    size_t start = offset;
    while (start > 0 && text[start - 1] != '\n') {
        start--;
    }
    err->line = 1;
    for (size_t i = 0; i < start; i++) {
        err->line += text[i] == '\n';
    }
    err->column = (unsigned)(offset - start) + 1;
    if (offset - start > WIDTH / 2) {
        start = offset - WIDTH / 2;
    }
    size_t length = strcspn(text + start, "\n");
    length = length < WIDTH ? length : WIDTH;
    char line[WIDTH + 1];
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[start + i];
        line[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    line[length] = '\0';
    (void)snprintf(err->excerpt, sizeof err->excerpt, "  %s\n  %*s^", line, (int)(offset - start),
                   "");
}

enum cpabe_status object_fail_at(struct cpabe_error *err, const char *text, size_t offset,
                                 const char *format, ...)
{
    if (err != NULL) {
        va_list arguments;
        va_start(arguments, format);
        write_message(err, CPABE_ERR_USAGE, format, arguments);
        va_end(arguments);
        write_excerpt(err, text, offset);
    }
    return CPABE_ERR_USAGE;
}
