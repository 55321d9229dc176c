/* What G1 and G2 share: the endomorphisms, the splitting of scalars along them, signed windows.
 *
 * On G1, phi(x, y) = (beta x, y) is multiplication by -x^2 (x the curve's parameter), so
 *   k = k0 + k1 x^2,              [k]P = [k0]P - [k1]phi(P),            k0, k1 < x^2 < 2^128
 * (Gallant, Lambert, Vanstone). On G2, psi is multiplication by x = -|x|, and on GT the Frobenius
 * map: k = d0 + d1|x| + d2|x|^2 + d3|x|^3, [k]Q = [d0]Q - [d1]psi(Q) + [d2]psi^2(Q) - [d3]psi^3(Q),
 * d_i < |x| < 2^64 (Galbraith, Lin, Scott). All of it constant-time. */
#ifndef KEYFENCE_BLS12381_POINT_INT_H
#define KEYFENCE_BLS12381_POINT_INT_H

#include "bls12381/tower_int.h"

enum {
    BLS_WINDOW = 5,
    BLS_WINDOW_ENTRIES = 16,  /* multiples 1 to 16: digits are -16 to 16 */
    BLS_HALF_WINDOWS = 26,    /* for 128 bits and a sign */
    BLS_QUARTER_WINDOWS = 13, /* for 64 bits and a sign */
};

/* A digit: the magnitude in the low bits, BLS_DIGIT_NEGATIVE set when it is negative. The value of
 * a sequence is the sum of digit[i] 32^i. */
enum { BLS_DIGIT_NEGATIVE = 0x80 };

static inline uint64_t bls_digit_magnitude(uint8_t digit)
{
    return digit & 0x1f;
}

static inline uint64_t bls_digit_negative(uint8_t digit)
{
    return kf_ct_mask(digit >> 7);
}

struct bls_half_digits {
    uint8_t digit[2][BLS_HALF_WINDOWS]; /* of k0 and k1 */
};
struct bls_quarter_digits {
    uint8_t digit[4][BLS_QUARTER_WINDOWS]; /* of d0 to d3 */
};

/* k0, k1 and d0 to d3 themselves, little-endian limbs. */
void bls_split_half_numbers(uint64_t half[static 2][2], const struct bls_fr *k);
void bls_split_quarter_numbers(uint64_t quarter[static 4], const struct bls_fr *k);
void bls_split_half(struct bls_half_digits *out, const struct bls_fr *k);
void bls_split_quarter(struct bls_quarter_digits *out, const struct bls_fr *k);

/* out = digit times the table's base, table[j] = [j+1]base: reads every entry. */
void bls_g1_lookup(struct bls_g1 *out, const struct bls_g1 table[static BLS_WINDOW_ENTRIES],
                   uint8_t digit);
void bls_g2_lookup(struct bls_g2 *out, const struct bls_g2 table[static BLS_WINDOW_ENTRIES],
                   uint8_t digit);
/* table[j] = [j+1]a */
void bls_g1_window(struct bls_g1 table[static BLS_WINDOW_ENTRIES], const struct bls_g1 *a);
void bls_g2_window(struct bls_g2 table[static BLS_WINDOW_ENTRIES], const struct bls_g2 *a);

/* table[j] = a^(j+1), a of GT */
void bls_gt_window(struct bls_fp12 table[static BLS_WINDOW_ENTRIES], const struct bls_fp12 *a);
/* out = the table's base to the power digit |x|^h, h = 0 to 3: reads every entry. a^p = a^x, so
 * that a^|x| is the conjugate of a^p. */
void bls_gt_lookup_quarter(struct bls_fp12 *out,
                           const struct bls_fp12 table[static BLS_WINDOW_ENTRIES], uint8_t digit,
                           int h);

/* a + b for an affine b other than infinity. */
void bls_g1_add_mixed(struct bls_g1 *out, const struct bls_g1 *a, const struct bls_g1_affine *b);
void bls_g2_add_mixed(struct bls_g2 *out, const struct bls_g2 *a, const struct bls_g2_affine *b);

void bls_g1_phi(struct bls_g1 *out, const struct bls_g1 *a);
void bls_g2_psi(struct bls_g2 *out, const struct bls_g2 *a);
void bls_g2_psi2(struct bls_g2 *out, const struct bls_g2 *a);
/* a = psi^i(a) with the sign that [d_i] has in the sum above, i = 0 to 3. */
void bls_g2_apply_psi(struct bls_g2 *a, int i);
/* [|x|]a for any point of the curve. */
void bls_g1_mul_x_abs(struct bls_g1 *out, const struct bls_g1 *a);
void bls_g2_mul_x_abs(struct bls_g2 *out, const struct bls_g2 *a);

/* hash_to_field of RFC 9380, 5.2, as the hash to G1 uses it: two elements. */
void bls_hash_to_fields(struct bls_fp u[static 2], const uint8_t *message, size_t message_length,
                        const uint8_t *dst, size_t dst_length);

/* bls_hash_to_g1() before its last step, and that step: [1 - x]a (RFC 9380, 8.8.1). */
void bls_hash_uncleared(struct bls_g1 *out, const uint8_t *message, size_t message_length,
                        const uint8_t *dst, size_t dst_length);
void bls_g1_clear_cofactor(struct bls_g1 *out, const struct bls_g1 *a);

#endif
