/* How rows of products fill eight lanes. A row has a slot, which is one lane when there are more
 * than four rows; with fewer rows, each has 2, 4 or 8 lanes, the terms are dealt out among them,
 * and their sums are added up at the end:
 *
 *   lane = part * slots + row,     slots = 1, 2, 4 or 8 >= rows,     parts = 8 / slots
 */
#ifndef KEYFENCE_BLS12381_ROWS_INT_H
#define KEYFENCE_BLS12381_ROWS_INT_H

#include "bls12381/ifma/vec_int.h"

#include <stdbool.h>
#include <stddef.h>

struct bls_rows {
    size_t terms, rows; /* rows <= 8 */
    size_t slots;
    size_t each; /* terms of one lane, at most */
};

#define BLS_ROWS_NOTHING SIZE_MAX

static inline void bls_rows_plan(struct bls_rows *r, size_t terms, size_t rows)
{
    *r = (struct bls_rows){terms, rows, 1, 0};
    while (r->slots < rows) {
        r->slots *= 2;
    }
    size_t parts = BLS_LANES / r->slots;
    r->each = (terms + parts - 1) / parts;
}

/* Where the product is that a lane takes as its t-th, t < each: an index into the rows' products,
 * one row after the other. */
static inline size_t bls_rows_at(const struct bls_rows *r, size_t lane, size_t t)
{
    size_t row = lane % r->slots, term = lane / r->slots * r->each + t;
    return row < r->rows && term < r->terms ? row * r->terms + term : BLS_ROWS_NOTHING;
}

/* The products of many rows, one vector of rows after the other and term after term of each: begins
 * as {.sums = ..., .terms = ...}, and each bls_rows_next() that is true has another; where there
 * are no terms, one of nothing for each vector. */
struct bls_rows_product {
    size_t terms, sums;
    struct bls_rows rows; /* of the vector */
    size_t first;         /* of these rows */
    size_t term;
    size_t after; /* the row behind the vector */
};

static inline bool bls_rows_next(struct bls_rows_product *p)
{
    if (p->after > 0 && p->term + 1 < p->rows.each) {
        p->term++;
        return true;
    }
    if (p->after == p->sums) {
        return false;
    }
    size_t left = p->sums - p->after;
    p->first = p->after;
    p->term = 0;
    bls_rows_plan(&p->rows, p->terms, left < BLS_LANES ? left : BLS_LANES);
    p->rows.each += p->rows.each == 0;
    p->after += p->rows.rows;
    return true;
}

/* Whether it is the last one of its vector. */
static inline bool bls_rows_last(const struct bls_rows_product *p)
{
    return p->term + 1 == p->rows.each;
}

#endif
