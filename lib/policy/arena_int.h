/* Memory taken piece by piece and given back at once. Not for secrets. One thread at a time. */
#ifndef KEYFENCE_POLICY_ARENA_INT_H
#define KEYFENCE_POLICY_ARENA_INT_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *last;
    bool failed; /* out of memory: every result since is NULL */
};

void arena_clear(struct arena *arena);
/* Zeroed memory, or NULL (and failed is set). */
void *arena_take(struct arena *arena, size_t size);

#endif
