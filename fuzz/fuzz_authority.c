/* Frames between core and authority: a request or an answer that parses is written again to the
 * very same bytes. */
#include "authority_protocol.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_request(const uint8_t *data, size_t size)
{
    struct authority_request request;
    if (authority_request_parse(&request, data, size) != KF_OK) {
        return;
    }
    uint8_t *again = malloc(AUTHORITY_REQUEST_MAX);
    struct kf_writer w = kf_writer_init(again, AUTHORITY_REQUEST_MAX);
    if (again == NULL) {
        abort();
    }
    authority_request_write(&w, &request);
    if (w.length != size || memcmp(again, data, size) != 0) {
        abort();
    }
    free(again);
    authority_request_clear(&request);
}

static void fuzz_answer(const uint8_t *data, size_t size)
{
    struct authority_answer answer;
    struct authority_status status;
    if (authority_answer_parse(&answer, data, size) != KF_OK) {
        return;
    }
    if (answer.status == KF_OK && answer.body_length > size) {
        abort();
    }
    if (answer.status == KF_OK &&
        authority_status_parse(&status, answer.body, answer.body_length) == KF_OK &&
        answer.body_length != 40) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_request(data, size);
    fuzz_answer(data, size);
    return 0;
}
