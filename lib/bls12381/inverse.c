/* Division steps. The mathematics:
 *
 * (f, g) starts as (modulus, a). One step is, with delta starting at 1/2,
 *   delta > 0 and g odd:  (delta, f, g) = (1 - delta, g, (g - f)/2)
 *   else:                 (delta, f, g) = (1 + delta, f, (g + (g mod 2) f)/2)
 * Bernstein and Yang start at delta = 1 and prove that (49 b + 57)/17 steps bring g to 0, and f to
 * 1 or -1, for b bits (theorem 11.2). The start at 1/2 is Wuille's and needs fewer, (45907 b +
 * 26313)/19929 (libsecp256k1, doc/safegcd_implementation.md); division_steps.py computes the bound
 * for both moduli.
 *
 * 60 steps depend on the low 60 bits of f and g alone and are a matrix 2^60 (f', g') = (u f + v g,
 * q f + r g), |u| + |v| <= 2^60, |q| + |r| <= 2^60. They are made as two times 30, so that a row
 * fits one word and is computed with at once: u + 2^32 v (Pornin, ePrint 2020/972). The same matrix
 * is applied modulo the modulus to (d, e), which starts as (0, 1), so that always d a = f and e a =
 * g up to one common factor, which the division by 2^60 at each application makes 1. At the end
 * a^-1 = d f. Numbers are signed, in limbs of 60 bits, the top one carrying the sign. */
#include "bls12381/inverse_int.h"

#include "base/secret.h"
#include "bls12381/constants_int.h"
#include "bls12381/limb_int.h"
#include "bls12381/path_int.h"

__extension__ typedef __int128 int128;

enum { BITS = 60, LIMBS_P = 7, LIMBS_R = 5, MAX_LIMBS = 7 };
/* (45907 * 381 + 26313) / 19929 = 878 steps and (45907 * 255 + 26313) / 19929 = 588 steps, 60 at a
 * time */
enum { BATCHES_P = 15, BATCHES_R = 10 };

static const int64_t LOW = ((int64_t)1 << BITS) - 1;

struct number {
    int64_t limb[MAX_LIMBS];
};

struct matrix {
    int64_t u, v, q, r;
};

static int64_t barrier(int64_t v)
{
    return (int64_t)kf_ct_barrier((uint64_t)v);
}

/* v / 2^n rounded down; shifting a negative number right is arithmetic in gcc and clang. */
static int64_t shift(int64_t v, int n)
{
    return v >> n; // cppcheck-suppress shiftTooManyBitsSigned
}

static void load(struct number *out, const uint64_t *in, int words, int limbs)
{
    for (int i = 0; i < limbs; i++) {
        int word = BITS * i / 64, offset = BITS * i % 64;
        uint64_t v = word < words ? in[word] >> offset : 0;
        if (offset > 64 - BITS && word + 1 < words) {
            v |= in[word + 1] << (64 - offset);
        }
        out->limb[i] = (int64_t)(v & (uint64_t)LOW);
    }
}

/* Requires a number that is not negative, with limbs in [0, 2^60). */
static void store(uint64_t *out, const struct number *in, int words, int limbs)
{
    for (int i = 0; i < words; i++) {
        int first = 64 * i / BITS, offset = 64 * i % BITS;
        uint64_t v = (uint64_t)in->limb[first] >> offset;
        if (first + 1 < limbs) {
            v |= (uint64_t)in->limb[first + 1] << (BITS - offset);
        }
        out[i] = v;
    }
}

/* A row of a matrix of 30 steps, u + 2^32 v: both in [-2^30, 2^30]. */
static int64_t low_half(uint64_t row)
{
    return (int64_t)(int32_t)(uint32_t)row;
}

static int64_t high_half(uint64_t row)
{
    return (int64_t)(int32_t)(uint32_t)((row - (uint64_t)low_half(row)) >> 32);
}

/* All masks. Wrapping arithmetic: unsigned. */
void bls_portable_thirty_steps(struct bls_division_rows *out, struct bls_division_state *state)
{
    uint64_t uv = 1, qr = (uint64_t)1 << 32, f = state->f, g = state->g, zeta = state->zeta;
    for (int i = 0; i < BITS / 2; i++) {
        uint64_t positive = kf_ct_mask(zeta >> 63); /* delta > 0 */
        uint64_t odd = kf_ct_mask(g & 1);
        /* g += or -= f, when g is odd */
        g += ((f ^ positive) - positive) & odd;
        qr += ((uv ^ positive) - positive) & odd;
        uint64_t swap = positive & odd;
        zeta = (zeta ^ swap) - 1; /* delta = 1 - delta, or 1 + delta */
        /* f becomes the old g, which is f + (g - f) */
        f += g & swap;
        uv += qr & swap;
        g >>= 1;
        uv <<= 1;
    }
    *state = (struct bls_division_state){f, g, zeta};
    *out = (struct bls_division_rows){uv, qr};
}

static void matrix_of_thirty(struct matrix *m, struct bls_division_state *state)
{
    struct bls_division_rows rows;
    bls_kernels->thirty_steps(&rows, state);
    *m = (struct matrix){low_half(rows.uv), high_half(rows.uv), low_half(rows.qr),
                         high_half(rows.qr)};
}

/* 60 division steps. */
static void steps(struct matrix *m, struct bls_division_state *state)
{
    struct matrix a, b;
    matrix_of_thirty(&a, state);
    matrix_of_thirty(&b, state);
    *m = (struct matrix){b.u * a.u + b.v * a.q, b.u * a.v + b.v * a.r, b.q * a.u + b.r * a.q,
                         b.q * a.v + b.r * a.r};
}

