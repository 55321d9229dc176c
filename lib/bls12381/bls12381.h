/* BLS12-381: the scalar field, the groups G1, G2 and GT, the pairing, hashing to G1, encodings.
 *
 * The curve. E: y^2 = x^3 + 4 over Fp and its twist E': y^2 = x^3 + 4(1+u) over Fp2, p of 381 bits;
 * G1, G2 and GT have the prime order r of 255 bits. The tower is Fp2 = Fp[u]/(u^2+1),
 * Fp6 = Fp2[v]/(v^3-(1+u)), Fp12 = Fp6[w]/(w^2-v). The curve's parameter is x =
 * -0xd201000000010000.
 *
 * Invariants. Field elements are Montgomery residues (limbs little-endian, factor 2^256 for the
 * scalars, 2^384 for Fp), always fully reduced: equal values have equal limbs. A `struct bls_g1` or
 * `bls_g2` is a point of the curve in homogeneous coordinates (x = X/Z, y = Y/Z, infinity is
 * (0 : Y : 0) with Y not 0); the addition formulas are complete, so no input is exceptional. An
 * affine point (0, 0), which is on neither curve, stands for infinity. Where a function says "of
 * the subgroup" a point of the curve outside of it gives a wrong result, never a crash.
 *
 * Constant time. Everything whose name does not end in _vartime takes time that is independent of
 * the values of scalars, points and field elements; it depends on counts and lengths alone.
 * Exceptions are stated: decoding and bls_fr_random() branch on whether they refuse. Predicates
 * give a mask, all ones (true) or zero (false), so that they combine without branches; a mask is
 * also good for `if` once it may be known.
 *
 * Paths. The same values are computed by portable C or by what this machine is better at, chosen
 * before main() begins; see bls_path_name().
 *
 * Threads: values only, no shared state; tables are constant. Ownership: the caller owns all
 * storage; nothing here calls malloc, batches use up to 0.5 MB of stack. Secrets in temporaries on
 * the stack are wiped where they are scalars, tables of their multiples or what a pairing's value
 * is made of. Outputs may be the same objects as inputs, except where said otherwise. */
#ifndef KEYFENCE_BLS12381_BLS12381_H
#define KEYFENCE_BLS12381_BLS12381_H

#include "base/random.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    BLS_FR_BYTES = 32,
    BLS_FP_BYTES = 48,
    BLS_G1_BYTES = 96,
    BLS_G1_COMPRESSED_BYTES = 48,
    BLS_G2_BYTES = 192,
    BLS_G2_COMPRESSED_BYTES = 96,
    BLS_GT_BYTES = 576,
};

struct bls_fr {
    uint64_t limb[4];
};
struct bls_fp {
    uint64_t limb[6];
};
struct bls_fp2 { /* c0 + c1 u */
    struct bls_fp c0, c1;
};
struct bls_fp6 { /* c0 + c1 v + c2 v^2 */
    struct bls_fp2 c0, c1, c2;
};
struct bls_fp12 { /* c0 + c1 w */
    struct bls_fp6 c0, c1;
};
struct bls_g1 {
    struct bls_fp x, y, z;
};
struct bls_g1_affine {
    struct bls_fp x, y;
};
struct bls_g2 {
    struct bls_fp2 x, y, z;
};
struct bls_g2_affine {
    struct bls_fp2 x, y;
};
/* An element of the subgroup of order r of Fp12*. */
struct bls_gt {
    struct bls_fp12 f;
};

/* Which code runs: "portable", "mulx" (x86-64 with BMI2 and ADX) or "ifma" (with AVX-512 IFMA too).
 * The environment variable BLS12381_PATH chooses another one that the machine supports. */
const char *bls_path_name(void);
/* How many operations of a batch cost what one of them costs: the path's lanes, 8 or 1. For
 * choosing shapes, never results. */
size_t bls_path_lanes(void);

/* Scalars: integers modulo r = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001.
 */

void bls_fr_from_u64(struct bls_fr *out, uint64_t v);
/* The integer that the 32 big-endian bytes say; KF_ERR_MALFORMED unless it is below r (out is then
 * untouched). The refusal alone is not constant-time. */
KF_MUST_USE enum kf_status bls_fr_decode(struct bls_fr *out, const uint8_t in[static BLS_FR_BYTES]);
void bls_fr_encode(uint8_t out[static BLS_FR_BYTES], const struct bls_fr *a);
/* The integer that `length` big-endian bytes say, modulo r; any length, 0 gives zero. The same
 * number as CIRCL's Scalar.SetBytes. */
