// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "codec/sse.h"

/* What a stream said, one line an event: `name|data|raw`, control characters made visible; then how it ended. */

static void visible_append(struct buffer *out, struct slice bytes) {
  for (size_t i = 0; i < bytes.len; i++) {
    char c = bytes.ptr[i];
    const char *shown = c == '\n' ? "\\n" : c == '\r' ? "\\r" : NULL;
    if (shown) {
      buffer_append(out, shown, 2);
    } else {
      buffer_append(out, &c, 1);
    }
  }
}

static void event_append(struct buffer *out, const struct sse_event *event) {
  visible_append(out, event->name);
  buffer_append(out, event->has_data ? "|" : "!", 1);
  visible_append(out, event->data);
  buffer_append(out, "|", 1);
  visible_append(out, event->raw);
  buffer_append(out, ";", 1);
}

/* Feeds a private copy of exactly these bytes, so that a sanitizer sees every read beyond them. */
static enum sse_result feed(struct sse *sse, struct slice bytes, struct buffer *out) {
  char *copy = malloc(bytes.len + 1);
  assert_non_null(copy);
  memcpy(copy, bytes.ptr, bytes.len);
  copy = realloc(copy, bytes.len ? bytes.len : 1);
  sse_feed(sse, slice_make(copy, bytes.len));
  struct sse_event event;
  enum sse_result result;
  while ((result = sse_next(sse, &event)) == SSE_EVENT) event_append(out, &event);
  free(copy);
  return result;
}

static void finish(struct sse *sse, enum sse_result result, struct buffer *out) {
  if (result == SSE_TOO_LARGE) buffer_append(out, "too large", 9);
  buffer_append(out, sse_at_boundary(sse) ? "." : "~", 1);
  sse_free(sse);
}

static struct buffer told_in_pieces(struct slice stream, size_t piece, size_t limit) {
  struct sse sse;
  struct buffer out = {0};
  enum sse_result result = SSE_NEED_MORE;
  sse_init(&sse, limit);
  for (size_t at = 0; at < stream.len && result == SSE_NEED_MORE; at += piece) {
    struct slice rest = slice_from(stream, at);
    result = feed(&sse, slice_make(rest.ptr, rest.len < piece ? rest.len : piece), &out);
  }
  finish(&sse, result, &out);
  return out;
}

static struct buffer told_in_two(struct slice stream, size_t split, size_t limit) {
  struct sse sse;
  struct buffer out = {0};
  sse_init(&sse, limit);
  enum sse_result result = feed(&sse, slice_make(stream.ptr, split), &out);
  if (result == SSE_NEED_MORE) result = feed(&sse, slice_from(stream, split), &out);
  finish(&sse, result, &out);
  return out;
}

static void expect_told(struct buffer told, const char *expected) {
  if (!slice_equal(buffer_slice(&told), slice_text(expected))) {
    fail_msg("\n%.*s, not\n%s", (int)told.len, told.data, expected);
  }
  buffer_free(&told);
}

/* Whole, one to seven bytes a time, and cut in two at every place. */
static void expect_with_limit(struct slice stream, size_t limit, const char *expected) {
  for (size_t piece = 1; piece <= 7; piece++) expect_told(told_in_pieces(stream, piece, limit), expected);
  for (size_t split = 0; split <= stream.len; split++) expect_told(told_in_two(stream, split, limit), expected);
}

static void expect(struct slice stream, const char *expected) {
  expect_with_limit(stream, 8 << 20, expected);
}

static void line_ends_may_be_lf_crlf_or_cr(void **state) {
  (void)state;
  expect(SLICE_LITERAL("data: a\n\ndata: b\n\n"), "|a|data: a\\n\\n;|b|data: b\\n\\n;.");
  expect(SLICE_LITERAL("data: a\r\n\r\ndata: b\r\n\r\n"), "|a|data: a\\r\\n\\r\\n;|b|data: b\\r\\n\\r\\n;.");
  expect(SLICE_LITERAL("data: a\r\rdata: b\r\r"), "|a|data: a\\r\\r;|b|data: b\\r\\r;.");
  expect(SLICE_LITERAL("data: a\n\r\ndata: b\r\n\n"), "|a|data: a\\n\\r\\n;|b|data: b\\r\\n\\n;.");
  expect(SLICE_LITERAL("data: a\n\rdata: b\n\n"), "|a|data: a\\n\\r;|b|data: b\\n\\n;.");
  expect(SLICE_LITERAL("data: a\rdata: b\n\n"), "|a\\nb|data: a\\rdata: b\\n\\n;.");
}

