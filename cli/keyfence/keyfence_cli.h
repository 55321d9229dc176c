/* The keyfence program: a table of subcommands, each group in a file of its own, over the core's
 * HTTP API.
 *
 * Exit status: 0 done; 1 refused or failed, with the reason on standard error; 2 usage. With --json
 * the API's answer (also an error) is printed to standard output as it came. */
#ifndef KEYFENCE_CLI_H
#define KEYFENCE_CLI_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

enum { CLI_GIVEN_MAX = 128, CLI_FILE_MAX = 256 * 1024 };

struct cli_option {
    const char *name;  /* "--id" */
    const char *value; /* what it takes, for the usage line; NULL for a flag */
    bool required;
    bool many;
};

struct cli {
    const char *core; /* unix:PATH or URL */
    const char *token_file;
    bool json;
    const char *operand; /* ID, or NULL */
    struct {
        const char *name;
        const char *value;
    } given[CLI_GIVEN_MAX];
    size_t given_count;
};

struct cli_command {
    const char *group;   /* "certificate", or a command of one word */
    const char *name;    /* "upload", or NULL */
    const char *operand; /* "ID", or NULL; always required */
    const char *summary;
    const struct cli_option *options; /* ends with a NULL name; NULL for none */
    int (*run)(struct cli *cli);
};

extern const struct cli_command cli_certificate_commands[];
extern const struct cli_command cli_datacenter_commands[];
extern const struct cli_command cli_machine_commands[];
extern const struct cli_command cli_other_commands[];

/* The value of an option, "" for a flag that was given, NULL when absent. */
const char *cli_get(const struct cli *cli, const char *name);
/* The next value of an option that may be given many times; *at starts at 0. */
const char *cli_next(const struct cli *cli, const char *name, size_t *at);

/* "keyfence: MESSAGE" on standard error; returns CLI_FAILED. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One request. body may be NULL and is released. On CLI_OK *answer is the caller's. Otherwise the
 * reason has been printed. */
int cli_request(json_t **answer, const struct cli *cli, const char *method, const char *path,
                json_t *body);
/* The same with the operand as the path's last part. */
int cli_request_id(json_t **answer, const struct cli *cli, const char *method, const char *path,
                   const char *id, json_t *body);

/* Deletes the operand under a path, and says so. Returns the exit status. */
int cli_delete(struct cli *cli, const char *path);

/* Prints an answer with --json and returns true; otherwise false, and the caller prints it. */
bool cli_print_json(const struct cli *cli, const json_t *answer);
const char *cli_text(const json_t *object, const char *name); /* "" when absent */
/* "a, b, c" in a buffer. */
void cli_join(char *out, size_t size, const json_t *list);
void cli_print_warnings(const json_t *answer);

/* A text file for a JSON text; NULL after a message. */
json_t *cli_file_text(const char *path);

/* Makes a P-256 key and a certificate request for it: DIR/NAME.key (0400), and the request's PEM as
 * a JSON text; NULL after a message. */
json_t *cli_make_key(const char *folder, const char *key_name, const char *subject);

#endif
