/* One element of Fp12 across the lanes. The contract is in fp12_int.h.
 *
 * The work is done on three elements of Fp4 at once, a + b s, each coordinate a vector of three
 * Fp2: products are taken wide (struct wide4), combined, and reduced once. A product in Fp2 is two
 * products a lane,
 *
 *   (x0 + x1 u)(y0 + y1 u):   x0 y0 + x1 (-y1)   in the real lane,   x0 y1 + x1 y0   in the other
 *
 * and a square is one: (x0 + x1)(x0 - x1) and (2 x0) x1. */
#include "bls12381/ifma/fp12_int.h"
#include "bls12381/ifma/fp8_sums_int.h"
#include "bls12381/ifma/product_int.h"
#include "bls12381/ifma/transpose_int.h"

enum { REAL_LANES = 0x55, SIX_LANES = 0x3f };

/* Three elements of Fp4 before reduction. */
struct wide4 {
    struct bls_fp8_wide a, b;
};

/* Indices of permutations. Of one vector: each Fp2's real part in both its lanes, its imaginary
 * part in both, the two exchanged. */
static const uint64_t both_real[BLS_LANES] = {0, 0, 2, 2, 4, 4, 6, 6};
static const uint64_t both_imaginary[BLS_LANES] = {1, 1, 3, 3, 5, 5, 7, 7};
static const uint64_t exchanged[BLS_LANES] = {1, 0, 3, 2, 5, 4, 7, 6};

static inline void permute(struct bls_fp8 *out, const struct bls_fp8 *a,
                           const uint64_t index[static BLS_LANES])
{
    const bls_vec by = bls_vec_constant(index);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_permute(a->limb[i], by);
    }
}

/* Of two vectors; lanes 6 and 7 of the result are zero. */
static inline void permute_two(struct bls_fp8 *out, const struct bls_fp8 *a,
                               const struct bls_fp8 *b, const uint64_t index[static BLS_LANES])
{
    const bls_vec by = bls_vec_constant(index);
    const bls_lanes six = bls_lanes_constant(SIX_LANES);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        out->limb[i] = bls_vec_permute_two_lanes(six, a->limb[i], b->limb[i], by);
    }
}

/* column[i] of out = (1 + u) times that of a: real - imaginary in the real lanes, the sum in the
 * others. */
static inline bls_vec times_xi(bls_vec a)
{
    bls_vec other = bls_vec_permute(a, bls_vec_constant(exchanged));
    return bls_vec_select(bls_lanes_constant(REAL_LANES), bls_vec_sub(a, other),
                          bls_vec_add(a, other));
}

/* (-y1, y0), carried, for a carried y. */
static inline void turn(struct bls_fp8 *out, const struct bls_fp8 *y)
{
    const bls_vec by = bls_vec_constant(exchanged);
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec other = bls_vec_permute(y->limb[i], by);
        out->limb[i] = bls_vec_sub_lanes(bls_lanes_constant(REAL_LANES), other,
                                         bls_vec_set1(bls_fp8_above_high[i]), other);
    }
    bls_fp8_carry(out, out);
}

/* out = x y in three Fp2; x carried, or the sum of two such. */
static inline void fp2x3_mul_wide(struct bls_fp8_wide *restrict out, const struct bls_fp8 *x,
                                  const struct bls_fp8 *y, const struct bls_fp8 *turned)
{
    struct bls_fp8_halves t;
    struct bls_fp8 part;
    bls_halves_zero(&t);
    permute(&part, x, both_real);
    bls_halves_product(&t, &part, y);
    permute(&part, x, both_imaginary);
    bls_halves_product(&t, &part, turned);
#pragma GCC unroll 16
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        out->column[k] = bls_halves_column(&t, k);
    }
}

