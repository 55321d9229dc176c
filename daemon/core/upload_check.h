/* Everything about an uploaded certificate that can be judged without the registry: one function
 * from the bytes of the request to findings or a problem.
 *
 * Body: {"chain": PEM, "key": PEM, "policy": TEXT}, nothing else. Runs in the upload worker and in
 * the fuzzer; opens no file and no socket. What it leaves in memory may hold the private key. */
#ifndef KEYFENCE_CORE_UPLOAD_CHECK_H
#define KEYFENCE_CORE_UPLOAD_CHECK_H

#include "chain_check.h"
#include "envelope/payload.h"
#include "problem.h"

enum { UPLOAD_BODY_MAX = 192 * 1024 };

/* Large: keep it on the heap. */
struct upload_findings {
    struct chain_hosts hosts;
    char chain[PAYLOAD_CHAIN_MAX + 1];
    size_t chain_length;
    char policy[PAYLOAD_POLICY_MAX + 1]; /* as written; not yet judged */
    uint8_t ski[RECORD_SKI_SIZE];
    uint8_t fingerprint[32];
    enum key_type key_type;
    uint8_t spki[PAYLOAD_SPKI_MAX];
    size_t spki_length;
    struct warnings warnings;
};

/* pkcs8 is secret memory for the private key's PKCS#8 DER. On failure both outputs mean nothing. */
KF_MUST_USE enum kf_status upload_check(struct upload_findings *out, uint8_t *pkcs8,
                                        size_t pkcs8_capacity, size_t *pkcs8_length,
                                        const uint8_t *body, size_t length, int64_t now_ms,
                                        struct problem *problem);

#endif
