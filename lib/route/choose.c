#include "route/directory_int.h"

#include <assert.h>
#include <string.h>

bool route_set_has(const struct route_set *s, uint32_t n)
{
    return n < ROUTE_DATACENTERS_MAX && (s->bits[n / 64] >> (n % 64) & 1) != 0;
}

void route_set_add(struct route_set *s, uint32_t n)
{
    assert(n < ROUTE_DATACENTERS_MAX);
    s->bits[n / 64] |= (uint64_t)1 << (n % 64);
}

uint32_t route_set_count(const struct route_set *s)
{
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof s->bits / sizeof s->bits[0]; i++)
        count += (uint32_t)__builtin_popcountll(s->bits[i]);
    return count;
}

void route_satisfying(struct route_set *out, const struct route_directory *d,
                      const struct policy *policy)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < d->datacenter_count; i++) {
        const struct route_datacenter *dc = &d->datacenters[i];
        if (dc->present && policy_evaluate(policy, dc->attributes, dc->attribute_count))
            route_set_add(out, i);
    }
}

uint64_t route_distance_us(const struct route_directory *d, uint32_t datacenter)
{
    assert(datacenter < d->datacenter_count);
    const struct route_datacenter *dc = &d->datacenters[datacenter];
    if (route_window_measured(&dc->pings))
        return route_window_mean_us(&dc->pings);
    return dc->estimate_us;
}

/* Orders data centres: the own one first, then by distance, then by number. */
static uint64_t rank_of(const struct route_directory *d, uint32_t datacenter)
{
    return datacenter == d->own_datacenter ? 0 : 1 + route_distance_us(d, datacenter);
}

static bool usable(const struct route_directory *d, uint32_t machine)
{
    const struct route_machine *m = &d->machines[machine];
    return m->active && machine != d->own_machine && m->address[0] != '\0';
}

uint32_t route_nearest(uint32_t *out, uint32_t max, const struct route_directory *d,
                       const struct route_set *set)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < d->datacenter_count; i++) {
        uint32_t partner;
        if (!route_set_has(set, i) || route_partners(&partner, 1, d, i) == 0)
            continue;
        uint64_t rank = rank_of(d, i);
        uint32_t at = count;
        while (at > 0 && rank_of(d, out[at - 1]) > rank)
            at--;
        if (at == max)
            continue;
        uint32_t last = count < max ? count++ : max - 1;
        memmove(&out[at + 1], &out[at], (last - at) * sizeof out[0]);
        out[at] = i;
    }
    return count;
}

uint32_t route_partners(uint32_t *out, uint32_t max, const struct route_directory *d,
                        uint32_t datacenter)
{
    assert(datacenter < d->datacenter_count && max <= 64);
    /* Each asking machine hashes with its own seed; the highest hashes win. */
    uint64_t seed = route_hash_id(d->machines[d->own_machine].id, 0x70617274);
    uint64_t weights[64];
    uint32_t count = 0;
    for (uint32_t m = d->datacenters[datacenter].machines; m != ROUTE_NONE;
         m = d->machines[m].next) {
        if (!usable(d, m))
            continue;
        uint64_t weight = route_hash_id(d->machines[m].id, seed);
        uint32_t at = count;
        while (at > 0 && weights[at - 1] < weight)
            at--;
        if (at == max)
            continue;
        uint32_t last = count < max ? count++ : max - 1;
        memmove(&out[at + 1], &out[at], (last - at) * sizeof out[0]);
        memmove(&weights[at + 1], &weights[at], (last - at) * sizeof weights[0]);
        out[at] = m;
        weights[at] = weight;
    }
    return count;
}

/* What a machine must be to be chosen; tried in this order. */
enum rung { RUNG_READY, RUNG_CONNECT, RUNG_LAST_RESORT, RUNG_COUNT };

static bool on_rung(const struct route_directory *d, uint32_t machine, enum rung rung,
                    uint64_t now_ns)
{
    const struct route_machine *m = &d->machines[machine];
    if (!usable(d, machine))
        return false;
    if (rung == RUNG_LAST_RESORT)
        return true;
    return route_breaker_allows(&m->breaker, now_ns) && (rung == RUNG_CONNECT || m->ready);
}

