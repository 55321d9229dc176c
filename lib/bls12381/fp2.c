/* Fp2 = Fp[u]/(u^2+1). The contract is in tower_int.h. */
#include "bls12381/tower_int.h"

void bls_fp2_add(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b)
{
    bls_fp_add(&out->c0, &a->c0, &b->c0);
    bls_fp_add(&out->c1, &a->c1, &b->c1);
}

void bls_fp2_sub(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b)
{
    bls_fp_sub(&out->c0, &a->c0, &b->c0);
    bls_fp_sub(&out->c1, &a->c1, &b->c1);
}

void bls_fp2_neg(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    bls_fp_neg(&out->c0, &a->c0);
    bls_fp_neg(&out->c1, &a->c1);
}

void bls_fp2_double(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    bls_fp_double(&out->c0, &a->c0);
    bls_fp_double(&out->c1, &a->c1);
}

void bls_fp2_conjugate(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    out->c0 = a->c0;
    bls_fp_neg(&out->c1, &a->c1);
}

/* (c0 + c1 u)(1 + u) = (c0 - c1) + (c0 + c1) u */
void bls_fp2_mul_xi(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    struct bls_fp t;
    bls_fp_sub(&t, &a->c0, &a->c1);
    bls_fp_add(&out->c1, &a->c0, &a->c1);
    out->c0 = t;
}

void bls_fp2_mul_fp(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp *b)
{
    struct bls_fp s = *b;
    bls_fp_mul(&out->c0, &a->c0, &s);
    bls_fp_mul(&out->c1, &a->c1, &s);
}

void bls_fp2_add_lazy(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b)
{
    bls_fp_add_lazy(&out->c0, &a->c0, &b->c0);
    bls_fp_add_lazy(&out->c1, &a->c1, &b->c1);
}

/* Karatsuba: c0 = a0 b0 - a1 b1, c1 = (a0 + a1)(b0 + b1) - a0 b0 - a1 b1 = a0 b1 + a1 b0. */
void bls_portable_fp2_mul_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a,
                               const struct bls_fp2 *b)
{
    struct bls_fp sa, sb;
    struct bls_wide v1;
    bls_fp_add_lazy(&sa, &a->c0, &a->c1);
    bls_fp_add_lazy(&sb, &b->c0, &b->c1);
    bls_portable_fp_mul_wide(&out->c0, &a->c0, &b->c0);
    bls_portable_fp_mul_wide(&v1, &a->c1, &b->c1);
    bls_portable_fp_mul_wide(&out->c1, &sa, &sb);
    bls_wide_sub(&out->c1, &out->c1, &out->c0);
    bls_wide_sub(&out->c1, &out->c1, &v1);
    bls_wide_sub(&out->c0, &out->c0, &v1);
}

/* c0 = (a0 + a1)(a0 - a1 + 2p), c1 = 2 a0 a1. With a0 = x p and a1 = y p the first is
 * (x + y)(x - y + 2) p^2, at most 4 p^2 for x, y <= 1 and 9 p^2 for x, y <= 2. */
void bls_portable_fp2_square_wide(struct bls_fp2_wide *out, const struct bls_fp2 *a)
{
    struct bls_fp sum, difference, twice;
    uint64_t carry = 0, borrow = 0;
    bls_fp_add_lazy(&sum, &a->c0, &a->c1);
    bls_fp_add_lazy(&twice, &a->c0, &a->c0);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        uint64_t t = bls_adc(a->c0.limb[i], bls_2p[i], &carry);
        difference.limb[i] = bls_sbb(t, a->c1.limb[i], &borrow);
    }
    bls_portable_fp_mul_wide(&out->c0, &sum, &difference);
    bls_portable_fp_mul_wide(&out->c1, &twice, &a->c1);
}

/* w / 2^384 modulo p for a signed w in [-k, 3 - k) p 2^384, given kp: w + k p 2^384 gives a number
 * in [0, 4p). */
static void reduce_signed(struct bls_fp *out, const struct bls_wide *w, const uint64_t kp[static 6])
{
    uint64_t t[6];
    uint64_t carry = 0, carry_high = 0;
    bls_portable_fp_reduce_low(t, w->limb);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
        t[i] = bls_adc(bls_adc(t[i], w->limb[i + 6], &carry), kp[i], &carry_high);
    }
    bls_subtract_if_not_less(t, t, bls_2p);
    bls_subtract_if_not_less(out->limb, t, bls_p);
}

void bls_portable_fp2_reduce_wide(struct bls_fp2 *out, const struct bls_fp2_wide *w)
{
    reduce_signed(&out->c0, &w->c0, bls_2p);
    reduce_signed(&out->c1, &w->c1, bls_p);
}

void bls_portable_fp2_mul(struct bls_fp2 *out, const struct bls_fp2 *a, const struct bls_fp2 *b)
{
    struct bls_fp2_wide w;
    bls_portable_fp2_mul_wide(&w, a, b);
    bls_portable_fp2_reduce_wide(out, &w);
}

void bls_portable_fp2_square(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    struct bls_fp2_wide w;
    bls_portable_fp2_square_wide(&w, a);
    bls_portable_fp_reduce_wide(&out->c0, &w.c0);
    bls_portable_fp_reduce_wide(&out->c1, &w.c1);
}

