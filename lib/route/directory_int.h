/* The directory's inside, shared by directory.c and choose.c. */
#ifndef KEYFENCE_ROUTE_DIRECTORY_INT_H
#define KEYFENCE_ROUTE_DIRECTORY_INT_H

#include "route/directory.h"

#define ROUTE_NONE UINT32_MAX

/* Open addressing from id to number; entries are never removed, because numbers are not. */
struct route_index {
    uint32_t *slots; /* number + 1, 0 is free */
    uint32_t size;   /* a power of two, more than twice the entries */
};

struct route_directory {
    struct route_datacenter *datacenters;
    uint32_t datacenter_count, datacenter_room;
    struct route_index datacenter_index;
    struct route_machine *machines;
    uint32_t machine_count, machine_room;
    struct route_index machine_index;
    uint32_t own_datacenter, own_machine;
    uint64_t version;
    uint64_t seed;
};

uint64_t route_hash_id(const char *id, uint64_t seed);
uint64_t route_next_random(struct route_directory *d);

#endif
