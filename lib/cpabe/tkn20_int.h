/* TKN20 inside libcpabe: the key encapsulation of ePrint 2019/966, section 5 (the unbounded CP-ABE
 * for formulae with negation), in the form that CIRCL's tkn package gives it.
 *
 * Notation, as in the paper: matrices over the scalar field are lower-case arrays in row-major
 * order; [M]1, [M]2, [M]T are their exponentials in G1, G2, GT. k = 2 throughout, so
 *
 *   A  (3x2)  of the k-Lin distribution           B = the first two columns of a 4x4 matrix Bbar
 *   B*, B12* (4x2)  the first and last two columns of (Bbar^T)^-1
 *   public:  [B]2, [WB]1, [B^T k]T                secret:  A, W^T A, B*, B12*, k (4x1), a PRF key
 *
 * For each label a random oracle gives [U0]1, [U1]1 and the PRF gives V0, V1 (all 3x2). A key for
 * x = As holds [x]2, [W^T x + k]1 and for each label with value y
 *
 *   k3 = [B* (y U0 + U1)^T x + B12* (y V0 + V1)^T x]1           (4x1)
 *
 * or, for a wildcard, that polynomial's two coefficients apart. A ciphertext holds [B r]2, [B r_j]2
 * for each repeat index j, and for a leaf with value v, repeat index j and share s (shares of r)
 *
 *   positive:  c3 = [(v U0 + U1) r_j + WB s]1                              (3x1)
 *   negated:   c3 = [U0 r_j - WB s]1,   c3neg = [U1 r_j + v WB s]1
 *
 * The encapsulated key is [r^T B^T k]T.
 *
 * Constant time in everything secret; policies, labels, attribute values and the ciphertext's own
 * bytes are public. Caller storage, or one wiped heap block a call where sizes depend on a policy.
 */
#ifndef CPABE_TKN20_INT_H
#define CPABE_TKN20_INT_H

#include "base/random.h"
#include "base/status.h"
#include "bls12381/bls12381.h"
#include "lazy_int.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TKN_PRF_KEY_BYTES = 16,
    TKN_A_ROWS = 3,
    TKN_B_ROWS = 4,
    TKN_K = 2,
};

struct tkn_public {
    struct bls_g2_affine b2[TKN_B_ROWS * TKN_K];
    struct bls_g1_affine wb1[TKN_A_ROWS * TKN_K];
    struct bls_gt btk[TKN_K];
    struct tkn_lazy *tables; /* multiples of these, with tkn_public_tables; NULL: none are kept */
    struct tkn_lazy *cache;  /* of labels' matrices (matrices_int.h); the same */
};

struct tkn_secret {
    struct bls_fr a[TKN_A_ROWS * TKN_K];
    struct bls_fr wta[TKN_B_ROWS * TKN_K];
    struct bls_fr bstar[TKN_B_ROWS * TKN_K];
    struct bls_fr bstar12[TKN_B_ROWS * TKN_K];
    struct bls_fr k[TKN_B_ROWS];
    uint8_t prf_key[TKN_PRF_KEY_BYTES];
};

/* One label of an attribute key. */
struct tkn_attribute {
    const char *label; /* borrowed from the key; NUL after label_length bytes */
    size_t label_length;
    bool wildcard;
    struct bls_fr value;                   /* zero for a wildcard */
    struct bls_g1_affine k3[TKN_B_ROWS];   /* of a wildcard: the coefficient of y */
    struct bls_g1_affine wild[TKN_B_ROWS]; /* of a wildcard: the constant term */
};

struct tkn_multiples;

/* An attribute key's body; attributes ascend by label (memcmp, then length) without duplicates. */
struct tkn_key {
    struct tkn_lazy *lines;                /* of k1, with tkn_key_lines; NULL: none are kept */
    struct tkn_multiples *multiples;       /* of attributes' points (multiples_int.h); the same */
    const struct tkn_attribute *transform; /* its wildcard, used in every decapsulation */
    struct bls_g2_affine k1[TKN_A_ROWS];
    struct bls_g1_affine k2[TKN_B_ROWS];
    size_t count;
    struct tkn_attribute *attributes;
};

/* Scalar matrices (matrix.c). Shapes are rows x inner times inner x columns; out overlaps neither.
 */
void tkn_matrix_mul(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b, size_t rows,
                    size_t inner, size_t columns);
