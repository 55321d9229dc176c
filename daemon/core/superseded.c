#include "superseded.h"

#include "certificates.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t now_ns(const struct core *core)
{
    return kf_clock_monotonic_ns(&core->clock);
}

enum kf_status superseded_add(struct core *core, const uint8_t ski[static RECORD_SKI_SIZE],
                              const char *certificate)
{
    struct superseded *s = &core->superseded;
    if (s->count == s->room) {
        size_t room = s->room == 0 ? 16 : 2 * s->room;
        struct superseded_key *keys = reallocarray(s->keys, room, sizeof *keys);
        if (keys == NULL) {
            return KF_ERR_MEMORY;
        }
        s->keys = keys;
        s->room = room;
    }
    struct superseded_key *key = &s->keys[s->count++];
    *key = (struct superseded_key){
        .due_ns = now_ns(core) + (uint64_t)SUPERSEDED_GRACE_MS * 1000000,
    };
    memcpy(key->ski, ski, sizeof key->ski);
    (void)snprintf(key->certificate, sizeof key->certificate, "%s", certificate);
    return KF_OK;
}

/* ---- at the start ---- */

struct finding {
    struct core *core;
    struct payload_certificate *certificate;
    uint8_t (*used)[RECORD_SKI_SIZE];
    size_t count, room;
};

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, RECORD_SKI_SIZE);
}

static enum kf_status visit_certificate(void *context, const struct store_entry *entry)
{
    struct finding *f = context;
    struct record record;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st =
            payload_certificate_decode(f->certificate, record.payload, record.payload_length, NULL);
    }
    if (st == KF_OK && f->count == f->room) {
        size_t room = f->room == 0 ? 64 : 2 * f->room;
        void *used = reallocarray(f->used, room, RECORD_SKI_SIZE);
        if (used == NULL) {
            return KF_ERR_MEMORY;
        }
        f->used = used;
        f->room = room;
    }
    if (st == KF_OK) {
        memcpy(f->used[f->count++], f->certificate->ski, RECORD_SKI_SIZE);
    }
    return st;
}

static enum kf_status visit_key(void *context, const struct store_entry *entry)
{
    struct finding *f = context;
    const char *hex = strchr(entry->key, '/') + 1;
    uint8_t ski[RECORD_SKI_SIZE];
    size_t length = 0;
    if (sodium_hex2bin(ski, sizeof ski, hex, strlen(hex), NULL, &length, NULL) != 0 ||
        length != sizeof ski) {
        return KF_OK;
    }
    if (f->count > 0 && bsearch(ski, f->used, f->count, RECORD_SKI_SIZE, compare) != NULL) {
        return KF_OK;
    }
    return superseded_add(f->core, ski, "");
}

enum kf_status superseded_find(struct core *core, struct kf_error *err)
{
    struct finding f = {.core = core, .certificate = malloc(sizeof *f.certificate)};
    struct store_snapshot *snapshot = NULL;
    if (f.certificate == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, err);
    if (st == KF_OK) {
        st = store_scan(snapshot, "certificate/", visit_certificate, &f, err);
    }
    if (st == KF_OK && f.count > 0) {
        qsort(f.used, f.count, RECORD_SKI_SIZE, compare);
    }
    if (st == KF_OK) {
        st = store_scan(snapshot, "key/", visit_key, &f, err);
    }
    store_snapshot_end(snapshot);
    free(f.used);
    free(f.certificate);
    return st == KF_OK ? KF_OK : kf_fail_context(err, st, "looking for replaced keys");
}

/* ---- removal ---- */

enum kf_status superseded_delete(struct core *core, struct store_txn *txn, const char *certificate,
                                 struct kf_error *err)
{
    enum kf_status st = KF_OK;
    for (size_t i = 0; st == KF_OK && i < core->superseded.count; i++) {
        if (strcmp(core->superseded.keys[i].certificate, certificate) == 0) {
            st = certificates_drop_key(core, txn, core->superseded.keys[i].ski, NULL, err);
        }
    }
    return st;
}

enum kf_status superseded_sweep(struct core *core, struct kf_error *err)
{
    struct superseded *s = &core->superseded;
    struct store_txn *txn = NULL;
    uint64_t now = now_ns(core);
    size_t due = 0; /* the oldest come first */
    while (due < s->count && s->keys[due].due_ns <= now) {
        due++;
    }
    if (due == 0) {
        return KF_OK;
    }
    enum kf_status st = store_begin(&txn, core->store, err);
    for (size_t i = 0; st == KF_OK && i < due; i++) {
        st = certificates_drop_key(core, txn, s->keys[i].ski, NULL, err);
    }
    if (st == KF_OK) {
        st = store_txn_commit(txn, err);
        txn = NULL;
    }
    store_txn_abort(txn);
    if (st == KF_OK) {
        s->count -= due;
        memmove(s->keys, s->keys + due, s->count * sizeof *s->keys);
    }
    return st;
}
