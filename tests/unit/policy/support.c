#include "support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dice dice_seeded(const char *test, uint64_t fallback)
{
    const char *given = getenv("KF_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : fallback;
    print_message("%s: KF_SEED=0x%llx\n", test, (unsigned long long)seed);
    return (struct dice){seed};
}

uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

size_t dice_below(struct dice *dice, size_t bound)
{
    return (size_t)(dice_next(dice) % bound);
}

static void append(char *out, size_t capacity, const char *text)
{
    size_t length = strlen(out);
    assert_true(length + strlen(text) < capacity);
    memcpy(out + length, text, strlen(text) + 1);
}

static void append_policy(char *out, size_t capacity, struct dice *dice, size_t labels,
                          size_t values, size_t depth)
{
    size_t kind = depth == 0 ? 0 : dice_below(dice, 8);
    if (dice_below(dice, 4) == 0) {
        append(out, capacity, "not ");
    }
    if (kind < 2) {
        char leaf[32];
        (void)snprintf(leaf, sizeof leaf, "%c: %zu", (char)('a' + (char)dice_below(dice, labels)),
                       1 + dice_below(dice, values));
        append(out, capacity, leaf);
        return;
    }
    append(out, capacity, "(");
    size_t operands = 2 + dice_below(dice, 3);
    for (size_t i = 0; i < operands; i++) {
        if (i > 0) {
            append(out, capacity, dice_below(dice, 2) == 0 ? " and " : " or ");
        }
        append_policy(out, capacity, dice, labels, values, depth - 1);
    }
    append(out, capacity, ")");
}

void random_policy(char *out, size_t capacity, struct dice *dice, size_t labels, size_t values,
                   size_t depth)
{
    out[0] = '\0';
    append_policy(out, capacity, dice, labels, values, depth);
}

struct policy *must_parse(const char *text)
{
    struct policy *policy = NULL;
    struct kf_error err = {0};
    if (policy_parse(&policy, text, strlen(text), NULL, &err) != KF_OK) {
        fail_msg("%s\n%s", text, err.message);
    }
    return policy;
}

bool next_assignment(size_t *assignment, size_t labels, size_t values)
{
    for (size_t i = 0; i < labels; i++) {
        if (++assignment[i] <= values) {
            return true;
        }
        assignment[i] = 0;
    }
    return false;
}

size_t assignment_attributes(struct policy_attribute *out, const size_t *assignment, size_t labels)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    static const char *const values[] = {"", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    size_t count = 0;
    for (size_t i = 0; i < labels; i++) {
        if (assignment[i] != 0) {
            out[count++] = (struct policy_attribute){names[i], values[assignment[i]]};
        }
    }
    return count;
}
