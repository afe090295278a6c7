// SPDX-License-Identifier: Apache-2.0
/* Strings, numbers, the pull reader and paths over valid JSON. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "codec/utf8.h"

#define assert_slice(slice, text)                        \
  do {                                                   \
    assert_int_equal((slice).len, sizeof(text) - 1);     \
    assert_memory_equal((slice).ptr, text, (slice).len); \
  } while (0)

/* ---- strings ---- */

static void expect_decoded(struct slice raw, struct slice expected) {
  struct buffer out = {0};
  buffer_append(&out, "kept", 4);
  json_string_decode(raw, &out);
  assert_int_equal(out.len, 4 + expected.len);
  assert_memory_equal(out.data, "kept", 4);
  assert_memory_equal(out.data + 4, expected.ptr, expected.len);
  buffer_free(&out);
}

static void escapes_are_resolved(void **state) {
  (void)state;
  expect_decoded(SLICE_LITERAL("\"\""), SLICE_LITERAL(""));
  expect_decoded(SLICE_LITERAL("\"plain\""), SLICE_LITERAL("plain"));
  expect_decoded(SLICE_LITERAL("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), SLICE_LITERAL("\"\\/\b\f\n\r\t"));
  expect_decoded(SLICE_LITERAL("\"a\\u0000b\""), SLICE_LITERAL("a\0b"));
  expect_decoded(SLICE_LITERAL("\"\\u007f\\u0080\\u07ff\\u0800\\uFFFF\""),
                 SLICE_LITERAL("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
  expect_decoded(SLICE_LITERAL("\"\\ud83d\\ude00x\\uDBFF\\uDFFF\""),
                 SLICE_LITERAL("\xf0\x9f\x98\x80x\xf4\x8f\xbf\xbf"));
  expect_decoded(SLICE_LITERAL("\"\\\\u0041\""), SLICE_LITERAL("\\u0041"));
}

static void a_string_without_escapes_is_not_copied(void **state) {
  (void)state;
  struct slice raw = SLICE_LITERAL("\"plain\"");
  struct slice plain;
  assert_true(json_string_plain(raw, &plain));
  assert_ptr_equal(plain.ptr, raw.ptr + 1);
  assert_int_equal(plain.len, 5);
  assert_false(json_string_plain(SLICE_LITERAL("\"a\\n\""), &plain));
  assert_true(json_string_plain(SLICE_LITERAL("\"\""), &plain));
  assert_int_equal(plain.len, 0);
}

static void a_string_is_compared_by_its_content(void **state) {
  (void)state;
  assert_true(json_string_is(SLICE_LITERAL("\"stop\""), SLICE_LITERAL("stop")));
  assert_true(json_string_is(SLICE_LITERAL("\"st\\u006fp\""), SLICE_LITERAL("stop")));
  assert_true(json_string_is(SLICE_LITERAL("\"\""), SLICE_LITERAL("")));
  assert_false(json_string_is(SLICE_LITERAL("\"st\\u006fp\""), SLICE_LITERAL("st\\u006fp")));
  assert_false(json_string_is(SLICE_LITERAL("\"stop\""), SLICE_LITERAL("stops")));
  assert_false(json_string_is(SLICE_LITERAL("\"a\\n\""), SLICE_LITERAL("a longer text")));
}

static void expect_encoded(struct slice bytes, struct slice expected) {
  struct buffer out = {0};
  json_string_encode(&out, bytes);
  assert_int_equal(out.len, expected.len);
  assert_memory_equal(out.data, expected.ptr, expected.len);
  struct json_fault fault;
  assert_int_equal(json_validate(buffer_slice(&out), &json_limits_default, &fault), 0);
  buffer_free(&out);
}

static void bytes_become_a_json_string(void **state) {
  (void)state;
  expect_encoded(SLICE_LITERAL(""), SLICE_LITERAL("\"\""));
  expect_encoded(slice_make(NULL, 0), SLICE_LITERAL("\"\""));
  expect_encoded(SLICE_LITERAL("</a & b>'"), SLICE_LITERAL("\"</a & b>'\""));
  expect_encoded(SLICE_LITERAL("\"\\\b\f\n\r\t"), SLICE_LITERAL("\"\\\"\\\\\\b\\f\\n\\r\\t\""));
  expect_encoded(SLICE_LITERAL("a\0\x01\x1f\x7f"), SLICE_LITERAL("\"a\\u0000\\u0001\\u001f\x7f\""));
  expect_encoded(SLICE_LITERAL("caf\xc3\xa9 \xf0\x9f\x98\x80"), SLICE_LITERAL("\"caf\xc3\xa9 \xf0\x9f\x98\x80\""));
}

static void bytes_that_are_no_utf8_become_replacement_characters(void **state) {
  (void)state;
  expect_encoded(SLICE_LITERAL("a\xff"
                               "b"),
                 SLICE_LITERAL("\"a\xef\xbf\xbd"
                               "b\""));
  expect_encoded(SLICE_LITERAL("\xe2\x82"), SLICE_LITERAL("\"\xef\xbf\xbd\xef\xbf\xbd\""));
  expect_encoded(SLICE_LITERAL("\xc3\xa9\xc3"), SLICE_LITERAL("\"\xc3\xa9\xef\xbf\xbd\""));
  expect_encoded(SLICE_LITERAL("\xed\xa0\x80"), SLICE_LITERAL("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}

static void every_scalar_value_survives_a_round_trip(void **state) {
  (void)state;
  for (unsigned code = 1; code <= 0x10ffff; code += code < 0x3000 ? 1 : 61) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    char bytes[4];
    struct slice text = slice_make(bytes, utf8_write(bytes, code));
    assert_true(utf8_valid(text));
    struct buffer raw = {0};
    json_string_encode(&raw, text);
    expect_decoded(buffer_slice(&raw), text);
    buffer_free(&raw);
  }
}

static void utf8_is_checked_at_every_alignment(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    bool valid;
  } cases[] = {{"\xc3\xa9", true},      {"\xed\x9f\xbf", true},      {"\xf4\x8f\xbf\xbf", true}, {"\xc3", false},
               {"\xed\xa0\x80", false}, {"\xf4\x90\x80\x80", false}, {"\xc1\xbf", false},        {"\x80", false},
               {"\xe0\x9f\xbf", false}, {"\xf0\x8f\xbf\xbf", false}, {"\xf0\x90\x80", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (size_t before = 0; before < 40; before++) {
      struct buffer text = {0};
      for (size_t n = 0; n < before; n++) buffer_append(&text, "x", 1);
      buffer_append_slice(&text, slice_text(cases[i].bytes));
      assert_int_equal(utf8_valid(buffer_slice(&text)), cases[i].valid);
      buffer_append(&text, "the rest is plain again", 23);
      assert_int_equal(utf8_valid(buffer_slice(&text)), cases[i].valid);
      buffer_free(&text);
    }
  }
}

/* ---- numbers ---- */

static void numbers_that_a_double_carries_are_exact(void **state) {
  (void)state;
  static const char *const exact[] = {"0",
                                      "-0",
                                      "1",
                                      "-1",
                                      "0.7",
                                      "-0.5",
                                      "123456789012345",
                                      "9007199254740992",
                                      "-9007199254740992",
                                      "0.0001",
                                      "3.14159",
                                      "0.12345678901234568",
                                      "1e-300",
                                      "1e-05",
                                      "123456.789"};
  for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
    double value;
    if (!json_number_exact(slice_text(exact[i]), &value)) fail_msg("%s", exact[i]);
    assert_true(value == strtod(exact[i], NULL) && signbit(value) == (exact[i][0] == '-'));
    struct buffer out = {0};
    assert_true(json_number_encode(&out, value));
    assert_int_equal(out.len, strlen(exact[i]));
    assert_memory_equal(out.data, exact[i], out.len);
    buffer_free(&out);
  }
}

static void numbers_that_would_change_are_not_exact(void **state) {
  (void)state;
  static const char *const inexact[] = {"9007199254740993",
                                        "-9007199254740993",
                                        "9007199254740994",
                                        "9223372036854775807",
                                        "18446744073709551616",
                                        "1.0",
                                        "0.10",
                                        "1e3",
                                        "1E5",
                                        "0.0",
                                        "-0.0",
                                        "1e400",
                                        "-1e400",
                                        "0.00001",
                                        "12345678901234567890.5",
                                        "1e-400",
                                        "0.1234567890123456789",
                                        "100000000000000000000",
                                        "1.50",
                                        "1e+3",
                                        "1e+300"};
  for (size_t i = 0; i < sizeof inexact / sizeof inexact[0]; i++) {
    double value;
    if (json_number_exact(slice_text(inexact[i]), &value)) fail_msg("%s", inexact[i]);
    assert_true(json_number_value(slice_text(inexact[i])) == strtod(inexact[i], NULL));
  }
}

static void short_decimals_are_read_as_strtod_reads_them(void **state) {
  (void)state;
  uint64_t random = 88172645463325252ULL;
  for (int i = 0; i < 200000; i++) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    char text[40];
    int places = (int)(random >> 60) % 15;
    unsigned long long digits = random % 1000000000000000ULL >> (random >> 50 & 31);
    double scale = pow(10, places);
    snprintf(text, sizeof text, "%.*f", places, (double)digits / scale);
    double value;
    if (json_number_exact(slice_text(text), &value)) assert_true(value == strtod(text, NULL));
    assert_true(json_number_value(slice_text(text)) == strtod(text, NULL));
  }
}

/* The shortest of what printf makes of it, which is what a value without fast path gets. */
static void expect_shortest(double value) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  struct buffer out = {0};
  assert_true(json_number_encode(&out, value));
  if (!slice_equal(buffer_slice(&out), slice_text(text))) fail_msg("%.*s, not %s", (int)out.len, out.data, text);
  buffer_free(&out);
}

static void decimals_are_written_as_short_as_can_be(void **state) {
  (void)state;
  static const double values[] = {0.1,
                                  0.7,
                                  -0.5,
                                  1.5,
                                  0.000123456789,
                                  0.0001,
                                  0.00009999,
                                  999999.999999999,
                                  1e-9,
                                  1000000.0000000001,
                                  123456.789,
                                  0.3000000000000000444,
                                  100000.5,
                                  33.333333333333336};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) expect_shortest(values[i]);
  uint64_t random = 88172645463325252ULL;
  for (int i = 0; i < 200000; i++) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    double value = (double)(int64_t)(random >> (random & 31)) / pow(10, (double)(random % 19));
    if (fabs(value) < 1e15 && value != floor(value)) expect_shortest(value);
  }
}

