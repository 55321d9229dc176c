/* Randomness is passed in, so that vectors can be reproduced and tests scripted. */
#ifndef KEYFENCE_BASE_RANDOM_H
#define KEYFENCE_BASE_RANDOM_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct kf_random {
    /* Fills out with `length` bytes, or returns KF_ERR_RANDOM; never fewer bytes. */
    enum kf_status (*fill)(void *context, uint8_t *out, size_t length);
    void *context;
};

KF_MUST_USE enum kf_status kf_random_fill(const struct kf_random *random, uint8_t *out,
                                          size_t length);

/* The kernel's generator (getrandom). Needs no context; safe in every thread and after fork. */
struct kf_random kf_random_system(void);

#endif
