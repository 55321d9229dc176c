/* Hashing to G1: RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_ (8.8.1). SHA-256 is nettle's,
 * which uses the processor's instructions for it: libsodium's takes four times as long. Both mapped
 * points are added on the isogenous curve E1: y^2 = x^3 + A x + B, so that the isogeny, a
 * homomorphism, is evaluated once. Constant-time in the message. */
#include "base/secret.h"
#include "bls12381/point_int.h"

#include <nettle/sha2.h>
#include <string.h>

enum { DIGEST = 32, BLOCK = 64, OUTPUT = 128, DST_MAX = 255 };

struct tag { /* DST_prime: the tag and its length */
    uint8_t byte[DST_MAX + 1];
    size_t length;
};

/* RFC 9380, 5.3.3: "DST = H("H2C-OVERSIZE-DST-" || a_very_long_DST)" for one over 255 bytes. */
static void make_tag(struct tag *tag, const uint8_t *dst, size_t length)
{
    static const uint8_t oversize[] = "H2C-OVERSIZE-DST-";
    if (length > DST_MAX) {
        struct sha256_ctx state;
        sha256_init(&state);
        sha256_update(&state, sizeof oversize - 1, oversize);
        sha256_update(&state, length, dst);
        sha256_digest(&state, DIGEST, tag->byte);
        length = DIGEST;
    } else if (length > 0) {
        memcpy(tag->byte, dst, length);
    }
    tag->byte[length] = (uint8_t)length;
    tag->length = length + 1;
}

/* expand_message_xmd (5.3.1) with SHA-256 to 128 bytes. */
static void expand(uint8_t out[static OUTPUT], const uint8_t *message, size_t message_length,
                   const uint8_t *dst, size_t dst_length)
{
    static const uint8_t zeros[BLOCK] = {0};
    static const uint8_t suffix[3] = {0, OUTPUT, 0}; /* l_i_b_str || I2OSP(0, 1) */
    struct tag tag;
    struct sha256_ctx state;
    uint8_t b0[DIGEST], block[DIGEST] = {0};

    make_tag(&tag, dst, dst_length);
    sha256_init(&state);
    sha256_update(&state, sizeof zeros, zeros);
    if (message_length > 0) {
        sha256_update(&state, message_length, message);
    }
    sha256_update(&state, sizeof suffix, suffix);
    sha256_update(&state, tag.length, tag.byte);
    sha256_digest(&state, sizeof b0, b0);
    for (uint8_t i = 1; i <= OUTPUT / DIGEST; i++) {
        for (int j = 0; j < DIGEST; j++) {
            block[j] ^= b0[j]; /* strxor(b_0, b_(i - 1)); b_0 alone at first */
        }
        sha256_init(&state);
        sha256_update(&state, sizeof block, block);
        sha256_update(&state, 1, &i);
        sha256_update(&state, tag.length, tag.byte);
        sha256_digest(&state, sizeof block, block);
        memcpy(out + DIGEST * (i - 1), block, DIGEST);
    }
    kf_wipe(&state, sizeof state);
    kf_wipe(b0, sizeof b0);
    kf_wipe(block, sizeof block);
}

/* sqrt_ratio_3mod4 (F.2.1.2): a root of u/v and a true mask when there is one, else of Z u/v. */
static uint64_t sqrt_ratio(struct bls_fp *y, const struct bls_fp *u, const struct bls_fp *v)
{
    struct bls_fp uv, t, y1, y2;
    bls_fp_mul(&uv, u, v);
    bls_fp_square(&t, v);
    bls_fp_mul(&t, &t, &uv); /* u v^3 */
    bls_fp_pow_p_minus_3_over_4(&y1, &t);
    bls_fp_mul(&y1, &y1, &uv);
    bls_fp_mul(&y2, &y1, &bls_sswu_c2);
    bls_fp_square(&t, &y1);
    bls_fp_mul(&t, &t, v);
    uint64_t square = bls_fp_equal(&t, u);
    bls_fp_select(y, square, &y1, &y2);
    return square;
}

