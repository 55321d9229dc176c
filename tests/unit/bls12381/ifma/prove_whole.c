/* Whole operations, from memory to memory: whatever the points and scalars, for these counts. */
#include "prove.h"

#include "bls12381/ifma/miller_int.h"
#include "bls12381/ifma/path_ifma_int.h"
#include "bls12381/point_int.h"

enum { MANY = 19 };

static void g1_mul_sum(void)
{
    static struct bls_fr k[MANY];
    static struct bls_g1_affine a[MANY];
    struct bls_g1 out[MANY];
    bls_ifma_g1_mul_sum_batch(out, k, a, 1, MANY);
    bls_ifma_g1_mul_sum_batch(out, k, a, MANY, 1);
}

static void g1_sum(void)
{
    static struct bls_g1_affine a[MANY];
    struct bls_g1 out[MANY];
    bls_ifma_g1_sum_batch(out, a, 1, MANY);
    bls_ifma_g1_sum_batch(out, a, MANY, 1);
}

static void hash_to_g1(void)
{
    static const uint8_t message[] = "message";
    struct bls_hash_input in[MANY];
    struct bls_g1_affine out[MANY];
    static struct bls_g1 cleared[MANY];
    for (int i = 0; i < MANY; i++) {
        in[i] = (struct bls_hash_input){message, sizeof message, message, sizeof message};
    }
    bls_ifma_hash_uncleared_batch(out, in, MANY);
    bls_ifma_g1_clear_cofactor_batch(cleared, MANY);
}

static void g2_mul_sum(void)
{
    static struct bls_fr k[MANY];
    static struct bls_g2_affine a[MANY];
    struct bls_g2 out[MANY];
    bls_ifma_g2_mul_sum_batch(out, k, a, 1, 9);
    bls_ifma_g2_mul_sum_batch(out, k, a, MANY, 1);
}

static void in_subgroup(void)
{
    static struct bls_g1_affine a[MANY];
    static struct bls_g2_affine b[MANY];
    (void)bls_ifma_g1_in_subgroup_batch(a, MANY);
    (void)bls_ifma_g2_in_subgroup_batch(b, MANY);
}

static void g1_base(void)
{
    static struct bls_g1_base base;
    static struct bls_g1_affine a;
    static struct bls_fr k[9];
    static struct bls_g1 start[9];
    const struct bls_g1_base *bases[9];
    struct bls_g1 out[9];
    for (int i = 0; i < 9; i++) {
        bases[i] = &base;
    }
    bls_ifma_g1_base_init(&base, &a);
    bls_ifma_g1_base_mul_sum_batch(out, start, bases, k, 1, 9);
    bls_ifma_g1_base_mul_sum_batch(out, NULL, bases, k, 9, 1);
}

static void g2_base(void)
{
    static struct bls_g2_base base;
    static struct bls_g2_affine a;
    static struct bls_fr k[9];
    static struct bls_g2 start[9];
    const struct bls_g2_base *bases[9];
    struct bls_g2 out[9];
    for (int i = 0; i < 9; i++) {
        bases[i] = &base;
    }
    bls_ifma_g2_base_init(&base, &a);
    bls_ifma_g2_base_mul_sum_batch(out, start, bases, k, 1, 9);
    bls_ifma_g2_base_mul_sum_batch(out, NULL, bases, k, 9, 1);
}

/* The generators' tables, which nothing stored, are below the limits of what is stored. */
static void check_limbs(const uint64_t (*limbs)[BLS_WINDOW_ENTRIES], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t limit = bls_fp8_limit((int)(i % BLS_FP8_LIMBS));
        for (int j = 0; j < BLS_WINDOW_ENTRIES; j++) {
            if (limbs[i][j] >= limit) {
                bls_bound_fault("table", bls_bound_range(limbs[i][j], limbs[i][j]));
            }
        }
    }
}

static void generators(void)
{
    const struct bls_g1_base *base1 = &bls_ifma_g1_generator_table;
    const struct bls_g2_base *base2 = &bls_ifma_g2_generator_table;
    check_limbs(base1->u.lanes[0][0], sizeof base1->u.lanes / sizeof base1->u.lanes[0][0][0]);
    check_limbs(base2->u.lanes[0][0], sizeof base2->u.lanes / sizeof base2->u.lanes[0][0][0]);
}

static void g2_lines_init(void)
{
    static struct bls_g2_affine q;
    struct bls_g2_lines lines;
    bls_ifma_g2_lines_init(&lines, &q);
}

/* Every way in which the lines of n pairs and nf fixed points are put together. */
static void miller(void)
{
    static const size_t counts[][2] = {
        {1, 0}, {2, 1}, {3, 2}, {4, 0}, {0, 1}, {0, 2}, {0, 3}, {7, 5}, {12, 3}, {16, 8},
    };
    static struct bls_g1_affine p[BLS_MILLER_PAIRS];
    static struct bls_g2_affine q[BLS_MILLER_PAIRS];
    static struct bls_g2_lines lines;
    const struct bls_g2_lines *fixed[BLS_MILLER_FIXED];
    struct bls_fp12_lanes f;
    for (int i = 0; i < BLS_MILLER_FIXED; i++) {
        fixed[i] = &lines;
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        bls_miller(&f, p, q, counts[i][0], p, fixed, counts[i][1]);
        prove_gives(&f, sizeof f, &prove_reduced);
    }
}

static void pairing_product(void)
{
    static struct bls_g1_affine p[BLS_MILLER_PAIRS + 1];
    static struct bls_g2_affine q[BLS_MILLER_PAIRS + 1];
    struct bls_gt out;
    uint64_t good;
    bls_ifma_pairing_product_fixed(&out, &good, p, q, BLS_MILLER_PAIRS + 1, NULL, NULL, 0);
    bls_ifma_pairing_product_fixed(&out, &good, NULL, NULL, 0, NULL, NULL, 0);
}

static void gt_base(void)
{
    static struct bls_gt a;
    static struct bls_gt_base base;
    static struct bls_fr k[3];
    const struct bls_gt_base *const bases[3] = {&base, &base, &base};
    struct bls_gt out;
    bls_ifma_gt_base_init(&base, &a);
    bls_ifma_gt_base_exp_product(&out, bases, k, 3);
}

static const struct proof whole[] = {
    {"g1_mul_sum_batch", g1_mul_sum, false},
    {"hash_uncleared_batch, g1_clear_cofactor_batch", hash_to_g1, false},
    {"g1_sum_batch", g1_sum, false},
    {"g2_mul_sum_batch", g2_mul_sum, false},
    {"in_subgroup_batch", in_subgroup, false},
    {"g1_base", g1_base, false},
    {"g2_base", g2_base, false},
    {"generators' tables", generators, false},
    {"g2_lines_init", g2_lines_init, false},
    {"miller", miller, false},
    {"pairing_product_fixed", pairing_product, false},
    {"gt_base", gt_base, false},
};
const struct proof_table proofs_whole = PROOF_TABLE(whole);
