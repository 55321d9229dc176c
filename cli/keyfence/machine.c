#include "keyfence_cli.h"

#include "base/random.h"
#include "base/secret.h"
#include "files.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32 };

static int write_text(const char *folder, const char *name, mode_t mode, const char *text)
{
    char path[PATH_MAX];
    struct kf_error err = {.message = ""};
    if (files_join(path, sizeof path, folder, name, &err) != KF_OK ||
        files_write(path, mode, (const uint8_t *)text, strlen(text), &err) != KF_OK) {
        return cli_fail("%s", err.message);
    }
    return CLI_OK;
}

/* enrolment.key: 32 random bytes, the machine's X25519 secret. Writes the public half in hex. */
static int make_enrolment_key(char hex[static 2 * KEY_BYTES + 1], const char *folder)
{
    const struct kf_random random = kf_random_system();
    char path[PATH_MAX];
    uint8_t public_key[KEY_BYTES];
    struct kf_error err = {.message = "cannot make the enrolment key"};
    uint8_t *secret = kf_secret_new(KEY_BYTES);
    bool made = secret != NULL && kf_random_fill(&random, secret, KEY_BYTES) == KF_OK &&
                crypto_scalarmult_base(public_key, secret) == 0 &&
                files_join(path, sizeof path, folder, "enrolment.key", &err) == KF_OK &&
                files_write(path, 0400, secret, KEY_BYTES, &err) == KF_OK;
    kf_secret_free(secret);
    if (!made) {
        return cli_fail("%s", err.message);
    }
    (void)sodium_bin2hex(hex, 2 * KEY_BYTES + 1, public_key, sizeof public_key);
    return CLI_OK;
}

static int write_request(const char *folder, json_t *request)
{
    char *text = json_dumps(request, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    int status = text == NULL ? cli_fail("cannot write request.json: a value is not UTF-8")
                              : write_text(folder, "request.json", 0644, text);
    kf_wiping_free(text);
    return status;
}

static int enrol(struct cli *cli)
{
    const char *folder = cli_get(cli, "--dir");
    const char *id = cli_get(cli, "--id");
    char path[PATH_MAX];
    char hex[2 * KEY_BYTES + 1];
    struct kf_error err = {.message = ""};
    if (files_make_folder(folder, 0750, &err) != KF_OK ||
        files_join(path, sizeof path, folder, "enrolment.key", &err) != KF_OK) {
        return cli_fail("%s", err.message);
    }
    if (files_exists(path)) {
        return cli_fail("%s is there already: this machine has its keys; remove the folder to make "
                        "new ones, and the machine from the registry",
                        path);
    }
    json_t *relay_csr = cli_make_key(folder, "relay.key", id);
    json_t *sync_csr = relay_csr == NULL ? NULL : cli_make_key(folder, "sync.key", id);
    if (sync_csr == NULL || make_enrolment_key(hex, folder) != CLI_OK) {
        json_decref(relay_csr);
        json_decref(sync_csr);
        return CLI_FAILED;
    }
    json_t *request =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", id, "datacenter",
                  cli_get(cli, "--datacenter"), "relay", cli_get(cli, "--relay"),
                  "enrolment_public", hex, "relay_csr", relay_csr, "sync_csr", sync_csr);
    int status = write_request(folder, request);
    if (status == CLI_OK && !cli_print_json(cli, request)) {
        (void)printf("made the keys of %s in %s; send the request: keyfence machine add --dir %s\n",
                     id, folder, folder);
    }
    json_decref(request);
    return status;
}

static int install(const char *folder, const json_t *answer)
{
    static const char *const files[][2] = {
        {"relay.pem", "relay_certificate"},
        {"sync.pem", "sync_certificate"},
        {"machine-ca.pem", "machine_ca"},
        {"records.pub", "records_public"},
    };
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && i < sizeof files / sizeof files[0]; i++) {
        const char *text = cli_text(answer, files[i][1]);
        status = text[0] == '\0' ? cli_fail("the core's answer has no %s", files[i][1])
                                 : write_text(folder, files[i][0], 0644, text);
    }
    return status;
}

static int add(struct cli *cli)
{
    const char *folder = cli_get(cli, "--dir");
    char path[PATH_MAX];
    struct kf_error err = {.message = ""};
    json_error_t where;
    json_t *answer = NULL;
    if (files_join(path, sizeof path, folder, "request.json", &err) != KF_OK) {
        return cli_fail("%s", err.message);
    }
    json_t *request = json_load_file(path, 0, &where);
    if (request == NULL) {
        return cli_fail("%s: %s (keyfence machine enrol makes it)", path, where.text);
    }
    int status = cli_request(&answer, cli, "POST", "/v1/machines", request);
    if (status == CLI_OK) {
        status = install(folder, answer);
    }
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("enrolled %s in %s; its certificates are in %s\n", cli_text(answer, "id"),
                     cli_text(answer, "datacenter"), folder);
    }
    json_decref(answer);
    return status;
}

static int list(struct cli *cli)
{
    json_t *answer = NULL;
    size_t i;
    json_t *item;
    int status = cli_request(&answer, cli, "GET", "/v1/machines", NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("%-20s %-16s %-8s %-24s %s\n", "ID", "DATACENTER", "STATE", "RELAY",
                     "CREATED");
        json_array_foreach(json_object_get(answer, "machines"), i, item)
        {
            (void)printf("%-20s %-16s %-8s %-24s %s\n", cli_text(item, "id"),
                         cli_text(item, "datacenter"), cli_text(item, "state"),
                         cli_text(item, "relay"), cli_text(item, "created"));
        }
    }
    json_decref(answer);
    return status;
}

static int delete (struct cli *cli)
{
    return cli_delete(cli, "/v1/machines");
}

static const struct cli_option enrol_options[] = {
    {.name = "--dir", .value = "DIR", .required = true},
    {.name = "--id", .value = "ID", .required = true},
    {.name = "--datacenter", .value = "DC", .required = true},
    {.name = "--relay", .value = "HOST:PORT", .required = true},
    {.name = NULL},
};

static const struct cli_option add_options[] = {
    {.name = "--dir", .value = "DIR", .required = true},
    {.name = NULL},
};

const struct cli_command cli_machine_commands[] = {
    {"machine", "enrol", NULL, "makes a machine's keys and a request for its certificates",
     enrol_options, enrol},
    {"machine", "add", NULL, "sends the request and installs what comes back", add_options, add},
    {"machine", "list", NULL, "lists the machines", NULL, list},
    {"machine", "delete", "ID", "removes a machine and its keys from the registry", NULL, delete},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
