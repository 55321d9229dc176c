#include "route/directory_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, then a finaliser so that every bit counts (that of MurmurHash3). */
uint64_t route_hash_id(const char *id, uint64_t seed)
{
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (; *id != '\0'; id++)
        h = (h ^ (uint8_t)*id) * 0x100000001b3u;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    return h ^ h >> 33;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t route_next_random(struct route_directory *d)
{
    uint64_t z = d->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const char *id_of(const struct route_directory *d, const struct route_index *index,
                         uint32_t n)
{
    return index == &d->machine_index ? d->machines[n].id : d->datacenters[n].id;
}

static uint32_t index_slot(const struct route_directory *d, const struct route_index *index,
                           const char *id)
{
    uint32_t at = (uint32_t)route_hash_id(id, 0) & (index->size - 1);
    while (index->slots[at] != 0 && strcmp(id_of(d, index, index->slots[at] - 1), id) != 0)
        at = (at + 1) & (index->size - 1);
    return at;
}

static bool index_find(uint32_t *out, const struct route_directory *d,
                       const struct route_index *index, const char *id)
{
    if (index->size == 0)
        return false;
    uint32_t slot = index->slots[index_slot(d, index, id)];
    if (slot != 0)
        *out = slot - 1;
    return slot != 0;
}

/* Makes room for `count + 1` entries. */
static enum kf_status index_grow(const struct route_directory *d, struct route_index *index,
                                 uint32_t count)
{
    if (index->size > (count + 1) * 2)
        return KF_OK;
    struct route_index larger = {.size = index->size == 0 ? 64 : index->size * 2};
    larger.slots = calloc(larger.size, sizeof larger.slots[0]);
    if (larger.slots == NULL)
        return KF_ERR_MEMORY;
    for (uint32_t i = 0; i < index->size; i++) {
        if (index->slots[i] == 0)
            continue;
        uint32_t at = (uint32_t)route_hash_id(id_of(d, index, index->slots[i] - 1), 0);
        for (at &= larger.size - 1; larger.slots[at] != 0;)
            at = (at + 1) & (larger.size - 1);
        larger.slots[at] = index->slots[i];
    }
    free(index->slots);
    *index = larger;
    return KF_OK;
}

static bool good_id(const char *id)
{
    size_t length = strnlen(id, ROUTE_ID_MAX + 1);
    return length != 0 && length <= ROUTE_ID_MAX;
}

static void *grow(void *array, uint32_t count, uint32_t *room, uint32_t max, size_t size)
{
    if (count < *room)
        return array;
    uint32_t wanted = *room == 0 ? 16 : *room * 2;
    if (wanted > max)
        wanted = max;
    void *larger = realloc(array, wanted * size);
    if (larger != NULL)
        *room = wanted;
    return larger;
}

/* The number of the data centre with this id, made absent when it is new. */
static enum kf_status intern_datacenter(uint32_t *out, struct route_directory *d, const char *id)
{
    if (!good_id(id))
        return KF_ERR_MALFORMED;
    if (index_find(out, d, &d->datacenter_index, id))
        return KF_OK;
    if (d->datacenter_count == ROUTE_DATACENTERS_MAX)
        return KF_ERR_LIMIT;
    enum kf_status status = index_grow(d, &d->datacenter_index, d->datacenter_count);
    if (status != KF_OK)
        return status;
    void *array = grow(d->datacenters, d->datacenter_count, &d->datacenter_room,
                       ROUTE_DATACENTERS_MAX, sizeof d->datacenters[0]);
    if (array == NULL)
        return KF_ERR_MEMORY;
    d->datacenters = array;
    uint32_t n = d->datacenter_count;
    struct route_datacenter *dc = &d->datacenters[n];
    memset(dc, 0, sizeof *dc);
    memcpy(dc->id, id, strlen(id) + 1);
    dc->machines = ROUTE_NONE;
    route_window_init(&dc->pings);
    route_window_init(&dc->answers);
    d->datacenter_index.slots[index_slot(d, &d->datacenter_index, id)] = n + 1;
    d->datacenter_count++;
    *out = n;
    return KF_OK;
}

static enum kf_status intern_machine(uint32_t *out, struct route_directory *d, const char *id)
{
    if (!good_id(id))
        return KF_ERR_MALFORMED;
    if (index_find(out, d, &d->machine_index, id))
        return KF_OK;
    if (d->machine_count == ROUTE_MACHINES_MAX)
        return KF_ERR_LIMIT;
    enum kf_status status = index_grow(d, &d->machine_index, d->machine_count);
    if (status != KF_OK)
        return status;
    void *array = grow(d->machines, d->machine_count, &d->machine_room, ROUTE_MACHINES_MAX,
                       sizeof d->machines[0]);
    if (array == NULL)
        return KF_ERR_MEMORY;
    d->machines = array;
    uint32_t n = d->machine_count;
    struct route_machine *m = &d->machines[n];
    memset(m, 0, sizeof *m);
    memcpy(m->id, id, strlen(id) + 1);
    m->datacenter = ROUTE_NONE;
    m->next = ROUTE_NONE;
    route_breaker_init(&m->breaker);
    d->machine_index.slots[index_slot(d, &d->machine_index, id)] = n + 1;
    d->machine_count++;
    *out = n;
    return KF_OK;
}

enum kf_status route_directory_new(struct route_directory **out, const char *own_datacenter,
                                   const char *own_machine, const struct kf_random *random)
{
    struct route_directory *d = calloc(1, sizeof *d);
    if (d == NULL)
        return KF_ERR_MEMORY;
    uint8_t seed[sizeof d->seed];
    enum kf_status status = kf_random_fill(random, seed, sizeof seed);
    memcpy(&d->seed, seed, sizeof seed);
    if (status == KF_OK)
        status = intern_datacenter(&d->own_datacenter, d, own_datacenter);
    if (status == KF_OK)
        status = intern_machine(&d->own_machine, d, own_machine);
    if (status != KF_OK) {
        route_directory_free(d);
        return status;
    }
    *out = d;
    return KF_OK;
}

void route_directory_free(struct route_directory *d)
{
    if (d == NULL)
        return;
    for (uint32_t i = 0; i < d->datacenter_count; i++)
        free(d->datacenters[i].attributes);
    free(d->datacenters);
    free(d->datacenter_index.slots);
    free(d->machines);
    free(d->machine_index.slots);
    free(d);
}

/* One block: the array, then the strings. */
static enum kf_status copy_attributes(struct policy_attribute **out,
                                      const struct policy_attribute *in, size_t count)
{
    if (count > ROUTE_ATTRIBUTES_MAX)
        return KF_ERR_LIMIT;
    size_t size = count * sizeof *in + 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(in[i].label) + strlen(in[i].value) + 2;
    struct policy_attribute *copy = malloc(size);
    if (copy == NULL)
        return KF_ERR_MEMORY;
    char *at = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        size_t label = strlen(in[i].label) + 1, value = strlen(in[i].value) + 1;
        copy[i].label = memcpy(at, in[i].label, label);
        at += label;
        copy[i].value = memcpy(at, in[i].value, value);
        at += value;
    }
    *out = copy;
    return KF_OK;
}

static void estimate_all(struct route_directory *d)
{
    struct route_point own = d->datacenters[d->own_datacenter].point;
    for (uint32_t i = 0; i < d->datacenter_count; i++)
        d->datacenters[i].estimate_us =
            i == d->own_datacenter ? 0 : route_estimate_us(own, d->datacenters[i].point);
}

enum kf_status route_put_datacenter(struct route_directory *d, const char *id,
                                    struct route_point point,
                                    const struct policy_attribute *attributes,
                                    size_t attribute_count)
{
    struct policy_attribute *copy = NULL;
    uint32_t n = 0;
    enum kf_status status = copy_attributes(&copy, attributes, attribute_count);
    if (status == KF_OK)
        status = intern_datacenter(&n, d, id);
    if (status != KF_OK) {
        free(copy);
        return status;
    }
    struct route_datacenter *dc = &d->datacenters[n];
    free(dc->attributes);
    dc->attributes = copy;
    dc->attribute_count = attribute_count;
    dc->point = point;
    dc->present = true;
    estimate_all(d);
    d->version++;
    return KF_OK;
}

void route_remove_datacenter(struct route_directory *d, const char *id)
{
    uint32_t n;
    if (!index_find(&n, d, &d->datacenter_index, id))
        return;
    d->datacenters[n].present = false;
    d->version++;
}

static void unlink_machine(struct route_directory *d, uint32_t n)
{
    struct route_machine *m = &d->machines[n];
    if (m->datacenter == ROUTE_NONE)
        return;
    uint32_t *link = &d->datacenters[m->datacenter].machines;
    while (*link != n)
        link = &d->machines[*link].next;
    *link = m->next;
    m->datacenter = ROUTE_NONE;
    m->next = ROUTE_NONE;
}

enum kf_status route_put_machine(struct route_directory *d, const char *id, const char *datacenter,
                                 const char *address, bool active)
{
    uint32_t n, dc;
    if (strnlen(address, ROUTE_ADDRESS_MAX + 1) > ROUTE_ADDRESS_MAX)
        return KF_ERR_MALFORMED;
    enum kf_status status = intern_datacenter(&dc, d, datacenter);
    if (status == KF_OK)
        status = intern_machine(&n, d, id);
    if (status != KF_OK)
        return status;
    struct route_machine *m = &d->machines[n];
    if (m->datacenter != dc) {
        unlink_machine(d, n);
        m->datacenter = dc;
        m->next = d->datacenters[dc].machines;
        d->datacenters[dc].machines = n;
    }
    if (strcmp(m->address, address) != 0) {
        memcpy(m->address, address, strlen(address) + 1);
        m->ready = false;
        route_breaker_init(&m->breaker);
    }
    m->active = active;
    return KF_OK;
}

void route_remove_machine(struct route_directory *d, const char *id)
{
    uint32_t n;
    if (index_find(&n, d, &d->machine_index, id))
        d->machines[n].active = false;
}

uint32_t route_datacenter_count(const struct route_directory *d)
{
    return d->datacenter_count;
}

uint32_t route_machine_count(const struct route_directory *d)
{
    return d->machine_count;
}

struct route_datacenter *route_datacenter_at(const struct route_directory *d, uint32_t n)
{
    assert(n < d->datacenter_count);
    return &d->datacenters[n];
}

struct route_machine *route_machine_at(const struct route_directory *d, uint32_t n)
{
    assert(n < d->machine_count);
    return &d->machines[n];
}

bool route_find_datacenter(uint32_t *out, const struct route_directory *d, const char *id)
{
    return index_find(out, d, &d->datacenter_index, id);
}

bool route_find_machine(uint32_t *out, const struct route_directory *d, const char *id)
{
    return index_find(out, d, &d->machine_index, id);
}

uint32_t route_own_datacenter(const struct route_directory *d)
{
    return d->own_datacenter;
}

uint64_t route_directory_version(const struct route_directory *d)
{
    return d->version;
}
