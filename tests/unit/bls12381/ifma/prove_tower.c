/* Fp2, Fp12, lines and Fp12 across the lanes: contracts of fp2x8_int.h, fp2x4_int.h, fp12x8_int.h,
 * line_int.h, line4_int.h and fp12_int.h. */
#include "bls12381/ifma/fp12_int.h"
#include "bls12381/ifma/inverse_x8_int.h"
#include "bls12381/ifma/line4_int.h"
#include "bls12381/ifma/transpose_int.h"
#include "prove.h"

#define POWER(n) ((bls_vec_i128)1 << (n))

static const struct prove_class columns = {"columns",  -POWER(58), POWER(58),
                                           -POWER(31), POWER(31),  0};
/* A difference of carried elements, carried: what lines may have. */
static const struct prove_class line_limbs = {"line", 0, POWER(50) + POWER(13), 0, POWER(38), 0};

/* Of fixed points; what a load gives; and what an element of Fp12 may have. */
static const struct prove_class small_line = {"small", 0, POWER(50) + POWER(13), 0, POWER(32), 0};
static const struct prove_class loaded = {"loaded", 0, POWER(50) + POWER(13), 0, POWER(32), 0};
static const struct prove_class factor_limbs = {"factor", 0,         POWER(50) + POWER(13),
                                                0,        POWER(36), 0};

