#include "policy/primes_int.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1 << 14, CONCEPTS_MAX = 64, UNKNOWN = -1 };

/* Primes already found, by node: a range of the arena. */
struct finder {
    struct diagram *d;
    int32_t first[DIAGRAM_NODES_MAX];
    uint32_t count[DIAGRAM_NODES_MAX];
    struct cube arena[ARENA_MAX];
    size_t used;
    bool failed;
};

static bool cube_equal(const struct cube *a, const struct cube *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_prime_of(const struct finder *f, const struct cube *cube, uint32_t node)
{
    for (uint32_t i = 0; i < f->count[node]; i++) {
        if (cube_equal(&f->arena[(uint32_t)f->first[node] + i], cube)) {
            return true;
        }
    }
    return false;
}

static bool add_concept(uint32_t *concepts, size_t *count, uint32_t node)
{
    for (size_t i = 0; i < *count; i++) {
        if (concepts[i] == node) {
            return true;
        }
    }
    if (node != DIAGRAM_FALSE) {
        if (*count == CONCEPTS_MAX) {
            return false;
        }
        concepts[(*count)++] = node;
    }
    return true;
}

/* The distinct intersections of a node's children, false ones left out. */
static bool close_concepts(uint32_t *concepts, size_t *count, struct diagram *d, uint32_t node)
{
    size_t level = d->nodes[node].level;
    *count = 0;
    for (size_t b = 0; b < diagram_branches(d, level); b++) {
        if (!add_concept(concepts, count, diagram_child(d, node, level, b))) {
            return false;
        }
    }
    for (size_t i = 1; i < *count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!add_concept(concepts, count, diagram_and(d, concepts[i], concepts[j]))) {
                return false;
            }
        }
    }
    return !d->exhausted;
}

static void find_primes(struct finder *f, uint32_t node);

/* Primes of `node` whose set on its label is that of the concept h: the branches whose child holds
 * wherever h does. A prime of h counts unless a further branch would take it too, that is unless it
 * is also a prime of h and that branch's child (which implies h). */
static void lift_primes(struct finder *f, uint32_t node, uint32_t h)
{
    struct diagram *d = f->d;
    size_t level = d->nodes[node].level;
    size_t first = d->labels[level].first;
    for (uint32_t i = 0; i < f->count[h]; i++) {
        struct cube cube = f->arena[(uint32_t)f->first[h] + i];
        bool widest = true;
        for (size_t b = 0; b < diagram_branches(d, level) && widest; b++) {
            uint32_t meet = diagram_and(d, h, diagram_child(d, node, level, b));
            if (meet != h) {
                widest = meet == DIAGRAM_FALSE ||
                         !is_prime_of(f, &f->arena[(uint32_t)f->first[h] + i], meet);
                cube_clear(&cube, first + b);
            }
        }
        if (!widest) {
            continue;
        }
        if (f->used == ARENA_MAX) {
            f->failed = true;
            return;
        }
        f->arena[f->used++] = cube;
    }
}

static void find_primes(struct finder *f, uint32_t node)
{
    uint32_t concepts[CONCEPTS_MAX];
    size_t count = 0;
    if (f->failed || f->first[node] != UNKNOWN) {
        return;
    }
    if (!close_concepts(concepts, &count, f->d, node)) {
        f->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        find_primes(f, concepts[i]);
    }
    size_t start = f->used;
    for (size_t i = 0; i < count && !f->failed; i++) {
        lift_primes(f, node, concepts[i]);
    }
    f->first[node] = (int32_t)start;
    f->count[node] = (uint32_t)(f->used - start);
}

static struct finder *finder_new(struct diagram *d)
{
    struct finder *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    f->d = d;
    for (size_t i = 0; i < DIAGRAM_NODES_MAX; i++) {
        f->first[i] = UNKNOWN;
    }
    f->first[DIAGRAM_FALSE] = 0; /* no primes */
    f->first[DIAGRAM_TRUE] = 0;  /* one: everything */
    f->count[DIAGRAM_TRUE] = 1;
    for (size_t bit = 0; bit < d->bit_count; bit++) {
        cube_set(&f->arena[0], bit);
    }
    f->used = 1;
    return f;
}

/* A value is essential when some reachable node treats it unlike "other". */
static void mark_essential(bool *essential, bool *seen, const struct diagram *d, uint32_t node)
{
    if (seen[node] || node == DIAGRAM_FALSE || node == DIAGRAM_TRUE) {
        return;
    }
    seen[node] = true;
    size_t level = d->nodes[node].level;
    size_t other = diagram_branches(d, level) - 1;
    for (size_t b = 0; b <= other; b++) {
        uint32_t child = diagram_child(d, node, level, b);
        if (b > 0 && b < other && child != diagram_child(d, node, level, other)) {
            essential[d->labels[level].first + b] = true;
        }
        mark_essential(essential, seen, d, child);
    }
}

size_t cover_label_cost(const struct diagram *d, const struct cover *cover, const struct cube *cube,
                        size_t level)
{
    const struct diagram_label *label = &d->labels[level];
    size_t in = 0;
    size_t out = 0;
    for (size_t b = 1; b <= label->values; b++) {
        if (cover->essential[label->first + b]) {
            bool has = cube_has(cube, label->first + b);
            in += has ? 1 : 0;
            out += has ? 0 : 1;
        }
    }
    if (!cube_has(cube, label->first + label->values + 1)) {
        return in;
    }
    return out != 0 ? out : 2;
}

