/* One pair of functions a kind; the order of the calls is the format (docs/PROTOCOL.records). */
#include "envelope/payload_int.h"

#include <stdlib.h>
#include <string.h>

enum {
    LATITUDE_MAX = 90 * 1000 * 1000, /* microdegrees */
    LONGITUDE_MAX = 180 * 1000 * 1000,
};

static bool policy_id_valid(const char *id)
{
    return strlen(id) == RECORD_POLICY_ID_SIZE - 1 &&
           strspn(id, "0123456789abcdef") == RECORD_POLICY_ID_SIZE - 1;
}

static void get_policy_id(char out[static RECORD_POLICY_ID_SIZE], struct payload_decoder *d)
{
    payload_get_string(out, d, "policy id", RECORD_POLICY_ID_SIZE - 1, RECORD_POLICY_ID_SIZE - 1);
    payload_get_check(d, "policy id", policy_id_valid(out));
}

static void put_policy_id(struct payload_encoder *e, const char *id)
{
    payload_put_check(e, "policy id", policy_id_valid(id));
    payload_put_string(e, "policy id", id, RECORD_POLICY_ID_SIZE - 1, RECORD_POLICY_ID_SIZE - 1);
}

static bool in_range(int32_t v, int32_t max)
{
    return v >= -max && v <= max;
}

/* Two's complement, as every compiler that builds this has it (C17 leaves the conversion to the
 * implementation; gcc and clang document it). */
static int32_t get_i32(struct payload_decoder *d, const char *what)
{
    return (int32_t)payload_get_u32(d, what);
}

