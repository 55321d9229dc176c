#include "publish.h"

#include "certfiles.h"
#include "desired.h"
#include "log.h"
#include "tell.h"
#include "trouble.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000, /* how often to look whether a HAProxy was restarted */
    THOROUGH_SECONDS = 30,
};

struct publish {
    struct store *replica;
    char *folder;
    struct tell **tells;
    size_t tell_count;
    struct kf_clock clock;
    const atomic_bool *stop;
    atomic_bool changed;
    atomic_bool thorough; /* files as well: forget what is believed to be there */
    int wake;             /* eventfd */
    bool known;           /* `now` is what the files hold */
    struct desired now;
    uint64_t compared_ns;
    struct trouble files;
    struct trouble unfit;
};

enum kf_status publish_new(struct publish **out, const struct publish_options *o,
                           struct kf_error *err)
{
    /* The folder's name stands in HAProxy's list and commands, where blanks and quotes have a
     * meaning. */
    if (o->folder[0] != '/' || strpbrk(o->folder, " \t\r\n\"'\\#;<>[]"))
        return kf_fail(err, KF_ERR_USAGE,
                       "%s: the folder of the certificates needs an absolute path without blanks, "
                       "quotes and the like, because HAProxy's list names it",
                       o->folder);
    struct publish *p = calloc(1, sizeof *p);
    if (!p)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    p->replica = o->replica;
    p->clock = o->clock;
    p->stop = o->stop;
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->folder = strdup(o->folder);
    p->tells = calloc(o->haproxy_count + 1, sizeof(struct tell *));
    bool good = p->folder && p->tells && p->wake >= 0;
    for (size_t i = 0; good && i < o->haproxy_count; i++) {
        p->tells[i] = tell_new(o->haproxy[i], o->folder);
        good = p->tells[i] != NULL;
        p->tell_count += good ? 1 : 0;
    }
    if (!good) {
        publish_free(p);
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    *out = p;
    return KF_OK;
}

void publish_free(struct publish *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->tell_count; i++)
        tell_free(p->tells[i]);
    free(p->tells);
    free(p->folder);
    desired_clear(&p->now);
    if (p->wake >= 0)
        (void)close(p->wake);
    free(p);
}

void publish_wake(struct publish *p)
{
    const uint64_t one = 1;
    ssize_t n = write(p->wake, &one, sizeof one); /* fails only when it is pending already */
    (void)n;
}

void publish_changed(struct publish *p)
{
    atomic_store(&p->changed, true);
    publish_wake(p);
}

void publish_thoroughly(struct publish *p)
{
    atomic_store(&p->thorough, true);
    publish_wake(p);
}

static void say_unfit(struct publish *p)
{
    if (p->now.unfit > 0)
        trouble_say(&p->unfit, TROUBLE_WARN,
                    "%zu certificates or hosts cannot be given to a TLS server: a later version's "
                    "record, a chain that is no PEM, or a host that is no name",
                    p->now.unfit);
    else
        p->unfit.present = false;
}

KF_MUST_USE static enum kf_status update_files(struct publish *p, struct store_snapshot *snapshot,
                                               struct kf_error *err)
{
    struct desired next = {0};
    struct certfiles_outcome outcome = {0};
    enum kf_status status = desired_compute(&next, snapshot, err);
    if (status != KF_OK)
        return status;
    status = certfiles_update(&outcome, p->folder, &next, p->known ? &p->now : NULL, snapshot, err);
    if (status != KF_OK) {
        desired_clear(&next);
        p->known = false;
        return status;
    }
    desired_clear(&p->now);
    p->now = next;
    p->known = true;
    say_unfit(p);
    if (outcome.written + outcome.removed > 0)
        log_info("certificate files: %zu written, %zu removed, %zu in all", outcome.written,
                 outcome.removed, p->now.count);
    return KF_OK;
}

enum kf_status publish_files(struct publish *p, struct kf_error *err)
{
    struct store_snapshot *snapshot = NULL;
    enum kf_status status = store_snapshot_begin(&snapshot, p->replica, err);
    if (status != KF_OK)
        return status;
    status = update_files(p, snapshot, err);
    store_snapshot_end(snapshot);
    return status;
}

static void publish_once(struct publish *p)
{
    struct kf_error err = {0};
    struct store_snapshot *snapshot = NULL;
    uint64_t now_ns = kf_clock_monotonic_ns(&p->clock);
    bool thorough = now_ns - p->compared_ns >= (uint64_t)THOROUGH_SECONDS * 1000000000;
    if (atomic_exchange(&p->thorough, false)) {
        p->known = false;
        thorough = true;
    }
    bool changed = atomic_exchange(&p->changed, false) || !p->known;
    enum kf_status status = store_snapshot_begin(&snapshot, p->replica, &err);
    if (status == KF_OK && changed)
        status = update_files(p, snapshot, &err);
    if (status == KF_OK)
        trouble_over(&p->files, "certificate files are in step again");
    else
        trouble_say(&p->files, TROUBLE_ERROR, "certificate files cannot be kept in step: %s",
                    err.message);
    /* HAProxy is told only of what is in the files: it must come back from a restart with it. */
    for (size_t i = 0; status == KF_OK && i < p->tell_count; i++)
        tell_update(p->tells[i], &p->now, snapshot, changed || thorough);
    if (thorough)
        p->compared_ns = now_ns;
    store_snapshot_end(snapshot);
}

void publish_run(struct publish *p)
{
    while (!atomic_load(p->stop)) {
        publish_once(p);
        struct pollfd wake = {.fd = p->wake, .events = POLLIN};
        uint64_t count = 0;
        if (poll(&wake, 1, LOOK_MS) > 0 && read(p->wake, &count, sizeof count) < 0 &&
            errno != EAGAIN)
            log_error("eventfd: %s", strerror(errno));
    }
}
