#include "keyfence_cli.h"

#include "base/secret.h"
#include "version.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CORE "unix:/run/keyfence/api.sock"

static const struct cli_command *const tables[] = {
    cli_certificate_commands,
    cli_datacenter_commands,
    cli_machine_commands,
    cli_other_commands,
};

static const struct cli_option global_options[] = {
    {.name = "--core", .value = "unix:PATH|URL"},
    {.name = "--token", .value = "FILE"},
    {.name = "--json"},
    {.name = NULL},
};

int cli_fail(const char *format, ...)
{
    va_list args;
    (void)fputs("keyfence: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return CLI_FAILED;
}

const char *cli_next(const struct cli *cli, const char *name, size_t *at)
{
    while (*at < cli->given_count) {
        size_t i = (*at)++;
        if (strcmp(cli->given[i].name, name) == 0) {
            return cli->given[i].value;
        }
    }
    return NULL;
}

const char *cli_get(const struct cli *cli, const char *name)
{
    size_t at = 0;
    return cli_next(cli, name, &at);
}

static void print_usage(FILE *out, const struct cli_command *command)
{
    (void)fprintf(out, "  keyfence %s%s%s", command->group, command->name == NULL ? "" : " ",
                  command->name == NULL ? "" : command->name);
    if (command->operand != NULL) {
        (void)fprintf(out, " %s", command->operand);
    }
    for (const struct cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
        (void)fprintf(out, " %s%s%s%s%s%s", o->required ? "" : "[", o->name,
                      o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value,
                      o->required ? "" : "]", o->many ? "..." : "");
    }
    (void)fprintf(out, "\n      %s\n", command->summary);
}

static void print_help(FILE *out, const char *group)
{
    (void)fputs("usage: keyfence [--core unix:PATH|URL] [--token FILE] [--json] COMMAND\n", out);
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct cli_command *c = tables[t]; c->group != NULL; c++) {
            if (group == NULL || strcmp(group, c->group) == 0) {
                print_usage(out, c);
            }
        }
    }
    (void)fputs(
        "The core is --core, else $KEYFENCE_CORE, else " DEFAULT_CORE ". See keyfence(1).\n", out);
}

static const struct cli_option *find_option(const struct cli_option *options, const char *text,
                                            size_t length)
{
    for (const struct cli_option *o = options; o != NULL && o->name != NULL; o++) {
        if (strlen(o->name) == length && memcmp(o->name, text, length) == 0) {
            return o;
        }
    }
    return NULL;
}

/* What the command line holds besides options. */
struct words {
    const char *items[4];
    size_t count;
};

/* One argument, or two when the option's value is the next one; 0 on an error, which is printed. */
static int take_argument(struct cli *cli, struct words *words, const struct cli_command *command,
                         int left, char **argv)
{
    const char *text = argv[0];
    if (strncmp(text, "--", 2) != 0) {
        if (words->count == sizeof words->items / sizeof words->items[0]) {
            (void)cli_fail("too many arguments: %s", text);
            return 0;
        }
        words->items[words->count++] = text;
        return 1;
    }
    const char *equals = strchr(text, '=');
    size_t length = equals == NULL ? strlen(text) : (size_t)(equals - text);
    const struct cli_option *option = find_option(global_options, text, length);
    if (option == NULL && command != NULL) {
        option = find_option(command->options, text, length);
    }
    if (option == NULL) {
        (void)cli_fail("unknown option %.*s", (int)length, text);
        return 0;
    }
    const char *value = equals == NULL ? NULL : equals + 1;
    int used = 1;
    if (option->value != NULL && value == NULL) {
        value = left > 1 ? argv[1] : NULL;
        used = 2;
    }
    if ((option->value != NULL) != (value != NULL)) {
        (void)cli_fail("%s takes %s", option->name,
                       option->value == NULL ? "no value" : option->value);
        return 0;
    }
    if (!option->many && cli_get(cli, option->name) != NULL) {
        (void)cli_fail("%s was given twice", option->name);
        return 0;
    }
    if (cli->given_count == CLI_GIVEN_MAX) {
        (void)cli_fail("too many options");
        return 0;
    }
    cli->given[cli->given_count].name = option->name;
    cli->given[cli->given_count++].value = value == NULL ? "" : value;
    return used;
}

