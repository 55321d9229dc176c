#include "keyfence_cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool set_number(json_t *body, const struct cli *cli, const char *option, const char *member)
{
    const char *text = cli_get(cli, option);
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value)) {
        (void)cli_fail("%s takes a number of degrees, not \"%s\"", option, text);
        return false;
    }
    return json_object_set_new(body, member, json_real(value)) == 0;
}

/* Repeats LABEL=VALUE; a label given twice becomes a list. */
static bool set_attributes(json_t *body, const struct cli *cli)
{
    json_t *attributes = json_object();
    size_t at = 0;
    for (const char *pair; (pair = cli_next(cli, "--attribute", &at)) != NULL;) {
        char label[256];
        const char *equals = strchr(pair, '=');
        if (equals == NULL || equals == pair || (size_t)(equals - pair) >= sizeof label) {
            (void)cli_fail("--attribute takes LABEL=VALUE, not \"%s\"", pair);
            json_decref(attributes);
            return false;
        }
        (void)snprintf(label, sizeof label, "%.*s", (int)(equals - pair), pair);
        json_t *values = json_object_get(attributes, label);
        if (values == NULL) {
            values = json_array();
            (void)json_object_set_new(attributes, label, values);
        }
        (void)json_array_append_new(values, json_string(equals + 1));
    }
    return json_object_set_new(body, "attributes", attributes) == 0;
}

static json_t *make_body(const struct cli *cli)
{
    static const char *const texts[][2] = {
        {"--id", "id"}, {"--name", "name"}, {"--country", "country"}, {"--metro", "metro"}};
    json_t *body = json_object();
    json_t *regions = json_array();
    size_t at = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = cli_get(cli, texts[i][0]);
        if (text != NULL) {
            (void)json_object_set_new(body, texts[i][1], json_string(text));
        }
    }
    for (const char *region; (region = cli_next(cli, "--region", &at)) != NULL;) {
        (void)json_array_append_new(regions, json_string(region));
    }
    (void)json_object_set_new(body, "regions", regions);
    if (!set_number(body, cli, "--latitude", "latitude") ||
        !set_number(body, cli, "--longitude", "longitude") || !set_attributes(body, cli)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static int add(struct cli *cli)
{
    json_t *answer = NULL;
    json_t *body = make_body(cli);
    if (body == NULL) {
        return CLI_USAGE;
    }
    int status =
        cli_get(cli, "--replace") == NULL
            ? cli_request(&answer, cli, "POST", "/v1/datacenters", body)
            : cli_request_id(&answer, cli, "PUT", "/v1/datacenters", cli_get(cli, "--id"), body);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("stored %s (%s, %s)\n", cli_text(answer, "id"), cli_text(answer, "name"),
                     cli_text(answer, "country"));
    }
    json_decref(answer);
    return status;
}

static int list(struct cli *cli)
{
    json_t *answer = NULL;
    size_t i;
    json_t *item;
    int status = cli_request(&answer, cli, "GET", "/v1/datacenters", NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("%-16s %-20s %-8s %-16s %9s %9s\n", "ID", "NAME", "COUNTRY", "METRO",
                     "LATITUDE", "LONGITUDE");
        json_array_foreach(json_object_get(answer, "datacenters"), i, item)
        {
            (void)printf("%-16s %-20s %-8s %-16s %9.3f %9.3f\n", cli_text(item, "id"),
                         cli_text(item, "name"), cli_text(item, "country"), cli_text(item, "metro"),
                         json_number_value(json_object_get(item, "latitude")),
                         json_number_value(json_object_get(item, "longitude")));
        }
    }
    json_decref(answer);
    return status;
}

static int show(struct cli *cli)
{
    json_t *answer = NULL;
    const char *label;
    json_t *value;
    int status = cli_request_id(&answer, cli, "GET", "/v1/datacenters", cli->operand, NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("%s  %s\n", cli_text(answer, "id"), cli_text(answer, "name"));
        json_object_foreach(json_object_get(answer, "attributes"), label, value)
        {
            (void)printf("  %s: %s\n", label, json_string_value(value));
        }
    }
    json_decref(answer);
    return status;
}

static int delete (struct cli *cli)
{
    return cli_delete(cli, "/v1/datacenters");
}

static const struct cli_option add_options[] = {
    {.name = "--id", .value = "ID", .required = true},
    {.name = "--name", .value = "NAME"},
    {.name = "--country", .value = "CC", .required = true},
    {.name = "--metro", .value = "METRO"},
    {.name = "--latitude", .value = "DEGREES", .required = true},
    {.name = "--longitude", .value = "DEGREES", .required = true},
    {.name = "--attribute", .value = "LABEL=VALUE", .many = true},
    {.name = "--region", .value = "REGION", .many = true},
    {.name = "--replace"},
    {.name = NULL},
};

const struct cli_command cli_datacenter_commands[] = {
    {"datacenter", "add", NULL,
     "declares a data centre; with --replace, changes one and issues its machines new keys",
     add_options, add},
    {"datacenter", "list", NULL, "lists the data centres", NULL, list},
    {"datacenter", "show", "ID", "shows the attributes that its machines carry", NULL, show},
    {"datacenter", "delete", "ID", "deletes a data centre that has no machines", NULL, delete},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
