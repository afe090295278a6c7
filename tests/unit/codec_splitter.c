// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "codec/splitter.h"

/* What a stream said: `name=data;` an event, then how it ended; `last` asks for the event that lacks its end. */

static void event_append(struct buffer *out, const struct splitter_event *event) {
  buffer_append_slice(out, event->name);
  buffer_append(out, "=", 1);
  buffer_append_slice(out, event->data);
  buffer_append(out, ";", 1);
}

static enum splitter_result feed(struct splitter *splitter, struct slice bytes, struct buffer *out) {
  char *copy = malloc(bytes.len ? bytes.len : 1);
  assert_non_null(copy);
  if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
  splitter_feed(splitter, slice_make(copy, bytes.len));
  struct splitter_event event;
  enum splitter_result result;
  while ((result = splitter_next(splitter, &event)) == SPLITTER_EVENT) event_append(out, &event);
  free(copy);
  return result;
}

static void expect_piece(enum framing framing, struct slice bytes, size_t piece, size_t limit, const char *expected) {
  struct splitter splitter;
  struct splitter_event event;
  struct buffer out = {0};
  enum splitter_result result = SPLITTER_NEED_MORE;
  splitter_init(&splitter, framing, limit);
  for (; bytes.len > 0 && result == SPLITTER_NEED_MORE; bytes = slice_from(bytes, piece)) {
    result = feed(&splitter, slice_make(bytes.ptr, bytes.len < piece ? bytes.len : piece), &out);
  }
  if (result == SPLITTER_TOO_LARGE) buffer_append(&out, "too large", 9);
  if (result == SPLITTER_CORRUPT) buffer_append(&out, "corrupt", 7);
  buffer_append(&out, splitter_at_boundary(&splitter) ? "." : "~", 1);
  if (splitter_last(&splitter, &event)) event_append(&out, &event);
  if (!slice_equal(buffer_slice(&out), slice_text(expected))) {
    fail_msg("\n%.*s, not\n%s", (int)out.len, out.data, expected);
  }
  buffer_free(&out);
  splitter_free(&splitter);
}

static void expect(enum framing framing, struct slice bytes, const char *expected) {
  for (size_t piece = 1; piece <= bytes.len; piece++) expect_piece(framing, bytes, piece, 100, expected);
}

static void lines_end_in_lf_or_crlf(void **state) {
  (void)state;
  expect(FRAMING_NDJSON, SLICE_LITERAL("{\"a\":1}\n{\"b\":2}\r\n"), "={\"a\":1};={\"b\":2};.");
}

static void blank_lines_are_skipped(void **state) {
  (void)state;
  expect(FRAMING_NDJSON, SLICE_LITERAL("\n\r\n \t\n1\n\n\n2\n\n"), "=1;=2;.");
}

static void the_last_line_may_lack_its_end(void **state) {
  (void)state;
  expect(FRAMING_NDJSON, SLICE_LITERAL("1\n2"), "=1;~=2;");
  expect(FRAMING_NDJSON, SLICE_LITERAL("1\n  "), "=1;~");
}

static void a_line_has_a_limit_to_the_byte(void **state) {
  (void)state;
  struct slice lines = SLICE_LITERAL("1\n12345\n1\n");
  for (size_t piece = 1; piece <= lines.len; piece++) {
    expect_piece(FRAMING_NDJSON, lines, piece, 5, "=1;=12345;=1;.");
    expect_piece(FRAMING_NDJSON, lines, piece, 4, "=1;too large~");
  }
}

static void sse_gives_events_with_data_alone(void **state) {
  (void)state;
  expect(FRAMING_SSE, SLICE_LITERAL(": c\n\nevent: a\ndata: 1\n\nevent: b\n\ndata: 2\n\n"), "a=1;=2;.");
}

static void done_may_lack_its_blank_line_and_nothing_else_may(void **state) {
  (void)state;
  expect(FRAMING_SSE, SLICE_LITERAL("data: 1\n\ndata: [DONE]"), "=1;~=[DONE];");
  expect(FRAMING_SSE, SLICE_LITERAL("data: 1\n\ndata: 2\n"), "=1;~");
}

static void half_a_frame_is_never_the_last_event(void **state) {
  (void)state;
  expect(FRAMING_EVENTSTREAM, SLICE_LITERAL("\0\0\0\20\0\0\0\0\5\302\110\353\175\230\310\377"), "=;.");
  expect(FRAMING_EVENTSTREAM, SLICE_LITERAL("\0\0\0\20\0\0\0\0\5\302\110\353\175\230\310"), "~");
  expect(FRAMING_EVENTSTREAM, SLICE_LITERAL("\0\0\0\20\0\0\0\0\5\302\110\353\175\230\310\376"), "corrupt~");
}

/* Some servers tell an error so, in the middle of a stream or as its last word. */
static void json_that_stands_alone_is_an_event_of_sse(void **state) {
  (void)state;
  expect(FRAMING_SSE, SLICE_LITERAL("data: 1\n\n{\"a\":\r\n1}\r\n\r\ndata: 2\n\n"), "=1;={\"a\":\r\n1};=2;.");
  expect(FRAMING_SSE, SLICE_LITERAL("data: 1\n\n[{\"a\":1}]\n"), "=1;~=[{\"a\":1}];");
  expect(FRAMING_SSE, SLICE_LITERAL("{\"a\":1}"), "~={\"a\":1};");
  expect(FRAMING_SSE, SLICE_LITERAL("id: {\n\n{\ndata: 1\n\n"), "=1;.");
}

static void a_framing_has_a_name(void **state) {
  (void)state;
  enum framing framing = FRAMING_SSE;
  assert_true(framing_named(SLICE_LITERAL("ndjson"), &framing));
  assert_int_equal(framing, FRAMING_NDJSON);
  assert_true(framing_named(SLICE_LITERAL("eventstream"), &framing));
  assert_int_equal(framing, FRAMING_EVENTSTREAM);
  assert_true(framing_named(SLICE_LITERAL("sse"), &framing));
  assert_int_equal(framing, FRAMING_SSE);
  assert_false(framing_named(SLICE_LITERAL("SSE"), &framing));
  assert_false(framing_named(SLICE_LITERAL(""), &framing));
}

static void a_framing_has_its_content_types(void **state) {
  (void)state;
  assert_true(framing_has_type(FRAMING_SSE, SLICE_LITERAL("Text/Event-Stream; charset=utf-8")));
  assert_true(framing_has_type(FRAMING_NDJSON, SLICE_LITERAL("application/x-ndjson")));
  assert_true(framing_has_type(FRAMING_EVENTSTREAM, SLICE_LITERAL("application/vnd.amazon.eventstream")));
  assert_false(framing_has_type(FRAMING_EVENTSTREAM, SLICE_LITERAL("application/json")));
  assert_false(framing_has_type(FRAMING_SSE, SLICE_LITERAL("application/x-ndjson")));
  assert_false(framing_has_type(FRAMING_NDJSON, (struct slice){0}));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_end_in_lf_or_crlf),
      cmocka_unit_test(blank_lines_are_skipped),
      cmocka_unit_test(the_last_line_may_lack_its_end),
      cmocka_unit_test(a_line_has_a_limit_to_the_byte),
      cmocka_unit_test(sse_gives_events_with_data_alone),
      cmocka_unit_test(done_may_lack_its_blank_line_and_nothing_else_may),
      cmocka_unit_test(half_a_frame_is_never_the_last_event),
      cmocka_unit_test(json_that_stands_alone_is_an_event_of_sse),
      cmocka_unit_test(a_framing_has_a_name),
      cmocka_unit_test(a_framing_has_its_content_types),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
