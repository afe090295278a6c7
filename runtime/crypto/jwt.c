// SPDX-License-Identifier: Apache-2.0
#include "crypto/jwt.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/check.h"

enum { KEY_BITS_LEAST = 2048, SIGNATURE_MOST = 2048 };

static int bad_key(struct error *error, const char *what) {
  ERR_clear_error(); /* what OpenSSL noted may quote the key's text */
  return error_set(error, 0, "jwt_bad_key", "%s", what);
}

/* Without this an encrypted key would ask the terminal for its passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *context) {
  (void)buf, (void)size, (void)writing, (void)context;
  return -1;
}

static EVP_PKEY *key_read(struct slice pem) {
  if (pem.len == 0 || pem.len > INT_MAX) return NULL;
  BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
  BIO_free(bio);
  return key;
}

static const char *key_problem(const EVP_PKEY *key) {
  if (!key) return "the private key is not an unencrypted private key in PEM";
  if (!EVP_PKEY_is_a(key, "RSA")) return "the private key is not an RSA key";
  if (EVP_PKEY_get_bits(key) < KEY_BITS_LEAST) return "the private key has fewer than 2048 bits";
  if (EVP_PKEY_get_size(key) > SIGNATURE_MOST) return "the private key has more than 16384 bits";
  return NULL;
}

/* Base64 of RFC 4648 section 5, without padding. */
static void append_base64url(struct buffer *out, struct slice bytes) {
  REQUIRE(bytes.len < INT_MAX / 2);
  buffer_reserve(out, (bytes.len + 2) / 3 * 4 + 1);
  char *text = out->data + out->len;
  int len = bytes.len ? EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.ptr, (int)bytes.len) : 0;
  for (int i = 0; i < len; i++) {
    if (text[i] == '+') text[i] = '-';
    if (text[i] == '/') text[i] = '_';
  }
  while (len > 0 && text[len - 1] == '=') len--;
  out->len += (size_t)len;
}

static bool sign(EVP_PKEY *key, struct slice input, unsigned char *signature, size_t *len) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool made = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(context, signature, len, (const unsigned char *)input.ptr, input.len) == 1;
  EVP_MD_CTX_free(context);
  return made;
}

/* The signature covers what was appended from `begin` on. */
static int append_signature(EVP_PKEY *key, struct buffer *out, size_t begin, struct error *error) {
  unsigned char signature[SIGNATURE_MOST];
  size_t len = sizeof signature;
  if (!sign(key, slice_from(buffer_slice(out), begin), signature, &len)) {
    return bad_key(error, "the private key cannot sign");
  }
  buffer_append(out, ".", 1);
  append_base64url(out, slice_make((const char *)signature, len));
  return 0;
}

int jwt_sign(const struct jwt *jwt, struct buffer *out, struct error *error) {
  size_t begin = out->len;
  EVP_PKEY *key = key_read(jwt->key);
  const char *problem = key_problem(key);
  int result = problem ? bad_key(error, problem) : 0;
  if (!problem) {
    append_base64url(out, jwt->header);
    buffer_append(out, ".", 1);
    append_base64url(out, jwt->claims);
    result = append_signature(key, out, begin, error);
    if (result < 0) out->len = begin;
  }
  EVP_PKEY_free(key);
  return result;
}