void bls_fr_from_bytes_mod(struct bls_fr *out, const uint8_t *in, size_t length);
/* A uniform scalar, from the same bytes and with the same result as CIRCL's Scalar.Random: draws 32
 * bytes, clears the top bit, reads them big-endian, draws again until the number is below r; that
 * number is then taken as the Montgomery residue itself (the scalar is number / 2^256 mod r), not
 * as the scalar. Passes on the source's error; KF_ERR_RANDOM when 256 draws were refused, which is
 * no random source; out is then zero. Time tells how many draws were refused, and nothing of the
 * accepted one. */
KF_MUST_USE enum kf_status bls_fr_random(struct bls_fr *out, const struct kf_random *random);

void bls_fr_add(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b);
void bls_fr_sub(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b);
void bls_fr_neg(struct bls_fr *out, const struct bls_fr *a);
void bls_fr_mul(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b);
void bls_fr_square(struct bls_fr *out, const struct bls_fr *a);
/* 1/a; the inverse of zero is zero. */
void bls_fr_inverse(struct bls_fr *out, const struct bls_fr *a);
/* Inverts n scalars for the price of one inversion and 3n products; zeros stay zero. out must not
 * overlap in. */
void bls_fr_inverse_batch(struct bls_fr *out, const struct bls_fr *in, size_t n);
uint64_t bls_fr_is_zero(const struct bls_fr *a);
uint64_t bls_fr_equal(const struct bls_fr *a, const struct bls_fr *b);
/* out = a where mask is all ones, b where it is zero. */
void bls_fr_select(struct bls_fr *out, uint64_t mask, const struct bls_fr *a,
                   const struct bls_fr *b);

/* G1. */

void bls_g1_generator(struct bls_g1 *out);
void bls_g1_infinity(struct bls_g1 *out);
void bls_g1_from_affine(struct bls_g1 *out, const struct bls_g1_affine *a);
void bls_g1_to_affine(struct bls_g1_affine *out, const struct bls_g1 *a);
/* Normalises n points with one inversion. */
void bls_g1_to_affine_batch(struct bls_g1_affine *out, const struct bls_g1 *in, size_t n);
void bls_g1_add(struct bls_g1 *out, const struct bls_g1 *a, const struct bls_g1 *b);
void bls_g1_sub(struct bls_g1 *out, const struct bls_g1 *a, const struct bls_g1 *b);
void bls_g1_double(struct bls_g1 *out, const struct bls_g1 *a);
void bls_g1_neg(struct bls_g1 *out, const struct bls_g1 *a);
void bls_g1_affine_neg(struct bls_g1_affine *out, const struct bls_g1_affine *a);
uint64_t bls_g1_equal(const struct bls_g1 *a, const struct bls_g1 *b);
uint64_t bls_g1_is_infinity(const struct bls_g1 *a);
uint64_t bls_g1_affine_is_infinity(const struct bls_g1_affine *a);
void bls_g1_select(struct bls_g1 *out, uint64_t mask, const struct bls_g1 *a,
                   const struct bls_g1 *b);
/* Whether (x, y) satisfies the curve's equation or is infinity. */
uint64_t bls_g1_on_curve(const struct bls_g1_affine *a);
/* Whether a point of the curve has order dividing r (infinity has). */
uint64_t bls_g1_in_subgroup(const struct bls_g1_affine *a);
/* Whether all n points of the curve are in the subgroup. */
uint64_t bls_g1_in_subgroup_batch(const struct bls_g1_affine *a, size_t n);

/* [k]a, a of the subgroup. */
void bls_g1_mul(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1 *a);
void bls_g1_mul_generator(struct bls_g1 *out, const struct bls_fr *k);
/* The sum of [k[i]]a[i], with shared doublings; points of the subgroup, any n, best up to a dozen
 * at a time. out must not overlap a. */
void bls_g1_mul_sum(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1 *a, size_t n);
/* As the two above for public scalars and points. */
void bls_g1_mul_vartime(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1 *a);
void bls_g1_mul_sum_vartime(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1 *a,
                            size_t n);

/* Hashes to the subgroup: BLS12381G1_XMD:SHA-256_SSWU_RO_ of RFC 9380, 8.8.1, with any domain
 * separation tag (one longer than 255 bytes is hashed first, 5.3.3). Constant-time in the message.
 */
void bls_hash_to_g1(struct bls_g1 *out, const uint8_t *message, size_t message_length,
                    const uint8_t *dst, size_t dst_length);

/* G2: as G1. */

