/* Points of G2: contracts of g2x8_int.h. */
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/g2x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"
#include "prove.h"

#define POWER(n) ((bls_vec_i128)1 << (n))

static const struct prove_class carried = {"carried", 0, POWER(50) + POWER(13), 0, POWER(35), 0};

static void given_point(struct bls_g2x8 *a)
{
    prove_given(a, sizeof *a, &prove_reduced);
}

static void gives_point(const struct bls_g2x8 *a)
{
    prove_gives(a, sizeof *a, &prove_reduced);
}

static void add(void)
{
    struct bls_g2x8 a, b;
    given_point(&a);
    prove_given(&b, sizeof b, &carried);
    bls_g2x8_add(&a, &a, &b);
    gives_point(&a);
    bls_g2x8_add(&a, &b, &b);
    gives_point(&a);
}

static void add_mixed(void)
{
    struct bls_g2x8 a;
    struct bls_g2x8_affine b;
    given_point(&a);
    prove_given(&b, sizeof b, &carried);
    bls_g2x8_add_mixed(&a, &a, &b);
    gives_point(&a);
}

static void doubles(void)
{
    struct bls_g2x8 a;
    prove_given(&a, sizeof a, &carried);
    bls_g2x8_double(&a, &a);
    gives_point(&a);
}

static void apply_psi(void)
{
    struct bls_psix8 psi;
    bls_psix8_load(&psi);
    for (int i = 0; i < 4; i++) {
        struct bls_g2x8 a;
        given_point(&a);
        bls_g2x8_apply_psi(&a, &psi, i, bls_lanes_from(0x55));
        prove_gives(&a, sizeof a, &carried);
    }
}

static void fold_and_select(void)
{
    struct bls_g2x8 a, b;
    given_point(&a);
    bls_g2x8_fold(&a, 1);
    gives_point(&a);
    bls_g2x8_infinity(&b);
    bls_g2x8_select(&a, bls_lanes_from(0x55), &a, &b);
    gives_point(&a);
}

static void loads(void)
{
    static const struct bls_g2_affine affine;
    static const struct bls_g2 point[BLS_LANES];
    const struct bls_g2_affine *const in[BLS_LANES] = {&affine};
    struct bls_g2 out[BLS_LANES];
    struct bls_g2x8 a;
    bls_g2x8_load_affine(&a, in);
    gives_point(&a);
    bls_g2x8_load(&a, point, BLS_LANES);
    gives_point(&a);
    prove_given(&a, sizeof a, &carried);
    bls_g2x8_store(out, &a, BLS_LANES);
}

static void normalise(void)
{
    struct bls_g2x8 a[2];
    struct bls_g2x8_affine out[2];
    prove_given(a, sizeof a, &carried);
    bls_g2x8_normalise(out, a, 2);
    prove_gives(out, sizeof out, &prove_reduced);
}

static void digits(void)
{
    static const uint64_t word[BLS_LANES];
    bls_vec k = bls_vec_load(word);
    struct bls_digit_x8 digit;
    for (int i = BLS_QUARTER_WINDOWS - 1; i >= 0; i--) {
        bls_quarter_x8_next(&digit, &k, i);
    }
}

static void refused_add_mixed(void)
{
    struct bls_g2x8 a;
    struct bls_g2x8_affine b;
    prove_given(&a, sizeof a, &prove_operand);
    prove_given(&b, sizeof b, &carried);
    bls_g2x8_add_mixed(&a, &a, &b);
}

/* All levels, and numbers so few that most is left to mixed additions. */
static void sum_entries(void)
{
    static struct bls_g2x8_entries a[BLS_G2X8_NUMBERS];
    static struct bls_g2x8 out[BLS_G2X8_NUMBERS];
    static const size_t numbers[] = {BLS_G2X8_NUMBERS, 4, 1};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        for (size_t i = 0; i < BLS_G2X8_NUMBERS; i++) {
            prove_given(a[i].point, sizeof a[i].point, &prove_reduced);
            for (int j = 0; j < BLS_G2X8_ENTRIES; j++) {
                a[i].infinite[j] = bls_lanes_from(0x55);
            }
        }
        bls_g2x8_sum_entries(out, a, numbers[n]);
        for (size_t i = 0; i < numbers[n]; i++) {
            gives_point(&out[i]);
        }
    }
}

static const struct proof g2[] = {
    {"g2x8_add", add, false},
    {"g2x8_add_mixed", add_mixed, false},
    {"g2x8_double", doubles, false},
    {"g2x8_apply_psi", apply_psi, false},
    {"g2x8_fold, _select", fold_and_select, false},
    {"g2x8_load, _store", loads, false},
    {"g2x8_normalise", normalise, false},
    {"digits of quarters", digits, false},
    {"g2x8_sum_entries", sum_entries, false},
    {"g2x8_add_mixed of operands", refused_add_mixed, true},
};
const struct proof_table proofs_g2 = PROOF_TABLE(g2);
