/* Two token buckets: a plain one for rates, and the retry budget.
 *
 * The retry budget bounds the extra load that retries and hedges make when something is wrong: each
 * first attempt puts a fifth of a token in, each further attempt takes a whole one out, and a small
 * trickle keeps a quiet relay able to retry. A hedge is a wish, a retry after a failure is a need:
 * a hedge is granted only while more than the reserve is left.
 *
 * Times are kf_clock_monotonic_ns() values passed in; a time earlier than the last one counts as
 * the last one. No allocation, no I/O, not thread-safe. */
#ifndef KEYFENCE_ROUTE_BUDGET_H
#define KEYFENCE_ROUTE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct route_bucket {
    uint64_t per_second; /* tokens that come back each second */
    uint64_t burst;      /* the most it holds */
    uint64_t nano;       /* level in billionths of a token */
    uint64_t at_ns;
};

/* A full bucket. Requires burst <= 2^32 and per_second <= 2^32. */
void route_bucket_init(struct route_bucket *b, uint64_t per_second, uint64_t burst,
                       uint64_t now_ns);
/* Takes one token; false (and nothing taken) when less than one is there. */
bool route_bucket_take(struct route_bucket *b, uint64_t now_ns);

enum {
    ROUTE_BUDGET_PERCENT = 20,   /* of first attempts */
    ROUTE_BUDGET_RESERVE = 100,  /* tokens that hedges leave alone; twice as many at the start */
    ROUTE_BUDGET_MAX = 1000,     /* tokens saved up at most */
    ROUTE_BUDGET_PER_SECOND = 10 /* the trickle, up to twice the reserve */
};

struct route_budget {
    uint64_t hundredths;
    uint64_t at_ns;
};

void route_budget_init(struct route_budget *b, uint64_t now_ns);
void route_budget_request(struct route_budget *b, uint64_t now_ns); /* a first attempt is made */
bool route_budget_retry(struct route_budget *b, uint64_t now_ns);
bool route_budget_hedge(struct route_budget *b, uint64_t now_ns);

#endif