static bool was_tried(const struct route_attempts *attempts, uint32_t machine)
{
    for (uint32_t i = 0; i < attempts->count; i++)
        if (attempts->list[i].machine == machine)
            return true;
    return false;
}

/* How many machines of the data centre were asked; *out when one of them has yet to answer. */
static uint32_t asked_in(const struct route_attempts *attempts, uint32_t datacenter, bool *out)
{
    uint32_t asked = 0;
    *out = false;
    for (uint32_t i = 0; i < attempts->count; i++) {
        if (attempts->list[i].datacenter != datacenter)
            continue;
        asked++;
        *out = *out || !attempts->list[i].over;
    }
    return asked;
}

/* The less loaded of two random machines of the data centre that stand on the rung. */
static bool pick_machine(uint32_t *machine, struct route_directory *d, uint32_t datacenter,
                         const struct route_attempts *attempts, enum rung rung, uint64_t now_ns)
{
    uint32_t picked[2] = {ROUTE_NONE, ROUTE_NONE};
    uint64_t seen = 0;
    for (uint32_t m = d->datacenters[datacenter].machines; m != ROUTE_NONE;
         m = d->machines[m].next) {
        if (!on_rung(d, m, rung, now_ns) || was_tried(attempts, m))
            continue;
        /* Reservoir sampling of two. */
        uint64_t place = seen < 2 ? seen : route_next_random(d) % (seen + 1);
        if (place < 2)
            picked[place] = m;
        seen++;
    }
    if (seen == 0)
        return false;
    bool second = false;
    if (seen > 1) {
        uint32_t a = d->machines[picked[0]].in_flight, b = d->machines[picked[1]].in_flight;
        second = a == b ? (route_next_random(d) & 1) != 0 : b < a;
    }
    *machine = picked[second ? 1 : 0];
    return true;
}

static bool choose_on_rung(uint32_t *machine, struct route_directory *d,
                           const struct route_set *set, const struct route_attempts *attempts,
                           enum route_need need, enum rung rung, uint64_t now_ns)
{
    bool found = false;
    uint64_t best = UINT64_MAX;
    for (uint32_t i = 0; i < d->datacenter_count; i++) {
        bool out = false;
        uint32_t asked = asked_in(attempts, i, &out);
        uint32_t allowed = need == ROUTE_HEDGE ? 1 : ROUTE_MACHINES_PER_DATACENTER;
        uint64_t rank = rank_of(d, i);
        if (!route_set_has(set, i) || out || asked >= allowed || (found && rank >= best))
            continue;
        if (!pick_machine(machine, d, i, attempts, rung, now_ns))
            continue;
        found = true;
        best = rank;
    }
    return found;
}

bool route_choose(uint32_t *machine, struct route_directory *d, const struct route_set *set,
                  const struct route_attempts *attempts, enum route_need need, uint64_t now_ns)
{
    if (attempts->count >= ROUTE_ATTEMPTS_MAX)
        return false;
    enum rung end = RUNG_COUNT;
    if (need == ROUTE_HEDGE)
        end = RUNG_CONNECT;
    else if (attempts->count != 0)
        end = RUNG_LAST_RESORT;
    uint32_t chosen = ROUTE_NONE;
    for (enum rung rung = RUNG_READY; rung < end; rung++) {
        if (choose_on_rung(&chosen, d, set, attempts, need, rung, now_ns)) {
            *machine = chosen;
            return true;
        }
    }
    return false;
}

const char *route_datacenter_breaker(const struct route_directory *d, uint32_t datacenter,
                                     uint64_t now_ns)
{
    assert(datacenter < d->datacenter_count);
    const char *worst = "closed";
    bool any = false;
    for (uint32_t m = d->datacenters[datacenter].machines; m != ROUTE_NONE;
         m = d->machines[m].next) {
        if (!usable(d, m))
            continue;
        const char *name = route_breaker_name(&d->machines[m].breaker, now_ns);
        if (name[0] == 'c')
            return "closed";
        if (!any || name[0] == 'h')
            worst = name;
        any = true;
    }
    return worst;
}
