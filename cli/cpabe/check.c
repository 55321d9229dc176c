#include "cpabe_cli.h"

#include <stdio.h>
#include <string.h>

static enum cli_exit report(bool satisfied)
{
    (void)puts(satisfied ? "opens: the attributes satisfy the policy"
                         : "does not open: the attributes do not satisfy the policy");
    return satisfied ? CLI_OK : CLI_UNSATISFIED;
}

static enum cli_exit with_key(const struct cli_options *options, const struct cpabe_policy *policy)
{
    struct cpabe_attribute_key *key = NULL;
    enum cli_exit status = cli_load_attribute_key(&key, options->key_file);
    if (status == CLI_OK) {
        status = report(cpabe_policy_satisfied_by_key(policy, key));
        cpabe_attribute_key_free(key);
    }
    return status;
}

static enum cli_exit with_attributes(const struct cli_options *options,
                                     const struct cpabe_policy *policy)
{
    struct cpabe_attribute *attributes = NULL;
    size_t count = 0;
    struct cpabe_error err;
    if (cpabe_attributes_parse(&attributes, &count, options->attributes, &err) != CPABE_OK) {
        return cli_fail_text("attributes", &err);
    }
    enum cli_exit status = report(cpabe_policy_satisfied(policy, attributes, count));
    cpabe_free(attributes);
    return status;
}

static enum cli_exit run(const struct cli_options *options)
{
    struct cli_buffer ciphertext;
    struct cpabe_policy *policy = NULL;
    if ((options->key_file == NULL) == (options->attributes == NULL)) {
        return cli_fail(CLI_USAGE, "check takes one of --key and --attributes");
    }
    if (options->key_file != NULL && strcmp(options->key_file, "-") == 0 &&
        strcmp(options->in_file, "-") == 0) {
        return cli_fail(CLI_USAGE, "only one of --key and --in can be standard input");
    }
    enum cli_exit status = cli_read(&ciphertext, options->in_file);
    if (status != CLI_OK) {
        return status;
    }
    enum cpabe_status s = cpabe_policy_from_ciphertext(&policy, ciphertext.data, ciphertext.length);
    cli_buffer_free(&ciphertext);
    if (s != CPABE_OK) {
        return cli_fail_status(s, options->in_file);
    }
    status =
        options->key_file != NULL ? with_key(options, policy) : with_attributes(options, policy);
    cpabe_policy_free(policy);
    return status;
}

const struct cli_command cli_check = {
    .name = "check",
    .usage = "--in FILE (--key FILE | --attributes TEXT)",
    .summary = "tells whether a key, or a key for these attributes, would open a file",
    .options = "ika",
    .required = "i",
    .run = run,
};
