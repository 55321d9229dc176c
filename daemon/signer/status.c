#include "status.h"

#include "keyless/protocol.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 2 * SIGNER_STATUS_COUNTED, HEX_SIZE = 2 * RECORD_SKI_SIZE + 1 };

struct key_count {
    uint64_t count; /* 0: the bucket is free */
    uint8_t ski[RECORD_SKI_SIZE];
};

struct signer_counters {
    atomic_uint_fast64_t errors[256];
    pthread_mutex_t mutex; /* the rest */
    uint64_t total;
    uint64_t other;
    size_t keys;
    struct key_count counts[BUCKETS]; /* open addressing, never more than half full */
};

struct signer_counters *signer_counters_new(void)
{
    struct signer_counters *counters = calloc(1, sizeof *counters);
    if (counters != NULL) {
        (void)pthread_mutex_init(&counters->mutex, NULL);
    }
    return counters;
}

void signer_counters_free(struct signer_counters *counters)
{
    if (counters != NULL) {
        (void)pthread_mutex_destroy(&counters->mutex);
        free(counters);
    }
}

/* The key's bucket, or the free one where it belongs. */
static struct key_count *bucket_of(struct signer_counters *counters, const uint8_t *ski)
{
    uint32_t at = 0;
    memcpy(&at, ski, sizeof at);
    at %= BUCKETS;
    while (counters->counts[at].count != 0 &&
           memcmp(counters->counts[at].ski, ski, RECORD_SKI_SIZE) != 0) {
        at = (at + 1) % BUCKETS;
    }
    return &counters->counts[at];
}

void signer_counters_signed(struct signer_counters *counters,
                            const uint8_t ski[static RECORD_SKI_SIZE])
{
    (void)pthread_mutex_lock(&counters->mutex);
    counters->total++;
    struct key_count *bucket = bucket_of(counters, ski);
    if (bucket->count == 0 && counters->keys == SIGNER_STATUS_COUNTED) {
        counters->other++;
    } else {
        if (bucket->count == 0) {
            counters->keys++;
            memcpy(bucket->ski, ski, RECORD_SKI_SIZE);
        }
        bucket->count++;
    }
    (void)pthread_mutex_unlock(&counters->mutex);
}

void signer_counters_error(struct signer_counters *counters, uint8_t error)
{
    (void)atomic_fetch_add(&counters->errors[error], 1);
}

static int busier(const void *a, const void *b)
{
    const struct key_count *x = a;
    const struct key_count *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : memcmp(x->ski, y->ski, 20);
}

static void hex_of(char out[static HEX_SIZE], const uint8_t *ski)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < RECORD_SKI_SIZE; i++) {
        out[2 * i] = digits[ski[i] >> 4];
        out[2 * i + 1] = digits[ski[i] & 15];
    }
    out[HEX_SIZE - 1] = '\0';
}

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* Adds "signatures_total", "signatures" and "signatures_other". */
static int add_signatures(json_t *object, struct signer_counters *counters)
{
    struct key_count *keys = calloc(SIGNER_STATUS_COUNTED, sizeof *keys);
    json_t *listed = json_object();
    if (keys == NULL || listed == NULL) {
        free(keys);
        json_decref(listed);
        return -1;
    }
    size_t count = 0;
    (void)pthread_mutex_lock(&counters->mutex);
    uint64_t total = counters->total;
    for (size_t i = 0; i < BUCKETS; i++) {
        if (counters->counts[i].count != 0) {
            keys[count++] = counters->counts[i];
        }
    }
    (void)pthread_mutex_unlock(&counters->mutex);
    qsort(keys, count, sizeof *keys, busier);
    int rc = 0;
    uint64_t shown = 0;
    for (size_t i = 0; i < count && i < SIGNER_STATUS_KEYS; i++) {
        char hex[HEX_SIZE];
        hex_of(hex, keys[i].ski);
        rc |= json_object_set_new(listed, hex, number(keys[i].count));
        shown += keys[i].count;
    }
    free(keys);
    rc |= json_object_set_new(object, "signatures_total", number(total));
    rc |= json_object_set_new(object, "signatures", listed);
    rc |= json_object_set_new(object, "signatures_other", number(total - shown));
    return rc;
}

static int add_errors(json_t *object, struct signer_counters *counters)
{
    json_t *errors = json_object();
    int rc = errors == NULL ? -1 : 0;
    for (int i = 1; i < 256 && rc == 0; i++) {
        uint64_t n = atomic_load(&counters->errors[i]);
        if (n != 0) {
            rc = json_object_set_new(errors, keyless_error_name((uint8_t)i), number(n));
        }
    }
    uint64_t not_here = atomic_load(&counters->errors[KEYLESS_ERR_NOT_HERE]);
    rc |= json_object_set_new(object, "refused_not_here", number(not_here));
    rc |= json_object_set_new(object, "errors", errors);
    return rc;
}

enum kf_status signer_status_json(char out[static SIGNER_STATUS_MAX], size_t *length,
                                  struct signer_counters *counters,
                                  const struct signer_facts *facts)
{
    json_t *object = json_object();
    if (object == NULL) {
        return KF_ERR_MEMORY;
    }
    int rc = json_object_set_new(object, "machine", json_string(facts->machine));
    rc |= json_object_set_new(object, "datacenter", json_string(facts->datacenter));
    rc |= add_signatures(object, counters);
    rc |= json_object_set_new(object, "policy_keys_open", number(facts->policy_keys_open));
    rc |= json_object_set_new(object, "customer_keys_open", number(facts->customer_keys_open));
    rc |= add_errors(object, counters);
    size_t written = rc == 0 ? json_dumpb(object, out, SIGNER_STATUS_MAX, JSON_COMPACT) : 0;
    json_decref(object);
    if (rc != 0 || written == 0) {
        return KF_ERR_MEMORY;
    }
    if (written > SIGNER_STATUS_MAX) {
        return KF_ERR_LIMIT;
    }
    *length = written;
    return KF_OK;
}