static void every_finite_double_survives_a_round_trip(void **state) {
  (void)state;
  uint64_t random = 1181783497276652981ULL;
  for (int i = 0; i < 100000; i++) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    double value;
    memcpy(&value, &random, sizeof value);
    struct buffer out = {0};
    assert_int_equal(json_number_encode(&out, value), isfinite(value));
    if (isfinite(value)) assert_true(json_number_value(buffer_slice(&out)) == value);
    buffer_free(&out);
  }
}

/* ---- reader ---- */

static void the_reader_tells_every_event_in_order(void **state) {
  (void)state;
  struct json_reader reader;
  json_reader_start(&reader, SLICE_LITERAL(" {\"a\":[1,\"x\\\"]\",{}],\"b\":{\"c\":null},\"d\":-2.5e1} "));
  static const struct {
    enum json_event event;
    const char *raw;
  } expected[] = {{JSON_EVENT_OPEN_OBJECT, "{"},  {JSON_EVENT_KEY, "\"a\""},         {JSON_EVENT_OPEN_ARRAY, "["},
                  {JSON_EVENT_SCALAR, "1"},       {JSON_EVENT_SCALAR, "\"x\\\"]\""}, {JSON_EVENT_OPEN_OBJECT, "{"},
                  {JSON_EVENT_CLOSE_OBJECT, "}"}, {JSON_EVENT_CLOSE_ARRAY, "]"},     {JSON_EVENT_KEY, "\"b\""},
                  {JSON_EVENT_OPEN_OBJECT, "{"},  {JSON_EVENT_KEY, "\"c\""},         {JSON_EVENT_SCALAR, "null"},
                  {JSON_EVENT_CLOSE_OBJECT, "}"}, {JSON_EVENT_KEY, "\"d\""},         {JSON_EVENT_SCALAR, "-2.5e1"},
                  {JSON_EVENT_CLOSE_OBJECT, "}"}};
  struct slice raw;
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    assert_int_equal(json_reader_next(&reader, &raw), expected[i].event);
    assert_true(slice_equal(raw, slice_text(expected[i].raw)));
  }
  assert_int_equal(json_reader_next(&reader, &raw), JSON_EVENT_END);
  assert_int_equal(json_reader_next(&reader, &raw), JSON_EVENT_END);
}

