/* The field's kernels: contracts of fp8_int.h. */
#include "prove.h"

#define POWER(n) ((bls_vec_i128)1 << (n))

static void mul(void)
{
    struct bls_fp8 a, b, out;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given(&b, sizeof b, &prove_operand);
    bls_fp8_mul(&out, &a, &b);
    prove_gives(&out, sizeof out, &prove_reduced);
}

static void mul_in_place(void)
{
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_mul(&a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static const struct prove_class half_operand = {"half", 0, POWER(51), 0, POWER(40), 0};

static void square(void)
{
    struct bls_fp8 a, out;
    prove_given(&a, sizeof a, &half_operand);
    bls_fp8_square(&out, &a);
    prove_gives(&out, sizeof out, &prove_reduced);
}

static const struct prove_class product = {"product", 0, POWER(58), 0, POWER(31), 0};

static const struct prove_class small_product = {"product", 0, POWER(56), 0, POWER(31), 0};

static void mul_wide(void)
{
    struct bls_fp8 a, b;
    struct bls_fp8_wide out;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given(&b, sizeof b, &prove_operand);
    bls_fp8_mul_wide(&out, &a, &b);
    prove_gives_wide(&out, sizeof out, &product);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_mul_wide(&out, &a, &b);
    prove_gives_wide(&out, sizeof out, &small_product);
    bls_fp8_mul_wide(&out, &b, &a);
    prove_gives_wide(&out, sizeof out, &small_product);
}

static void reduce(void)
{
    struct bls_fp8 out;
    struct bls_fp8_wide a;
    prove_given_wide(&a, sizeof a, &prove_wide);
    bls_fp8_reduce(&out, &a);
    prove_gives(&out, sizeof out, &prove_reduced);
}

static void wide_sums(void)
{
    struct bls_fp8 x, out;
    struct bls_fp8_wide a, b;
    prove_given(&x, sizeof x, &prove_operand);
    bls_fp8_mul_wide(&a, &x, &x);
    bls_fp8_mul_wide(&b, &x, &x);
    bls_fp8_wide_add(&a, &a, &b);
    prove_gives_wide(&a, sizeof a, &prove_wide);
    bls_fp8_wide_sub(&a, &a, &b);
    prove_gives_wide(&a, sizeof a, &prove_wide);
    bls_fp8_reduce(&out, &a);
    prove_gives(&out, sizeof out, &prove_reduced);
}

static void add(void)
{
    const struct prove_class sum = prove_sum(2);
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_reduced);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_add(&a, &a, &b);
    prove_gives(&a, sizeof a, &sum);
    prove_gives(&a, sizeof a, &prove_operand);
}

/* What the differences are below, with a = 0. */
static const struct prove_class above_1 = {"above 1", 0, POWER(51), 0, POWER(35), 0};
static const struct prove_class above_2 = {"above 2", 0, 3 * POWER(50), 0, POWER(36), 0};

static void sub(void)
{
    struct bls_fp8 a, b, out;
    bls_fp8_set(&a, (const uint64_t[BLS_FP8_LIMBS]){0});
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_sub(&out, &a, &b);
    prove_gives(&out, sizeof out, &above_1);
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp8_sub(&out, &a, &b);
    prove_gives(&out, sizeof out, &prove_operand);
}

static void sub_of_sum(void)
{
    const struct prove_class sum = prove_sum(2);
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &sum);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_sub(&a, &a, &b);
    prove_gives(&a, sizeof a, &prove_operand);
}

static void sub_2(void)
{
    const struct prove_class sum = prove_sum(2);
    struct bls_fp8 a, b, out;
    bls_fp8_set(&a, (const uint64_t[BLS_FP8_LIMBS]){0});
    prove_given(&b, sizeof b, &sum);
    bls_fp8_sub_2(&out, &a, &b);
    prove_gives(&out, sizeof out, &above_2);
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp8_sub_2(&out, &a, &b);
    prove_gives(&out, sizeof out, &prove_operand);
}

static void neg(void)
{
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &prove_reduced);
    bls_fp8_neg(&a, &a);
    prove_gives(&a, sizeof a, &above_1);
}

