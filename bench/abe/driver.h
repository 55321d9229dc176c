/* A measuring child: it waits for a command, does one thing that long, answers with the time, so
 * that whoever drives several of them takes turns between them.
 *
 * One command a line, fields separated by tabs, one answer a line:
 *
 *     hello                                   NAME TAB VERSION
 *     case NAME POOL POLICY ATTRIBUTES        ok         prepares a case
 *     time OPERATION CASE BUDGET              MS         the case's name may be empty
 *     size OPERATION CASE                     SECRET-KEY TAB PUBLIC-KEY TAB OVERHEAD, in bytes
 *
 * An answer that begins with `error ` says why there is no other, one with `cannot ` that what is
 * measured is not able to do it.
 *
 * How long. An operation is run once. If that took less than a quarter of BUDGET milliseconds it
 * does not count (caches, clock and vector units were cold: another child has just run), and the
 * operation is run until the budget is spent, at least three times; the answer is the median.
 * Otherwise the one run is the answer, unless the operation is one that has been done before
 * (warm), whose first run never counts. What an operation prepares and releases (fresh labels, a
 * policy's parsing) is outside the time. */
#ifndef KEYFENCE_BENCH_ABE_DRIVER_H
#define KEYFENCE_BENCH_ABE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

struct bench_operation {
    const char *name;
    bool needs_case, warm;
    void (*prepare)(void *context); /* may be NULL, as may release */
    void (*run)(void *context);
    void (*release)(void *context);
};

struct bench_driver {
    const char *name, *version;
    const struct bench_operation *operations; /* ended by a NULL name */
    /* The context of a case: an existing one, or (policy not NULL) a new one; NULL: there is none.
     * Without cases NULL. */
    void *(*find)(const char *name, int pool, const char *policy, const char *attributes);
    bool (*size)(const char *operation, void *context, size_t out[static 3]);
};

/* Serves the commands of standard input to its end. */
int bench_serve(const struct bench_driver *driver);

/* Ends the program when something that cannot fail has failed. */
void bench_require(bool good, const char *what);

#endif
