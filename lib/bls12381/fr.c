/* The scalar field: integers modulo r, in Montgomery form with factor 2^256. Constant-time. */
#include "base/secret.h"
#include "bls12381/bls12381.h"
#include "bls12381/constants_int.h"
#include "bls12381/inverse_int.h"
#include "bls12381/limb_int.h"

#include <string.h>

/* out = t - r if t >= r, else t. Requires t < 2r. */
static void fr_reduce_once(struct bls_fr *out, const uint64_t t[4])
{
    uint64_t s[4];
    uint64_t borrow = 0;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        s[i] = bls_sbb(t[i], bls_r[i], &borrow);
    }
    uint64_t keep = kf_ct_mask(borrow);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        out->limb[i] = kf_ct_select(keep, t[i], s[i]);
    }
}

void bls_fr_add(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b)
{
    uint64_t t[4];
    uint64_t carry = 0;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        t[i] = bls_adc(a->limb[i], b->limb[i], &carry);
    }
    fr_reduce_once(out, t);
}

void bls_fr_sub(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b)
{
    uint64_t t[4];
    uint64_t borrow = 0;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        t[i] = bls_sbb(a->limb[i], b->limb[i], &borrow);
    }
    uint64_t mask = kf_ct_mask(borrow);
    uint64_t carry = 0;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        out->limb[i] = bls_adc(t[i], mask & bls_r[i], &carry);
    }
}

void bls_fr_neg(struct bls_fr *out, const struct bls_fr *a)
{
    static const struct bls_fr zero = {{0}};
    bls_fr_sub(out, &zero, a);
}

/* a b / 2^256 modulo r, by rows (CIOS). Requires a < r; b may be any 256-bit number. Each row
 * leaves t < a + r < 2r < 2^256. */
void bls_fr_mul(struct bls_fr *out, const struct bls_fr *a, const struct bls_fr *b)
{
    uint64_t t[5] = {0};
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            bls_mac(&t[j], a->limb[j], b->limb[i], &carry);
        }
        t[4] = carry;
        uint64_t m = t[0] * bls_r_inv;
        carry = 0;
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            bls_mac(&t[j], m, bls_r[j], &carry);
        }
#pragma GCC unroll 4
        for (int j = 0; j < 3; j++) {
            t[j] = t[j + 1];
        }
        t[3] = t[4] + carry;
    }
    fr_reduce_once(out, t);
}

void bls_fr_square(struct bls_fr *out, const struct bls_fr *a)
{
    bls_fr_mul(out, a, a);
}

/* (a R)^-1 as an integer, times R^3 and divided by R, is a^-1 R. */
void bls_fr_inverse(struct bls_fr *out, const struct bls_fr *a)
{
    struct bls_fr t;
    bls_invert_mod_r(t.limb, a->limb);
    bls_fr_mul(out, &t, &bls_fr_r3);
    kf_wipe(&t, sizeof t);
}

void bls_fr_inverse_batch(struct bls_fr *out, const struct bls_fr *in, size_t n)
{
    struct bls_fr product = bls_fr_one; /* of the non-zero ones so far */
    for (size_t i = 0; i < n; i++) {
        struct bls_fr v;
        bls_fr_select(&v, bls_fr_is_zero(&in[i]), &bls_fr_one, &in[i]);
        out[i] = product;
        bls_fr_mul(&product, &product, &v);
    }
    bls_fr_inverse(&product, &product);
    for (size_t i = n; i-- > 0;) {
        uint64_t zero = bls_fr_is_zero(&in[i]);
        struct bls_fr v;
        bls_fr_select(&v, zero, &bls_fr_one, &in[i]);
        bls_fr_mul(&out[i], &out[i], &product);
        bls_fr_mul(&product, &product, &v);
        bls_fr_select(&out[i], zero, &in[i], &out[i]);
        kf_wipe(&v, sizeof v);
    }
    kf_wipe(&product, sizeof product);
}

uint64_t bls_fr_is_zero(const struct bls_fr *a)
{
    return kf_ct_is_zero(a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]);
}

