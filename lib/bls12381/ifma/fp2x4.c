/* Fp2 in split lanes. The contract is in fp2x4_int.h. */
#include "bls12381/ifma/fp2x4_int.h"

#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/product_int.h"

void bls_fp2x4_mul_spread(struct bls_fp8 *out, const struct bls_fp2x8 *a, const struct bls_fp8 *b)
{
    struct bls_fp8 ub;
    bls_fp2x4_swap_negated(&ub, b, bls_fp2x4_real());
    bls_fp8_mul_add_mul(out, &a->c0, b, &a->c1, &ub);
}

void bls_fp2x4_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b)
{
    struct bls_fp2x8 spread;
    bls_fp2x4_spread(&spread, a);
    bls_fp2x4_mul_spread(out, &spread, b);
}

/* As a b + c (-d). */
void bls_fp2x4_difference_of_products(struct bls_fp8 *out, const struct bls_fp8 *a,
                                      const struct bls_fp8 *b, const struct bls_fp8 *c,
                                      const struct bls_fp8 *d)
{
    struct bls_fp2x8 spread_a, spread_c;
    struct bls_fp8 ub, minus_d, minus_ud;
    struct bls_fp8_halves t;
    bls_fp8_zero(&minus_d);
    bls_fp8_sub_carried(&minus_d, &minus_d, d);
    bls_fp2x4_spread(&spread_a, a);
    bls_fp2x4_spread(&spread_c, c);
    bls_fp2x4_swap_negated(&ub, b, bls_fp2x4_real());
    bls_fp2x4_swap_negated(&minus_ud, d, bls_lanes_not(bls_fp2x4_real()));
    bls_halves_zero(&t);
    bls_halves_product(&t, &spread_a.c0, b);
    bls_halves_product(&t, &spread_a.c1, &ub);
    bls_halves_product(&t, &spread_c.c0, &minus_d);
    bls_halves_product(&t, &spread_c.c1, &minus_ud);
    bls_halves_reduce(out, &t);
}

void bls_fp2x4_square(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8 left, right;
    bls_fp2x4_square_left(&left, a);
    bls_fp2x4_square_right(&right, a);
    bls_fp8_mul(out, &left, &right);
}
