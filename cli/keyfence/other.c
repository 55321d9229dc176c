#include "keyfence_cli.h"

#include "files.h"
#include "keyless/frame.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIST_MAX = 4096, SOCKET_SECONDS = 5 };

static int policy_check(struct cli *cli)
{
    json_t *answer = NULL;
    char list[LIST_MAX];
    int status = cli_request(&answer, cli, "POST", "/v1/policies/check",
                             json_pack("{s:s}", "policy", cli->operand));
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("normal form  %s\n", cli_text(answer, "policy_normal"));
        cli_join(list, sizeof list, json_object_get(answer, "satisfied_by"));
        (void)printf("opens in     %s\n", list[0] == '\0' ? "no data centre" : list);
        cli_print_warnings(answer);
    }
    json_decref(answer);
    return status;
}

/* ---- status of a signer or relay, over the Keyless protocol ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = SOCKET_SECONDS};
    if (strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
                    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Asks for the status and reads one frame into `frame`, KEYLESS_FRAME_MAX bytes. */
static bool ask_status(struct keyless_message *out, uint8_t *frame, int fd)
{
    const struct keyless_message request = {.id = 1, .opcode = KEYLESS_OP_STATUS};
    size_t length = 0;
    size_t have = 0;
    size_t needed = KEYLESS_HEADER_LENGTH;
    if (keyless_frame_write(frame, &length, KEYLESS_FRAME_MAX, &request) != KF_OK ||
        send(fd, frame, length, MSG_NOSIGNAL) != (ssize_t)length) {
        return false;
    }
    while (have < needed) {
        ssize_t n = recv(fd, frame + have, needed - have, 0);
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
        if (keyless_frame_measure(&needed, frame, have, KEYLESS_BODY_MAX) != KF_OK) {
            return false;
        }
    }
    return keyless_frame_read(out, frame, have) == KF_OK;
}

static int socket_status(const char *path)
{
    struct keyless_message answer;
    uint8_t *frame = malloc(KEYLESS_FRAME_MAX);
    int fd = connect_to(path);
    int status = CLI_OK;
    if (frame == NULL || fd < 0) {
        status = cli_fail("nobody answers on %s: %m", path);
    } else if (!ask_status(&answer, frame, fd)) {
        status = cli_fail(
            "%s gave no answer that can be read; is it a signer's or a relay's socket?", path);
    } else if (answer.opcode != KEYLESS_OP_RESPONSE) {
        status = cli_fail("%s answered: %s", path, keyless_error_text(answer.error));
    } else {
        json_t *value =
            json_loadb((const char *)answer.payload.data, answer.payload.length, 0, NULL);
        if (value == NULL) {
            status = cli_fail("%s answered with something else than JSON", path);
        } else {
            (void)json_dumpf(value, stdout,
                             JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
            (void)putchar('\n');
        }
        json_decref(value);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(frame);
    return status;
}

static int show_status(struct cli *cli)
{
    static const char *const numbers[] = {"head",     "generation",   "datacenters",
                                          "machines", "certificates", "policy_keys"};
    static const char *const texts[] = {"version", "store", "authority", "started"};
    json_t *answer = NULL;
    if (cli_get(cli, "--socket") != NULL) {
        return socket_status(cli_get(cli, "--socket"));
    }
    int status = cli_request(&answer, cli, "GET", "/v1/status", NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            (void)printf("%-13s %s\n", texts[i], cli_text(answer, texts[i]));
        }
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            (void)printf("%-13s %lld\n", numbers[i],
                         (long long)json_integer_value(json_object_get(answer, numbers[i])));
        }
    }
    json_decref(answer);
    return status;
}

/* ---- the certificate of the TLS server in front of the feed ---- */

static int write_text(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    struct kf_error err = {.message = "the core's answer is incomplete"};
    if (text[0] == '\0' || files_join(path, sizeof path, folder, name, &err) != KF_OK ||
        files_write(path, 0644, (const uint8_t *)text, strlen(text), &err) != KF_OK) {
        return cli_fail("%s", err.message);
    }
    return CLI_OK;
}

static int core_certificate(struct cli *cli)
{
    const char *folder = cli_get(cli, "--dir");
    json_t *answer = NULL;
    json_t *names = json_array();
    struct kf_error err = {.message = ""};
    size_t at = 0;
    for (const char *name; (name = cli_next(cli, "--name", &at)) != NULL;) {
        (void)json_array_append_new(names, json_string(name));
    }
    if (files_make_folder(folder, 0750, &err) != KF_OK) {
        json_decref(names);
        return cli_fail("%s", err.message);
    }
    json_t *csr = cli_make_key(folder, "core.pem.key", "core");
    if (csr == NULL) {
        json_decref(names);
        return CLI_FAILED;
    }
    int status = cli_request(&answer, cli, "POST", "/v1/front-certificate",
                             json_pack("{s:o, s:o}", "csr", csr, "names", names));
    if (status == CLI_OK) {
        status = write_text(folder, "core.pem", cli_text(answer, "certificate"));
    }
    if (status == CLI_OK) {
        status = write_text(folder, "machine-ca.pem", cli_text(answer, "machine_ca"));
    }
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("wrote core.pem, core.pem.key and machine-ca.pem in %s\n", folder);
    }
    json_decref(answer);
    return status;
}

static const struct cli_option status_options[] = {
    {.name = "--socket", .value = "PATH"},
    {.name = NULL},
};

static const struct cli_option core_certificate_options[] = {
    {.name = "--dir", .value = "DIR", .required = true},
    {.name = "--name", .value = "NAME", .required = true, .many = true},
    {.name = NULL},
};

const struct cli_command cli_other_commands[] = {
    {"policy", "check", "POLICY", "checks a policy and says where it would open", NULL,
     policy_check},
    {"status", NULL, NULL, "shows the core's state, or a signer's or relay's with --socket",
     status_options, show_status},
    {"core-certificate", NULL, NULL,
     "makes the certificate of the TLS server in front of the core's feed",
     core_certificate_options, core_certificate},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
