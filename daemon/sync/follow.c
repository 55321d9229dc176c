#include "follow.h"

#include "envelope/payload.h"
#include "log.h"
#include "trouble.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_SECONDS = 4, /* heartbeats come every 2 s: an answer that takes longer is a dead line */
    BACKOFF_FIRST_MS = 50,
    BACKOFF_MAX_MS = 1000,
    HEARTBEAT_STALE_MS = 15000,
    MAINTAIN_NS_SECONDS = 60,
};

struct follower {
    const struct follow_options *o;
    uint64_t position;
    unsigned backoff_ms;
    uint64_t maintained_ns;
    bool told_unknown;
    struct trouble line;      /* unreachable, denied, refused, another store, rolled back */
    struct trouble heartbeat; /* too old, or from the future */
};

static void back_off(struct follower *f)
{
    uint16_t noise = 0;
    if (kf_random_fill(&f->o->random, (uint8_t *)&noise, sizeof noise) != KF_OK)
        noise = 0;
    f->backoff_ms = f->backoff_ms == 0 ? BACKOFF_FIRST_MS : f->backoff_ms * 2;
    if (f->backoff_ms > BACKOFF_MAX_MS)
        f->backoff_ms = BACKOFF_MAX_MS;
    /* Between half and all of it, so that a region's machines do not return in step. */
    unsigned half = f->backoff_ms / 2;
    fetch_pause(f->o->fetch, half + noise % (half + 1));
}

static void check_heartbeat(struct follower *f)
{
    struct store_snapshot *snapshot = NULL;
    struct store_entry entry;
    struct record record;
    struct payload_heartbeat beat;
    if (store_snapshot_begin(&snapshot, f->o->apply.replica, NULL) != KF_OK)
        return;
    enum kf_status status = store_get(&entry, snapshot, "heartbeat", NULL);
    if (status == KF_OK)
        status = record_open_at(&record, "heartbeat", RECORD_HEARTBEAT, entry.value, entry.length,
                                f->o->apply.records_public, NULL);
    if (status == KF_OK)
        status = payload_heartbeat_decode(&beat, record.payload, record.payload_length, NULL);
    store_snapshot_end(snapshot);
    if (status != KF_OK)
        return; /* none yet: what keeps it away is said by the line's own trouble */
    int64_t age = (int64_t)((uint64_t)kf_clock_wall_ms(&f->o->clock) - beat.wall_ms);
    if (age > HEARTBEAT_STALE_MS)
        trouble_say(&f->heartbeat, TROUBLE_WARN,
                    "no heartbeat of the core for more than %d s: what is served may be out of "
                    "date, until the feed is followed again",
                    HEARTBEAT_STALE_MS / 1000);
    else if (age < -HEARTBEAT_STALE_MS)
        trouble_say(&f->heartbeat, TROUBLE_WARN,
                    "the core's heartbeat is from the future by more than %d s: set the clocks of "
                    "this machine and the core",
                    HEARTBEAT_STALE_MS / 1000);
    else
        trouble_over(&f->heartbeat, "the core's heartbeat is fresh again");
}

/* Whether the answer comes from the store that the replica holds, at or after where it stands. */
static bool same_history(struct follower *f, const struct fetch_response *answer, uint64_t cursor)
{
    uint8_t id[STORE_ID_SIZE];
    enum kf_status status = store_id(id, f->o->apply.replica, NULL);
    if (!answer->has_head || !answer->has_store_id) {
        trouble_say(&f->line, TROUBLE_ERROR,
                    "%s is not a Keyfence core's feed: its answer names no head and store",
                    f->o->core);
        return false;
    }
    if (status == KF_OK && memcmp(id, answer->store_id, sizeof id) != 0) {
        trouble_say(&f->line, TROUBLE_ERROR,
                    "%s serves another store than the one this machine follows: nothing is "
                    "applied and what is here goes on being served; if the core was set up anew, "
                    "remove this machine's replica folder and restart keyfence-sync",
                    f->o->core);
        return false;
    }
    if (answer->head < cursor) {
        trouble_say(&f->line, TROUBLE_ERROR,
                    "%s was rolled back: its newest revision is %" PRIu64 ", this machine holds "
                    "%" PRIu64 "; nothing is applied and what is here goes on being served; if "
                    "the core was restored from a backup on purpose, remove this machine's replica "
                    "folder and restart keyfence-sync",
                    f->o->core, answer->head, cursor);
        return false;
    }
    return true;
}

