/* The API's handlers: one function for each method of each resource, between JSON and the store.
 *
 * A handler gets a call, and returns KF_OK with call->answer (and a call->http other than 200,
 * where it made something) or another status with call->problem filled. One thread. docs/API.md
 * describes what each takes and gives. */
#ifndef KEYFENCE_CORE_API_H
#define KEYFENCE_CORE_API_H

#include "core.h"
#include "problem.h"

#include <jansson.h>

enum { API_BODY_MAX = 192 * 1024 };

struct api_call {
    struct core *core;
    const char *id; /* the last part of the path, valid as an id; "" where there is none */
    uint8_t *body;  /* secret memory; a handler that takes it over sets this to NULL */
    size_t body_length;
    uint16_t http;  /* 200 unless the handler says otherwise */
    json_t *answer; /* owned by the call */
    struct problem problem;
};

typedef enum kf_status api_handler(struct api_call *call);

struct api_route {
    const char *method;
    const char *path; /* "/v1/x" or "/v1/x/ID" */
    api_handler *handler;
};

/* Whether the path is one of those that end with an id, but for the id. */
bool api_wants_id(const char *path);

/* The route of a request; *id points into path, or to "". When NULL, *allowed lists the methods
 * that the path has ("" when there is no such path). */
const struct api_route *api_find(const char **id, char allowed[static 64], const char *method,
                                 const char *path);

api_handler api_status;
api_handler api_datacenters_list;
api_handler api_datacenters_create;
api_handler api_datacenter_show;
api_handler api_datacenter_replace;
api_handler api_datacenter_delete;
api_handler api_machines_list;
api_handler api_machines_create;
api_handler api_machine_show;
api_handler api_machine_delete;
api_handler api_certificates_list;
api_handler api_certificates_create;
api_handler api_certificate_show;
api_handler api_certificate_replace;
api_handler api_certificate_delete;
api_handler api_policies_check;
api_handler api_front_certificate;

/* ---- for the handlers ---- */

/* call->problem from err. */
enum kf_status api_fail(struct api_call *call, const struct kf_error *err);

/* The body as an object whose members are all in `known` (ends with NULL); for json_decref(). */
KF_MUST_USE enum kf_status api_body(json_t **out, struct api_call *call, const char *const *known);

/* A member that must be a text of 1 to max bytes. The text is borrowed. */
KF_MUST_USE enum kf_status api_text(const char **out, struct api_call *call, const json_t *body,
                                    const char *name, size_t max);

/* The answer of a list: what `visit` appends to the array for each record under a prefix. */
KF_MUST_USE enum kf_status api_list(struct api_call *call, const char *prefix, const char *name,
                                    enum kf_status (*visit)(void *array,
                                                            const struct store_entry *entry));

/* Deletes call->id by `remove` in a transaction of its own, and says so in the log: "deleted WHAT
 * ID". call->answer, which shows what it was, stays. */
KF_MUST_USE enum kf_status
api_delete(struct api_call *call, const char *what,
           enum kf_status (*remove)(struct core *core, struct store_txn *txn, const char *id,
                                    struct kf_error *err));

json_t *api_text_value(const struct payload_text *text);
json_t *api_time_value(uint64_t ms);                         /* RFC 3339, UTC */
void api_hex(char *out, const uint8_t *data, size_t length); /* 2 * length + 1 */

#endif
