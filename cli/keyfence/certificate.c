#include "keyfence_cli.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 4096 };

static void print_stored(const json_t *answer)
{
    char list[LIST_MAX];
    bool changed = json_is_true(json_object_get(answer, "changed"));
    cli_join(list, sizeof list, json_object_get(answer, "hosts"));
    (void)printf("%s %s (%s) for %s\n", changed ? "stored" : "unchanged:", cli_text(answer, "id"),
                 cli_text(answer, "key_type"), list);
    (void)printf("  policy    %s\n", cli_text(answer, "policy"));
    cli_join(list, sizeof list, json_object_get(answer, "satisfied_by"));
    (void)printf("  opens in  %s\n", list[0] == '\0' ? "no data centre" : list);
    cli_print_warnings(answer);
}

static json_t *policy_text(const struct cli *cli)
{
    const char *text = cli_get(cli, "--policy");
    const char *file = cli_get(cli, "--policy-file");
    return file != NULL ? cli_file_text(file) : json_string(text);
}

static int upload(struct cli *cli)
{
    const char *id = cli_get(cli, "--id");
    json_t *answer = NULL;
    if ((cli_get(cli, "--policy") == NULL) == (cli_get(cli, "--policy-file") == NULL)) {
        (void)cli_fail("give the policy with --policy TEXT or --policy-file FILE");
        return CLI_USAGE;
    }
    json_t *policy = policy_text(cli);
    json_t *chain = policy == NULL ? NULL : cli_file_text(cli_get(cli, "--chain"));
    json_t *key = chain == NULL ? NULL : cli_file_text(cli_get(cli, "--key"));
    if (key == NULL) {
        json_decref(policy);
        json_decref(chain);
        return CLI_FAILED;
    }
    json_t *body = json_pack("{s:o, s:o, s:o}", "chain", chain, "key", key, "policy", policy);
    int status = id == NULL ? cli_request(&answer, cli, "POST", "/v1/certificates", body)
                            : cli_request_id(&answer, cli, "PUT", "/v1/certificates", id, body);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        print_stored(answer);
    }
    json_decref(answer);
    return status;
}

static int list(struct cli *cli)
{
    json_t *answer = NULL;
    size_t i;
    json_t *item;
    int status = cli_request(&answer, cli, "GET", "/v1/certificates", NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("%-32s %-9s %-40s %s\n", "ID", "KEY", "POLICY", "HOSTS");
        json_array_foreach(json_object_get(answer, "certificates"), i, item)
        {
            char hosts[LIST_MAX];
            cli_join(hosts, sizeof hosts, json_object_get(item, "hosts"));
            (void)printf("%-32s %-9s %-40s %s\n", cli_text(item, "id"), cli_text(item, "key_type"),
                         cli_text(item, "policy"), hosts);
        }
    }
    json_decref(answer);
    return status;
}

static int show(struct cli *cli)
{
    json_t *answer = NULL;
    int status = cli_request_id(&answer, cli, "GET", "/v1/certificates", cli->operand, NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        char list_text[LIST_MAX];
        (void)printf("id           %s\n", cli_text(answer, "id"));
        cli_join(list_text, sizeof list_text, json_object_get(answer, "hosts"));
        (void)printf("hosts        %s\n", list_text);
        (void)printf("key          %s, SKI %s\n", cli_text(answer, "key_type"),
                     cli_text(answer, "ski"));
        (void)printf("fingerprint  %s\n", cli_text(answer, "fingerprint"));
        (void)printf("policy       %s\n", cli_text(answer, "policy"));
        (void)printf("normal form  %s\n", cli_text(answer, "policy_normal"));
        cli_join(list_text, sizeof list_text, json_object_get(answer, "satisfied_by"));
        (void)printf("opens in     %s\n", list_text[0] == '\0' ? "no data centre" : list_text);
        (void)printf("created      %s\n", cli_text(answer, "created"));
        (void)printf("updated      %s\n", cli_text(answer, "updated"));
    }
    json_decref(answer);
    return status;
}

static int delete (struct cli *cli)
{
    return cli_delete(cli, "/v1/certificates");
}

static const struct cli_option upload_options[] = {
    {.name = "--id", .value = "ID"},
    {.name = "--chain", .value = "FILE", .required = true},
    {.name = "--key", .value = "FILE", .required = true},
    {.name = "--policy", .value = "TEXT"},
    {.name = "--policy-file", .value = "FILE"},
    {.name = NULL},
};

const struct cli_command cli_certificate_commands[] = {
    {"certificate", "upload", NULL,
     "stores a certificate with its key, sealed under a policy; with --id, creates or replaces it",
     upload_options, upload},
    {"certificate", "list", NULL, "lists the certificates", NULL, list},
    {"certificate", "show", "ID", "shows one certificate and where its key opens", NULL, show},
    {"certificate", "delete", "ID", "deletes a certificate and, when nothing else uses it, its key",
     NULL, delete},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