static void say_refused(struct follower *f, enum kf_status status, const struct kf_error *err)
{
    const char *what = status == KF_ERR_FORGED  ? "a forged record"
                       : status == KF_ERR_STALE ? "a replayed or rolled-back record"
                                                : "a malformed answer";
    if (status == KF_ERR_FORGED || status == KF_ERR_STALE || status == KF_ERR_MALFORMED ||
        status == KF_ERR_LIMIT)
        trouble_say(&f->line, TROUBLE_ERROR,
                    "%s sent %s: refused, what is here goes on being served: %s", f->o->core, what,
                    err->message);
    else
        trouble_say(&f->line, TROUBLE_ERROR, "the replica cannot be written: %s", err->message);
}

/* True when the answer was good. */
static bool take(struct follower *f, const struct fetch_response *answer, uint64_t cursor)
{
    struct kf_error err = {0};
    if (!same_history(f, answer, cursor))
        return false;
    if (answer->length == 0) {
        /* Behind where we asked: the head that sent us there was false, and what lies between the
         * cursor and it may have been passed over. */
        f->position = answer->head < f->position ? cursor : answer->head;
        return true;
    }
    struct apply_outcome outcome = {0};
    enum kf_status status =
        apply_body(&outcome, &f->o->apply, answer->store_id, answer->body, answer->length, &err);
    if (outcome.position > 0)
        f->position = outcome.position;
    if (outcome.certificates)
        f->o->changed(f->o->changed_context);
    if (outcome.unknown > 0 && !f->told_unknown) {
        f->told_unknown = true;
        log_warn("the core sends kinds of records that this version does not know: they are "
                 "passed over; update Keyfence on this machine");
    }
    if (status != KF_OK) {
        say_refused(f, status, &err);
        return false;
    }
    return true;
}

static void step(struct follower *f)
{
    struct kf_error err = {0};
    uint64_t cursor = 0;
    if (store_head(&cursor, f->o->apply.replica, &err) != KF_OK) {
        trouble_say(&f->line, TROUBLE_ERROR, "the replica cannot be read: %s", err.message);
        back_off(f);
        return;
    }
    if (f->position < cursor)
        f->position = cursor;
    if (atomic_exchange(f->o->reconnect, false))
        fetch_reconnect(f->o->fetch);
    struct fetch_response answer = {0};
    /* After a trouble the answer is asked for at once, so that its end is said at once. */
    unsigned wait = f->line.present ? 0 : WAIT_SECONDS;
    enum kf_status status = fetch_get(&answer, f->o->fetch, f->position, wait, &err);
    if (atomic_load(f->o->stop))
        return;
    bool good = false;
    if (status == KF_OK)
        good = take(f, &answer, cursor);
    else
        trouble_say(&f->line, TROUBLE_WARN,
                    "%s cannot be followed: %s; what is here goes on being served", f->o->core,
                    err.message);
    check_heartbeat(f);
    if (!good) {
        f->position = cursor;
        back_off(f);
        return;
    }
    f->backoff_ms = 0;
    trouble_over(&f->line, "the core's feed is followed again");
}

void follow_run(const struct follow_options *options)
{
    struct follower *f = calloc(1, sizeof *f);
    if (!f) {
        log_error("out of memory");
        return;
    }
    f->o = options;
    while (!atomic_load(options->stop)) {
        uint64_t now = kf_clock_monotonic_ns(&options->clock);
        if (now - f->maintained_ns > (uint64_t)MAINTAIN_NS_SECONDS * 1000000000) {
            store_maintain(options->apply.replica);
            f->maintained_ns = now;
        }
        step(f);
    }
    free(f);
}
