// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "telemetry/log_line.h"

#define UNUSED(x) (void)(x)

static void assert_line(struct log_line *line, const char *after_time) {
  struct slice text = log_line_end(line);
  assert_int_equal(text.ptr[text.len - 1], '\n');
  char copy[LOG_LINE_SIZE + 1];
  memcpy(copy, text.ptr, text.len - 1);
  copy[text.len - 1] = 0;
  size_t head = strlen("{\"time\":\"2026-01-02T03:04:05.678Z\",");
  assert_true(text.len > head);
  assert_string_equal(copy + head, after_time);
}

static void a_line_has_time_level_message_and_its_fields_in_order(void **state) {
  UNUSED(state);
  struct log_line line = {0};
  log_line_begin(&line, LOG_INFO, "http request");
  log_line_text(&line, "method", SLICE_LITERAL("POST"));
  log_line_integer(&line, "status", 200);
  log_line_decimal(&line, "duration_ms", 1.5, 3);
  log_line_raw(&line, "stream", SLICE_LITERAL("true"));
  log_line_text(&line, "empty", slice_make(NULL, 0));
  assert_line(&line,
              "\"level\":\"info\",\"msg\":\"http request\",\"method\":\"POST\",\"status\":200,\"duration_ms\":1.500,"
              "\"stream\":true,\"empty\":\"\"}");
}

static void the_time_is_utc_with_milliseconds(void **state) {
  UNUSED(state);
  struct log_line line = {0};
  for (int i = 0; i < 3; i++) { /* the second is kept between lines */
    time_t before = time(NULL);
    log_line_begin(&line, LOG_DEBUG, "x");
    struct slice text = log_line_end(&line);
    time_t after = time(NULL);
    struct tm parts = {0};
    unsigned millisecond;
    assert_int_equal(sscanf(text.ptr, "{\"time\":\"%4d-%2d-%2dT%2d:%2d:%2d.%3uZ\",\"level\":\"debug\"", &parts.tm_year,
                            &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millisecond),
                     7);
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    time_t said = timegm(&parts);
    assert_true(said >= before && said <= after);
    usleep(600 * 1000);
  }
}

static void strings_are_escaped_as_json_wants(void **state) {
  UNUSED(state);
  struct log_line line = {0};
  log_line_begin_text(&line, LOG_WARN, SLICE_LITERAL("a\"b\\c"));
  log_line_text(&line, "controls", slice_make("\0\x01\b\t\n\f\r\x1f\x7f", 9));
  log_line_text(&line, "utf8", SLICE_LITERAL("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x99"));
  assert_line(&line,
              "\"level\":\"warn\",\"msg\":\"a\\\"b\\\\c\","
              "\"controls\":\"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f\x7f\","
              "\"utf8\":\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x99\"}");
}

#define BAD "\xEF\xBF\xBD"

static void what_is_not_utf8_is_replaced_byte_by_byte(void **state) {
  UNUSED(state);
  static const struct {
    struct slice bytes;
    const char *expected;
  } rows[] = {
      {{"a\xff"
        "b",
        3},
       "a" BAD "b"},
      {{"\xc0\xaf", 2}, BAD BAD},                 /* overlong */
      {{"\xe0\x80\xaf", 3}, BAD BAD BAD},         /* overlong */
      {{"\xed\xa0\x80", 3}, BAD BAD BAD},         /* surrogate */
      {{"\xed\x9f\xbf", 3}, "\xed\x9f\xbf"},      /* the last before */
      {{"\xf4\x90\x80\x80", 4}, BAD BAD BAD BAD}, /* above U+10FFFF */
      {{"\xf4\x8f\xbf\xbf", 4}, "\xf4\x8f\xbf\xbf"},
      {{"\xe2\x82", 2}, BAD BAD}, /* cut off */
      {{"\x80", 1}, BAD},
      {{"\xf0\x80\x80\x80", 4}, BAD BAD BAD BAD},
  };
  struct log_line line = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char expected[200];
    log_line_begin(&line, LOG_ERROR, "m");
    log_line_text(&line, "v", rows[i].bytes);
    snprintf(expected, sizeof expected, "\"level\":\"error\",\"msg\":\"m\",\"v\":\"%s\"}", rows[i].expected);
    assert_line(&line, expected);
  }
}

static void numbers_are_written_as_they_are(void **state) {
  UNUSED(state);
  struct log_line line = {0};
  log_line_begin(&line, LOG_INFO, "n");
  log_line_integer(&line, "a", 0);
  log_line_integer(&line, "b", INT64_MIN);
  log_line_integer(&line, "c", INT64_MAX);
  log_line_decimal(&line, "d", -0.0004, 3);
  log_line_decimal(&line, "e", -1.0006, 3);
  log_line_decimal(&line, "f", 0.9999, 3);
  log_line_decimal(&line, "g", 2.5, 0);
  log_line_decimal(&line, "h", 1e300, 3);
  log_line_decimal(&line, "i", NAN, 3);
  log_line_number(&line, "j", INFINITY);
  log_line_number(&line, "k", 9007199254740991.0);
  log_line_number(&line, "l", 0.1);
  log_line_number(&line, "m", -3);
  assert_line(&line,
              "\"level\":\"info\",\"msg\":\"n\",\"a\":0,\"b\":-9223372036854775808,\"c\":9223372036854775807,"
              "\"d\":0.000,\"e\":-1.001,\"f\":1.000,\"g\":3,\"h\":1e+300,\"i\":null,\"j\":null,"
              "\"k\":9007199254740991,\"l\":0.1,\"m\":-3}");
}

