/* Eight points of the twist at once, one a lane: the group law in homogeneous coordinates with the
 * complete formulas of Renes, Costello and Batina (ePrint 2015/1060), as g2.c has them.
 *
 * Coordinates are carried (fp8_int.h) before and after every function, and reduced after additions
 * and doublings. Constant-time. Outputs may be inputs. */
#ifndef KEYFENCE_BLS12381_G2X8_INT_H
#define KEYFENCE_BLS12381_G2X8_INT_H

#include "bls12381/ifma/fp2x8_int.h"

struct bls_g2x8 {
    struct bls_fp2x8 x, y, z;
};
struct bls_g2x8_affine {
    struct bls_fp2x8 x, y;
};
/* What psi multiplies by: see bls_psi_x and the others. */
struct bls_psix8 {
    struct bls_fp8 x, x_cubed, x_squared; /* psi and psi^3, the imaginary parts; psi^2 */
    struct bls_fp8 y0, y1, minus_y0, minus_y1;
};

void bls_g2x8_infinity(struct bls_g2x8 *out);
void bls_g2x8_select(struct bls_g2x8 *out, bls_lanes mask, const struct bls_g2x8 *a,
                     const struct bls_g2x8 *b);
/* A point from memory in each lane, infinity where the pointer is NULL. */
void bls_g2x8_load_affine(struct bls_g2x8 *out,
                          const struct bls_g2_affine *const in[static BLS_LANES]);
/* n <= 8 points from memory, the other lanes infinity; and to memory. */
void bls_g2x8_load(struct bls_g2x8 *out, const struct bls_g2 *in, size_t n);
void bls_g2x8_store(struct bls_g2 *out, const struct bls_g2x8 *a, size_t n);
/* At most 32 vectors, normalised together: canonical (x, y); infinity becomes (0, 0). */
void bls_g2x8_normalise(struct bls_g2x8_affine *out, const struct bls_g2x8 *a, size_t vectors);

void bls_g2x8_add(struct bls_g2x8 *out, const struct bls_g2x8 *a, const struct bls_g2x8 *b);
/* b is not infinity in any lane. */
void bls_g2x8_add_mixed(struct bls_g2x8 *out, const struct bls_g2x8 *a,
                        const struct bls_g2x8_affine *b);
void bls_g2x8_double(struct bls_g2x8 *out, const struct bls_g2x8 *a);
/* table[j] = [j+1]table[0], for sixteen of them. */
void bls_g2x8_window(struct bls_g2x8 *table);
/* [|x|]a. */
void bls_g2x8_mul_x_abs(struct bls_g2x8 *out, const struct bls_g2x8 *a);
/* Adds the lanes that lie `slots` apart, 1, 2, 4 or 8: lane i < slots has their sum. */
void bls_g2x8_fold(struct bls_g2x8 *a, size_t slots);

void bls_psix8_load(struct bls_psix8 *out);
/* a = psi^i(a) with the sign that [d_i] has in the sum of point_int.h, i = 0 to 3, and negative in
 * the lanes of the mask. a reduced. */
void bls_g2x8_apply_psi(struct bls_g2x8 *a, const struct bls_psix8 *psi, int i, bls_lanes negative);

/* As struct bls_g1x8_entries (g1x8_int.h), for a quarter of a scalar a lane. */
enum { BLS_G2X8_ENTRIES = 13, BLS_G2X8_NUMBERS = 12 };
struct bls_g2x8_entries {
    struct bls_g2x8_affine point[BLS_G2X8_ENTRIES];
    bls_lanes infinite[BLS_G2X8_ENTRIES];
};
/* out[i] = the sum of the entries of a[i], i < n <= BLS_G2X8_NUMBERS; a is used up. */
void bls_g2x8_sum_entries(struct bls_g2x8 *out, struct bls_g2x8_entries *a, size_t n);

#endif
