/* The batch operations of the path "ifma". The contracts are those of the functions in bls12381.h
 * that have these names. */
#ifndef KEYFENCE_BLS12381_PATH_IFMA_INT_H
#define KEYFENCE_BLS12381_PATH_IFMA_INT_H

#include "bls12381/path_int.h"

extern const struct bls_path_ops bls_path_ifma;

void bls_ifma_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k,
                               const struct bls_g1_affine *a, size_t terms, size_t sums);

#endif
