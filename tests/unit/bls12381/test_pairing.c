/* The pairing and GT: CIRCL's values, bilinearity, products, infinity, the subgroup check. */
#include "helper.h"

/* The generators' pairing as CIRCL 1.3.1 encodes it, and SHA-256 of two more of its encodings: that
 * pairing to the power k3, and the product of e(G, H), e([k0]G, [k1]H), e(hash, [k2][k1]H), where
 * the k are the scalars of test_fields.c and hash is the point of test_hash_to_g1.c. */
static const char generators_pairing[] =
    "0f41e58663bf08cf068672cbd01a7ec73baca4d72ca93544deff686bfd6df543d48eaa24afe47e1efde44938"
    "3b67663104c581234d086a9902249b64728ffd21a189e87935a954051c7cdba7b3872629a4fafc05066245cb"
    "9108f0242d0fe3ef03350f55a7aefcd3c31b4fcb6ce5771cc6a0e9786ab5973320c806ad360829107ba810c5"
    "a09ffdd9be2291a0c25a99a211b8b424cd48bf38fcef68083b0b0ec5c81a93b330ee1a677d0d15ff7b984e89"
    "78ef48881e32fac91b93b47333e2ba5706fba23eb7c5af0d9f80940ca771b6ffd5857baaf222eb95a7d2809d"
    "61bfe02e1bfd1b68ff02f0b8102ae1c2d5d5ab1a19f26337d205fb469cd6bd15c3d5a04dc88784fbb3d0b2db"
    "dea54d43b2b73f2cbb12d58386a8703e0f948226e47ee89d018107154f25a764bd3c79937a45b84546da634b"
    "8f6be14a8061e55cceba478b23f7dacaa35c8ca78beae9624045b4b601b2f522473d171391125ba84dc4007c"
    "fbf2f8da752f7c74185203fcca589ac719c34dffbbaad8431dad1c1fb597aaa5193502b86edb8857c273fa07"
    "5a50512937e0794e1e65a7617c90d8bd66065b1fffe51d7a579973b1315021ec3c19934f1368bb445c7c2d20"
    "9703f239689ce34c0378a68e72a6b3b216da0e22a5031b54ddff57309396b38c881c4c849ec23e87089a1c5b"
    "46e5110b86750ec6a532348868a84045483c92b7af5af689452eafabf1a8943e50439f1d59882a98eaa0170f"
    "1250ebd871fc0a92a7b2d83168d0d727272d441befa15c503dd8e90ce98db3e7b6d194f60839c508a84305aa"
    "ca1789b6";
static const char power_hash[] = "913cbf8ef3b7f0f32b93fc1496d55329eaf7b8e568f3d153cbc57b2e4b571b63";
static const char product_hash[] =
    "40a0c99e321e06d276ffbd428b3aaabd9f68de9dcd65a518bb111907ab2c68fb";

static void affine(struct bls_g1_affine *a, struct bls_g2_affine *b, const struct bls_g1 *p,
                   const struct bls_g2 *q)
{
    bls_g1_to_affine(a, p);
    bls_g2_to_affine(b, q);
}

static void pair(struct bls_gt *out, const struct bls_g1 *p, const struct bls_g2 *q)
{
    struct bls_g1_affine a;
    struct bls_g2_affine b;
    affine(&a, &b, p, q);
    bls_pairing(out, &a, &b);
}

static void expect_hash(const struct bls_gt *e, const char *hex)
{
    uint8_t bytes[BLS_GT_BYTES], got[32], want[32];
    bls_gt_encode(bytes, e);
    crypto_hash_sha256(got, bytes, sizeof bytes);
    from_hex(want, sizeof want, hex);
    assert_memory_equal(got, want, sizeof want);
}

