/* Runs every proof of the tables; how they are made is said in prove.h. Names as arguments choose.
 */
#include "prove.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

extern const struct proof_table proofs_fp8, proofs_g1, proofs_g2, proofs_tower, proofs_whole;
static const struct proof_table *const tables[] = {
    &proofs_fp8, &proofs_g1, &proofs_g2, &proofs_tower, &proofs_whole,
};

enum { DIGITS = 2 * BLS_FP8_LIMBS };

#define POWER(n) ((bls_vec_i128)1 << (n))

struct bls_vec_faults bls_vec_faults;

const struct prove_class prove_reduced = {"reduced", 0, POWER(50) + POWER(13), 0, POWER(34), 10};
const struct prove_class prove_carried = {"carried", 0, POWER(50) + POWER(13), 0, POWER(37), 0};
const struct prove_class prove_operand = {"operand", 0, POWER(52), 0, POWER(40), 0};
const struct prove_class prove_wide = {"wide", -POWER(61), POWER(61), -POWER(33), POWER(32), 0};

struct prove_class prove_sum(unsigned n)
{
    struct prove_class c = prove_reduced;
    c.name = "sum";
    c.limit *= n;
    c.top_limit *= n;
    c.value *= n;
    return c;
}

/* What the results of the proof that runs were seen to be. */
static struct seen {
    bls_vec_i128 limb, top;
    double value;
    unsigned results, wrong;
} seen;

/* A number in powers of two: 2^51.58, 2^50 + 2^7.6. */
static void say_number(bls_vec_i128 v)
{
    double magnitude = fabs((double)v), bits = log2(magnitude),
           rest = magnitude - exp2(floor(bits));
    if (v == 0) {
        fputs("0", stdout);
    } else if (rest > 0 && bits - floor(bits) < 0.001) {
        printf("%s2^%.0f+2^%.1f", v < 0 ? "-" : "", floor(bits), log2(rest));
    } else {
        printf("%s2^%.2f", v < 0 ? "-" : "", bits);
    }
}

static void say_range(struct bls_vec_range a)
{
    fputs("from ", stdout);
    say_number(a.low);
    fputs(" to ", stdout);
    say_number(a.high);
    fputc('\n', stdout);
}

static void fill(void *x, size_t size, size_t digits, const struct prove_class *c)
{
    bls_vec *v = x;
    for (size_t i = 0; i < size / sizeof *v; i++) {
        bool top = i % digits == digits - 1;
        for (int lane = 0; lane < BLS_LANES; lane++) {
            v[i].lane[lane] = top ? bls_bound_range(c->top_low, c->top_limit - 1)
                                  : bls_bound_range(c->low, c->limit - 1);
        }
    }
}

/* Whether the sum of limbs 2^(50 i) is below k p, in exact arithmetic. */
static bool below(const bls_vec_i128 limb[BLS_FP8_LIMBS], unsigned k)
{
    bls_vec_i128 carry = 0;
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        carry += limb[i] - (bls_vec_i128)bls_fp8_p[i] * k; /* floor division by 2^50, all along */
        carry >>= BLS_FP8_BITS;
    }
    return carry < 0;
}

static double in_p(const bls_vec_i128 limb[BLS_FP8_LIMBS])
{
    double a = 0, p = 0;
    for (int i = 0; i < BLS_FP8_LIMBS; i++) {
        a += ldexp((double)limb[i], BLS_FP8_BITS * (i - BLS_FP8_LIMBS));
        p += ldexp((double)bls_fp8_p[i], BLS_FP8_BITS * (i - BLS_FP8_LIMBS));
    }
    return a / p;
}

static void wrong(const struct prove_class *c, size_t digit, const char *what,
                  struct bls_vec_range range)
{
    if (seen.wrong++ == 0) {
        printf("  result %u is not %s: digit %zu, its %s: ", seen.results, c->name, digit, what);
        say_range(range);
    }
}

static void check_lane(const bls_vec *v, int lane, size_t digits, const struct prove_class *c)
{
    bls_vec_i128 most[DIGITS];
    for (size_t i = 0; i < digits; i++) {
        const struct bls_vec_range r = v[i].lane[lane];
        bool top = i == digits - 1;
        bls_vec_i128 *largest = top ? &seen.top : &seen.limb;
        *largest = bls_bound_max(*largest, bls_bound_max(r.high, -r.low));
        most[i] = r.high;
        if (r.low < (top ? c->top_low : c->low) || r.high >= (top ? c->top_limit : c->limit)) {
            wrong(c, i, "range", r);
        }
    }
    if (digits == BLS_FP8_LIMBS) {
        seen.value = fmax(seen.value, in_p(most));
        if (c->value != 0 && !below(most, c->value)) {
            wrong(c, digits - 1, "value", v[digits - 1].lane[lane]);
        }
    }
}

static void check(const void *x, size_t size, size_t digits, const struct prove_class *c)
{
    const bls_vec *v = x;
    for (size_t i = 0; i < size / sizeof *v; i += digits, seen.results++) {
        for (int lane = 0; lane < BLS_LANES; lane++) {
            check_lane(&v[i], lane, digits, c);
        }
    }
}

void prove_given(void *x, size_t size, const struct prove_class *c)
{
    fill(x, size, BLS_FP8_LIMBS, c);
}

void prove_given_wide(void *x, size_t size, const struct prove_class *c)
{
    fill(x, size, DIGITS, c);
}

void prove_gives(const void *x, size_t size, const struct prove_class *c)
{
    check(x, size, BLS_FP8_LIMBS, c);
}

void prove_gives_wide(const void *x, size_t size, const struct prove_class *c)
{
    check(x, size, DIGITS, c);
}

static void say_largest(const char *what, bls_vec_i128 v)
{
    if (v > 0) {
        printf("  %s ", what);
        say_number(v);
    }
}

static bool prove(const struct proof *proof)
{
    bls_vec_faults = (struct bls_vec_faults){.ids = bls_vec_faults.ids};
    seen = (struct seen){0};
    proof->run();
    if (bls_vec_faults.count > 0) {
        printf("  %" PRIu64 " faults, the first in %s: ", bls_vec_faults.count,
               bls_vec_faults.operation);
        say_range(bls_vec_faults.what);
    }
    printf("%-25s", proof->name);
    say_largest("limb", seen.limb);
    say_largest("top", seen.top);
    if (seen.value > 0) {
        printf("  value %.3f p", seen.value);
    }
    say_largest("widest", bls_vec_faults.widest);
    say_largest("factor", bls_vec_faults.factor);
    bool found = bls_vec_faults.count > 0 || seen.wrong > 0;
    bool good = found == proof->refused;
    printf("%s%s\n", found ? "  refused" : "", good ? "" : "  NOT AS STATED");
    fflush(stdout);
    return good;
}

static bool chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc == 1;
}

int main(int argc, char **argv)
{
    unsigned bad = 0, all = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t]->n; i++) {
            if (chosen(tables[t]->proofs[i].name, argc, argv)) {
                bad += !prove(&tables[t]->proofs[i]);
                all++;
            }
        }
    }
    printf("%u proofs, %u not as stated\n", all, bad);
    return all == 0 || bad > 0;
}
