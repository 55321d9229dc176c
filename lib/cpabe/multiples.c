#include "multiples_int.h"

#include "base/secret.h"

/* Making one costs what 7 to 15 uses gain by it, depending on the path and on what else is
 * multiplied. */
enum { WORTH = 16 };

struct table {
    struct bls_g1_base row[TKN_B_ROWS];
    atomic_size_t *taken; /* the count that it is in; NULL: none */
};

/* What make() gets. */
struct column {
    const struct bls_g1_affine *point;
    atomic_size_t *taken;
};

/* Whether there is room for one more table; then it is counted. */
static bool take_place(atomic_size_t *taken)
{
    size_t n = atomic_load_explicit(taken, memory_order_relaxed);
    while (n < TKN_TABLES_MAX) {
        if (atomic_compare_exchange_weak_explicit(taken, &n, n + 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static void give_place_back(atomic_size_t *taken)
{
    if (taken != NULL) {
        atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed);
    }
}

/* Guarded memory ends at a page, so what starts it is as aligned as its size. */
static struct table *table_new(void)
{
    const size_t size = (sizeof(struct table) + 63) / 64 * 64;
    return kf_secret_init() == KF_OK ? kf_secret_new(size) : NULL;
}

static void *make(const void *source)
{
    const struct column *column = source;
    if (column->taken != NULL && !take_place(column->taken)) {
        return NULL;
    }
    struct table *table = table_new();
    if (table == NULL) {
        give_place_back(column->taken);
        return NULL;
    }
    table->taken = column->taken;
    for (size_t row = 0; row < TKN_B_ROWS; row++) {
        bls_g1_base_init(&table->row[row], &column->point[row]);
    }
    return table;
}

/* Also of a table that another thread was the first to make: a column has one place. */
static void discard(void *made)
{
    struct table *table = made;
    give_place_back(table->taken);
    kf_secret_free(table);
}

static const struct tkn_lazy_kind kind = {make, discard, WORTH};

static const struct bls_g1_affine *points_of(const struct tkn_attribute *attribute, bool wild)
{
    return wild ? attribute->wild : attribute->k3;
}

const struct bls_g1_base *tkn_multiples_get(const struct tkn_key *key,
                                            const struct tkn_attribute *attribute, bool wild)
{
    struct tkn_multiples *multiples = key->multiples;
    if (multiples == NULL) {
        return NULL;
    }
    const struct column column = {points_of(attribute, wild),
                                  attribute == key->transform ? NULL : &multiples->taken};
    const struct table *table = tkn_lazy_get(
        &multiples->column[2 * (attribute - key->attributes) + wild], &kind, &column, 1);
    return table == NULL ? NULL : table->row;
}

void tkn_multiples_clear(struct tkn_key *key)
{
    for (size_t i = 0; key->multiples != NULL && i < 2 * key->count; i++) {
        tkn_lazy_clear(&key->multiples->column[i], &kind);
    }
}

enum { LANES_PAIR = 2 * TKN_B_ROWS };

/* How many of the tables to use, of so many for so many products. Without lanes each is a gain.
 * Eight lanes take two products at a time (four rows each): by tables in 45 us, in sums without in
 * 54 and the doublings. So two tables are a gain, and the last one of an odd number is one unless
 * the others are odd too: then they have a lane to spare for it. */
static size_t useful_tables(size_t tables, size_t count, size_t lanes)
{
    bool spare = tables % 2 == 1 && (count - tables) % 2 == 1;
    return lanes == LANES_PAIR && spare ? tables - 1 : tables;
}

/* Looks the tables up, and leaves the products those that are useful. */
static void choose_tables(const struct tkn_key *key, struct tkn_product *products, size_t count,
                          size_t lanes)
{
    size_t tables = 0;
    for (size_t i = 0; i < count; i++) {
        struct tkn_product *p = &products[i];
        p->table = tkn_multiples_get(key, p->attribute, p->wild);
        tables += p->table != NULL;
    }
    size_t useful = useful_tables(tables, count, lanes);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (products[i].table != NULL && used++ >= useful) {
            products[i].table = NULL;
        }
    }
}

/* Products by tables that wait for their call, a whole number of vectors. */
struct pending {
    size_t count;
    const struct bls_g1_base *base[2 * LANES_PAIR];
    struct bls_fr k[2 * LANES_PAIR];
    struct bls_g1 *sum[2 * LANES_PAIR];
    struct bls_g1 product[2 * LANES_PAIR];
};

/* One product a lane, whichever sum it is of: an addition to it costs little. */
static void flush(struct pending *p)
{
    bls_g1_base_mul_sum_batch(p->product, NULL, p->base, p->k, 1, p->count);
    for (size_t i = 0; i < p->count; i++) {
        bls_g1_add(p->sum[i], p->sum[i], &p->product[i]);
    }
    p->count = 0;
}

static void add_by_tables(struct bls_g1 *out, const struct tkn_product *products, size_t count)
{
    struct pending pending;
    pending.count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct tkn_product *p = &products[i];
        for (size_t row = 0; p->table != NULL && row < TKN_B_ROWS; row++) {
            pending.base[pending.count] = &p->table[row];
            pending.k[pending.count] = p->k;
            pending.sum[pending.count++] = &out[TKN_B_ROWS * p->slot + row];
        }
        if (pending.count == 2 * LANES_PAIR) {
            flush(&pending);
        }
    }
    flush(&pending);
    kf_wipe(&pending, sizeof pending);
}

void tkn_products_run(struct bls_g1 *out, const struct tkn_key *key, struct tkn_product *products,
                      size_t count, size_t slots, struct tkn_sums *sums)
{
    choose_tables(key, products, count, sums->lanes);
    for (size_t slot = 0; slot < slots; slot++) {
        for (size_t row = 0; row < TKN_B_ROWS; row++) {
            for (size_t i = 0; i < count; i++) {
                const struct tkn_product *p = &products[i];
                if (p->slot == slot && p->table == NULL) {
                    tkn_sums_add(sums, &p->k, &points_of(p->attribute, p->wild)[row]);
                }
            }
            tkn_sums_close(sums);
        }
    }
    tkn_sums_run(out, sums);
    add_by_tables(out, products, count);
}
