/* The choice of a path, and the portable one's tables. The contract is in path_int.h. */
#include "bls12381/path_int.h"
#include "bls12381/tables_int.h"

#include <stdlib.h>
#include <string.h>

const struct bls_kernels bls_kernels_portable = {
    .fp_mul = bls_portable_fp_mul,
    .fp_square = bls_portable_fp_square,
    .fp_square_n = bls_portable_fp_square_n,
    .fp_mul_wide = bls_portable_fp_mul_wide,
    .fp_square_wide = bls_portable_fp_square_wide,
    .fp_reduce_wide = bls_portable_fp_reduce_wide,
    .fp2_mul = bls_portable_fp2_mul,
    .fp2_square = bls_portable_fp2_square,
    .fp2_mul_wide = bls_portable_fp2_mul_wide,
    .fp2_square_wide = bls_portable_fp2_square_wide,
    .fp2_reduce_wide = bls_portable_fp2_reduce_wide,
    .thirty_steps = bls_portable_thirty_steps,
};

/* A member is here from the day its public function calls it. */
const struct bls_path_ops bls_path_portable = {
    .lanes = 1,
    .g1_generator_base = &bls_g1_generator_table,
    .g2_generator_base = &bls_g2_generator_table,
    .hash_uncleared_batch = bls_portable_hash_uncleared_batch,
    .g1_clear_cofactor_batch = bls_portable_g1_clear_cofactor_batch,
    .g1_mul_sum_batch = bls_portable_g1_mul_sum_batch,
    .g1_mul_sum_batch_vartime = bls_portable_g1_mul_sum_batch_vartime,
    .g2_mul_sum_batch = bls_portable_g2_mul_sum_batch,
    .g1_sum_batch = bls_portable_g1_sum_batch,
    .g1_base_init = bls_portable_g1_base_init,
    .g2_base_init = bls_portable_g2_base_init,
    .g1_base_mul_sum_batch = bls_portable_g1_base_mul_sum_batch,
    .g2_base_mul_sum_batch = bls_portable_g2_base_mul_sum_batch,
    .g1_decode_batch = bls_portable_g1_decode_batch,
    .g2_decode_batch = bls_portable_g2_decode_batch,
    .g1_in_subgroup_batch = bls_portable_g1_in_subgroup_batch,
    .g2_in_subgroup_batch = bls_portable_g2_in_subgroup_batch,
    .g2_lines_init = bls_portable_g2_lines_init,
    .pairing_product_fixed = bls_portable_pairing_product_fixed,
    .gt_base_init = bls_portable_gt_base_init,
    .gt_base_exp_product = bls_portable_gt_base_exp_product,
};

const struct bls_kernels *bls_kernels = &bls_kernels_portable;
const struct bls_path_ops *bls_path_ops = &bls_path_portable;
static const char *chosen_name = "portable";

static const struct bls_path_choice *find(const char *name)
{
    for (size_t i = 0; i < bls_path_choice_count; i++) {
        const struct bls_path_choice *choice = &bls_path_choices[i];
        if ((name == NULL || strcmp(choice->name, name) == 0) && choice->supported()) {
            return choice;
        }
    }
    return NULL;
}

__attribute__((constructor)) static void choose(void)
{
    const char *wanted = secure_getenv("BLS12381_PATH");
    const struct bls_path_choice *choice = wanted != NULL ? find(wanted) : NULL;
    if (choice == NULL) {
        choice = find(NULL);
    }
    if (choice != NULL) {
        bls_kernels = choice->kernels;
        bls_path_ops = choice->ops;
        chosen_name = choice->name;
    }
}

const char *bls_path_name(void)
{
    return chosen_name;
}

size_t bls_path_lanes(void)
{
    return bls_path_ops->lanes;
}

bool bls_path_supported(const char *name)
{
    return name != NULL && find(name) != NULL;
}