static void test_as_circl(void **state)
{
    (void)state;
    static const char *const scalars[] = {
        "4456fc29158e3a46146aa3a8ba94d0c217aa453670878da353524fe1a2428249",
        "3c005412b1d14ab36a6ad3537052199bf892b808362edd82ec5a8e1b3c005683",
        "3e8ffb02d1474eecb3e73cd60116a791698bc7b1eb72f377c52814953187dbb9",
        "4bc9ee76412c9e792f978d4079b2add698585993b5e9e1f6e79f1e9a1ce40804"};
    static const char tag[] = "a matrix entry [0, 1]";
    struct bls_fr k[4];
    struct bls_g1 p[3];
    struct bls_g2 q[3];
    struct bls_g1_affine a[3];
    struct bls_g2_affine b[3];
    struct bls_gt e;
    uint8_t bytes[BLS_GT_BYTES], want[BLS_GT_BYTES], scalar[32];
    for (int i = 0; i < 4; i++) {
        from_hex(scalar, sizeof scalar, scalars[i]);
        assert_int_equal(bls_fr_decode(&k[i], scalar), KF_OK);
    }
    bls_g1_generator(&p[0]);
    bls_g2_generator(&q[0]);
    pair(&e, &p[0], &q[0]);
    bls_gt_encode(bytes, &e);
    from_hex(want, sizeof want, generators_pairing);
    assert_memory_equal(bytes, want, sizeof want);
    bls_gt_exp(&e, &e, &k[3]);
    expect_hash(&e, power_hash);
    bls_g1_mul(&p[1], &k[0], &p[0]);
    bls_g2_mul(&q[1], &k[1], &q[0]);
    bls_g2_mul(&q[2], &k[2], &q[1]);
    bls_hash_to_g1(&p[2], (const uint8_t *)"hello", 5, (const uint8_t *)tag, strlen(tag));
    bls_g1_to_affine_batch(a, p, 3);
    bls_g2_to_affine_batch(b, q, 3);
    bls_pairing_product(&e, a, b, 3);
    expect_hash(&e, product_hash);
}

static void test_bilinear(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct bls_fr j = next_fr(), k = next_fr(), jk;
        struct bls_g1 p = next_g1(), kp;
        struct bls_g2 q = next_g2(), jq;
        struct bls_gt e, left, right;
        bls_fr_mul(&jk, &j, &k);
        bls_g1_mul(&kp, &k, &p);
        bls_g2_mul(&jq, &j, &q);
        pair(&e, &p, &q);
        pair(&left, &kp, &jq);
        bls_gt_exp(&right, &e, &jk);
        assert_true(bls_gt_equal(&left, &right));
        assert_int_equal(bls_gt_is_one(&e) != 0,
                         (bls_g1_is_infinity(&p) | bls_g2_is_infinity(&q)) != 0);
    }
}

/* Products of every count around the shared groups, with infinity at places in them. */
static void test_products(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 11, 32, 33, 35};
    struct bls_g1_affine a[35];
    struct bls_g2_affine b[35];
    struct bls_gt one_by_one[35], want, got;
    struct bls_fp12 f, g;
    for (size_t i = 0; i < 35; i++) {
        struct bls_g1 p = next_g1();
        struct bls_g2 q = next_g2();
        affine(&a[i], &b[i], &p, &q);
        if (i % 8 == 1) {
            a[i] = (struct bls_g1_affine){0};
        }
        if (i % 8 == 2) {
            b[i] = (struct bls_g2_affine){0};
        }
        bls_pairing(&one_by_one[i], &a[i], &b[i]);
        if (i % 8 == 1 || i % 8 == 2) {
            assert_true(bls_gt_is_one(&one_by_one[i]));
        }
    }
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        bls_gt_one(&want);
        for (size_t i = 0; i < counts[c]; i++) {
            bls_gt_mul(&want, &want, &one_by_one[i]);
        }
        bls_pairing_product(&got, a, b, counts[c]);
        assert_true(bls_gt_equal(&got, &want));
    }
    bls_miller_loop(&f, a, b, 5);
    bls_miller_loop(&g, a + 5, b + 5, 6);
    bls_miller_mul(&f, &f, &g);
    bls_final_exponentiation(&got, &f);
    bls_pairing_product(&want, a, b, 11);
    assert_true(bls_gt_equal(&got, &want));
}

static void test_gt_arithmetic(void **state)
{
    (void)state;
    struct bls_g1 p;
    struct bls_g2 q;
    struct bls_gt e, s, t;
    bls_g1_generator(&p);
    bls_g2_generator(&q);
    pair(&e, &p, &q);
    bls_gt_square(&s, &e);
    bls_gt_mul(&t, &e, &e);
    assert_true(bls_gt_equal(&s, &t));
    bls_gt_inverse(&t, &e);
    bls_gt_mul(&s, &s, &t);
    assert_true(bls_gt_equal(&s, &e));
    for (int i = 0; i < 30; i++) {
        struct bls_fr k = next_fr();
        uint8_t bytes[32];
        bls_fr_encode(bytes, &k);
        bls_gt_one(&s);
        for (size_t j = 0; j < 256; j++) {
            bls_gt_mul(&s, &s, &s);
            if (bytes[j / 8] >> (7 - j % 8) & 1) {
                bls_gt_mul(&s, &s, &e);
            }
        }
        bls_gt_exp(&t, &e, &k);
        assert_true(bls_gt_equal(&s, &t));
        e = i % 2 ? t : e;
        if (bls_gt_is_one(&e)) {
            pair(&e, &p, &q);
        }
    }
}

