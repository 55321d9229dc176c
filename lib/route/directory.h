/* The directory: which data centres and machines there are, what was measured about them, and which
 * one to ask.
 *
 * A relay fills it from the replicated registry (never from a list in a file), record by record and
 * again whenever one changes, feeds it what happened to requests, and asks it for the next machine
 * to try. It knows nothing of sockets: "ready" is what the owner says about a machine.
 *
 * Numbers: a data centre or machine keeps its number for the directory's life, also when it is
 * removed and comes back, so that work in flight may hold on to one. Numbers start at 0.
 *
 * Time is a kf_clock_monotonic_ns() value passed in; randomness is passed to route_directory_new,
 * which seeds a small generator of its own (it spreads load; nothing secret depends on it).
 * Threads: none; one owner. Ownership: strings are copied in; borrowed pointers that come out stay
 * valid until the next put. Nothing here is secret, nothing is constant-time.
 *
 * Method: choosing a machine inside a data centre takes the less loaded of two picked at random
 * (Mitzenmacher, "The power of two choices in randomized load balancing", 2001). Hedging follows
 * Dean and Barroso, "The tail at scale", 2013: a second request once the first is slower than the
 * 95th percentile of its path. */
#ifndef KEYFENCE_ROUTE_DIRECTORY_H
#define KEYFENCE_ROUTE_DIRECTORY_H

#include "base/random.h"
#include "base/status.h"
#include "policy/policy.h"
#include "route/breaker.h"
#include "route/latency.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ROUTE_ID_MAX = 63,
    ROUTE_ADDRESS_MAX = 261, /* "host:port" */
    ROUTE_DATACENTERS_MAX = 1024,
    ROUTE_MACHINES_MAX = 1 << 16,
    ROUTE_ATTRIBUTES_MAX = 1024,
    ROUTE_ATTEMPTS_MAX = 8,            /* machines asked for one request, at most */
    ROUTE_MACHINES_PER_DATACENTER = 2, /* of which in one data centre, at most */
};

struct route_machine {
    char id[ROUTE_ID_MAX + 1];
    char address[ROUTE_ADDRESS_MAX + 1];
    uint32_t datacenter;
    uint32_t next; /* in the same data centre, or UINT32_MAX */
    bool active;   /* enrolled, not revoked, not removed */
    bool ready;    /* its connection answers */
    uint32_t in_flight;
    struct route_breaker breaker;
};

struct route_datacenter {
    char id[ROUTE_ID_MAX + 1];
    struct route_point point;
    bool present;         /* in the registry */
    uint32_t machines;    /* the first, or UINT32_MAX */
    uint64_t estimate_us; /* from the own data centre */
    struct route_window pings;
    struct route_window answers;
    struct policy_attribute *attributes;
    size_t attribute_count;
};

struct route_directory;

/* own_datacenter and own_machine need not be in the registry yet. The directory never chooses the
 * own machine. KF_ERR_MALFORMED for an id that is too long, KF_ERR_MEMORY, KF_ERR_RANDOM. */
KF_MUST_USE enum kf_status route_directory_new(struct route_directory **out,
                                               const char *own_datacenter, const char *own_machine,
                                               const struct kf_random *random);
void route_directory_free(struct route_directory *d); /* NULL is ignored */

/* Adds a data centre or replaces what the registry says about it; what was measured stays.
 * KF_ERR_LIMIT, KF_ERR_MALFORMED (empty or too long id), KF_ERR_MEMORY; nothing changed then. */
KF_MUST_USE enum kf_status route_put_datacenter(struct route_directory *d, const char *id,
                                                struct route_point point,
                                                const struct policy_attribute *attributes,
                                                size_t attribute_count);
void route_remove_datacenter(struct route_directory *d, const char *id);

/* Adds or replaces a machine. Its data centre may come later. A machine that moves to another
 * address loses what was known about it (breaker, readiness). Errors as above. */
KF_MUST_USE enum kf_status route_put_machine(struct route_directory *d, const char *id,
                                             const char *datacenter, const char *address,
                                             bool active);
void route_remove_machine(struct route_directory *d, const char *id);

uint32_t route_datacenter_count(const struct route_directory *d); /* numbers given out */
uint32_t route_machine_count(const struct route_directory *d);
/* Borrow entry n. Require n < count. */
struct route_datacenter *route_datacenter_at(const struct route_directory *d, uint32_t n);
struct route_machine *route_machine_at(const struct route_directory *d, uint32_t n);
/* False when there is none of that id (or it is removed: look at present and active). */
bool route_find_datacenter(uint32_t *out, const struct route_directory *d, const char *id);
bool route_find_machine(uint32_t *out, const struct route_directory *d, const char *id);
uint32_t route_own_datacenter(const struct route_directory *d);
/* Grows with every change of data centres: caches of route_satisfying() are stale when it moved. */
uint64_t route_directory_version(const struct route_directory *d);

/* A set of data centres, by number. */
struct route_set {
    uint64_t bits[ROUTE_DATACENTERS_MAX / 64];
};

bool route_set_has(const struct route_set *s, uint32_t n);
void route_set_add(struct route_set *s, uint32_t n);
uint32_t route_set_count(const struct route_set *s);

/* The data centres that are present and whose attributes satisfy the policy. */
void route_satisfying(struct route_set *out, const struct route_directory *d,
                      const struct policy *policy);

/* Distance from the own data centre: smoothed ping when measured, else the estimate; 0 for itself
 * unless measured. */
uint64_t route_distance_us(const struct route_directory *d, uint32_t datacenter);

/* Up to max data centres of the set that have another machine, nearest first; returns how many. */
uint32_t route_nearest(uint32_t *out, uint32_t max, const struct route_directory *d,
                       const struct route_set *set);

/* The machines of a data centre this machine keeps connections to: up to max active ones, the own
 * one left out, in an order that differs from asking machine to asking machine (rendezvous hashing)
 * so that connections spread. Returns how many. */
uint32_t route_partners(uint32_t *out, uint32_t max, const struct route_directory *d,
                        uint32_t datacenter);

/* What was tried for one request. Zero-initialise. */
struct route_attempts {
    uint32_t count;
    struct {
        uint32_t datacenter;
        uint32_t machine;
        bool over; /* answered, failed or given up; else still out */
    } list[ROUTE_ATTEMPTS_MAX];
};

enum route_need {
    ROUTE_RETRY, /* the first attempt, or one after a failure */
    ROUTE_HEDGE, /* beside attempts that are still out: only a data centre not asked yet, only a
                    machine that is ready */
};

/* Chooses the machine to ask next among the set's data centres: nearest data centre first; in each
 * at most ROUTE_MACHINES_PER_DATACENTER machines, never one twice, never one of a data centre where
 * an attempt is still out. Ready machines with a willing breaker come before machines that would
 * have to be connected first; as a last resort, and only for a request that has tried nothing yet,
 * a machine whose breaker is open. Returns false when nothing is left. Changes nothing but the
 * generator. */
bool route_choose(uint32_t *machine, struct route_directory *d, const struct route_set *set,
                  const struct route_attempts *attempts, enum route_need need, uint64_t now_ns);

/* Whether the data centre's machines are all refused by their breakers (as "open"), or one lets a
 * probe through ("half-open"), else "closed". */
const char *route_datacenter_breaker(const struct route_directory *d, uint32_t datacenter,
                                     uint64_t now_ns);

#endif