void bls_g2_generator(struct bls_g2 *out);
void bls_g2_infinity(struct bls_g2 *out);
void bls_g2_from_affine(struct bls_g2 *out, const struct bls_g2_affine *a);
void bls_g2_to_affine(struct bls_g2_affine *out, const struct bls_g2 *a);
void bls_g2_to_affine_batch(struct bls_g2_affine *out, const struct bls_g2 *in, size_t n);
void bls_g2_add(struct bls_g2 *out, const struct bls_g2 *a, const struct bls_g2 *b);
void bls_g2_sub(struct bls_g2 *out, const struct bls_g2 *a, const struct bls_g2 *b);
void bls_g2_double(struct bls_g2 *out, const struct bls_g2 *a);
void bls_g2_neg(struct bls_g2 *out, const struct bls_g2 *a);
void bls_g2_affine_neg(struct bls_g2_affine *out, const struct bls_g2_affine *a);
uint64_t bls_g2_equal(const struct bls_g2 *a, const struct bls_g2 *b);
uint64_t bls_g2_is_infinity(const struct bls_g2 *a);
uint64_t bls_g2_affine_is_infinity(const struct bls_g2_affine *a);
void bls_g2_select(struct bls_g2 *out, uint64_t mask, const struct bls_g2 *a,
                   const struct bls_g2 *b);
uint64_t bls_g2_on_curve(const struct bls_g2_affine *a);
uint64_t bls_g2_in_subgroup(const struct bls_g2_affine *a);
uint64_t bls_g2_in_subgroup_batch(const struct bls_g2_affine *a, size_t n);
void bls_g2_mul(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a);
void bls_g2_mul_generator(struct bls_g2 *out, const struct bls_fr *k);
void bls_g2_mul_sum(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a, size_t n);
void bls_g2_mul_vartime(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a);
void bls_g2_mul_sum_vartime(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2 *a,
                            size_t n);

/* Encodings of points, as ZCash and the IETF's pairing-friendly-curves draft (appendix C) have
 * them: big-endian coordinates, c1 before c0; the top bits of the first byte say compressed,
 * infinity, and (compressed only) that y is the lexicographically larger one. Decoding accepts the
 * one canonical form: coordinates below p, infinity all zeros but its flags, no stray flag, on the
 * curve, in the subgroup; anything else is KF_ERR_MALFORMED with out untouched. It branches on
 * infinity and on what it refuses. The _no_subgroup_check forms leave out the last condition:
 * before such a point is used in any computation its caller must pass it through
 * bls_g1_in_subgroup_batch() (or G2's). Two uses are allowed before: sums by bls_g1_sum_batch() and
 * the _vartime products, whose results must pass it; and bls_pairing_product_fixed(), which says
 * itself whether its points of G2 are of the subgroup. */

void bls_g1_encode(uint8_t out[static BLS_G1_BYTES], const struct bls_g1_affine *a);
void bls_g1_encode_compressed(uint8_t out[static BLS_G1_COMPRESSED_BYTES],
                              const struct bls_g1_affine *a);
KF_MUST_USE enum kf_status bls_g1_decode(struct bls_g1_affine *out,
                                         const uint8_t in[static BLS_G1_BYTES]);
KF_MUST_USE enum kf_status
bls_g1_decode_compressed(struct bls_g1_affine *out,
                         const uint8_t in[static BLS_G1_COMPRESSED_BYTES]);
KF_MUST_USE enum kf_status bls_g1_decode_no_subgroup_check(struct bls_g1_affine *out,
                                                           const uint8_t in[static BLS_G1_BYTES]);
KF_MUST_USE enum kf_status
bls_g1_decode_compressed_no_subgroup_check(struct bls_g1_affine *out,
                                           const uint8_t in[static BLS_G1_COMPRESSED_BYTES]);

void bls_g2_encode(uint8_t out[static BLS_G2_BYTES], const struct bls_g2_affine *a);
void bls_g2_encode_compressed(uint8_t out[static BLS_G2_COMPRESSED_BYTES],
                              const struct bls_g2_affine *a);
KF_MUST_USE enum kf_status bls_g2_decode(struct bls_g2_affine *out,
                                         const uint8_t in[static BLS_G2_BYTES]);
KF_MUST_USE enum kf_status
bls_g2_decode_compressed(struct bls_g2_affine *out,
                         const uint8_t in[static BLS_G2_COMPRESSED_BYTES]);
KF_MUST_USE enum kf_status bls_g2_decode_no_subgroup_check(struct bls_g2_affine *out,
                                                           const uint8_t in[static BLS_G2_BYTES]);
