/* Writes signed records into a replica, as keyfence-sync does with what it followed.
 *
 *     make-replica DIRECTORY SEED-HEX [PUBLIC-KEY-FILE] < commands
 *
 * DIRECTORY is made when absent; the records go behind what is there, in one transaction. SEED-HEX
 * is the record-signing key's seed; the public half is written to the file as 64 hex digits.
 * Commands, one a line:
 *     datacenter ID LATITUDE LONGITUDE LABEL=VALUE ...       degrees
 *     machine ID DATACENTER HOST:PORT active|revoked
 *     key SKI-HEX POLICY                                     policy and customer key records
 *     certificate ID SKI-HEX POLICY                          POLICY as a customer wrote it
 *     heartbeat
 *     forge ...                                              any of these, with a wrong signature
 *     delete KEY
 */
#include "envelope/payload.h"
#include "policy/policy.h"
#include "store/store.h"
#include "store/store_lmdb.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct store_txn *txn;
static uint8_t secret_key[RECORD_SECRET_SIZE];
static uint8_t payload[PAYLOAD_MAX];
static bool forging;

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "make-replica: %s\n", what);
    exit(1);
}

static enum record_kind kind_of(const char *key)
{
    for (int kind = RECORD_GENERATION; kind <= RECORD_HEARTBEAT; kind++)
        if (record_key_valid((enum record_kind)kind, key))
            return (enum record_kind)kind;
    need(false, "no such kind of record");
    return RECORD_HEARTBEAT;
}

static void put(const char *key, size_t length, bool tombstone)
{
    static uint8_t bytes[RECORD_MAX];
    struct record record = {.kind = kind_of(key),
                            .tombstone = tombstone,
                            .revision = store_txn_next_revision(txn),
                            .written_ms = 1700000000000,
                            .payload = payload,
                            .payload_length = length};
    struct kf_error err;
    size_t size = 0;
    (void)snprintf(record.key, sizeof record.key, "%s", key);
    need(record_sign(bytes, sizeof bytes, &size, &record, secret_key, &err) == KF_OK,
         "record_sign");
    if (forging)
        bytes[size - 1] ^= 1;
    struct store_entry entry = {.key = key,
                                .revision = record.revision,
                                .tombstone = tombstone,
                                .value = bytes,
                                .length = size};
    if (store_txn_apply(txn, &entry, &err) != KF_OK)
        need(false, err.message);
}

static char *word(char **rest)
{
    char *w = strsep(rest, " ");
    need(w != NULL && *w != '\0', "a word is missing");
    return w;
}

static void copy(char *out, size_t size, const char *in)
{
    need((size_t)snprintf(out, size, "%s", in) < size, "too long");
}

static void put_datacenter(char *rest)
{
    static struct payload_datacenter dc;
    char key[RECORD_KEY_SIZE], *id = word(&rest);
    size_t length = 0;
    memset(&dc, 0, sizeof dc);
    copy(dc.name, sizeof dc.name, id);
    copy(dc.country, sizeof dc.country, "XX");
    copy(dc.metro, sizeof dc.metro, id);
    dc.latitude = (int32_t)(strtod(word(&rest), NULL) * 1e6);
    dc.longitude = (int32_t)(strtod(word(&rest), NULL) * 1e6);
    for (char *pair; (pair = strsep(&rest, " ")) != NULL;) {
        char *value = strchr(pair, '=');
        need(value != NULL, "expected LABEL=VALUE");
        *value++ = '\0';
        dc.attributes[dc.attribute_count].label = payload_text_of(pair);
        dc.attributes[dc.attribute_count++].value = payload_text_of(value);
    }
    record_key_datacenter(key, id);
    need(payload_datacenter_encode(payload, sizeof payload, &length, &dc, NULL) == KF_OK, id);
    put(key, length, false);
}

static void put_machine(char *rest)
{
    struct payload_machine m = {.created_ms = 1};
    char key[RECORD_KEY_SIZE], *id = word(&rest);
    size_t length = 0;
    copy(m.datacenter, sizeof m.datacenter, word(&rest));
    copy(m.relay, sizeof m.relay, word(&rest));
    m.state = strcmp(word(&rest), "active") == 0 ? MACHINE_ACTIVE : MACHINE_REVOKED;
    record_key_machine(key, id);
    need(payload_machine_encode(payload, sizeof payload, &length, &m, NULL) == KF_OK, id);
    put(key, length, false);
}

static void read_ski(uint8_t ski[static RECORD_SKI_SIZE], const char *hex)
{
    size_t length = 0;
    need(sodium_hex2bin(ski, RECORD_SKI_SIZE, hex, strlen(hex), NULL, &length, NULL) == 0 &&
             length == RECORD_SKI_SIZE,
         "not a key identifier");
}

