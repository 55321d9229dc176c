/* The Boneh-Katz transform around TKN20 (https://eprint.iacr.org/2004/261, for attributes Yamada et
 * al., PKC 2011), and the encodings of keys and ciphertexts. Both exactly as CIRCL has them.
 *
 * Encryption draws a seed and encrypts to `policy and LABEL: id`, where id = H1(seed) and every key
 * has LABEL as a wildcard. The envelope is seed and message under the encapsulated key's stream;
 * the tag is a MAC over header and envelope under H2(seed). The policy is stated without the added
 * leaf: the receiver adds it again from id, so that a wrong id opens nothing.
 *
 * A ciphertext, little-endian:
 *
 *   current:  "v1.3.8"  [16] id  [32] ( [32] header  [32] envelope )  [16] tag
 *   former:             [16] id  [16] ( [16] header  [16] envelope )  [16] tag
 *   header:   [16] policy  [16] c1  n2 ([16] c2)*  n3 ([16] c3)*  ([16] c3neg or nothing)*
 *   policy:   [16] (gates: count, (class in0 in1 out)*)  count  ([16] leaf)*
 *   leaf:     [16] label  [16] value  [16] scalar  positive
 *
 * where [16] and [32] are the length of what follows in so many bits. A matrix is its rows and
 * columns in 16 bits each and its entries. The seed has 72 bytes, up to CIRCL 1.3.1 16 bytes: which
 * of the two cannot be seen from a former ciphertext, so decryption tries both.
 *
 * Departures from CIRCL, all towards refusal but one: nothing may be left over in any block; a
 * positive leaf has no c3neg; counts are exact; each leaf's scalar must be the hash of its value,
 * since the value is what people and checks see and the scalar what the mathematics sees; labels
 * and values are words of the policy language. CIRCL writes nothing else. The one: of a
 * ciphertext's points in G1 the sums that are paired are checked and not each point, so a sender
 * may hide parts outside of G1 that cancel in the sums; decapsulate.c says why that is enough. */
#ifndef CPABE_CCA_INT_H
#define CPABE_CCA_INT_H

#include "base/cursor.h"
#include "cpabe.h"
#include "tkn20_int.h"

#define CCA_LABEL   "internal-boneh-katz-transform-attribute"
#define CCA_VERSION "v1.3.8"

enum {
    CCA_ID_BYTES = 32,
    CCA_TAG_BYTES = 32,
    CCA_SEED_BYTES = 72,
    CCA_SEED_BYTES_1_3_1 = 16,
    CCA_VERSION_BYTES = sizeof CCA_VERSION - 1,
    TKN_PUBLIC_BYTES = 3282,
    TKN_SECRET_BYTES = 1136,
    TKN_KEY_LABEL_MAX = 65535, /* what a 16-bit length holds */
};

/* matrix_codec.c */

/* Borrows the entries of a matrix of exactly this shape. The others read matrices of up to eight
 * entries, and check of each that it is of its group. */
KF_MUST_USE enum kf_status codec_read_matrix(const uint8_t **entries, struct kf_reader *r,
                                             uint16_t rows, uint16_t columns, size_t entry_bytes);
KF_MUST_USE enum kf_status codec_read_g1(struct bls_g1_affine *out, struct kf_reader *r,
                                         uint16_t rows, uint16_t columns);
/* The same, but that the points are in the subgroup is left to the caller to find out. */
KF_MUST_USE enum kf_status codec_read_g1_unchecked(struct bls_g1_affine *out, struct kf_reader *r,
                                                   uint16_t rows, uint16_t columns);
KF_MUST_USE enum kf_status codec_read_g2(struct bls_g2_affine *out, struct kf_reader *r,
                                         uint16_t rows, uint16_t columns);
KF_MUST_USE enum kf_status codec_read_gt(struct bls_gt *out, struct kf_reader *r, uint16_t rows,
                                         uint16_t columns);
KF_MUST_USE enum kf_status codec_read_fr(struct bls_fr *out, struct kf_reader *r, uint16_t rows,
                                         uint16_t columns);
void codec_write_g1(struct kf_writer *w, const struct bls_g1_affine *m, uint16_t rows,
                    uint16_t columns);
void codec_write_g2(struct kf_writer *w, const struct bls_g2_affine *m, uint16_t rows,
                    uint16_t columns);
void codec_write_gt(struct kf_writer *w, const struct bls_gt *m, uint16_t rows, uint16_t columns);
void codec_write_fr(struct kf_writer *w, const struct bls_fr *m, uint16_t rows, uint16_t columns);
/* [16] data */
void codec_write_block(struct kf_writer *w, const void *data, size_t length);

/* ciphertext_codec.c */

struct cca_ciphertext { /* everything but the heap parts borrows the bytes it was parsed from */
    bool current;
    const uint8_t *id;
    const uint8_t *tag;
    const uint8_t *mac_data; /* what the tag covers: header and envelope with their lengths */
    size_t mac_length;
    size_t header_length;
    const uint8_t *envelope;
    size_t envelope_length;
    struct policy *policy;   /* as stated */
    struct policy *extended; /* with the leaf of the transform */
    struct bls_fr *values;   /* of extended's leaves */
    struct tkn_encoded_header points;
    void *block;
};
/* KF_ERR_MALFORMED for whatever is wrong, KF_ERR_MEMORY; then *out is empty. */
KF_MUST_USE enum kf_status cca_parse(struct cca_ciphertext *out, const uint8_t *data,
                                     size_t length);
void cca_clear(struct cca_ciphertext *ciphertext);

void cca_write_policy(struct kf_writer *w, const struct policy *policy,
                      const struct bls_fr *values);
void cca_write_header(struct kf_writer *w, const struct policy *stated,
                      const struct policy *extended, const struct bls_fr *values,
                      const struct tkn_header *header);

/* cca.c */

KF_MUST_USE enum kf_status cca_encrypt(uint8_t **out, size_t *out_length,
                                       const struct tkn_public *public_key,
                                       const struct policy *policy, enum cpabe_format format,
                                       const uint8_t *message, size_t message_length,
                                       const struct kf_random *random);
KF_MUST_USE enum kf_status cca_decrypt(uint8_t *out, size_t capacity, size_t *out_length,
                                       const struct tkn_key *key, const uint8_t *data,
                                       size_t length);

/* What an encapsulated key opens, which cca_decrypt does after decapsulation: KF_ERR_MALFORMED
 * unless id and tag are those of the seed inside. */
KF_MUST_USE enum kf_status cca_open(uint8_t *out, size_t capacity, size_t *out_length,
                                    const struct cca_ciphertext *ciphertext,
                                    const struct bls_gt *key);

#endif
