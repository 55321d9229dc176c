/* What is worth computing once an object is used often: tables of multiples, lines of a pairing.
 *
 * A value is made by whoever first finds it worth its price, and published with one atomic
 * exchange. Nobody waits: threads that come at the same time may make it twice, and all but the
 * first discard theirs. Once there it never changes, so the object that holds it is to its users as
 * constant as before: the same calls give the same results, sooner. A value that cannot be made
 * (no memory) is one that is not there; every user has a way without.
 *
 * Not for secrets by itself: make() chooses the memory. Time depends on the number of uses alone.
 */
#ifndef CPABE_LAZY_INT_H
#define CPABE_LAZY_INT_H

#include <stdatomic.h>
#include <stddef.h>

struct tkn_lazy { /* all zero: nothing made */
    _Atomic(void *) made;
    atomic_size_t uses;
};

struct tkn_lazy_kind {
    void *(*make)(const void *source); /* NULL: there is no memory */
    void (*discard)(void *made);
    size_t worth; /* made when this many uses have been counted */
};

/* Counts `uses` more uses. The value, or NULL while it is not worth making or cannot be made; it
 * stays until tkn_lazy_clear(). lazy may be NULL, for an object that keeps none. */
const void *tkn_lazy_get(struct tkn_lazy *lazy, const struct tkn_lazy_kind *kind,
                         const void *source, size_t uses);
/* For the object's end, when no other thread uses it. */
void tkn_lazy_clear(struct tkn_lazy *lazy, const struct tkn_lazy_kind *kind);

#endif
