/* The cpabe program: a table of subcommands, each in a file of its own, over libcpabe's public
 * header.
 *
 * Exit status: 0 done; 1 another failure (a file, memory); 2 usage, also a policy or attributes
 * that make no sense; 3 the attributes do not satisfy the policy; 4 malformed or forged input. On
 * failure nothing is written: outputs go to a temporary file beside the target, which is renamed at
 * the very end. */
#ifndef CPABE_CLI_H
#define CPABE_CLI_H

#include "cpabe/cpabe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_UNSATISFIED = 3,
    CLI_MALFORMED = 4,
};

/* Options of one subcommand: NULL or false when not given. */
struct cli_options {
    const char *public_file;
    const char *secret_file;
    const char *key_file;
    const char *in_file;
    const char *out_file;
    const char *attributes;
    const char *policy;
    const char *format;
    const char *operand;
    bool json;
};

struct cli_command {
    const char *name;
    const char *usage;    /* what follows the name */
    const char *summary;  /* one line */
    const char *options;  /* options it takes, as letters of the table in main.c */
    const char *required; /* those that must be there */
    bool operand;         /* takes exactly one FILE */
    enum cli_exit (*run)(const struct cli_options *options);
};

extern const struct cli_command cli_setup;
extern const struct cli_command cli_keygen;
extern const struct cli_command cli_encrypt;
extern const struct cli_command cli_decrypt;
extern const struct cli_command cli_inspect;
extern const struct cli_command cli_check;

/* Prints "cpabe: ..." to standard error and returns status. */
enum cli_exit cli_fail(enum cli_exit status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The exit status that stands for a library status, with a message about `what`. */
enum cli_exit cli_fail_status(enum cpabe_status status, const char *what);
/* The same for a text that a person wrote, with line, column and caret. */
enum cli_exit cli_fail_text(const char *what, const struct cpabe_error *err);

/* A whole file (or standard input for "-") in memory that cli_buffer_free() wipes. */
struct cli_buffer {
    uint8_t *data;
    size_t length;
};
enum cli_exit cli_read(struct cli_buffer *out, const char *path);
void cli_buffer_free(struct cli_buffer *buffer);

/* An output that exists only once it is committed. */
struct cli_output {
    const char *path;
    char *target;    /* what is replaced: path with links resolved; NULL: written in place */
    char *temporary; /* NULL when there is none */
};
/* Writes data beside path (0600 when it is secret, else as the umask says); nothing is at path yet.
 * For
 * "-" and things that are no regular files writing waits for the commit. */
enum cli_exit cli_output_prepare(struct cli_output *out, const char *path, const uint8_t *data,
                                 size_t length, bool secret);
enum cli_exit cli_output_commit(struct cli_output *out, const uint8_t *data, size_t length);
/* Removes what was not committed. */
void cli_output_clear(struct cli_output *out);
/* Both at once, for a command with one output. */
enum cli_exit cli_write(const char *path, const uint8_t *data, size_t length, bool secret);

enum cli_exit cli_load_public_key(struct cpabe_public_key **out, const char *path);
enum cli_exit cli_load_secret_key(struct cpabe_secret_key **out, const char *path);
enum cli_exit cli_load_attribute_key(struct cpabe_attribute_key **out, const char *path);

#endif