static void the_reader_goes_64_levels_down(void **state) {
  (void)state;
  char text[129] = {0};
  memset(text, '[', 64);
  memset(text + 64, ']', 64);
  struct json_reader reader;
  json_reader_start(&reader, slice_make(text, 128));
  struct slice raw;
  assert_true(json_reader_value(&reader, &raw));
  assert_int_equal(raw.len, 128);
}

static void a_value_is_read_whole(void **state) {
  (void)state;
  struct json_reader reader;
  json_reader_start(&reader, SLICE_LITERAL("[{\"a\":[1,{\"b\":\"]}\"}]} , 2]"));
  struct slice raw;
  assert_int_equal(json_reader_next(&reader, &raw), JSON_EVENT_OPEN_ARRAY);
  assert_true(json_reader_value(&reader, &raw));
  assert_slice(raw, "{\"a\":[1,{\"b\":\"]}\"}]}");
  assert_true(json_reader_value(&reader, &raw));
  assert_slice(raw, "2");
  assert_false(json_reader_value(&reader, &raw));
}

static void a_path_leads_to_its_value(void **state) {
  (void)state;
  struct slice text = SLICE_LITERAL(
      "{\"messages\":[{\"role\":\"system\"},[],{\"r\\u006fle\":\"user\",\"content\":[{\"text\""
      ":\"hi\"}]}],\"n\":1}");
  const struct json_step messages = {SLICE_LITERAL("messages"), -1}, content = {SLICE_LITERAL("content"), -1},
                         role = {SLICE_LITERAL("role"), -1}, second = {{"", 0}, 2}, first = {{"", 0}, 0},
                         n = {SLICE_LITERAL("n"), -1}, third = {{"", 0}, 3};
  struct slice value;
  assert_true(json_find(text, (struct json_step[]){messages, second, content, first}, 4, &value));
  assert_slice(value, "{\"text\":\"hi\"}");
  assert_true(json_find(text, (struct json_step[]){messages, second, role}, 3, &value));
  assert_slice(value, "\"user\"");
  assert_true(json_find(text, (struct json_step[]){n}, 1, &value));
  assert_slice(value, "1");
  assert_true(json_find(text, NULL, 0, &value));
  assert_int_equal(value.len, text.len);
  assert_false(json_find(text, (struct json_step[]){messages, third}, 2, &value));
  assert_false(json_find(text, (struct json_step[]){content}, 1, &value));
  assert_false(json_find(text, (struct json_step[]){n, first}, 2, &value));
  assert_false(json_find(text, (struct json_step[]){n, role}, 2, &value));
  assert_false(json_find(text, (struct json_step[]){messages, role}, 2, &value));
  assert_false(json_find(text, (struct json_step[]){second}, 1, &value));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escapes_are_resolved),
      cmocka_unit_test(a_string_without_escapes_is_not_copied),
      cmocka_unit_test(a_string_is_compared_by_its_content),
      cmocka_unit_test(bytes_become_a_json_string),
      cmocka_unit_test(bytes_that_are_no_utf8_become_replacement_characters),
      cmocka_unit_test(every_scalar_value_survives_a_round_trip),
      cmocka_unit_test(utf8_is_checked_at_every_alignment),
      cmocka_unit_test(numbers_that_a_double_carries_are_exact),
      cmocka_unit_test(numbers_that_would_change_are_not_exact),
      cmocka_unit_test(short_decimals_are_read_as_strtod_reads_them),
      cmocka_unit_test(decimals_are_written_as_short_as_can_be),
      cmocka_unit_test(every_finite_double_survives_a_round_trip),
      cmocka_unit_test(the_reader_tells_every_event_in_order),
      cmocka_unit_test(the_reader_goes_64_levels_down),
      cmocka_unit_test(a_value_is_read_whole),
      cmocka_unit_test(a_path_leads_to_its_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
