/* The relay's parts and the state they share.
 *
 *   ask.c     requests of local TLS servers: which data centre, hedge, next, answer
 *   serve.c   requests of other relays: to the local signer, never on
 *   paths.c   warm connections to the machines that may be asked
 *   complain.c  the operator's log lines
 *   status.c  what `keyfence status` shows
 *
 * One thread, one loop; nothing blocks. No key passes through here: digests in, signatures out. */
#ifndef KEYFENCE_RELAY_RELAY_H
#define KEYFENCE_RELAY_RELAY_H

#include "base/clock.h"
#include "base/random.h"
#include "config.h"
#include "net/client.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/tls.h"
#include "replica.h"
#include "route/budget.h"
#include "route/directory.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RELAY_DEADLINE_MS = 5000, /* of a request that names none */
    RELAY_DEADLINE_MAX_MS = 30000,
    RELAY_REQUESTS = 4096,  /* local requests in flight, unless configured */
    RELAY_PEER_RATE = 2000, /* requests a second of one peer, unless configured */
    RELAY_FOLLOW_MS = 100,
    RELAY_PARTNERS = 2, /* connections kept to one data centre */
};

struct relay_ask;
struct relay_serve;
struct relay_paths;
struct relay_complaints;

struct relay {
    const struct config_edge *config;
    struct net_loop *loop;
    struct kf_random random;
    struct net_tls *tls;
    struct route_directory *directory;
    struct route_budget budget;
    struct replica *replica;
    struct relay_paths *paths;
    struct relay_ask *ask;
    struct relay_serve *serve;
    struct relay_complaints *complaints;
    /* By number of the data centre. */
    uint64_t sent[ROUTE_DATACENTERS_MAX];
    uint64_t failures[ROUTE_DATACENTERS_MAX];
};

/* paths.c */
KF_MUST_USE enum kf_status relay_paths_new(struct relay *relay);
void relay_paths_free(struct relay *relay);
/* Brings the connections in step with the directory: call when it changed, and every second. */
void relay_paths_update(struct relay *relay);
/* The connection to a machine, connecting when it is down; NULL without memory. */
struct net_client *relay_path(struct relay *relay, uint32_t machine);
void relay_paths_use_tls(struct relay *relay);

/* ask.c */
KF_MUST_USE enum kf_status relay_ask_new(struct relay *relay, struct kf_error *err);
void relay_ask_free(struct relay *relay);
void relay_ask_quiesce(struct relay *relay);
uint32_t relay_ask_busy(const struct relay *relay);

struct relay_ask_counts {
    uint64_t requests, answered, hedges, hedges_won, retries, overloaded;
    uint64_t errors[256]; /* answered to the asker, by code */
};
const struct relay_ask_counts *relay_ask_counts(const struct relay *relay);

/* serve.c */
KF_MUST_USE enum kf_status relay_serve_new(struct relay *relay, struct kf_error *err);
void relay_serve_free(struct relay *relay);
void relay_serve_quiesce(struct relay *relay);
uint32_t relay_serve_busy(const struct relay *relay);
void relay_serve_use_tls(struct relay *relay);
/* Closes connections of machines that are not active any more; call when the directory changed. */
void relay_serve_recheck(struct relay *relay);
/* Drops what has waited beyond its deadline; call every second. */
void relay_serve_tick(struct relay *relay);
/* Writes the access record: one line for each peer served since the last time. */
void relay_serve_record(struct relay *relay);

struct relay_serve_counts {
    uint64_t served, refused_rate, refused_overload, no_signer;
    uint32_t connections;
};
struct relay_serve_counts relay_serve_counts(const struct relay *relay);

/* complain.c */
KF_MUST_USE enum kf_status relay_complaints_new(struct relay *relay);
void relay_complaints_free(struct relay *relay);
/* Whether a line about this key and error may be written now; then, and only then, makes its text:
 * "certificate shop-eu (policy `region: EU`)" or "key 0123...". */
bool relay_complain(struct relay *relay, const uint8_t *ski, uint8_t error, char *what,
                    size_t size);

/* status.c: a JSON text for free(), or NULL without memory. */
char *relay_status_json(struct relay *relay);

#endif
