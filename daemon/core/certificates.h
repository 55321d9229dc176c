/* Certificates in the store: what is stored of one, which keys they use, and the one transaction
 * that an upload is. */
#ifndef KEYFENCE_CORE_CERTIFICATES_H
#define KEYFENCE_CORE_CERTIFICATES_H

#include "core.h"
#include "policies.h"
#include "upload_worker.h"

/* Ids of certificates that match, at most MATCHES_MAX of them. */
enum { MATCHES_MAX = 4 };
struct matches {
    size_t count; /* may exceed MATCHES_MAX */
    char ids[MATCHES_MAX][RECORD_ID_SIZE];
};

/* Those whose key has this SKI, except `but` (may be NULL). */
KF_MUST_USE enum kf_status certificates_with_key(struct matches *out, struct store_txn *txn,
                                                 const uint8_t ski[static RECORD_SKI_SIZE],
                                                 const char *but, struct kf_error *err);
/* Those whose leaf has this SHA-256. */
KF_MUST_USE enum kf_status certificates_with_leaf(struct matches *out, struct store_txn *txn,
                                                  const uint8_t fingerprint[static 32],
                                                  struct kf_error *err);

/* Stores the findings as certificate `id`, in the transaction: the policy key if it is new, the
 * sealed key (the worker seals it) if it is new, the certificate; the key that the
 * certificate had before goes later (superseded.h). *changed is false when everything was there
 * already. The worker may have been ended. On failure the caller aborts. */
KF_MUST_USE enum kf_status
certificates_store(bool *changed, struct core *core, struct store_txn *txn, const char *id,
                   const struct upload_findings *findings, const struct compiled_policy *compiled,
                   struct upload_worker *worker, struct problem *problem);

/* Removes the key unless a certificate other than `but` (may be NULL) uses it. */
KF_MUST_USE enum kf_status certificates_drop_key(struct core *core, struct store_txn *txn,
                                                 const uint8_t ski[static RECORD_SKI_SIZE],
                                                 const char *but, struct kf_error *err);

/* Removes the certificate and its keys, former ones too, unless another one uses them.
 * KF_ERR_NOT_FOUND. */
KF_MUST_USE enum kf_status certificates_delete(struct core *core, struct store_txn *txn,
                                               const char *id, struct kf_error *err);

#endif
