/* The matrices of labels: the compiled ones, and the cache in all its states.
 *
 *     test_cpabe_matrices --print | clang-format > lib/cpabe/transform_label.c
 *
 * makes the compiled ones again. */
#include "support.h"

#include "cpabe/cca_int.h"
#include "cpabe/matrices_int.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES = TKN_A_ROWS * TKN_K };

/* From the specification: entry (i, j) is the label's hash under "a matrix entry [i, j]" for U0, "b
 * matrix entry [i, j]" for U1. */
static void slow_matrices(struct tkn_matrices *out, const char *label, size_t length)
{
    for (int e = 0; e < ENTRIES; e++) {
        char tag[32];
        struct bls_g1 p;
        int n = snprintf(tag, sizeof tag, "a matrix entry [%d, %d]", e / 2, e % 2);
        bls_hash_to_g1(&p, (const uint8_t *)label, length, (const uint8_t *)tag, (size_t)n);
        bls_g1_to_affine(&out->u0[e], &p);
        tag[0] = 'b';
        bls_hash_to_g1(&p, (const uint8_t *)label, length, (const uint8_t *)tag, (size_t)n);
        bls_g1_to_affine(&out->u1[e], &p);
    }
}

static void print_fp(const char *name, const struct bls_fp *a)
{
    (void)printf("         .%s = {{", name);
    for (int i = 0; i < 6; i++) {
        (void)printf("%s0x%016" PRIx64,
                     i == 0   ? ""
                     : i == 3 ? ",\n                "
                              : ", ",
                     a->limb[i]);
    }
    (void)printf("}}");
}

static void print_matrix(const char *name, const struct bls_g1_affine *m)
{
    (void)printf("    .%s = {\n", name);
    for (int e = 0; e < ENTRIES; e++) {
        (void)printf("        {\n");
        print_fp("x", &m[e].x);
        (void)printf(",\n");
        print_fp("y", &m[e].y);
        (void)printf(",\n        },\n");
    }
    (void)printf("    },\n");
}

static void print_transform(void)
{
    struct tkn_matrices m;
    slow_matrices(&m, CCA_LABEL, sizeof CCA_LABEL - 1);
    (void)printf(
        "/* The matrices of the transform's label, which is in every policy and every key.\n"
        " * Made by tests/unit/cpabe/test_matrices.c, whose test makes them again. */\n"
        "#include \"matrices_int.h\"\n\n"
        "const struct tkn_matrices tkn_transform_matrices = {\n    .cleared = true,\n");
    print_matrix("u0", m.u0);
    print_matrix("u1", m.u1);
    (void)printf("};\n");
}

/* Whether the entries are those of `want`, once they are cleared. */
static bool are(const struct bls_g1_affine *got, const struct bls_g1_affine *want, bool cleared)
{
    struct bls_g1 p[ENTRIES];
    struct bls_g1_affine a[ENTRIES];
    for (int e = 0; e < ENTRIES; e++) {
        bls_g1_from_affine(&p[e], &got[e]);
    }
    if (!cleared) {
        bls_g1_clear_cofactor_batch(p, ENTRIES);
    }
    bls_g1_to_affine_batch(a, p, ENTRIES);
    return memcmp(a, want, sizeof a) == 0;
}

static bool are_apart(const struct tkn_matrices *got, const struct tkn_matrices *want)
{
    return !got->joined && are(got->u0, want->u0, got->cleared) &&
           are(got->u1, want->u1, got->cleared);
}

static void assert_apart(const struct tkn_matrices *got, const struct tkn_matrices *want,
                         bool cleared)
{
    assert_true(are_apart(got, want));
    assert_int_equal(got->cleared, cleared);
}

static void assert_joined(const struct tkn_matrices *got, const struct tkn_matrices *apart,
                          const struct bls_fr *value)
{
    assert_true(got->joined && got->cleared);
    for (int e = 0; e < ENTRIES; e++) {
        struct bls_g1 p;
        struct bls_g1 t;
        struct bls_g1_affine want;
        bls_g1_from_affine(&p, &apart->u0[e]);
        bls_g1_mul(&p, value, &p);
        bls_g1_from_affine(&t, &apart->u1[e]);
        bls_g1_add(&p, &p, &t);
        bls_g1_to_affine(&want, &p);
        assert_memory_equal(&got->u0[e], &want, sizeof want);
    }
}

static void test_transform(void **state)
{
    (void)state;
    struct tkn_matrices want;
    slow_matrices(&want, CCA_LABEL, sizeof CCA_LABEL - 1);
    assert_apart(&tkn_transform_matrices, &want, true);
}