KF_MUST_USE enum kf_status
bls_g2_decode_compressed_no_subgroup_check(struct bls_g2_affine *out,
                                           const uint8_t in[static BLS_G2_COMPRESSED_BYTES]);

/* GT. */

void bls_gt_one(struct bls_gt *out);
void bls_gt_mul(struct bls_gt *out, const struct bls_gt *a, const struct bls_gt *b);
void bls_gt_square(struct bls_gt *out, const struct bls_gt *a);
void bls_gt_inverse(struct bls_gt *out, const struct bls_gt *a);
/* a^k. */
void bls_gt_exp(struct bls_gt *out, const struct bls_gt *a, const struct bls_fr *k);
uint64_t bls_gt_equal(const struct bls_gt *a, const struct bls_gt *b);
uint64_t bls_gt_is_one(const struct bls_gt *a);
/* The twelve coordinates, big-endian, from the highest power to the lowest at each level of the
 * tower (c1 before c0, c2 before c1 before c0): CIRCL's Gt.MarshalBinary. */
void bls_gt_encode(uint8_t out[static BLS_GT_BYTES], const struct bls_gt *a);
/* KF_ERR_MALFORMED, with out untouched, unless every coordinate is below p and the element has
 * order dividing r. (CIRCL does not check the order.) */
KF_MUST_USE enum kf_status bls_gt_decode(struct bls_gt *out, const uint8_t in[static BLS_GT_BYTES]);

/* The pairing e: G1 x G2 -> GT, the optimal ate pairing with the final exponent 3 (p^12-1)/r (the
 * cube of the reduced pairing; blst and CIRCL have the same). Arguments of the subgroups; a pair in
 * which either is infinity contributes one. Constant-time in the points, not in n. */

void bls_pairing(struct bls_gt *out, const struct bls_g1_affine *p, const struct bls_g2_affine *q);
/* The product of e(p[i], q[i]) over n pairs with one chain of squarings and one final
 * exponentiation; n = 0 gives one. */
void bls_pairing_product(struct bls_gt *out, const struct bls_g1_affine *p,
                         const struct bls_g2_affine *q, size_t n);
/* The two halves. Products of Miller values may be taken before the final exponentiation. */
void bls_miller_loop(struct bls_fp12 *out, const struct bls_g1_affine *p,
                     const struct bls_g2_affine *q, size_t n);
void bls_miller_mul(struct bls_fp12 *out, const struct bls_fp12 *a, const struct bls_fp12 *b);
void bls_final_exponentiation(struct bls_gt *out, const struct bls_fp12 *f);

/* Batches: many operations of one kind, which fill the lanes of vector units where there are any;
 * eight and multiples of eight are best. Every function gives the same results as its single
 * operations, as points: coordinates (X : Y : Z) may differ by a factor. Outputs do not overlap
 * inputs, any count may be 0, and time depends on counts alone except where said otherwise. */

/* Hashing in two steps (RFC 9380, 3): out[i] is a point of the curve, and what clearing its
 * cofactor makes of it is the hash of in[i].message under in[i].dst, as bls_hash_to_g1(). The
 * second step is a quarter of the work, and a sum of products of such points needs it once. */
struct bls_hash_input {
    const uint8_t *message;
    size_t message_length;
    const uint8_t *dst;
    size_t dst_length;
};
void bls_hash_uncleared_batch(struct bls_g1_affine *out, const struct bls_hash_input *in, size_t n);
/* p[i] = [1 - x]p[i], h_eff of RFC 9380, 8.8.1: takes any point of the curve to the subgroup. */
void bls_g1_clear_cofactor_batch(struct bls_g1 *p, size_t n);
/* out = k / (1 - x) modulo r: a term [out]a of a sum that is cleared counts as [k]a, a of the
 * subgroup. */
void bls_fr_divide_by_cofactor(struct bls_fr *out, const struct bls_fr *k);

/* out[s] = the sum over t < terms of [k[s * terms + t]] a[s * terms + t], for s < sums: rows of
 * `terms` products. Any points of the curve: outside of the subgroup a product is by some other
 * endomorphism of the curve, which agrees with [k] on the subgroup and respects the group law, so
 * that clearing the cofactor of a sum is the same as clearing its points'. The second form is for
 * public scalars and points. */
void bls_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1_affine *a,
                          size_t terms, size_t sums);
void bls_g1_mul_sum_batch_vartime(struct bls_g1 *out, const struct bls_fr *k,
                                  const struct bls_g1_affine *a, size_t terms, size_t sums);

/* The same for G2. */
void bls_g2_mul_sum_batch(struct bls_g2 *out, const struct bls_fr *k, const struct bls_g2_affine *a,
                          size_t terms, size_t sums);