/* out (columns x rows) = the transpose of a (rows x columns). */
void tkn_matrix_transpose(struct bls_fr *out, const struct bls_fr *a, size_t rows, size_t columns);
/* out (rows x 2) = two neighbouring columns of the square matrix a. */
void tkn_matrix_columns(struct bls_fr *out, const struct bls_fr *a, size_t rows, size_t first);
KF_MUST_USE enum kf_status tkn_matrix_random(struct bls_fr *out, size_t count,
                                             const struct kf_random *random);
/* The inverse of a 4x4 matrix of uniform entries; KF_ERR_INTERNAL when elimination meets a zero
 * pivot (probability below 2^-252). */
KF_MUST_USE enum kf_status tkn_matrix_inverse(struct bls_fr out[static 16],
                                              const struct bls_fr a[static 16]);

/* Other hashes (oracle.c; U0 and U1 are in matrices_int.h). */

/* V0 and V1 of a label. */
void tkn_prf(struct bls_fr v0[static 6], struct bls_fr v1[static 6],
             const uint8_t key[static TKN_PRF_KEY_BYTES], const char *label, size_t length);
/* The scalar that stands for an attribute's value. */
void tkn_hash_value(struct bls_fr *out, const char *value, size_t length);

KF_MUST_USE enum kf_status tkn_setup(struct tkn_public *public_key, struct tkn_secret *secret_key,
                                     const struct kf_random *random);

/* Fills k1, k2, and k3 and wild of each attribute; count, attributes and in each label, value and
 * wildcard are given. cache is one of labels' matrices (matrices_int.h), or NULL. */
KF_MUST_USE enum kf_status tkn_keygen(struct tkn_key *key, const struct tkn_secret *secret_key,
                                      struct tkn_lazy *cache, const struct kf_random *random);

/* Shares a vector of two scalars among the leaves (share.c): shares[w] for every wire w, 2 * gates
 * + 1 of them, the last given. The shares of any satisfying set of leaves sum to it; what a set
 * that does not satisfy knows is independent of it. */
KF_MUST_USE enum kf_status tkn_share(struct bls_fr (*shares)[TKN_K], const struct policy *policy,
                                     const struct kf_random *random);

/* A ciphertext's points. The arrays have room for policy->repeat_count and policy->leaf_count. */
struct tkn_leaf_points {
    struct bls_g1_affine c3[TKN_A_ROWS];
    struct bls_g1_affine c3neg[TKN_A_ROWS]; /* of a negated leaf */
};
struct tkn_header {
    struct bls_g2_affine c1[TKN_B_ROWS];
    struct bls_g2_affine (*c2)[TKN_B_ROWS];
    struct tkn_leaf_points *leaves;
};
/* Multiples of a public key's entries: 1 MB, made when they have become worth it. */
extern const struct tkn_lazy_kind tkn_public_tables;

/* values[i] is leaf i's scalar. On failure *key is zero. */
KF_MUST_USE enum kf_status tkn_encapsulate(struct tkn_header *header, struct bls_gt *key,
                                           const struct tkn_public *public_key,
                                           const struct policy *policy, const struct bls_fr *values,
                                           const struct kf_random *random);

/* What a key's k1 is to the pairing, made at its first decapsulation. Secret, as these points are.
 */
extern const struct tkn_lazy_kind tkn_key_lines;

/* Which leaves a key's attributes satisfy. */
const struct tkn_attribute *tkn_key_find(const struct tkn_key *key, const char *label,
                                         size_t length);
void tkn_available(bool *available, const struct tkn_key *key, const struct policy *policy,
                   const struct bls_fr *values);

/* The points of a ciphertext that decapsulation uses, as encoded: borrowed, not yet decoded.
 * c3neg[i] is NULL for a positive leaf. */
struct tkn_encoded_header {
    const uint8_t *c1;
    const uint8_t **c2;
    const uint8_t **c3;
    const uint8_t **c3neg;
};
/* chosen is a satisfying set whose leaves are all available. KF_ERR_MALFORMED when a point that is
 * used is not on its curve, one of G2 is not in its group, or the sums of those of G1 are not
 * (decapsulate.c says why that is enough); others are not looked at. On failure *out is zero. */
KF_MUST_USE enum kf_status tkn_decapsulate(struct bls_gt *out, const struct tkn_key *key,
                                           const struct tkn_encoded_header *header,
                                           const struct policy *policy, const struct bls_fr *values,
                                           const bool *chosen);

#endif
