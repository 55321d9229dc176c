/* What the signer counts, and how it tells (KEYLESS_OP_STATUS): one JSON object.
 *
 *   {"machine","datacenter","signatures_total","signatures":{"<ski hex>":n,...},
 *    "signatures_other":n,"refused_not_here":n,"policy_keys_open":n,"customer_keys_open":n,
 *    "errors":{"<name of the error>":n,...}}
 *
 * "signatures" holds the busiest SIGNER_STATUS_KEYS keys, so that the answer fits one frame;
 * "signatures_other" is the rest. Counts run from the start of the process and are public.
 * Threads: any. */
#ifndef KEYFENCE_SIGNER_STATUS_H
#define KEYFENCE_SIGNER_STATUS_H

#include "base/status.h"
#include "envelope/record.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SIGNER_STATUS_KEYS = 512,      /* keys listed */
    SIGNER_STATUS_COUNTED = 8192,  /* keys counted one by one; the others together */
    SIGNER_STATUS_MAX = 60 * 1024, /* bytes of the JSON text; fits a frame */
};

struct signer_counters;

struct signer_counters *signer_counters_new(void); /* NULL when memory is out */
void signer_counters_free(struct signer_counters *counters);

void signer_counters_signed(struct signer_counters *counters,
                            const uint8_t ski[static RECORD_SKI_SIZE]);
/* An answer with this error byte was given. */
void signer_counters_error(struct signer_counters *counters, uint8_t error);

/* What only others know. */
struct signer_facts {
    const char *machine;
    const char *datacenter;
    size_t policy_keys_open;
    size_t customer_keys_open;
};

/* Writes the JSON, without a NUL, and its length. */
KF_MUST_USE enum kf_status signer_status_json(char out[static SIGNER_STATUS_MAX], size_t *length,
                                              struct signer_counters *counters,
                                              const struct signer_facts *facts);

#endif
