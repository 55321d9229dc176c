/* Runs a fuzz target over every file of a corpus folder, and over each file with one byte changed,
 * dropped or doubled at a few hundred places: what a compiler without libFuzzer can do. The changes
 * are derived from the input alone, so that a failure repeats. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, PLACES = 200 };

static void run_mutations(const uint8_t *input, size_t size, uint8_t *scratch)
{
    size_t step = size / PLACES + 1;
    for (size_t at = 0; at < size; at += step) {
        memcpy(scratch, input, size);
        scratch[at] ^= (uint8_t)(1u << (at % 8));
        (void)LLVMFuzzerTestOneInput(scratch, size);
        (void)LLVMFuzzerTestOneInput(input, at);
        memcpy(scratch + at + 1, input + at, size - at);
        (void)LLVMFuzzerTestOneInput(scratch, size + 1);
    }
}

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return 1;
    }
    uint8_t *input = malloc(INPUT_MAX);
    uint8_t *scratch = malloc(INPUT_MAX + 1);
    if (input == NULL || scratch == NULL) {
        abort();
    }
    size_t size = fread(input, 1, INPUT_MAX, f);
    (void)fclose(f);
    (void)LLVMFuzzerTestOneInput(input, size);
    run_mutations(input, size, scratch);
    free(input);
    free(scratch);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    DIR *dir = opendir(argv[1]);
    if (dir == NULL) {
        perror(argv[1]);
        return 1;
    }
    int files = 0;
    int failed = 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[4096];
        if (e->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        failed |= run_file(path);
        files++;
    }
    (void)closedir(dir);
    (void)printf("%d corpus files\n", files);
    return failed != 0 || files == 0;
}