static void put_key(char *rest)
{
    char key[RECORD_KEY_SIZE], id[RECORD_POLICY_ID_SIZE];
    uint8_t ski[RECORD_SKI_SIZE];
    struct policy *policy;
    struct kf_error err;
    size_t length = 0;
    read_ski(ski, word(&rest));
    need(rest != NULL, "a policy is missing");
    if (policy_parse(&policy, rest, strlen(rest), NULL, &err) != KF_OK)
        need(false, err.message);
    policy_free(policy);
    struct payload_policy_key p = {.normal = payload_text_of(rest)};
    payload_policy_id(id, rest, strlen(rest));
    need(payload_policy_key_encode(payload, sizeof payload, &length, &p, NULL) == KF_OK, rest);
    record_key_policy_key(key, id);
    put(key, length, false);
    static const uint8_t blob[64] = {1};
    struct payload_customer_key k = {
        .key_type = KEY_P256, .spki = {blob, 64}, .sealed = {blob, 64}};
    copy(k.policy_id, sizeof k.policy_id, id);
    need(payload_customer_key_encode(payload, sizeof payload, &length, &k, NULL) == KF_OK, rest);
    record_key_customer_key(key, ski);
    put(key, length, false);
}

static void put_certificate(char *rest)
{
    static struct payload_certificate c;
    char key[RECORD_KEY_SIZE], *id = word(&rest);
    size_t length = 0;
    memset(&c, 0, sizeof c);
    read_ski(c.ski, word(&rest));
    c.hosts[c.host_count++] = payload_text_of("host.example");
    c.chain = payload_text_of("not looked at");
    c.key_type = KEY_P256;
    c.policy = payload_text_of(rest);
    payload_policy_id(c.policy_id, rest, strlen(rest));
    need(payload_certificate_encode(payload, sizeof payload, &length, &c, NULL) == KF_OK, id);
    record_key_certificate(key, id);
    put(key, length, false);
}

static void put_heartbeat(void)
{
    char key[RECORD_KEY_SIZE];
    struct payload_heartbeat h = {.wall_ms = 1};
    size_t length = 0;
    need(payload_heartbeat_encode(payload, sizeof payload, &length, &h, NULL) == KF_OK, "");
    record_key_heartbeat(key);
    put(key, length, false);
}

static void obey(char *line)
{
    char *rest = line, *verb = word(&rest);
    if (strcmp(verb, "forge") == 0) {
        forging = true;
        obey(rest);
        forging = false;
    } else if (strcmp(verb, "datacenter") == 0) {
        put_datacenter(rest);
    } else if (strcmp(verb, "machine") == 0) {
        put_machine(rest);
    } else if (strcmp(verb, "key") == 0) {
        put_key(rest);
    } else if (strcmp(verb, "certificate") == 0) {
        put_certificate(rest);
    } else if (strcmp(verb, "heartbeat") == 0) {
        put_heartbeat();
    } else if (strcmp(verb, "delete") == 0) {
        put(word(&rest), 0, true);
    } else {
        need(false, verb);
    }
}

int main(int argc, char **argv)
{
    uint8_t seed[RECORD_SEED_SIZE], public_key[RECORD_PUBLIC_SIZE];
    char line[8192], hex[2 * RECORD_PUBLIC_SIZE + 1];
    struct store *store;
    struct kf_error err;
    size_t length = 0;
    need(argc >= 3 && sodium_init() >= 0,
         "usage: make-replica DIRECTORY SEED-HEX [PUBLIC-KEY-FILE]");
    need(sodium_hex2bin(seed, sizeof seed, argv[2], strlen(argv[2]), NULL, &length, NULL) == 0 &&
             length == sizeof seed && record_keypair(public_key, secret_key, seed) == KF_OK,
         "the seed is not 64 hex digits");
    if (argc > 3) {
        FILE *f = fopen(argv[3], "w");
        need(f != NULL, argv[3]);
        (void)fprintf(f, "%s\n", sodium_bin2hex(hex, sizeof hex, public_key, sizeof public_key));
        need(fclose(f) == 0, argv[3]);
    }
    struct store_lmdb_options options = {.path = argv[1], .role = STORE_REPLICA};
    if (store_lmdb_open(&store, &options, &err) != KF_OK || store_begin(&txn, store, &err) != KF_OK)
        need(false, err.message);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            obey(line);
    }
    if (store_txn_commit(txn, &err) != KF_OK)
        need(false, err.message);
    store_close(store);
    return 0;
}
