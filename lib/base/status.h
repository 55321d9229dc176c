/* The one result type of every Keyfence module.
 *
 * A function that can fail returns an enum kf_status and is marked KF_MUST_USE; predicates return
 * bool. Functions whose failure a person will read also take a `struct kf_error *err`, which may be
 * NULL and is written only on failure: what failed, on what, and what to do next.
 *
 * Threads: values only, no shared state. Not secret: never put key material in a message. */
#ifndef KEYFENCE_BASE_STATUS_H
#define KEYFENCE_BASE_STATUS_H

#include <stddef.h>

#define KF_MUST_USE __attribute__((warn_unused_result))

enum kf_status {
    KF_OK = 0,
    KF_ERR_USAGE,       /* a person asked for something that makes no sense */
    KF_ERR_MALFORMED,   /* bytes that do not parse, or are not the one canonical form */
    KF_ERR_FORGED,      /* a signature, MAC or binding that does not verify */
    KF_ERR_UNSATISFIED, /* the attributes do not satisfy the policy */
    KF_ERR_NOT_FOUND,
    KF_ERR_EXISTS,      /* something with this name, but other content, is there already */
    KF_ERR_CONFLICT,    /* compare-and-set lost: read again and retry */
    KF_ERR_STALE,       /* a record older than what is already known: replay or roll-back */
    KF_ERR_LIMIT,       /* larger than a named bound */
    KF_ERR_DENIED,      /* the caller may not do this */
    KF_ERR_UNSUPPORTED, /* well formed, but a kind this version does not handle */
    KF_ERR_UNAVAILABLE, /* a peer that is down or unreachable: try another, or later */
    KF_ERR_TIMEOUT,
    KF_ERR_IO,
    KF_ERR_MEMORY,
    KF_ERR_RANDOM, /* the random source failed: nothing secret may be made */
    KF_ERR_INTERNAL,
};

enum { KF_ERROR_MESSAGE_MAX = 1024 };

struct kf_error {
    enum kf_status status;
    char message[KF_ERROR_MESSAGE_MAX]; /* UTF-8, no trailing newline, never a secret */
};

/* A short fixed name for a status, e.g. "malformed": for logs and JSON. Never NULL. */
const char *kf_status_name(enum kf_status status);

/* Writes a formatted message to err (when not NULL) and returns status. Requires status != KF_OK.
 */
enum kf_status kf_fail(struct kf_error *err, enum kf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "what: " before the message already in err (when not NULL) and returns err's status, or
 * `status` when err is NULL. For adding context on the way up. */
enum kf_status kf_fail_context(struct kf_error *err, enum kf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
