/* A catalogue's life, its look-ups, and the files it is read from. */
#include "policy/catalogue_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kf_status catalogue_parse(struct catalogue **out, const struct catalogue_source *attributes,
                               const struct catalogue_source *regions,
                               const struct catalogue_source *countries, struct kf_error *err)
{
    struct catalogue *catalogue = calloc(1, sizeof *catalogue);
    if (catalogue == NULL) {
        return kf_fail(err, KF_ERR_MEMORY, "no memory for a catalogue");
    }
    enum kf_status status = catalogue_read_countries(catalogue, countries, err);
    if (status == KF_OK) {
        status = catalogue_read_regions(catalogue, regions, err);
    }
    if (status == KF_OK) {
        status = catalogue_read_labels(catalogue, attributes, err);
    }
    if (status == KF_OK && catalogue->arena.failed) {
        status = kf_fail(err, KF_ERR_MEMORY, "no memory for a catalogue");
    }
    if (status != KF_OK) {
        catalogue_free(catalogue);
        return status;
    }
    *out = catalogue;
    return KF_OK;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (catalogue != NULL) {
        arena_clear(&catalogue->arena);
        free(catalogue);
    }
}

static enum kf_status read_file(char **text, size_t *length, const char *path, struct kf_error *err)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return kf_fail(err, KF_ERR_IO, "%s: %s", path, strerror(errno));
    }
    char *buffer = malloc(CATALOGUE_FILE_MAX + 1);
    size_t size = buffer == NULL ? 0 : fread(buffer, 1, CATALOGUE_FILE_MAX + 1, file);
    bool failed = buffer == NULL || ferror(file) != 0;
    (void)fclose(file);
    if (failed || size > CATALOGUE_FILE_MAX) {
        free(buffer);
        return failed ? kf_fail(err, KF_ERR_IO, "%s: cannot be read", path)
                      : kf_fail(err, KF_ERR_LIMIT, "%s: larger than %d bytes", path,
                                CATALOGUE_FILE_MAX);
    }
    *text = buffer;
    *length = size;
    return KF_OK;
}

enum kf_status catalogue_load(struct catalogue **out, const char *attributes_path,
                              const char *regions_path, const char *countries_path,
                              struct kf_error *err)
{
    const char *paths[3] = {attributes_path, regions_path,
                            countries_path != NULL ? countries_path : CATALOGUE_COUNTRIES_PATH};
    struct catalogue_source sources[3] = {{0}};
    char *texts[3] = {NULL};
    enum kf_status status = KF_OK;
    for (size_t i = 0; i < 3 && status == KF_OK; i++) {
        sources[i].name = paths[i];
        status = read_file(&texts[i], &sources[i].length, paths[i], err);
        sources[i].text = texts[i];
    }
    if (status == KF_OK) {
        status = catalogue_parse(out, &sources[0], &sources[1], &sources[2], err);
    }
    for (size_t i = 0; i < 3; i++) {
        free(texts[i]);
    }
    return status;
}

const struct catalogue_label *catalogue_labels(size_t *count, const struct catalogue *catalogue)
{
    *count = catalogue->label_count;
    return catalogue->labels;
}

const struct catalogue_label *catalogue_find_label(const struct catalogue *catalogue,
                                                   const char *label)
{
    for (size_t i = 0; i < catalogue->label_count; i++) {
        if (strcmp(catalogue->labels[i].label, label) == 0) {
            return &catalogue->labels[i];
        }
    }
    return NULL;
}

const struct catalogue_value *catalogue_find_value(const struct catalogue_label *label,
                                                   const char *value)
{
    for (size_t i = 0; i < label->value_count; i++) {
        if (strcmp(label->values[i].value, value) == 0) {
            return &label->values[i];
        }
    }
    return NULL;
}

bool catalogue_is_set(const struct catalogue_label *label)
{
    return label->kind == CATALOGUE_SET || label->kind == CATALOGUE_REGION;
}

void catalogue_set_label(char out[static CATALOGUE_SET_LABEL_MAX],
                         const struct catalogue_label *label, const char *value)
{
    (void)snprintf(out, CATALOGUE_SET_LABEL_MAX, "%s_%s", label->label, value);
}
