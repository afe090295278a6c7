// SPDX-License-Identifier: Apache-2.0
#include "codec/json_walk.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

static struct json_document open_document(const char *text) {
  struct json_document document;
  json_document_start(&document, slice_text(text));
  return document;
}

static const char *set(struct json_document *document, const char *path, const char *raw) {
  struct json_path steps;
  assert_null(json_path_parse(&steps, slice_text(path)));
  return raw ? json_document_set(document, &steps, slice_text(raw)) : json_document_remove(document, &steps);
}

static void assert_text(struct json_document *document, const char *expected) {
  struct buffer out = {0};
  json_document_render(document, &out);
  assert_int_equal(out.len, document->length);
  buffer_append(&out, "", 1);
  assert_string_equal(out.data, expected);
  buffer_free(&out);
}

static void an_edit_leaves_the_text_where_it_is_until_it_is_settled(void **state) {
  (void)state;
  const char *text = "{\"a\":\"x\",\"b\":2}";
  struct json_document document = open_document(text);
  assert_null(set(&document, "a", "\"yy\""));
  assert_ptr_equal(document.text.ptr, text);
  assert_int_equal(document.version, 0);
  assert_text(&document, "{\"a\":\"yy\",\"b\":2}");
  json_document_settle(&document);
  json_document_settle(&document);
  assert_int_equal(document.version, 1);
  assert_text(&document, "{\"a\":\"yy\",\"b\":2}");
  json_document_free(&document);
}

static void the_last_of_many_edits_of_a_value_holds(void **state) {
  (void)state;
  struct json_document document = open_document("{\"a\":{\"b\":[1,2,3]}}");
  assert_null(set(&document, "a.b[0]", "4"));
  assert_null(set(&document, "a.b[0]", "5"));
  assert_null(set(&document, "a.b[2]", "6"));
  assert_text(&document, "{\"a\":{\"b\":[5,2,6]}}");
  assert_null(set(&document, "a.b", "[7]"));
  assert_null(set(&document, "a.b[1]", "8"));
  assert_text(&document, "{\"a\":{\"b\":[7,8]}}");
  json_document_free(&document);
}

static void a_value_replaced_a_thousand_times_does_not_pile_up(void **state) {
  (void)state;
  static char big[100002];
  memset(big, 'x', sizeof big);
  big[0] = big[sizeof big - 1] = '"';
  struct json_document document = open_document("{\"a\":\"x\"}");
  for (int i = 0; i < 1000; i++) {
    assert_null(json_document_replace(&document, 5, 8, slice_make(big, sizeof big)));
    assert_true(document.bytes.cap < 8 * sizeof big);
  }
  json_document_free(&document);
}

static void a_document_has_a_greatest_size(void **state) {
  (void)state;
  struct buffer big = {0};
  buffer_reserve(&big, 32 << 20);
  memset(big.data, 'x', 32 << 20);
  big.len = 32 << 20;
  big.data[0] = big.data[big.len - 1] = '"';
  struct json_document document = open_document("{\"a\":\"x\"}");
  const char *fault = json_document_replace(&document, 5, 8, buffer_slice(&big));
  assert_string_equal(fault, "the document would be larger than 32 MiB");
  assert_false(document.changed);
  big.data[16 << 20] = '"';
  assert_null(json_document_replace(&document, 5, 8, slice_make(big.data, (16 << 20) + 1)));
  buffer_free(&big);
  json_document_free(&document);
}

static void places_are_followed_through_many_texts(void **state) {
  (void)state;
  struct json_document document = open_document("[\"a\",\"b\",\"c\"]");
  uint32_t version = 0;
  size_t start = 5, end = 8;
  assert_null(set(&document, "[0]", "\"longer\""));
  json_document_settle(&document);
  assert_null(set(&document, "[1]", "\"B\""));
  json_document_settle(&document);
  assert_null(set(&document, "[0]", NULL));
  json_document_settle(&document);
  assert_true(json_document_follow(&document, &version, &start, &end));
  assert_memory_equal(document.text.ptr + start, "\"B\"", 3);
  assert_int_equal(end - start, 3);
  assert_null(set(&document, "[0]", NULL));
  json_document_settle(&document);
  assert_false(json_document_follow(&document, &version, &start, &end));
  json_document_free(&document);
}

static void a_document_goes_on_at_another_place(void **state) {
  (void)state;
  struct json_document document = open_document("{\"a\":1}");
  assert_null(set(&document, "a", "2"));
  json_document_settle(&document);
  char copy[] = "{\"a\":2}";
  json_document_rebase(&document, slice_make(copy, 7));
  assert_false(document.changed);
  assert_null(set(&document, "b", "3"));
  assert_text(&document, "{\"a\":2,\"b\":3}");
  json_document_free(&document);
}

static void the_path_of_a_place_leads_back_to_it(void **state) {
  (void)state;
  const char *text = " { \"a\" : [ 1 , {\"b.c\": [[], \"x\"] } ] , \"z\" : \"y\" } ";
  static const char *const paths[] = {"a[1][\"b.c\"][1]", "z"};
  static const char *const values[] = {"\"x\"", "\"y\""};
  for (size_t i = 0; i < 2; i++) {
    struct buffer path = {0};
    json_path_write(&path, slice_text(text), (size_t)(strstr(text, values[i]) - text));
    struct json_path steps;
    struct json_place place;
    assert_true(slice_equal(buffer_slice(&path), slice_text(paths[i])));
    assert_null(json_path_parse(&steps, buffer_slice(&path)));
    assert_true(json_path_find(slice_text(text), &steps, &place));
    assert_true(slice_equal(place.value, slice_text(values[i])));
    buffer_free(&path);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_edit_leaves_the_text_where_it_is_until_it_is_settled),
      cmocka_unit_test(the_last_of_many_edits_of_a_value_holds),
      cmocka_unit_test(a_value_replaced_a_thousand_times_does_not_pile_up),
      cmocka_unit_test(a_document_has_a_greatest_size),
      cmocka_unit_test(places_are_followed_through_many_texts),
      cmocka_unit_test(a_document_goes_on_at_another_place),
      cmocka_unit_test(the_path_of_a_place_leads_back_to_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
