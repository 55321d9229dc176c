/* The generators' window tables, which constants.py makes at build time: entry [i][j] is
 * [(j + 1) 2^(5 i)] of the generator, for every digit of a recoded half (G1) or quarter (G2)
 * scalar. */
#ifndef KEYFENCE_BLS12381_TABLES_INT_H
#define KEYFENCE_BLS12381_TABLES_INT_H

#include "bls12381/bls12381.h"

enum { BLS_G1_TABLE_WINDOWS = 26, BLS_G2_TABLE_WINDOWS = 13, BLS_TABLE_ENTRIES = 16 };

extern const struct bls_g1_affine bls_g1_table[BLS_G1_TABLE_WINDOWS][BLS_TABLE_ENTRIES];
extern const struct bls_g2_affine bls_g2_table[BLS_G2_TABLE_WINDOWS][BLS_TABLE_ENTRIES];

#endif
