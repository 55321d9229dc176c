/* signer-world make STATE: an edge machine's state with one key of each sort, for the signer's
 * system tests and benchmark. Prints one line a key: NAME SKI SUBJECT-PUBLIC-KEY-INFO, in hex.
 * Leaves the private keys as STATE/NAME.pem, which nothing but a test reads.
 * signer-world delete STATE SKI: what the replica does when the customer deletes a key. */
#include "fixture.h"

#include "store/store_lmdb.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_hex(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)printf("%02x", data[i]);
    }
}

static void add(struct fixture *fixture, const char *name, enum key_type type, const char *policy)
{
    struct fixture_key key;
    const struct fixture_policy *known = NULL;
    for (size_t i = 0; i < fixture->policy_count; i++) {
        if (strcmp(fixture->policies[i].text, policy) == 0) {
            known = &fixture->policies[i];
        }
    }
    if (known == NULL) {
        known = fixture_policy(fixture, policy, 1);
    }
    fixture_key(&key, fixture, type, known);
    uint8_t *der = NULL;
    int length = i2d_PUBKEY(key.pkey, &der);
    (void)printf("%s ", name);
    print_hex(key.ski, sizeof key.ski);
    (void)printf(" ");
    print_hex(der, length > 0 ? (size_t)length : 0);
    (void)printf("\n");
    OPENSSL_free(der);
    char path[FIXTURE_PATH + 32];
    (void)snprintf(path, sizeof path, "%s/%s.pem", fixture->state, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || PEM_write_PrivateKey(file, key.pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        (void)fprintf(stderr, "signer-world: cannot write %s\n", path);
        exit(1);
    }
    (void)fclose(file);
    fixture_key_clear(&key);
}

static void make(struct fixture *fixture)
{
    fixture_generation(fixture, 1);
    fixture_issue(fixture, 1, "country: FR, region_EU: yes");
    add(fixture, "p256", KEY_P256, "country: FR");
    add(fixture, "p384", KEY_P384, "country: FR");
    add(fixture, "ed25519", KEY_ED25519, "region_EU: yes");
    add(fixture, "rsa2048", KEY_RSA_2048, "region_EU: yes");
    add(fixture, "rsa3072", KEY_RSA_3072, "country: FR or country: JP");
    add(fixture, "doomed", KEY_P256, "country: FR");
    add(fixture, "doomed-rsa", KEY_RSA_2048, "country: FR");
    add(fixture, "elsewhere", KEY_P256, "country: US");
}

static uint64_t head_of(const struct fixture *fixture)
{
    const struct store_lmdb_options options = {.path = fixture->replica, .role = STORE_READER};
    struct store *store = NULL;
    uint64_t head = 0;
    if (store_lmdb_open(&store, &options, NULL) != KF_OK ||
        store_head(&head, store, NULL) != KF_OK) {
        (void)fprintf(stderr, "signer-world: no replica in %s\n", fixture->state);
        exit(1);
    }
    store_close(store);
    return head;
}

int main(int argc, char **argv)
{
    struct fixture fixture;
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        fixture_open(&fixture, argv[2]);
        make(&fixture);
    } else if (argc == 4 && strcmp(argv[1], "delete") == 0) {
        char record_key[RECORD_KEY_SIZE];
        fixture_open(&fixture, argv[2]);
        fixture.revision = head_of(&fixture);
        (void)snprintf(record_key, sizeof record_key, "key/%s", argv[3]);
        fixture_delete(&fixture, RECORD_CUSTOMER_KEY, record_key);
    } else {
        (void)fprintf(stderr, "usage: signer-world make STATE | delete STATE SKI\n");
        return 2;
    }
    fixture_close(&fixture);
    return 0;
}
