/* The kernels of the eight-lane path, with vectors in plain C: each is run on secret elements. One
 * argument runs one case by name. A case is a function that takes operands from `secret`, calls
 * kernels, and a row of the table below. What the operations of bls12381.h do with these kernels is
 * ctime_bls.c's. */
#include "base/ct.h"
#include "bls12381/ifma/digits_int.h"
#include "bls12381/ifma/fp12_int.h"
#include "bls12381/ifma/g1x8_int.h"
#include "bls12381/ifma/hash_to_g1x8_int.h"
#include "bls12381/ifma/inverse_x8_int.h"
#include "bls12381/ifma/line4_int.h"
#include "bls12381/ifma/transpose_int.h"

#include <string.h>

/* Elements that are reduced, one after the other in memory, with nothing else between them. */
static void secret(void *out, size_t size)
{
    struct bls_fp8 *element = out;
    uint64_t v = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < size / sizeof *element; i++) {
        for (int j = 0; j < BLS_FP8_LIMBS; j++) {
            uint64_t limb[BLS_LANES];
            for (int lane = 0; lane < BLS_LANES; lane++) {
                v = v * 0xd1342543de82ef95 + 1;
                limb[lane] = j < BLS_FP8_LIMBS - 1 ? v >> 14 : v >> 34;
            }
            element[i].limb[j] = bls_vec_load(limb);
        }
    }
    kf_ct_secret(out, size);
}

/* A mask may be written down: its bits are not looked at. */
static void use(bls_lanes mask)
{
    unsigned bits = bls_lanes_bits(mask);
    kf_ct_public(&bits, sizeof bits);
}

static void case_vec(void)
{
    struct bls_fp8 a, b;
    secret(&a, sizeof a);
    secret(&b, sizeof b);
    const bls_vec x = a.limb[0], y = a.limb[1], z = b.limb[0];
    b.limb[1] = bls_vec_permute(x, y);
    b.limb[2] = bls_vec_permute_two(x, y, z);
    b.limb[3] = bls_vec_select(bls_vec_is_negative(x), y, z);
    b.limb[4] = bls_vec_select(bls_lanes_not(bls_vec_is_zero(x)), y, z);
    b.limb[5] = bls_vec_select(bls_lanes_and(bls_vec_equal(x, y), bls_vec_equal(y, z)), y, z);
    b.limb[6] = bls_vec_shift_right_signed(bls_vec_shift_left_drop(x, 20), 30);
    bls_vec_transpose(b.limb);
}

static void case_fp(void)
{
    struct bls_fp8 a, b, c;
    struct bls_fp8_wide v, w;
    secret(&a, sizeof a);
    secret(&b, sizeof b);
    bls_fp8_mul(&c, &a, &b);
    bls_fp8_square(&c, &c);
    bls_fp8_sub(&c, &c, &a);
    bls_fp8_carry(&c, &c);
    bls_fp8_mul_wide(&v, &b, &c);
    bls_fp8_mul_wide(&w, &b, &b);
    bls_fp8_wide_sub(&v, &v, &w);
    bls_fp8_wide_add(&v, &v, &w);
    bls_fp8_reduce(&c, &v);
    bls_fp8_neg(&b, &b);
    bls_fp8_mul_add_mul(&a, &a, &b, &b, &c);
    bls_fp8_square_add_mul(&a, &a, &b, &c);
    bls_fp8_mul_sub_wide(&a, &a, &b, &v, &w);
    bls_fp8_canonical(&b, &a);
    bls_fp8_integer(&c, &a);
    use(bls_fp8_is_zero(&a));
    use(bls_fp8_equal(&a, &c));
    bls_fp8_select(&c, bls_fp8_equal(&a, &b), &a, &c);
}

static void case_memory(void)
{
    struct bls_fp in[BLS_LANES];
    struct bls_fp8 a;
    memset(in, 0x11, sizeof in);
    kf_ct_secret(in, sizeof in);
    bls_fp8_load(&a, in, sizeof *in);
    bls_fp8_store(in, &a, sizeof *in);
    bls_fp8_load_count(&a, in, sizeof *in, 3);
    bls_fp8_store_count(in, &a, sizeof *in, 3);
}

static void case_fp2(void)
{
    struct bls_fp2x8 a, b;
    struct bls_fp2x8_wide w;
    secret(&a, sizeof a);
    secret(&b, sizeof b);
    bls_fp2x8_mul(&a, &a, &b);
    bls_fp2x8_square(&b, &a);
    bls_fp2x8_mul_fp(&a, &a, &b.c1);
    bls_fp2x8_add(&a, &a, &b);
    bls_fp2x8_mul_sums_wide(&w, &a, &a);
    bls_fp2x8_reduce(&a, &w);
    bls_fp2x8_square_sub_12_squares(&a, &b, &a);
    bls_fp2x8_inverses(&a, 1);
    bls_fp2x8_select(&a, bls_fp8_is_zero(&b.c0), &a, &b);
}

