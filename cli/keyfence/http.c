#include "keyfence_cli.h"

#include "base/secret.h"
#include "files.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 * 1024 * 1024, TOKEN_MAX = 256, URL_MAX = 4096, SECONDS = 60 };

struct answer {
    char *data;
    size_t length;
};

static size_t collect(char *data, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    size_t more = size * count;
    if (more > ANSWER_MAX - answer->length) {
        return 0;
    }
    char *grown = realloc(answer->data, answer->length + more + 1);
    if (grown == NULL) {
        return 0;
    }
    memcpy(grown + answer->length, data, more);
    answer->data = grown;
    answer->length += more;
    answer->data[answer->length] = '\0';
    return more;
}

/* The header with the token of --token; NULL without one, *ok false after a message. */
static struct curl_slist *token_header(bool *ok, const char *path)
{
    char header[TOKEN_MAX + 32];
    uint8_t *token = NULL;
    size_t length = 0;
    struct kf_error err = {.message = ""};
    *ok = true;
    if (path == NULL) {
        return NULL;
    }
    if (files_read(&token, &length, path, TOKEN_MAX, &err) != KF_OK) {
        (void)cli_fail("the token: %s", err.message);
        *ok = false;
        return NULL;
    }
    size_t line = strcspn((char *)token, "\r\n");
    if (line == 0) {
        kf_secret_free(token);
        (void)cli_fail("the token: %s is empty", path);
        *ok = false;
        return NULL;
    }
    (void)snprintf(header, sizeof header, "Authorization: Bearer %.*s", (int)line, (char *)token);
    kf_secret_free(token);
    struct curl_slist *list = curl_slist_append(NULL, header);
    kf_wipe(header, sizeof header);
    return list;
}

/* Prints an API error as a person reads it. */
static int report(const struct cli *cli, long http, const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    if (!json_is_object(error)) {
        return cli_fail("the core answered with HTTP status %ld and no reason", http);
    }
    (void)cli_print_json(cli, answer);
    (void)cli_fail("%s", cli_text(error, "message"));
    if (cli_text(error, "hint")[0] != '\0') {
        (void)fprintf(stderr, "  hint: %s\n", cli_text(error, "hint"));
    }
    return CLI_FAILED;
}

static bool set_target(CURL *curl, char url[static URL_MAX], const char *core, const char *path)
{
    bool local = strncmp(core, "unix:", 5) == 0;
    size_t length = strlen(core);
    if (!local && strncmp(core, "http://", 7) != 0 && strncmp(core, "https://", 8) != 0) {
        return false;
    }
    while (!local && length > 0 && core[length - 1] == '/') {
        length--;
    }
    int n = local ? snprintf(url, URL_MAX, "http://keyfence%s", path)
                  : snprintf(url, URL_MAX, "%.*s%s", (int)length, core, path);
    if (n < 0 || n >= URL_MAX) {
        return false;
    }
    return (!local || curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, core + 5) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
}

/* Why there was no answer. What libcurl says of a Unix socket names the host of the URL, which
 * nobody gave. */
static int report_no_answer(CURL *curl, CURLcode code, const char *core, const char *reason)
{
    long number = 0;
    bool local = strncmp(core, "unix:", 5) == 0;
    if (code != CURLE_COULDNT_CONNECT) {
        return cli_fail("no answer from the core at %s: %s", core,
                        reason[0] != '\0' ? reason : curl_easy_strerror(code));
    }
    (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    (void)cli_fail("cannot reach the core at %s: %s", core,
                   local && number != 0 ? strerror((int)number) : reason);
    (void)fputs("  hint: is keyfence-core running, and is this an address under api: in its "
                "configuration?\n",
                stderr);
    return CLI_FAILED;
}

static int perform(struct answer *out, long *http, const struct cli *cli, const char *method,
                   const char *path, const char *body)
{
    char reason[CURL_ERROR_SIZE] = "";
    char url[URL_MAX];
    bool token_read;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = token_header(&token_read, cli->token_file);
    if (curl == NULL || !token_read) {
        curl_easy_cleanup(curl);
        return CLI_FAILED;
    }
    headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    if (!set_target(curl, url, cli->core, path)) {
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        return cli_fail("%s is not a core's address: unix:PATH, http://HOST:PORT or "
                        "https://HOST:PORT",
                        cli->core);
    }
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (body != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, http);
    int status = code == CURLE_OK ? CLI_OK : report_no_answer(curl, code, cli->core, reason);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

int cli_request(json_t **answer, const struct cli *cli, const char *method, const char *path,
                json_t *body)
{
    struct answer raw = {.data = NULL};
    long http = 0;
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    bool encoded = body == NULL || text != NULL;
    json_decref(body);
    if (!encoded) {
        return cli_fail("what is to be sent is not UTF-8 text");
    }
    int status = perform(&raw, &http, cli, method, path, text);
    kf_wiping_free(text);
    if (status == CLI_OK) {
        json_t *parsed = raw.data == NULL ? NULL : json_loadb(raw.data, raw.length, 0, NULL);
        if (http < 200 || http > 299) {
            status = report(cli, http, parsed);
            json_decref(parsed);
        } else if (parsed == NULL) {
            status = cli_fail("the core's answer is not JSON");
        } else {
            *answer = parsed;
        }
    }
    free(raw.data);
    return status;
}

int cli_request_id(json_t **answer, const struct cli *cli, const char *method, const char *path,
                   const char *id, json_t *body)
{
    char full[URL_MAX / 2];
    char *escaped = curl_easy_escape(NULL, id, 0);
    if (escaped == NULL ||
        snprintf(full, sizeof full, "%s/%s", path, escaped) >= (int)sizeof full) {
        curl_free(escaped);
        json_decref(body);
        return cli_fail("not an id: %.100s", id);
    }
    curl_free(escaped);
    return cli_request(answer, cli, method, full, body);
}

int cli_delete(struct cli *cli, const char *path)
{
    json_t *answer = NULL;
    int status = cli_request_id(&answer, cli, "DELETE", path, cli->operand, NULL);
    if (status == CLI_OK && !cli_print_json(cli, answer)) {
        (void)printf("deleted %s\n", cli_text(answer, "id"));
    }
    json_decref(answer);
    return status;
}
