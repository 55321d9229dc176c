#include "cca_int.h"

#include "base/ct.h"
#include "base/secret.h"
#include "hash/blake2b.h"

#include <string.h>

/* id = H1(seed), MAC key = H2(seed). */
static void expand_seed(uint8_t id[static CCA_ID_BYTES], uint8_t mac_key[static 32],
                        const uint8_t *seed, size_t length)
{
    struct blake2b h;
    blake2b_init(&h, CCA_ID_BYTES, NULL, 0);
    blake2b_update(&h, "id computation hash", 19);
    blake2b_update(&h, seed, length);
    blake2b_final(&h, id);
    blake2b_init(&h, 32, NULL, 0);
    blake2b_update(&h, "key computation hash", 20);
    blake2b_update(&h, seed, length);
    blake2b_final(&h, mac_key);
}

/* The stream that hides the envelope: BLAKE2Xb keyed with the hash of the encapsulated key. */
static void stream_init(struct blake2xb *stream, const struct bls_gt *key)
{
    uint8_t encoded[BLS_GT_BYTES];
    uint8_t hashed[32];
    bls_gt_encode(encoded, key);
    blake2b_hash(hashed, sizeof hashed, NULL, 0, encoded, sizeof encoded);
    blake2xb_init(stream, BLAKE2XB_LENGTH_UNKNOWN, hashed, sizeof hashed);
    kf_wipe(encoded, sizeof encoded);
    kf_wipe(hashed, sizeof hashed);
}

static void stream_xor(struct blake2xb *stream, uint8_t *out, const uint8_t *in, size_t length)
{
    uint8_t pad[BLAKE2B_OUT_MAX];
    while (length > 0) {
        size_t part = length < sizeof pad ? length : sizeof pad;
        blake2xb_read(stream, pad, part);
        for (size_t i = 0; i < part; i++) {
            out[i] = in[i] ^ pad[i];
        }
        out += part;
        in += part;
        length -= part;
    }
    kf_wipe(pad, sizeof pad);
}

/* Encryption. */

enum { HEADER_MAX = 1 << 24 }; /* far more than policy and points can take */

struct sealing {
    bool current;
    const struct policy *policy;
    struct policy *extended;
    struct bls_fr *values;
    struct tkn_header header;
    struct bls_gt key;
    uint8_t seed[CCA_SEED_BYTES];
    size_t seed_length;
    uint8_t id[CCA_ID_BYTES];
    uint8_t mac_key[32];
    const uint8_t *message;
    size_t message_length;
    size_t mac_at, mac_end, envelope_at, tag_at; /* where the writer put them */
    void *block;
};

static size_t open_long(struct kf_writer *w, bool wide)
{
    return wide ? kf_write_block_open32(w) : kf_write_block_open16(w);
}

static void close_long(struct kf_writer *w, bool wide, size_t position)
{
    if (wide) {
        kf_write_block_close32le(w, position);
    } else {
        kf_write_block_close16le(w, position);
    }
}

/* Everything but the stream and the tag, for which there is room. */
static void write_plain(struct kf_writer *w, struct sealing *t)
{
    static const uint8_t no_tag[CCA_TAG_BYTES];
    if (t->current) {
        kf_write_bytes(w, (const uint8_t *)CCA_VERSION, CCA_VERSION_BYTES);
    }
    codec_write_block(w, t->id, sizeof t->id);
    size_t body = open_long(w, t->current);
    t->mac_at = w->length;
    size_t header = open_long(w, t->current);
    cca_write_header(w, t->policy, t->extended, t->values, &t->header);
    close_long(w, t->current, header);
    size_t envelope = open_long(w, t->current);
    t->envelope_at = w->length;
    kf_write_bytes(w, t->seed, t->seed_length);
    kf_write_bytes(w, t->message, t->message_length);
    close_long(w, t->current, envelope);
    t->mac_end = w->length;
    close_long(w, t->current, body);
    codec_write_block(w, no_tag, sizeof no_tag);
    t->tag_at = w->length - CCA_TAG_BYTES;
}

static enum kf_status prepare(struct sealing *t)
{
    enum kf_status s = policy_with_and_leaf(&t->extended, t->policy, CCA_LABEL, "");
    if (s != KF_OK) {
        return s;
    }
    size_t leaves = t->extended->leaf_count;
    size_t repeats = t->extended->repeat_count;
    size_t size =
        leaves * (sizeof *t->values + sizeof *t->header.leaves) + repeats * sizeof *t->header.c2;
    t->block = kf_wiping_malloc(size);
    if (t->block == NULL) {
        return KF_ERR_MEMORY;
    }
    memset(t->block, 0, size);
    t->values = t->block;
    t->header.leaves = (struct tkn_leaf_points *)(void *)(t->values + leaves);
    t->header.c2 = (struct bls_g2_affine(*)[TKN_B_ROWS])(void *)(t->header.leaves + leaves);
    for (size_t i = 0; i + 1 < leaves; i++) {
        tkn_hash_value(&t->values[i], t->policy->leaves[i].value,
                       t->policy->leaves[i].value_length);
    }
    bls_fr_from_bytes_mod(&t->values[leaves - 1], t->id, sizeof t->id);
    return KF_OK;
}

/* How long the ciphertext will be, which its points' values do not change: asked before the work,
 * so that what fits no format is refused at once. */
static enum kf_status measure(size_t *size, struct sealing *t)
{
    struct kf_writer w = kf_writer_init(NULL, 0);
    write_plain(&w, t);
    *size = w.length;
    return w.length > (size_t)CPABE_MESSAGE_MAX + HEADER_MAX ? KF_ERR_LIMIT : KF_OK;
}

