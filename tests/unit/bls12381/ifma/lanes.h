/* What the tests of the eight-lane path share. */
#ifndef KEYFENCE_TESTS_BLS12381_LANES_H
#define KEYFENCE_TESTS_BLS12381_LANES_H

#include "../helper.h"
#include "bls12381/ifma/fp8_int.h"

/* Whether this machine can run what this program was compiled for; if not, its status is 77. */
static inline bool lanes_supported(void)
{
#ifdef BLS_VEC_PORTABLE
    return true;
#else
    return __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
#endif
}

#endif
