/* The path "ifma": what has eight lanes, and the portable form of the rest. */
#include "bls12381/ifma/path_ifma_int.h"

const struct bls_path_ops bls_path_ifma = {
    .lanes = 8,
    .g1_generator_base = &bls_ifma_g1_generator_table,
    .g2_generator_base = &bls_ifma_g2_generator_table,
    .hash_uncleared_batch = bls_ifma_hash_uncleared_batch,
    .g1_clear_cofactor_batch = bls_ifma_g1_clear_cofactor_batch,
    .g1_mul_sum_batch = bls_ifma_g1_mul_sum_batch,
    .g1_mul_sum_batch_vartime = bls_ifma_g1_mul_sum_batch,
    .g2_mul_sum_batch = bls_ifma_g2_mul_sum_batch,
    .g1_sum_batch = bls_ifma_g1_sum_batch,
    .g1_base_init = bls_ifma_g1_base_init,
    .g2_base_init = bls_ifma_g2_base_init,
    .g1_base_mul_sum_batch = bls_ifma_g1_base_mul_sum_batch,
    .g2_base_mul_sum_batch = bls_ifma_g2_base_mul_sum_batch,
    .g1_decode_batch = bls_portable_g1_decode_batch,
    .g2_decode_batch = bls_portable_g2_decode_batch,
    .g1_in_subgroup_batch = bls_ifma_g1_in_subgroup_batch,
    .g2_in_subgroup_batch = bls_ifma_g2_in_subgroup_batch,
    .g2_lines_init = bls_ifma_g2_lines_init,
    .pairing_product_fixed = bls_ifma_pairing_product_fixed,
    .gt_base_init = bls_ifma_gt_base_init,
    .gt_base_exp_product = bls_ifma_gt_base_exp_product,
};
