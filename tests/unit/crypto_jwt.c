// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "crypto/jwt.h"
#include "jwt_keys.h"

#define UNUSED(x) (void)(x)

static const struct slice HEADER = {"{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"test-key-1\"}", 46};

static struct jwt token_of(const char *key) {
  static const char claims[] =
      "{\"iss\":\"gw@my-proj.iam.gserviceaccount.com\",\"scope\":\"https://www.googleapis.com/auth/cloud-platform\","
      "\"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":1768478400,\"exp\":1768482000}";
  return (struct jwt){.key = slice_text(key), .header = HEADER, .claims = slice_text(claims)};
}

static void assert_signed(const char *key) {
  struct jwt jwt = token_of(key);
  struct buffer out = {0};
  struct error error = {0};
  buffer_append(&out, "kept ", 5);
  assert_int_equal(jwt_sign(&jwt, &out, &error), 0);
  assert_int_equal(out.len, 5 + sizeof JWT_EXPECTED - 1);
  assert_memory_equal(out.data, "kept ", 5);
  assert_memory_equal(out.data + 5, JWT_EXPECTED, sizeof JWT_EXPECTED - 1);
  buffer_free(&out);
}

static void a_token_is_the_known_one_byte_for_byte(void **state) {
  UNUSED(state);
  assert_signed(JWT_PKCS8);
}

static void a_key_in_the_older_form_signs_the_same(void **state) {
  UNUSED(state);
  assert_signed(JWT_PKCS1);
}

static void assert_refused(const char *key, const char *message) {
  struct jwt jwt = token_of(key);
  struct buffer out = {0};
  struct error error = {0};
  buffer_append(&out, "kept", 4);
  assert_int_equal(jwt_sign(&jwt, &out, &error), -1);
  assert_string_equal(error.code, "jwt_bad_key");
  assert_string_equal(error.message, message);
  assert_int_equal(out.len, 4);
  buffer_free(&out);
}

static void a_key_that_is_none_is_refused_without_a_word_of_it(void **state) {
  UNUSED(state);
  static const char message[] = "the private key is not an unencrypted private key in PEM";
  assert_refused("", message);
  assert_refused("SECRETSECRET", message);
  assert_refused("-----BEGIN PRIVATE KEY-----\nSECRETSECRET\n-----END PRIVATE KEY-----\n", message);
}

/* And nobody waits at a terminal for its passphrase. */
static void an_encrypted_key_is_refused(void **state) {
  UNUSED(state);
  assert_refused(JWT_ENCRYPTED, "the private key is not an unencrypted private key in PEM");
}

static void a_key_of_another_kind_is_refused(void **state) {
  UNUSED(state);
  assert_refused(JWT_ELLIPTIC, "the private key is not an RSA key");
}

static void a_short_key_is_refused(void **state) {
  UNUSED(state);
  assert_refused(JWT_SMALL, "the private key has fewer than 2048 bits");
}

/* One, two and three bytes: the three lengths of an encoding without padding. */
static void padding_never_shows(void **state) {
  UNUSED(state);
  static const char *const claims[] = {"1", "12", "123", ""};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    struct jwt jwt = {.key = slice_text(JWT_PKCS8), .header = HEADER, .claims = slice_text(claims[i])};
    struct buffer out = {0};
    assert_int_equal(jwt_sign(&jwt, &out, NULL), 0);
    assert_null(memchr(out.data, '=', out.len));
    assert_null(memchr(out.data, '+', out.len));
    assert_null(memchr(out.data, '/', out.len));
    buffer_free(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_token_is_the_known_one_byte_for_byte),
      cmocka_unit_test(a_key_in_the_older_form_signs_the_same),
      cmocka_unit_test(a_key_that_is_none_is_refused_without_a_word_of_it),
      cmocka_unit_test(an_encrypted_key_is_refused),
      cmocka_unit_test(a_key_of_another_kind_is_refused),
      cmocka_unit_test(a_short_key_is_refused),
      cmocka_unit_test(padding_never_shows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
