/* Policies as the core handles them: what a customer wrote, its one normal form and id, the data
 * centres that satisfy it, and its policy key. */
#ifndef KEYFENCE_CORE_POLICIES_H
#define KEYFENCE_CORE_POLICIES_H

#include "core.h"
#include "problem.h"

#include <jansson.h>

struct compiled_policy {
    struct policy *policy; /* compiled language */
    char *normal;          /* normal form, NUL-terminated */
    char id[RECORD_POLICY_ID_SIZE];
};

/* Code: policy_invalid, with line and column; the message shows the place with a caret. */
KF_MUST_USE enum kf_status policies_compile(struct compiled_policy *out, const struct core *core,
                                            const char *text, size_t length,
                                            struct problem *problem);
/* From a stored normal form. */
KF_MUST_USE enum kf_status policies_from_normal(struct compiled_policy *out, const char *normal,
                                                size_t length, struct kf_error *err);
void policies_clear(struct compiled_policy *compiled);

/* The ids of the data centres that satisfy it, as a JSON array; NULL on failure. */
json_t *policies_satisfied_by(struct core *core, const struct policy *policy);
/* What is to be said when keys would open nowhere in these data centres; NULL when they would. */
const char *policies_place_warning(struct core *core, const json_t *ids);

/* The public half of the policy's key, made, wrapped and put into the transaction when there is
 * none. The private half is forgotten here. */
KF_MUST_USE enum kf_status policies_key(uint8_t public_key[static PAYLOAD_X25519_SIZE],
                                        struct core *core, struct store_txn *txn,
                                        const struct compiled_policy *compiled,
                                        struct kf_error *err);

#endif