static void several_data_lines_are_joined(void **state) {
  (void)state;
  expect(SLICE_LITERAL("data: a\ndata: b\ndata:\ndata\n\n"), "|a\\nb\\n\\n|data: a\\ndata: b\\ndata:\\ndata\\n\\n;.");
  expect(SLICE_LITERAL("data:\ndata:x\n\n"), "|\\nx|data:\\ndata:x\\n\\n;.");
}

static void one_space_behind_the_colon_is_no_content(void **state) {
  (void)state;
  expect(SLICE_LITERAL("data:a\n\n"), "|a|data:a\\n\\n;.");
  expect(SLICE_LITERAL("data:  a \n\n"), "| a |data:  a \\n\\n;.");
  expect(SLICE_LITERAL("data:\n\n"), "||data:\\n\\n;.");
  expect(SLICE_LITERAL("data\n\n"), "||data\\n\\n;.");
  expect(SLICE_LITERAL("data: a: b\n\n"), "|a: b|data: a: b\\n\\n;.");
}

static void the_last_event_line_names_the_event(void **state) {
  (void)state;
  expect(SLICE_LITERAL("event: ping\ndata: {}\n\n"), "ping|{}|event: ping\\ndata: {}\\n\\n;.");
  expect(SLICE_LITERAL("event: x\nevent: y\ndata: 1\n\n"), "y|1|event: x\\nevent: y\\ndata: 1\\n\\n;.");
  expect(SLICE_LITERAL("event: x\n\n"), "x!|event: x\\n\\n;.");
  expect(SLICE_LITERAL("Event: x\nevents: y\n event: z\ndata: 1\n\n"),
         "|1|Event: x\\nevents: y\\n event: z\\ndata: 1\\n\\n;.");
}

static void comments_and_other_fields_carry_no_data(void **state) {
  (void)state;
  expect(SLICE_LITERAL(": keep-alive\n\n"), "!|: keep-alive\\n\\n;.");
  expect(SLICE_LITERAL("id: 1\nretry: 10\n: c\ndata: x\n\n"), "|x|id: 1\\nretry: 10\\n: c\\ndata: x\\n\\n;.");
  expect(SLICE_LITERAL(":\n\n"), "!|:\\n\\n;.");
}

static void blocks_without_a_line_are_skipped(void **state) {
  (void)state;
  expect(SLICE_LITERAL("\n\n\r\n\rdata: a\n\n\n\n\ndata: b\n\n\r\n"), "|a|data: a\\n\\n;|b|data: b\\n\\n;.");
  expect(SLICE_LITERAL(""), ".");
  expect(SLICE_LITERAL("\n\r\n"), ".");
  expect(SLICE_LITERAL("data: a\r\r\ndata: b\r\r\n"), "|a|data: a\\r\\r;|b|data: b\\r\\r;.");
}

static void a_byte_order_mark_is_dropped_at_the_start_only(void **state) {
  (void)state;
  expect(SLICE_LITERAL("\xef\xbb\xbf"
                       "data: a\n\n\xef\xbb\xbf"
                       "data: b\n\n"),
         "|a|data: a\\n\\n;!|\xef\xbb\xbf"
         "data: b\\n\\n;.");
  expect(SLICE_LITERAL("\xef\xbb"
                       "data: a\n\n"),
         "!|\xef\xbb"
         "data: a\\n\\n;.");
  expect(SLICE_LITERAL("\xef\xbb\xbf\n"), ".");
  expect(SLICE_LITERAL("\xef\n\n"), "!|\xef\\n\\n;.");
  expect(SLICE_LITERAL("\xef\xbb"), "~");
  expect(SLICE_LITERAL("\xef\xbb\xbf"), ".");
}

static void an_unfinished_event_is_no_boundary(void **state) {
  (void)state;
  expect(SLICE_LITERAL("data: a"), "~");
  expect(SLICE_LITERAL("data: a\n"), "~");
  expect(SLICE_LITERAL("data: a\r\n\r"), "~");
  expect(SLICE_LITERAL("data: a\n\nd"), "|a|data: a\\n\\n;~");
}

static void characters_cut_in_the_middle_stay_whole(void **state) {
  (void)state;
  expect(SLICE_LITERAL("data: {\"t\":\"\xf0\x9f\x98\x80\\ud83d\\ude00\xd0\xbf\"}\n\ndata: [DONE]\n\n"),
         "|{\"t\":\"\xf0\x9f\x98\x80\\ud83d\\ude00\xd0\xbf\"}|data: "
         "{\"t\":\"\xf0\x9f\x98\x80\\ud83d\\ude00\xd0\xbf\"}\\n\\n;|[DONE]|data: [DONE]\\n\\n;.");
}