/* out[s] = the sum over t < terms of a[s * terms + t], for s < sums. Any points of the curve. */
void bls_g1_sum_batch(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms, size_t sums);

/* Multiples of one point of the subgroup (infinity is one) for a base that is multiplied often:
 * making them costs as much as four to six products, and each product then a third. The layout is
 * the running path's own: a base is for the process that made it. plain[i][j] is [(j + 1) 2^(5
 * i)]a; lanes[i], for the lanes of the path "ifma", are the coordinates' limbs of [(j + 1) 2^(10
 * i)]a, sixteen j side by side. */
struct bls_g1_base {
    uint64_t infinite; /* mask: the point is infinity, and the table that of the generator */
    union {
        struct bls_g1_affine plain[26][16];
        uint64_t lanes[13][2][8][16];
    } u;
};
struct bls_g2_base {
    uint64_t infinite;
    union {
        struct bls_g2_affine plain[13][16];
        uint64_t lanes[13][4][8][16];
    } u;
};
void bls_g1_base_init(struct bls_g1_base *base, const struct bls_g1_affine *a);
void bls_g2_base_init(struct bls_g2_base *base, const struct bls_g2_affine *a);
/* The generators' multiples: constant data. */
const struct bls_g1_base *bls_g1_generator_base(void);
const struct bls_g2_base *bls_g2_generator_base(void);
/* out[s] = start[s] + the sum over t < terms of [k[s * terms + t]] base[s * terms + t], for s <
 * sums: any bases, the same one often or not. start may be NULL, which is infinity everywhere, and
 * may be out. */
void bls_g1_base_mul_sum_batch(struct bls_g1 *out, const struct bls_g1 *start,
                               const struct bls_g1_base *const *base, const struct bls_fr *k,
                               size_t terms, size_t sums);
void bls_g2_base_mul_sum_batch(struct bls_g2 *out, const struct bls_g2 *start,
                               const struct bls_g2_base *const *base, const struct bls_fr *k,
                               size_t terms, size_t sums);

/* n uncompressed encodings (96 and 192 bytes each), borrowed, as the single functions without
 * subgroup check decode them, and with the same caution. KF_ERR_MALFORMED when any is bad; all of
 * out is infinity then. Branches on infinity and on refusal alone. */
KF_MUST_USE enum kf_status bls_g1_decode_batch(struct bls_g1_affine *out, const uint8_t *const *in,
                                               size_t n);
KF_MUST_USE enum kf_status bls_g2_decode_batch(struct bls_g2_affine *out, const uint8_t *const *in,
                                               size_t n);

/* What the Miller loop needs of a fixed second argument: made once for a point of the subgroup or
 * infinity. Opaque, and the running path's own. */
struct bls_g2_lines {
    union {
        struct {
            uint64_t infinite;
            struct bls_fp2 line[68][3]; /* one a step */
        } plain;
        uint64_t lanes[9][32][8]; /* 68 lines of two Fp2, in 9 batches of eight lanes */
    } u;
};
void bls_g2_lines_init(struct bls_g2_lines *lines, const struct bls_g2_affine *q);
/* out = the product of e(p[i], q[i]) over i < n and of e(pf[i], the point of lines[i]) over i < nf.
 * The q[i] need only be on the curve: *in_subgroup becomes a mask, whether every q[i] is of the
 * subgroup (infinity is), and when it is false *out is unspecified. in_subgroup may be NULL: then
 * the caller knows that they are. */
void bls_pairing_product_fixed(struct bls_gt *out, uint64_t *in_subgroup,
                               const struct bls_g1_affine *p, const struct bls_g2_affine *q,
                               size_t n, const struct bls_g1_affine *pf,
                               const struct bls_g2_lines *const *lines, size_t nf);

/* Powers of one element, for one that is exponentiated often: making them costs as much as two
 * exponentiations, and each exponentiation then a third. Opaque, and the running path's own. plain:
 * plain[i][j] = a^((j + 1) 32^i). */
struct bls_gt_base {
    union {
        struct bls_fp12 plain[13][16];
        uint64_t lanes[13][12][8]
                      [16]; /* the same, the entries of a limb of a coordinate together */
    } u;
};
void bls_gt_base_init(struct bls_gt_base *base, const struct bls_gt *a);
/* out = the product of base[i]^k[i] over i < n. */
void bls_gt_base_exp_product(struct bls_gt *out, const struct bls_gt_base *const *base,
                             const struct bls_fr *k, size_t n);

#endif
