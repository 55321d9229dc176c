/* Mutual TLS between enrolled machines.
 *
 * TLS 1.3 only, both ends show a certificate of the machine CA (nothing else is trusted), no
 * session resumption, so that every connection is a full mutual handshake. Who the peer is, is the
 * one URI of scheme keyfence in its certificate's subjectAltName (RFC 5280, 4.2.1.6):
 *     keyfence://machine/<id>/<role>
 * The expectation is checked inside the handshake: no byte of a request goes to, or is read from, a
 * peer that does not meet it. Host names play no part.
 *
 * A struct net_tls is immutable and may be shared by connections; those made with it live on when
 * it is freed, so that a new certificate is taken up by making a new one. The machine's private key
 * is held by OpenSSL in ordinary memory: it is the relay's identity, not a customer's key. */
#ifndef KEYFENCE_NET_TLS_H
#define KEYFENCE_NET_TLS_H

#include "base/status.h"

#include <stddef.h>

enum { NET_MACHINE_MAX = 63, NET_ROLE_MAX = 15 };

struct net_identity {
    char machine[NET_MACHINE_MAX + 1];
    char role[NET_ROLE_MAX + 1];
};

struct net_tls;

struct net_tls_files {
    const char *certificate; /* PEM, leaf first */
    const char *key;         /* PEM, not encrypted */
    const char *authority;   /* PEM of the machine CA */
};

/* Loads the files; says which one is at fault. *own (may be NULL) is the identity in the
 * certificate. */
KF_MUST_USE enum kf_status net_tls_new(struct net_tls **out, struct net_identity *own,
                                       const struct net_tls_files *files, struct kf_error *err);
void net_tls_free(struct net_tls *tls); /* NULL is ignored */

/* Reads "keyfence://machine/<id>/<role>". KF_ERR_MALFORMED. */
KF_MUST_USE enum kf_status net_identity_parse(struct net_identity *out, const char *uri,
                                              size_t length);

#endif
