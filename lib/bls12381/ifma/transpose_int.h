/* Eight vectors as the rows of a square, transposed: lane j of vector i and lane i of vector j
 * change places. Three rounds of exchanges, of blocks of four, two and one. */
#ifndef KEYFENCE_BLS12381_TRANSPOSE_INT_H
#define KEYFENCE_BLS12381_TRANSPOSE_INT_H

#include "bls12381/ifma/vec_int.h"

static inline void bls_vec_exchange(bls_vec *a, bls_vec *b, bls_vec low, bls_vec high)
{
    bls_vec t = bls_vec_permute_two(*a, *b, low);
    *b = bls_vec_permute_two(*a, *b, high);
    *a = t;
}

static inline void bls_vec_transpose(bls_vec v[static BLS_LANES])
{
    static const uint64_t index[3][2][BLS_LANES] = {
        {{0, 1, 2, 3, 8, 9, 10, 11}, {4, 5, 6, 7, 12, 13, 14, 15}},
        {{0, 1, 8, 9, 4, 5, 12, 13}, {2, 3, 10, 11, 6, 7, 14, 15}},
        {{0, 8, 2, 10, 4, 12, 6, 14}, {1, 9, 3, 11, 5, 13, 7, 15}},
    };
#pragma GCC unroll 3
    for (int round = 0; round < 3; round++) {
        const int distance = 4 >> round;
        const bls_vec low = bls_vec_constant(index[round][0]);
        const bls_vec high = bls_vec_constant(index[round][1]);
#pragma GCC unroll 8
        for (int i = 0; i < BLS_LANES; i++) {
            if ((i & distance) == 0) {
                bls_vec_exchange(&v[i], &v[i + distance], low, high);
            }
        }
    }
}

#endif
