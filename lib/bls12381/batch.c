/* Batches: whoever does them on this machine's path. */
#include "bls12381/path_int.h"

void bls_hash_uncleared_batch(struct bls_g1_affine *out, const struct bls_hash_input *in, size_t n)
{
    bls_path_ops->hash_uncleared_batch(out, in, n);
}

void bls_g1_clear_cofactor_batch(struct bls_g1 *p, size_t n)
{
    bls_path_ops->g1_clear_cofactor_batch(p, n);
}

void bls_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1_affine *a,
                          size_t terms, size_t sums)
{
    bls_path_ops->g1_mul_sum_batch(out, k, a, terms, sums);
}

void bls_g1_mul_sum_batch_vartime(struct bls_g1 *out, const struct bls_fr *k,
                                  const struct bls_g1_affine *a, size_t terms, size_t sums)
{
    bls_path_ops->g1_mul_sum_batch_vartime(out, k, a, terms, sums);
}

void bls_g2_mul_sum_batch(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2_affine *a,
                          size_t terms, size_t sums)
{
    bls_path_ops->g2_mul_sum_batch(out, k, a, terms, sums);
}

void bls_g1_sum_batch(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms, size_t sums)
{
    bls_path_ops->g1_sum_batch(out, a, terms, sums);
}

void bls_g1_base_init(struct bls_g1_base *base, const struct bls_g1_affine *a)
{
    bls_path_ops->g1_base_init(base, a);
}

void bls_g2_base_init(struct bls_g2_base *base, const struct bls_g2_affine *a)
{
    bls_path_ops->g2_base_init(base, a);
}

const struct bls_g1_base *bls_g1_generator_base(void)
{
    return bls_path_ops->g1_generator_base;
}

const struct bls_g2_base *bls_g2_generator_base(void)
{
    return bls_path_ops->g2_generator_base;
}

void bls_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                               const struct bls_g1_base *const *base, const struct bls_fr *k,
                               size_t terms, size_t sums)
{
    bls_path_ops->g1_base_mul_sum_batch(out, start, base, k, terms, sums);
}

void bls_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                               const struct bls_g2_base *const *base, const struct bls_fr *k,
                               size_t terms, size_t sums)
{
    bls_path_ops->g2_base_mul_sum_batch(out, start, base, k, terms, sums);
}

void bls_g1_mul_generator(struct bls_g1 *out, const struct bls_fr *k)
{
    const struct bls_g1_base *base = bls_g1_generator_base();
    bls_g1_base_mul_sum_batch(out, NULL, &base, k, 1, 1);
}

void bls_g2_mul_generator(struct bls_g2 *out, const struct bls_fr *k)
{
    const struct bls_g2_base *base = bls_g2_generator_base();
    bls_g2_base_mul_sum_batch(out, NULL, &base, k, 1, 1);
}

enum kf_status bls_g1_decode_batch(struct bls_g1_affine *out, const uint8_t *const *in, size_t n)
{
    return bls_path_ops->g1_decode_batch(out, in, n);
}

enum kf_status bls_g2_decode_batch(struct bls_g2_affine *out, const uint8_t *const *in, size_t n)
{
    return bls_path_ops->g2_decode_batch(out, in, n);
}

uint64_t bls_g1_in_subgroup_batch(const struct bls_g1_affine *a, size_t n)
{
    return bls_path_ops->g1_in_subgroup_batch(a, n);
}

uint64_t bls_g2_in_subgroup_batch(const struct bls_g2_affine *a, size_t n)
{
    return bls_path_ops->g2_in_subgroup_batch(a, n);
}

void bls_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q)
{
    bls_path_ops->g2_lines_init(lines, q);
}

void bls_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                               const struct bls_g1_affine *p, const struct bls_g2_affine *q,
                               size_t n, const struct bls_g1_affine *pf,
                               const struct bls_g2_lines *const *lines, size_t nf)
{
    bls_path_ops->pairing_product_fixed(out, in_subgroup, p, q, n, pf, lines, nf);
}

void bls_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a)
{
    bls_path_ops->gt_base_init(base, a);
}

void bls_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                             const struct bls_fr *k, size_t n)
{
    bls_path_ops->gt_base_exp_product(out, base, k, n);
}
