#ifndef KEYFENCE_BASE_CT_BARRIER_INT_H
#define KEYFENCE_BASE_CT_BARRIER_INT_H

#include <stdint.h>

/* Hides a value from the optimiser, so that it cannot turn masks back into branches. */
static inline uint64_t kf_ct_barrier(uint64_t v)
{
    __asm__("" : "+r"(v));
    return v;
}

#endif
