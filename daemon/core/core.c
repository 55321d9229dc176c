#include "core.h"

#include "authority_client.h"
#include "base/secret.h"
#include "files.h"
#include "log.h"
#include "store/store_lmdb.h"
#include "superseded.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIRST_START_TRIES = 50, FIRST_START_PAUSE_MS = 200 };

static enum kf_status entry_record(struct record *out, const struct store_entry *entry,
                                   struct kf_error *err)
{
    enum kf_status st = record_parse(out, entry->value, entry->length, err);
    return st == KF_OK ? KF_OK : kf_fail_context(err, st, "the store's record %s", entry->key);
}

enum kf_status core_txn_get(struct record *out, struct store_txn *txn, const char *key,
                            struct kf_error *err)
{
    struct store_entry entry;
    enum kf_status st = store_txn_get(&entry, txn, key, err);
    return st == KF_OK ? entry_record(out, &entry, err) : st;
}

enum kf_status core_get(struct record *out, struct store_snapshot *snapshot, const char *key,
                        struct kf_error *err)
{
    struct store_entry entry;
    enum kf_status st = store_get(&entry, snapshot, key, err);
    return st == KF_OK ? entry_record(out, &entry, err) : st;
}

static enum kf_status put_record(struct core *core, struct store_txn *txn,
                                 const struct record *record, uint64_t expected,
                                 struct kf_error *err)
{
    size_t length = 0;
    enum kf_status st =
        record_sign(core->record, RECORD_MAX, &length, record, core->signing_key, err);
    if (st != KF_OK) {
        return st;
    }
    const struct store_entry entry = {
        .key = record->key,
        .revision = record->revision,
        .tombstone = record->tombstone,
        .value = core->record,
        .length = length,
    };
    return store_txn_put(txn, &entry, expected, err);
}

static struct record record_for(const struct core *core, const struct store_txn *txn,
                                enum record_kind kind, const char *key)
{
    struct record record = {
        .kind = kind,
        .revision = store_txn_next_revision(txn),
        .written_ms = (uint64_t)kf_clock_wall_ms(&core->clock),
    };
    (void)snprintf(record.key, sizeof record.key, "%s", key);
    return record;
}

enum kf_status core_put(struct core *core, struct store_txn *txn, enum record_kind kind,
                        const char *key, uint32_t generation, const uint8_t *payload, size_t length,
                        uint64_t expected, struct kf_error *err)
{
    struct record record = record_for(core, txn, kind, key);
    record.generation = generation;
    record.payload = payload;
    record.payload_length = length;
    return put_record(core, txn, &record, expected, err);
}

enum kf_status core_delete(struct core *core, struct store_txn *txn, enum record_kind kind,
                           const char *key, struct kf_error *err)
{
    struct record live;
    enum kf_status st = core_txn_get(&live, txn, key, err);
    if (st == KF_ERR_NOT_FOUND) {
        return KF_OK;
    }
    if (st != KF_OK) {
        return st;
    }
    struct record record = record_for(core, txn, kind, key);
    record.tombstone = true;
    record.generation = live.generation;
    return put_record(core, txn, &record, live.revision, err);
}

enum kf_status core_heartbeat(struct core *core, struct kf_error *err)
{
    const struct payload_heartbeat beat = {.wall_ms = (uint64_t)kf_clock_wall_ms(&core->clock)};
    char key[RECORD_KEY_SIZE];
    struct store_txn *txn = NULL;
    size_t length = 0;
    record_key_heartbeat(key);
    enum kf_status st = payload_heartbeat_encode(core->payload, PAYLOAD_MAX, &length, &beat, err);
    if (st == KF_OK) {
        st = store_begin(&txn, core->store, err);
    }
    if (st != KF_OK) {
        return st;
    }
    st = core_put(core, txn, RECORD_HEARTBEAT, key, 0, core->payload, length, STORE_ANY, err);
    if (st != KF_OK) {
        store_txn_abort(txn);
        return st;
    }
    return store_txn_commit(txn, err);
}

/* ---- opening ---- */

