/* The batch operations of the path "ifma". The contracts are those of the functions in bls12381.h
 * that have these names. */
#ifndef KEYFENCE_BLS12381_PATH_IFMA_INT_H
#define KEYFENCE_BLS12381_PATH_IFMA_INT_H

#include "bls12381/path_int.h"

extern const struct bls_path_ops bls_path_ifma;

/* The generators, made by constants.py at build time. */
extern const struct bls_g1_base bls_ifma_g1_generator_table;
extern const struct bls_g2_base bls_ifma_g2_generator_table;

void bls_ifma_hash_uncleared_batch(struct bls_g1_affine *out, const struct bls_hash_input *in,
                                   size_t n);
void bls_ifma_g1_clear_cofactor_batch(struct bls_g1 *p, size_t n);
void bls_ifma_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k,
                               const struct bls_g1_affine *a, size_t terms, size_t sums);
void bls_ifma_g1_sum_batch(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms,
                           size_t sums);
void bls_ifma_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q);
void bls_ifma_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                                    const struct bls_g1_affine *p, const struct bls_g2_affine *q,
                                    size_t n, const struct bls_g1_affine *pf,
                                    const struct bls_g2_lines *const *lines, size_t nf);

void bls_ifma_g1_base_init(struct bls_g1_base *base, const struct bls_g1_affine *a);
void bls_ifma_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                                    const struct bls_g1_base *const *base, const struct bls_fr *k,
                                    size_t terms, size_t sums);
void bls_ifma_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a);
void bls_ifma_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                                  const struct bls_fr *k, size_t n);

void bls_ifma_g2_mul_sum_batch(struct bls_g2 *out, const struct bls_fr *k,
                               const struct bls_g2_affine *a, size_t terms, size_t sums);
void bls_ifma_g2_base_init(struct bls_g2_base *base, const struct bls_g2_affine *a);
void bls_ifma_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                                    const struct bls_g2_base *const *base, const struct bls_fr *k,
                                    size_t terms, size_t sums);
uint64_t bls_ifma_g1_in_subgroup_batch(const struct bls_g1_affine *a, size_t n);
uint64_t bls_ifma_g2_in_subgroup_batch(const struct bls_g2_affine *a, size_t n);

#endif
