/* The module's one entry: OSSL_provider_init(). Settings come from the environment, else from the
 * provider's section of the OpenSSL configuration, else they are the defaults. */
#include "provider_int.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef KEYFENCE_VERSION
#define KEYFENCE_VERSION "unversioned"
#endif

enum { DEADLINE_MIN_MS = 10, DEADLINE_MAX_MS = 60000 };

struct raw_settings {
    const char *signer;
    const char *relay;
    const char *deadline;
    const char *log;
};

int provider_raise(const struct provider *p, const char *file, int line, int reason,
                   const char *format, ...)
{
    va_list arguments;
    if (p->new_error == NULL || p->vset_error == NULL) {
        return 0;
    }
    va_start(arguments, format);
    p->new_error(p->handle);
    if (p->set_error_debug != NULL) {
        p->set_error_debug(p->handle, file, line, PROVIDER_NAME);
    }
    p->vset_error(p->handle, (uint32_t)reason, format, arguments);
    va_end(arguments);
    return 0;
}

static const OSSL_ITEM reasons[] = {
    {KEYLESS_ERR_CRYPTO, "the signer could not do the operation"},
    {KEYLESS_ERR_KEY_NOT_FOUND, "the signer does not know the key"},
    {KEYLESS_ERR_READ, "the signer could not read"},
    {KEYLESS_ERR_VERSION, "the signer speaks another version of the protocol"},
    {KEYLESS_ERR_BAD_OPCODE, "the signer does not know the operation"},
    {KEYLESS_ERR_FORMAT, "the signer could not read the request"},
    {KEYLESS_ERR_INTERNAL, "the signer has an internal error"},
    {KEYLESS_ERR_NOT_HERE, "this machine does not satisfy the key's policy"},
    {KEYLESS_ERR_OVERLOADED, "overloaded"},
    {KEYLESS_ERR_DEADLINE, "no signature in time"},
    {KEYLESS_ERR_NO_DATACENTER, "no data centre satisfies the key's policy"},
    {KEYLESS_ERR_NO_ANSWER, "no data centre that satisfies the key's policy answered"},
    {CLIENT_UNREACHABLE, "signer and relay cannot be reached"},
    {CLIENT_BAD_ANSWER, "the signer's answer does not fit the key"},
    {CLIENT_RESOURCES, "out of memory, descriptors or threads"},
    {REASON_BAD_REFERENCE, "bad key reference"},
    {REASON_UNSUPPORTED, "not supported"},
    {REASON_MEMORY, "out of memory"},
    {REASON_DIGEST, "the digest could not be computed"},
    {REASON_BUFFER, "the buffer is too small"},
    {REASON_PRIVATE_IMPORT, "private keys are not taken in"},
    {0, NULL},
};

static void read_configuration(struct raw_settings *s, const struct provider *p)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_ptr("signer-socket", (char **)(void *)&s->signer, 0),
        OSSL_PARAM_utf8_ptr("relay-socket", (char **)(void *)&s->relay, 0),
        OSSL_PARAM_utf8_ptr("deadline-ms", (char **)(void *)&s->deadline, 0),
        OSSL_PARAM_utf8_ptr("log", (char **)(void *)&s->log, 0),
        OSSL_PARAM_END,
    };
    if (p->get_params != NULL && p->get_params(p->handle, params) != 1) {
        *s = (struct raw_settings){0};
    }
}

static void prefer_environment(const char **value, const char *name, const char *fallback)
{
    const char *set = secure_getenv(name);
    if (set != NULL && set[0] != 0) {
        *value = set;
    } else if (*value == NULL) {
        *value = fallback;
    }
}

static bool copy_path(char out[static CLIENT_PATH_MAX], const char *path)
{
    size_t n = strlen(path);
    if (n >= CLIENT_PATH_MAX) {
        return false;
    }
    memcpy(out, path, n + 1);
    return true;
}

static bool read_deadline(uint32_t *out, const char *text)
{
    char *end = NULL;
    unsigned long v = strtoul(text, &end, 10);
    if (end == text || *end != 0 || v < DEADLINE_MIN_MS || v > DEADLINE_MAX_MS) {
        return false;
    }
    *out = (uint32_t)v;
    return true;
}