/* records.key is the seed, 32 bytes, 0400; records.pub its public half in hex, for operators. */
static enum kf_status load_signing_key(struct core *core, const char *state, struct kf_error *err)
{
    char path[PATH_MAX];
    char hex[2 * RECORD_PUBLIC_SIZE + 2];
    uint8_t *seed = NULL;
    size_t length = 0;
    enum kf_status st = files_join(path, sizeof path, state, "records.key", err);
    if (st == KF_OK && files_exists(path)) {
        st = files_read(&seed, &length, path, RECORD_SEED_SIZE, err);
        if (st == KF_OK && length != RECORD_SEED_SIZE) {
            st = kf_fail(err, KF_ERR_MALFORMED, "%s must have %d bytes, it has %zu: restore it",
                         path, RECORD_SEED_SIZE, length);
        }
    } else if (st == KF_OK) {
        seed = kf_secret_new(RECORD_SEED_SIZE);
        st = seed == NULL ? kf_fail(err, KF_ERR_MEMORY, "no locked memory")
                          : kf_random_fill(&core->random, seed, RECORD_SEED_SIZE);
        if (st == KF_OK) {
            st = files_write(path, 0400, seed, RECORD_SEED_SIZE, err);
        }
    }
    if (st == KF_OK) {
        st = record_keypair(core->records_public, core->signing_key, seed);
    }
    kf_secret_free(seed);
    if (st == KF_OK) {
        st = files_join(path, sizeof path, state, "records.pub", err);
    }
    if (st != KF_OK) {
        return st;
    }
    (void)sodium_bin2hex(hex, sizeof hex, core->records_public, RECORD_PUBLIC_SIZE);
    hex[2 * RECORD_PUBLIC_SIZE] = '\n';
    /* With a full disk the core still serves what it has. */
    if (files_read(&seed, &length, path, sizeof hex, NULL) == KF_OK) {
        bool same = length == 2 * RECORD_PUBLIC_SIZE + 1 && memcmp(seed, hex, length) == 0;
        kf_secret_free(seed);
        if (same) {
            return KF_OK;
        }
    }
    return files_write(path, 0444, (const uint8_t *)hex, 2 * RECORD_PUBLIC_SIZE + 1, err);
}

static enum kf_status load_token(struct core *core, const char *state, struct kf_error *err)
{
    char path[PATH_MAX];
    uint8_t random[CORE_TOKEN_BYTES];
    uint8_t *text = NULL;
    size_t length = 0;
    enum kf_status st = files_join(path, sizeof path, state, "token", err);
    if (st != KF_OK) {
        return st;
    }
    if (!files_exists(path)) {
        st = kf_random_fill(&core->random, random, sizeof random);
        if (st != KF_OK) {
            return kf_fail(err, st, "the random source failed");
        }
        (void)sodium_bin2hex(core->token, sizeof core->token, random, sizeof random);
        kf_wipe(random, sizeof random);
        return files_write(path, 0400, (const uint8_t *)core->token, strlen(core->token), err);
    }
    st = files_read(&text, &length, path, sizeof core->token, err);
    if (st != KF_OK) {
        return st;
    }
    length = strcspn((const char *)text, "\r\n");
    if (length != 2 * CORE_TOKEN_BYTES) {
        st = kf_fail(err, KF_ERR_MALFORMED,
                     "%s must hold %d hex digits; remove it to have a new one made", path,
                     2 * CORE_TOKEN_BYTES);
    } else {
        memcpy(core->token, text, length);
        core->token[length] = '\0';
    }
    kf_secret_free(text);
    return st;
}

/* Keeps the highest active generation that the scan passes. */
static enum kf_status visit_generation(void *context, const struct store_entry *entry)
{
    struct core *core = context;
    struct record record;
    struct payload_generation payload = {0};
    struct cpabe_public_key *master = NULL;
    enum kf_status st = record_parse(&record, entry->value, entry->length, NULL);
    if (st == KF_OK) {
        st = payload_generation_decode(&payload, record.payload, record.payload_length, NULL);
    }
    if (st != KF_OK || payload.state != GENERATION_ACTIVE ||
        record.generation <= core->generation) {
        return st;
    }
    if (cpabe_public_key_parse(&master, payload.abe_public.data, payload.abe_public.length) !=
        CPABE_OK) {
        return KF_ERR_MALFORMED;
    }
    cpabe_public_key_free(core->master);
    core->master = master;
    core->generation = record.generation;
    return KF_OK;
}

static enum kf_status load_generation(struct core *core, struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    enum kf_status st = store_snapshot_begin(&snapshot, core->store, err);
    if (st != KF_OK) {
        return st;
    }
    st = store_scan(snapshot, "generation/", visit_generation, core, err);
    store_snapshot_end(snapshot);
    return st == KF_OK ? KF_OK : kf_fail_context(err, st, "reading the generations");
}

static enum kf_status store_generation(struct core *core, uint32_t number, const uint8_t *abe,
                                       size_t abe_length, struct kf_error *err)
{
    const struct payload_generation payload = {
        .state = GENERATION_ACTIVE,
        .created_ms = (uint64_t)kf_clock_wall_ms(&core->clock),
        .abe_public = {abe, abe_length},
    };
    char key[RECORD_KEY_SIZE];
    struct store_txn *txn = NULL;
    size_t length = 0;
    record_key_generation(key, number);
    enum kf_status st =
        payload_generation_encode(core->payload, PAYLOAD_MAX, &length, &payload, err);
    if (st == KF_OK) {
        st = store_begin(&txn, core->store, err);
    }
    if (st != KF_OK) {
        return st;
    }
    st = core_put(core, txn, RECORD_GENERATION, key, number, core->payload, length, STORE_ABSENT,
                  err);
    if (st != KF_OK) {
        store_txn_abort(txn);
        return st;
    }
    return store_txn_commit(txn, err);
}