/* map_to_curve_simple_swu (F.2), the point left as (x : y : z) with x = x/z. */
static void map_to_e1(struct bls_g1 *out, const struct bls_fp *u)
{
    struct bls_fp zuu, t, xn, xd, xd2, gn, gd, y, v;
    bls_fp_square(&zuu, u);
    bls_fp_mul(&zuu, &zuu, &bls_sswu_z); /* Z u^2 */
    bls_fp_square(&t, &zuu);
    bls_fp_add(&t, &t, &zuu); /* Z^2 u^4 + Z u^2 */
    bls_fp_add(&xn, &t, &bls_fp_one);
    bls_fp_mul(&xn, &xn, &bls_sswu_b);
    bls_fp_neg(&xd, &t);
    bls_fp_select(&xd, bls_fp_is_zero(&t), &bls_sswu_z, &xd);
    bls_fp_mul(&xd, &xd, &bls_sswu_a); /* x1 = xn / xd */

    bls_fp_square(&xd2, &xd);
    bls_fp_mul(&gd, &xd2, &xd); /* g(x1) = gn / gd, gd = xd^3 */
    bls_fp_square(&gn, &xn);
    bls_fp_mul(&t, &xd2, &bls_sswu_a);
    bls_fp_add(&gn, &gn, &t);
    bls_fp_mul(&gn, &gn, &xn);
    bls_fp_mul(&t, &gd, &bls_sswu_b);
    bls_fp_add(&gn, &gn, &t);

    uint64_t square = sqrt_ratio(&y, &gn, &gd);
    /* Otherwise x2 = Z u^2 x1 and y2 = Z u^3 sqrt(Z g(x1)). */
    bls_fp_mul(&v, &zuu, u);
    bls_fp_mul(&v, &v, &y);
    bls_fp_select(&y, square, &y, &v);
    bls_fp_mul(&t, &zuu, &xn);
    bls_fp_select(&xn, square, &xn, &t);
    bls_fp_neg(&t, &y);
    bls_fp_select(&y, bls_fp_sgn0(u) ^ bls_fp_sgn0(&y), &t, &y);
    out->x = xn;
    bls_fp_mul(&out->y, &y, &xd);
    out->z = xd;
}

/* Addition on E1: algorithm 1 of Renes, Costello and Batina, complete as E1 has odd order too. */
static void add_on_e1(struct bls_g1 *out, const struct bls_g1 *p, const struct bls_g1 *q)
{
    struct bls_fp xx, yy, zz, xy, xz, yz, s, t, b3, m, n, k;
    bls_fp_mul(&xx, &p->x, &q->x);
    bls_fp_mul(&yy, &p->y, &q->y);
    bls_fp_mul(&zz, &p->z, &q->z);
    bls_fp_mul(&xy, &p->x, &q->y);
    bls_fp_mul(&t, &p->y, &q->x);
    bls_fp_add(&xy, &xy, &t);
    bls_fp_mul(&xz, &p->x, &q->z);
    bls_fp_mul(&t, &p->z, &q->x);
    bls_fp_add(&xz, &xz, &t);
    bls_fp_mul(&yz, &p->y, &q->z);
    bls_fp_mul(&t, &p->z, &q->y);
    bls_fp_add(&yz, &yz, &t);

    bls_fp_double(&b3, &bls_sswu_b);
    bls_fp_add(&b3, &b3, &bls_sswu_b);
    bls_fp_mul(&s, &xz, &bls_sswu_a);
    bls_fp_mul(&t, &zz, &b3);
    bls_fp_add(&s, &s, &t); /* a XZ + 3b ZZ */
    bls_fp_sub(&m, &yy, &s);
    bls_fp_add(&n, &yy, &s);
    bls_fp_mul(&t, &zz, &bls_sswu_a); /* a ZZ */
    bls_fp_double(&k, &xx);
    bls_fp_add(&k, &k, &xx);
    bls_fp_add(&k, &k, &t); /* 3 XX + a ZZ */
    bls_fp_sub(&t, &xx, &t);
    bls_fp_mul(&t, &t, &bls_sswu_a);
    bls_fp_mul(&s, &xz, &b3);
    bls_fp_add(&s, &s, &t); /* 3b XZ + a (XX - a ZZ) */

    bls_fp_mul(&out->x, &xy, &m);
    bls_fp_mul(&t, &yz, &s);
    bls_fp_sub(&out->x, &out->x, &t);
    bls_fp_mul(&out->y, &m, &n);
    bls_fp_mul(&t, &k, &s);
    bls_fp_add(&out->y, &out->y, &t);
    bls_fp_mul(&out->z, &yz, &n);
    bls_fp_mul(&t, &xy, &k);
    bls_fp_add(&out->z, &out->z, &t);
}

