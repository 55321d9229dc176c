/* Which code this machine runs. A path is a name, a table of kernels (scalar field arithmetic) and
 * a table of batch operations:
 *
 *   path      needs                           kernels             batch operations
 *   portable  a compiler                      portable C          loops over the others
 *   mulx      BMI2 and ADX                    assembly in mulx/   as portable
 *   ifma      that and AVX-512 F DQ VL IFMA   as mulx             eight lanes, in ifma/
 *
 * The best one that the processor and the operating system (XCR0) support is chosen before main()
 * begins; the environment variable BLS12381_PATH names another one, for tests and measurements,
 * where it is supported (else, and in set-user-ID programs, it is ignored). All paths compute the
 * same values: the portable path is the twin that the others are tested against.
 *
 * No ifunc: sanitizers and valgrind run before or without the resolver's relocations. The tables
 * are constant; the two pointers to them are written once, before there are threads, and point to
 * the portable tables until then. */
#ifndef KEYFENCE_BLS12381_PATH_INT_H
#define KEYFENCE_BLS12381_PATH_INT_H

#include "bls12381/bls12381.h"

#include <stdbool.h>

struct bls_wide;
struct bls_fp2_wide;
struct bls_division_rows;
struct bls_division_state;
struct bls_hash_input;
struct bls_g1_base;
struct bls_g2_base;
struct bls_g2_lines;
struct bls_gt_base;

/* The contracts are those of the functions in fp_int.h and tower_int.h that have these names,
 * except where said otherwise. */
struct bls_kernels {
    void (*fp_mul)(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b);
    void (*fp_square)(struct bls_fp *out, const struct bls_fp *a);
    void (*fp_square_n)(struct bls_fp *out, const struct bls_fp *a, size_t n);
    void (*fp_mul_wide)(struct bls_wide *out, const struct bls_fp *a, const struct bls_fp *b);
    void (*fp_square_wide)(struct bls_wide *out, const struct bls_fp *a);
    void (*fp_reduce_wide)(struct bls_fp *out, const struct bls_wide *w);
    void (*fp2_mul)(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
    void (*fp2_square)(struct bls_fp2 *out, const struct bls_fp2 *a);
    void (*fp2_mul_wide)(struct bls_fp2_wide *out, const struct bls_fp2 *a,
                         const struct bls_fp2 *b);
    void (*fp2_square_wide)(struct bls_fp2_wide *out, const struct bls_fp2 *a);
    void (*fp2_reduce_wide)(struct bls_fp2 *out, const struct bls_fp2_wide *w);
    /* inverse_int.h: 30 steps from *state, which becomes the state after them. */
    void (*thirty_steps)(struct bls_division_rows *out, struct bls_division_state *state);
};

/* The contracts are those of bls12381.h. A function bls_X there is a call of the member X; its
 * portable form is bls_portable_X, declared below. */
struct bls_path_ops {
    size_t lanes;
    void (*hash_uncleared_batch)(struct bls_g1_affine *out, const struct bls_hash_input *in,
                                 size_t n);
    void (*g1_clear_cofactor_batch)(struct bls_g1 *p, size_t n);
    void (*g1_mul_sum_batch)(struct bls_g1 *out, const struct bls_fr *k,
                             const struct bls_g1_affine *a, size_t terms, size_t sums);
    void (*g1_mul_sum_batch_vartime)(struct bls_g1 *out, const struct bls_fr *k,
                                     const struct bls_g1_affine *a, size_t terms, size_t sums);
    void (*g2_mul_sum_batch)(struct bls_g2 *out, const struct bls_fr *k,
                             const struct bls_g2_affine *a, size_t terms, size_t sums);
    void (*g1_sum_batch)(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms,
                         size_t sums);
    const struct bls_g1_base *g1_generator_base;
    const struct bls_g2_base *g2_generator_base;
    void (*g1_base_init)(struct bls_g1_base *base, const struct bls_g1_affine *a);
    void (*g2_base_init)(struct bls_g2_base *base, const struct bls_g2_affine *a);
    void (*g1_base_mul_sum_batch)(struct bls_g1 *out, const struct bls_g1 *start,
                                  const struct bls_g1_base *const *base, const struct bls_fr *k,
                                  size_t terms, size_t sums);
    void (*g2_base_mul_sum_batch)(struct bls_g2 *out, const struct bls_g2 *start,
                                  const struct bls_g2_base *const *base, const struct bls_fr *k,
                                  size_t terms, size_t sums);
    enum kf_status (*g1_decode_batch)(struct bls_g1_affine *out, const uint8_t *const *in,
                                      size_t n);
    enum kf_status (*g2_decode_batch)(struct bls_g2_affine *out, const uint8_t *const *in,
                                      size_t n);
    uint64_t (*g1_in_subgroup_batch)(const struct bls_g1_affine *a, size_t n);
    uint64_t (*g2_in_subgroup_batch)(const struct bls_g2_affine *a, size_t n);
    void (*g2_lines_init)(struct bls_g2_lines *lines, const struct bls_g2_affine *q);
    void (*pairing_product_fixed)(struct bls_gt *out, uint64_t *in_subgroup,
                                  const struct bls_g1_affine *p, const struct bls_g2_affine *q,
                                  size_t n, const struct bls_g1_affine *pf,
                                  const struct bls_g2_lines *const *lines, size_t nf);
    void (*gt_base_init)(struct bls_gt_base *base, const struct bls_gt *a);
    void (*gt_base_exp_product)(struct bls_gt *out, const struct bls_gt_base *const *base,
                                const struct bls_fr *k, size_t n);
};

struct bls_path_choice {
    const char *name;
    bool (*supported)(void);
    const struct bls_kernels *kernels;
    const struct bls_path_ops *ops;
};

/* What this architecture has, the best first, portable last: path_x86_64.c or path_other.c. */
extern const struct bls_path_choice bls_path_choices[];
extern const size_t bls_path_choice_count;

/* The chosen tables. */
extern const struct bls_kernels *bls_kernels;
extern const struct bls_path_ops *bls_path_ops;

/* Whether this machine can run the path of that name (false for a name that no path has). */
bool bls_path_supported(const char *name);

extern const struct bls_kernels bls_kernels_portable;
extern const struct bls_path_ops bls_path_portable;

void bls_portable_fp_mul(struct bls_fp *out, const struct bls_fp *a, const struct bls_fp *b);
void bls_portable_fp_square(struct bls_fp *out, const struct bls_fp *a);
void bls_portable_fp_square_n(struct bls_fp *out, const struct bls_fp *a, size_t n);
void bls_portable_fp_mul_wide(struct bls_wide *out, const struct bls_fp *a, const struct bls_fp *b);
void bls_portable_fp_square_wide(struct bls_wide *out, const struct bls_fp *a);
void bls_portable_fp_reduce_wide(struct bls_fp *out, const struct bls_wide *w);
void bls_portable_fp2_mul(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b);
void bls_portable_fp2_square(struct bls_fp2 *out, const struct bls_fp2 *a);
void bls_portable_fp2_mul_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a,
                               const struct bls_fp2 *b);
