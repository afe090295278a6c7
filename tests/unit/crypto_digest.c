// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "crypto/digest.h"

#define UNUSED(x) (void)(x)

static void assert_hex(const struct digest *digest, const char *expected) {
  char hex[DIGEST_HEX_SIZE];
  digest_hex(digest, hex);
  assert_memory_equal(hex, expected, strlen(expected));
}

static void sha256_of_known_texts(void **state) {
  UNUSED(state);
  struct digest digest;
  digest_sha256(slice_make(NULL, 0), &digest);
  assert_hex(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  digest_sha256(SLICE_LITERAL("abc"), &digest);
  assert_hex(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  digest_sha256(SLICE_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), &digest);
  assert_hex(&digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static struct slice repeated(char *memory, int byte, size_t len) {
  memset(memory, byte, len);
  return slice_make(memory, len);
}

static void assert_hmac(struct slice secret, struct slice text, const char *expected) {
  struct digest_key *key = digest_key_open(secret);
  assert_non_null(key);
  struct digest digest;
  for (int again = 0; again < 2; again++) { /* a call leaves the prepared key as it was */
    digest_hmac(key, text, &digest);
    assert_hex(&digest, expected);
  }
  digest_key_close(key);
}

static void hmac_gives_the_vectors_of_rfc_4231(void **state) {
  UNUSED(state);
  char key[131], text[50];
  assert_hmac(repeated(key, 0x0b, 20), SLICE_LITERAL("Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  assert_hmac(SLICE_LITERAL("Jefe"), SLICE_LITERAL("what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  assert_hmac(repeated(key, 0xaa, 20), repeated(text, 0xdd, 50),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  for (int i = 0; i < 25; i++) key[i] = (char)(i + 1);
  assert_hmac(slice_make(key, 25), repeated(text, 0xcd, 50),
              "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  assert_hmac(repeated(key, 0x0c, 20), SLICE_LITERAL("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b");
  assert_hmac(repeated(key, 0xaa, 131), SLICE_LITERAL("Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  assert_hmac(repeated(key, 0xaa, 131),
              SLICE_LITERAL("This is a test using a larger than block-size key and a larger than block-size data. The "
                            "key needs to be hashed before being used by the HMAC algorithm."),
              "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void hmac_takes_an_empty_key_and_an_empty_text(void **state) {
  UNUSED(state);
  assert_hmac(slice_make(NULL, 0), slice_make(NULL, 0),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* A key of exactly one block is used as it is, one byte more is hashed first. */
static void hmac_changes_its_treatment_of_keys_at_64_bytes(void **state) {
  UNUSED(state);
  char key[65];
  assert_hmac(repeated(key, 'a', 64), SLICE_LITERAL("x"),
              "b65ca3a3235f948bc0e6bd747532c54a983b54ddad1a4d1bd8b958e065b1cab4");
  assert_hmac(repeated(key, 'a', 65), SLICE_LITERAL("x"),
              "5c8ad20f6d25c86ccfc9774f1c0ca49d3675f3a112d9905cce286e2636681b75");
}

static void digests_are_compared_whole(void **state) {
  UNUSED(state);
  struct digest a, b;
  digest_sha256(SLICE_LITERAL("a"), &a);
  b = a;
  assert_true(digest_equal(&a, &b));
  for (size_t i = 0; i < DIGEST_SIZE; i++) {
    b.bytes[i] ^= 1;
    assert_false(digest_equal(&a, &b));
    b.bytes[i] ^= 1;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_of_known_texts),
      cmocka_unit_test(hmac_gives_the_vectors_of_rfc_4231),
      cmocka_unit_test(hmac_takes_an_empty_key_and_an_empty_text),
      cmocka_unit_test(hmac_changes_its_treatment_of_keys_at_64_bytes),
      cmocka_unit_test(digests_are_compared_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
