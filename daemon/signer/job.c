#include "job.h"

#include "base/secret.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct signer_job *signer_job_new(const uint8_t *payload, size_t payload_length)
{
    assert(payload_length <= SIGNER_PAYLOAD_MAX);
    struct signer_job *job = calloc(1, sizeof *job + payload_length);
    if (job == NULL) {
        return NULL;
    }
    job->payload_length = payload_length;
    if (payload_length > 0) {
        memcpy(job->payload, payload, payload_length);
    }
    return job;
}

void signer_job_free(struct signer_job *job)
{
    if (job != NULL) {
        kf_wipe(job, sizeof *job + job->payload_length);
        free(job);
    }
}

bool signer_job_expired(const struct signer_job *job, uint64_t now_ns)
{
    return job->deadline_ns != 0 && now_ns >= job->deadline_ns;
}
