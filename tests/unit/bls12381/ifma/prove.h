/* Proofs of the eight-lane path's bounds: each kernel is run on ranges (vec_bound_int.h) that hold
 * every input its contract allows, and must neither lose a bit nor give a result outside of what
 * its contract says. One line is printed for each proof: the largest limb of the results, the
 * largest top limb, the largest value in multiples of p, the widest sum on the way (63 bits are
 * there) and the widest factor of a multiplication (52 are there).
 *
 * To add a proof: write a function of no arguments that fills the inputs with prove_given, calls
 * the kernel and states the results with prove_gives, and name it in a row of a table that
 * prove_bounds.c lists:
 *
 *     static void fp8_mul(void)
 *     {
 *         struct bls_fp8 a, b, out;
 *         prove_given(&a, sizeof a, &prove_operand);
 *         prove_given(&b, sizeof b, &prove_operand);
 *         bls_fp8_mul(&out, &a, &b);
 *         prove_gives(&out, sizeof out, &prove_reduced);
 *     }
 *     ...
 *     {"fp8_mul", fp8_mul, false},
 *
 * Whatever is made of struct bls_fp8 alone, a point or an element of Fp12, is given and checked in
 * one call. A loop of many steps needs a proof of one: what the step is given, it gives. Loads are
 * of unknown words, so functions between memory and memory are run as they are.
 *
 * A row whose last member is true is refused: the proof must find something. Those are there to
 * show that it does. */
#ifndef KEYFENCE_TESTS_BLS12381_PROVE_H
#define KEYFENCE_TESTS_BLS12381_PROVE_H

#include "bls12381/ifma/fp8_int.h"

#include <stdbool.h>
#include <stddef.h>

/* Limbs or columns from low and below limit; the last one's, and their sum's in multiples of p (0:
 * nothing said). */
struct prove_class {
    const char *name;
    bls_vec_i128 low, limit, top_low, top_limit;
    unsigned value;
};

/* The classes of fp8_int.h, and sums of n reduced elements. */
extern const struct prove_class prove_reduced, prove_carried, prove_operand, prove_wide;
struct prove_class prove_sum(unsigned n);

struct proof {
    const char *name;
    void (*run)(void);
    bool refused;
};
struct proof_table {
    const struct proof *proofs;
    size_t n;
};
#define PROOF_TABLE(proofs)                                                                        \
    {                                                                                              \
        proofs, sizeof proofs / sizeof proofs[0]                                                   \
    }

/* x, of `size` bytes, is elements or wide elements and nothing else. */
void prove_given(void *x, size_t size, const struct prove_class *c);
void prove_given_wide(void *x, size_t size, const struct prove_class *c);
void prove_gives(const void *x, size_t size, const struct prove_class *c);
void prove_gives_wide(const void *x, size_t size, const struct prove_class *c);

#endif
