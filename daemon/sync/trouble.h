/* Says each trouble once: when it begins, when it becomes another one, and when it is over.
 *
 * A trouble is a topic (fixed, small) with a text. The same text again is silence, however often it
 * is retried. Threads: one owner. Ownership: the state holds copies. */
#ifndef KEYFENCE_DAEMON_SYNC_TROUBLE_H
#define KEYFENCE_DAEMON_SYNC_TROUBLE_H

#include <stdbool.h>

enum { TROUBLE_TEXT_MAX = 1280 };

struct trouble {
    bool present;
    char text[TROUBLE_TEXT_MAX];
};

enum trouble_level { TROUBLE_WARN, TROUBLE_ERROR };

/* Logs unless this very text was the last one said. */
void trouble_say(struct trouble *trouble, enum trouble_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Logs `what` when there was a trouble, and forgets it. */
void trouble_over(struct trouble *trouble, const char *what);

#endif
