/* The signer's cutting of a byte stream into frames: however the bytes are divided into pieces, the
 * frames are the same, and so is the end. The first byte of the input says how they are divided. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash; /* FNV-1a of all frames and their lengths */
    size_t count;
};

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static void on_frame(void *context, struct signer_connection *connection, const uint8_t *frame,
                     size_t length)
{
    struct seen *seen = context;
    (void)connection;
    check(length >= KEYLESS_HEADER_LENGTH && length <= KEYLESS_FRAME_MAX);
    for (size_t i = 0; i < length; i++) {
        seen->hash = (seen->hash ^ frame[i]) * 0x100000001b3u;
    }
    seen->hash = (seen->hash ^ length) * 0x100000001b3u;
    seen->count++;
}

/* In pieces of at most `piece` bytes, each in memory of its own size. */
static enum kf_status cut(struct seen *seen, const uint8_t *data, size_t size, size_t piece)
{
    struct signer_connection *connection = signer_connection_new(-1, SIGNER_LOCAL);
    enum kf_status st = KF_OK;
    check(connection != NULL);
    while (size > 0 && st == KF_OK) {
        size_t length = size < piece ? size : piece;
        uint8_t *part = malloc(length);
        check(part != NULL);
        memcpy(part, data, length);
        st = signer_connection_take(connection, part, length, on_frame, seen);
        free(part);
        data += length;
        size -= length;
        check(connection->in_length <= KEYLESS_FRAME_MAX);
    }
    signer_connection_close(connection);
    signer_connection_free(connection);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct seen whole = {0};
    struct seen pieces = {0};
    enum kf_status first = cut(&whole, data + 1, size - 1, size);
    enum kf_status second = cut(&pieces, data + 1, size - 1, (size_t)data[0] + 1);
    check(first == second && whole.count == pieces.count && whole.hash == pieces.hash);
    return 0;
}
