/* Batches, the portable forms: each a loop over the single operation (see path_int.h). */
#include "base/secret.h"
#include "bls12381/path_int.h"
#include "bls12381/point_int.h"

#include <string.h>

enum { HASHES = 32, TERMS = 8 }; /* done at a time: hashes that share an inversion, products */

static size_t at_most(size_t n, size_t limit)
{
    return n < limit ? n : limit;
}

void bls_portable_hash_uncleared_batch(struct bls_g1_affine *out, const struct bls_hash_input *in,
                                       size_t n)
{
    struct bls_g1 p[HASHES];
    for (size_t done = 0; done < n; done += HASHES) {
        size_t count = at_most(n - done, HASHES);
        for (size_t i = 0; i < count; i++) {
            const struct bls_hash_input *h = &in[done + i];
            bls_hash_uncleared(&p[i], h->message, h->message_length, h->dst, h->dst_length);
        }
        bls_g1_to_affine_batch(out + done, p, count);
    }
    kf_wipe(p, sizeof p);
}

void bls_portable_g1_clear_cofactor_batch(struct bls_g1 *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bls_g1_clear_cofactor(&p[i], &p[i]);
    }
}

typedef void mul_sum(struct bls_g1 *out, const struct bls_fr *k, const struct bls_g1 *a, size_t n);

static void mul_rows(mul_sum *sum_of, struct bls_g1 *out, const struct bls_fr *k,
                     const struct bls_g1_affine *a, size_t terms, size_t sums)
{
    struct bls_g1 p[TERMS], part;
    for (size_t s = 0; s < sums; s++) {
        bls_g1_infinity(&out[s]);
        for (size_t done = 0; done < terms; done += TERMS) {
            size_t count = at_most(terms - done, TERMS), first = s * terms + done;
            for (size_t i = 0; i < count; i++) {
                bls_g1_from_affine(&p[i], &a[first + i]);
            }
            sum_of(&part, k + first, p, count);
            bls_g1_add(&out[s], &out[s], &part);
        }
    }
    kf_wipe(&part, sizeof part);
}

void bls_portable_g1_mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k,
                                   const struct bls_g1_affine *a, size_t terms, size_t sums)
{
    mul_rows(bls_g1_mul_sum, out, k, a, terms, sums);
}

void bls_portable_g1_mul_sum_batch_vartime(struct bls_g1 *out, const struct bls_fr *k,
                                           const struct bls_g1_affine *a, size_t terms, size_t sums)
{
    mul_rows(bls_g1_mul_sum_vartime, out, k, a, terms, sums);
}

void bls_portable_g2_mul_sum_batch(struct bls_g2 *out, const struct bls_fr *k,
                                   const struct bls_g2_affine *a, size_t terms, size_t sums)
{
    struct bls_g2 p[TERMS], part;
    for (size_t s = 0; s < sums; s++) {
        bls_g2_infinity(&out[s]);
        for (size_t done = 0; done < terms; done += TERMS) {
            size_t count = at_most(terms - done, TERMS), first = s * terms + done;
            for (size_t i = 0; i < count; i++) {
                bls_g2_from_affine(&p[i], &a[first + i]);
            }
            bls_g2_mul_sum(&part, k + first, p, count);
            bls_g2_add(&out[s], &out[s], &part);
        }
    }
    kf_wipe(&part, sizeof part);
}

void bls_portable_g1_sum_batch(struct bls_g1 *out, const struct bls_g1_affine *a, size_t terms,
                               size_t sums)
{
    struct bls_g1 p;
    for (size_t s = 0; s < sums; s++) {
        bls_g1_infinity(&out[s]);
        for (size_t t = 0; t < terms; t++) {
            bls_g1_from_affine(&p, &a[s * terms + t]);
            bls_g1_add(&out[s], &out[s], &p);
        }
    }
    kf_wipe(&p, sizeof p);
}

enum kf_status bls_portable_g1_decode_batch(struct bls_g1_affine *out, const uint8_t *const *in,
                                            size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bls_g1_decode_no_subgroup_check(&out[i], in[i]) != KF_OK) {
            memset(out, 0, n * sizeof out[0]);
            return KF_ERR_MALFORMED;
        }
    }
    return KF_OK;
}

enum kf_status bls_portable_g2_decode_batch(struct bls_g2_affine *out, const uint8_t *const *in,
                                            size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bls_g2_decode_no_subgroup_check(&out[i], in[i]) != KF_OK) {
            memset(out, 0, n * sizeof out[0]);
            return KF_ERR_MALFORMED;
        }
    }
    return KF_OK;
}
