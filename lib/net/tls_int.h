/* TLS as the connections use it. */
#ifndef KEYFENCE_NET_TLS_INT_H
#define KEYFENCE_NET_TLS_INT_H

#include "net/tls.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* Whom a connection is for, and whom it met. Must outlive the SSL it is given to. */
struct net_expectation {
    const char *role;                  /* borrowed */
    char machine[NET_MACHINE_MAX + 1]; /* empty: any */
    struct net_identity found;         /* set when the handshake accepted the peer */
    char problem[224];                 /* why it did not, when it was for this module's reason */
};

/* A new SSL that verifies the peer against the expectation; NULL without memory. */
SSL *net_tls_start(const struct net_tls *tls, bool server, struct net_expectation *expectation);

/* What went wrong on a connection, for a log line. */
void net_tls_problem(char *out, size_t size, const SSL *ssl, unsigned long openssl_error,
                     const struct net_expectation *expectation);

#endif