static void null_bytes_are_content(void **state) {
  (void)state;
  struct sse sse;
  struct sse_event event;
  sse_init(&sse, 100);
  sse_feed(&sse, SLICE_LITERAL("data: a\0b\n\n"));
  assert_int_equal(sse_next(&sse, &event), SSE_EVENT);
  assert_int_equal(event.data.len, 3);
  sse_free(&sse);
}

static void the_limit_holds_to_the_byte(void **state) {
  (void)state;
  struct slice stream = SLICE_LITERAL("data: 1\n\ndata: 23\n\ndata: 4\n\n"); /* the second has ten bytes */
  expect_with_limit(stream, 10, "|1|data: 1\\n\\n;|23|data: 23\\n\\n;|4|data: 4\\n\\n;.");
  expect_with_limit(stream, 9, "|1|data: 1\\n\\n;too large~");
  expect_with_limit(SLICE_LITERAL("data: 1\n\ndata: 234"), 9, "|1|data: 1\\n\\n;~");
  expect_with_limit(SLICE_LITERAL("data: 1\n\ndata: 2345"), 9, "|1|data: 1\\n\\n;too large~");
}

static void too_large_is_for_good(void **state) {
  (void)state;
  struct sse sse;
  struct sse_event event;
  sse_init(&sse, 9);
  sse_feed(&sse, SLICE_LITERAL("data: 12345"));
  assert_int_equal(sse_next(&sse, &event), SSE_TOO_LARGE);
  sse_feed(&sse, SLICE_LITERAL("\n\ndata: 1\n\n"));
  assert_int_equal(sse_next(&sse, &event), SSE_TOO_LARGE);
  sse_free(&sse);
}

static void an_event_inside_the_fed_bytes_is_not_copied(void **state) {
  (void)state;
  struct sse sse;
  struct sse_event event;
  struct slice bytes = SLICE_LITERAL("data: one\n\nevent: e\ndata: two\n\ndata: thr");
  sse_init(&sse, 100);
  sse_feed(&sse, bytes);
  assert_int_equal(sse_next(&sse, &event), SSE_EVENT);
  assert_ptr_equal(event.raw.ptr, bytes.ptr);
  assert_ptr_equal(event.data.ptr, bytes.ptr + 6);
  assert_int_equal(sse_next(&sse, &event), SSE_EVENT);
  assert_ptr_equal(event.raw.ptr, bytes.ptr + 11);
  assert_null(sse.held.data);
  assert_int_equal(sse_next(&sse, &event), SSE_NEED_MORE);
  assert_int_equal(sse.held.len, 9);
  sse_free(&sse);
}

static void a_large_event_does_not_keep_its_memory(void **state) {
  (void)state;
  struct sse sse;
  struct sse_event event;
  char *line = malloc(1 << 20);
  assert_non_null(line);
  memset(line, 'x', 1 << 20);
  sse_init(&sse, 8 << 20);
  for (int i = 0; i < 3; i++) {
    sse_feed(&sse, slice_make(line, 1 << 20));
    assert_int_equal(sse_next(&sse, &event), SSE_NEED_MORE);
  }
  sse_feed(&sse, SLICE_LITERAL("\n\n"));
  assert_int_equal(sse_next(&sse, &event), SSE_EVENT);
  assert_int_equal(event.raw.len, 3 * (1 << 20) + 2);
  assert_int_equal(sse_next(&sse, &event), SSE_NEED_MORE);
  assert_int_equal(sse.held.cap, 0);
  sse_free(&sse);
  free(line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(line_ends_may_be_lf_crlf_or_cr),
      cmocka_unit_test(several_data_lines_are_joined),
      cmocka_unit_test(one_space_behind_the_colon_is_no_content),
      cmocka_unit_test(the_last_event_line_names_the_event),
      cmocka_unit_test(comments_and_other_fields_carry_no_data),
      cmocka_unit_test(blocks_without_a_line_are_skipped),
      cmocka_unit_test(a_byte_order_mark_is_dropped_at_the_start_only),
      cmocka_unit_test(an_unfinished_event_is_no_boundary),
      cmocka_unit_test(characters_cut_in_the_middle_stay_whole),
      cmocka_unit_test(null_bytes_are_content),
      cmocka_unit_test(the_limit_holds_to_the_byte),
      cmocka_unit_test(too_large_is_for_good),
      cmocka_unit_test(an_event_inside_the_fed_bytes_is_not_copied),
      cmocka_unit_test(a_large_event_does_not_keep_its_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
