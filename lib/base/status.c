#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *kf_status_name(enum kf_status status)
{
    switch (status) {
    case KF_OK:
        return "ok";
    case KF_ERR_USAGE:
        return "usage";
    case KF_ERR_MALFORMED:
        return "malformed";
    case KF_ERR_FORGED:
        return "forged";
    case KF_ERR_UNSATISFIED:
        return "unsatisfied";
    case KF_ERR_NOT_FOUND:
        return "not-found";
    case KF_ERR_EXISTS:
        return "exists";
    case KF_ERR_CONFLICT:
        return "conflict";
    case KF_ERR_STALE:
        return "stale";
    case KF_ERR_LIMIT:
        return "limit";
    case KF_ERR_DENIED:
        return "denied";
    case KF_ERR_UNSUPPORTED:
        return "unsupported";
    case KF_ERR_UNAVAILABLE:
        return "unavailable";
    case KF_ERR_TIMEOUT:
        return "timeout";
    case KF_ERR_IO:
        return "io";
    case KF_ERR_MEMORY:
        return "memory";
    case KF_ERR_RANDOM:
        return "random";
    case KF_ERR_INTERNAL:
        return "internal";
    }
    return "unknown";
}

enum kf_status kf_fail(struct kf_error *err, enum kf_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        err->status = status;
        (void)vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return status;
}

enum kf_status kf_fail_context(struct kf_error *err, enum kf_status status, const char *format, ...)
{
    if (err == NULL) {
        return status;
    }
    char was[KF_ERROR_MESSAGE_MAX];
    memcpy(was, err->message, sizeof was);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->message) {
        size_t at = (size_t)n;
        size_t room = sizeof err->message - at;
        (void)snprintf(err->message + at, room, ": %.*s", (int)room, was);
    }
    err->status = status;
    return status;
}
