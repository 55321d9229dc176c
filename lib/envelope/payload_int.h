/* Private to lib/envelope: the shared grammar of payload encodings. An encoder or decoder remembers
 * the first field that is wrong, so that each payload reads as a list of its fields and is checked
 * once at the end. */
#ifndef KEYFENCE_ENVELOPE_PAYLOAD_INT_H
#define KEYFENCE_ENVELOPE_PAYLOAD_INT_H

#include "base/cursor.h"
#include "envelope/payload.h"

#include <stdbool.h>

enum { PAYLOAD_VERSION = 1 };

struct payload_encoder {
    struct kf_writer w;
    const char *bad; /* the first field out of bounds */
};

struct payload_encoder payload_encoder_init(uint8_t *out, size_t capacity);
void payload_put_check(struct payload_encoder *e, const char *what, bool good);
void payload_put_text(struct payload_encoder *e, const char *what, struct payload_text text,
                      size_t min, size_t max);
/* Never empty; a 32-bit length. */
void payload_put_long_text(struct payload_encoder *e, const char *what, struct payload_text text,
                           size_t max);
void payload_put_string(struct payload_encoder *e, const char *what, const char *string, size_t min,
                        size_t max);
/* Never empty; a 32-bit length. */
void payload_put_bytes(struct payload_encoder *e, const char *what, struct payload_bytes bytes,
                       size_t max);
KF_MUST_USE enum kf_status payload_encoder_finish(size_t *length, const struct payload_encoder *e,
                                                  struct kf_error *err);

struct payload_decoder {
    struct kf_reader r;
    enum kf_status status;
    const char *bad;
};

/* After the first failure each getter returns zero or empty and reads nothing. */
struct payload_decoder payload_decoder_init(const uint8_t *data, size_t length);
void payload_get_fail(struct payload_decoder *d, const char *what, enum kf_status status);
void payload_get_check(struct payload_decoder *d, const char *what, bool good);
uint8_t payload_get_u8(struct payload_decoder *d, const char *what);
uint16_t payload_get_u16(struct payload_decoder *d, const char *what);
uint32_t payload_get_u32(struct payload_decoder *d, const char *what);
uint64_t payload_get_u64(struct payload_decoder *d, const char *what);
void payload_get_copy(uint8_t *out, size_t length, struct payload_decoder *d, const char *what);
struct payload_text payload_get_text(struct payload_decoder *d, const char *what, size_t min,
                                     size_t max);
struct payload_text payload_get_long_text(struct payload_decoder *d, const char *what, size_t max);
/* out has room for max + 1 bytes. */
void payload_get_string(char *out, struct payload_decoder *d, const char *what, size_t min,
                        size_t max);
struct payload_bytes payload_get_bytes(struct payload_decoder *d, const char *what, size_t max);
KF_MUST_USE enum kf_status payload_decoder_finish(const struct payload_decoder *d, const char *kind,
                                                  struct kf_error *err);

#endif
