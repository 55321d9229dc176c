#include "base/secret.h"

#include "blake2b_int.h"

#include <assert.h>
#include <string.h>

/* Offsets in BLAKE2X's parameter block, where the XOF length takes half of the node offset. */
enum {
    AT_DIGEST_LENGTH = 0,
    AT_KEY_LENGTH = 1,
    AT_FANOUT = 2,
    AT_DEPTH = 3,
    AT_LEAF_LENGTH = 4,
    AT_NODE_OFFSET = 8,
    AT_XOF_LENGTH = 12,
    AT_INNER_LENGTH = 17,
};

static void store32le(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

void blake2xb_init(struct blake2xb *x, uint32_t out_length, const uint8_t *key, size_t key_length)
{
    assert(out_length >= 1 && key_length <= BLAKE2B_KEY_MAX);
    uint8_t parameters[64] = {0};
    parameters[AT_DIGEST_LENGTH] = BLAKE2B_OUT_MAX;
    parameters[AT_KEY_LENGTH] = (uint8_t)key_length;
    parameters[AT_FANOUT] = 1;
    parameters[AT_DEPTH] = 1;
    store32le(parameters + AT_XOF_LENGTH, out_length);
    memset(x, 0, sizeof *x);
    blake2b_init_parameters(&x->absorb, parameters, key);
    x->out_length = out_length;
    /* 2^32 blocks: the node offset has 32 bits */
    x->left = out_length == BLAKE2XB_LENGTH_UNKNOWN ? UINT64_C(1) << 38 : out_length;
    x->offset = BLAKE2B_OUT_MAX;
}

void blake2xb_update(struct blake2xb *x, const void *data, size_t length)
{
    assert(!x->reading);
    blake2b_update(&x->absorb, data, length);
}

/* The next leaf: the hash of the root under its own parameters; only the last may be short. */
static void next_block(struct blake2xb *x)
{
    size_t length = x->left < BLAKE2B_OUT_MAX ? (size_t)x->left : BLAKE2B_OUT_MAX;
    uint8_t parameters[64] = {0};
    parameters[AT_DIGEST_LENGTH] = (uint8_t)length;
    store32le(parameters + AT_LEAF_LENGTH, BLAKE2B_OUT_MAX);
    store32le(parameters + AT_NODE_OFFSET, x->node);
    store32le(parameters + AT_XOF_LENGTH, x->out_length);
    parameters[AT_INNER_LENGTH] = BLAKE2B_OUT_MAX;
    struct blake2b s;
    blake2b_init_parameters(&s, parameters, NULL);
    blake2b_update(&s, x->root, sizeof x->root);
    blake2b_final(&s, x->block);
    x->node++;
    x->offset = 0;
}

void blake2xb_read(struct blake2xb *x, uint8_t *out, size_t length)
{
    assert(length <= x->left);
    if (!x->reading) {
        blake2b_final(&x->absorb, x->root);
        x->reading = 1;
    }
    while (length > 0) {
        if (x->offset == BLAKE2B_OUT_MAX) {
            next_block(x);
        }
        size_t part = BLAKE2B_OUT_MAX - x->offset;
        part = part < length ? part : length;
        memcpy(out, x->block + x->offset, part);
        x->offset += part;
        x->left -= part;
        out += part;
        length -= part;
    }
}

void blake2xb_clear(struct blake2xb *x)
{
    kf_wipe(x, sizeof *x);
}
