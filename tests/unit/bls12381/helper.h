/* What the tests of BLS12-381 share: seeded values, edge cases, slow twins. */
#ifndef KEYFENCE_TESTS_BLS12381_HELPER_H
#define KEYFENCE_TESTS_BLS12381_HELPER_H

#include "bls12381/point_int.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* splitmix64. Starts from KF_SEED, which is printed, or a fixed seed. */
static uint64_t seed;

/* Says what runs. A path that BLS12381_PATH asks for and this machine has not got: skipped. */
static inline void seed_start(void)
{
    const char *wanted = getenv("BLS12381_PATH");
    printf("path %s\n", bls_path_name());
    if (wanted != NULL && strcmp(wanted, bls_path_name()) != 0) {
        printf("this machine has no path %s\n", wanted);
        exit(77);
    }
    const char *text = getenv("KF_SEED");
    seed = text ? strtoull(text, NULL, 0) : 0x6b65796665636eULL;
    printf("KF_SEED=0x%llx\n", (unsigned long long)seed);
}

static inline uint64_t next_u64(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static inline enum kf_status fill_seeded(void *context, uint8_t *out, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)next_u64();
    }
    return KF_OK;
}

/* A scalar; one in four is an edge: 0, 1, -1, a power of x or next to one. */
static inline struct bls_fr next_fr(void)
{
    const struct kf_random random = {fill_seeded, NULL};
    struct bls_fr out, t;
    uint64_t edge = next_u64() % 32;
    if (edge >= 8) {
        assert_int_equal(bls_fr_random(&out, &random), KF_OK);
        return out;
    }
    bls_fr_from_u64(&out, edge < 2 ? edge : bls_x_abs);
    if (edge == 2) {
        bls_fr_from_u64(&out, 1);
        bls_fr_neg(&out, &out);
    } else if (edge >= 5) {
        t = out;
        bls_fr_mul(&out, &out, &t);
        if (edge >= 6) {
            bls_fr_mul(&out, &out, &t);
        }
    }
    if (edge == 4 || edge == 7) {
        bls_fr_from_u64(&t, 1);
        bls_fr_sub(&out, &out, &t);
    }
    return out;
}

/* Any residue; one in four has limbs that are all ones or zeros or lies next to 0 or p. */
static inline struct bls_fp next_fp(void)
{
    struct bls_fp out;
    uint64_t edge = next_u64() % 16;
    if (edge < 2) {
        out = (struct bls_fp){{edge}};
        return out;
    }
    if (edge == 2) {
        for (int i = 0; i < 6; i++) {
            out.limb[i] = bls_p[i];
        }
        out.limb[0]--;
        return out;
    }
    do {
        for (int i = 0; i < 6; i++) {
            out.limb[i] = next_u64();
            if (edge == 3) {
                out.limb[i] = out.limb[i] & 1 ? ~(uint64_t)0 : 0;
            }
        }
        out.limb[5] = edge == 3 ? out.limb[5] & 0x1a0111ea397fe699 : out.limb[5] % (bls_p[5] + 1);
        struct bls_fp t = out;
        uint64_t borrow = 0;
        for (int i = 0; i < 6; i++) {
            (void)bls_sbb(t.limb[i], bls_p[i], &borrow);
        }
        if (borrow) {
            return out;
        }
    } while (true);
}

static inline struct bls_fp2 next_fp2(void)
{
    struct bls_fp2 out = {next_fp(), next_fp()};
    return out;
}

static inline struct bls_fp6 next_fp6(void)
{
    struct bls_fp6 out = {next_fp2(), next_fp2(), next_fp2()};
    return out;
}

static inline struct bls_fp12 next_fp12(void)
{
    struct bls_fp12 out = {next_fp6(), next_fp6()};
    return out;
}

/* [n]P by double and add, n big-endian: the twin of every faster multiplication. */
static inline void slow_g1(struct bls_g1 *out, const uint8_t *n, size_t length,
                           const struct bls_g1 *p)
{
    struct bls_g1 sum;
    bls_g1_infinity(&sum);
    for (size_t i = 0; i < 8 * length; i++) {
        bls_g1_double(&sum, &sum);
        if (n[i / 8] >> (7 - i % 8) & 1) {
            bls_g1_add(&sum, &sum, p);
        }
    }
    *out = sum;
}

static inline void slow_g2(struct bls_g2 *out, const uint8_t *n, size_t length,
                           const struct bls_g2 *p)
{
    struct bls_g2 sum;
    bls_g2_infinity(&sum);
    for (size_t i = 0; i < 8 * length; i++) {
        bls_g2_double(&sum, &sum);
        if (n[i / 8] >> (7 - i % 8) & 1) {
            bls_g2_add(&sum, &sum, p);
        }
    }
    *out = sum;
}

static inline void group_order(uint8_t out[static 32])
{
    for (int i = 0; i < 4; i++) {
        bls_store_be64(out + 8 * (3 - i), bls_r[i]);
    }
}

static inline struct bls_g1 next_g1(void)
{
    struct bls_g1 p;
    struct bls_fr k = next_fr();
    bls_g1_generator(&p);
    bls_g1_mul(&p, &k, &p);
    return p;
}

static inline struct bls_g2 next_g2(void)
{
    struct bls_g2 p;
    struct bls_fr k = next_fr();
    bls_g2_generator(&p);
    bls_g2_mul(&p, &k, &p);
    return p;
}

/* A point of the curve, which is outside of the subgroup but for a chance of 2^-125 (2^-500). */
static inline struct bls_g1_affine next_on_e(void)
{
    struct bls_g1_affine a;
    struct bls_fp s;
    do {
        a.x = next_fp();
        bls_fp_square(&s, &a.x);
        bls_fp_mul(&s, &s, &a.x);
        bls_fp_add(&s, &s, &bls_g1_b);
    } while (!bls_fp_sqrt(&a.y, &s));
    return a;
}

static inline struct bls_g2_affine next_on_twist(void)
{
    struct bls_g2_affine a;
    struct bls_fp2 s, b = {bls_g1_b, bls_g1_b};
    do {
        a.x = next_fp2();
        bls_fp2_square(&s, &a.x);
        bls_fp2_mul(&s, &s, &a.x);
        bls_fp2_add(&s, &s, &b);
    } while (!bls_fp2_sqrt(&a.y, &s));
    return a;
}

static inline void from_hex(uint8_t *out, size_t length, const char *hex)
{
    size_t got;
    assert_int_equal(sodium_hex2bin(out, length, hex, strlen(hex), NULL, &got, NULL), 0);
    assert_int_equal(got, length);
}

#endif
