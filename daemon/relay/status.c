/* What the relay says about itself. */
#include "relay.h"

#include "version.h"

#include <jansson.h>

static void set_count(json_t *object, const char *name, uint64_t count)
{
    (void)json_object_set_new(object, name, json_integer((json_int_t)count));
}

static void add_datacenters(json_t *top, struct relay *relay)
{
    uint64_t now = net_loop_now_ns(relay->loop);
    json_t *sent = json_object(), *failures = json_object(), *rtt = json_object();
    json_t *p95 = json_object(), *breakers = json_object();
    for (uint32_t i = 0; i < route_datacenter_count(relay->directory); i++) {
        struct route_datacenter *dc = route_datacenter_at(relay->directory, i);
        if (!dc->present)
            continue;
        if (relay->sent[i] != 0)
            set_count(sent, dc->id, relay->sent[i]);
        if (relay->failures[i] != 0)
            set_count(failures, dc->id, relay->failures[i]);
        if (route_window_measured(&dc->pings))
            (void)json_object_set_new(rtt, dc->id,
                                      json_real((double)route_window_mean_us(&dc->pings) / 1000));
        if (route_window_measured(&dc->answers))
            (void)json_object_set_new(p95, dc->id,
                                      json_real((double)route_window_p95_us(&dc->answers) / 1000));
        (void)json_object_set_new(breakers, dc->id,
                                  json_string(route_datacenter_breaker(relay->directory, i, now)));
    }
    (void)json_object_set_new(top, "sent", sent);
    (void)json_object_set_new(top, "failures", failures);
    (void)json_object_set_new(top, "rtt_ms", rtt);
    (void)json_object_set_new(top, "p95_ms", p95);
    (void)json_object_set_new(top, "breakers", breakers);
}

static void add_counts(json_t *top, struct relay *relay)
{
    const struct relay_ask_counts *ask = relay_ask_counts(relay);
    struct relay_serve_counts serve = relay_serve_counts(relay);
    json_t *errors = json_object();
    set_count(top, "requests", ask->requests);
    set_count(top, "answered", ask->answered);
    set_count(top, "hedges", ask->hedges);
    set_count(top, "hedges_won", ask->hedges_won);
    set_count(top, "retries", ask->retries);
    set_count(top, "overloaded", ask->overloaded);
    for (int i = 1; i < 256; i++)
        if (ask->errors[i] != 0)
            set_count(errors, keyless_error_name((uint8_t)i), ask->errors[i]);
    (void)json_object_set_new(top, "errors", errors);
    set_count(top, "served_total", serve.served);
    set_count(top, "refused_rate", serve.refused_rate);
    set_count(top, "refused_overload", serve.refused_overload);
    set_count(top, "refused_no_signer", serve.no_signer);
    set_count(top, "peer_connections", serve.connections);
    set_count(top, "replica_head", replica_head(relay->replica));
    set_count(top, "records_refused", replica_refused(relay->replica));
}

char *relay_status_json(struct relay *relay)
{
    json_t *top = json_object();
    (void)json_object_set_new(top, "machine", json_string(relay->config->machine));
    (void)json_object_set_new(top, "datacenter", json_string(relay->config->datacenter));
    (void)json_object_set_new(top, "version", json_string(KEYFENCE_VERSION));
    add_counts(top, relay);
    add_datacenters(top, relay);
    char *text = json_dumps(top, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(top);
    return text;
}
