// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"

/* Certificates made on the spot for tests of TLS. */

struct certificate {
  EVP_PKEY *key;
  X509 *x509;
};

static inline void certificate_extend(X509 *x509, X509 *issuer, int kind, const char *value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, kind, value);
  REQUIRE(extension != NULL && X509_add_ext(x509, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

/* `names` is a subjectAltName such as "DNS:a.test,IP:127.0.0.1"; null makes an authority, signed by itself. */
static inline struct certificate certificate_make(const struct certificate *authority, const char *names) {
  struct certificate made = {EVP_EC_gen("P-256"), X509_new()};
  REQUIRE(made.key != NULL && made.x509 != NULL);
  X509_set_version(made.x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.x509), (long)random() + 1);
  X509_gmtime_adj(X509_getm_notBefore(made.x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.x509), 86400);
  X509_set_pubkey(made.x509, made.key);
  X509_NAME *subject = X509_get_subject_name(made.x509);
  const char *title = names ? "test server" : "test authority";
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)title, -1, -1, 0);
  X509 *issuer = authority ? authority->x509 : made.x509;
  X509_set_issuer_name(made.x509, X509_get_subject_name(issuer));
  certificate_extend(made.x509, issuer, NID_basic_constraints, names ? "CA:FALSE" : "critical,CA:TRUE");
  certificate_extend(made.x509, issuer, NID_key_usage, names ? "digitalSignature" : "keyCertSign,cRLSign");
  if (names) certificate_extend(made.x509, issuer, NID_subject_alt_name, names);
  REQUIRE(X509_sign(made.x509, authority ? authority->key : made.key, EVP_sha256()) > 0);
  return made;
}

static inline void certificate_free(struct certificate *certificate) {
  EVP_PKEY_free(certificate->key);
  X509_free(certificate->x509);
}

/* Writes the certificate as PEM to a new file, whose path (owned) is returned. */
static inline char *certificate_write(const struct certificate *certificate) {
  char path[] = "/tmp/moongate-test-XXXXXX";
  int fd = mkstemp(path);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  REQUIRE(file != NULL && PEM_write_X509(file, certificate->x509) == 1 && fclose(file) == 0);
  return strdup(path);
}

static inline char *certificate_write_key(const struct certificate *certificate) {
  char path[] = "/tmp/moongate-test-XXXXXX";
  int fd = mkstemp(path);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  REQUIRE(file != NULL && PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL) == 1);
  REQUIRE(fclose(file) == 0);
  return strdup(path);
}

static inline void certificate_remove(char *path) {
  unlink(path);
  free(path);
}

static inline SSL_CTX *certificate_server(const struct certificate *certificate) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  REQUIRE(ctx != NULL && SSL_CTX_use_certificate(ctx, certificate->x509) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(ctx, certificate->key) == 1);
  SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
  return ctx;
}