static void test_states(void **state)
{
    (void)state;
    struct tkn_lazy lazy = {NULL, 0};
    struct tkn_matrices a;
    struct tkn_matrices b;
    struct tkn_matrices got[5];
    struct bls_fr v;
    struct bls_fr w;
    slow_matrices(&a, "country", 7);
    slow_matrices(&b, "region", 6);
    bls_fr_from_u64(&v, 77);
    tkn_hash_value(&w, "FR", 2);
    const struct tkn_matrix_request in[5] = {
        {"country", 7, NULL}, {"region", 6, &v},
        {"country", 7, &w},   {CCA_LABEL, sizeof CCA_LABEL - 1, NULL},
        {"country", 7, &v},
    };
    for (int cached = 0; cached < 2; cached++) {
        struct tkn_lazy *cache = cached == 0 ? NULL : &lazy;
        for (int time = 1; time <= 4; time++) {
            bool joined = cached == 1 && time > 1;
            tkn_matrices_get(got, cache, in, 5);
            assert_apart(&got[0], &a, cached == 1 && time > 1);
            assert_apart(&got[3], &tkn_transform_matrices, true);
            if (joined) {
                assert_joined(&got[1], &b, &v);
                assert_joined(&got[2], &a, &w);
                assert_joined(&got[4], &a, &v);
            } else {
                assert_apart(&got[1], &b, false);
                assert_apart(&got[2], &a, false);
                assert_apart(&got[4], &a, false);
            }
        }
        tkn_matrices_get(got, cache, in, 0);
    }
    /* the same pair twice in one request */
    tkn_lazy_clear(&lazy, &tkn_cache_kind);
    const struct tkn_matrix_request twice[2] = {in[2], in[2]};
    tkn_matrices_get(got, &lazy, twice, 2);
    assert_apart(&got[0], &a, false);
    assert_joined(&got[1], &a, &w);
    tkn_lazy_clear(&lazy, &tkn_cache_kind);
}

/* What a second request makes ready, one of several that ask for it in one call makes. */
static void test_one_makes_it(void **state)
{
    (void)state;
    enum { TIMES = MATRICES_AT_ONCE };
    struct tkn_lazy lazy = {NULL, 0};
    struct tkn_matrices want;
    struct tkn_matrices got[TIMES];
    struct tkn_matrix_request in[TIMES];
    struct bls_fr v;
    slow_matrices(&want, "label", 5);
    bls_fr_from_u64(&v, 5);
    for (int with_value = 0; with_value < 2; with_value++) {
        for (size_t i = 0; i < TIMES; i++) {
            in[i] = (struct tkn_matrix_request){"label", 5, with_value == 1 ? &v : NULL};
        }
        tkn_matrices_get(got, &lazy, in, 1);
        assert_apart(&got[0], &want, false);
        tkn_matrices_get(got, &lazy, in, TIMES);
        if (with_value == 1) {
            assert_joined(&got[0], &want, &v);
        } else {
            assert_apart(&got[0], &want, true);
        }
        for (size_t i = 1; i < TIMES; i++) {
            assert_apart(&got[i], &want, with_value == 1 && i == 1);
        }
        tkn_lazy_clear(&lazy, &tkn_cache_kind);
    }
}

enum { LABELS = 3 * CACHE_LABELS, THREADS = 4, ROUNDS = 300 };

/* More labels than the cache holds, in an order that keeps coming back to the first. */
static void test_eviction(void **state)
{
    (void)state;
    struct tkn_lazy lazy = {NULL, 0};
    struct tkn_matrices first;
    struct tkn_matrices got[2];
    slow_matrices(&first, "0", 1);
    for (unsigned i = 0; i < LABELS; i++) {
        char label[16];
        struct bls_fr value;
        int n = snprintf(label, sizeof label, "%u", i);
        bls_fr_from_u64(&value, i);
        const struct tkn_matrix_request in[2] = {{label, (size_t)n, &value}, {"0", 1, NULL}};
        tkn_matrices_get(got, &lazy, in, 2);
        assert_apart(&got[1], &first, i > 0);
        if (i % 64 == 0) {
            struct tkn_matrices want;
            slow_matrices(&want, label, (size_t)n);
            assert_apart(&got[0], &want, false);
        }
    }
    tkn_lazy_clear(&lazy, &tkn_cache_kind);
}

struct shared {
    struct tkn_lazy lazy;
    struct tkn_matrices want[8];
    unsigned seed;
};

static void *use(void *context)
{
    static const char *const labels[8] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct shared *shared = context;
    struct tkn_matrices got;
    size_t wrong = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t l = i * 5 % 8;
        const struct tkn_matrix_request in = {labels[l], 1, NULL};
        tkn_matrices_get(&got, &shared->lazy, &in, 1);
        wrong += !are_apart(&got, &shared->want[l]);
    }
    return wrong == 0 ? context : NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static struct shared shared;
    pthread_t thread[THREADS];
    for (size_t i = 0; i < 8; i++) {
        const char label[] = {(char)('a' + i)};
        slow_matrices(&shared.want[i], label, 1);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, use, &shared), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_ptr_equal(result, &shared);
    }
    tkn_lazy_clear(&shared.lazy, &tkn_cache_kind);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_transform();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transform),    cmocka_unit_test(test_states),
        cmocka_unit_test(test_one_makes_it), cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
