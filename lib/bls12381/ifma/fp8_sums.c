/* Sums that are reduced once. The contract is in fp8_sums_int.h. */
#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/product_int.h"

void bls_fp8_mul_add_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                         const struct bls_fp8 *c, const struct bls_fp8 *d)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
    bls_halves_product(&t, a, b);
    bls_halves_product(&t, c, d);
    bls_halves_reduce(out, &t);
}

void bls_fp8_square_add_mul(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *c,
                            const struct bls_fp8 *d)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
    bls_halves_square(&t, a);
    bls_halves_product(&t, c, d);
    bls_halves_reduce(out, &t);
}

void bls_fp8_mul_sub_wide(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                          const struct bls_fp8_wide *v, const struct bls_fp8_wide *w)
{
    struct bls_fp8_halves t;
    bls_halves_zero(&t);
#pragma GCC unroll 16
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        bls_vec start = k < BLS_FP8_LIMBS ? bls_vec_zero()
                                          : bls_vec_set1(bls_fp8_above_wide[k % BLS_FP8_LIMBS]);
        t.low[k] = bls_vec_sub(bls_vec_sub(start, v->column[k]), w->column[k]);
    }
    bls_halves_product(&t, a, b);
    bls_halves_reduce(out, &t);
}

/* The limbs of a below the top go in as they are, times 2^400, and the top one by its residue. */
void bls_fp8_triple_and_twice(struct bls_fp8 *out, const struct bls_fp8_wide *t,
                              const struct bls_fp8 *a)
{
    struct bls_fp8_halves h;
    bls_halves_zero(&h);
#pragma GCC unroll 16
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        h.low[k] = bls_vec_times(t->column[k], 3);
    }
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec c = bls_vec_add(h.low[BLS_FP8_LIMBS + i], bls_vec_set1(bls_fp8_above_wide[i]));
        if (i < BLS_FP8_LIMBS - 1) {
            c = bls_vec_add(c, bls_vec_shift_left(a->limb[i], 1));
        }
        h.low[BLS_FP8_LIMBS + i] = c;
    }
    bls_halves_row_constant(&h, 0, bls_fp8_top, bls_vec_shift_left(a->limb[BLS_FP8_LIMBS - 1], 1));
    bls_halves_reduce(out, &h);
}

/* t = -c 2^400 modulo p: the limbs below the top as they are, the top one by its residue. */
static inline void begin_below(struct bls_fp8_halves *t, const struct bls_fp8 *c)
{
    enum { TOP = BLS_FP8_LIMBS - 1 };
    bls_halves_zero(t);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec above = bls_vec_set1(bls_fp8_above_wide[i]);
        t->low[BLS_FP8_LIMBS + i] = i < TOP ? bls_vec_sub(above, c->limb[i]) : above;
    }
    bls_halves_row_constant(t, 0, bls_fp8_top_negative, c->limb[TOP]);
}

void bls_fp8_mul_sub(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                     const struct bls_fp8 *c)
{
    struct bls_fp8_halves t;
    begin_below(&t, c);
    bls_halves_product(&t, a, b);
    bls_halves_reduce(out, &t);
}

void bls_fp8_mul_add_mul_sub(struct bls_fp8 *out, const struct bls_fp8 *a, const struct bls_fp8 *b,
                             const struct bls_fp8 *c, const struct bls_fp8 *d,
                             const struct bls_fp8 *e)
{
    struct bls_fp8_halves t;
    begin_below(&t, e);
    bls_halves_product(&t, a, b);
    bls_halves_product(&t, c, d);
    bls_halves_reduce(out, &t);
}