static void case_fp12(void)
{
    struct bls_fp12x8 f, g;
    struct bls_linex8 l;
    struct bls_line_pairx8 a;
    struct bls_fp12_lanes parts[BLS_LANES];
    struct bls_fp12 memory;
    secret(&f, sizeof f);
    secret(&l, sizeof l);
    bls_fp12x8_mul(&f, &f, &f);
    bls_linex8_mul(&a, &l, &l);
    bls_line_pairx8_mul(&g, &a, &a);
    bls_line_pairx8_mul_line(&g, &a, &l);
    bls_fp12x8_mul_pair(&f, &f, &a);
    bls_fp12x8_mul_line(&f, &f, &l);
    bls_fp12_lanes_split(parts, &f);
    bls_fp12_lanes_mul(&parts[0], &parts[1], &parts[2]);
    bls_fp12_lanes_square(&parts[0], &parts[0]);
    bls_fp12_lanes_cyclotomic_square(&parts[0], &parts[0]);
    bls_fp12_lanes_conjugate(&parts[0], &parts[0]);
    bls_fp12_lanes_store(&memory, &parts[0]);
    bls_fp12_lanes_load(&parts[0], &memory);
}

static void case_split(void)
{
    struct bls_fp8 a, b, c;
    secret(&a, sizeof a);
    secret(&b, sizeof b);
    bls_fp2x4_mul(&c, &a, &b);
    bls_fp2x4_square(&c, &c);
    bls_fp2x4_difference_of_products(&a, &a, &b, &b, &c);
    bls_fp2x4_conjugate(&a, &a);
    bls_fp2x4_join(&a, &a, &b);
}

static void case_miller(void)
{
    static struct bls_g1_affine p[BLS_LANES];
    static struct bls_g2_affine q[BLS_LANES];
    struct bls_miller_points t;
    struct bls_linex8 line;
    kf_ct_secret(p, sizeof p);
    kf_ct_secret(q, sizeof q);
    bls_miller_points_load(&t, p, q, BLS_LANES);
    bls_miller_double(&line, &t);
    bls_miller_add(&line, &t);
    use(bls_miller_in_subgroup(&t));
}

static void case_miller4(void)
{
    static struct bls_g1_affine p[BLS_SPLIT];
    static struct bls_g2_affine q[BLS_SPLIT];
    struct bls_miller_points4 t;
    struct bls_linex4 line;
    for (int at_one = 0; at_one < 2; at_one++) {
        kf_ct_secret(p, sizeof p);
        kf_ct_secret(q, sizeof q);
        bls_miller_points4_load(&t, at_one == 1 ? NULL : p, q, BLS_SPLIT);
        bls_miller_double4(&line, &t);
        bls_miller_add4(&line, &t);
        use(bls_miller_in_subgroup4(&t));
    }
}

static void case_g1(void)
{
    struct bls_g1x8 a, b;
    struct bls_g1x8_affine c;
    secret(&a, sizeof a);
    secret(&b, sizeof b);
    secret(&c, sizeof c);
    bls_g1x8_add_mixed(&a, &a, &c);
    bls_g1x8_double(&a, &a);
    bls_g1x8_negate(&b, bls_fp8_is_zero(&a.x));
    bls_g1x8_add(&a, &a, &b);
    bls_g1x8_phi(&a);
    bls_g1x8_mul_x_abs(&a, &a);
}

static void case_map(void)
{
    struct bls_fp8 u;
    struct bls_g1x8 p;
    secret(&u, sizeof u);
    bls_mapx8_to_e1(&p, &u);
    bls_mapx8_add_on_e1(&p, &p, &p);
    bls_mapx8_isogeny(&p, &p);
}

static void case_digits(void)
{
    uint64_t low[BLS_LANES] = {1, 2, 3}, high[BLS_LANES] = {4, 5, 6};
    struct bls_half_x8 k;
    struct bls_digit_x8 digit;
    kf_ct_secret(low, sizeof low);
    kf_ct_secret(high, sizeof high);
    bls_half_x8_load(&k, low, high);
    for (int i = BLS_HALF_WINDOWS - 1; i >= 0; i--) {
        bls_half_x8_next(&digit, &k, i);
    }
    use(digit.negative);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"vec", case_vec},   {"fp", case_fp},       {"memory", case_memory}, {"fp2", case_fp2},
    {"fp12", case_fp12}, {"split", case_split}, {"miller", case_miller}, {"miller4", case_miller4},
    {"g1", case_g1},     {"map", case_map},     {"digits", case_digits},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (argc < 2 || strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
        }
    }
    return 0;
}
