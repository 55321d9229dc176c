/* Factoring a cover into an expression with few leaves ("quick factor" of multi-level logic
 * synthesis: Brayton, 1987), over literals that are a label with a set of values. */
#include "policy/expression_int.h"

#include <assert.h>
#include <string.h>

struct literal {
    size_t level;
    struct cube set; /* only the level's bits matter */
};

static bool same_set(const struct diagram *d, const struct cube *a, const struct cube *b,
                     size_t level)
{
    const struct diagram_label *label = &d->labels[level];
    for (size_t i = 0; i < label->values + 2; i++) {
        if (cube_has(a, label->first + i) != cube_has(b, label->first + i)) {
            return false;
        }
    }
    return true;
}

static void set_free(const struct diagram *d, struct cube *cube, size_t level)
{
    const struct diagram_label *label = &d->labels[level];
    for (size_t i = 0; i < label->values + 2; i++) {
        cube_set(cube, label->first + i);
    }
}

/* cube / divisor: false unless the divisor's literals are all among the cube's. */
static bool divide(struct cube *quotient, const struct diagram *d, const struct cube *cube,
                   const struct cube *divisor)
{
    struct cube q = *cube;
    for (size_t l = 0; l < d->label_count; l++) {
        if (cube_is_free(d, divisor, l)) {
            continue;
        }
        if (!same_set(d, cube, divisor, l)) {
            return false;
        }
        set_free(d, &q, l);
    }
    *quotient = q;
    return true;
}

struct factoring {
    struct arena *arena;
    const struct diagram *d;
    const struct cover *cover;
};

struct products {
    struct cube *cubes;
    size_t count;
};

static struct products products_new(struct arena *arena, size_t capacity)
{
    return (struct products){arena_take(arena, (capacity + 1) * sizeof(struct cube)), 0};
}

static bool contains(const struct products *list, const struct cube *cube)
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(&list->cubes[i], cube, sizeof *cube) == 0) {
            return true;
        }
    }
    return false;
}

static struct expression *value_leaf(const struct factoring *f, size_t level, size_t branch,
                                     bool positive)
{
    const struct diagram_label *label = &f->d->labels[level];
    return expression_leaf(f->arena, label->label, f->d->values[label->first + branch], positive);
}

/* A label that must be there with any value: written with its first essential value, or, when the
 * function tells no value apart, with a word of our own. */
static struct expression *of_presence(const struct factoring *f, size_t level)
{
    const struct diagram_label *label = &f->d->labels[level];
    const char *value = "any";
    for (size_t b = label->values; b > 0; b--) {
        if (f->cover->essential[label->first + b]) {
            value = f->d->values[label->first + b];
        }
    }
    struct expression *both[2] = {expression_leaf(f->arena, label->label, value, true),
                                  expression_leaf(f->arena, label->label, value, false)};
    return expression_join(f->arena, EXPRESSION_OR, both, 2);
}

/* A label's set: `or` over the values in it, or `and` over the negated values out of it. */
static struct expression *of_literal(const struct factoring *f, const struct cube *cube,
                                     size_t level)
{
    const struct diagram_label *label = &f->d->labels[level];
    bool wide = cube_has(cube, label->first + label->values + 1);
    struct expression *leaves[DIAGRAM_BITS_MAX];
    size_t count = 0;
    for (size_t b = 1; b <= label->values; b++) {
        size_t bit = label->first + b;
        if (f->cover->essential[bit] && cube_has(cube, bit) != wide) {
            leaves[count++] = value_leaf(f, level, b, !wide);
        }
    }
    if (count == 0) {
        return of_presence(f, level);
    }
    return expression_join(f->arena, wide ? EXPRESSION_AND : EXPRESSION_OR, leaves, count);
}

static struct expression *of_cube(const struct factoring *f, const struct cube *cube)
{
    struct expression *parts[DIAGRAM_LABELS_MAX];
    size_t count = 0;
    for (size_t l = 0; l < f->d->label_count; l++) {
        if (!cube_is_free(f->d, cube, l)) {
            parts[count++] = of_literal(f, cube, l);
        }
    }
    assert(count > 0); /* no cube of an irredundant cover contains another, so no quotient is 1 */
    return expression_join(f->arena, EXPRESSION_AND, parts, count);
}

/* The literal that most products share; ties go to the first in order. Its count. */
static size_t commonest(struct literal *out, const struct factoring *f,
                        const struct products *products)
{
    size_t most = 0;
    for (size_t i = 0; i < products->count; i++) {
        for (size_t l = 0; l < f->d->label_count; l++) {
            size_t count = 0;
            for (size_t j = 0; !cube_is_free(f->d, &products->cubes[i], l) && j < products->count;
                 j++) {
                count += same_set(f->d, &products->cubes[i], &products->cubes[j], l) ? 1 : 0;
            }
            if (count > most) {
                most = count;
                *out = (struct literal){l, products->cubes[i]};
            }
        }
    }
    return most;
}