static void refuse_gt(const struct bls_fp12 *f)
{
    uint8_t bytes[BLS_GT_BYTES];
    struct bls_gt e = {*f}, out;
    bls_gt_encode(bytes, &e);
    bls_gt_one(&out);
    assert_int_equal(bls_gt_decode(&out, bytes), KF_ERR_MALFORMED);
    assert_true(bls_gt_is_one(&out));
}

static void test_gt_encoding(void **state)
{
    (void)state;
    uint8_t bytes[BLS_GT_BYTES], p[48];
    struct bls_g1 g;
    struct bls_g2 h;
    struct bls_gt e, back;
    struct bls_fp12 f = next_fp12(), s, t;
    bls_g1_generator(&g);
    bls_g2_generator(&h);
    pair(&e, &g, &h);
    bls_gt_encode(bytes, &e);
    assert_int_equal(bls_gt_decode(&back, bytes), KF_OK);
    assert_true(bls_gt_equal(&e, &back));
    bytes[575] ^= 1;
    assert_int_equal(bls_gt_decode(&back, bytes), KF_ERR_MALFORMED);
    bls_gt_one(&e);
    bls_gt_encode(bytes, &e);
    assert_int_equal(bls_gt_decode(&back, bytes), KF_OK);
    for (int i = 0; i < 6; i++) {
        bls_store_be64(p + 8 * (5 - i), bls_p[i]);
    }
    for (int i = 0; i < 11; i++) { /* p for zero */
        memcpy(bytes + 48 * i, p, 48);
        assert_int_equal(bls_gt_decode(&back, bytes), KF_ERR_MALFORMED);
        memset(bytes + 48 * i, 0, 48);
    }

    refuse_gt(&f);
    memset(&s, 0, sizeof s);
    refuse_gt(&s);
    bls_fp_neg(&s.c0.c0.c0, &bls_fp_one); /* -1, of order 2 */
    refuse_gt(&s);
    bls_fp_mul(&s.c0.c0.c0, &bls_beta, &bls_fp_one); /* of order 3, which divides p - x */
    refuse_gt(&s);
    bls_fp12_inverse(&s, &f);
    bls_fp12_conjugate(&t, &f);
    bls_fp12_mul(&s, &s, &t); /* f^(p^6-1): unitary, not cyclotomic */
    refuse_gt(&s);
    bls_fp12_frobenius(&t, &s, 2);
    bls_fp12_mul(&s, &s, &t); /* cyclotomic, of a larger order */
    refuse_gt(&s);
    t = s;
    for (int i = 253; i >= 0; i--) {
        bls_fp12_cyclotomic_square(&t, &t);
        if (bls_r[i / 64] >> (i % 64) & 1) {
            bls_fp12_mul(&t, &t, &s);
        }
    }
    refuse_gt(&t); /* of an order that divides the cofactor */
}

/* Some second arguments fixed, some not; one of those outside of the subgroup is seen. */
static void test_fixed_arguments(void **state)
{
    (void)state;
    enum { N = 9, F = 4 };
    static struct bls_g2_lines made[F];
    const struct bls_g2_lines *lines[F];
    struct bls_g1_affine p[N + F];
    struct bls_g2_affine q[N + F];
    struct bls_gt got, want;
    uint64_t in_subgroup;
    for (size_t i = 0; i < N + F; i++) {
        struct bls_g1 a = next_g1();
        struct bls_g2 b = next_g2();
        bls_g1_to_affine(&p[i], &a);
        bls_g2_to_affine(&q[i], &b);
    }
    p[1] = p[N + 1] = (struct bls_g1_affine){0};
    q[2] = q[N + 2] = (struct bls_g2_affine){0};
    for (size_t i = 0; i < F; i++) {
        bls_g2_lines_init(&made[i], &q[N + i]);
        lines[i] = &made[i];
    }
    for (size_t n = 0; n <= N; n++) {
        for (size_t nf = 0; nf <= F; nf++) {
            bls_pairing_product(&want, p + N - n, q + N - n, n + nf);
            bls_pairing_product_fixed(&got, n % 2 ? NULL : &in_subgroup, p + N - n, q + N - n, n,
                                      p + N, lines, nf);
            assert_true(bls_gt_equal(&got, &want));
            assert_true(n % 2 || in_subgroup == ~(uint64_t)0);
        }
    }
    for (size_t i = 0; i < N; i++) {
        struct bls_g2_affine good = q[i];
        q[i] = next_on_twist();
        bls_pairing_product_fixed(&got, &in_subgroup, p, q, N, p + N, lines, F);
        assert_true(in_subgroup == 0);
        q[i] = good;
    }
}

