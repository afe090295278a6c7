// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

#include "catalog/build.h"
#include "catalog/catalog.h"
#include "catalog/image.h"

static struct buffer bytes;
static struct catalog catalog;

static int set_up(void **state) {
  (void)state;
  bytes = (struct buffer){0};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  buffer_free(&bytes);
  return 0;
}

static void build(const char *one, const char *other) {
  const struct catalog_source sources[] = {{.path = "one.json", .text = slice_text(one)},
                                           {.path = "other.json", .text = slice_text(other)}};
  buffer_clear(&bytes);
  catalog_build(sources, other ? 2 : 1, &bytes);
  assert_true(catalog_view(&catalog, buffer_slice(&bytes)));
}

#define MODELS(rows) "{\"schema\":1,\"models\":{" rows "}}"

static void expect_row(const char *key, const char *row) {
  struct slice found;
  assert_true(catalog_find(&catalog, slice_text(key), &found));
  if (!slice_equal(found, slice_text(row))) fail_msg("%s: %.*s", key, (int)found.len, found.ptr);
}

static void expect_none(const char *key) {
  struct slice found;
  assert_false(catalog_find(&catalog, slice_text(key), &found));
}

static void expect_fault(uint32_t position, const char *path, unsigned line, const char *message) {
  assert_true(position < catalog.faults);
  struct catalog_fault fault = catalog_fault_at(&catalog, position);
  if (!slice_equal(fault.message, slice_text(message))) fail_msg("%.*s", (int)fault.message.len, fault.message.ptr);
  assert_true(slice_equal(fault.path, slice_text(path)));
  assert_int_equal(fault.line, line);
}

static void a_row_is_found_by_its_whole_name(void **state) {
  (void)state;
  build(MODELS("\"a/x\": {\"mode\": \"chat\", \"input\": \"0.15\"}, \"a/x/y\":{\"mode\":\"image\"}"), NULL);
  assert_int_equal(catalog.faults, 0);
  assert_int_equal(catalog.rows, 2);
  expect_row("a/x", "{\"mode\":\"chat\",\"input\":\"0.15\"}");
  expect_row("a/x/y", "{\"mode\":\"image\"}");
  expect_none("a/");
  expect_none("a/X");
  expect_none("");
}

/* Among so many names are many whose hashes end alike, and some that are nearly the same. */
static void many_rows_are_each_found_and_nothing_else(void **state) {
  (void)state;
  enum { MANY = 30000 };
  struct buffer text = {0};
  char key[32], row[64];
  buffer_append_slice(&text, SLICE_LITERAL("{\"models\":{"));
  for (int i = 0; i < MANY; i++) {
    buffer_append_format(&text, "%s\"p%d/m%d\":{\"mode\":\"chat\",\"context\":%d}", i ? "," : "", i % 7, i, i);
  }
  buffer_append_slice(&text, SLICE_LITERAL("}}"));
  const struct catalog_source source = {.path = "many", .text = buffer_slice(&text)};
  catalog_build(&source, 1, &bytes);
  assert_true(catalog_view(&catalog, buffer_slice(&bytes)));
  assert_int_equal(catalog.rows, MANY);
  for (int i = 0; i < MANY; i++) {
    snprintf(key, sizeof key, "p%d/m%d", i % 7, i);
    snprintf(row, sizeof row, "{\"mode\":\"chat\",\"context\":%d}", i);
    expect_row(key, row);
    snprintf(key, sizeof key, "p%d/m%d", (i + 1) % 7, i);
    expect_none(key);
  }
  buffer_free(&text);
}