void bls_portable_fp2_square_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a);
void bls_portable_fp2_reduce_wide(struct bls_fp2 *out, const struct bls_fp2_wide *w);

void bls_portable_thirty_steps(struct bls_division_rows *out, struct bls_division_state *state);

void bls_portable_hash_uncleared_batch(struct bls_g1_affine *out, const struct bls_hash_input *in,
                                       size_t n);
void bls_portable_g1_clear_cofactor_batch(struct bls_g1 *p, size_t n);
void bls_portable_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k,
                                   const struct bls_g1_affine *a, size_t terms, size_t sums);
void bls_portable_g1_mul_sum_batch_vartime(struct bls_g1 *out, const struct bls_fr *k,
                                           const struct bls_g1_affine *a, size_t terms,
                                           size_t sums);
void bls_portable_g2_mul_sum_batch(struct bls_g2 *out, const struct bls_fr *k,
                                   const struct bls_g2_affine *a, size_t terms, size_t sums);
void bls_portable_g1_sum_batch(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms,
                               size_t sums);
void bls_portable_g1_base_init(struct bls_g1_base *base, const struct bls_g1_affine *a);
void bls_portable_g2_base_init(struct bls_g2_base *base, const struct bls_g2_affine *a);
void bls_portable_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                                        const struct bls_g1_base *const *base,
                                        const struct bls_fr *k, size_t terms, size_t sums);
void bls_portable_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                                        const struct bls_g2_base *const *base,
                                        const struct bls_fr *k, size_t terms, size_t sums);
enum kf_status bls_portable_g1_decode_batch(struct bls_g1_affine *out, const uint8_t *const *in,
                                            size_t n);
enum kf_status bls_portable_g2_decode_batch(struct bls_g2_affine *out, const uint8_t *const *in,
                                            size_t n);
uint64_t bls_portable_g1_in_subgroup_batch(const struct bls_g1_affine *a, size_t n);
uint64_t bls_portable_g2_in_subgroup_batch(const struct bls_g2_affine *a, size_t n);

void bls_portable_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a);
void bls_portable_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                                      const struct bls_fr *k, size_t n);
void bls_portable_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q);
void bls_portable_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                                        const struct bls_g1_affine *p,
                                        const struct bls_g2_affine *q, size_t n,
                                        const struct bls_g1_affine *pf,
                                        const struct bls_g2_lines *const *lines, size_t nf);

#endif
