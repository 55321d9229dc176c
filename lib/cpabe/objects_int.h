/* The objects behind cpabe.h's opaque types, and small things that its functions share. */
#ifndef CPABE_OBJECTS_INT_H
#define CPABE_OBJECTS_INT_H

#include "cca_int.h"
#include "cpabe.h"
#include "matrices_int.h"
#include "multiples_int.h"

struct cpabe_public_key {
    struct tkn_public p;
    struct tkn_lazy tables;
    struct tkn_lazy cache;
};

struct cpabe_secret_key {
    struct tkn_secret s;
    struct tkn_lazy *cache; /* the next member, which also users of a constant key change */
    struct tkn_lazy kept;
};

/* One block of locked memory: the struct, the attributes, what is kept of them, the labels' bytes.
 * attributes holds the transform's own wildcard among the others. */
struct cpabe_attribute_key {
    struct tkn_key k;
    struct tkn_lazy lines;
    struct tkn_multiples multiples;
    char *labels;
    size_t labels_left;
};

struct cpabe_policy {
    struct policy *p;
};

enum cpabe_status object_status(enum kf_status status);

/* Guarded memory for a secret object, of a size that keeps it aligned; NULL when there is none. */
void *object_secret_new(size_t size);

/* NULL when there is no memory. */
struct cpabe_public_key *object_public_key_new(void);
struct cpabe_secret_key *object_secret_key_new(void);

/* A key with room for count attributes and label_bytes of labels (their NULs not counted). */
struct cpabe_attribute_key *object_key_new(size_t count, size_t label_bytes);
/* Copies a label into the key's block. Requires that it was counted for. */
void object_key_set_label(struct cpabe_attribute_key *key, struct tkn_attribute *attribute,
                          const char *label, size_t length);
/* Sorts by label. KF_ERR_MALFORMED when a label is there twice, or the transform's wildcard is
 * missing or not a wildcard. */
KF_MUST_USE enum kf_status object_key_sort(struct cpabe_attribute_key *key);

/* The library's random source for the internals. Borrows `random` when it is not NULL. */
struct kf_random object_random(const struct cpabe_random *random);

/* A word of the policy language, that is one a policy can name. */
bool object_is_word(const char *text, size_t length);

/* Writes err (when not NULL) and returns status. */
enum cpabe_status object_fail(struct cpabe_error *err, enum cpabe_status status, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));
/* The same for a place in a text, with line, column and caret. */
enum cpabe_status object_fail_at(struct cpabe_error *err, const char *text, size_t offset,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