/* Three names of one hash: found by brute force, so that a probe has to compare what it meets. */
static void names_of_one_hash_are_told_apart(void **state) {
  (void)state;
  struct buffer text = {0};
  char key[24];
  uint32_t wanted = image_hash(SLICE_LITERAL("a/0")) % 8;
  int found = 0;
  buffer_append_slice(&text, SLICE_LITERAL("{\"models\":{"));
  for (int i = 0; found < 3; i++) {
    snprintf(key, sizeof key, "a/%d", i);
    if (image_hash(slice_text(key)) % 8 != wanted) continue;
    buffer_append_format(&text, "%s\"%s\":{\"mode\":\"chat\",\"context\":%d}", found++ ? "," : "", key, i);
  }
  buffer_append_slice(&text, SLICE_LITERAL("}}"));
  const struct catalog_source source = {.path = "alike", .text = buffer_slice(&text)};
  catalog_build(&source, 1, &bytes);
  assert_true(catalog_view(&catalog, buffer_slice(&bytes)));
  for (uint32_t i = 0; i < 3; i++) {
    struct slice row;
    struct catalog_row at = catalog_at(&catalog, i);
    assert_true(catalog_find(&catalog, at.key, &row));
    assert_true(slice_equal(row, at.row));
  }
  expect_none("a/none");
  buffer_free(&text);
}

static void a_providers_rows_are_a_range(void **state) {
  (void)state;
  build(MODELS("\"b/2\":{\"mode\":\"chat\"},\"a/1\":{\"mode\":\"chat\"},\"b/1\":{\"mode\":\"chat\"},"
               "\"bb/1\":{\"mode\":\"chat\"}"),
        NULL);
  uint32_t first, end = catalog_range(&catalog, SLICE_LITERAL("b/"), &first);
  assert_int_equal(end - first, 2);
  assert_true(slice_equal(catalog_at(&catalog, first).key, SLICE_LITERAL("b/1")));
  assert_true(slice_equal(catalog_at(&catalog, first + 1).key, SLICE_LITERAL("b/2")));
  end = catalog_range(&catalog, SLICE_LITERAL("c/"), &first);
  assert_int_equal(end - first, 0);
}

static void a_later_file_goes_over_an_earlier_one(void **state) {
  (void)state;
  build(MODELS("\"a/x\":{\"mode\":\"chat\",\"input\":\"1\",\"output\":\"2\"},\"a/y\":{\"mode\":\"chat\"},"
               "\"a/z\":{\"mode\":\"chat\"}"),
        MODELS("\"a/x\":{\"input\":\"3\",\"output\":null},\"a/y\":null,\"b/n\":{\"mode\":\"image\"}"));
  assert_int_equal(catalog.faults, 0);
  expect_row("a/x", "{\"mode\":\"chat\",\"input\":\"3\"}");
  expect_none("a/y");
  expect_row("a/z", "{\"mode\":\"chat\"}");
  expect_row("b/n", "{\"mode\":\"image\"}");
}

static void what_is_wrong_is_told_with_its_line(void **state) {
  (void)state;
  build(
      "{\"schema\":1,\"models\":{\n\"a/x\":{\"mode\":\"talk\"},\n\"a/y\":{\"mode\":\"chat\",\n\"input\":-1},\n"
      "\"b\":{\"mode\":\"chat\"},\n\"a/z\":{\"mode\":\"chat\",\"colour\":1},\n\"a/v\":[],\n\"a/w\":{\"context\":1}}}",
      NULL);
  assert_int_equal(catalog.rows, 0);
  assert_int_equal(catalog.faults, 6);
  expect_fault(1, "one.json", 4,
               "a/y: input must be US dollars as a decimal (\"0.15\"), with at most 6 digits before and 6 behind the "
               "point");
  expect_fault(2, "one.json", 5, "\"b\": a row's name must be provider/model, without escapes");
  expect_fault(3, "one.json", 6, "a/z: colour is no member of a row");
  expect_fault(4, "one.json", 7, "a/v: must be an object, or null to take the row away");
  expect_fault(5, "one.json", 8, "a/w: mode is missing");
}

static void a_broken_file_is_one_fault_and_the_other_stays(void **state) {
  (void)state;
  build(MODELS("\"a/x\":{\"mode\":\"chat\"}"), "{\"schema\":1,\n\"models\":{\"a/y\":{}\n");
  assert_int_equal(catalog.faults, 1);
  expect_fault(0, "other.json", 3, "unexpected end");
  expect_row("a/x", "{\"mode\":\"chat\"}");
  build("[]", NULL);
  expect_fault(0, "one.json", 1, "must be an object with schema and models");
  build("{\"schema\":2,\"modles\":{}}", NULL);
  expect_fault(0, "one.json", 1, "schema must be 1");
  expect_fault(1, "one.json", 1, "\"modles\" is no member of a catalog: schema, sources, models");
  expect_fault(2, "one.json", 1, "models is missing");
  build(MODELS("\"a/x\":{\"mode\":\"chat\"},\"a/x\":{\"mode\":\"chat\"}"), "");
  expect_fault(0, "one.json", 1, "duplicate key");
}