/* The first start: generation 1 from the authority, which may be starting too. */
static enum kf_status create_generation(struct core *core, struct kf_error *err)
{
    const struct authority_request request = {.op = AUTHORITY_CREATE_GENERATION, .generation = 1};
    const struct timespec pause = {.tv_nsec = FIRST_START_PAUSE_MS * 1000000L};
    uint8_t *abe = NULL;
    size_t length = 0;
    enum kf_status st = KF_ERR_UNAVAILABLE;
    for (int i = 0; i < FIRST_START_TRIES && st == KF_ERR_UNAVAILABLE; i++) {
        if (i > 0) {
            (void)nanosleep(&pause, NULL);
        }
        st = authority_call(&abe, &length, core->options.authority, &request, err);
    }
    if (st != KF_OK) {
        return kf_fail_context(err, st, "the first start needs a generation");
    }
    st = store_generation(core, 1, abe, length, err);
    free(abe);
    if (st == KF_OK) {
        log_info("generation 1 is active");
        st = load_generation(core, err);
    }
    return st;
}

static void note_commit(void *context, uint64_t head)
{
    struct core *core = context;
    core->head = head;
}

static enum kf_status open_store(struct core *core, const char *state, struct kf_error *err)
{
    char path[PATH_MAX];
    enum kf_status st = files_join(path, sizeof path, state, "store", err);
    const struct store_lmdb_options options = {
        .path = path, .role = STORE_CORE, .random = &core->random};
    if (st == KF_OK) {
        st = store_lmdb_open(&core->store, &options, err);
    }
    if (st == KF_OK) {
        st = store_id(core->store_id, core->store, err);
    }
    if (st == KF_OK) {
        st = store_head(&core->head, core->store, err);
    }
    if (st == KF_OK) {
        store_watch(core->store, note_commit, core);
    }
    return st;
}

static enum kf_status allocate(struct core *core, struct kf_error *err)
{
    core->signing_key = kf_secret_new(RECORD_SECRET_SIZE);
    core->payload = malloc(PAYLOAD_MAX);
    core->record = malloc(RECORD_MAX);
    if (core->signing_key == NULL || core->payload == NULL || core->record == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of (locked) memory");
    }
    return KF_OK;
}

static enum kf_status open_state(struct core *core, const struct core_options *options,
                                 struct kf_error *err)
{
    enum kf_status st = files_make_folder(options->state, 0750, err);
    if (st == KF_OK) {
        st = catalogue_load(&core->catalogue, options->catalogue, options->regions, NULL, err);
    }
    if (st == KF_OK) {
        st = load_signing_key(core, options->state, err);
    }
    if (st == KF_OK) {
        st = load_token(core, options->state, err);
    }
    if (st == KF_OK) {
        st = open_store(core, options->state, err);
    }
    if (st == KF_OK) {
        st = load_generation(core, err);
    }
    if (st == KF_OK && core->generation == 0) {
        st = create_generation(core, err);
    }
    return st;
}

enum kf_status core_open(struct core **out, const struct core_options *options,
                         const struct kf_random *random, const struct kf_clock *clock,
                         struct kf_error *err)
{
    struct core *core = calloc(1, sizeof *core);
    if (core == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    core->random = *random;
    core->clock = *clock;
    core->started_ms = (uint64_t)kf_clock_wall_ms(clock);
    core->options = *options;
    enum kf_status st = allocate(core, err);
    if (st == KF_OK) {
        st = open_state(core, options, err);
    }
    if (st == KF_OK) {
        st = superseded_find(core, err);
    }
    if (st != KF_OK) {
        core_close(core);
        return st;
    }
    *out = core;
    return KF_OK;
}

enum kf_status core_reload(struct core *core, struct kf_error *err)
{
    struct catalogue *fresh = NULL;
    enum kf_status st =
        catalogue_load(&fresh, core->options.catalogue, core->options.regions, NULL, err);
    if (st == KF_OK) {
        catalogue_free(core->catalogue);
        core->catalogue = fresh;
    }
    return st;
}

void core_close(struct core *core)
{
    if (core == NULL) {
        return;
    }
    store_close(core->store);
    cpabe_public_key_free(core->master);
    catalogue_free(core->catalogue);
    kf_secret_free(core->signing_key);
    free(core->payload);
    free(core->record);
    free(core->superseded.keys);
    kf_wipe(core->token, sizeof core->token);
    free(core);
}