/* Points of order 13 and 23 (squares of both divide the twist's order), alone and with a point of
 * the subgroup added: multiples of such points meet each other, which the loop's formulas do not
 * allow for. As the only pair and as one of eight, which may be worked differently. */
static void test_fixed_small_orders(void **state)
{
    (void)state;
    static const char *const cofactors[] = {
        /* the twist's order / 13^2 and / 23^2 */
        "04005449cda731a7136c440a0c65b728ba1c1fa6b6708356f3b9bdc84396cab33907d71557a7d336"
        "77f5d45f7cedb8cfdac10ff1fc5b48d6461e907737d78e96568f2d18c750b4b3ca5c33c3fd8ff8a7"
        "0629888281914529f4e3380941cfdd",
        "01473e413236dd889cb5381880d0a576821c578a6e8c7952f26668aaed6d2623f6a2afa96b5e43f5"
        "d126da598b99dbb518655c33a8b236b990d5fbd2d9b42b21fe9e0346d3c23104b06fb96e09de2555"
        "c861790a3cc012b5540aa5804bb595",
    };
    for (int i = 0; i < 8; i++) {
        uint8_t n[95];
        struct bls_g1 a = next_g1();
        struct bls_g2 b;
        struct bls_g1_affine p[8];
        struct bls_g2_affine q[8], point = next_on_twist();
        struct bls_gt got;
        uint64_t in_subgroup;
        from_hex(n, sizeof n, cofactors[i % 2]);
        bls_g2_from_affine(&b, &point);
        slow_g2(&b, n, sizeof n, &b);
        if (i % 4 >= 2) {
            struct bls_g2 c = next_g2();
            bls_g2_add(&b, &b, &c);
        }
        bls_g2_to_affine(&point, &b);
        for (int j = 0; j < 8; j++) {
            bls_g1_to_affine(&p[j], &a);
            b = next_g2();
            bls_g2_to_affine(&q[j], &b);
        }
        q[i] = point;
        bls_pairing_product_fixed(&got, &in_subgroup, &p[i], &q[i], 1, NULL, NULL, 0);
        assert_int_equal(in_subgroup, bls_g2_in_subgroup(&point));
        assert_true(in_subgroup == 0 || bls_g2_affine_is_infinity(&point));
        bls_pairing_product_fixed(&got, &in_subgroup, p, q, 8, NULL, NULL, 0);
        assert_int_equal(in_subgroup, bls_g2_in_subgroup(&point));
    }
}

static void test_gt_bases(void **state)
{
    (void)state;
    enum { N = 5 };
    static struct bls_gt_base made[N];
    const struct bls_gt_base *base[N];
    struct bls_gt a[N], got, want, t;
    struct bls_fr k[N];
    for (int i = 0; i < N; i++) {
        struct bls_g1 p = next_g1();
        struct bls_g2 q = next_g2();
        struct bls_g1_affine pa;
        struct bls_g2_affine qa;
        bls_g1_to_affine(&pa, &p);
        bls_g2_to_affine(&qa, &q);
        bls_pairing(&a[i], &pa, &qa);
        bls_gt_base_init(&made[i], &a[i]);
        base[i] = &made[i];
    }
    for (int round = 0; round < 12; round++) {
        size_t n = (size_t)round % (N + 1);
        bls_gt_one(&want);
        for (size_t i = 0; i < n; i++) {
            k[i] = next_fr();
            bls_gt_exp(&t, &a[i], &k[i]);
            bls_gt_mul(&want, &want, &t);
        }
        bls_gt_base_exp_product(&got, base, k, n);
        assert_true(bls_gt_equal(&got, &want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_circl),           cmocka_unit_test(test_fixed_arguments),
        cmocka_unit_test(test_fixed_small_orders), cmocka_unit_test(test_gt_bases),
        cmocka_unit_test(test_bilinear),           cmocka_unit_test(test_products),
        cmocka_unit_test(test_gt_arithmetic),      cmocka_unit_test(test_gt_encoding),
    };
    seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
