#include "net/tls_int.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct net_tls {
    SSL_CTX *context;
};

static const char scheme[] = "keyfence://machine/";

static bool copy_word(char *out, size_t max, const char *text, size_t length)
{
    if (length == 0 || length > max || text[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        bool word = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9');
        if (!word && text[i] != '-')
            return false;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

enum kf_status net_identity_parse(struct net_identity *out, const char *uri, size_t length)
{
    struct net_identity id = {0};
    size_t prefix = sizeof scheme - 1;
    if (length <= prefix || memcmp(uri, scheme, prefix) != 0)
        return KF_ERR_MALFORMED;
    const char *machine = uri + prefix;
    const char *slash = memchr(machine, '/', length - prefix);
    if (slash == NULL)
        return KF_ERR_MALFORMED;
    const char *role = slash + 1;
    if (!copy_word(id.machine, NET_MACHINE_MAX, machine, (size_t)(slash - machine)) ||
        !copy_word(id.role, NET_ROLE_MAX, role, length - (size_t)(role - uri)))
        return KF_ERR_MALFORMED;
    *out = id;
    return KF_OK;
}

/* The identity in a certificate: exactly one URI of our scheme. */
static enum kf_status certificate_identity(struct net_identity *out, X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct net_identity found = {0};
    int count = 0;
    enum kf_status status = KF_OK;
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
        const char *text = (const char *)ASN1_STRING_get0_data(uri);
        size_t length = (size_t)ASN1_STRING_length(uri);
        if (length < 9 || memcmp(text, "keyfence:", 9) != 0)
            continue;
        count++;
        if (net_identity_parse(&found, text, length) != KF_OK)
            status = KF_ERR_MALFORMED;
    }
    GENERAL_NAMES_free(names);
    if (count != 1 || status != KF_OK)
        return KF_ERR_MALFORMED;
    *out = found;
    return KF_OK;
}

/* OpenSSL calls this for each certificate of the peer's chain, the leaf last. */
static int verify(int chain_good, X509_STORE_CTX *store)
{
    if (!chain_good || X509_STORE_CTX_get_error_depth(store) != 0)
        return chain_good;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct net_expectation *want = SSL_get_app_data(ssl);
    struct net_identity found;
    if (certificate_identity(&found, X509_STORE_CTX_get_current_cert(store)) != KF_OK) {
        snprintf(want->problem, sizeof want->problem,
                 "its certificate does not hold one identity keyfence://machine/ID/ROLE");
    } else if (strcmp(found.role, want->role) != 0) {
        snprintf(want->problem, sizeof want->problem, "machine %s came with role %s, not %s",
                 found.machine, found.role, want->role);
    } else if (want->machine[0] != '\0' && strcmp(found.machine, want->machine) != 0) {
        snprintf(want->problem, sizeof want->problem, "machine %s answers where %s was expected",
                 found.machine, want->machine);
    } else {
        want->found = found;
        return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

static enum kf_status fail_file(struct kf_error *err, const char *what, const char *path)
{
    char reason[160];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        int error = errno;
        ERR_clear_error();
        return kf_fail(err, error == ENOENT ? KF_ERR_NOT_FOUND : KF_ERR_IO,
                       "cannot read %s %s: %s%s", what, path, strerror(error),
                       error == ENOENT ? " (was this machine enrolled?)" : "");
    }
    (void)fclose(file);
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    return kf_fail(err, KF_ERR_IO, "cannot use %s %s: %s", what, path, reason);
}

/* Never asks on a terminal. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static enum kf_status load_files(SSL_CTX *c, const struct net_tls_files *files,
                                 struct kf_error *err)
{
    SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(c, files->certificate) != 1)
        return fail_file(err, "certificate", files->certificate);
    if (SSL_CTX_use_PrivateKey_file(c, files->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(c) != 1)
        return fail_file(err, "private key", files->key);
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(files->authority);
    if (names == NULL)
        return fail_file(err, "machine CA", files->authority);
    SSL_CTX_set_client_CA_list(c, names);
    if (SSL_CTX_load_verify_file(c, files->authority) != 1)
        return fail_file(err, "machine CA", files->authority);
    return KF_OK;
}

enum kf_status net_tls_new(struct net_tls **out, struct net_identity *own,
                           const struct net_tls_files *files, struct kf_error *err)
{
    struct net_tls *tls = calloc(1, sizeof *tls);
    if (tls != NULL)
        tls->context = SSL_CTX_new(TLS_method());
    if (tls == NULL || tls->context == NULL) {
        free(tls);
        return kf_fail(err, KF_ERR_MEMORY, "no memory for TLS");
    }
    SSL_CTX *c = tls->context;
    enum kf_status status = KF_OK;
    if (SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 || SSL_CTX_set_num_tickets(c, 0) != 1)
        status = kf_fail(err, KF_ERR_UNSUPPORTED, "this OpenSSL does not speak TLS 1.3");
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    /* A connection that ends without a close alert is an end like any other: frames carry their
     * lengths, so nothing is mistaken for complete. */
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify_depth(c, 3);
    if (status == KF_OK)
        status = load_files(c, files, err);
    struct net_identity id;
    if (status == KF_OK && certificate_identity(&id, SSL_CTX_get0_certificate(c)) != KF_OK)
        status = kf_fail(err, KF_ERR_MALFORMED,
                         "certificate %s does not hold one identity keyfence://machine/ID/ROLE",
                         files->certificate);
    if (status != KF_OK) {
        net_tls_free(tls);
        return status;
    }
    if (own != NULL)
        *own = id;
    *out = tls;
    return KF_OK;
}

void net_tls_free(struct net_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

SSL *net_tls_start(const struct net_tls *tls, bool server, struct net_expectation *expectation)
{
    SSL *ssl = SSL_new(tls->context);
    if (ssl == NULL)
        return NULL;
    SSL_set_app_data(ssl, expectation);
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

void net_tls_problem(char *out, size_t size, const SSL *ssl, unsigned long openssl_error,
                     const struct net_expectation *expectation)
{
    long verified = SSL_get_verify_result(ssl);
    const char *reason = openssl_error == 0 ? NULL : ERR_reason_error_string(openssl_error);
    if (expectation->problem[0] != '\0')
        snprintf(out, size, "%s", expectation->problem);
    else if (verified != X509_V_OK)
        snprintf(out, size, "its certificate is not good: %s",
                 X509_verify_cert_error_string(verified));
    else if (reason != NULL)
        snprintf(out, size, "TLS: %s", reason);
    else
        snprintf(out, size, "connection lost");
}
