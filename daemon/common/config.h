/* The configuration files of the daemons, YAML, read with libcyaml.
 *
 * An unknown key, a missing one or a value of the wrong kind is an error that names the file, the
 * line and the key. Paths are used as written. Ownership: a loaded configuration belongs to the
 * caller until config_*_free(). Optional members are NULL or 0 when absent. Nothing here is
 * secret: secrets are named by the path of the file that holds them. */
#ifndef KEYFENCE_DAEMON_CONFIG_H
#define KEYFENCE_DAEMON_CONFIG_H

#include "base/status.h"

#include <stdint.h>

/* One file for the three processes of an edge machine. */
struct config_sync {
    char *core;     /* https://HOST:PORT or unix:PATH of the core's feed */
    char **haproxy; /* runtime sockets of the TLS servers to tell; optional */
    uint32_t haproxy_count;
    char *certificates; /* folder of the TLS server's files; optional, default STATE/certs */
};

struct config_relay {
    char *listen;           /* HOST:PORT where other data centres reach this machine */
    uint32_t peer_rate;     /* requests a second accepted from one peer; 0: the default */
    uint32_t request_limit; /* requests in flight; 0: the default */
};

struct config_signer {
    char *group;       /* group that may use signer.sock; optional */
    uint32_t workers;  /* signing threads per lane; 0: the default */
    uint32_t keys_max; /* opened customer keys kept in memory; 0: the default */
};

struct config_edge {
    char *machine;    /* its id in the registry */
    char *datacenter; /* the id of its data centre */
    char *state;      /* folder that survives restarts: replica/, machine/, certs/ */
    char *run;        /* folder of the sockets */
    struct config_sync sync;
    struct config_relay relay;
    struct config_signer *signer; /* optional; never NULL once loaded */
};

KF_MUST_USE enum kf_status config_edge_load(struct config_edge **out, const char *path,
                                            struct kf_error *err);
void config_edge_free(struct config_edge *config);

struct config_core {
    char *state; /* folder: store/, records.key, tokens */
    char **api;  /* where the API listens: unix:PATH, or loopback HOST:PORT */
    uint32_t api_count;
    char **feed; /* where the feed listens, likewise */
    uint32_t feed_count;
    char *authority; /* path of the authority's socket */
    char *catalogue; /* path of attributes.yaml */
    char *regions;   /* path of regions.yaml */
    char *group;     /* group that may use the Unix sockets; optional */
};

KF_MUST_USE enum kf_status config_core_load(struct config_core **out, const char *path,
                                            struct kf_error *err);
void config_core_free(struct config_core *config);

struct config_authority {
    char *state;           /* folder: generations, machine CA */
    char *socket;          /* path of its Unix socket */
    char *passphrase_file; /* seals what is in state */
    char *group;           /* group that may use the socket; optional */
};

KF_MUST_USE enum kf_status config_authority_load(struct config_authority **out, const char *path,
                                                 struct kf_error *err);
void config_authority_free(struct config_authority *config);

#endif
