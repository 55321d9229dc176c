/* Inversion modulo p and modulo r by division steps: Bernstein and Yang, "Fast constant-time gcd
 * computation and modular inversion" (CHES 2019). Constant-time, the number of steps being the
 * proven bound for the modulus' size. Ten times as fast as a power by p - 2. */
#ifndef KEYFENCE_BLS12381_INVERSE_INT_H
#define KEYFENCE_BLS12381_INVERSE_INT_H

#include <stdint.h>

/* out = 1/a modulo p (r) for a below it, as plain integers; 0 for 0. */
void bls_invert_mod_p(uint64_t out[static 6], const uint64_t a[static 6]);
void bls_invert_mod_r(uint64_t out[static 4], const uint64_t a[static 4]);

#endif