static void a_value_too_long_is_cut_between_characters(void **state) {
  UNUSED(state);
  struct log_line line = {0};
  char value[3 * 2000];
  for (size_t i = 0; i < sizeof value; i++) value[i] = "\xe2\x82\xac"[i % 3];
  for (size_t shift = 0; shift < 3; shift++) {
    log_line_begin(&line, LOG_INFO, &"xx"[2 - shift]);
    log_line_text(&line, "v", slice_make(value, sizeof value));
    log_line_text(&line, "no_room", SLICE_LITERAL("y"));
    struct slice text = log_line_end(&line);
    assert_true(text.len <= LOG_LINE_SIZE && text.len > LOG_LINE_SIZE - 8);
    static const char ending[] = "\xe2\x82\xac\",\"truncated\":true}\n";
    assert_memory_equal(text.ptr + text.len - (sizeof ending - 1), ending, sizeof ending - 1);
  }
}

/* Lines around the limit, byte by byte: never longer than LOG_LINE_SIZE, always closed. */
static void no_line_passes_the_limit_by_a_byte(void **state) {
  UNUSED(state);
  struct log_line line = {0};
  char value[LOG_LINE_SIZE];
  memset(value, 'a', sizeof value);
  bool cut = false, whole = false;
  for (size_t len = LOG_LINE_SIZE - 200; len <= LOG_LINE_SIZE; len++) {
    log_line_begin(&line, LOG_INFO, "m");
    log_line_text(&line, "v", slice_make(value, len));
    log_line_integer(&line, "n", 1);
    log_line_text(&line, "w", SLICE_LITERAL("\"\"\"\""));
    struct slice text = log_line_end(&line);
    assert_true(text.len <= LOG_LINE_SIZE);
    assert_memory_equal(text.ptr + text.len - 2, "}\n", 2);
    bool truncated = memmem(text.ptr, text.len, "\"truncated\":true}", 17) != NULL;
    static const char rest[] = "\"n\":1,\"w\":\"\\\"\\\"\\\"\\\"\"";
    bool complete = memmem(text.ptr, text.len, rest, sizeof rest - 1) != NULL;
    assert_int_equal(truncated, !complete);
    cut = cut || truncated;
    whole = whole || complete;
  }
  assert_true(cut && whole);
}

static void a_secret_across_the_edge_of_the_line_leaves_no_part_behind(void **state) {
  UNUSED(state);
  struct redactor *redactor = redactor_open();
  redactor_hide(redactor, SLICE_LITERAL("K"), SLICE_LITERAL("canarycanarycanary"));
  struct log_line line = {.redactor = redactor};
  char value[LOG_LINE_SIZE + 100];
  for (size_t at = LOG_LINE_SIZE - 150; at < LOG_LINE_SIZE; at++) {
    memset(value, '.', sizeof value);
    memcpy(value + at, "canarycanarycanary", 18);
    log_line_begin(&line, LOG_INFO, "m");
    log_line_text(&line, "v", slice_make(value, sizeof value));
    struct slice text = log_line_end(&line);
    assert_null(memmem(text.ptr, text.len, "can", 3));
  }
  redactor_close(redactor);
}

/* What moved up into the line because a secret before it shrank is escaped like the rest. */
static void text_behind_a_long_secret_is_still_escaped(void **state) {
  UNUSED(state);
  struct redactor *redactor = redactor_open();
  char value[LOG_LINE_SIZE + 4];
  memset(value, 's', LOG_LINE_SIZE);
  memcpy(value + LOG_LINE_SIZE, "\"\n\xff.", 4);
  redactor_hide(redactor, SLICE_LITERAL("K"), slice_make(value, LOG_LINE_SIZE));
  struct log_line line = {.redactor = redactor};
  log_line_begin(&line, LOG_INFO, "m");
  log_line_text(&line, "v", slice_make(value, sizeof value));
  assert_line(&line, "\"level\":\"info\",\"msg\":\"m\",\"v\":\"[REDACTED:K]\\\"\\n" BAD ".\"}");
  redactor_close(redactor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_has_time_level_message_and_its_fields_in_order),
      cmocka_unit_test(the_time_is_utc_with_milliseconds),
      cmocka_unit_test(strings_are_escaped_as_json_wants),
      cmocka_unit_test(what_is_not_utf8_is_replaced_byte_by_byte),
      cmocka_unit_test(numbers_are_written_as_they_are),
      cmocka_unit_test(a_value_too_long_is_cut_between_characters),
      cmocka_unit_test(no_line_passes_the_limit_by_a_byte),
      cmocka_unit_test(a_secret_across_the_edge_of_the_line_leaves_no_part_behind),
      cmocka_unit_test(text_behind_a_long_secret_is_still_escaped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