static void a_file_that_cannot_be_read_is_a_fault(void **state) {
  (void)state;
  const struct catalog_source source = {.path = "gone.json", .unread = "No such file or directory"};
  catalog_build(&source, 1, &bytes);
  assert_true(catalog_view(&catalog, buffer_slice(&bytes)));
  expect_fault(0, "gone.json", 0, "No such file or directory");
}

static void so_many_faults_are_counted(void **state) {
  (void)state;
  struct buffer text = {0};
  buffer_append_slice(&text, SLICE_LITERAL("{\"models\":{"));
  for (int i = 0; i < CATALOG_FAULTS_MAX + 5; i++) buffer_append_format(&text, "%s\"a/%d\":1", i ? "," : "", i);
  buffer_append_slice(&text, SLICE_LITERAL("}}"));
  const struct catalog_source source = {.path = "wrong", .text = buffer_slice(&text)};
  catalog_build(&source, 1, &bytes);
  assert_true(catalog_view(&catalog, buffer_slice(&bytes)));
  assert_int_equal(catalog.faults, CATALOG_FAULTS_MAX + 1);
  expect_fault(CATALOG_FAULTS_MAX, "wrong", 0, "and 5 more");
  buffer_free(&text);
}

static void expect_price(const char *price, bool good) {
  char text[96];
  snprintf(text, sizeof text, "{\"models\":{\"a/x\":{\"mode\":\"chat\",\"input\":%s}}}", price);
  build(text, NULL);
  if ((catalog.faults == 0) != good) fail_msg("%s", price);
}

static void a_price_is_a_decimal_that_can_be_counted_with(void **state) {
  (void)state;
  static const char *const good[] = {"\"0.15\"", "0.15", "3", "\"0\"", "0.000001", "999999.999999", "null"};
  static const char *const wrong[] = {"\"0.1234567\"", "-1",      "\"1e3\"", "1e3",     "\"\"",    "\".5\"",
                                      "\"1.\"",        "1000000", "\"$3\"",  "[\"1\"]", "\"1,5\"", "true"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) expect_price(good[i], true);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) expect_price(wrong[i], false);
}

static void tiers_go_with_what_they_are_above(void **state) {
  (void)state;
  build(MODELS("\"a/x\":{\"mode\":\"chat\",\"tier_input\":\"1\"}"), NULL);
  expect_fault(0, "one.json", 1, "a/x: tier prices need tier_above");
  build(MODELS("\"a/x\":{\"mode\":\"chat\",\"tier_above\":1}"), NULL);
  expect_fault(0, "one.json", 1, "a/x: tier_above needs tier_input");
}

static void other_bytes_are_no_image(void **state) {
  (void)state;
  build(MODELS("\"a/x\":{\"mode\":\"chat\"}"), NULL);
  assert_false(catalog_view(&catalog, slice_make(bytes.data, bytes.len - 1)));
  assert_false(catalog_view(&catalog, SLICE_LITERAL("{}")));
  assert_false(catalog_view(&catalog, (struct slice){0}));
  expect_none("a/x");
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_row_is_found_by_its_whole_name),
      TEST(many_rows_are_each_found_and_nothing_else),
      TEST(names_of_one_hash_are_told_apart),
      TEST(a_providers_rows_are_a_range),
      TEST(a_later_file_goes_over_an_earlier_one),
      TEST(what_is_wrong_is_told_with_its_line),
      TEST(a_broken_file_is_one_fault_and_the_other_stays),
      TEST(a_file_that_cannot_be_read_is_a_fault),
      TEST(so_many_faults_are_counted),
      TEST(a_price_is_a_decimal_that_can_be_counted_with),
      TEST(tiers_go_with_what_they_are_above),
      TEST(other_bytes_are_no_image),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