enum kf_status payload_generation_encode(uint8_t *out, size_t capacity, size_t *length,
                                         const struct payload_generation *in, struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_check(&e, "generation state", payload_generation_state_name(in->state) != NULL);
    kf_write_u8(&e.w, (uint8_t)in->state);
    kf_write_u64be(&e.w, in->created_ms);
    payload_put_bytes(&e, "master public key", in->abe_public, PAYLOAD_ABE_PUBLIC_MAX);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_generation_decode(struct payload_generation *out, const uint8_t *data,
                                         size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_generation v = {0};
    v.state = (enum generation_state)payload_get_u8(&d, "state");
    payload_get_check(&d, "state", payload_generation_state_name(v.state) != NULL);
    v.created_ms = payload_get_u64(&d, "time");
    v.abe_public = payload_get_bytes(&d, "master public key", PAYLOAD_ABE_PUBLIC_MAX);
    enum kf_status status = payload_decoder_finish(&d, "generation", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_datacenter_encode(uint8_t *out, size_t capacity, size_t *length,
                                         const struct payload_datacenter *in, struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_string(&e, "name", in->name, 0, PAYLOAD_NAME_MAX);
    payload_put_string(&e, "country", in->country, 0, PAYLOAD_COUNTRY_MAX);
    payload_put_string(&e, "metro", in->metro, 0, PAYLOAD_NAME_MAX);
    payload_put_check(&e, "latitude", in_range(in->latitude, LATITUDE_MAX));
    payload_put_check(&e, "longitude", in_range(in->longitude, LONGITUDE_MAX));
    kf_write_u32be(&e.w, (uint32_t)in->latitude);
    kf_write_u32be(&e.w, (uint32_t)in->longitude);
    size_t count = in->attribute_count;
    payload_put_check(&e, "number of attributes", count <= PAYLOAD_ATTRIBUTES_MAX);
    kf_write_u16be(&e.w, (uint16_t)count);
    for (size_t i = 0; i < count && !e.bad; i++) {
        payload_put_text(&e, "attribute label", in->attributes[i].label, 1, PAYLOAD_LABEL_MAX);
        payload_put_text(&e, "attribute value", in->attributes[i].value, 1, PAYLOAD_LABEL_MAX);
    }
    return payload_encoder_finish(length, &e, err);
}

static void get_datacenter(struct payload_datacenter *v, struct payload_decoder *d)
{
    payload_get_string(v->name, d, "name", 0, PAYLOAD_NAME_MAX);
    payload_get_string(v->country, d, "country", 0, PAYLOAD_COUNTRY_MAX);
    payload_get_string(v->metro, d, "metro", 0, PAYLOAD_NAME_MAX);
    v->latitude = get_i32(d, "latitude");
    v->longitude = get_i32(d, "longitude");
    payload_get_check(d, "latitude", in_range(v->latitude, LATITUDE_MAX));
    payload_get_check(d, "longitude", in_range(v->longitude, LONGITUDE_MAX));
    v->attribute_count = payload_get_u16(d, "number of attributes");
    payload_get_check(d, "number of attributes", v->attribute_count <= PAYLOAD_ATTRIBUTES_MAX);
    for (size_t i = 0; i < v->attribute_count && d->status == KF_OK; i++) {
        v->attributes[i].label = payload_get_text(d, "attribute label", 1, PAYLOAD_LABEL_MAX);
        v->attributes[i].value = payload_get_text(d, "attribute value", 1, PAYLOAD_LABEL_MAX);
    }
}

enum kf_status payload_datacenter_decode(struct payload_datacenter *out, const uint8_t *data,
                                         size_t length, struct kf_error *err)
{
    struct payload_datacenter *v = calloc(1, sizeof *v); /* 17 KB: not for every stack */
    if (!v)
        return kf_fail(err, KF_ERR_MEMORY, "out of memory");
    struct payload_decoder d = payload_decoder_init(data, length);
    get_datacenter(v, &d);
    enum kf_status status = payload_decoder_finish(&d, "datacenter", err);
    if (status == KF_OK)
        *out = *v;
    free(v);
    return status;
}

enum kf_status payload_machine_encode(uint8_t *out, size_t capacity, size_t *length,
                                      const struct payload_machine *in, struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_check(&e, "datacenter", record_id_valid(in->datacenter));
    payload_put_string(&e, "datacenter", in->datacenter, 1, RECORD_ID_MAX);
    payload_put_string(&e, "relay address", in->relay, 0, PAYLOAD_NAME_MAX);
    kf_write_bytes(&e.w, in->enrolment_public, sizeof in->enrolment_public);
    payload_put_check(&e, "machine state", payload_machine_state_name(in->state) != NULL);
    kf_write_u8(&e.w, (uint8_t)in->state);
    kf_write_u64be(&e.w, in->created_ms);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_machine_decode(struct payload_machine *out, const uint8_t *data,
                                      size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_machine v = {0};
    payload_get_string(v.datacenter, &d, "datacenter", 1, RECORD_ID_MAX);
    payload_get_check(&d, "datacenter", record_id_valid(v.datacenter));
    payload_get_string(v.relay, &d, "relay address", 0, PAYLOAD_NAME_MAX);
    payload_get_copy(v.enrolment_public, sizeof v.enrolment_public, &d, "enrolment key");
    v.state = (enum machine_state)payload_get_u8(&d, "state");
    payload_get_check(&d, "state", payload_machine_state_name(v.state) != NULL);
    v.created_ms = payload_get_u64(&d, "time");
    enum kf_status status = payload_decoder_finish(&d, "machine", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_machine_key_encode(uint8_t *out, size_t capacity, size_t *length,
                                          const struct payload_machine_key *in,
                                          struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_bytes(&e, "sealed machine key", in->sealed, PAYLOAD_SEALED_MAX);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_machine_key_decode(struct payload_machine_key *out, const uint8_t *data,
                                          size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_machine_key v = {0};
    v.sealed = payload_get_bytes(&d, "sealed machine key", PAYLOAD_SEALED_MAX);
    enum kf_status status = payload_decoder_finish(&d, "machine key", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_policy_key_encode(uint8_t *out, size_t capacity, size_t *length,
                                         const struct payload_policy_key *in, struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_text(&e, "policy", in->normal, 1, PAYLOAD_POLICY_MAX);
    kf_write_bytes(&e.w, in->public_key, sizeof in->public_key);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_policy_key_decode(struct payload_policy_key *out, const uint8_t *data,
                                         size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_policy_key v = {0};
    v.normal = payload_get_text(&d, "policy", 1, PAYLOAD_POLICY_MAX);
    payload_get_copy(v.public_key, sizeof v.public_key, &d, "public key");
    enum kf_status status = payload_decoder_finish(&d, "policy key", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_policy_wrap_encode(uint8_t *out, size_t capacity, size_t *length,
                                          const struct payload_policy_wrap *in,
                                          struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_bytes(&e, "wrapped policy key", in->ciphertext, PAYLOAD_ABE_CIPHERTEXT_MAX);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_policy_wrap_decode(struct payload_policy_wrap *out, const uint8_t *data,
                                          size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_policy_wrap v = {0};
    v.ciphertext = payload_get_bytes(&d, "wrapped policy key", PAYLOAD_ABE_CIPHERTEXT_MAX);
    enum kf_status status = payload_decoder_finish(&d, "policy wrap", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_certificate_encode(uint8_t *out, size_t capacity, size_t *length,
                                          const struct payload_certificate *in,
                                          struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    payload_put_check(&e, "number of hosts",
                      in->host_count >= 1 && in->host_count <= PAYLOAD_HOSTS_MAX);
    kf_write_u16be(&e.w, (uint16_t)in->host_count);
    for (size_t i = 0; i < in->host_count && !e.bad; i++)
        payload_put_text(&e, "host", in->hosts[i], 1, PAYLOAD_HOST_MAX);
    payload_put_long_text(&e, "certificate chain", in->chain, PAYLOAD_CHAIN_MAX);
    kf_write_bytes(&e.w, in->ski, sizeof in->ski);
    payload_put_check(&e, "key type", payload_key_type_name(in->key_type) != NULL);
    kf_write_u8(&e.w, (uint8_t)in->key_type);
    put_policy_id(&e, in->policy_id);
    payload_put_text(&e, "policy", in->policy, 1, PAYLOAD_POLICY_MAX);
    kf_write_u64be(&e.w, in->created_ms);
    kf_write_u64be(&e.w, in->updated_ms);
    kf_write_bytes(&e.w, in->fingerprint, sizeof in->fingerprint);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_certificate_decode(struct payload_certificate *out, const uint8_t *data,
                                          size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_certificate v = {0};
    v.host_count = payload_get_u16(&d, "number of hosts");
    payload_get_check(&d, "number of hosts",
                      v.host_count >= 1 && v.host_count <= PAYLOAD_HOSTS_MAX);
    for (size_t i = 0; i < v.host_count && d.status == KF_OK; i++)
        v.hosts[i] = payload_get_text(&d, "host", 1, PAYLOAD_HOST_MAX);
    v.chain = payload_get_long_text(&d, "certificate chain", PAYLOAD_CHAIN_MAX);
    payload_get_copy(v.ski, sizeof v.ski, &d, "ski");
    v.key_type = (enum key_type)payload_get_u8(&d, "key type");
    payload_get_check(&d, "key type", payload_key_type_name(v.key_type) != NULL);
    get_policy_id(v.policy_id, &d);
    v.policy = payload_get_text(&d, "policy", 1, PAYLOAD_POLICY_MAX);
    v.created_ms = payload_get_u64(&d, "time created");
    v.updated_ms = payload_get_u64(&d, "time updated");
    payload_get_copy(v.fingerprint, sizeof v.fingerprint, &d, "fingerprint");
    enum kf_status status = payload_decoder_finish(&d, "certificate", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_customer_key_encode(uint8_t *out, size_t capacity, size_t *length,
                                           const struct payload_customer_key *in,
                                           struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    put_policy_id(&e, in->policy_id);
    payload_put_check(&e, "key type", payload_key_type_name(in->key_type) != NULL);
    kf_write_u8(&e.w, (uint8_t)in->key_type);
    payload_put_bytes(&e, "public key", in->spki, PAYLOAD_SPKI_MAX);
    payload_put_bytes(&e, "sealed customer key", in->sealed, PAYLOAD_SEALED_MAX);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_customer_key_decode(struct payload_customer_key *out, const uint8_t *data,
                                           size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_customer_key v = {0};
    get_policy_id(v.policy_id, &d);
    v.key_type = (enum key_type)payload_get_u8(&d, "key type");
    payload_get_check(&d, "key type", payload_key_type_name(v.key_type) != NULL);
    v.spki = payload_get_bytes(&d, "public key", PAYLOAD_SPKI_MAX);
    v.sealed = payload_get_bytes(&d, "sealed customer key", PAYLOAD_SEALED_MAX);
    enum kf_status status = payload_decoder_finish(&d, "customer key", err);
    if (status == KF_OK)
        *out = v;
    return status;
}

enum kf_status payload_heartbeat_encode(uint8_t *out, size_t capacity, size_t *length,
                                        const struct payload_heartbeat *in, struct kf_error *err)
{
    struct payload_encoder e = payload_encoder_init(out, capacity);
    kf_write_u64be(&e.w, in->wall_ms);
    return payload_encoder_finish(length, &e, err);
}

enum kf_status payload_heartbeat_decode(struct payload_heartbeat *out, const uint8_t *data,
                                        size_t length, struct kf_error *err)
{
    struct payload_decoder d = payload_decoder_init(data, length);
    struct payload_heartbeat v = {.wall_ms = payload_get_u64(&d, "time")};
    enum kf_status status = payload_decoder_finish(&d, "heartbeat", err);
    if (status == KF_OK)
        *out = v;
    return status;
}