/* The products that contain the literal, without it. */
static struct products quotient_by_literal(const struct factoring *f,
                                           const struct products *products,
                                           const struct literal *literal)
{
    struct products q = products_new(f->arena, products->count);
    for (size_t i = 0; q.cubes != NULL && i < products->count; i++) {
        const struct cube *cube = &products->cubes[i];
        if (!cube_is_free(f->d, cube, literal->level) &&
            same_set(f->d, cube, &literal->set, literal->level)) {
            q.cubes[q.count] = *cube;
            set_free(f->d, &q.cubes[q.count++], literal->level);
        }
    }
    return q;
}

/* The cubes d with d * q among the products for every q of the divisor. */
static struct products quotient_by_sum(const struct factoring *f, const struct products *products,
                                       const struct products *divisor)
{
    struct products result = products_new(f->arena, products->count);
    for (size_t i = 0; result.cubes != NULL && i < products->count; i++) {
        struct cube candidate;
        if (!divide(&candidate, f->d, &products->cubes[i], &divisor->cubes[0])) {
            continue;
        }
        bool all = !contains(&result, &candidate);
        for (size_t q = 1; q < divisor->count && all; q++) {
            all = false;
            for (size_t j = 0; j < products->count && !all; j++) {
                struct cube other;
                all = divide(&other, f->d, &products->cubes[j], &divisor->cubes[q]) &&
                      memcmp(&other, &candidate, sizeof other) == 0;
            }
        }
        if (all) {
            result.cubes[result.count++] = candidate;
        }
    }
    return result;
}

/* The products that are no left * right. */
static struct products remainder_of(const struct factoring *f, const struct products *products,
                                    const struct products *left, const struct products *right)
{
    struct products rest = products_new(f->arena, products->count);
    for (size_t i = 0; rest.cubes != NULL && i < products->count; i++) {
        bool made = false;
        for (size_t j = 0; j < right->count && !made; j++) {
            struct cube q;
            made = divide(&q, f->d, &products->cubes[i], &right->cubes[j]) && contains(left, &q);
        }
        if (!made) {
            rest.cubes[rest.count++] = products->cubes[i];
        }
    }
    return rest;
}

static struct expression *factor(const struct factoring *f, const struct products *products);

static struct expression *sum_of_cubes(const struct factoring *f, const struct products *products)
{
    struct expression **parts = arena_take(f->arena, products->count * sizeof *parts);
    for (size_t i = 0; parts != NULL && i < products->count; i++) {
        parts[i] = of_cube(f, &products->cubes[i]);
    }
    return parts == NULL ? NULL : expression_join(f->arena, EXPRESSION_OR, parts, products->count);
}

/* products = left * right + remainder, with left a literal or a sum. Each call has fewer products
 * or products with fewer literals than its caller's. */
static struct expression *factor(const struct factoring *f, const struct products *products)
{
    struct literal literal = {0};
    if (products->count == 1 || commonest(&literal, f, products) < 2) {
        return sum_of_cubes(f, products);
    }
    struct products right = quotient_by_literal(f, products, &literal);
    struct products left = products_new(f->arena, products->count);
    if (right.cubes == NULL || left.cubes == NULL) {
        return NULL;
    }
    bool by_sum = right.count < products->count;
    if (by_sum) {
        left = quotient_by_sum(f, products, &right);
        by_sum = left.count > 1;
    }
    if (!by_sum && left.cubes != NULL) {
        memset(&left.cubes[0], 0, sizeof left.cubes[0]);
        for (size_t l = 0; l < f->d->label_count; l++) {
            set_free(f->d, &left.cubes[0], l);
        }
        const struct diagram_label *label = &f->d->labels[literal.level];
        for (size_t i = 0; i < label->values + 2; i++) {
            if (!cube_has(&literal.set, label->first + i)) {
                cube_clear(&left.cubes[0], label->first + i);
            }
        }
        left.count = 1;
    }
    if (left.cubes == NULL) {
        return NULL;
    }
    struct products rest = remainder_of(f, products, &left, &right);
    struct expression *pair[2] = {factor(f, &left), factor(f, &right)};
    struct expression *sum[2] = {expression_join(f->arena, EXPRESSION_AND, pair, 2), NULL};
    if (rest.cubes == NULL || rest.count == 0) {
        return rest.cubes == NULL ? NULL : sum[0];
    }
    sum[1] = factor(f, &rest);
    return expression_join(f->arena, EXPRESSION_OR, sum, 2);
}

struct expression *expression_of_cover(struct arena *arena, const struct diagram *d,
                                       const struct cover *cover)
{
    struct factoring f = {arena, d, cover};
    struct products products = products_new(arena, cover->count);
    if (products.cubes == NULL) {
        return NULL;
    }
    memcpy(products.cubes, cover->cubes, cover->count * sizeof cover->cubes[0]);
    products.count = cover->count;
    return factor(&f, &products);
}
