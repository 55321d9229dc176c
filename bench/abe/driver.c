#include "driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIELDS = 5, SAMPLES = 1000, SAMPLES_LEAST = 3 };

void bench_require(bool good, const char *what)
{
    if (!good) {
        (void)printf("error %s failed\n", what);
        exit(1);
    }
}

static double now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double run_once(const struct bench_operation *operation, void *context)
{
    if (operation->prepare != NULL) {
        operation->prepare(context);
    }
    double started = now_ms();
    operation->run(context);
    double took = now_ms() - started;
    if (operation->release != NULL) {
        operation->release(context);
    }
    return took;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double measure(const struct bench_operation *operation, void *context, double budget)
{
    static double sample[SAMPLES];
    size_t count = 0;
    double first = run_once(operation, context), spent = 0;
    if (first >= budget / 4 && !operation->warm) {
        return first;
    }
    while (count < SAMPLES && (spent < budget || count < SAMPLES_LEAST)) {
        sample[count] = run_once(operation, context);
        spent += sample[count++];
    }
    qsort(sample, count, sizeof sample[0], compare);
    return (sample[(count - 1) / 2] + sample[count / 2]) / 2;
}

static const struct bench_operation *find_operation(const struct bench_driver *driver,
                                                    const char *name)
{
    const struct bench_operation *o = driver->operations;
    while (o->name != NULL && strcmp(o->name, name) != 0) {
        o++;
    }
    return o->name == NULL ? NULL : o;
}

static void serve_time(const struct bench_driver *driver, char *field[static FIELDS])
{
    const struct bench_operation *operation = find_operation(driver, field[1]);
    void *context = NULL;
    if (operation == NULL) {
        (void)printf("error no operation %s\n", field[1]);
        return;
    }
    if (operation->needs_case) {
        context = driver->find(field[2], 0, NULL, NULL);
        if (context == NULL) {
            (void)printf("error no case %s\n", field[2]);
            return;
        }
    }
    (void)printf("%.6f\n", measure(operation, context, strtod(field[3], NULL)));
}

static void serve_size(const struct bench_driver *driver, char *field[static FIELDS])
{
    size_t size[3];
    void *context = driver->find == NULL ? NULL : driver->find(field[2], 0, NULL, NULL);
    if (driver->size == NULL || !driver->size(field[1], context, size)) {
        (void)printf("error no size of %s\n", field[1]);
        return;
    }
    (void)printf("%zu\t%zu\t%zu\n", size[0], size[1], size[2]);
}

static void serve(const struct bench_driver *driver, char *field[static FIELDS])
{
    if (strcmp(field[0], "hello") == 0) {
        (void)printf("%s\t%s\n", driver->name, driver->version);
    } else if (strcmp(field[0], "case") == 0 && driver->find != NULL &&
               driver->find(field[1], atoi(field[2]), field[3], field[4]) != NULL) {
        (void)puts("ok");
    } else if (strcmp(field[0], "time") == 0) {
        serve_time(driver, field);
    } else if (strcmp(field[0], "size") == 0) {
        serve_size(driver, field);
    } else {
        (void)printf("error no such command: %s\n", field[0]);
    }
}

int bench_serve(const struct bench_driver *driver)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        char *field[FIELDS];
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; i < FIELDS; i++) {
            char *got = strsep(&rest, "\t");
            field[i] = got == NULL ? "" : got;
        }
        serve(driver, field);
        (void)fflush(stdout);
    }
    free(line);
    return 0;
}