/* The polynomial c[0] + ... + c[degree] x^degree at x/z, times z^degree; zp[i] = z^i. */
static void evaluate(struct bls_fp *out, const struct bls_fp *c, int degree, const struct bls_fp *x,
                     const struct bls_fp *zp)
{
    struct bls_fp sum = c[degree], t;
    for (int i = degree - 1; i >= 0; i--) {
        bls_fp_mul(&sum, &sum, x);
        bls_fp_mul(&t, &c[i], &zp[degree - i]);
        bls_fp_add(&sum, &sum, &t);
    }
    *out = sum;
}

/* The 11-isogeny to E (E.2) on (X : Y : Z): x = xn / (Z xd), y = Y yn / (Z yd). A point of the
 * kernel, where the denominators vanish, maps to infinity. */
static void isogeny(struct bls_g1 *out, const struct bls_g1 *p)
{
    struct bls_fp zp[16], xn, xd, yn, yd;
    struct bls_g1 infinity, t;
    zp[0] = bls_fp_one;
    for (int i = 1; i < 16; i++) {
        bls_fp_mul(&zp[i], &zp[i - 1], &p->z);
    }
    evaluate(&xn, bls_iso_x_num, 11, &p->x, zp);
    evaluate(&xd, bls_iso_x_den, 10, &p->x, zp);
    evaluate(&yn, bls_iso_y_num, 15, &p->x, zp);
    evaluate(&yd, bls_iso_y_den, 15, &p->x, zp);
    bls_fp_mul(&t.x, &xn, &yd);
    bls_fp_mul(&t.y, &yn, &xd);
    bls_fp_mul(&t.y, &t.y, &p->y);
    bls_fp_mul(&t.z, &xd, &yd);
    bls_fp_mul(&t.z, &t.z, &p->z);
    bls_g1_infinity(&infinity);
    bls_g1_select(out, bls_fp_is_zero(&t.z), &infinity, &t);
}

void bls_hash_to_fields(struct bls_fp u[static 2], const uint8_t *message, size_t message_length,
                        const uint8_t *dst, size_t dst_length)
{
    uint8_t uniform[OUTPUT];
    expand(uniform, message, message_length, dst, dst_length);
    for (int i = 0; i < 2; i++) {
        bls_fp_from_64_bytes(&u[i], uniform + 64 * i);
    }
    kf_wipe(uniform, sizeof uniform);
}

void bls_hash_uncleared(struct bls_g1 *out, const uint8_t *message, size_t message_length,
                        const uint8_t *dst, size_t dst_length)
{
    struct bls_fp u[2];
    struct bls_g1 p[2];
    bls_hash_to_fields(u, message, message_length, dst, dst_length);
    for (int i = 0; i < 2; i++) {
        map_to_e1(&p[i], &u[i]);
    }
    add_on_e1(out, &p[0], &p[1]);
    isogeny(out, out);
    kf_wipe(u, sizeof u);
    kf_wipe(p, sizeof p);
}

void bls_g1_clear_cofactor(struct bls_g1 *out, const struct bls_g1 *a)
{
    struct bls_g1 t;
    bls_g1_mul_x_abs(&t, a);
    bls_g1_add(out, &t, a);
    kf_wipe(&t, sizeof t);
}

void bls_fr_divide_by_cofactor(struct bls_fr *out, const struct bls_fr *k)
{
    bls_fr_mul(out, k, &bls_fr_cofactor_inverse);
}

void bls_hash_to_g1(struct bls_g1 *out, const uint8_t *message, size_t message_length,
                    const uint8_t *dst, size_t dst_length)
{
    bls_hash_uncleared(out, message, message_length, dst, dst_length);
    bls_g1_clear_cofactor(out, out);
}
