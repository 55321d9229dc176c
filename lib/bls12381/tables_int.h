/* The generators' tables, which constants.py makes at build time. */
#ifndef KEYFENCE_BLS12381_TABLES_INT_H
#define KEYFENCE_BLS12381_TABLES_INT_H

#include "bls12381/bls12381.h"

extern const struct bls_g1_base bls_g1_generator_table;
extern const struct bls_g2_base bls_g2_generator_table;

#endif
