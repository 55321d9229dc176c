#include "cpabe_cli.h"

#include "bls12381/bls12381.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const struct cli_command *const commands[] = {
    &cli_setup, &cli_keygen, &cli_encrypt, &cli_decrypt, &cli_inspect, &cli_check,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* Every option of every command; a command names those it takes by their letters. */
static const struct option all_options[] = {
    {"public", required_argument, NULL, 'p'},
    {"secret", required_argument, NULL, 's'},
    {"key", required_argument, NULL, 'k'},
    {"in", required_argument, NULL, 'i'},
    {"out", required_argument, NULL, 'o'},
    {"attributes", required_argument, NULL, 'a'},
    {"policy", required_argument, NULL, 'y'},
    {"format", required_argument, NULL, 'f'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char *option_name(int letter)
{
    for (const struct option *o = all_options; o->name != NULL; o++) {
        if (o->val == letter) {
            return o->name;
        }
    }
    return "?";
}

static const char **option_slot(struct cli_options *o, int letter)
{
    switch (letter) {
    case 'p':
        return &o->public_file;
    case 's':
        return &o->secret_file;
    case 'k':
        return &o->key_file;
    case 'i':
        return &o->in_file;
    case 'o':
        return &o->out_file;
    case 'a':
        return &o->attributes;
    case 'y':
        return &o->policy;
    case 'f':
        return &o->format;
    default:
        return NULL;
    }
}

enum cli_exit cli_fail(enum cli_exit status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("cpabe: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    return status;
}

static void print_help(FILE *f)
{
    (void)fputs("cpabe encrypts to a policy over attributes: whoever's attributes satisfy it "
                "decrypts.\n\n",
                f);
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(f, "  cpabe %s %s\n        %s\n", commands[i]->name, commands[i]->usage,
                      commands[i]->summary);
    }
    (void)fputs("\nFILE may be - for standard input or output. A policy: "
                "'region: EU and not country: FR'.\n"
                "Exit status: 0 done, 1 failure, 2 usage, 3 attributes do not satisfy the policy,\n"
                "4 malformed or forged input. See cpabe(1).\n",
                f);
}

static enum cli_exit usage(const struct cli_command *command)
{
    (void)fprintf(stderr, "usage: cpabe %s %s\n", command->name, command->usage);
    return CLI_USAGE;
}

static enum cli_exit check_given(const struct cli_command *command, struct cli_options *options,
                                 int operands)
{
    for (const char *letter = command->required; *letter != '\0'; letter++) {
        if (*option_slot(options, *letter) == NULL) {
            (void)cli_fail(CLI_USAGE, "%s: --%s is missing", command->name, option_name(*letter));
            return usage(command);
        }
    }
    if (operands != (command->operand ? 1 : 0)) {
        (void)cli_fail(CLI_USAGE, command->operand ? "%s takes one file" : "%s takes no operands",
                       command->name);
        return usage(command);
    }
    return CLI_OK;
}

/* Parses argv after the command's name. *help: only the usage was asked for. */
static enum cli_exit parse(const struct cli_command *command, struct cli_options *options,
                           bool *help, int argc, char **argv)
{
    static char program[] = "cpabe"; /* what getopt begins its messages with */
    int letter;
    optind = 1;
    argv[0] = program;
    while ((letter = getopt_long(argc, argv, "", all_options, NULL)) != -1) {
        if (letter == 'h') {
            *help = true;
            return CLI_OK;
        }
        if (letter == '?') {
            return usage(command);
        }
        if (strchr(command->options, letter) == NULL) {
            (void)cli_fail(CLI_USAGE, "%s does not take --%s", command->name, option_name(letter));
            return usage(command);
        }
        const char **slot = option_slot(options, letter);
        if (slot == NULL) {
            options->json = true;
        } else if (*slot != NULL) {
            (void)cli_fail(CLI_USAGE, "%s: --%s is given twice", command->name,
                           option_name(letter));
            return usage(command);
        } else {
            *slot = optarg;
        }
    }
    options->operand = optind < argc ? argv[optind] : NULL;
    return check_given(command, options, argc - optind);
}

static enum cli_exit run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_options options = {0};
    bool help = false;
    enum cli_exit status = parse(command, &options, &help, argc, argv);
    if (status != CLI_OK) {
        return status;
    }
    if (help) {
        (void)printf("usage: cpabe %s %s\n%s\n", command->name, command->usage, command->summary);
        return CLI_OK;
    }
    return command->run(&options);
}

int main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core); /* keys pass through this process's memory */
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("cpabe %s\nBLS12-381 path: %s\n", CPABE_CLI_VERSION, bls_path_name());
        return CLI_OK;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return (int)run(commands[i], argc - 1, argv + 1);
        }
    }
    (void)cli_fail(CLI_USAGE, "there is no command \"%s\"; cpabe --help lists them", argv[1]);
    return CLI_USAGE;
}
