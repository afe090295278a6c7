// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/check.h"

enum { BLOCK_SIZE = 64 };

/* The states after the padded key's block, copied for every message: two compressions and the set-up of EVP_MAC less.
 */
struct digest_key {
  EVP_MD *algorithm;
  EVP_MD_CTX *inner, *outer;
  EVP_MD_CTX *scratch;
};

void digest_sha256(struct slice bytes, struct digest *out) {
  REQUIRE(EVP_Digest(bytes.ptr, bytes.len, out->bytes, NULL, EVP_sha256(), NULL) == 1);
}

bool digest_equal(const struct digest *a, const struct digest *b) {
  return CRYPTO_memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

void digest_hex(const struct digest *digest, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < DIGEST_SIZE; i++) {
    out[2 * i] = digits[digest->bytes[i] >> 4];
    out[2 * i + 1] = digits[digest->bytes[i] & 15];
  }
}

static EVP_MD_CTX *state_after(const EVP_MD *algorithm, const unsigned char key[BLOCK_SIZE], unsigned char pad) {
  unsigned char block[BLOCK_SIZE];
  for (size_t i = 0; i < BLOCK_SIZE; i++) block[i] = key[i] ^ pad;
  EVP_MD_CTX *state = EVP_MD_CTX_new();
  if (state && !(EVP_DigestInit_ex2(state, algorithm, NULL) && EVP_DigestUpdate(state, block, BLOCK_SIZE))) {
    EVP_MD_CTX_free(state);
    state = NULL;
  }
  OPENSSL_cleanse(block, sizeof block);
  return state;
}

struct digest_key *digest_key_open(struct slice secret) {
  struct digest_key *key = calloc(1, sizeof *key);
  if (!key) return NULL;
  union {
    unsigned char bytes[BLOCK_SIZE];
    struct digest digest;
  } block = {{0}};
  if (secret.len > BLOCK_SIZE) {
    digest_sha256(secret, &block.digest);
  } else if (secret.len > 0) {
    memcpy(block.bytes, secret.ptr, secret.len);
  }
  key->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
  key->inner = state_after(key->algorithm, block.bytes, 0x36);
  key->outer = state_after(key->algorithm, block.bytes, 0x5c);
  key->scratch = EVP_MD_CTX_new();
  OPENSSL_cleanse(&block, sizeof block);
  if (key->inner && key->outer && key->scratch) return key;
  digest_key_close(key);
  return NULL;
}

void digest_key_close(struct digest_key *key) {
  if (!key) return;
  EVP_MD_CTX_free(key->inner);
  EVP_MD_CTX_free(key->outer);
  EVP_MD_CTX_free(key->scratch);
  EVP_MD_free(key->algorithm);
  free(key);
}

static void digest_from(EVP_MD_CTX *scratch, const EVP_MD_CTX *start, struct slice bytes, struct digest *out) {
  REQUIRE(EVP_MD_CTX_copy_ex(scratch, start) == 1);
  REQUIRE(bytes.len == 0 || EVP_DigestUpdate(scratch, bytes.ptr, bytes.len) == 1);
  REQUIRE(EVP_DigestFinal_ex(scratch, out->bytes, NULL) == 1);
}

void digest_hmac(struct digest_key *key, struct slice bytes, struct digest *out) {
  struct digest inner;
  digest_from(key->scratch, key->inner, bytes, &inner);
  digest_from(key->scratch, key->outer, slice_make((const char *)inner.bytes, DIGEST_SIZE), out);
}
