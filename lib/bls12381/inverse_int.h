/* Inversion modulo p and modulo r by division steps: Bernstein and Yang, "Fast constant-time gcd
 * computation and modular inversion" (CHES 2019). Constant-time, the number of steps being the
 * bound for the modulus' size. Ten times as fast as a power by p - 2. */
#ifndef KEYFENCE_BLS12381_INVERSE_INT_H
#define KEYFENCE_BLS12381_INVERSE_INT_H

#include <stdint.h>

/* What division steps depend on: the low 30 bits of f and g at least (the others are carried
 * along), f odd; and zeta = -(delta + 1/2). */
struct bls_division_state {
    uint64_t f, g, zeta;
};
/* The matrix ((u, v), (q, r)) of 30 steps: uv = u + 2^32 v, qr = q + 2^32 r, modulo 2^64. */
struct bls_division_rows {
    uint64_t uv, qr;
};

/* out = 1/a modulo p (r) for a below it, as plain integers; 0 for 0. */
void bls_invert_mod_p(uint64_t out[static 6], const uint64_t a[static 6]);
void bls_invert_mod_r(uint64_t out[static 4], const uint64_t a[static 4]);

#endif
