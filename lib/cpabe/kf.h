/* For Keyfence's own modules: libcpabe's public header stands alone, so it has a status and a
 * random source of its own; these turn one into the other. Not installed. */
#ifndef KEYFENCE_CPABE_KF_H
#define KEYFENCE_CPABE_KF_H

#include "base/random.h"
#include "base/status.h"
#include "cpabe/cpabe.h"

static inline enum kf_status kf_from_cpabe(enum cpabe_status status)
{
    switch (status) {
    case CPABE_OK:
        return KF_OK;
    case CPABE_ERR_USAGE:
        return KF_ERR_USAGE;
    case CPABE_ERR_MALFORMED:
        return KF_ERR_MALFORMED;
    case CPABE_ERR_UNSATISFIED:
        return KF_ERR_UNSATISFIED;
    case CPABE_ERR_LIMIT:
        return KF_ERR_LIMIT;
    case CPABE_ERR_MEMORY:
        return KF_ERR_MEMORY;
    case CPABE_ERR_RANDOM:
        return KF_ERR_RANDOM;
    }
    return KF_ERR_INTERNAL;
}

static inline int kf_cpabe_fill(void *context, uint8_t *out, size_t length)
{
    return kf_random_fill((const struct kf_random *)context, out, length) != KF_OK;
}

/* Borrows source, which must outlive the result. */
static inline struct cpabe_random kf_cpabe_random(struct kf_random *source)
{
    return (struct cpabe_random){kf_cpabe_fill, source};
}

#endif
