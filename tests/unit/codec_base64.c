// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>
#include <string.h>

/* Decodes from and into memory of exactly the documented size, so that a sanitizer sees every step beyond. */
static bool decoded(struct slice text, const char *expected, size_t expected_len) {
  char *copy = malloc(text.len + 1);
  unsigned char *out = malloc(base64_decoded_max(text.len));
  assert_non_null(copy);
  assert_non_null(out);
  if (text.len > 0) memcpy(copy, text.ptr, text.len);
  size_t len;
  bool ok = base64_decode(slice_make(copy, text.len), out, &len);
  if (ok && expected) {
    assert_int_equal(len, expected_len);
    if (len > 0) assert_memory_equal(out, expected, len);
  }
  free(copy);
  free(out);
  return ok;
}

static void assert_encoded(const char *bytes, size_t len, const char *expected) {
  size_t size = base64_encoded_size(len);
  assert_int_equal(size, strlen(expected));
  char *out = malloc(size + 1);
  assert_non_null(out);
  base64_encode(slice_make(bytes, len), out);
  assert_memory_equal(out, expected, size);
  free(out);
}

static void the_vectors_of_the_rfc_go_both_ways(void **state) {
  (void)state;
  static const char *const vectors[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    assert_encoded(vectors[i][0], strlen(vectors[i][0]), vectors[i][1]);
    assert_true(decoded(slice_text(vectors[i][1]), vectors[i][0], strlen(vectors[i][0])));
  }
}

static void padding_may_be_missing(void **state) {
  (void)state;
  assert_true(decoded(SLICE_LITERAL("Zg"), "f", 1));
  assert_true(decoded(SLICE_LITERAL("Zm9vYmE"), "fooba", 5));
}

static void wrong_padding_is_refused(void **state) {
  (void)state;
  assert_false(decoded(SLICE_LITERAL("Zg="), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zg==="), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Z==="), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("="), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("===="), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zg==Zg=="), NULL, 0));
}

static void a_length_that_cannot_be_is_refused(void **state) {
  (void)state;
  assert_false(decoded(SLICE_LITERAL("Z"), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zm9vY"), NULL, 0));
}

static void a_character_outside_the_alphabet_is_refused(void **state) {
  (void)state;
  assert_false(decoded(SLICE_LITERAL("Zm 9"), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zm9-"), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zm9v\nZm9"), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zm\0v"), NULL, 0));
  assert_false(decoded(SLICE_LITERAL("Zm\xc3\xa9"), NULL, 0));
}

static void every_byte_survives(void **state) {
  (void)state;
  char bytes[256], text[344];
  for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = (char)i;
  for (size_t len = 0; len <= sizeof bytes; len++) {
    base64_encode(slice_make(bytes, len), text);
    assert_true(decoded(slice_make(text, base64_encoded_size(len)), bytes, len));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_vectors_of_the_rfc_go_both_ways),
      cmocka_unit_test(padding_may_be_missing),
      cmocka_unit_test(wrong_padding_is_refused),
      cmocka_unit_test(a_length_that_cannot_be_is_refused),
      cmocka_unit_test(a_character_outside_the_alphabet_is_refused),
      cmocka_unit_test(every_byte_survives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
