/* Makes a machine CA and machine certificates for tests. Dies when OpenSSL fails. */
#ifndef KEYFENCE_TEST_CERTIFICATES_H
#define KEYFENCE_TEST_CERTIFICATES_H

/* DIRECTORY/NAME.pem and DIRECTORY/NAME.key: a fresh self-signed CA. */
void test_make_ca(const char *directory, const char *name);
/* A certificate for both ends of TLS, signed by that CA, with these URIs in its subjectAltName;
 * uri2 may be NULL. days < 0 makes one that has expired. */
void test_make_certificate(const char *directory, const char *name, const char *ca, const char *uri,
                           const char *uri2, int days);

#endif
