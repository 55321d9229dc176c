#include "matrices_int.h"

#include "cca_int.h"
#include "hash/blake2b.h"
#include "sums_int.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = TKN_A_ROWS * TKN_K, ID_BYTES = 32 };

/* What a place in a cache holds: it is the hash of a label, or of a value and a label. used is when
 * it was asked for last, 0: never. Of a pair there are no points before READY, of a label there are
 * some from HASHED on. Who finds a pair SEEN or a label HASHED makes the points that READY has, and
 * says so with DUE, so that no one else does. */
enum place_state { SEEN, HASHED, DUE, READY };
struct place {
    uint8_t id[ID_BYTES];
    uint64_t used;
    enum place_state state;
};

struct cache {
    pthread_mutex_t lock;
    uint64_t now;
    struct place label[CACHE_LABELS];
    struct place pair[CACHE_JOINED];
    struct bls_g1_affine of_label[CACHE_LABELS][2 * ENTRIES]; /* U0, U1 */
    struct bls_g1_affine of_pair[CACHE_JOINED][ENTRIES];
};

static void *cache_make(const void *source)
{
    (void)source;
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache != NULL && pthread_mutex_init(&cache->lock, NULL) != 0) {
        free(cache);
        return NULL;
    }
    return cache;
}

static void cache_discard(void *made)
{
    struct cache *cache = made;
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache);
}

const struct tkn_lazy_kind tkn_cache_kind = {cache_make, cache_discard, 1};

/* The place of id among `count`: its own, or else the one of its set that was used longest ago,
 * which becomes its own; *found tells which. */
static struct place *find_place(struct cache *cache, struct place *places, size_t count,
                                const uint8_t id[static ID_BYTES], bool *found)
{
    size_t set = ((size_t)id[0] | (size_t)id[1] << 8) % (count / CACHE_WAYS);
    struct place *oldest = &places[set * CACHE_WAYS];
    *found = false;
    for (size_t i = 0; i < CACHE_WAYS; i++) {
        struct place *place = &places[set * CACHE_WAYS + i];
        if (place->used != 0 && memcmp(place->id, id, ID_BYTES) == 0) {
            *found = true;
            oldest = place;
            break;
        }
        oldest = place->used < oldest->used ? place : oldest;
    }
    if (!*found) {
        memcpy(oldest->id, id, ID_BYTES);
        oldest->state = SEEN;
    }
    oldest->used = ++cache->now;
    return oldest;
}

/* One request on its way. */
struct asked {
    uint8_t label_id[ID_BYTES];
    uint8_t pair_id[ID_BYTES];
    bool label_missing; /* to be hashed */
    bool label_due;     /* to be cleared */
    bool pair_due;      /* to be joined */
};

static void identify(struct asked *a, const struct tkn_matrix_request *in)
{
    blake2b_hash(a->label_id, ID_BYTES, NULL, 0, (const uint8_t *)in->label, in->length);
    if (in->value != NULL) {
        struct blake2b h;
        uint8_t value[BLS_FR_BYTES];
        bls_fr_encode(value, in->value);
        blake2b_init(&h, ID_BYTES, NULL, 0);
        blake2b_update(&h, value, sizeof value);
        blake2b_update(&h, in->label, in->length);
        blake2b_final(&h, a->pair_id);
    }
}

static bool is_transform(const struct tkn_matrix_request *in)
{
    return in->length == sizeof CCA_LABEL - 1 && memcmp(in->label, CCA_LABEL, in->length) == 0;
}

/* What the cache has. */
static void look_up(struct tkn_matrices *out, struct asked *a, struct cache *cache,
                    const struct tkn_matrix_request *in)
{
    bool found;
    a->label_missing = true;
    if (in->value != NULL) {
        struct place *pair = find_place(cache, cache->pair, CACHE_JOINED, a->pair_id, &found);
        if (pair->state == READY) {
            memcpy(out->u0, cache->of_pair[pair - cache->pair], sizeof out->u0);
            out->joined = out->cleared = true;
            a->label_missing = false;
            return;
        }
        a->pair_due = found && pair->state == SEEN;
        pair->state = a->pair_due ? DUE : pair->state;
    }
    struct place *label = find_place(cache, cache->label, CACHE_LABELS, a->label_id, &found);
    if (label->state != SEEN) {
        const struct bls_g1_affine *points = cache->of_label[label - cache->label];
        memcpy(out->u0, points, sizeof out->u0);
        memcpy(out->u1, points + ENTRIES, sizeof out->u1);
        out->cleared = label->state == READY;
        a->label_missing = false;
        a->label_due = !a->pair_due && label->state == HASHED;
        label->state = a->label_due ? DUE : label->state;
    }
}

/* Another thread may have stored the same; then it is stored again. The label of a pair that was
 * joined is not stored, should it have had to be hashed: its points have become the pair's. */