/* (a + b s)(c + d s) = (ac + xi bd) + ((a + b)(c + d) - ac - bd) s; all carried. */
static void fp4x3_mul_wide(struct wide4 *restrict out, const struct bls_fp8 *a,
                           const struct bls_fp8 *b, const struct bls_fp8 *c,
                           const struct bls_fp8 *d)
{
    struct bls_fp8 c_turned, d_turned, sum, factor, turned;
    struct bls_fp8_wide ac, bd, t;
    turn(&c_turned, c);
    turn(&d_turned, d);
    bls_fp8_add(&sum, a, b);
    bls_fp8_add(&factor, c, d);
    bls_fp8_add(&turned, &c_turned, &d_turned);
    fp2x3_mul_wide(&ac, a, c, &c_turned);
    fp2x3_mul_wide(&bd, b, d, &d_turned);
    fp2x3_mul_wide(&t, &sum, &factor, &turned);
#pragma GCC unroll 4
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        bls_vec x = ac.column[k], y = bd.column[k];
        out->a.column[k] = bls_vec_add(x, times_xi(y));
        out->b.column[k] = bls_vec_sub(bls_vec_sub(t.column[k], x), y);
    }
}

/* x^2 in three Fp2, x carried. */
static inline void fp2x3_square_wide(struct bls_fp8_wide *restrict out, const struct bls_fp8 *x)
{
    struct bls_fp8 sum, difference, other;
    permute(&sum, x, both_real);
    permute(&other, x, exchanged);
    bls_fp8_add(&sum, &sum, &other); /* (x0 + x1, 2 x0) */
#pragma GCC unroll 8
    for (int i = 0; i < BLS_FP8_LIMBS; i++) { /* (x0 - x1, x1) */
        bls_vec lifted = bls_vec_add(x->limb[i], bls_vec_set1(bls_fp8_above_high[i]));
        difference.limb[i] =
            bls_vec_sub_lanes(bls_lanes_constant(REAL_LANES), x->limb[i], lifted, other.limb[i]);
    }
    bls_fp8_mul_wide(out, &sum, &difference);
}

/* (a + b s)^2 = (a^2 + xi b^2) + ((a + b)^2 - a^2 - b^2) s; both carried. */
static void fp4x3_square_wide(struct wide4 *restrict out, const struct bls_fp8 *a,
                              const struct bls_fp8 *b)
{
    struct bls_fp8 sum;
    struct bls_fp8_wide aa, bb, t;
    bls_fp8_add(&sum, a, b);
    bls_fp8_carry(&sum, &sum);
    fp2x3_square_wide(&aa, a);
    fp2x3_square_wide(&bb, b);
    fp2x3_square_wide(&t, &sum);
#pragma GCC unroll 4
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        bls_vec x = aa.column[k], y = bb.column[k];
        out->a.column[k] = bls_vec_add(x, times_xi(y));
        out->b.column[k] = bls_vec_sub(bls_vec_sub(t.column[k], x), y);
    }
}

/* From (m, p) to (A0, A1, A2), lanes 6 and 7 zero, which they stay up to the reduction; and to the
 * sums of two (A1 + A2, A0 + A1, A0 + A2). */
static const uint64_t to_a[BLS_LANES] = {0, 1, 12, 13, 2, 3, 6, 7};
static const uint64_t to_b[BLS_LANES] = {8, 9, 4, 5, 10, 11, 14, 15};
static const uint64_t rotate_1[BLS_LANES] = {2, 3, 0, 1, 0, 1, 6, 7};
static const uint64_t rotate_2[BLS_LANES] = {4, 5, 2, 3, 4, 5, 6, 7};

static inline void fp4_parts(struct bls_fp8 *a, struct bls_fp8 *b, const struct bls_fp12_lanes *x)
{
    permute_two(a, &x->m, &x->p, to_a);
    permute_two(b, &x->m, &x->p, to_b);
}

static inline void pair_sums(struct bls_fp8 *out, const struct bls_fp8 *a)
{
    struct bls_fp8 t;
    permute(&t, a, rotate_1);
    permute(out, a, rotate_2);
    bls_fp8_add(out, out, &t);
    bls_fp8_carry(out, out);
}

