#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int fill(void *context, uint8_t *out, size_t length)
{
    struct seeded *s = context;
    blake2xb_read(&s->stream, out, length);
    return 0;
}

struct cpabe_random seeded_random(struct seeded *s, uint64_t seed)
{
    blake2xb_init(&s->stream, BLAKE2XB_LENGTH_UNKNOWN, NULL, 0);
    blake2xb_update(&s->stream, &seed, sizeof seed);
    return (struct cpabe_random){fill, s};
}

uint64_t seeded_next(struct seeded *s)
{
    uint64_t v;
    blake2xb_read(&s->stream, (uint8_t *)&v, sizeof v);
    return v;
}

struct bls_fr seeded_scalar(struct seeded *s)
{
    struct bls_fr out;
    uint8_t bytes[BLS_FR_BYTES];
    blake2xb_read(&s->stream, bytes, sizeof bytes);
    bls_fr_from_bytes_mod(&out, bytes, sizeof bytes);
    return out;
}

uint64_t choose_seed(void)
{
    const char *given = getenv("KF_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    (void)printf("KF_SEED=%" PRIu64 "\n", seed);
    return seed;
}

uint8_t *read_source_file(size_t *length, const char *path)
{
    char full[4096];
    const char *root = getenv("KF_SOURCE_ROOT");
    (void)snprintf(full, sizeof full, "%s/%s", root == NULL ? "." : root, path);
    FILE *f = fopen(full, "rb");
    if (f == NULL) {
        perror(full);
        abort();
    }
    (void)fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    uint8_t *data = malloc((size_t)size + 1);
    if (data == NULL || fread(data, 1, (size_t)size, f) != (size_t)size) {
        abort();
    }
    (void)fclose(f);
    data[size] = 0;
    *length = (size_t)size;
    return data;
}

static void append(char *out, size_t size, const char *text)
{
    size_t used = strlen(out);
    if (used + strlen(text) + 1 > size) {
        abort();
    }
    strcpy(out + used, text);
}

void random_policy(char *out, size_t size, struct seeded *s, unsigned leaves, unsigned labels,
                   unsigned values)
{
    out[0] = '\0';
    if (leaves == 1) {
        char leaf[64];
        uint64_t r = seeded_next(s);
        (void)snprintf(leaf, sizeof leaf, "%sl%u: v%u", r % 3 == 0 ? "not " : "",
                       (unsigned)((r >> 8) % labels), (unsigned)((r >> 32) % values));
        append(out, size, leaf);
        return;
    }
    uint64_t r = seeded_next(s);
    unsigned left = 1 + (unsigned)((r >> 8) % (leaves - 1));
    char *part = malloc(size);
    if (part == NULL) {
        abort();
    }
    append(out, size, r % 7 == 0 ? "not (" : "(");
    random_policy(part, size, s, left, labels, values);
    append(out, size, part);
    append(out, size, r >> 63 ? " and " : " or ");
    random_policy(part, size, s, leaves - left, labels, values);
    append(out, size, part);
    append(out, size, ")");
    free(part);
}

void random_attributes_make(struct random_attributes *out, struct seeded *s, unsigned labels,
                            unsigned values)
{
    out->count = 0;
    for (unsigned i = 0; i < labels && i < 16; i++) {
        uint64_t r = seeded_next(s);
        if (r % 4 == 0) {
            continue;
        }
        size_t n = out->count++;
        (void)snprintf(out->text[n][0], sizeof out->text[n][0], "l%u", i);
        (void)snprintf(out->text[n][1], sizeof out->text[n][1], "v%u",
                       (unsigned)((r >> 16) % values));
        out->list[n] = (struct cpabe_attribute){out->text[n][0], out->text[n][1]};
    }
}
