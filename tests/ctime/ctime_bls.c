/* BLS12-381: scalars, and points where they may be secret, are marked and every operation that
 * takes them is run. One argument runs one case by name. */
#include "bls12381/ifma/path_ifma_int.h"

#include "base/ct.h"
#include "force.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bls_fr secret_scalar(uint64_t v)
{
    struct bls_fr k, t;
    bls_fr_from_u64(&k, v);
    bls_fr_inverse(&t, &k); /* all limbs in use */
    kf_ct_secret(&t, sizeof t);
    return t;
}

static struct bls_g1 secret_g1(uint64_t v)
{
    struct bls_fr k;
    struct bls_g1 p;
    bls_fr_from_u64(&k, v);
    bls_g1_mul_generator(&p, &k);
    kf_ct_secret(&p, sizeof p);
    return p;
}

static struct bls_g2 secret_g2(uint64_t v)
{
    struct bls_fr k;
    struct bls_g2 q;
    bls_fr_from_u64(&k, v);
    bls_g2_mul_generator(&q, &k);
    kf_ct_secret(&q, sizeof q);
    return q;
}

static enum kf_status fill_secret(void *context, uint8_t *out, size_t length)
{
    int *draws = context;
    memset(out, (*draws)++ == 0 ? 0x7f : 0x35, length); /* the first is refused */
    kf_ct_secret(out, length);
    return KF_OK;
}

static void case_fr(void)
{
    struct bls_fr a = secret_scalar(3), b = secret_scalar(5), c, batch[3];
    uint8_t bytes[70], encoded[BLS_FR_BYTES];
    bls_fr_add(&c, &a, &b);
    bls_fr_sub(&c, &c, &a);
    bls_fr_neg(&c, &c);
    bls_fr_mul(&c, &c, &b);
    bls_fr_square(&c, &c);
    bls_fr_inverse(&c, &c);
    struct bls_fr in[3] = {a, b, c};
    bls_fr_inverse_batch(batch, in, 3);
    bls_fr_select(&c, bls_fr_equal(&a, &b) | bls_fr_is_zero(&c), &a, &b);
    bls_fr_encode(encoded, &c);
    if (bls_fr_decode(&c, encoded) != KF_OK) {
        abort();
    }
    memset(bytes, 0xfe, sizeof bytes);
    kf_ct_secret(bytes, sizeof bytes);
    bls_fr_from_bytes_mod(&c, bytes, sizeof bytes);
}

static void case_fr_random(void)
{
    int draws = 0;
    const struct kf_random random = {fill_secret, &draws};
    struct bls_fr k;
    if (bls_fr_random(&k, &random) != KF_OK || draws != 2) {
        abort();
    }
}

static void case_g1(void)
{
    struct bls_fr k[3] = {secret_scalar(7), secret_scalar(11), secret_scalar(13)};
    struct bls_g1 p[3] = {secret_g1(17), secret_g1(19), secret_g1(23)}, s, t;
    struct bls_g1_affine a[3];
    uint8_t bytes[BLS_G1_BYTES];
    bls_g1_mul(&s, &k[0], &p[0]);
    bls_g1_mul_generator(&t, &k[1]);
    bls_g1_sub(&s, &s, &t);
    bls_g1_mul_sum(&t, k, p, 3);
    bls_g1_select(&t, bls_g1_equal(&s, &t) | bls_g1_is_infinity(&s), &s, &t);
    bls_g1_to_affine_batch(a, p, 3);
    bls_g1_to_affine(&a[0], &t);
    uint64_t sink = bls_g1_on_curve(&a[0]) & bls_g1_in_subgroup_batch(a, 3);
    bls_g1_encode(bytes, &a[0]);
    bls_g1_encode_compressed(bytes, &a[0]);
    kf_ct_public(&sink, sizeof sink);
}

static void case_g2(void)
{
    struct bls_fr k[3] = {secret_scalar(7), secret_scalar(11), secret_scalar(13)};
    struct bls_g2 p[3] = {secret_g2(17), secret_g2(19), secret_g2(23)}, s, t;
    struct bls_g2_affine a[3];
    uint8_t bytes[BLS_G2_BYTES];
    bls_g2_mul(&s, &k[0], &p[0]);
    bls_g2_mul_generator(&t, &k[1]);
    bls_g2_sub(&s, &s, &t);
    bls_g2_mul_sum(&t, k, p, 3);
    bls_g2_select(&t, bls_g2_equal(&s, &t) | bls_g2_is_infinity(&s), &s, &t);
    bls_g2_to_affine_batch(a, p, 3);
    bls_g2_to_affine(&a[0], &t);
    uint64_t sink = bls_g2_on_curve(&a[0]) & bls_g2_in_subgroup_batch(a, 3);
    bls_g2_encode(bytes, &a[0]);
    bls_g2_encode_compressed(bytes, &a[0]);
    kf_ct_public(&sink, sizeof sink);
}

static void case_decode(void)
{
    struct bls_g1 p = secret_g1(29);
    struct bls_g2 q = secret_g2(31);
    struct bls_g1_affine a;
    struct bls_g2_affine b;
    uint8_t bytes[BLS_G2_BYTES];
    bls_g1_to_affine(&a, &p);
    bls_g2_to_affine(&b, &q);
    bls_g1_encode_compressed(bytes, &a);
    kf_ct_public(bytes, 1); /* the flags, which decoding branches on */
    if (bls_g1_decode_compressed(&a, bytes) != KF_OK) {
        abort();
    }
    bls_g2_encode_compressed(bytes, &b);
    kf_ct_public(bytes, 1);
    if (bls_g2_decode_compressed(&b, bytes) != KF_OK) {
        abort();
    }
}

