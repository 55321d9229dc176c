#include "hash/blake2b.h"

#include "base/secret.h"

#include "blake2b_int.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

/* RFC 7693, section 2.6: the SHA-512 initial values. */
static const uint64_t iv[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

/* RFC 7693, section 2.7; rounds 10 and 11 use the first two rows again. */
static const uint8_t sigma[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t load64le(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

static inline void store64le(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

static inline uint64_t rotate_right(uint64_t v, unsigned n)
{
    return (v >> n) | (v << (64 - n));
}

/* RFC 7693, section 3.1. */
static inline void mix(uint64_t *v, unsigned a, unsigned b, unsigned c, unsigned d, uint64_t x,
                       uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate_right(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 63);
}

/* RFC 7693, section 3.2. */
static void compress(struct blake2b *s, const uint8_t *block, uint64_t last)
{
    uint64_t m[16];
    uint64_t v[16];
    for (unsigned i = 0; i < 16; i++) {
        m[i] = load64le(block + 8 * i);
    }
    memcpy(v, s->h, sizeof s->h);
    memcpy(v + 8, iv, sizeof iv);
    v[12] ^= s->counter[0];
    v[13] ^= s->counter[1];
    v[14] ^= last;
#pragma GCC unroll 12 /* sigma's entries become constants */
    for (unsigned round = 0; round < 12; round++) {
        const uint8_t *p = sigma[round];
        mix(v, 0, 4, 8, 12, m[p[0]], m[p[1]]);
        mix(v, 1, 5, 9, 13, m[p[2]], m[p[3]]);
        mix(v, 2, 6, 10, 14, m[p[4]], m[p[5]]);
        mix(v, 3, 7, 11, 15, m[p[6]], m[p[7]]);
        mix(v, 0, 5, 10, 15, m[p[8]], m[p[9]]);
        mix(v, 1, 6, 11, 12, m[p[10]], m[p[11]]);
        mix(v, 2, 7, 8, 13, m[p[12]], m[p[13]]);
        mix(v, 3, 4, 9, 14, m[p[14]], m[p[15]]);
    }
    for (unsigned i = 0; i < 8; i++) {
        s->h[i] ^= v[i] ^ v[i + 8];
    }
    kf_wipe(m, sizeof m);
    kf_wipe(v, sizeof v);
}

static void count(struct blake2b *s, size_t bytes)
{
    s->counter[0] += bytes;
    s->counter[1] += s->counter[0] < bytes;
}

void blake2b_init_parameters(struct blake2b *s, const uint8_t parameters[static 64],
                             const uint8_t *key)
{
    size_t key_length = parameters[1];
    memset(s, 0, sizeof *s);
    s->out_length = parameters[0];
    for (unsigned i = 0; i < 8; i++) {
        s->h[i] = iv[i] ^ load64le(parameters + 8 * i);
    }
    if (key_length > 0) {
        /* "the key is padded with zero bytes to make a block" (section 3.3) */
        memcpy(s->buffer, key, key_length);
        s->filled = BLAKE2B_BLOCK;
    }
}

void blake2b_init(struct blake2b *s, size_t out_length, const uint8_t *key, size_t key_length)
{
    assert(out_length >= 1 && out_length <= BLAKE2B_OUT_MAX && key_length <= BLAKE2B_KEY_MAX);
    uint8_t parameters[64] = {(uint8_t)out_length, (uint8_t)key_length, 1, 1};
    blake2b_init_parameters(s, parameters, key);
}

void blake2b_update(struct blake2b *s, const void *data, size_t length)
{
    const uint8_t *at = data;
    while (length > 0) {
        if (s->filled == BLAKE2B_BLOCK) { /* a full block waits: it may be the last one */
            count(s, BLAKE2B_BLOCK);
            compress(s, s->buffer, 0);
            s->filled = 0;
        }
        size_t part = BLAKE2B_BLOCK - s->filled;
        part = part < length ? part : length;
        memcpy(s->buffer + s->filled, at, part);
        s->filled += part;
        at += part;
        length -= part;
    }
}

void blake2b_final(struct blake2b *s, uint8_t *out)
{
    uint8_t full[BLAKE2B_OUT_MAX];
    count(s, s->filled);
    memset(s->buffer + s->filled, 0, BLAKE2B_BLOCK - s->filled);
    compress(s, s->buffer, UINT64_MAX);
    for (unsigned i = 0; i < 8; i++) {
        store64le(full + 8 * i, s->h[i]);
    }
    memcpy(out, full, s->out_length);
    kf_wipe(full, sizeof full);
    blake2b_clear(s);
}

void blake2b_clear(struct blake2b *s)
{
    kf_wipe(s, sizeof *s);
}

void blake2b_hash(uint8_t *out, size_t out_length, const uint8_t *key, size_t key_length,
                  const void *data, size_t length)
{
    struct blake2b s;
    blake2b_init(&s, out_length, key, key_length);
    blake2b_update(&s, data, length);
    blake2b_final(&s, out);
}
