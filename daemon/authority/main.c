/* keyfence-authority: master secret keys and the machine CA, behind a Unix socket, no network. */
#include "authority.h"
#include "base/secret.h"
#include "config.h"
#include "files.h"
#include "log.h"
#include "openssl_heap.h"
#include "sandbox.h"
#include "serve.h"
#include "service.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One line; the newline that an editor leaves at the end is not part of the passphrase. */
static size_t passphrase_length(const uint8_t *text, size_t length)
{
    if (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    if (length > 0 && text[length - 1] == '\r') {
        length--;
    }
    return length;
}

static enum kf_status open_vault(struct vault **out, const struct config_authority *config,
                                 const struct kf_random *random, struct kf_error *err)
{
    uint8_t *passphrase;
    size_t length;
    struct stat info;
    enum kf_status st =
        files_read(&passphrase, &length, config->passphrase_file, VAULT_PASSPHRASE_MAX + 2, err);
    if (st != KF_OK) {
        return kf_fail_context(err, st, "the passphrase");
    }
    if (stat(config->passphrase_file, &info) == 0 && S_ISREG(info.st_mode) &&
        (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        log_warn("others may read %s: make it 0400", config->passphrase_file);
    }
    st = vault_open(out, config->state, passphrase, passphrase_length(passphrase, length),
                    vault_cost_default(), random, err);
    kf_secret_free(passphrase);
    return st;
}

static enum kf_status run(const struct config_authority *config, int signals, struct kf_error *err)
{
    const struct kf_random random = kf_random_system();
    const struct kf_clock clock = kf_clock_system();
    struct vault *vault = NULL;
    struct authority *authority = NULL;
    int listener = -1;
    enum kf_status st = open_vault(&vault, config, &random, err);
    if (st == KF_OK) {
        st = authority_new(&authority, vault, &random, &clock, err);
    }
    if (st == KF_OK) {
        st = files_listen_unix(&listener, config->socket, config->group == NULL ? 0600 : 0660,
                               config->group, err);
    }
    if (st == KF_OK) {
        st = sandbox_enter(SANDBOX_KEYS, err);
    }
    if (st == KF_OK) {
        char what[128];
        (void)snprintf(what, sizeof what, "%u generations on %.80s",
                       authority_generations(authority), config->socket);
        service_ready(what);
        st = serve(authority, listener, signals, &clock, err);
        service_stopping();
    }
    if (listener >= 0) {
        (void)close(listener);
        (void)unlink(config->socket);
    }
    authority_free(authority);
    vault_free(vault);
    return st;
}

int main(int argc, char **argv)
{
    struct kf_error err = {.message = ""};
    struct config_authority *config = NULL;
    int signals = -1;
    enum kf_status st = openssl_heap_wiping(&err);
    const char *path = service_command_line(
        argc, argv, "Holds the master secret keys and the machine CA, behind a Unix socket.");
    if (st == KF_OK) {
        st = kf_secret_init();
    }
    if (st == KF_OK) {
        st = sandbox_hide_memory(&err);
    }
    if (st == KF_OK) {
        st = config_authority_load(&config, path, &err);
    }
    if (st == KF_OK) {
        st = service_signals_open(&signals, &err);
    }
    if (st == KF_OK) {
        st = run(config, signals, &err);
    }
    if (st != KF_OK) {
        log_error("%s", err.message[0] != '\0' ? err.message : kf_status_name(st));
    }
    config_authority_free(config);
    return st == KF_OK ? 0 : 1;
}