static void fp2_mul(void)
{
    struct bls_fp2x8 a, b, out;
    struct bls_fp2x8_wide w;
    prove_given(&a, sizeof a, &line_limbs);
    prove_given(&b, sizeof b, &line_limbs);
    bls_fp2x8_mul_wide(&w, &a, &b);
    prove_gives_wide(&w, sizeof w, &columns);
    bls_fp2x8_mul(&out, &a, &b);
    prove_gives(&out, sizeof out, &prove_reduced);
    bls_fp2x8_mul(&a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void fp2_mul_sums(void)
{
    struct prove_class sum = line_limbs;
    struct bls_fp2x8 a, b;
    struct bls_fp2x8_wide w;
    sum.limit *= 2;
    sum.top_limit *= 2;
    prove_given(&a, sizeof a, &sum);
    prove_given(&b, sizeof b, &sum);
    bls_fp2x8_mul_sums_wide(&w, &a, &b);
    prove_gives_wide(&w, sizeof w, &columns);
}

static void fp2_sums_of_products(void)
{
    struct bls_fp2x8 a, b, out;
    prove_given(&a, sizeof a, &line_limbs);
    prove_given(&b, sizeof b, &line_limbs);
    bls_fp2x8_sum_of_products(&out, &a, &b, &a, &b);
    prove_gives(&out, sizeof out, &prove_reduced);
    bls_fp2x8_difference_of_products(&a, &a, &b, &a, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void fp2_square(void)
{
    struct bls_fp2x8 a;
    struct bls_fp2x8_wide w;
    prove_given(&a, sizeof a, &prove_carried);
    bls_fp2x8_square_wide(&w, &a);
    prove_gives_wide(&w, sizeof w, &columns);
    bls_fp2x8_square(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void fp2_mul_fp(void)
{
    struct bls_fp2x8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp2x8_mul_fp(&a, &a, &a.c1);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void fp2_square_sub_12_squares(void)
{
    struct bls_fp2x8 a;
    prove_given(&a, sizeof a, &prove_carried);
    bls_fp2x8_square_sub_12_squares(&a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void fp2_inverses(void)
{
    struct bls_fp2x8 a[3];
    prove_given(a, sizeof a, &prove_carried);
    bls_fp2x8_inverses(a, 3);
    prove_gives(a, sizeof a, &prove_carried);
}

static void split_mul(void)
{
    struct bls_fp2x8 spread;
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given(&b, sizeof b, &prove_carried);
    bls_fp2x4_mul(&a, &a, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
    prove_given(&spread, sizeof spread, &prove_operand);
    bls_fp2x4_mul_spread(&b, &spread, &b);
    prove_gives(&b, sizeof b, &prove_reduced);
    prove_given(&a, sizeof a, &prove_carried);
    bls_fp2x4_mul(&a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void split_differences(void)
{
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given(&b, sizeof b, &prove_carried);
    bls_fp2x4_difference_of_products(&a, &a, &b, &a, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static const struct prove_class split_left = {"left", 0, POWER(51) + POWER(14), 0, POWER(38), 0};

static void split_square(void)
{
    struct bls_fp8 a, left, right;
    prove_given(&a, sizeof a, &prove_carried);
    bls_fp2x4_square_left(&left, &a);
    prove_gives(&left, sizeof left, &split_left);
    bls_fp2x4_square_right(&right, &a);
    prove_gives(&right, sizeof right, &prove_operand);
    bls_fp2x4_square(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void split_parts(void)
{
    const struct prove_class negated = {"negated", 0, POWER(51), 0, POWER(38), 0};
    struct bls_fp8 a, out;
    prove_given(&a, sizeof a, &prove_carried);
    bls_fp2x4_swap_negated(&out, &a, bls_fp2x4_real());
    prove_gives(&out, sizeof out, &negated);
    bls_fp2x4_swap_negated(&out, &a, bls_lanes_not(bls_fp2x4_real()));
    prove_gives(&out, sizeof out, &negated);
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp2x4_conjugate(&a, &a);
    prove_gives(&a, sizeof a, &prove_carried);
}

static void fp12_mul(void)
{
    struct bls_fp12x8 a, b;
    prove_given(&a, sizeof a, &factor_limbs);
    prove_given(&b, sizeof b, &factor_limbs);
    bls_fp12x8_mul(&a, &a, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
    bls_fp12x8_mul(&a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void line_products(void)
{
    struct bls_linex8 l, m;
    struct bls_line_pairx8 a;
    struct bls_fp12x8 f;
    prove_given(&l, sizeof l, &line_limbs);
    prove_given(&m, sizeof m, &line_limbs);
    bls_linex8_mul(&a, &l, &m);
    prove_gives(&a, sizeof a, &prove_reduced);
    prove_given(&a, sizeof a, &prove_reduced);
    bls_line_pairx8_mul(&f, &a, &a);
    prove_gives(&f, sizeof f, &prove_reduced);
    bls_line_pairx8_mul_line(&f, &a, &l);
    prove_gives(&f, sizeof f, &prove_reduced);
    prove_given(&f, sizeof f, &factor_limbs);
    bls_fp12x8_mul_pair(&f, &f, &a);
    prove_gives(&f, sizeof f, &prove_reduced);
    prove_given(&f, sizeof f, &factor_limbs);
    bls_fp12x8_mul_line(&f, &f, &l);
    prove_gives(&f, sizeof f, &prove_reduced);
}

static void fixed_lines(void)
{
    struct bls_fixed_linex8 l[3];
    struct bls_fp8 x;
    struct bls_fp12x8 f;
    prove_given(l, sizeof l, &prove_reduced);
    prove_given(&x, sizeof x, &loaded);
    for (int i = 0; i < 3; i++) {
        bls_fp2x8_mul_fp(&l[i].l0, &l[i].l0, &x);
        bls_fp2x8_mul_fp(&l[i].l1, &l[i].l1, &x);
    }
    prove_gives(l, sizeof l, &small_line);
    prove_given(l, sizeof l, &small_line);
    bls_fixed_linex8_mul_three(&f, l);
    prove_gives(&f, sizeof f, &factor_limbs);
}

/* The points that a step is given: T as a step left it, the rest as it was loaded. */
static void given_points(struct bls_miller_points *t)
{
    static const struct bls_g1_affine p[BLS_LANES];
    static const struct bls_g2_affine q[BLS_LANES];
    bls_miller_points_load(t, p, q, BLS_LANES);
    prove_gives(&t->x, sizeof t->x, &prove_reduced);
    prove_gives(&t->y, sizeof t->y, &prove_reduced);
    prove_gives(&t->z, sizeof t->z, &prove_reduced);
    prove_given(&t->x, sizeof t->x, &prove_reduced);
    prove_given(&t->y, sizeof t->y, &prove_reduced);
    prove_given(&t->z, sizeof t->z, &prove_reduced);
}

static void gives_points(const struct bls_miller_points *t, const struct bls_linex8 *line)
{
    prove_gives(line, sizeof *line, &line_limbs);
    prove_gives(&t->x, sizeof t->x, &prove_reduced);
    prove_gives(&t->y, sizeof t->y, &prove_reduced);
    prove_gives(&t->z, sizeof t->z, &prove_reduced);
}

static void miller_double(void)
{
    struct bls_miller_points t;
    struct bls_linex8 line;
    given_points(&t);
    bls_miller_double(&line, &t);
    gives_points(&t, &line);
}

static void miller_add(void)
{
    struct bls_miller_points t;
    struct bls_linex8 line;
    given_points(&t);
    bls_miller_add(&line, &t);
    gives_points(&t, &line);
}

static void miller_in_subgroup(void)
{
    struct bls_miller_points t;
    given_points(&t);
    (void)bls_miller_in_subgroup(&t);
}

/* The same of four pairs. */
static void given_points4(struct bls_miller_points4 *t, bool at_one)
{
    static const struct bls_g1_affine p[BLS_SPLIT];
    static const struct bls_g2_affine q[BLS_SPLIT];
    bls_miller_points4_load(t, at_one ? NULL : p, q, BLS_SPLIT);
    prove_gives(&t->x, sizeof t->x, &prove_reduced);
    prove_gives(&t->y, sizeof t->y, &prove_reduced);
    prove_gives(&t->z, sizeof t->z, &prove_reduced);
    prove_given(&t->x, sizeof t->x, &prove_reduced);
    prove_given(&t->y, sizeof t->y, &prove_reduced);
    prove_given(&t->z, sizeof t->z, &prove_reduced);
}

static void gives_points4(const struct bls_miller_points4 *t, const struct bls_linex4 *line)
{
    prove_gives(line, sizeof *line, &prove_carried);
    prove_gives(&t->x, sizeof t->x, &prove_reduced);
    prove_gives(&t->y, sizeof t->y, &prove_reduced);
    prove_gives(&t->z, sizeof t->z, &prove_reduced);
}

static void miller_double4(void)
{
    struct bls_miller_points4 t;
    struct bls_linex4 line;
    for (int at_one = 0; at_one < 2; at_one++) {
        given_points4(&t, at_one == 1);
        bls_miller_double4(&line, &t);
        gives_points4(&t, &line);
    }
}

static void miller_add4(void)
{
    struct bls_miller_points4 t;
    struct bls_linex4 line;
    for (int at_one = 0; at_one < 2; at_one++) {
        given_points4(&t, at_one == 1);
        bls_miller_add4(&line, &t);
        gives_points4(&t, &line);
    }
}

static void miller_in_subgroup4(void)
{
    struct bls_miller_points4 t;
    given_points4(&t, false);
    (void)bls_miller_in_subgroup4(&t);
}

static void across_mul(void)
{
    struct bls_fp12_lanes a, b;
    prove_given(&a, sizeof a, &prove_reduced);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp12_lanes_mul(&a, &a, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
    bls_fp12_lanes_mul(&a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void across_square(void)
{
    struct bls_fp12_lanes a;
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp12_lanes_square(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void across_cyclotomic_square(void)
{
    struct bls_fp12_lanes a;
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp12_lanes_cyclotomic_square(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void across_conjugate(void)
{
    struct bls_fp12_lanes a;
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp12_lanes_conjugate(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void across_memory(void)
{
    struct bls_fp12 f = {0};
    struct bls_fp12_lanes a, parts[BLS_LANES];
    struct bls_fp12x8 factors;
    bls_fp12_lanes_load(&a, &f);
    prove_gives(&a, sizeof a, &prove_reduced);
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp12_lanes_store(&f, &a);
    prove_given(&factors, sizeof factors, &prove_reduced);
    bls_fp12_lanes_split(parts, &factors);
    prove_gives(parts, sizeof parts, &prove_reduced);
}

/* Lane i of vector j is lane j of vector i. */
static void transpose(void)
{
    bls_vec v[BLS_LANES];
    for (int i = 0; i < BLS_LANES; i++) {
        for (int j = 0; j < BLS_LANES; j++) {
            v[i].lane[j] = bls_bound_range(10 * i + j, 10 * i + j);
        }
    }
    bls_vec_transpose(v);
    for (int i = 0; i < BLS_LANES; i++) {
        for (int j = 0; j < BLS_LANES; j++) {
            if (v[i].lane[j].low != 10 * j + i || v[i].lane[j].high != 10 * j + i) {
                bls_bound_fault("transpose", v[i].lane[j]);
            }
        }
    }
}

static const struct proof tower[] = {
    {"fp2x8_mul", fp2_mul, false},
    {"fp2x8_mul_sums_wide", fp2_mul_sums, false},
    {"fp2x8, sums of products", fp2_sums_of_products, false},
    {"fp2x8_square", fp2_square, false},
    {"fp2x8_mul_fp", fp2_mul_fp, false},
    {"fp2x8_square_sub_12_squares", fp2_square_sub_12_squares, false},
    {"fp2x8_inverses", fp2_inverses, false},
    {"fp2x4_mul", split_mul, false},
    {"fp2x4, differences", split_differences, false},
    {"fp2x4_square", split_square, false},
    {"fp2x4, parts", split_parts, false},
    {"fp12x8_mul", fp12_mul, false},
    {"products of lines", line_products, false},
    {"fixed_linex8_mul_three", fixed_lines, false},
    {"miller_double", miller_double, false},
    {"miller_add", miller_add, false},
    {"miller_in_subgroup", miller_in_subgroup, false},
    {"miller_double4", miller_double4, false},
    {"miller_add4", miller_add4, false},
    {"miller_in_subgroup4", miller_in_subgroup4, false},
    {"fp12_lanes_mul", across_mul, false},
    {"fp12_lanes_square", across_square, false},
    {"fp12_lanes_cyclotomic", across_cyclotomic_square, false},
    {"fp12_lanes_conjugate", across_conjugate, false},
    {"fp12_lanes, memory", across_memory, false},
    {"transpose", transpose, false},
};
const struct proof_table proofs_tower = PROOF_TABLE(tower);
