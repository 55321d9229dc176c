/* BLAKE2b (RFC 7693) and the extendable-output BLAKE2Xb (the BLAKE2X paper, section 2), keyed and
 * unkeyed: what TKN20 hashes with and what the usual libraries leave out.
 *
 * BLAKE2Xb with BLAKE2XB_LENGTH_UNKNOWN is the mode in which the output's length is not fixed
 * beforehand: every read continues one stream, byte for byte that of Go's blake2b.NewXOF.
 *
 * Constant-time in keys and data; timing depends on lengths only. Caller storage; a state may be
 * copied by assignment, which clones what it has absorbed. States that absorbed a secret are wiped
 * with the _clear functions. No shared state, so any number of threads. */
#ifndef KEYFENCE_HASH_BLAKE2B_H
#define KEYFENCE_HASH_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

enum {
    BLAKE2B_BLOCK = 128,
    BLAKE2B_OUT_MAX = 64,
    BLAKE2B_KEY_MAX = 64,
};

struct blake2b {
    uint64_t h[8];
    uint64_t counter[2]; /* bytes compressed so far, low word first */
    uint8_t buffer[BLAKE2B_BLOCK];
    size_t filled;
    size_t out_length;
};

/* Requires 1 <= out_length <= BLAKE2B_OUT_MAX, key_length <= BLAKE2B_KEY_MAX; key may be NULL when
 * key_length is 0, which is the unkeyed hash. */
void blake2b_init(struct blake2b *s, size_t out_length, const uint8_t *key, size_t key_length);
void blake2b_update(struct blake2b *s, const void *data, size_t length);
/* Writes out_length bytes and clears the state. */
void blake2b_final(struct blake2b *s, uint8_t *out);
void blake2b_clear(struct blake2b *s);

/* All in one call. */
void blake2b_hash(uint8_t *out, size_t out_length, const uint8_t *key, size_t key_length,
                  const void *data, size_t length);

#define BLAKE2XB_LENGTH_UNKNOWN UINT32_C(0xffffffff)

struct blake2xb {
    struct blake2b absorb;         /* until the first read */
    uint8_t root[BLAKE2B_OUT_MAX]; /* from then on */
    uint8_t block[BLAKE2B_OUT_MAX];
    size_t offset; /* bytes of block already given out; BLAKE2B_OUT_MAX: none left */
    uint64_t left; /* bytes that may still be read */
    uint32_t out_length;
    uint32_t node;
    int reading;
};

/* out_length: the whole output's length, or BLAKE2XB_LENGTH_UNKNOWN. Requires out_length >= 1 and
 * key_length <= BLAKE2B_KEY_MAX. */
void blake2xb_init(struct blake2xb *x, uint32_t out_length, const uint8_t *key, size_t key_length);
/* Requires that nothing was read yet. */
void blake2xb_update(struct blake2xb *x, const void *data, size_t length);
/* The next `length` bytes of output. Requires that as many are left: 2^38 in all when the length is
 * unknown. */
void blake2xb_read(struct blake2xb *x, uint8_t *out, size_t length);
void blake2xb_clear(struct blake2xb *x);

#endif
