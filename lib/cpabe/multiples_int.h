/* Products of an attribute key's points by public scalars, sooner for those that are multiplied
 * often: these have tables of their multiples.
 *
 * What is multiplied. The k3 of wildcards and of negated leaves, and a wildcard's `wild` under a
 * negated leaf; each is a column of four points with one scalar. A column has a table of its own,
 * made (lazy_int.h) once it was multiplied as often as the table costs: a column that is idle costs
 * a counter. The transform's wildcard is multiplied in every decapsulation.
 *
 * What it locks. A table is guarded, locked memory of 160 KB, four bases of 40 KB, and a sender
 * chooses what his policies multiply; uses count before a ciphertext proves genuine. So a key has
 * at most TKN_TABLES_MAX tables, of the columns that were worth it first, and the transform's: 1.5
 * MB, which stays until the key is freed. Other columns are multiplied without, as all are at
 * first.
 *
 * Threads: a key's counters and tables are shared by all that use it (lazy_int.h). Constant-time in
 * the points; labels, scalars and so the number of uses are public. */
#ifndef CPABE_MULTIPLES_INT_H
#define CPABE_MULTIPLES_INT_H

#include "sums_int.h"
#include "tkn20_int.h"

#include <stdatomic.h>

enum { TKN_TABLES_MAX = 8 };

/* A key's tables. All zero: none yet. */
struct tkn_multiples {
    atomic_size_t taken;     /* tables that are there or in the making, the transform's apart */
    struct tkn_lazy *column; /* two an attribute: k3's, wild's */
};

struct tkn_product {
    const struct tkn_attribute *attribute; /* of the key */
    bool wild;                             /* its wild's column, or k3's */
    size_t slot;                           /* which four sums it is added to */
    struct bls_fr k;
    const struct bls_g1_base *table; /* for tkn_products_run() alone */
};

/* Counts one more use of a column. Its table, four bases, or NULL when there is none. */
const struct bls_g1_base *tkn_multiples_get(const struct tkn_key *key,
                                            const struct tkn_attribute *attribute, bool wild);
/* For the key's end, when no other thread uses it. */
void tkn_multiples_clear(struct tkn_key *key);

/* out[4 slot + row] = the sum of the products of a slot, infinity where there is none. sums is a
 * new one with room for all of these. */
void tkn_products_run(struct bls_g1 *out, const struct tkn_key *key, struct tkn_product *products,
                      size_t count, size_t slots, struct tkn_sums *sums);

#endif