static size_t cube_cost(const struct diagram *d, const struct cover *cover, const struct cube *cube)
{
    size_t cost = 0;
    for (size_t l = 0; l < d->label_count; l++) {
        cost += cube_is_free(d, cube, l) ? 0 : cover_label_cost(d, cover, cube, l);
    }
    return cost;
}

/* By falling cost, then by the first branch that only one has: an order that depends on the
 * function alone, since values that are not essential go wherever "other" goes. */
static int compare_cubes(const struct diagram *d, const struct cover *cover, const struct cube *a,
                         const struct cube *b)
{
    size_t cost_a = cube_cost(d, cover, a);
    size_t cost_b = cube_cost(d, cover, b);
    if (cost_a != cost_b) {
        return cost_a > cost_b ? -1 : 1;
    }
    for (size_t l = 0; l < d->label_count; l++) {
        const struct diagram_label *label = &d->labels[l];
        for (size_t i = 0; i < label->values + 2; i++) {
            bool fixed = i == 0 || i == label->values + 1;
            size_t bit = label->first + i;
            if ((fixed || cover->essential[bit]) && cube_has(a, bit) != cube_has(b, bit)) {
                return cube_has(a, bit) ? -1 : 1;
            }
        }
    }
    return 0;
}

static void sort_cubes(struct cover *cover, const struct diagram *d)
{
    for (size_t i = 1; i < cover->count; i++) {
        struct cube cube = cover->cubes[i];
        size_t j = i;
        while (j > 0 && compare_cubes(d, cover, &cube, &cover->cubes[j - 1]) < 0) {
            cover->cubes[j] = cover->cubes[j - 1];
            j--;
        }
        cover->cubes[j] = cube;
    }
}

static uint32_t cube_node(struct diagram *d, const struct cube *cube)
{
    uint32_t node = DIAGRAM_TRUE;
    for (size_t l = d->label_count; l-- > 0;) {
        uint32_t children[DIAGRAM_BITS_MAX];
        for (size_t b = 0; b < diagram_branches(d, l); b++) {
            children[b] = cube_has(cube, d->labels[l].first + b) ? node : DIAGRAM_FALSE;
        }
        node = diagram_node(d, l, children);
    }
    return node;
}

/* Drops each cube, the costliest first, that the others cover. */
static void drop_redundant(struct cover *cover, struct diagram *d, uint32_t function)
{
    uint32_t nodes[COVER_MAX];
    uint32_t after[COVER_MAX + 1]; /* the union of the cubes from i on */
    after[cover->count] = DIAGRAM_FALSE;
    for (size_t i = cover->count; i-- > 0;) {
        nodes[i] = cube_node(d, &cover->cubes[i]);
        after[i] = diagram_or(d, nodes[i], after[i + 1]);
    }
    uint32_t kept = DIAGRAM_FALSE;
    size_t count = 0;
    for (size_t i = 0; i < cover->count; i++) {
        if (diagram_or(d, kept, after[i + 1]) != function) {
            kept = diagram_or(d, kept, nodes[i]);
            cover->cubes[count++] = cover->cubes[i];
        }
    }
    cover->count = count;
}

/* Narrows one label's set of a cube where that costs fewer leaves and the union stays the same. */
static void narrow_label(struct cube *cube, const struct cover *cover, struct diagram *d,
                         size_t level, uint32_t rest, uint32_t function)
{
    const struct diagram_label *label = &d->labels[level];
    for (size_t b = 1; b <= label->values; b++) {
        size_t bit = label->first + b;
        if (!cover->essential[bit] || !cube_has(cube, bit)) {
            continue;
        }
        struct cube tried = *cube;
        cube_clear(&tried, bit);
        size_t cost = cover_label_cost(d, cover, &tried, level);
        if (cost != 0 && cost < cover_label_cost(d, cover, cube, level) &&
            diagram_or(d, rest, cube_node(d, &tried)) == function) {
            *cube = tried;
        }
    }
}

static void narrow(struct cover *cover, struct diagram *d, uint32_t function)
{
    for (size_t i = 0; i < cover->count; i++) {
        uint32_t rest = DIAGRAM_FALSE;
        for (size_t j = 0; j < cover->count; j++) {
            rest = j == i ? rest : diagram_or(d, rest, cube_node(d, &cover->cubes[j]));
        }
        for (size_t l = 0; l < d->label_count; l++) {
            if (!cube_is_free(d, &cover->cubes[i], l)) {
                narrow_label(&cover->cubes[i], cover, d, l, rest, function);
            }
        }
    }
}

enum kf_status cover_find(struct cover *out, struct diagram *d, uint32_t function)
{
    struct finder *f = finder_new(d);
    if (f == NULL) {
        return KF_ERR_MEMORY;
    }
    memset(out, 0, sizeof *out);
    find_primes(f, function);
    bool fits = !f->failed && !d->exhausted && f->count[function] <= COVER_MAX;
    if (fits) {
        bool seen[DIAGRAM_NODES_MAX] = {false};
        out->count = f->count[function];
        memcpy(out->cubes, &f->arena[(uint32_t)f->first[function]],
               out->count * sizeof out->cubes[0]);
        mark_essential(out->essential, seen, d, function);
        sort_cubes(out, d);
        drop_redundant(out, d, function);
        narrow(out, d, function);
        sort_cubes(out, d);
    }
    free(f);
    return fits && !d->exhausted ? KF_OK : KF_ERR_LIMIT;
}
