#include "policy/arena_int.h"

#include <stdlib.h>

enum { ARENA_BLOCK = 1 << 16 };

struct arena_block {
    struct arena_block *before;
    size_t used;
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

void arena_clear(struct arena *arena)
{
    while (arena->last != NULL) {
        struct arena_block *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}

void *arena_take(struct arena *arena, size_t size)
{
    size = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    struct arena_block *block = arena->last;
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
        block = calloc(1, sizeof *block + room);
        if (block == NULL) {
            arena->failed = true;
            return NULL;
        }
        block->before = arena->last;
        block->size = room;
        arena->last = block;
    }
    void *taken = block->bytes + block->used;
    block->used += size;
    return taken;
}
