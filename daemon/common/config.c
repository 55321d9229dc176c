#include "config.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 4096, LIST_MAX = 64 };

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX),
};

static const cyaml_schema_field_t sync_fields[] = {
    CYAML_FIELD_STRING_PTR("core", CYAML_FLAG_POINTER, struct config_sync, core, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("haproxy", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_sync,
                         haproxy, &text_entry, 0, LIST_MAX),
    CYAML_FIELD_STRING_PTR("certificates", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                           struct config_sync, certificates, 1, TEXT_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t relay_fields[] = {
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_POINTER, struct config_relay, listen, 1, TEXT_MAX),
    CYAML_FIELD_UINT("peer_rate", CYAML_FLAG_OPTIONAL, struct config_relay, peer_rate),
    CYAML_FIELD_UINT("request_limit", CYAML_FLAG_OPTIONAL, struct config_relay, request_limit),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t signer_fields[] = {
    CYAML_FIELD_STRING_PTR("group", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_signer,
                           group, 1, TEXT_MAX),
    CYAML_FIELD_UINT("workers", CYAML_FLAG_OPTIONAL, struct config_signer, workers),
    CYAML_FIELD_UINT("keys_max", CYAML_FLAG_OPTIONAL, struct config_signer, keys_max),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t edge_fields[] = {
    CYAML_FIELD_STRING_PTR("machine", CYAML_FLAG_POINTER, struct config_edge, machine, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("datacenter", CYAML_FLAG_POINTER, struct config_edge, datacenter, 1,
                           TEXT_MAX),
    CYAML_FIELD_STRING_PTR("state", CYAML_FLAG_POINTER, struct config_edge, state, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("run", CYAML_FLAG_POINTER, struct config_edge, run, 1, TEXT_MAX),
    CYAML_FIELD_MAPPING("sync", CYAML_FLAG_DEFAULT, struct config_edge, sync, sync_fields),
    CYAML_FIELD_MAPPING("relay", CYAML_FLAG_DEFAULT, struct config_edge, relay, relay_fields),
    CYAML_FIELD_MAPPING_PTR("signer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_edge,
                            signer, signer_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t edge_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_edge, edge_fields),
};

static const cyaml_schema_field_t core_fields[] = {
    CYAML_FIELD_STRING_PTR("state", CYAML_FLAG_POINTER, struct config_core, state, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE("api", CYAML_FLAG_POINTER, struct config_core, api, &text_entry, 1,
                         LIST_MAX),
    CYAML_FIELD_SEQUENCE("feed", CYAML_FLAG_POINTER, struct config_core, feed, &text_entry, 1,
                         LIST_MAX),
    CYAML_FIELD_STRING_PTR("authority", CYAML_FLAG_POINTER, struct config_core, authority, 1,
                           TEXT_MAX),
    CYAML_FIELD_STRING_PTR("catalogue", CYAML_FLAG_POINTER, struct config_core, catalogue, 1,
                           TEXT_MAX),
    CYAML_FIELD_STRING_PTR("regions", CYAML_FLAG_POINTER, struct config_core, regions, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("group", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct config_core,
                           group, 1, TEXT_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t core_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_core, core_fields),
};

static const cyaml_schema_field_t authority_fields[] = {
    CYAML_FIELD_STRING_PTR("state", CYAML_FLAG_POINTER, struct config_authority, state, 1,
                           TEXT_MAX),
    CYAML_FIELD_STRING_PTR("socket", CYAML_FLAG_POINTER, struct config_authority, socket, 1,
                           TEXT_MAX),
    CYAML_FIELD_STRING_PTR("passphrase_file", CYAML_FLAG_POINTER, struct config_authority,
                           passphrase_file, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("group", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                           struct config_authority, group, 1, TEXT_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t authority_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_authority, authority_fields),
};

/* libcyaml reports in several lines; they are joined, so that one message says it all. */
struct report {
    char text[KF_ERROR_MESSAGE_MAX / 2];
};

__attribute__((format(printf, 3, 0))) static void collect(cyaml_log_t level, void *context,
                                                          const char *format, va_list args)
{
    (void)level;
    struct report *report = context;
    size_t at = strlen(report->text);
    char line[256];
    (void)vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    const char *from = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    /* The place of what is missing is where the mapping ends, which only misleads. */
    if (strcmp(from, "Backtrace:") == 0 || strncmp(report->text, "Missing ", 8) == 0) {
        return;
    }
    (void)snprintf(report->text + at, sizeof report->text - at, "%s%s", at > 0 ? "; " : "",
                   from + strspn(from, " "));
}

static cyaml_config_t reader_config(struct report *report)
{
    return (cyaml_config_t){
        .log_fn = collect,
        .log_ctx = report,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_DEFAULT,
    };
}

static enum kf_status load(void **out, const cyaml_schema_value_t *schema, const char *path,
                           struct kf_error *err)
{
    struct report report = {.text = ""};
    if (access(path, R_OK) != 0) {
        return kf_fail(err, KF_ERR_IO, "cannot read the configuration file %s: %m", path);
    }
    cyaml_config_t config = reader_config(&report);
    cyaml_data_t *loaded = NULL;
    cyaml_err_t result = cyaml_load_file(path, &config, schema, &loaded, NULL);
    if (result != CYAML_OK || loaded == NULL) {
        return kf_fail(err, KF_ERR_USAGE, "configuration file %s: %s", path,
                       result == CYAML_OK       ? "it is empty"
                       : report.text[0] != '\0' ? report.text
                                                : cyaml_strerror(result));
    }
    *out = loaded;
    return KF_OK;
}

static void unload(const cyaml_schema_value_t *schema, void *loaded)
{
    struct report report = {.text = ""};
    cyaml_config_t config = reader_config(&report);
    (void)cyaml_free(&config, schema, loaded, 0);
}

enum kf_status config_edge_load(struct config_edge **out, const char *path, struct kf_error *err)
{
    void *loaded = NULL;
    enum kf_status st = load(&loaded, &edge_schema, path, err);
    if (st != KF_OK) {
        return st;
    }
    struct config_edge *config = loaded;
    if (config->signer == NULL) {
        config->signer = calloc(1, sizeof *config->signer);
        if (config->signer == NULL) {
            config_edge_free(config);
            return kf_fail(err, KF_ERR_MEMORY, "out of memory while reading %s", path);
        }
    }
    *out = config;
    return KF_OK;
}

void config_edge_free(struct config_edge *config)
{
    unload(&edge_schema, config);
}

enum kf_status config_core_load(struct config_core **out, const char *path, struct kf_error *err)
{
    void *loaded = NULL;
    enum kf_status st = load(&loaded, &core_schema, path, err);
    if (st == KF_OK) {
        *out = loaded;
    }
    return st;
}

void config_core_free(struct config_core *config)
{
    unload(&core_schema, config);
}

enum kf_status config_authority_load(struct config_authority **out, const char *path,
                                     struct kf_error *err)
{
    void *loaded = NULL;
    enum kf_status st = load(&loaded, &authority_schema, path, err);
    if (st == KF_OK) {
        *out = loaded;
    }
    return st;
}

void config_authority_free(struct config_authority *config)
{
    unload(&authority_schema, config);
}
