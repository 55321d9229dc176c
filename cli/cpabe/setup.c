#include "cpabe_cli.h"

static enum cli_exit write_both(const struct cli_options *options,
                                const struct cpabe_public_key *public_key,
                                const struct cpabe_secret_key *secret_key)
{
    uint8_t *public_data = NULL;
    uint8_t *secret_data = NULL;
    size_t public_length = 0;
    size_t secret_length = 0;
    struct cli_output public_out = {0};
    struct cli_output secret_out = {0};
    enum cpabe_status s = cpabe_public_key_encode(&public_data, &public_length, public_key);
    if (s == CPABE_OK) {
        s = cpabe_secret_key_encode(&secret_data, &secret_length, secret_key);
    }
    enum cli_exit status = s == CPABE_OK ? CLI_OK : cli_fail_status(s, "setup");
    if (status == CLI_OK) {
        status =
            cli_output_prepare(&secret_out, options->secret_file, secret_data, secret_length, true);
    }
    if (status == CLI_OK) {
        status = cli_output_prepare(&public_out, options->public_file, public_data, public_length,
                                    false);
    }
    if (status == CLI_OK) {
        status = cli_output_commit(&secret_out, secret_data, secret_length);
    }
    if (status == CLI_OK) {
        status = cli_output_commit(&public_out, public_data, public_length);
    }
    cli_output_clear(&public_out);
    cli_output_clear(&secret_out);
    cpabe_free(public_data);
    cpabe_free(secret_data);
    return status;
}

static enum cli_exit run(const struct cli_options *options)
{
    struct cpabe_public_key *public_key = NULL;
    struct cpabe_secret_key *secret_key = NULL;
    enum cpabe_status s = cpabe_setup(&public_key, &secret_key, NULL);
    if (s != CPABE_OK) {
        return cli_fail_status(s, "setup");
    }
    enum cli_exit status = write_both(options, public_key, secret_key);
    cpabe_public_key_free(public_key);
    cpabe_secret_key_free(secret_key);
    return status;
}

const struct cli_command cli_setup = {
    .name = "setup",
    .usage = "--public FILE --secret FILE",
    .summary = "makes an authority: a public key to encrypt with, a secret key to make keys with",
    .options = "ps",
    .required = "ps",
    .run = run,
};
