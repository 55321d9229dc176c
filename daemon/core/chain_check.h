/* A certificate chain as it arrives: leaf first, then each issuer, in PEM.
 *
 * Refused: what does not parse, a chain out of order or with a gap, a leaf that is expired or names
 * no host, and private keys among the certificates. Accepted with a warning: a leaf that is not yet
 * valid or soon expires, and one whose issuer is not in the chain. Trust is not judged: that is
 * what the customer's clients do, with their own roots.
 *
 * Public data only. Threads: values only. */
#ifndef KEYFENCE_CORE_CHAIN_CHECK_H
#define KEYFENCE_CORE_CHAIN_CHECK_H

#include "envelope/payload.h"
#include "problem.h"

#include <openssl/x509.h>

enum {
    CHAIN_CERTIFICATES_MAX = 10,
    CHAIN_DER_MAX = 32 * 1024, /* of one certificate */
    CHAIN_SOON_DAYS = 14,
    WARNINGS_MAX = 8,
    WARNING_MAX = 299,
};

struct warnings {
    size_t count;
    char text[WARNINGS_MAX][WARNING_MAX + 1];
};
/* Adds one; beyond the bound they are dropped. */
void warnings_add(struct warnings *warnings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct chain {
    size_t count;
    X509 *certificates[CHAIN_CERTIFICATES_MAX];
    uint32_t lines[CHAIN_CERTIFICATES_MAX]; /* where each begins in the text */
};

/* Codes: chain_malformed, chain_too_long, chain_holds_key. chain_clear() afterwards. */
KF_MUST_USE enum kf_status chain_load(struct chain *out, const char *pem, size_t length,
                                      struct problem *problem);
void chain_clear(struct chain *chain);

/* Order, signatures and dates. Codes: chain_order, chain_gap, certificate_expired. */
KF_MUST_USE enum kf_status chain_check(const struct chain *chain, int64_t now_ms,
                                       struct warnings *warnings, struct problem *problem);

/* The leaf's key is `key`. Code: key_mismatch; says so when another certificate of the chain is the
 * one that fits. */
KF_MUST_USE enum kf_status chain_check_key(const struct chain *chain, EVP_PKEY *key,
                                           struct problem *problem);

struct chain_hosts {
    size_t count;
    char names[PAYLOAD_HOSTS_MAX][PAYLOAD_HOST_MAX + 1]; /* lower case; addresses as text */
};
/* The leaf's DNS names and addresses. Codes: no_hosts, too_many_hosts, bad_host. */
KF_MUST_USE enum kf_status chain_hosts(struct chain_hosts *out, const struct chain *chain,
                                       struct problem *problem);

/* The certificates alone, in order, re-encoded: comments and anything else are left out. */
KF_MUST_USE enum kf_status chain_encode(char *out, size_t capacity, size_t *length,
                                        const struct chain *chain, struct problem *problem);

#endif
