/* MemorySanitizer takes a secret in an assembly statement for its use: in its build the barrier is
 * a turn through memory. */
#ifndef KEYFENCE_BASE_CT_BARRIER_MSAN_INT_H
#define KEYFENCE_BASE_CT_BARRIER_MSAN_INT_H

#include <stdint.h>

static inline uint64_t kf_ct_barrier(uint64_t v)
{
    volatile uint64_t hidden = v;
    return hidden;
}

#endif
