/* Prime implicants over sets of values, and a small cover of them: a sum of products with one
 * outcome for each meaning.
 *
 * A cube gives each label a set of branches: all of them (the label does not matter), or some
 * without "missing". It stands for "each label's branch is in its set". An implicant is a cube
 * inside the function, a prime one cannot be widened. */
#ifndef KEYFENCE_POLICY_PRIMES_INT_H
#define KEYFENCE_POLICY_PRIMES_INT_H

#include "policy/diagram_int.h"

enum { COVER_MAX = 256 };

struct cube {
    uint64_t bits[DIAGRAM_WORDS];
};

struct cover {
    struct cube cubes[COVER_MAX];
    size_t count;
    /* Branches that the function tells apart from "other": the words of its normal form. */
    bool essential[DIAGRAM_BITS_MAX];
};

static inline bool cube_has(const struct cube *cube, size_t bit)
{
    return (cube->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline void cube_set(struct cube *cube, size_t bit)
{
    cube->bits[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void cube_clear(struct cube *cube, size_t bit)
{
    cube->bits[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

/* Whether the label does not matter to the cube: "missing" is in its set. */
static inline bool cube_is_free(const struct diagram *d, const struct cube *cube, size_t level)
{
    return cube_has(cube, d->labels[level].first);
}

/* Fills *out with an irredundant cover of the function, ordered, whose cubes cost few leaves.
 * KF_ERR_LIMIT when there are too many primes or the diagram is exhausted, KF_ERR_MEMORY. */
enum kf_status cover_find(struct cover *out, struct diagram *d, uint32_t function);

/* How many leaves the label's set costs in text: its values, or those it leaves out, or two for
 * "any value". Requires that the label is not free. */
size_t cover_label_cost(const struct diagram *d, const struct cover *cover, const struct cube *cube,
                        size_t level);

#endif