/* (f, g) = m (f, g) / 2^60, exact. */
static inline void apply(struct number *f, struct number *g, const struct matrix *m, int limbs)
{
    int128 cf = (int128)m->u * f->limb[0] + (int128)m->v * g->limb[0];
    int128 cg = (int128)m->q * f->limb[0] + (int128)m->r * g->limb[0];
    cf >>= BITS;
    cg >>= BITS;
    for (int i = 1; i < limbs; i++) {
        cf += (int128)m->u * f->limb[i] + (int128)m->v * g->limb[i];
        cg += (int128)m->q * f->limb[i] + (int128)m->r * g->limb[i];
        f->limb[i - 1] = (int64_t)cf & LOW;
        g->limb[i - 1] = (int64_t)cg & LOW;
        cf >>= BITS;
        cg >>= BITS;
    }
    f->limb[limbs - 1] = (int64_t)cf;
    g->limb[limbs - 1] = (int64_t)cg;
}

/* (d, e) = m (d, e) / 2^60 modulo the modulus n. Both in (-2n, n), before and after: n is added to
 * what is negative, which leaves (-n, n); m brings that to (-2^60 n, 2^60 n); and a multiple of n
 * in [0, 2^60) n is taken away that makes the low limb 0. inverse is 1/n modulo 2^60. */
static inline void apply_mod(struct number *d, struct number *e, const struct matrix *m,
                             const struct number *n, uint64_t inverse, int limbs)
{
    int64_t d_negative = barrier(shift(d->limb[limbs - 1], 63));
    int64_t e_negative = barrier(shift(e->limb[limbs - 1], 63));
    int64_t nd = (m->u & d_negative) + (m->v & e_negative);
    int64_t ne = (m->q & d_negative) + (m->r & e_negative);
    int128 cd = (int128)m->u * d->limb[0] + (int128)m->v * e->limb[0];
    int128 ce = (int128)m->q * d->limb[0] + (int128)m->r * e->limb[0];
    nd -= (int64_t)((inverse * (uint64_t)cd + (uint64_t)nd) & (uint64_t)LOW);
    ne -= (int64_t)((inverse * (uint64_t)ce + (uint64_t)ne) & (uint64_t)LOW);
    cd += (int128)nd * n->limb[0];
    ce += (int128)ne * n->limb[0];
    cd >>= BITS;
    ce >>= BITS;
    for (int i = 1; i < limbs; i++) {
        cd += (int128)m->u * d->limb[i] + (int128)m->v * e->limb[i] + (int128)nd * n->limb[i];
        ce += (int128)m->q * d->limb[i] + (int128)m->r * e->limb[i] + (int128)ne * n->limb[i];
        d->limb[i - 1] = (int64_t)cd & LOW;
        e->limb[i - 1] = (int64_t)ce & LOW;
        cd >>= BITS;
        ce >>= BITS;
    }
    d->limb[limbs - 1] = (int64_t)cd;
    e->limb[limbs - 1] = (int64_t)ce;
}

/* a = (a ^ negate) - negate + (n & add), carried: negates by mask -1, then adds n by mask -1. */
static inline void adjust(struct number *a, int64_t negate, int64_t add, const struct number *n,
                          int limbs)
{
    int64_t carry = 0;
    for (int i = 0; i < limbs; i++) {
        int64_t v = (a->limb[i] ^ negate) - negate + (n->limb[i] & add) + carry;
        carry = shift(v, BITS);
        a->limb[i] = i < limbs - 1 ? v & LOW : v;
    }
}

static inline void invert(uint64_t *out, const uint64_t *a, const uint64_t *modulus,
                          uint64_t minus_inverse, int words, int limbs, int batches)
{
    struct number n, f, g, d = {{0}}, e = {{1}};
    struct matrix m;
    struct bls_division_state state = {.zeta = ~(uint64_t)0};
    uint64_t inverse = (0 - minus_inverse) & (uint64_t)LOW;
    load(&n, modulus, words, limbs);
    f = n;
    load(&g, a, words, limbs);
    for (int i = 0; i < batches; i++) {
        state.f = (uint64_t)f.limb[0];
        state.g = (uint64_t)g.limb[0];
        steps(&m, &state);
        apply_mod(&d, &e, &m, &n, inverse, limbs);
        apply(&f, &g, &m, limbs);
    }
    /* d in (-2n, n): to (-n, n), times the sign of f, to [0, n). */
    adjust(&d, 0, barrier(shift(d.limb[limbs - 1], 63)), &n, limbs);
    adjust(&d, barrier(shift(f.limb[limbs - 1], 63)), 0, &n, limbs);
    adjust(&d, 0, barrier(shift(d.limb[limbs - 1], 63)), &n, limbs);
    store(out, &d, words, limbs);
    kf_wipe(&f, sizeof f);
    kf_wipe(&g, sizeof g);
    kf_wipe(&d, sizeof d);
    kf_wipe(&e, sizeof e);
    kf_wipe(&m, sizeof m);
    kf_wipe(&state, sizeof state);
}

void bls_invert_mod_p(uint64_t out[static 6], const uint64_t a[static 6])
{
    invert(out, a, bls_p, bls_p_inv, 6, LIMBS_P, BATCHES_P);
}

void bls_invert_mod_r(uint64_t out[static 4], const uint64_t a[static 4])
{
    invert(out, a, bls_r, bls_r_inv, 4, LIMBS_R, BATCHES_R);
}
