#include "keyless/pending.h"

#include <assert.h>
#include <stddef.h>

/* An id is (how often the slot was used) * KEYLESS_PENDING_MAX + the slot's index. */

void keyless_pending_init(struct keyless_pending *table, struct keyless_pending_slot *slots,
                          uint32_t capacity)
{
    assert(capacity >= 1 && capacity <= KEYLESS_PENDING_MAX);
    for (uint32_t i = 0; i < capacity; i++) {
        slots[i] = (struct keyless_pending_slot){.id = i, .at = i + 1};
    }
    *table = (struct keyless_pending){.slots = slots, .capacity = capacity};
}

static uint64_t deadline_at(const struct keyless_pending *t, uint32_t place)
{
    return t->slots[t->slots[place].heap].deadline_ns;
}

static void put_at(struct keyless_pending *t, uint32_t place, uint32_t slot)
{
    t->slots[place].heap = slot;
    t->slots[slot].at = place;
}

static void swap_places(struct keyless_pending *t, uint32_t a, uint32_t b)
{
    uint32_t slot = t->slots[a].heap;
    put_at(t, a, t->slots[b].heap);
    put_at(t, b, slot);
}

static void sift_up(struct keyless_pending *t, uint32_t place)
{
    while (place > 0 && deadline_at(t, place) < deadline_at(t, (place - 1) / 2)) {
        swap_places(t, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
}

static void sift_down(struct keyless_pending *t, uint32_t place)
{
    for (;;) {
        uint32_t least = place;
        for (uint32_t child = 2 * place + 1; child <= 2 * place + 2 && child < t->count; child++) {
            if (deadline_at(t, child) < deadline_at(t, least)) {
                least = child;
            }
        }
        if (least == place) {
            return;
        }
        swap_places(t, place, least);
        place = least;
    }
}

enum kf_status keyless_pending_add(struct keyless_pending *table, uint32_t *id,
                                   uint64_t deadline_ns, void *context)
{
    assert(context != NULL);
    if (table->count == table->capacity) {
        return KF_ERR_LIMIT;
    }
    uint32_t index = table->free_first;
    struct keyless_pending_slot *slot = &table->slots[index];
    table->free_first = slot->at;
    slot->used = true;
    slot->context = context;
    slot->deadline_ns = deadline_ns;
    put_at(table, table->count, index);
    table->count++;
    sift_up(table, table->count - 1);
    *id = slot->id;
    return KF_OK;
}

static struct keyless_pending_slot *slot_of(const struct keyless_pending *t, uint32_t id)
{
    uint32_t index = id % KEYLESS_PENDING_MAX;
    if (index >= t->capacity || !t->slots[index].used || t->slots[index].id != id) {
        return NULL;
    }
    return &t->slots[index];
}

static void *release(struct keyless_pending *t, struct keyless_pending_slot *slot)
{
    uint32_t index = (uint32_t)(slot - t->slots);
    uint32_t place = slot->at;
    t->count--;
    if (place != t->count) {
        put_at(t, place, t->slots[t->count].heap);
        sift_up(t, place);
        sift_down(t, place);
    }
    void *context = slot->context;
    slot->used = false;
    slot->context = NULL;
    slot->id += KEYLESS_PENDING_MAX;
    slot->at = t->free_first;
    t->free_first = index;
    return context;
}

void *keyless_pending_find(const struct keyless_pending *table, uint32_t id)
{
    const struct keyless_pending_slot *slot = slot_of(table, id);
    return slot == NULL ? NULL : slot->context;
}

void *keyless_pending_take(struct keyless_pending *table, uint32_t id)
{
    struct keyless_pending_slot *slot = slot_of(table, id);
    return slot == NULL ? NULL : release(table, slot);
}

void *keyless_pending_expire(struct keyless_pending *table, uint64_t now_ns)
{
    if (table->count == 0 || deadline_at(table, 0) > now_ns) {
        return NULL;
    }
    return release(table, &table->slots[table->slots[0].heap]);
}

void *keyless_pending_drain(struct keyless_pending *table)
{
    return keyless_pending_expire(table, UINT64_MAX);
}

bool keyless_pending_deadline(uint64_t *deadline_ns, const struct keyless_pending *table)
{
    if (table->count == 0) {
        return false;
    }
    *deadline_ns = deadline_at(table, 0);
    return true;
}
