#include "lazy_int.h"

const void *tkn_lazy_get(struct tkn_lazy *lazy, const struct tkn_lazy_kind *kind,
                         const void *source, size_t uses)
{
    if (lazy == NULL) {
        return NULL;
    }
    void *made = atomic_load_explicit(&lazy->made, memory_order_acquire);
    if (made != NULL ||
        atomic_fetch_add_explicit(&lazy->uses, uses, memory_order_relaxed) + uses < kind->worth) {
        return made;
    }
    made = kind->make(source);
    void *first = NULL;
    if (made != NULL &&
        !atomic_compare_exchange_strong_explicit(&lazy->made, &first, made, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        kind->discard(made);
        made = first;
    }
    return made;
}

void tkn_lazy_clear(struct tkn_lazy *lazy, const struct tkn_lazy_kind *kind)
{
    void *made = atomic_exchange_explicit(&lazy->made, NULL, memory_order_acq_rel);
    if (made != NULL) {
        kind->discard(made);
    }
}
