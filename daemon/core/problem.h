/* Why a request was refused, in the form that the API answers and the CLI prints.
 *
 * `code` is for programs and never changes its meaning; `message` says what is wrong with what, and
 * `hint` what to do about it. Line and column count from 1; 0 means there is no place. Never holds
 * a secret: of a key file it names lines, not contents. Threads: values only. */
#ifndef KEYFENCE_CORE_PROBLEM_H
#define KEYFENCE_CORE_PROBLEM_H

#include "base/cursor.h"
#include "base/status.h"

enum {
    PROBLEM_CODE_MAX = 47,
    PROBLEM_MESSAGE_MAX = 1535,
    PROBLEM_HINT_MAX = 511,
};

struct problem {
    uint16_t http; /* status of the answer; 0: no problem */
    char code[PROBLEM_CODE_MAX + 1];
    char message[PROBLEM_MESSAGE_MAX + 1];
    char hint[PROBLEM_HINT_MAX + 1];
    uint32_t line;
    uint32_t column;
};

/* Fills the problem (hint, line and column empty) and returns `status`. */
enum kf_status problem_set(struct problem *problem, enum kf_status status, uint16_t http,
                           const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void problem_hint(struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* From a module's error: the HTTP status and the code follow from the status. */
enum kf_status problem_from(struct problem *problem, const struct kf_error *err);

/* Between the core and its upload worker. */
void problem_write(struct kf_writer *w, const struct problem *problem);
KF_MUST_USE enum kf_status problem_read(struct problem *out, struct kf_reader *r);

#endif
