#include "cpabe_cli.h"

#include <string.h>

static bool parse_format(enum cpabe_format *out, const char *name)
{
    static const struct {
        const char *name;
        enum cpabe_format format;
    } names[] = {
        {"current", CPABE_FORMAT_CURRENT},
        {"former", CPABE_FORMAT_1_3_2},
        {"oldest", CPABE_FORMAT_1_3_1},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (name == NULL || strcmp(name, names[i].name) == 0) {
            *out = names[i].format;
            return true;
        }
    }
    return false;
}

static enum cli_exit encrypt(const struct cli_options *options, const struct cpabe_policy *policy,
                             enum cpabe_format format)
{
    struct cpabe_public_key *key = NULL;
    struct cli_buffer message = {0};
    uint8_t *data = NULL;
    size_t length = 0;
    enum cli_exit status = cli_load_public_key(&key, options->public_file);
    if (status == CLI_OK) {
        status = cli_read(&message, options->in_file);
    }
    if (status == CLI_OK) {
        enum cpabe_status s =
            cpabe_encrypt(&data, &length, key, policy, format, message.data, message.length, NULL);
        status = s == CPABE_OK ? cli_write(options->out_file, data, length, false)
                               : cli_fail_status(s, "encryption");
    }
    cpabe_free(data);
    cli_buffer_free(&message);
    cpabe_public_key_free(key);
    return status;
}

static enum cli_exit run(const struct cli_options *options)
{
    enum cpabe_format format;
    struct cpabe_policy *policy = NULL;
    struct cpabe_error err;
    if (!parse_format(&format, options->format)) {
        return cli_fail(CLI_USAGE, "--format is current, former (CIRCL 1.3.2 to 1.3.7) or oldest "
                                   "(CIRCL up to 1.3.1)");
    }
    if (strcmp(options->public_file, "-") == 0 && strcmp(options->in_file, "-") == 0) {
        return cli_fail(CLI_USAGE, "only one of --public and --in can be standard input");
    }
    if (cpabe_policy_parse(&policy, options->policy, &err) != CPABE_OK) {
        return cli_fail_text("policy", &err);
    }
    enum cli_exit status = encrypt(options, policy, format);
    cpabe_policy_free(policy);
    return status;
}

const struct cli_command cli_encrypt = {
    .name = "encrypt",
    .usage = "--public FILE --policy TEXT --in FILE --out FILE [--format current|former|oldest]",
    .summary = "encrypts a file to a policy",
    .options = "pyiof",
    .required = "pyio",
    .run = run,
};