uint64_t bls_fr_equal(const struct bls_fr *a, const struct bls_fr *b)
{
    uint64_t d = 0;
    for (int i = 0; i < 4; i++) {
        d |= a->limb[i] ^ b->limb[i];
    }
    return kf_ct_is_zero(d);
}

void bls_fr_select(struct bls_fr *out, uint64_t mask, const struct bls_fr *a,
                   const struct bls_fr *b)
{
    for (int i = 0; i < 4; i++) {
        out->limb[i] = kf_ct_select(mask, a->limb[i], b->limb[i]);
    }
}

void bls_fr_from_u64(struct bls_fr *out, uint64_t v)
{
    struct bls_fr t = {{v}};
    bls_fr_mul(out, &bls_fr_r2, &t);
}

/* All ones when the number is below r. */
static uint64_t fr_is_canonical(const struct bls_fr *a)
{
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        (void)bls_sbb(a->limb[i], bls_r[i], &borrow);
    }
    return kf_ct_mask(borrow);
}

static void fr_load_be(struct bls_fr *out, const uint8_t in[static BLS_FR_BYTES])
{
    for (int i = 0; i < 4; i++) {
        out->limb[i] = bls_load_be64(in + 8 * (3 - i));
    }
}

enum kf_status bls_fr_decode(struct bls_fr *out, const uint8_t in[static BLS_FR_BYTES])
{
    struct bls_fr t;
    fr_load_be(&t, in);
    uint64_t canonical = fr_is_canonical(&t);
    kf_ct_public(&canonical,
                 sizeof canonical); /* whether an encoding is refused is visible anyway */
    if (canonical) {
        bls_fr_mul(out, &bls_fr_r2, &t);
    }
    kf_wipe(&t, sizeof t);
    return canonical ? KF_OK : KF_ERR_MALFORMED;
}

void bls_fr_encode(uint8_t out[static BLS_FR_BYTES], const struct bls_fr *a)
{
    static const struct bls_fr raw_one = {{1}};
    struct bls_fr t;
    bls_fr_mul(&t, a, &raw_one);
    for (int i = 0; i < 4; i++) {
        bls_store_be64(out + 8 * (3 - i), t.limb[i]);
    }
    kf_wipe(&t, sizeof t);
}

void bls_fr_from_bytes_mod(struct bls_fr *out, const uint8_t *in, size_t length)
{
    struct bls_fr sum = {{0}};
    uint8_t chunk[BLS_FR_BYTES];
    while (length > 0) {
        size_t take = length % BLS_FR_BYTES ? length % BLS_FR_BYTES : BLS_FR_BYTES;
        memset(chunk, 0, sizeof chunk);
        memcpy(chunk + sizeof chunk - take, in, take);
        in += take;
        length -= take;
        struct bls_fr t;
        fr_load_be(&t, chunk);
        bls_fr_mul(&t, &bls_fr_r2, &t);
        bls_fr_mul(&sum, &sum, &bls_fr_r2); /* sum 2^256 */
        bls_fr_add(&sum, &sum, &t);
        kf_wipe(&t, sizeof t);
    }
    *out = sum;
    kf_wipe(chunk, sizeof chunk);
    kf_wipe(&sum, sizeof sum);
}

enum kf_status bls_fr_random(struct bls_fr *out, const struct kf_random *random)
{
    enum { DRAWS_MAX = 256 }; /* each is refused with probability below 0.1 */
    uint8_t bytes[BLS_FR_BYTES];
    struct bls_fr t = {{0}};
    uint64_t canonical = 0;
    enum kf_status status = KF_OK;
    for (int draws = 0; !canonical; draws++) {
        status = draws < DRAWS_MAX ? kf_random_fill(random, bytes, sizeof bytes) : KF_ERR_RANDOM;
        if (status != KF_OK) {
            t = (struct bls_fr){{0}};
            break;
        }
        bytes[0] &= 0x7f;
        fr_load_be(&t, bytes);
        canonical = fr_is_canonical(&t);
        /* Which draws were refused says nothing about the next, independent one. */
        kf_ct_public(&canonical, sizeof canonical);
    }
    *out = t;
    kf_wipe(&t, sizeof t);
    kf_wipe(bytes, sizeof bytes);
    return status;
}
