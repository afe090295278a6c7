// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "shared/keys.h"

#define UNUSED(x) (void)(x)

struct fixture {
  void *table;
  struct keys *keys;
};

static struct fixture opened(void) {
  struct fixture fixture;
  fixture.table = mmap(NULL, keys_table_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(fixture.table != MAP_FAILED);
  fixture.keys = keys_open(fixture.table);
  assert_non_null(fixture.keys);
  return fixture;
}

static void closed(struct fixture fixture) {
  keys_close(fixture.keys);
  munmap(fixture.table, keys_table_size());
}

static struct key_identity identity_named(const char *id) {
  struct key_identity identity = {.scopes = KEY_SCOPE_READ};
  snprintf(identity.id, sizeof identity.id, "%s", id);
  return identity;
}

static void a_known_key_is_found_with_its_identity(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity identity = identity_named("k1"), found;
  snprintf(identity.name, sizeof identity.name, "team a");
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("fgw_0123"), &identity, NULL), 0);
  assert_true(keys_find(fixture.keys, SLICE_LITERAL("fgw_0123"), &found));
  assert_string_equal(found.id, "k1");
  assert_string_equal(found.name, "team a");
  assert_int_equal(found.scopes, KEY_SCOPE_READ);
  closed(fixture);
}

static void anything_else_is_not_found(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity identity = identity_named("k1"), found;
  assert_false(keys_find(fixture.keys, SLICE_LITERAL("fgw_0123"), &found));
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("fgw_0123"), &identity, NULL), 0);
  static const struct slice others[] = {
      {"fgw_012", 7},   {"fgw_01234", 9}, {"FGW_0123", 8},    {"fgw_0123\0", 9}, {" fgw_0123", 9},
      {"fgw_0123 ", 9}, {"", 0},          {"' OR 1=1--", 10}, {"%s%n", 4},       {"\xff\xfe\x00", 3},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_false(keys_find(fixture.keys, others[i], &found));
  }
  closed(fixture);
}

static void an_expired_key_is_not_usable(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity identity = identity_named("k1"), found;
  int64_t now = (int64_t)time(NULL);
  identity.expires_at = now - 1;
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("secret"), &identity, NULL), 0);
  assert_false(keys_find(fixture.keys, SLICE_LITERAL("secret"), &found));
  identity.expires_at = now + 3600;
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("secret"), &identity, NULL), 0);
  assert_true(keys_find(fixture.keys, SLICE_LITERAL("secret"), &found));
  closed(fixture);
}

static void a_second_put_replaces_the_identity_and_moves_the_version(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity identity = identity_named("old"), found;
  uint64_t version = keys_version(fixture.keys);
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("secret"), &identity, NULL), 0);
  assert_true(keys_version(fixture.keys) > version);
  version = keys_version(fixture.keys);
  identity = identity_named("new");
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("secret"), &identity, NULL), 0);
  assert_true(keys_version(fixture.keys) > version);
  assert_true(keys_find(fixture.keys, SLICE_LITERAL("secret"), &found));
  assert_string_equal(found.id, "new");
  closed(fixture);
}

static void secrets_have_1_to_512_bytes(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity identity = identity_named("k1"), found;
  struct error error;
  char secret[KEY_SECRET_MAX + 1];
  memset(secret, 's', sizeof secret);
  assert_int_equal(keys_put(fixture.keys, slice_make(secret, KEY_SECRET_MAX), &identity, &error), 0);
  assert_true(keys_find(fixture.keys, slice_make(secret, KEY_SECRET_MAX), &found));
  assert_int_equal(keys_put(fixture.keys, slice_make(secret, KEY_SECRET_MAX + 1), &identity, &error), -1);
  assert_string_equal(error.code, "invalid_key");
  assert_null(strstr(error.message, "ssss"));
  assert_false(keys_find(fixture.keys, slice_make(secret, KEY_SECRET_MAX + 1), &found));
  assert_int_equal(keys_put(fixture.keys, slice_make(secret, 0), &identity, &error), -1);
  closed(fixture);
}

static void the_table_takes_its_limit_and_refuses_one_more(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity found;
  struct error error;
  char secret[32];
  for (int i = 0; i < KEYS_MAX; i++) {
    int len = snprintf(secret, sizeof secret, "key-%d", i);
    struct key_identity identity = identity_named(secret);
    assert_int_equal(keys_put(fixture.keys, slice_make(secret, (size_t)len), &identity, &error), 0);
  }
  struct key_identity identity = identity_named("one more");
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("one more"), &identity, &error), -1);
  assert_string_equal(error.code, "keys_full");
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("key-7"), &identity, &error), 0);
  for (int i = 0; i < KEYS_MAX; i++) {
    int len = snprintf(secret, sizeof secret, "key-%d", i);
    assert_true(keys_find(fixture.keys, slice_make(secret, (size_t)len), &found));
    assert_string_equal(found.id, i == 7 ? "one more" : secret);
  }
  assert_false(keys_find(fixture.keys, SLICE_LITERAL("one more"), &found));
  closed(fixture);
}

static void the_table_never_holds_the_secret(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity identity = identity_named("k1");
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("canary-of-a-secret"), &identity, NULL), 0);
  assert_null(memmem(fixture.table, keys_table_size(), "canary-of-a-secret", 18));
  closed(fixture);
}

/* A reader sees one identity or the other, never half of each. */
static void a_child_reads_whole_records_while_they_change(void **state) {
  UNUSED(state);
  struct fixture fixture = opened();
  struct key_identity a = identity_named("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  struct key_identity b = identity_named("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
  memcpy(a.name, a.id, sizeof a.name);
  memcpy(b.name, b.id, sizeof b.name);
  assert_int_equal(keys_put(fixture.keys, SLICE_LITERAL("secret"), &a, NULL), 0);
  pid_t child = fork();
  if (child == 0) {
    struct key_identity found;
    unsigned changes = 0;
    char last = 'a';
    alarm(60);
    while (changes < 50) {
      if (!keys_find(fixture.keys, SLICE_LITERAL("secret"), &found)) _exit(1);
      if (memcmp(found.id, found.name, sizeof found.id) != 0 || found.id[0] != found.id[62]) _exit(2);
      changes += found.id[0] != last;
      last = found.id[0];
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    keys_put(fixture.keys, SLICE_LITERAL("secret"), &b, NULL);
    keys_put(fixture.keys, SLICE_LITERAL("secret"), &a, NULL);
  }
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  closed(fixture);
}

static void the_master_key_is_known_by_a_part_of_its_digest(void **state) {
  UNUSED(state);
  struct key_identity identity;
  key_identity_master(SLICE_LITERAL("abc"), &identity);
  assert_string_equal(identity.id, "master-key:ba7816bf8f01cfea");
  assert_int_equal(identity.scopes, KEY_SCOPE_READ | KEY_SCOPE_ADMIN);
  assert_int_equal(identity.expires_at, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_known_key_is_found_with_its_identity),
      cmocka_unit_test(anything_else_is_not_found),
      cmocka_unit_test(an_expired_key_is_not_usable),
      cmocka_unit_test(a_second_put_replaces_the_identity_and_moves_the_version),
      cmocka_unit_test(secrets_have_1_to_512_bytes),
      cmocka_unit_test(the_table_takes_its_limit_and_refuses_one_more),
      cmocka_unit_test(the_table_never_holds_the_secret),
      cmocka_unit_test(a_child_reads_whole_records_while_they_change),
      cmocka_unit_test(the_master_key_is_known_by_a_part_of_its_digest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
