/* Requests that wait for their answer on one connection, or across all of them.
 *
 * Allocates the ids that requests bear, finds the request that an answer belongs to, and tells
 * which deadline comes first. An id names a slot and how often that slot was used, so that an
 * answer that comes after its request was given up finds nothing, rather than somebody else's
 * request.
 *
 * Ownership: the caller owns the slots and what `context` points to. No allocation, no clock: time
 * is what the caller says. Threads: none of its own; guard it by the caller's lock. add, take and
 * expire are O(log capacity), find O(1). */
#ifndef KEYFENCE_KEYLESS_PENDING_H
#define KEYFENCE_KEYLESS_PENDING_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { KEYLESS_PENDING_MAX = 1 << 16 };

struct keyless_pending_slot {
    void *context;
    uint64_t deadline_ns;
    uint32_t id;
    uint32_t heap; /* as a place of the heap: the slot that stands there */
    uint32_t at;   /* as a slot in use: its place in the heap; free: the next free slot */
    bool used;
};

struct keyless_pending {
    struct keyless_pending_slot *slots;
    uint32_t capacity;
    uint32_t count;
    uint32_t free_first;
};

/* Requires 1 <= capacity <= KEYLESS_PENDING_MAX. Ensures an empty table. */
void keyless_pending_init(struct keyless_pending *table, struct keyless_pending_slot *slots,
                          uint32_t capacity);

/* Takes a slot and gives its id. KF_ERR_LIMIT when all are in use: refuse the request. */
KF_MUST_USE enum kf_status keyless_pending_add(struct keyless_pending *table, uint32_t *id,
                                               uint64_t deadline_ns, void *context);

/* The context of a waiting request, or NULL when no request with this id waits. */
void *keyless_pending_find(const struct keyless_pending *table, uint32_t id);

/* Releases a request and returns its context, or NULL when no request with this id waits. */
void *keyless_pending_take(struct keyless_pending *table, uint32_t id);

/* Releases the request whose deadline is the earliest and not after now; NULL when there is none.
 */
void *keyless_pending_expire(struct keyless_pending *table, uint64_t now_ns);

/* Releases any request, for when a connection dies; NULL when the table is empty. */
void *keyless_pending_drain(struct keyless_pending *table);

/* True, with the earliest deadline, unless the table is empty. */
bool keyless_pending_deadline(uint64_t *deadline_ns, const struct keyless_pending *table);

#endif