/* Fails loudly: a server that starts with a typo in its settings would fail every handshake. */
static int start_client(struct provider *p)
{
    struct raw_settings raw = {0};
    struct client_settings s = {.clock = kf_clock_system(), .deadline_ms = CLIENT_DEADLINE_MS};
    read_configuration(&raw, p);
    prefer_environment(&raw.signer, "KEYFENCE_SIGNER_SOCKET", "/run/keyfence/signer.sock");
    prefer_environment(&raw.relay, "KEYFENCE_RELAY_SOCKET", "/run/keyfence/relay.sock");
    prefer_environment(&raw.deadline, "KEYFENCE_DEADLINE_MS", NULL);
    prefer_environment(&raw.log, "KEYFENCE_LOG", "stderr");
    if (!copy_path(s.signer, raw.signer) || !copy_path(s.relay, raw.relay)) {
        return RAISE(p, REASON_UNSUPPORTED, "a socket path longer than %d bytes",
                     CLIENT_PATH_MAX - 1);
    }
    if (raw.deadline != NULL && !read_deadline(&s.deadline_ms, raw.deadline)) {
        return RAISE(p, REASON_UNSUPPORTED, "deadline-ms '%s': a number from %d to %d is wanted",
                     raw.deadline, DEADLINE_MIN_MS, DEADLINE_MAX_MS);
    }
    p->log = log_new(raw.log, s.clock);
    if (p->log == NULL) {
        return RAISE(p, REASON_UNSUPPORTED, "log '%s': stderr, syslog or none is wanted", raw.log);
    }
    s.log = (struct client_log){.failed = log_failure, .context = p->log};
    p->client = client_new(&s);
    return p->client != NULL ? 1 : RAISE(p, REASON_MEMORY, "out of memory");
}

static void provider_teardown(void *provctx)
{
    struct provider *p = provctx;
    client_free(p->client);
    log_free(p->log);
    OSSL_LIB_CTX_free(p->libctx);
    free(p);
}

static const OSSL_PARAM *provider_gettable_params(void *provctx)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_BUILDINFO, OSSL_PARAM_UTF8_PTR, NULL, 0),
        OSSL_PARAM_DEFN(OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)provctx;
    return params;
}

static int set_text(OSSL_PARAM params[], const char *key, const char *value)
{
    OSSL_PARAM *found = OSSL_PARAM_locate(params, key);
    return found == NULL || OSSL_PARAM_set_utf8_ptr(found, value);
}

static int provider_get_params(void *provctx, OSSL_PARAM params[])
{
    (void)provctx;
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return set_text(params, OSSL_PROV_PARAM_NAME, "Keyfence provider") &&
           set_text(params, OSSL_PROV_PARAM_VERSION, KEYFENCE_VERSION) &&
           set_text(params, OSSL_PROV_PARAM_BUILDINFO, KEYFENCE_VERSION) &&
           (status == NULL || OSSL_PARAM_set_int(status, 1));
}

static const OSSL_ALGORITHM *provider_query(void *provctx, int operation, int *no_cache)
{
    (void)provctx;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_DECODER:
        return provider_decoders;
    case OSSL_OP_KEYMGMT:
        return provider_keymgmts;
    case OSSL_OP_SIGNATURE:
        return provider_signatures;
    case OSSL_OP_ASYM_CIPHER:
        return provider_asym_ciphers;
    default:
        return NULL;
    }
}

static const OSSL_ITEM *provider_reasons(void *provctx)
{
    (void)provctx;
    return reasons;
}

static void take_core_functions(struct provider *p, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_NEW_ERROR:
            p->new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            p->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            p->vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        case OSSL_FUNC_CORE_GET_PARAMS:
            p->get_params = OSSL_FUNC_core_get_params(in);
            break;
        default:
            break;
        }
    }
}

static const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))provider_teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))provider_gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))provider_get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))provider_reasons},
    {0, NULL},
};

__attribute__((visibility("default"))) OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **provctx)
{
    struct provider *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return 0;
    }
    p->handle = handle;
    take_core_functions(p, in);
    p->libctx = OSSL_LIB_CTX_new_from_dispatch(handle, in);
    if (p->libctx == NULL || !start_client(p)) {
        provider_teardown(p);
        return 0;
    }
    *out = provider_functions;
    *provctx = p;
    return 1;
}