static enum kf_status write_ciphertext(uint8_t **out, size_t *out_length, size_t size,
                                       struct sealing *t)
{
    uint8_t *buffer = kf_wiping_malloc(size);
    if (buffer == NULL) {
        return KF_ERR_MEMORY;
    }
    struct kf_writer w = kf_writer_init(buffer, size);
    write_plain(&w, t);
    enum kf_status s = kf_writer_finish(&size, &w);
    if (s != KF_OK) {
        kf_wiping_free(buffer);
        return s;
    }
    struct blake2xb stream;
    stream_init(&stream, &t->key);
    stream_xor(&stream, buffer + t->envelope_at, buffer + t->envelope_at,
               t->seed_length + t->message_length);
    blake2xb_clear(&stream);
    blake2b_hash(buffer + t->tag_at, CCA_TAG_BYTES, t->mac_key, sizeof t->mac_key,
                 buffer + t->mac_at, t->mac_end - t->mac_at);
    *out = buffer;
    *out_length = size;
    return KF_OK;
}

enum kf_status cca_encrypt(uint8_t **out, size_t *out_length, const struct tkn_public *public_key,
                           const struct policy *policy, enum cpabe_format format,
                           const uint8_t *message, size_t message_length,
                           const struct kf_random *random)
{
    if (message_length > CPABE_MESSAGE_MAX) {
        return KF_ERR_LIMIT;
    }
    struct sealing t = {
        .current = format == CPABE_FORMAT_CURRENT,
        .policy = policy,
        .message = message,
        .message_length = message_length,
        .seed_length =
            format == CPABE_FORMAT_1_3_1 ? (size_t)CCA_SEED_BYTES_1_3_1 : (size_t)CCA_SEED_BYTES,
    };
    size_t size = 0;
    enum kf_status s = kf_random_fill(random, t.seed, t.seed_length);
    if (s == KF_OK) {
        expand_seed(t.id, t.mac_key, t.seed, t.seed_length);
        /* the id is part of the ciphertext */
        kf_ct_public(t.id, sizeof t.id);
        s = prepare(&t);
    }
    if (s == KF_OK) {
        s = measure(&size, &t);
    }
    if (s == KF_OK) {
        s = tkn_encapsulate(&t.header, &t.key, public_key, t.extended, t.values, random);
    }
    if (s == KF_OK) {
        s = write_ciphertext(out, out_length, size, &t);
    }
    policy_free(t.extended);
    kf_wiping_free(t.block);
    kf_wipe(&t, sizeof t);
    return s;
}

/* Decryption. */

/* Whether the envelope opens to a seed of this length that gives id and tag; the stream is left
 * behind the seed. */
static bool seed_matches(struct blake2xb *stream, const struct cca_ciphertext *c,
                         const struct bls_gt *key, size_t seed_length)
{
    uint8_t seed[CCA_SEED_BYTES];
    uint8_t id[CCA_ID_BYTES];
    uint8_t mac_key[32];
    uint8_t tag[CCA_TAG_BYTES];
    if (c->envelope_length < seed_length) {
        return false;
    }
    stream_init(stream, key);
    stream_xor(stream, seed, c->envelope, seed_length);
    expand_seed(id, mac_key, seed, seed_length);
    blake2b_hash(tag, sizeof tag, mac_key, sizeof mac_key, c->mac_data, c->mac_length);
    uint64_t match =
        kf_ct_bytes_equal(id, c->id, sizeof id) & kf_ct_bytes_equal(tag, c->tag, sizeof tag);
    kf_wipe(seed, sizeof seed);
    kf_wipe(id, sizeof id);
    kf_wipe(mac_key, sizeof mac_key);
    kf_wipe(tag, sizeof tag);
    /* that a ciphertext is refused is the one thing its sender may learn */
    kf_ct_public(&match, sizeof match);
    return match != 0;
}

enum kf_status cca_open(uint8_t *out, size_t capacity, size_t *out_length,
                        const struct cca_ciphertext *c, const struct bls_gt *key)
{
    struct blake2xb stream = {0};
    enum kf_status s = KF_OK;
    size_t seed_length = CCA_SEED_BYTES;
    if (!seed_matches(&stream, c, key, seed_length)) {
        seed_length = CCA_SEED_BYTES_1_3_1;
        if (c->current || !seed_matches(&stream, c, key, seed_length)) {
            s = KF_ERR_MALFORMED;
        }
    }
    if (s == KF_OK && c->envelope_length - seed_length > capacity) {
        s = KF_ERR_LIMIT;
    }
    if (s == KF_OK) {
        *out_length = c->envelope_length - seed_length;
        stream_xor(&stream, out, c->envelope + seed_length, *out_length);
    }
    blake2xb_clear(&stream);
    return s;
}

enum kf_status cca_decrypt(uint8_t *out, size_t capacity, size_t *out_length,
                           const struct tkn_key *key, const uint8_t *data, size_t length)
{
    struct cca_ciphertext c;
    bool available[POLICY_LEAVES_MAX + 1];
    bool chosen[POLICY_LEAVES_MAX + 1];
    struct bls_gt encapsulated;
    enum kf_status s = cca_parse(&c, data, length);
    if (s != KF_OK) {
        return s;
    }
    tkn_available(available, key, c.extended, c.values);
    s = policy_choose(chosen, NULL, c.extended, available);
    if (s == KF_OK) {
        s = tkn_decapsulate(&encapsulated, key, &c.points, c.extended, c.values, chosen);
    }
    if (s == KF_OK) {
        s = cca_open(out, capacity, out_length, &c, &encapsulated);
        kf_wipe(&encapsulated, sizeof encapsulated);
    }
    cca_clear(&c);
    return s;
}
