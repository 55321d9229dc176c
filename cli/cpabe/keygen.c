#include "cpabe_cli.h"

static enum cli_exit make_key(const struct cli_options *options,
                              const struct cpabe_attribute *attributes, size_t count)
{
    struct cpabe_secret_key *secret_key = NULL;
    struct cpabe_attribute_key *key = NULL;
    struct cpabe_error err;
    uint8_t *data = NULL;
    size_t length = 0;
    enum cli_exit status = cli_load_secret_key(&secret_key, options->secret_file);
    if (status != CLI_OK) {
        return status;
    }
    enum cpabe_status s = cpabe_keygen(&key, secret_key, attributes, count, NULL, &err);
    if (s != CPABE_OK) {
        status = cli_fail_text("attributes", &err);
    } else {
        s = cpabe_attribute_key_encode(&data, &length, key);
        status = s == CPABE_OK ? cli_write(options->out_file, data, length, true)
                               : cli_fail_status(s, "key");
    }
    cpabe_free(data);
    cpabe_attribute_key_free(key);
    cpabe_secret_key_free(secret_key);
    return status;
}

static enum cli_exit run(const struct cli_options *options)
{
    struct cpabe_attribute *attributes = NULL;
    size_t count = 0;
    struct cpabe_error err;
    if (cpabe_attributes_parse(&attributes, &count, options->attributes, &err) != CPABE_OK) {
        return cli_fail_text("attributes", &err);
    }
    enum cli_exit status = make_key(options, attributes, count);
    cpabe_free(attributes);
    return status;
}

const struct cli_command cli_keygen = {
    .name = "keygen",
    .usage = "--secret FILE --attributes 'country: FR, region: EU' --out FILE",
    .summary = "makes the key of someone who has these attributes",
    .options = "sao",
    .required = "sao",
    .run = run,
};
