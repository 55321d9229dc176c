/* Eight points of E at once, one a lane: the group law in homogeneous coordinates with the complete
 * formulas of Renes, Costello and Batina (ePrint 2015/1060), as g1.c has them.
 *
 * The lanes' curve is y^2 = x^3 + 2/3, where the formulas' constant 3 b is 2 instead of 12: (x, y)
 * of E is (s^2 x, s^3 y) there, 4 s^6 = 2/3. Points are carried over when they are loaded and back
 * when they are stored; phi multiplies x by the same beta.
 *
 * Coordinates are reduced (fp8_int.h) before and after every function. Constant-time. Outputs may
 * be inputs. */
#ifndef KEYFENCE_BLS12381_G1X8_INT_H
#define KEYFENCE_BLS12381_G1X8_INT_H

#include "bls12381/ifma/fp8_sums_int.h"

struct bls_g1x8 {
    struct bls_fp8 x, y, z;
};
struct bls_g1x8_affine {
    struct bls_fp8 x, y;
};

void bls_g1x8_infinity(struct bls_g1x8 *out);
/* A point from memory in each lane, infinity where the pointer is NULL; the first form gives the
 * lanes of infinity, where x = y = 0. */
bls_lanes bls_g1x8_load_points(struct bls_g1x8_affine *out,
                               const struct bls_g1_affine *const in[static BLS_LANES]);
void bls_g1x8_load_affine(struct bls_g1x8 *out,
                          const struct bls_g1_affine *const in[static BLS_LANES]);
/* n <= 8 points from memory, the other lanes infinity; and to memory. */
void bls_g1x8_load(struct bls_g1x8 *out, const struct bls_g1 *in, size_t n);
/* table[j] = [j+1]table[0], for sixteen of them. */
void bls_g1x8_window(struct bls_g1x8 *table);
/* a in the lanes of the mask, b in the others. */
void bls_g1x8_select(struct bls_g1x8 *out, bls_lanes mask, const struct bls_g1x8 *a,
                     const struct bls_g1x8 *b);
/* At most 32 vectors, normalised together: canonical (x, y) on the lanes' curve; infinity becomes
 * (0, 0). */
void bls_g1x8_normalise(struct bls_g1x8_affine *out, const struct bls_g1x8 *a, size_t vectors);
/* The same for n points in as many vectors as they fill, to E and to memory. */
void bls_g1x8_to_affine(struct bls_g1_affine *out, const struct bls_g1x8 *a, size_t n);
void bls_g1x8_store(struct bls_g1 *out, const struct bls_g1x8 *a, size_t n);

void bls_g1x8_add(struct bls_g1x8 *out, const struct bls_g1x8 *a, const struct bls_g1x8 *b);
/* b is not infinity in any lane. */
void bls_g1x8_add_mixed(struct bls_g1x8 *out, const struct bls_g1x8 *a,
                        const struct bls_g1x8_affine *b);
void bls_g1x8_double(struct bls_g1x8 *out, const struct bls_g1x8 *a);
/* Adds the lanes that lie `slots` apart, 1, 2, 4 or 8: lane i < slots has their sum. */
void bls_g1x8_fold(struct bls_g1x8 *a, size_t slots);
/* The negative in the lanes of the mask. a was not negated before; its y is then no more than an
 * operand with a top limb below 2^35, which the additions take as b. */
void bls_g1x8_negate(struct bls_g1x8 *a, bls_lanes mask);
/* x times beta: [-x^2]a. */
void bls_g1x8_phi(struct bls_g1x8 *a);
/* [|x|]a. */
void bls_g1x8_mul_x_abs(struct bls_g1x8 *out, const struct bls_g1x8 *a);
/* The same of the points in lanes 0 to 3 alone, in little more than half the time; the other lanes
 * become anything (reduced). Not where out is a. */
void bls_g1x4_mul_x_abs(struct bls_g1x8 *restrict out, const struct bls_g1x8 *a);

/* What a table of multiples gives for one number a lane: the entries for its windows, the lowest
 * first, [d_i 2^(b i)]P with |d_i| <= 16, b >= 5, P of the subgroup and the number below 2^130.
 * infinite: where d_i is zero, and the point anything. Coordinates reduced. */
enum { BLS_G1X8_ENTRIES = 13, BLS_G1X8_NUMBERS = 16 };
struct bls_g1x8_entries {
    struct bls_g1x8_affine point[BLS_G1X8_ENTRIES];
    bls_lanes infinite[BLS_G1X8_ENTRIES];
};
/* out[i] = the sum of the entries of a[i], i < n <= BLS_G1X8_NUMBERS; a is used up. */
void bls_g1x8_sum_entries(struct bls_g1x8 *out, struct bls_g1x8_entries *a, size_t n);

#endif
