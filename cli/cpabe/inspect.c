#include "cpabe_cli.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One JSON object is built for each file; the text form is a walk over it. */

static enum cli_exit describe_ciphertext(json_t *out, const struct cli_buffer *file,
                                         const char *path)
{
    struct cpabe_ciphertext_info info;
    struct cpabe_policy *policy = NULL;
    char *text = NULL;
    enum cpabe_status s = cpabe_ciphertext_inspect(&info, file->data, file->length);
    if (s == CPABE_OK) {
        s = cpabe_policy_from_ciphertext(&policy, file->data, file->length);
    }
    if (s == CPABE_OK) {
        s = cpabe_policy_text(&text, policy);
    }
    if (s == CPABE_OK) {
        json_object_set_new(out, "format", json_string(info.current_format ? "current" : "former"));
        json_object_set_new(out, "policy", json_string(text));
        json_object_set_new(out, "leaves", json_integer((json_int_t)info.leaves));
        json_object_set_new(out, "header_bytes", json_integer((json_int_t)info.header_length));
        json_object_set_new(out, "envelope_bytes", json_integer((json_int_t)info.envelope_length));
    }
    cpabe_free(text);
    cpabe_policy_free(policy);
    return s == CPABE_OK ? CLI_OK : cli_fail_status(s, path);
}

/* A label from elsewhere may hold any bytes: those that are no plain ASCII are shown as \xNN. */
static json_t *label_json(const struct cpabe_key_attribute *a)
{
    char *text = malloc(4 * a->label_length + 1);
    if (text == NULL) {
        return NULL;
    }
    char *at = text;
    for (size_t i = 0; i < a->label_length; i++) {
        unsigned char c = (unsigned char)a->label[i];
        if (c < 0x20 || c >= 0x7f || c == '\\') {
            at += sprintf(at, "\\x%02x", c);
        } else {
            *at++ = (char)c;
        }
    }
    *at = '\0';
    json_t *out = json_string(text);
    free(text);
    return out;
}

static enum cli_exit describe_key(json_t *out, const struct cli_buffer *file, const char *path)
{
    struct cpabe_attribute_key *key = NULL;
    enum cpabe_status s = cpabe_attribute_key_parse(&key, file->data, file->length);
    if (s != CPABE_OK) {
        return cli_fail_status(s, path);
    }
    json_t *labels = json_array();
    json_t *wildcards = json_array();
    for (size_t i = 0; i < cpabe_attribute_key_count(key); i++) {
        struct cpabe_key_attribute a = cpabe_attribute_key_get(key, i);
        json_array_append_new(a.wildcard ? wildcards : labels, label_json(&a));
    }
    json_object_set_new(out, "labels", labels);
    if (json_array_size(wildcards) > 0) {
        json_object_set(out, "wildcards", wildcards);
    }
    json_decref(wildcards);
    cpabe_attribute_key_free(key);
    return CLI_OK;
}

static enum cli_exit describe_public(const struct cli_buffer *file, const char *path)
{
    struct cpabe_public_key *key = NULL;
    enum cpabe_status s = cpabe_public_key_parse(&key, file->data, file->length);
    cpabe_public_key_free(key);
    return s == CPABE_OK ? CLI_OK : cli_fail_status(s, path);
}

static enum cli_exit describe_secret(const struct cli_buffer *file, const char *path)
{
    struct cpabe_secret_key *key = NULL;
    enum cpabe_status s = cpabe_secret_key_parse(&key, file->data, file->length);
    cpabe_secret_key_free(key);
    return s == CPABE_OK ? CLI_OK : cli_fail_status(s, path);
}

static enum cli_exit describe(json_t *out, const struct cli_buffer *file, const char *path)
{
    static const char *const names[] = {
        [CPABE_KIND_PUBLIC_KEY] = "public key",
        [CPABE_KIND_SECRET_KEY] = "secret key",
        [CPABE_KIND_ATTRIBUTE_KEY] = "attribute key",
        [CPABE_KIND_CIPHERTEXT] = "ciphertext",
    };
    enum cpabe_kind kind = cpabe_identify(file->data, file->length);
    if (kind == CPABE_KIND_UNKNOWN) {
        return cli_fail(CLI_MALFORMED, "%s: neither a key nor a ciphertext, or damaged", path);
    }
    json_object_set_new(out, "kind", json_string(names[kind]));
    json_object_set_new(out, "bytes", json_integer((json_int_t)file->length));
    switch (kind) {
    case CPABE_KIND_PUBLIC_KEY:
        return describe_public(file, path);
    case CPABE_KIND_SECRET_KEY:
        return describe_secret(file, path);
    case CPABE_KIND_ATTRIBUTE_KEY:
        return describe_key(out, file, path);
    default:
        return describe_ciphertext(out, file, path);
    }
}

static void print_plain(json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        (void)printf("%s: ", name);
        if (json_is_string(value)) {
            (void)printf("%s\n", json_string_value(value));
        } else if (json_is_integer(value)) {
            (void)printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
        } else {
            for (size_t i = 0; i < json_array_size(value); i++) {
                (void)printf("%s%s", i == 0 ? "" : ", ",
                             json_string_value(json_array_get(value, i)));
            }
            (void)puts("");
        }
    }
}

static enum cli_exit run(const struct cli_options *options)
{
    struct cli_buffer file;
    enum cli_exit status = cli_read(&file, options->operand);
    if (status != CLI_OK) {
        return status;
    }
    json_t *object = json_object();
    status = describe(object, &file, options->operand);
    if (status == CLI_OK && options->json) {
        (void)json_dumpf(object, stdout, JSON_INDENT(2));
        (void)puts("");
    } else if (status == CLI_OK) {
        print_plain(object);
    }
    json_decref(object);
    cli_buffer_free(&file);
    return status;
}

const struct cli_command cli_inspect = {
    .name = "inspect",
    .usage = "FILE [--json]",
    .summary = "tells what a file is: its policy or its labels, its sizes",
    .options = "j",
    .required = "",
    .operand = true,
    .run = run,
};
