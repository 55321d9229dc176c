#include "cpabe_cli.h"

#include <stdlib.h>
#include <string.h>

static enum cli_exit decrypt(const struct cli_options *options,
                             const struct cpabe_attribute_key *key,
                             const struct cli_buffer *ciphertext)
{
    struct cli_buffer message = {malloc(ciphertext->length + 1), 0};
    if (message.data == NULL) {
        return cli_fail(CLI_FAILED, "%s: out of memory", options->in_file);
    }
    enum cpabe_status s = cpabe_decrypt(message.data, ciphertext->length, &message.length, key,
                                        ciphertext->data, ciphertext->length);
    enum cli_exit status = s == CPABE_OK
                               ? cli_write(options->out_file, message.data, message.length, true)
                               : cli_fail_status(s, options->in_file);
    cli_buffer_free(&message);
    return status;
}

static enum cli_exit run(const struct cli_options *options)
{
    struct cpabe_attribute_key *key = NULL;
    struct cli_buffer ciphertext = {0};
    if (strcmp(options->key_file, "-") == 0 && strcmp(options->in_file, "-") == 0) {
        return cli_fail(CLI_USAGE, "only one of --key and --in can be standard input");
    }
    enum cli_exit status = cli_load_attribute_key(&key, options->key_file);
    if (status == CLI_OK) {
        status = cli_read(&ciphertext, options->in_file);
    }
    if (status == CLI_OK) {
        status = decrypt(options, key, &ciphertext);
    }
    cli_buffer_free(&ciphertext);
    cpabe_attribute_key_free(key);
    return status;
}

const struct cli_command cli_decrypt = {
    .name = "decrypt",
    .usage = "--key FILE --in FILE --out FILE",
    .summary = "decrypts a file, if the key's attributes satisfy its policy",
    .options = "kio",
    .required = "kio",
    .run = run,
};
