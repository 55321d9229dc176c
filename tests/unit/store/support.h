/* A directory that is made for a test and removed after it, and short ways to write and read. */
#ifndef TESTS_UNIT_STORE_SUPPORT_H
#define TESTS_UNIT_STORE_SUPPORT_H

#include "store/store_lmdb.h"

struct place {
    char directory[64];
    char path[80]; /* the store, inside it */
};

void place_make(struct place *place);
void place_remove(const struct place *place);
struct store *place_open(const struct place *place, enum store_role role);

/* One put in a transaction of its own; returns its revision. */
uint64_t put_one(struct store *store, const char *key, const char *value);
enum kf_status put_expecting(struct store *store, const char *key, const char *value,
                             uint64_t expected);
void delete_one(struct store *store, const char *key);
/* The value under key in out ("" and KF_ERR_NOT_FOUND when there is none). */
enum kf_status get_one(char *out, size_t capacity, struct store *store, const char *key);
/* "key=value@revision key!@revision" of the changes after `after`; '!' marks a tombstone. */
void changes_text(char *out, size_t capacity, struct store *store, uint64_t after);
/* "key=value key=value" of a scan. */
void scan_text(char *out, size_t capacity, struct store *store, const char *prefix);

#endif
