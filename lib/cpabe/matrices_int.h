/* The matrices that a label stands for: U0 and U1, hashed to G1 entry by entry, and v U0 + U1 where
 * it is wanted for the same value v time and again.
 *
 * Twelve hashes a label are most of what encrypting for new labels costs. Two things make them
 * less:
 *
 *   - The last step of hashing, clearing the cofactor, is put off: entries are points of the curve,
 *     and the sums that are made of them are cleared, three or six a leaf and two a component of a
 * key (tkn_clear_cofactors()). Products and sums are homomorphisms of the whole curve that commute
 *     with it, so the results are the same points.
 *   - They are kept: for the CACHE_LABELS labels and the CACHE_JOINED pairs of label and value that
 *     were used last (or nearly: each has a set of CACHE_WAYS places, in which the one used longest
 *     ago gives way). What is asked for a second time is made ready for more: the label's entries
 *     are cleared, or, of a pair, v U0 + U1 is made, six products, and cleared. The label of the
 *     Boneh-Katz transform, which is in every policy and every key, is compiled in.
 *
 * Everything here is public: labels, values, points. A cache is at most 0.7 MB, of which the system
 * gives what is used. It belongs to the key object that encrypts or makes keys, for there is no
 * global state; it changes no result, only when it comes. Threads: any number; the lock is never
 * held while something is computed. */
#ifndef CPABE_MATRICES_INT_H
#define CPABE_MATRICES_INT_H

#include "lazy_int.h"
#include "tkn20_int.h"

enum {
    CACHE_LABELS = 256,
    CACHE_JOINED = 512,
    CACHE_WAYS = 8,
    MATRICES_AT_ONCE = 16, /* labels that are hashed together */
};

/* A struct tkn_lazy of this kind is a cache; its source is NULL. */
extern const struct tkn_lazy_kind tkn_cache_kind;

struct tkn_matrix_request {
    const char *label;
    size_t length;
    const struct bls_fr *value; /* NULL: the two matrices apart */
};

/* joined: u0 holds value U0 + U1, and u1 nothing. cleared: the entries are of G1; else they are
 * points of the curve, and sums of their products are to be cleared. */
struct tkn_matrices {
    bool joined, cleared;
    struct bls_g1_affine u0[TKN_A_ROWS * TKN_K];
    struct bls_g1_affine u1[TKN_A_ROWS * TKN_K];
};

/* The matrices for n <= MATRICES_AT_ONCE requests. cache may be NULL. */
void tkn_matrices_get(struct tkn_matrices *out, struct tkn_lazy *cache,
                      const struct tkn_matrix_request *in, size_t n);

/* Random oracle (oracle.c): u0 and u1 of n <= MATRICES_AT_ONCE labels, without any memory, and not
 * cleared. */
void tkn_oracle(struct tkn_matrices *const *out, const struct tkn_matrix_request *const *in,
                size_t n);
/* Those of CCA_LABEL (transform_label.c, which a test makes again and compares). */
extern const struct tkn_matrices tkn_transform_matrices;

#endif