/* Karatsuba over Fp4 with w^3 = s, given D = (D0, D1, D2), D_i = A_i B_i, and the products of the
 * pair sums E = (E12, E01, E02), in the order in which they are put together:
 *
 *   A0: D0 + s F0      A1: F1 + s D2      A2: F2 + D1        F = E - (D1 + D2, D0 + D1, D0 + D2)
 */
static const uint64_t plain[BLS_LANES] = {0, 1, 10, 11, 12, 13, 14, 15}; /* D0, F1, F2 */
static const uint64_t times_s[BLS_LANES] = {8, 9, 4, 5, 6, 7, 6, 7};     /* F0, D2, 0 */
static const uint64_t middle[BLS_LANES] = {6, 7, 6, 7, 2, 3, 6, 7};      /* 0, 0, D1 */
/* From (A0, A1, A2)'s a and b back to m and p. */
static const uint64_t to_m[BLS_LANES] = {0, 1, 4, 5, 10, 11, 14, 15};
static const uint64_t to_p[BLS_LANES] = {8, 9, 12, 13, 2, 3, 14, 15};

static void combine(struct bls_fp12_lanes *out, const struct wide4 *d, const struct wide4 *e)
{
    const bls_vec by_1 = bls_vec_constant(rotate_1), by_2 = bls_vec_constant(rotate_2);
    const bls_vec by_plain = bls_vec_constant(plain), by_s = bls_vec_constant(times_s);
    const bls_vec by_middle = bls_vec_constant(middle);
    struct wide4 r;
#pragma GCC unroll 2
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        bls_vec da = d->a.column[k], db = d->b.column[k];
        bls_vec fa = bls_vec_sub(e->a.column[k], bls_vec_permute(da, by_1));
        bls_vec fb = bls_vec_sub(e->b.column[k], bls_vec_permute(db, by_1));
        fa = bls_vec_sub(fa, bls_vec_permute(da, by_2));
        fb = bls_vec_sub(fb, bls_vec_permute(db, by_2));
        bls_vec a =
            bls_vec_add(bls_vec_permute_two(da, fa, by_plain), bls_vec_permute(da, by_middle));
        bls_vec b =
            bls_vec_add(bls_vec_permute_two(db, fb, by_plain), bls_vec_permute(db, by_middle));
        r.a.column[k] = bls_vec_add(a, times_xi(bls_vec_permute_two(db, fb, by_s)));
        r.b.column[k] = bls_vec_add(b, bls_vec_permute_two(da, fa, by_s));
    }
    struct bls_fp8 ra, rb;
    bls_fp8_reduce(&ra, &r.a);
    bls_fp8_reduce(&rb, &r.b);
    permute_two(&out->m, &ra, &rb, to_m);
    permute_two(&out->p, &ra, &rb, to_p);
}

void bls_fp12_lanes_mul(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *x,
                        const struct bls_fp12_lanes *y)
{
    struct bls_fp8 a, b, c, d;
    struct wide4 diagonal, cross;
    fp4_parts(&a, &b, x);
    fp4_parts(&c, &d, y);
    fp4x3_mul_wide(&diagonal, &a, &b, &c, &d);
    pair_sums(&a, &a);
    pair_sums(&b, &b);
    pair_sums(&c, &c);
    pair_sums(&d, &d);
    fp4x3_mul_wide(&cross, &a, &b, &c, &d);
    combine(out, &diagonal, &cross);
}

void bls_fp12_lanes_square(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *x)
{
    struct bls_fp8 a, b;
    struct wide4 diagonal, cross;
    fp4_parts(&a, &b, x);
    fp4x3_square_wide(&diagonal, &a, &b);
    pair_sums(&a, &a);
    pair_sums(&b, &b);
    fp4x3_square_wide(&cross, &a, &b);
    combine(out, &diagonal, &cross);
}

void bls_fp12_lanes_conjugate(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *a)
{
    struct bls_fp8 zero;
    struct bls_fp8_wide w;
    /* through a reduction, so that the result is reduced and not merely carried */
    bls_fp8_set(&zero, bls_fp8_one);
    bls_fp8_mul_wide(&w, &a->p, &zero);
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        w.column[k] = bls_vec_sub(bls_vec_zero(), w.column[k]);
    }
    bls_fp8_reduce(&out->p, &w);
    out->m = a->m;
}

