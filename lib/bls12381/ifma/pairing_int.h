/* The pairing on eight lanes: docs/design/0008-fast-pairing.md. Contracts as the functions of
 * bls12381.h that have these names without _ifma. */
#ifndef KEYFENCE_BLS12381_IFMA_PAIRING_INT_H
#define KEYFENCE_BLS12381_IFMA_PAIRING_INT_H

#include "bls12381/bls12381.h"

void bls_ifma_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q);
void bls_ifma_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                                    const struct bls_g1_affine *p, const struct bls_g2_affine *q,
                                    size_t n, const struct bls_g1_affine *pf,
                                    const struct bls_g2_lines *const *lines, size_t nf);

#endif
