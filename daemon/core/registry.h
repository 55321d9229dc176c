/* Machine keys: issued by the authority from the registry's attributes, for every generation that
 * is in use, and put into the store together with what made them necessary. */
#ifndef KEYFENCE_CORE_REGISTRY_H
#define KEYFENCE_CORE_REGISTRY_H

#include "core.h"

enum { REGISTRY_GENERATIONS_MAX = 8 }; /* in use at once */

struct issued_key {
    char machine[RECORD_ID_SIZE];
    uint32_t generation;
    uint8_t *sealed;
    size_t length;
    struct issued_key *next;
};

/* Asks the authority for the machine's keys and adds them to the list. KF_ERR_UNAVAILABLE when the
 * authority does not answer. */
KF_MUST_USE enum kf_status registry_issue(struct issued_key **list, struct core *core,
                                          const char *machine,
                                          const uint8_t enrolment[static PAYLOAD_X25519_SIZE],
                                          const struct payload_datacenter *datacenter,
                                          struct kf_error *err);
/* The same for every machine of a data centre, whose attributes are to be the given ones. */
KF_MUST_USE enum kf_status registry_issue_all(struct issued_key **list, struct core *core,
                                              const char *datacenter_id,
                                              const struct payload_datacenter *datacenter,
                                              struct kf_error *err);
KF_MUST_USE enum kf_status registry_put(struct core *core, struct store_txn *txn,
                                        const struct issued_key *list, struct kf_error *err);
void registry_free(struct issued_key *list);

/* How many machines the data centre has. */
KF_MUST_USE enum kf_status registry_count(size_t *count, struct core *core,
                                          const char *datacenter_id, struct kf_error *err);

/* A certificate for the key of a request in PEM, on the heap, NUL-terminated. `what` names the
 * member of the request in messages. */
struct problem;
KF_MUST_USE enum kf_status registry_certificate(char **out, struct core *core, const char *what,
                                                const char *machine, uint8_t role,
                                                const char *const *names, size_t name_count,
                                                const char *csr_pem, struct problem *problem);
KF_MUST_USE enum kf_status registry_ca(char **out, struct core *core, struct kf_error *err);

#endif