/* The command is found first, because its options say which arguments are values. */
static const struct cli_command *find_command(int argc, char **argv)
{
    const char *words[2] = {"", ""};
    size_t count = 0;
    for (int i = 1; i < argc && count < 2; i++) {
        size_t length = strcspn(argv[i], "=");
        const struct cli_option *global = find_option(global_options, argv[i], length);
        if (global != NULL && global->value != NULL && argv[i][length] == '\0') {
            i++;
        } else if (strncmp(argv[i], "--", 2) != 0) {
            words[count++] = argv[i];
        }
    }
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct cli_command *c = tables[t]; c->group != NULL; c++) {
            if (strcmp(c->group, words[0]) == 0 &&
                (c->name == NULL || strcmp(c->name, words[1]) == 0)) {
                return c;
            }
        }
    }
    return NULL;
}

static bool parse(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
    struct words words = {.count = 0};
    for (int i = 1; i < argc;) {
        int used = take_argument(cli, &words, command, argc - i, argv + i);
        if (used == 0) {
            return false;
        }
        i += used;
    }
    size_t expected = (command->name == NULL ? 1u : 2u) + (command->operand == NULL ? 0u : 1u);
    if (words.count != expected) {
        (void)cli_fail("%s",
                       words.count < expected ? "an argument is missing" : "too many arguments");
        return false;
    }
    cli->operand = command->operand == NULL ? NULL : words.items[expected - 1];
    for (const struct cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
        if (o->required && cli_get(cli, o->name) == NULL) {
            (void)cli_fail("%s %s is missing", o->name, o->value == NULL ? "" : o->value);
            return false;
        }
    }
    const char *environment = getenv("KEYFENCE_CORE");
    cli->core = cli_get(cli, "--core");
    cli->core = cli->core != NULL ? cli->core : environment != NULL ? environment : DEFAULT_CORE;
    cli->token_file = cli_get(cli, "--token");
    cli->json = cli_get(cli, "--json") != NULL;
    return true;
}

static int unknown_command(int argc, char **argv)
{
    const struct cli_option *last =
        find_option(global_options, argv[argc - 1], strlen(argv[argc - 1]));
    if (last != NULL && last->value != NULL) {
        (void)cli_fail("%s takes %s", last->name, last->value);
    } else {
        (void)cli_fail("unknown command; keyfence --help lists them");
    }
    return CLI_USAGE;
}

static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], word) == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct cli cli = {.core = NULL};
    /* A key on its way to the core passes through JSON: its blocks are wiped. */
    json_set_alloc_funcs(kf_wiping_malloc, kf_wiping_free);
    if (kf_secret_init() != KF_OK || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        return cli_fail("cannot start: no randomness or no libcurl");
    }
    if (has_word(argc, argv, "--version")) {
        (void)printf("keyfence %s\n", KEYFENCE_VERSION);
        return CLI_OK;
    }
    if (argc < 2 || has_word(argc, argv, "--help")) {
        print_help(argc < 2 ? stderr : stdout, argc > 2 && argv[1][0] != '-' ? argv[1] : NULL);
        return argc < 2 ? CLI_USAGE : CLI_OK;
    }
    const struct cli_command *command = find_command(argc, argv);
    if (command == NULL) {
        return unknown_command(argc, argv);
    }
    if (!parse(&cli, command, argc, argv)) {
        (void)fputs("usage:\n", stderr);
        print_usage(stderr, command);
        return CLI_USAGE;
    }
    int status = command->run(&cli);
    curl_global_cleanup();
    return status;
}
