#include "keyfence_cli.h"

#include "base/secret.h"
#include "files.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_print_json(const struct cli *cli, const json_t *answer)
{
    if (cli->json) {
        (void)json_dumpf(answer, stdout,
                         JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
        (void)putchar('\n');
    }
    return cli->json;
}

const char *cli_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

void cli_join(char *out, size_t size, const json_t *list)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list) && at < size; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "",
                               text == NULL ? "" : text);
    }
}

void cli_print_warnings(const json_t *answer)
{
    const json_t *warnings = json_object_get(answer, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        (void)fprintf(stderr, "warning: %s\n", json_string_value(json_array_get(warnings, i)));
    }
}

json_t *cli_file_text(const char *path)
{
    uint8_t *data = NULL;
    size_t length = 0;
    struct kf_error err = {.message = ""};
    if (files_read(&data, &length, path, CLI_FILE_MAX, &err) != KF_OK) {
        (void)cli_fail("%s", err.message);
        return NULL;
    }
    if (length == 0) {
        kf_secret_free(data);
        (void)cli_fail("%s is empty", path);
        return NULL;
    }
    json_t *text = json_stringn((const char *)data, length);
    kf_secret_free(data);
    if (text == NULL) {
        (void)cli_fail("%s is not a text file", path);
    }
    return text;
}

static enum kf_status write_key(const char *path, EVP_PKEY *key, struct kf_error *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data = NULL;
    enum kf_status st;
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
        st = kf_fail(err, KF_ERR_INTERNAL, "cannot encode a key");
    } else {
        long length = BIO_get_mem_data(bio, &data);
        st = files_write(path, 0400, (const uint8_t *)data, (size_t)length, err);
    }
    BIO_free(bio);
    return st;
}

static json_t *request_text(EVP_PKEY *key, const char *subject)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    json_t *text = NULL;
    if (request != NULL && bio != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
                                   (const uint8_t *)subject, -1, -1, 0) == 1 &&
        X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0 &&
        PEM_write_bio_X509_REQ(bio, request) == 1) {
        long length = BIO_get_mem_data(bio, &data);
        text = json_stringn(data, (size_t)length);
    }
    X509_REQ_free(request);
    BIO_free(bio);
    return text;
}

json_t *cli_make_key(const char *folder, const char *key_name, const char *subject)
{
    char path[PATH_MAX];
    struct kf_error err = {.message = "cannot make a key"};
    json_t *text = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key != NULL && files_join(path, sizeof path, folder, key_name, &err) == KF_OK &&
        write_key(path, key, &err) == KF_OK) {
        text = request_text(key, subject);
    }
    EVP_PKEY_free(key);
    if (text == NULL) {
        (void)cli_fail("%s", err.message);
    }
    return text;
}
