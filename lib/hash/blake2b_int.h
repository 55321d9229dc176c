/* What BLAKE2Xb needs of BLAKE2b beyond its public face. */
#ifndef KEYFENCE_HASH_BLAKE2B_INT_H
#define KEYFENCE_HASH_BLAKE2B_INT_H

#include "hash/blake2b.h"

/* Starts from a whole parameter block (RFC 7693, section 2.5, and the BLAKE2 paper, section 2.8).
 * key holds parameters[1] bytes. */
void blake2b_init_parameters(struct blake2b *s, const uint8_t parameters[static 64],
                             const uint8_t *key);

#endif
