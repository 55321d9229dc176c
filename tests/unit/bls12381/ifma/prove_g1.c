/* Points of G1 and the map to it: contracts of fp8_sums_int.h, g1x8_int.h, hash_to_g1x8_int.h. */
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/hash_to_g1x8_int.h"
#include "prove.h"

#define POWER(n) ((bls_vec_i128)1 << (n))

static const struct prove_class half_operand = {"half", 0, POWER(51), 0, POWER(40), 0};
static const struct prove_class columns = {"columns", -POWER(59), POWER(59), 0, POWER(31), 0};
static const struct prove_class negated = {"negated", 0, POWER(51), 0, POWER(35), 0};
static const struct prove_class carried = {"carried", 0, POWER(50) + POWER(13), 0, POWER(35), 0};

static void mul_add_mul(void)
{
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_mul_add_mul(&a, &a, &a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void square_add_mul(void)
{
    struct bls_fp8 a, b;
    prove_given(&a, sizeof a, &half_operand);
    prove_given(&b, sizeof b, &prove_operand);
    bls_fp8_square_add_mul(&a, &a, &b, &b);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void mul_sub_wide(void)
{
    struct bls_fp8 a;
    struct bls_fp8_wide v;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given_wide(&v, sizeof v, &columns);
    bls_fp8_mul_sub_wide(&a, &a, &a, &v, &v);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void mul_sub(void)
{
    struct bls_fp8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_mul_sub(&a, &a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
    prove_given(&a, sizeof a, &prove_operand);
    bls_fp8_mul_add_mul_sub(&a, &a, &a, &a, &a, &a);
    prove_gives(&a, sizeof a, &prove_reduced);
}

static void given_point(struct bls_g1x8 *a)
{
    prove_given(a, sizeof *a, &prove_reduced);
}

static void gives_point(const struct bls_g1x8 *a)
{
    prove_gives(a, sizeof *a, &prove_reduced);
}

static void add(void)
{
    struct bls_g1x8 a, b;
    given_point(&a);
    given_point(&b);
    prove_given(&b.y, sizeof b.y, &carried); /* negated or not */
    bls_g1x8_add(&a, &a, &b);
    gives_point(&a);
    bls_g1x8_add(&a, &a, &a);
    gives_point(&a);
}

static void add_mixed(void)
{
    struct bls_g1x8 a;
    struct bls_g1x8_affine b;
    given_point(&a);
    prove_given(&b.x, sizeof b.x, &prove_reduced);
    prove_given(&b.y, sizeof b.y, &negated);
    bls_g1x8_add_mixed(&a, &a, &b);
    gives_point(&a);
}

static void doubles(void)
{
    struct bls_g1x8 a;
    given_point(&a);
    bls_g1x8_double(&a, &a);
    gives_point(&a);
}

static void split_lanes(void)
{
    struct bls_g1x8 a, out;
    given_point(&a);
    bls_g1x4_mul_x_abs(&out, &a);
    gives_point(&out);
}

static void negate(void)
{
    struct bls_g1x8 a;
    given_point(&a);
    bls_g1x8_negate(&a, bls_lanes_from(0x55));
    prove_gives(&a.y, sizeof a.y, &carried);
    bls_g1x8_phi(&a);
    prove_gives(&a.x, sizeof a.x, &prove_reduced);
}

static void fold_and_select(void)
{
    struct bls_g1x8 a, b;
    given_point(&a);
    bls_g1x8_fold(&a, 1);
    gives_point(&a);
    bls_g1x8_infinity(&b);
    gives_point(&b);
    bls_g1x8_select(&a, bls_lanes_from(0x55), &a, &b);
    gives_point(&a);
}

static void loads(void)
{
    static const struct bls_g1_affine affine;
    static const struct bls_g1 point[BLS_LANES];
    const struct bls_g1_affine *const in[BLS_LANES] = {&affine};
    struct bls_g1 out[BLS_LANES];
    struct bls_g1x8 a;
    bls_g1x8_load_affine(&a, in);
    gives_point(&a);
    bls_g1x8_load(&a, point, BLS_LANES);
    gives_point(&a);
    bls_g1x8_store(out, &a, BLS_LANES);
}

static void normalise(void)
{
    struct bls_g1x8 a[2];
    struct bls_g1x8_affine out[2];
    struct bls_g1_affine points[11];
    given_point(&a[0]);
    given_point(&a[1]);
    bls_g1x8_normalise(out, a, 2);
    prove_gives(out, sizeof out, &prove_reduced);
    bls_g1x8_to_affine(points, a, 11);
}

static void to_e1(void)
{
    struct bls_fp8 u;
    struct bls_g1x8 p;
    prove_given(&u, sizeof u, &prove_reduced);
    bls_mapx8_to_e1(&p, &u);
    gives_point(&p);
}

static void on_e1(void)
{
    struct bls_g1x8 p;
    given_point(&p);
    bls_mapx8_add_on_e1(&p, &p, &p);
    gives_point(&p);
    bls_mapx8_isogeny(&p, &p);
    gives_point(&p);
}

static void digits(void)
{
    static const uint64_t word[BLS_LANES];
    struct bls_half_x8 k;
    struct bls_digit_x8 digit;
    bls_half_x8_load(&k, word, word);
    for (int i = BLS_HALF_WINDOWS - 1; i >= 0; i--) {
        bls_half_x8_next(&digit, &k, i);
    }
}

/* All levels, and one that is left to mixed additions. */
static void sum_entries(void)
{
    static struct bls_g1x8_entries a[BLS_G1X8_NUMBERS];
    static struct bls_g1x8 out[BLS_G1X8_NUMBERS];
    static const size_t numbers[] = {BLS_G1X8_NUMBERS, 4, 1};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        for (size_t i = 0; i < BLS_G1X8_NUMBERS; i++) {
            prove_given(a[i].point, sizeof a[i].point, &prove_reduced);
            for (int j = 0; j < BLS_G1X8_ENTRIES; j++) {
                a[i].infinite[j] = bls_lanes_from(0x55);
            }
        }
        bls_g1x8_sum_entries(out, a, numbers[n]);
        for (size_t i = 0; i < numbers[n]; i++) {
            gives_point(&out[i]);
        }
    }
}

static void refused_add_mixed(void)
{
    struct bls_g1x8 a;
    struct bls_g1x8_affine b;
    given_point(&a);
    prove_given(&b, sizeof b, &negated);
    prove_given(&b.y, sizeof b.y, &prove_operand);
    bls_g1x8_add_mixed(&a, &a, &b);
}

static void refused_double(void)
{
    struct bls_g1x8 a;
    prove_given(&a, sizeof a, &prove_operand);
    bls_g1x8_double(&a, &a);
}

static const struct proof g1[] = {
    {"fp8_mul_add_mul", mul_add_mul, false},
    {"fp8_square_add_mul", square_add_mul, false},
    {"fp8_mul_sub_wide", mul_sub_wide, false},
    {"fp8_mul_sub, _mul_add_mul_sub", mul_sub, false},
    {"g1x8_add", add, false},
    {"g1x8_add_mixed", add_mixed, false},
    {"g1x8_double", doubles, false},
    {"g1x4_mul_x_abs", split_lanes, false},
    {"g1x8_negate, _phi", negate, false},
    {"g1x8_fold, _select", fold_and_select, false},
    {"g1x8_load, _store", loads, false},
    {"g1x8_normalise", normalise, false},
    {"mapx8_to_e1", to_e1, false},
    {"mapx8 on e1", on_e1, false},
    {"digits", digits, false},
    {"g1x8_sum_entries", sum_entries, false},
    {"g1x8_add_mixed of operands", refused_add_mixed, true},
    {"g1x8_double of operands", refused_double, true},
};
const struct proof_table proofs_g1 = PROOF_TABLE(g1);
