/* One line for the operator when a signature fails: TLS servers report OpenSSL's errors poorly.
 *
 * Goes to standard error (nginx: its error log; systemd: the journal), to syslog, or nowhere. At
 * most one line a second of each kind of failure; what was left out is counted in the next. Called
 * from the client's thread alone. */
#ifndef KEYFENCE_PROVIDER_LOG_INT_H
#define KEYFENCE_PROVIDER_LOG_INT_H

#include "base/clock.h"

struct log;

/* where: "stderr", "syslog" or "none"; NULL is "stderr". NULL when out of memory or where is
 * something else. */
struct log *log_new(const char *where, struct kf_clock clock);
void log_free(struct log *log);
/* Fits struct client_log. */
void log_failure(void *log, int failure, const char *message);

#endif
