#include "cpabe_cli.h"

#include <stdio.h>

enum cli_exit cli_fail_status(enum cpabe_status status, const char *what)
{
    switch (status) {
    case CPABE_OK:
        return CLI_OK;
    case CPABE_ERR_USAGE:
        return cli_fail(CLI_USAGE, "%s: makes no sense", what);
    case CPABE_ERR_UNSATISFIED:
        return cli_fail(CLI_UNSATISFIED, "%s: the key's attributes do not satisfy the policy",
                        what);
    case CPABE_ERR_MALFORMED:
        return cli_fail(CLI_MALFORMED, "%s: malformed or forged", what);
    case CPABE_ERR_LIMIT:
        return cli_fail(CLI_FAILED, "%s: too large for the format", what);
    case CPABE_ERR_MEMORY:
        return cli_fail(CLI_FAILED, "%s: out of memory", what);
    case CPABE_ERR_RANDOM:
        return cli_fail(CLI_FAILED, "%s: the random source failed", what);
    }
    return CLI_FAILED;
}

enum cli_exit cli_fail_text(const char *what, const struct cpabe_error *err)
{
    if (err->line == 0) {
        (void)fprintf(stderr, "cpabe: %s: %s\n", what, err->message);
    } else {
        (void)fprintf(stderr, "cpabe: %s, line %u, column %u: %s\n%s\n", what, err->line,
                      err->column, err->message, err->excerpt);
    }
    return err->status == CPABE_ERR_MEMORY || err->status == CPABE_ERR_RANDOM ? CLI_FAILED
                                                                              : CLI_USAGE;
}

static const char *const kind_names[] = {
    [CPABE_KIND_UNKNOWN] = "no file of this program",
    [CPABE_KIND_PUBLIC_KEY] = "a public key",
    [CPABE_KIND_SECRET_KEY] = "a secret key",
    [CPABE_KIND_ATTRIBUTE_KEY] = "an attribute key",
    [CPABE_KIND_CIPHERTEXT] = "a ciphertext",
};

/* A message for a file that is not what its option wants: often it is another of the four kinds. */
static enum cli_exit refuse(enum cpabe_status status, enum cpabe_kind wanted,
                            const struct cli_buffer *file, const char *path)
{
    if (status != CPABE_ERR_MALFORMED) {
        return cli_fail_status(status, path);
    }
    enum cpabe_kind is = cpabe_identify(file->data, file->length);
    if (is == wanted) {
        return cli_fail(CLI_MALFORMED, "%s: %s, but a damaged one", path, kind_names[is]);
    }
    return cli_fail(CLI_MALFORMED, "%s: this is %s; %s is expected", path, kind_names[is],
                    kind_names[wanted]);
}

enum cli_exit cli_load_public_key(struct cpabe_public_key **out, const char *path)
{
    struct cli_buffer file;
    enum cli_exit status = cli_read(&file, path);
    if (status == CLI_OK) {
        enum cpabe_status s = cpabe_public_key_parse(out, file.data, file.length);
        status = s == CPABE_OK ? CLI_OK : refuse(s, CPABE_KIND_PUBLIC_KEY, &file, path);
        cli_buffer_free(&file);
    }
    return status;
}

enum cli_exit cli_load_secret_key(struct cpabe_secret_key **out, const char *path)
{
    struct cli_buffer file;
    enum cli_exit status = cli_read(&file, path);
    if (status == CLI_OK) {
        enum cpabe_status s = cpabe_secret_key_parse(out, file.data, file.length);
        status = s == CPABE_OK ? CLI_OK : refuse(s, CPABE_KIND_SECRET_KEY, &file, path);
        cli_buffer_free(&file);
    }
    return status;
}

enum cli_exit cli_load_attribute_key(struct cpabe_attribute_key **out, const char *path)
{
    struct cli_buffer file;
    enum cli_exit status = cli_read(&file, path);
    if (status == CLI_OK) {
        enum cpabe_status s = cpabe_attribute_key_parse(out, file.data, file.length);
        status = s == CPABE_OK ? CLI_OK : refuse(s, CPABE_KIND_ATTRIBUTE_KEY, &file, path);
        cli_buffer_free(&file);
    }
    return status;
}
