#include "fetch.h"

#include "envelope/feed.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    CONNECT_TIMEOUT_MS = 2000,
    GRACE_MS = 3000, /* beyond the wait that was asked for, until an answer counts as lost */
    POLL_MS = 1000,
    PATH_SIZE = 4096,
    URL_SIZE = 4096,
};

struct fetch {
    CURLM *multi;
    CURL *easy;
    const atomic_bool *stop;
    char *base; /* scheme and authority */
    char *machine;
    uint8_t *body;
    size_t length;
    bool too_long;
    bool fresh; /* the next request makes a new connection */
    struct fetch_response response;
    char problem[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct fetch *f = context;
    size_t n = size * count;
    if (n > FEED_BODY_MAX - f->length) {
        f->too_long = true;
        return 0;
    }
    memcpy(f->body + f->length, data, n);
    f->length += n;
    return n;
}

static bool value_of(char *out, size_t capacity, const char *line, size_t length, const char *name)
{
    size_t n = strlen(name);
    if (length <= n || strncasecmp(line, name, n) != 0)
        return false;
    line += n;
    length -= n;
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    while (length > 0 &&
           (line[length - 1] == '\r' || line[length - 1] == '\n' || line[length - 1] == ' '))
        length--;
    if (length == 0 || length >= capacity)
        return false;
    memcpy(out, line, length);
    out[length] = 0;
    return true;
}

static bool parse_revision(uint64_t *out, const char *text)
{
    uint64_t v = 0;
    for (; *text; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*text < '0' || *text > '9' || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool parse_id(uint8_t out[static STORE_ID_SIZE], const char *text)
{
    if (strlen(text) != (size_t)2 * STORE_ID_SIZE)
        return false;
    for (size_t i = 0; i < STORE_ID_SIZE; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct fetch *f = context;
    char value[64];
    if (value_of(value, sizeof value, data, size * count, "X-Keyfence-Head:"))
        f->response.has_head = parse_revision(&f->response.head, value);
    else if (value_of(value, sizeof value, data, size * count, "X-Keyfence-Store:"))
        f->response.has_store_id = parse_id(f->response.store_id, value);
    return size * count;
}

KF_MUST_USE static enum kf_status use_files(struct fetch *f, const struct fetch_options *options,
                                            struct kf_error *err)
{
    static const struct {
        CURLoption option;
        const char *file;
    } files[] = {{CURLOPT_SSLCERT, "sync.pem"},
                 {CURLOPT_SSLKEY, "sync.key"},
                 {CURLOPT_CAINFO, "machine-ca.pem"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[PATH_SIZE];
        int n = snprintf(path, sizeof path, "%s/%s", options->folder, files[i].file);
        if (n < 0 || (size_t)n >= sizeof path)
            return kf_fail(err, KF_ERR_USAGE, "%s: the path is too long", options->folder);
        if (curl_easy_setopt(f->easy, files[i].option, path) != CURLE_OK)
            return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    }
    return KF_OK;
}

KF_MUST_USE static enum kf_status use_core(struct fetch *f, const struct fetch_options *options,
                                           struct kf_error *err)
{
    static const char unix_prefix[] = "unix:";
    static const char https_prefix[] = "https://";
    const char *core = options->core;
    if (strncmp(core, unix_prefix, sizeof unix_prefix - 1) == 0) {
        f->base = strdup("http://core");
        if (!f->base || curl_easy_setopt(f->easy, CURLOPT_UNIX_SOCKET_PATH,
                                         core + sizeof unix_prefix - 1) != CURLE_OK)
            return kf_fail(err, KF_ERR_MEMORY, "out of memory");
        return KF_OK;
    }
    if (strncmp(core, https_prefix, sizeof https_prefix - 1) != 0)
        return kf_fail(err, KF_ERR_USAGE,
                       "sync.core must be https://HOST:PORT or unix:PATH, not %s", core);
    f->base = strdup(core);
    if (!f->base)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    size_t n = strlen(f->base);
    while (n > 0 && f->base[n - 1] == '/')
        f->base[--n] = 0;
    return use_files(f, options, err);
}

static bool set_options(struct fetch *f)
{
    CURL *e = f->easy;
    return curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, f->problem) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, f) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, f) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, "keyfence-sync") == CURLE_OK;
}

enum kf_status fetch_new(struct fetch **out, const struct fetch_options *options,
                         struct kf_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return kf_fail(err, KF_ERR_INTERNAL, "libcurl does not start");
    struct fetch *f = calloc(1, sizeof *f);
    if (!f)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    f->multi = curl_multi_init();
    f->easy = curl_easy_init();
    f->body = malloc(FEED_BODY_MAX);
    f->machine = strdup(options->machine);
    f->stop = options->stop;
    enum kf_status status = KF_OK;
    if (!f->multi || !f->easy || !f->body || !f->machine || !set_options(f))
        status = kf_fail(err, KF_ERR_MEMORY, "out of memory");
    if (status == KF_OK)
        status = use_core(f, options, err);
    if (status != KF_OK) {
        fetch_free(f);
        return status;
    }
    *out = f;
    return KF_OK;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    curl_easy_cleanup(f->easy);
    (void)curl_multi_cleanup(f->multi);
    free(f->base);
    free(f->machine);
    free(f->body);
    free(f);
    curl_global_cleanup();
}

/* Drives the transfer to its end. CURLE_ABORTED_BY_CALLBACK: stop was set. */
static CURLcode perform(struct fetch *f)
{
    if (curl_multi_add_handle(f->multi, f->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    while (!atomic_load(f->stop)) {
        int running = 0;
        int left = 0;
        if (curl_multi_perform(f->multi, &running) != CURLM_OK)
            break;
        CURLMsg *message = curl_multi_info_read(f->multi, &left);
        if (message && message->msg == CURLMSG_DONE) {
            result = message->data.result;
            break;
        }
        if (curl_multi_poll(f->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            break;
    }
    (void)curl_multi_remove_handle(f->multi, f->easy);
    return result;
}

KF_MUST_USE static enum kf_status outcome(struct fetch *f, CURLcode result, struct kf_error *err)
{
    if (atomic_load(f->stop))
        return kf_fail(err, KF_ERR_TIMEOUT, "stopping");
    if (f->too_long)
        return kf_fail(err, KF_ERR_LIMIT, "the answer is longer than %d bytes", (int)FEED_BODY_MAX);
    if (result != CURLE_OK)
        return kf_fail(err, KF_ERR_UNAVAILABLE, "%s",
                       f->problem[0] ? f->problem : curl_easy_strerror(result));
    long code = 0;
    (void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200)
        return kf_fail(err, KF_ERR_DENIED, "it answers %ld: %.*s", code,
                       (int)(f->length < 300 ? f->length : 300), (const char *)f->body);
    return KF_OK;
}

enum kf_status fetch_get(struct fetch_response *out, struct fetch *f, uint64_t after,
                         unsigned wait_seconds, struct kf_error *err)
{
    char url[URL_SIZE];
    int n = snprintf(url, sizeof url, "%s/v1/feed?after=%" PRIu64 "&wait=%u&machine=%s", f->base,
                     after, wait_seconds, f->machine);
    if (n < 0 || (size_t)n >= sizeof url)
        return kf_fail(err, KF_ERR_USAGE, "%s: the address is too long", f->base);
    memset(&f->response, 0, sizeof f->response);
    f->length = 0;
    f->too_long = false;
    f->problem[0] = 0;
    long timeout = (long)wait_seconds * 1000 + GRACE_MS;
    if (curl_easy_setopt(f->easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(f->easy, CURLOPT_FRESH_CONNECT, f->fresh ? 1L : 0L) != CURLE_OK ||
        curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, timeout) != CURLE_OK)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    f->fresh = false;
    enum kf_status status = outcome(f, perform(f), err);
    if (status != KF_OK)
        return status;
    f->response.body = f->body;
    f->response.length = f->length;
    *out = f->response;
    return KF_OK;
}

void fetch_pause(struct fetch *f, unsigned milliseconds)
{
    if (!atomic_load(f->stop))
        (void)curl_multi_poll(f->multi, NULL, 0, (int)milliseconds, NULL);
}

void fetch_wake(struct fetch *f)
{
    (void)curl_multi_wakeup(f->multi);
}

void fetch_reconnect(struct fetch *f)
{
    f->fresh = true;
}