void bls_fp2_wide_add(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                      const struct bls_fp2_wide *b)
{
    bls_wide_add(&out->c0, &a->c0, &b->c0);
    bls_wide_add(&out->c1, &a->c1, &b->c1);
}

void bls_fp2_wide_sub(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                      const struct bls_fp2_wide *b)
{
    bls_wide_sub(&out->c0, &a->c0, &b->c0);
    bls_wide_sub(&out->c1, &a->c1, &b->c1);
}

/* (a0 + a1 u)(1 + u) = (a0 - a1) + (a0 + a1) u */
void bls_fp2_wide_mul_xi(struct bls_fp2_wide *out, const struct bls_fp2_wide *a)
{
    struct bls_wide t;
    bls_wide_sub(&t, &a->c0, &a->c1);
    bls_wide_add(&out->c1, &a->c0, &a->c1);
    out->c0 = t;
}

void bls_fp2_wide_add_xi(struct bls_fp2_wide *out, const struct bls_fp2_wide *a,
                         const struct bls_fp2_wide *b)
{
    struct bls_fp2_wide t;
    bls_fp2_wide_mul_xi(&t, b);
    bls_fp2_wide_add(out, a, &t);
}

/* 1/(a0 + a1 u) = (a0 - a1 u) / (a0^2 + a1^2) */
void bls_fp2_inverse(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    struct bls_wide s, t;
    struct bls_fp norm;
    bls_fp_square_wide(&s, &a->c0);
    bls_fp_square_wide(&t, &a->c1);
    bls_wide_add(&s, &s, &t);
    bls_fp_reduce_wide(&norm, &s);
    bls_fp_inverse(&norm, &norm);
    bls_fp_mul(&out->c0, &a->c0, &norm);
    bls_fp_mul(&out->c1, &a->c1, &norm);
    bls_fp_neg(&out->c1, &out->c1);
}

/* The complex method. With n = sqrt(a0^2 + a1^2), d = (a0 + n)/2 and e = (a0 - n)/2, a root is
 * x0 + x1 u with x0^2 = d or e and x1 = a1/(2 x0). d e = -a1^2/4: when a1 is not 0 exactly one of
 * the two is a square; when a1 = 0 one of them is 0 and the other, a0, is taken.
 * Let s = d^((p-3)/4) and y = d s. If d is a square: x0 = y, 1/x0 = s. If not, y^2 = -d and
 * 1/y = -s, so that e = (a1/(2y))^2 and, up to the sign of one coordinate, x0 = a1 s/2, x1 = y. */
uint64_t bls_fp2_sqrt(struct bls_fp2 *out, const struct bls_fp2 *a)
{
    struct bls_fp n, d, e, s, y, t;
    struct bls_wide v, w;
    struct bls_fp2 root, check;

    bls_fp_square_wide(&v, &a->c0);
    bls_fp_square_wide(&w, &a->c1);
    bls_wide_add(&v, &v, &w);
    bls_fp_reduce_wide(&n, &v);
    (void)bls_fp_sqrt(&n, &n);
    bls_fp_add(&d, &a->c0, &n);
    bls_fp_mul(&d, &d, &bls_fp_half);
    bls_fp_sub(&e, &a->c0, &n);
    bls_fp_mul(&e, &e, &bls_fp_half);
    bls_fp_select(&d, bls_fp_is_zero(&d), &e, &d);

    bls_fp_pow_p_minus_3_over_4(&s, &d);
    bls_fp_mul(&y, &s, &d);
    bls_fp_square(&t, &y);
    uint64_t square = bls_fp_equal(&t, &d);
    bls_fp_mul(&t, &a->c1, &bls_fp_half);
    bls_fp_mul(&t, &t, &s);
    bls_fp_select(&root.c0, square, &y, &t);
    bls_fp_select(&root.c1, square, &t, &y);
    bls_fp2_square(&check, &root);
    uint64_t found = bls_fp2_equal(&check, a);
    bls_fp_neg(&root.c1, &root.c1);
    bls_fp2_square(&check, &root);
    uint64_t found_negated = bls_fp2_equal(&check, a);
    bls_fp_neg(&t, &root.c1);
    bls_fp_select(&root.c1, found, &t, &root.c1);
    *out = root;
    return found | found_negated;
}

uint64_t bls_fp2_is_zero(const struct bls_fp2 *a)
{
    return bls_fp_is_zero(&a->c0) & bls_fp_is_zero(&a->c1);
}

uint64_t bls_fp2_equal(const struct bls_fp2 *a, const struct bls_fp2 *b)
{
    return bls_fp_equal(&a->c0, &b->c0) & bls_fp_equal(&a->c1, &b->c1);
}

void bls_fp2_select(struct bls_fp2 *out, uint64_t mask, const struct bls_fp2 *a,
                    const struct bls_fp2 *b)
{
    bls_fp_select(&out->c0, mask, &a->c0, &b->c0);
    bls_fp_select(&out->c1, mask, &a->c1, &b->c1);
}

uint64_t bls_fp2_is_larger_half(const struct bls_fp2 *a)
{
    return bls_fp_is_larger_half(&a->c1) | (bls_fp_is_zero(&a->c1) & bls_fp_is_larger_half(&a->c0));
}
