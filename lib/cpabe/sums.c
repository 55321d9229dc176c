#include "sums_int.h"

#include "base/secret.h"

#include <string.h>

/* PARTS are computed in one call, a whole number of vectors; both bound what is on the stack. */
enum { TERMS_MAX = 12, PARTS = 16 };

/* What a vector of sums costs: 128 doublings, and for each term its table of multiples and two
 * halves of 26 additions. Measured to be about the same. */
enum { COST_VECTOR = 1, COST_TERM = 1 };

void tkn_sums_init(struct tkn_sums *sums, size_t *first, struct bls_fr *k, struct bls_g1_affine *a)
{
    *sums = (struct tkn_sums){bls_path_lanes(), 0, 0, first, k, a};
    first[0] = 0;
}

void tkn_sums_add(struct tkn_sums *sums, const struct bls_fr *k, const struct bls_g1_affine *a)
{
    sums->k[sums->terms] = *k;
    sums->a[sums->terms] = *a;
    sums->terms++;
}

void tkn_sums_close(struct tkn_sums *sums)
{
    sums->count++;
    sums->first[sums->count] = sums->terms;
}

static size_t length_of(const struct tkn_sums *sums, size_t s)
{
    return sums->first[s + 1] - sums->first[s];
}

static size_t parts_of(size_t length, size_t terms)
{
    return (length + terms - 1) / terms;
}

static size_t vector_cost(size_t terms)
{
    return COST_VECTOR + COST_TERM * terms;
}

/* What a call for so many sums of one length costs: full vectors, and one for the rest, in which
 * two, four or eight lanes share a sum when there is room. */
static size_t call_cost(size_t sums, size_t terms, size_t lanes)
{
    size_t rest = sums % lanes;
    size_t each = lanes;
    while (rest * each > lanes) {
        each /= 2;
    }
    return sums / lanes * vector_cost(terms) + (rest == 0 ? 0 : vector_cost(parts_of(terms, each)));
}

/* How sums of various lengths are computed: the first `whole` of the longest ones as they are, in
 * full vectors, and all others in parts of one length. */
struct plan {
    size_t longest;
    size_t whole;
    size_t length;
};

/* Whether the plan has sum s whole; asked for all sums in turn, with *met zero at first. */
static bool is_whole(const struct plan *plan, const struct tkn_sums *sums, size_t s, size_t *met)
{
    return length_of(sums, s) == plan->longest && (*met)++ < plan->whole;
}

static size_t plan_cost(const struct plan *plan, const struct tkn_sums *sums)
{
    size_t met = 0;
    size_t parts = 0;
    for (size_t s = 0; s < sums->count; s++) {
        if (!is_whole(plan, sums, s, &met)) {
            parts += parts_of(length_of(sums, s), plan->length);
        }
    }
    return plan->whole / sums->lanes * vector_cost(plan->longest) +
           call_cost(parts, plan->length, sums->lanes);
}

/* The plan that costs least. */
static struct plan best_plan(const struct tkn_sums *sums)
{
    struct plan best = {0, 0, 1};
    size_t best_cost = SIZE_MAX;
    size_t longest = 0;
    size_t longest_count = 0;
    for (size_t s = 0; s < sums->count; s++) {
        size_t length = length_of(sums, s);
        longest_count = length > longest ? 0 : longest_count;
        longest = length > longest ? length : longest;
        longest_count += length == longest;
    }
    size_t full = longest > TERMS_MAX ? 0 : longest_count / sums->lanes * sums->lanes;
    for (size_t length = 1; length <= TERMS_MAX; length++) {
        for (int peel = 0; peel < 2; peel++) {
            struct plan plan = {longest, peel == 0 ? 0 : full, length};
            size_t cost = plan_cost(&plan, sums);
            if (cost < best_cost) {
                best = plan;
                best_cost = cost;
            }
        }
    }
    return best;
}

typedef void mul_sum_batch(struct bls_g1 *out, const struct bls_fr *k,
                           const struct bls_g1_affine *a, size_t terms, size_t sums);