/* Granger and Scott: A0' = 3 A0^2 - 2 conj A0, A1' = 3 s A2^2 + 2 conj A1, A2' = 3 A1^2 - 2 conj
 * A2, the conjugate negating the part at s; so, with A_i^2 = t_i + u_i s, m' = 3 (t0, t1, t2) - 2 m
 * p' = 3 (u0, u1, xi u2) + 2 p */
void bls_fp12_lanes_cyclotomic_square(struct bls_fp12_lanes *out, const struct bls_fp12_lanes *x)
{
    const bls_lanes last = bls_lanes_constant(0x30);
    struct bls_fp8 a, b;
    struct wide4 r;
    fp4_parts(&a, &b, x);
    fp4x3_square_wide(&r, &a, &b);
#pragma GCC unroll 4
    for (int k = 0; k < BLS_FP8_COLUMNS; k++) {
        r.b.column[k] = bls_vec_select(last, times_xi(r.b.column[k]), r.b.column[k]);
    }
    bls_fp8_neg(&a, &x->m);
    bls_fp8_triple_and_twice(&out->m, &r.a, &a);
    bls_fp8_triple_and_twice(&out->p, &r.b, &x->p);
}

static void from_coordinates(struct bls_fp8 *out, const struct bls_fp2 *a, const struct bls_fp2 *b,
                             const struct bls_fp2 *c)
{
    struct bls_fp t[BLS_LANES] = {a->c0, a->c1, b->c0, b->c1, c->c0, c->c1, {{0}}, {{0}}};
    bls_fp8_load(out, t, sizeof *t);
}

static void to_coordinates(struct bls_fp2 *a, struct bls_fp2 *b, struct bls_fp2 *c,
                           const struct bls_fp8 *in)
{
    struct bls_fp t[BLS_LANES];
    bls_fp8_store(t, in, sizeof *t);
    *a = (struct bls_fp2){t[0], t[1]};
    *b = (struct bls_fp2){t[2], t[3]};
    *c = (struct bls_fp2){t[4], t[5]};
}

void bls_fp12_lanes_load(struct bls_fp12_lanes *out, const struct bls_fp12 *a)
{
    from_coordinates(&out->m, &a->c0.c0, &a->c0.c1, &a->c0.c2);
    from_coordinates(&out->p, &a->c1.c1, &a->c1.c2, &a->c1.c0);
}

void bls_fp12_lanes_store(struct bls_fp12 *out, const struct bls_fp12_lanes *a)
{
    to_coordinates(&out->c0.c0, &out->c0.c1, &out->c0.c2, &a->m);
    to_coordinates(&out->c1.c1, &out->c1.c2, &out->c1.c0, &a->p);
}

static void split(struct bls_fp12_lanes out[static BLS_LANES], size_t offset,
                  const struct bls_fp2x8 *a, const struct bls_fp2x8 *b, const struct bls_fp2x8 *c)
{
    const struct bls_fp8 *in[] = {&a->c0, &a->c1, &b->c0, &b->c1, &c->c0, &c->c1};
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        bls_vec v[BLS_LANES];
        for (int j = 0; j < BLS_LANES; j++) {
            v[j] = j < 6 ? in[j]->limb[i] : bls_vec_zero();
        }
        bls_vec_transpose(v);
        for (int j = 0; j < BLS_LANES; j++) {
            struct bls_fp8 *to = (struct bls_fp8 *)(void *)((uint8_t *)&out[j] + offset);
            to->limb[i] = v[j];
        }
    }
}

void bls_fp12_lanes_split(struct bls_fp12_lanes out[static BLS_LANES], const struct bls_fp12x8 *a)
{
    split(out, offsetof(struct bls_fp12_lanes, m), &a->c0.c0, &a->c0.c1, &a->c0.c2);
    split(out, offsetof(struct bls_fp12_lanes, p), &a->c1.c1, &a->c1.c2, &a->c1.c0);
}