static void carry(void)
{
    const struct prove_class in = {"in", 0, POWER(63), 0, POWER(33), 0};
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &in);
    bls_fp8_carry(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void select(void)
{
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_reduced);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_select(&a, bls_vec_is_zero(a.limb[0]), &a, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void load(void)
{
    struct bls_fp in[BLS_LANES] = {0};
    struct bls_fp8 out;
    bls_fp8_load(&out, in, sizeof *in);
    prove_gives(&out, sizeof out, &prove_reduced);
}

/* Between canonical and its two subtractions: a number below 3 p. The subtractions are exact, for
 * nothing is lost (no fault), and take p away where the number is not below it. */
static void scaled(void)
{
    const struct prove_class three = {"below 3 p", 0, POWER(50) + POWER(13), 0, POWER(34), 3};
    struct bls_fp8 a, f, out;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_set(&f, bls_fp8_one);
    bls_fp8_mul(&out, &a, &f);
    prove_gives(&out, sizeof out, &three);
    bls_fp8_set(&f, bls_fp8_to_fp);
    bls_fp8_mul(&out, &a, &f);
    prove_gives(&out, sizeof out, &three);
}

static const struct prove_class carried_limbs = {"carried", 0, POWER(50) + 1, 0, POWER(32), 3};

static void canonical(void)
{
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_canonical(&a, &a);
    prove_gives(&a, sizeof a, &carried_limbs);
}

static void neg_canonical(void)
{
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &carried_limbs);
    bls_fp8_neg_canonical(&a, &a);
    bls_fp8_carry(&a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void store(void)
{
    struct bls_fp out[BLS_LANES];
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_store(out, &a, sizeof *out);
}

static void comparisons(void)
{
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_operand);
    (void)bls_fp8_is_zero(&a);
    prove_given(&a, sizeof a, &prove_reduced);
    prove_given(&b, sizeof b, &prove_reduced);
    (void)bls_fp8_equal(&a, &b);
}

/* What must be found: each contract broken by a little. */

static void refused_mul(void)
{
    const struct prove_class c = {"", 0, POWER(52) + 1, 0, POWER(40), 0};
    struct bls_fp8 a, b, out;
    prove_given(&a, sizeof a, &c);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_mul(&out, &a, &b);
}

static void refused_mul_negative(void)
{
    const struct prove_class c = {"", -1, POWER(50), 0, POWER(34), 0};
    struct bls_fp8 a, b, out;
    prove_given(&a, sizeof a, &prove_reduced);
    prove_given(&b, sizeof b, &c);
    bls_fp8_mul(&out, &a, &b);
}

static void refused_mul_top(void)
{
    const struct prove_class c = {"", 0, POWER(52), 0, POWER(43), 0};
    struct bls_fp8 a, out;
    prove_given(&a, sizeof a, &c);
    bls_fp8_mul(&out, &a, &a);
    prove_gives(&out, sizeof out, &prove_reduced);
}

static void refused_square(void)
{
    const struct prove_class c = {"", 0, POWER(51) + 1, 0, POWER(40), 0};
    struct bls_fp8 a, out;
    prove_given(&a, sizeof a, &c);
    bls_fp8_square(&out, &a);
}

static void refused_reduce(void)
{
    const struct prove_class c = {"", -POWER(62), POWER(62), -POWER(32), POWER(32), 0};
    struct bls_fp8_wide a;
    struct bls_fp8 out;
    prove_given_wide(&a, sizeof a, &c);
    bls_fp8_reduce(&out, &a);
}

static void refused_add(void)
{
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given(&b, sizeof b, &prove_reduced);
    bls_fp8_add(&a, &a, &b);
    prove_gives(&a, sizeof a, &prove_operand);
}

static void refused_sub(void)
{
    const struct prove_class sum = prove_sum(2);
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &prove_reduced);
    prove_given(&b, sizeof b, &sum);
    bls_fp8_sub(&a, &a, &b);
    prove_gives(&a, sizeof a, &prove_operand);
}

static void refused_carry(void)
{
    const struct prove_class c = {"", -1, POWER(62), 0, POWER(33), 0};
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &c);
    bls_fp8_carry(&a, &a);
}

static void refused_canonical(void)
{
    const struct prove_class c = {"", 0, POWER(52), 0, POWER(51), 0};
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &c);
    bls_fp8_canonical(&a, &a);
    prove_gives(&a, sizeof a, &carried_limbs);
}

static const struct proof fp8[] = {
    {"fp8_mul", mul, false},
    {"fp8_mul in place", mul_in_place, false},
    {"fp8_square", square, false},
    {"fp8_mul_wide", mul_wide, false},
    {"fp8_reduce", reduce, false},
    {"fp8_wide_add, _sub", wide_sums, false},
    {"fp8_add", add, false},
    {"fp8_sub", sub, false},
    {"fp8_sub of a sum", sub_of_sum, false},
    {"fp8_sub_2", sub_2, false},
    {"fp8_neg", neg, false},
    {"fp8_carry", carry, false},
    {"fp8_select", select, false},
    {"fp8_load", load, false},
    {"fp8_canonical, product", scaled, false},
    {"fp8_canonical", canonical, false},
    {"fp8_neg_canonical", neg_canonical, false},
    {"fp8_store", store, false},
    {"fp8_is_zero, _equal", comparisons, false},
    {"limb of 53 bits", refused_mul, true},
    {"negative limb", refused_mul_negative, true},
    {"large top limb", refused_mul_top, true},
    {"square of 52 bits", refused_square, true},
    {"reduce of 63 bits", refused_reduce, true},
    {"too many added", refused_add, true},
    {"sub of a sum from above 1", refused_sub, true},
    {"carry of a negative limb", refused_carry, true},
    {"canonical of a large one", refused_canonical, true},
};
const struct proof_table proofs_fp8 = PROOF_TABLE(fp8);
