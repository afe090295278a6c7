// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/file.h"
#include "config/tree.h"

struct place {
  char folder[64], path[96];
};

static void write_file(const struct place *place, size_t len) {
  FILE *file = fopen(place->path, "wb");
  assert_non_null(file);
  for (size_t i = 0; i < len; i++) fputc('a', file);
  assert_int_equal(fclose(file), 0);
}

static void assert_refused(const char *path, const char *why) {
  struct buffer bytes = {0};
  struct error error;
  assert_int_equal(config_file_read(path, &bytes, &error), -1);
  assert_string_equal(error.code, "config_unreadable");
  if (!strstr(error.message, why)) fail_msg("\"%s\" does not say \"%s\"", error.message, why);
  buffer_free(&bytes);
}

static void four_mebibytes_are_read_and_one_byte_more_refused(void **state) {
  const struct place *place = *state;
  struct buffer bytes = {0};
  struct error error;
  write_file(place, TREE_BYTES_MAX);
  assert_int_equal(config_file_read(place->path, &bytes, &error), 0);
  assert_int_equal(bytes.len, TREE_BYTES_MAX);
  buffer_free(&bytes);
  write_file(place, TREE_BYTES_MAX + 1);
  assert_refused(place->path, "larger than 4 MiB");
}

static void an_empty_file_is_read(void **state) {
  const struct place *place = *state;
  struct buffer bytes = {0};
  struct error error;
  write_file(place, 0);
  assert_int_equal(config_file_read(place->path, &bytes, &error), 0);
  assert_int_equal(bytes.len, 0);
  buffer_free(&bytes);
}

static void what_is_no_file_is_named(void **state) {
  const struct place *place = *state;
  assert_refused(place->path, "there is no such file");
  assert_refused(place->folder, "it is a directory");
  assert_refused("/dev/null", "it is no regular file");
}

static void a_fifo_without_writer_does_not_hang(void **state) {
  const struct place *place = *state;
  assert_int_equal(mkfifo(place->path, 0600), 0);
  assert_refused(place->path, "it is no regular file");
}

static int place_make(void **state) {
  struct place *place = calloc(1, sizeof *place);
  if (!place) return -1;
  snprintf(place->folder, sizeof place->folder, "/tmp/config_file.XXXXXX");
  *state = place;
  if (!mkdtemp(place->folder)) return -1;
  snprintf(place->path, sizeof place->path, "%s/gateway.yaml", place->folder);
  return 0;
}

static int place_remove(void **state) {
  struct place *place = *state;
  unlink(place->path);
  rmdir(place->folder);
  free(place);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(four_mebibytes_are_read_and_one_byte_more_refused),
      TEST(an_empty_file_is_read),
      TEST(what_is_no_file_is_named),
      TEST(a_fifo_without_writer_does_not_hang),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
