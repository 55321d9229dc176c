/* The machine CA: certificates by which machines know one another.
 *
 * It is a P-256 key and a self-signed certificate. Of a machine's request it believes one thing,
 * the public key, after the request's own signature has shown that the asker holds the private
 * half; name, usage and lifetime are the authority's. A certificate of role R for machine M carries
 * the subject CN=M and the URI keyfence://machine/M/R; relay and sync certificates are for both
 * ends of TLS, a core certificate is a server's and carries the DNS names and addresses that the
 * core gives.
 *
 * Threads: one. The private key lives in OpenSSL's heap: call openssl_heap_wiping() first. */
#ifndef KEYFENCE_AUTHORITY_CA_H
#define KEYFENCE_AUTHORITY_CA_H

#include "authority_protocol.h"
#include "base/random.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    CA_DER_MAX = 4096,    /* of the CA's key and of its certificate */
    CA_PEM_MAX = 8192,    /* of a certificate it issues */
    CA_YEARS = 20,        /* of its own certificate */
    CA_MACHINE_YEARS = 5, /* of a machine's: who may speak is the registry's word, not a date */
    CA_BACKDATE_SECONDS = 3600 /* a machine's clock may be behind */
};

struct ca;

/* A new CA. */
KF_MUST_USE enum kf_status ca_create(struct ca **out, int64_t now_ms,
                                     const struct kf_random *random, struct kf_error *err);
/* From its PKCS#8 key and its certificate, both DER. KF_ERR_MALFORMED when they do not parse or do
 * not belong together. */
KF_MUST_USE enum kf_status ca_load(struct ca **out, const uint8_t *key, size_t key_length,
                                   const uint8_t *certificate, size_t certificate_length,
                                   struct kf_error *err);
void ca_free(struct ca *ca);

/* The key as PKCS#8 DER in secret memory, for kf_secret_free(). */
KF_MUST_USE enum kf_status ca_export_key(uint8_t **out, size_t *length, const struct ca *ca,
                                         struct kf_error *err);
KF_MUST_USE enum kf_status ca_certificate_der(uint8_t *out, size_t capacity, size_t *length,
                                              const struct ca *ca, struct kf_error *err);
KF_MUST_USE enum kf_status ca_certificate_pem(char *out, size_t capacity, size_t *length,
                                              const struct ca *ca, struct kf_error *err);
void ca_fingerprint(uint8_t out[static 32], const struct ca *ca);

struct ca_subject {
    const char *machine; /* a valid id */
    uint8_t role;        /* enum authority_role */
    const char *const *names;
    size_t name_count; /* 1 or more for the role core, 0 for the others */
};

/* Issues a certificate for the key of a PKCS#10 request. KF_ERR_MALFORMED: not one DER request;
 * KF_ERR_FORGED: its signature is not by its key; KF_ERR_UNSUPPORTED: a key that is not P-256,
 * P-384, Ed25519 or RSA of 2048 bits or more; KF_ERR_USAGE: a name that is none. */
KF_MUST_USE enum kf_status ca_issue(char *pem, size_t capacity, size_t *length, const struct ca *ca,
                                    const struct ca_subject *subject, const uint8_t *csr,
                                    size_t csr_length, int64_t now_ms,
                                    const struct kf_random *random, struct kf_error *err);

#endif
