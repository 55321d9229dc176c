/* The table of waiting requests against a plain list that does the same slowly. */
#include "keyless/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAPACITY = 37, STEPS = 20000 };

struct request {
    bool waits;
    uint32_t id;
    uint64_t deadline;
};

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static struct request *earliest(struct request *all)
{
    struct request *best = NULL;
    for (size_t i = 0; i < CAPACITY; i++) {
        if (all[i].waits && (best == NULL || all[i].deadline < best->deadline)) {
            best = &all[i];
        }
    }
    return best;
}

static void step_add(struct keyless_pending *t, struct request *all, uint64_t *seed)
{
    size_t i = 0;
    while (i < CAPACITY && all[i].waits) {
        i++;
    }
    struct request *r = i < CAPACITY ? &all[i] : &all[0];
    uint32_t id = 0;
    uint64_t deadline = next_random(seed) % 1000;
    enum kf_status st = keyless_pending_add(t, &id, deadline, r);
    if (i == CAPACITY) {
        assert_int_equal(st, KF_ERR_LIMIT);
        return;
    }
    assert_int_equal(st, KF_OK);
    *r = (struct request){.waits = true, .id = id, .deadline = deadline};
}

static void step_take(struct keyless_pending *t, struct request *all, uint64_t *seed)
{
    struct request *r = &all[next_random(seed) % CAPACITY];
    struct request *expect = r->waits ? r : NULL;
    assert_ptr_equal(keyless_pending_find(t, r->id), expect);
    assert_ptr_equal(keyless_pending_take(t, r->id), expect);
    r->waits = false;
    assert_null(keyless_pending_take(t, r->id));
}

static void step_expire(struct keyless_pending *t, struct request *all, uint64_t *seed)
{
    struct request *first = earliest(all);
    uint64_t deadline = 0;
    uint64_t now = next_random(seed) % 1000;
    assert_int_equal(keyless_pending_deadline(&deadline, t), first != NULL);
    struct request *got = keyless_pending_expire(t, now);
    if (first == NULL || first->deadline > now) {
        assert_null(got);
        return;
    }
    assert_int_equal(deadline, first->deadline);
    assert_true(got->waits);
    assert_int_equal(got->deadline, first->deadline);
    got->waits = false;
}

static void test_behaves_like_a_list(void **state)
{
    (void)state;
    struct keyless_pending t;
    static struct keyless_pending_slot slots[CAPACITY];
    static struct request all[CAPACITY];
    const char *given = getenv("KF_SEED");
    uint64_t seed = given == NULL ? 20261122 : strtoull(given, NULL, 10);
    print_message("seed %llu\n", (unsigned long long)seed);
    keyless_pending_init(&t, slots, CAPACITY);
    for (size_t i = 0; i < CAPACITY; i++) {
        all[i].id = UINT32_MAX;
    }
    for (int i = 0; i < STEPS; i++) {
        switch (next_random(&seed) % 5) {
        case 0:
        case 1:
            step_add(&t, all, &seed);
            break;
        case 2:
            step_take(&t, all, &seed);
            break;
        default:
            if (next_random(&seed) % 3 == 0) {
                step_expire(&t, all, &seed);
            }
            break;
        }
    }
    uint32_t left = t.count;
    for (; left > 0; left--) {
        struct request *r = keyless_pending_drain(&t);
        assert_non_null(r);
        assert_true(r->waits);
        r->waits = false;
    }
    assert_null(keyless_pending_drain(&t));
}

static void test_a_late_answer_finds_nothing(void **state)
{
    (void)state;
    struct keyless_pending t;
    struct keyless_pending_slot slots[1];
    int first = 0;
    int second = 0;
    uint32_t a = 0;
    uint32_t b = 0;
    keyless_pending_init(&t, slots, 1);
    assert_int_equal(keyless_pending_add(&t, &a, 5, &first), KF_OK);
    assert_ptr_equal(keyless_pending_expire(&t, 5), &first);
    assert_int_equal(keyless_pending_add(&t, &b, 9, &second), KF_OK);
    assert_int_not_equal(a, b);
    assert_null(keyless_pending_take(&t, a));
    assert_null(keyless_pending_take(&t, b + 1));
    assert_ptr_equal(keyless_pending_take(&t, b), &second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_behaves_like_a_list),
        cmocka_unit_test(test_a_late_answer_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
