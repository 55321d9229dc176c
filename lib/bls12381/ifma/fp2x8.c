/* Fp2 in lanes: the kernels. The contract is in fp2x8_int.h. */
#include "bls12381/ifma/fp2x8_int.h"
#include "bls12381/ifma/product_int.h"

/* Given v0 = a0 b0 and v1 = a1 b1, and t = (a0 + a1)(b0 + b1) not yet joined (Karatsuba):
 * c0 = v0 - v1, c1 = t - v0 - v1. v0 may be out->c0. */
static inline void finish(struct bls_fp2x8_wide *out, const struct bls_fp8_wide *v0,
                          const struct bls_fp8_wide *v1, const struct bls_fp8_halves *t)
{
#pragma GCC unroll 16
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        bls_vec x = v0->column[k], y = v1->column[k];
        out->c1.column[k] = bls_vec_sub(bls_vec_sub(bls_halves_column(t, k), x), y);
        out->c0.column[k] = bls_vec_sub(x, y);
    }
}

static inline void karatsuba(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a,
                             const struct bls_fp2x8 *b, const struct bls_fp8 *sa,
                             const struct bls_fp8 *sb)
{
    struct bls_fp8_wide v1;
    struct bls_fp8_halves t;
    bls_fp8_mul_wide(&out->c0, &a->c0, &b->c0);
    bls_fp8_mul_wide(&v1, &a->c1, &b->c1);
    bls_halves_zero(&t);
    bls_halves_product(&t, sa, sb);
    finish(out, &out->c0, &v1, &t);
}

void bls_fp2x8_mul_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a,
                        const struct bls_fp2x8 *b)
{
    struct bls_fp8 sa, sb;
    bls_fp8_add(&sa, &a->c0, &a->c1);
    bls_fp8_add(&sb, &b->c0, &b->c1);
    karatsuba(out, a, b, &sa, &sb);
}

void bls_fp2x8_mul_sums_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a,
                             const struct bls_fp2x8 *b)
{
    struct bls_fp8 sa, sb;
    bls_fp8_add(&sa, &a->c0, &a->c1);
    bls_fp8_add(&sb, &b->c0, &b->c1);
    bls_fp8_carry(&sa, &sa);
    bls_fp8_carry(&sb, &sb);
    karatsuba(out, a, b, &sa, &sb);
}

void bls_fp2x8_mul(struct bls_fp2x8 *out, const struct bls_fp2x8 *a, const struct bls_fp2x8 *b)
{
    struct bls_fp2x8_wide w;
    bls_fp2x8_mul_wide(&w, a, b);
    bls_fp2x8_reduce(out, &w);
}

/* c0 = (a0 + a1)(a0 - a1), c1 = 2 a0 a1 */
static inline void square_operands(struct bls_fp8 *sum, struct bls_fp8 *difference,
                                   struct bls_fp8 *twice, const struct bls_fp2x8 *a)
{
    bls_fp8_add(sum, &a->c0, &a->c1);
    bls_fp8_sub_carried(difference, &a->c0, &a->c1);
    bls_fp8_add(twice, &a->c0, &a->c0);
}

void bls_fp2x8_square_wide(struct bls_fp2x8_wide *restrict out, const struct bls_fp2x8 *a)
{
    struct bls_fp8 sum, difference, twice;
    square_operands(&sum, &difference, &twice, a);
    bls_fp8_mul_wide(&out->c0, &sum, &difference);
    bls_fp8_mul_wide(&out->c1, &twice, &a->c1);
}

void bls_fp2x8_square(struct bls_fp2x8 *out, const struct bls_fp2x8 *a)
{
    struct bls_fp8 sum, difference, twice;
    square_operands(&sum, &difference, &twice, a);
    bls_fp8_mul(&out->c1, &twice, &a->c1);
    bls_fp8_mul(&out->c0, &sum, &difference);
}

void bls_fp2x8_square_sub_12_squares(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                     const struct bls_fp2x8 *b)
{
    struct bls_fp2x8_wide s, t;
    bls_fp2x8_square_wide(&s, a);
    bls_fp2x8_square_wide(&t, b);
#pragma GCC unroll 4
    for (int i = 0; i < 2 * BLS_FP8_LIMBS; i++) {
        bls_vec real = bls_vec_times(t.c0.column[i], 12);
        bls_vec imaginary = bls_vec_times(t.c1.column[i], 12);
        s.c0.column[i] = bls_vec_sub(s.c0.column[i], real);
        s.c1.column[i] = bls_vec_sub(s.c1.column[i], imaginary);
    }
    bls_fp2x8_reduce(out, &s);
}

void bls_fp2x8_mul_fp(struct bls_fp2x8 *out, const struct bls_fp2x8 *a, const struct bls_fp8 *b)
{
    struct bls_fp8 factor = *b;
    bls_fp8_mul(&out->c0, &a->c0, &factor);
    bls_fp8_mul(&out->c1, &a->c1, &factor);
}

void bls_fp2x8_reduce(struct bls_fp2x8 *out, const struct bls_fp2x8_wide *a)
{
    bls_fp8_reduce(&out->c0, &a->c0);
    bls_fp8_reduce(&out->c1, &a->c1);
}

void bls_fp2x8_sum_of_products(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                               const struct bls_fp2x8 *b, const struct bls_fp2x8 *c,
                               const struct bls_fp2x8 *d)
{
    struct bls_fp2x8_wide s, t;
    bls_fp2x8_mul_wide(&s, a, b);
    bls_fp2x8_mul_wide(&t, c, d);
    bls_fp2x8_wide_add(&s, &s, &t);
    bls_fp2x8_reduce(out, &s);
}

void bls_fp2x8_difference_of_products(struct bls_fp2x8 *out, const struct bls_fp2x8 *a,
                                      const struct bls_fp2x8 *b, const struct bls_fp2x8 *c,
                                      const struct bls_fp2x8 *d)
{
    struct bls_fp2x8_wide s, t;
    bls_fp2x8_mul_wide(&s, a, b);
    bls_fp2x8_mul_wide(&t, c, d);
    bls_fp2x8_wide_sub(&s, &s, &t);
    bls_fp2x8_reduce(out, &s);
}