static void case_gt(void)
{
    struct bls_fr k = secret_scalar(37);
    struct bls_g1 p = secret_g1(41);
    struct bls_g2 q = secret_g2(43);
    struct bls_g1_affine a[3] = {{{{0}}, {{0}}}};
    struct bls_g2_affine b[3];
    struct bls_gt e, f;
    uint8_t bytes[BLS_GT_BYTES];
    bls_g1_to_affine(&a[1], &p);
    bls_g2_to_affine(&b[1], &q);
    a[2] = a[1];
    b[0] = b[2] = b[1];
    kf_ct_secret(a, sizeof a); /* infinity is secret too */
    bls_pairing_product(&e, a, b, 3);
    bls_gt_exp(&f, &e, &k);
    bls_gt_inverse(&f, &f);
    bls_gt_square(&f, &f);
    bls_gt_mul(&f, &f, &e);
    uint64_t sink = bls_gt_equal(&e, &f) | bls_gt_is_one(&e);
    kf_ct_public(&sink, sizeof sink);
    bls_gt_encode(bytes, &f);
    if (bls_gt_decode(&e, bytes) != KF_OK) {
        abort();
    }
}

static void case_hash(void)
{
    uint8_t message[100];
    struct bls_g1 p;
    memset(message, 'm', sizeof message);
    kf_ct_secret(message, sizeof message);
    bls_hash_to_g1(&p, message, sizeof message, (const uint8_t *)"tag", 3);
}

static void case_batches(void)
{
    enum { N = 6 };
    static struct bls_g1_base base1;
    static struct bls_g2_base base2;
    static struct bls_gt_base base_t;
    struct bls_fr k[N];
    struct bls_g1 p[N];
    struct bls_g2 q[N];
    struct bls_g1_affine a[N];
    struct bls_g2_affine b[1];
    struct bls_hash_input in[N];
    uint8_t message[20];
    memset(message, 'm', sizeof message);
    kf_ct_secret(message, sizeof message);
    for (size_t i = 0; i < N; i++) {
        k[i] = secret_scalar(7 + i);
        p[i] = secret_g1(17 + i);
        in[i] = (struct bls_hash_input){message, i, (const uint8_t *)"tag", 3};
    }
    bls_g1_infinity(&p[1]);
    bls_g1_to_affine_batch(a, p, N);
    kf_ct_secret(a, sizeof a); /* infinity is secret too */
    bls_g1_mul_sum_batch(p, k, a, 3, 2);
    bls_g1_sum_batch(p, a, 3, 2);
    bls_hash_uncleared_batch(a, in, N);
    bls_g1_from_affine(&p[0], &a[0]);
    bls_g1_clear_cofactor_batch(p, N);
    bls_fr_divide_by_cofactor(&k[0], &k[0]);

    bls_g1_base_init(&base1, &a[0]);
    const struct bls_g1_base *const bases1[N] = {
        &base1, bls_g1_generator_base(), &base1, &base1, &base1, &base1};
    bls_g1_base_mul_sum_batch(p, p, bases1, k, 3, 2);
    q[0] = q[1] = secret_g2(5);
    bls_g2_to_affine(b, q);
    bls_g2_mul_sum_batch(q, k, b, 1, 1);
    bls_g2_base_init(&base2, b);
    const struct bls_g2_base *const bases2[N] = {
        &base2, bls_g2_generator_base(), &base2, &base2, &base2, &base2};
    bls_g2_base_mul_sum_batch(q, q, bases2, k, 3, 2);

    struct bls_gt e;
    bls_pairing(&e, a, b);
    bls_gt_base_init(&base_t, &e);
    const struct bls_gt_base *const bases_t[2] = {&base_t, &base_t};
    bls_gt_base_exp_product(&e, bases_t, k, 2);
}

static void case_pairing_fixed(void)
{
    enum { N = 3, PAIRS = 9 }; /* more than eight lanes hold */
    static struct bls_g2_lines lines[N];
    const struct bls_g2_lines *fixed[N];
    struct bls_g1_affine p[PAIRS];
    struct bls_g2_affine q[PAIRS];
    struct bls_gt e;
    uint64_t good;
    for (size_t i = 0; i < N; i++) {
        struct bls_g1 a = secret_g1(29 + i);
        struct bls_g2 b = secret_g2(31 + i);
        bls_g1_to_affine(&p[i], &a);
        bls_g2_to_affine(&q[i], &b);
        bls_g2_lines_init(&lines[i], &q[i]);
        fixed[i] = &lines[i];
    }
    for (size_t i = N; i < PAIRS; i++) {
        p[i] = p[i % N];
        q[i] = q[i % N];
    }
    memset(&p[1], 0, sizeof p[1]);
    memset(&q[2], 0, sizeof q[2]);
    kf_ct_secret(p, sizeof p); /* infinity is secret too */
    kf_ct_secret(q, sizeof q);
    bls_pairing_product_fixed(&e, &good, p, q, PAIRS, p, fixed, N);
    kf_ct_public(&good, sizeof good);
    if (good != ~(uint64_t)0) {
        abort();
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"fr", case_fr},     {"fr_random", case_fr_random}, {"g1", case_g1},
    {"g2", case_g2},     {"decode", case_decode},       {"gt", case_gt},
    {"hash", case_hash}, {"batches", case_batches},     {"pairing_fixed", case_pairing_fixed},
};

int main(int argc, char **argv)
{
    test_force_path();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (argc < 2 || strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
        }
    }
    return 0;
}