/* Parts that wait for their call. */
struct pending {
    mul_sum_batch *run;
    size_t length;
    size_t count;
    size_t of[PARTS]; /* the sum that each part belongs to */
    bool begins[PARTS];
    struct bls_fr k[PARTS * TERMS_MAX];
    struct bls_g1_affine a[PARTS * TERMS_MAX];
    struct bls_g1 part[PARTS];
};

static void flush(struct bls_g1 *out, struct pending *p)
{
    p->run(p->part, p->k, p->a, p->length, p->count);
    for (size_t i = 0; i < p->count; i++) {
        struct bls_g1 *sum = &out[p->of[i]];
        if (p->begins[i]) {
            *sum = p->part[i];
        } else {
            bls_g1_add(sum, sum, &p->part[i]);
        }
    }
    p->count = 0;
}

/* Short parts end in zero times infinity. */
static void append(struct pending *p, const struct tkn_sums *sums, size_t s, size_t at)
{
    size_t n = sums->first[s + 1] - at;
    n = n < p->length ? n : p->length;
    struct bls_fr *k = p->k + p->count * p->length;
    struct bls_g1_affine *a = p->a + p->count * p->length;
    memcpy(k, sums->k + at, n * sizeof *k);
    memcpy(a, sums->a + at, n * sizeof *a);
    memset(k + n, 0, (p->length - n) * sizeof *k);
    memset(a + n, 0, (p->length - n) * sizeof *a);
    p->begins[p->count] = at == sums->first[s];
    p->of[p->count++] = s;
}

static void append_parts(struct bls_g1 *out, struct pending *p, const struct tkn_sums *sums,
                         size_t s)
{
    for (size_t at = sums->first[s]; at < sums->first[s + 1]; at += p->length) {
        append(p, sums, s, at);
        if (p->count == PARTS) {
            flush(out, p);
        }
    }
}

static void run_plan(struct bls_g1 *out, mul_sum_batch *run, const struct tkn_sums *sums,
                     const struct plan *plan)
{
    struct pending p;
    p.run = run;
    p.count = 0;
    for (int whole = 1; whole >= 0; whole--) {
        size_t met = 0;
        p.length = whole == 1 ? plan->longest : plan->length;
        for (size_t s = 0; s < sums->count; s++) {
            if (is_whole(plan, sums, s, &met) == (whole == 1)) {
                bls_g1_infinity(&out[s]);
                append_parts(out, &p, sums, s);
            }
        }
        flush(out, &p);
    }
    kf_wipe(&p, sizeof p);
}

/* Whether all sums have one length, so that the terms lie as a call takes them. */
static bool uniform(const struct tkn_sums *sums)
{
    for (size_t s = 1; s < sums->count; s++) {
        if (length_of(sums, s) != length_of(sums, 0)) {
            return false;
        }
    }
    return sums->count > 0;
}

static void run_all(struct bls_g1 *out, mul_sum_batch *run, const struct tkn_sums *sums)
{
    if (uniform(sums)) {
        run(out, sums->k, sums->a, length_of(sums, 0), sums->count);
    } else if (sums->lanes == 1) {
        for (size_t s = 0; s < sums->count; s++) {
            run(&out[s], sums->k + sums->first[s], sums->a + sums->first[s], length_of(sums, s), 1);
        }
    } else {
        struct plan plan = best_plan(sums);
        run_plan(out, run, sums, &plan);
    }
}

void tkn_sums_run(struct bls_g1 *out, const struct tkn_sums *sums)
{
    run_all(out, bls_g1_mul_sum_batch, sums);
}

void tkn_sums_run_vartime(struct bls_g1 *out, const struct tkn_sums *sums)
{
    run_all(out, bls_g1_mul_sum_batch_vartime, sums);
}

void tkn_clear_cofactors(struct bls_g1 *p, const bool *uncleared, size_t n)
{
    struct bls_g1 point[PARTS];
    size_t at[PARTS];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (uncleared[i]) {
            at[count] = i;
            point[count++] = p[i];
        }
        if (count == PARTS || i + 1 == n) {
            bls_g1_clear_cofactor_batch(point, count);
            for (size_t j = 0; j < count; j++) {
                p[at[j]] = point[j];
            }
            count = 0;
        }
    }
    kf_wipe(point, sizeof point);
}