static void store(struct cache *cache, const struct tkn_matrices *m, const struct asked *a)
{
    bool found;
    if (a->pair_due) {
        struct place *pair = find_place(cache, cache->pair, CACHE_JOINED, a->pair_id, &found);
        memcpy(cache->of_pair[pair - cache->pair], m->u0, sizeof m->u0);
        pair->state = READY;
    } else if (a->label_missing || a->label_due) {
        struct place *label = find_place(cache, cache->label, CACHE_LABELS, a->label_id, &found);
        struct bls_g1_affine *points = cache->of_label[label - cache->label];
        memcpy(points, m->u0, sizeof m->u0);
        memcpy(points + ENTRIES, m->u1, sizeof m->u1);
        label->state = m->cleared ? READY : HASHED;
    }
}

/* Hashes each label that is missing, those that are asked for twice once. */
static void hash_missing(struct tkn_matrices *out, struct asked *a,
                         const struct tkn_matrix_request *in, size_t n)
{
    struct tkn_matrices *to[MATRICES_AT_ONCE];
    const struct tkn_matrix_request *labels[MATRICES_AT_ONCE];
    size_t first[MATRICES_AT_ONCE]; /* the request that brings the label */
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        first[i] = i;
        for (size_t j = 0; a[i].label_missing && j < i; j++) {
            if (a[j].label_missing && memcmp(a[j].label_id, a[i].label_id, ID_BYTES) == 0) {
                first[i] = j;
                break;
            }
        }
        if (a[i].label_missing && first[i] == i) {
            to[count] = &out[i];
            labels[count++] = &in[i];
        }
    }
    tkn_oracle(to, labels, count);
    for (size_t i = 0; i < n; i++) {
        if (first[i] != i) {
            out[i] = out[first[i]];
        }
    }
}

/* u0 = v u0 + u1 for each pair that is due, cleared: public points and scalars. */
static void join_due(struct tkn_matrices *out, const struct asked *a,
                     const struct tkn_matrix_request *in, size_t n)
{
    enum { ALL = MATRICES_AT_ONCE * ENTRIES };
    struct bls_fr k[ALL] = {0};
    struct bls_g1_affine points[ALL] = {0};
    struct bls_g1 sums[ALL];
    bool uncleared[ALL];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; a[i].pair_due && e < ENTRIES; e++) {
            k[count] = *in[i].value;
            points[count++] = out[i].u0[e];
        }
    }
    bls_g1_mul_sum_batch_vartime(sums, k, points, 1, count);
    count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; a[i].pair_due && e < ENTRIES; e++) {
            struct bls_g1 u1;
            bls_g1_from_affine(&u1, &out[i].u1[e]);
            bls_g1_add(&sums[count], &sums[count], &u1);
            uncleared[count++] = !out[i].cleared;
        }
    }
    tkn_clear_cofactors(sums, uncleared, count);
    bls_g1_to_affine_batch(points, sums, count);
    count = 0;
    for (size_t i = 0; i < n; i++) {
        if (a[i].pair_due) {
            memcpy(out[i].u0, points + count, sizeof out[i].u0);
            out[i].joined = out[i].cleared = true;
            count += ENTRIES;
        }
    }
}

/* Clears the entries of each label that is due. */
static void clear_due(struct tkn_matrices *out, const struct asked *a, size_t n)
{
    enum { ALL = MATRICES_AT_ONCE * 2 * ENTRIES };
    struct bls_g1 points[ALL];
    struct bls_g1_affine affine[ALL];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; a[i].label_due && e < ENTRIES; e++) {
            bls_g1_from_affine(&points[count++], &out[i].u0[e]);
            bls_g1_from_affine(&points[count++], &out[i].u1[e]);
        }
    }
    bls_g1_clear_cofactor_batch(points, count);
    bls_g1_to_affine_batch(affine, points, count);
    count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; a[i].label_due && e < ENTRIES; e++) {
            out[i].u0[e] = affine[count++];
            out[i].u1[e] = affine[count++];
            out[i].cleared = true;
        }
    }
}

void tkn_matrices_get(struct tkn_matrices *out, struct tkn_lazy *lazy,
                      const struct tkn_matrix_request *in, size_t n)
{
    /* the value behind a lazy one is its object's to change: here under the lock */
    struct cache *cache = (struct cache *)(uintptr_t)tkn_lazy_get(lazy, &tkn_cache_kind, NULL, 1);
    struct asked asked[MATRICES_AT_ONCE] = {0};
    bool pairs = false;
    for (size_t i = 0; i < n; i++) {
        out[i].joined = out[i].cleared = false;
        identify(&asked[i], &in[i]);
        asked[i].label_missing = true;
    }
    if (cache != NULL) {
        (void)pthread_mutex_lock(&cache->lock);
    }
    for (size_t i = 0; i < n; i++) {
        if (is_transform(&in[i])) {
            out[i] = tkn_transform_matrices;
            asked[i].label_missing = false;
        } else if (cache != NULL) {
            look_up(&out[i], &asked[i], cache, &in[i]);
        }
        pairs |= asked[i].pair_due;
    }
    if (cache != NULL) {
        (void)pthread_mutex_unlock(&cache->lock);
    }
    hash_missing(out, asked, in, n);
    clear_due(out, asked, n);
    if (pairs) {
        join_due(out, asked, in, n);
    }
    if (cache != NULL) {
        (void)pthread_mutex_lock(&cache->lock);
        for (size_t i = 0; i < n; i++) {
            store(cache, &out[i], &asked[i]);
        }
        (void)pthread_mutex_unlock(&cache->lock);
    }
}
