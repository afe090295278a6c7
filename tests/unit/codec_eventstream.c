// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>

#include "codec/crc32.h"
#include "codec/eventstream.h"

enum { LIMIT = 1 << 20 };

static struct buffer bytes_of(const char *hex) {
  struct buffer out = {0};
  for (size_t i = 0; hex[i]; i += 2) {
    char pair[3] = {hex[i], hex[i + 1], 0};
    char byte = (char)strtol(pair, NULL, 16);
    buffer_append(&out, &byte, 1);
  }
  return out;
}

static void number_append(struct buffer *out, uint32_t number) {
  char bytes[4] = {(char)(number >> 24), (char)(number >> 16), (char)(number >> 8), (char)number};
  buffer_append(out, bytes, sizeof bytes);
}

/* A message with right checksums, whatever its headers say. */
static void message_append(struct buffer *out, struct slice headers, struct slice payload) {
  struct buffer message = {0};
  number_append(&message, (uint32_t)(16 + headers.len + payload.len));
  number_append(&message, (uint32_t)headers.len);
  number_append(&message, crc32_of(buffer_slice(&message)));
  buffer_append_slice(&message, headers);
  buffer_append_slice(&message, payload);
  number_append(&message, crc32_of(buffer_slice(&message)));
  buffer_append_slice(out, buffer_slice(&message));
  buffer_free(&message);
}

/* ---- what a stream said: `name=data;` an event, then how it ended ---- */

static enum eventstream_result feed(struct eventstream *stream, struct slice bytes, struct buffer *out) {
  char *copy = malloc(bytes.len ? bytes.len : 1); /* of exactly this size: a sanitizer sees every read beyond */
  assert_non_null(copy);
  if (bytes.len) memcpy(copy, bytes.ptr, bytes.len);
  eventstream_feed(stream, slice_make(copy, bytes.len));
  struct eventstream_event event;
  enum eventstream_result result;
  while ((result = eventstream_next(stream, &event)) == EVENTSTREAM_EVENT) {
    buffer_append_slice(out, event.name);
    buffer_append(out, "=", 1);
    buffer_append_slice(out, event.data);
    buffer_append(out, ";", 1);
  }
  free(copy);
  return result;
}

static struct buffer told(struct slice bytes, size_t first, size_t piece, size_t limit) {
  struct eventstream stream;
  struct buffer out = {0};
  enum eventstream_result result = EVENTSTREAM_NEED_MORE;
  eventstream_init(&stream, limit);
  for (size_t size = first; result == EVENTSTREAM_NEED_MORE; size = piece) {
    if (size > bytes.len) size = bytes.len;
    result = feed(&stream, slice_make(bytes.ptr, size), &out);
    bytes = slice_from(bytes, size);
    if (bytes.len == 0) break;
  }
  if (result == EVENTSTREAM_TOO_LARGE) buffer_append(&out, "too large", 9);
  if (result == EVENTSTREAM_CORRUPT) buffer_append(&out, "corrupt", 7);
  buffer_append(&out, eventstream_at_boundary(&stream) ? "." : "~", 1);
  eventstream_free(&stream);
  return out;
}

static void expect_told(struct buffer said, const char *expected) {
  if (!slice_equal(buffer_slice(&said), slice_text(expected))) {
    fail_msg("\n%.*s, not\n%s", (int)said.len, said.data, expected);
  }
  buffer_free(&said);
}

/* Whole, one to seven bytes a time, and cut in two at every place. */
static void expect_with_limit(struct slice bytes, size_t limit, const char *expected) {
  for (size_t piece = 1; piece <= 7; piece++) expect_told(told(bytes, piece, piece, limit), expected);
  for (size_t split = 0; split <= bytes.len; split++) expect_told(told(bytes, split, bytes.len, limit), expected);
}

static void expect(struct slice bytes, const char *expected) {
  expect_with_limit(bytes, LIMIT, expected);
}

static void expect_hex(const char *hex, const char *expected) {
  struct buffer bytes = bytes_of(hex);
  expect(buffer_slice(&bytes), expected);
  buffer_free(&bytes);
}

/* ---- the published vectors ---- */

#define EMPTY_MESSAGE "000000100000000005c248eb7d98c8ff"
#define PAYLOAD_ONLY "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"
#define TEXT_DELTA                                                                                                     \
  "0000009f00000057c37babff0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970" \
  "650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b49" \
  "6e646578223a302c2264656c7461223a7b2274657874223a224869227d2c2270223a2261626364227df2ace5ff"
#define THROTTLING                                                                                                     \
  "000000a200000061557042510f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e7465" \
  "6e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d6573" \
  "73616765223a22546f6f206d616e7920726571756573747320666f722074686973206163636f756e742e227d4e1539e1"
#define ERROR_MESSAGE                                                                                                  \
  "0000005800000048154692c10b3a6572726f722d636f646507000d496e7465726e616c4572726f720e3a6572726f722d6d6573736167650700" \
  "04626f6f6d0d3a6d6573736167652d747970650700056572726f72f9da682d"
#define EVERY_TYPE                                                                                                     \
  "000000600000004f1a73f425017400016601016202fe017303fffd016904fffffffc016c05fffffffffffffffb017906000201020273320700" \
  "02c3a9027473080000018bcfe5687b017509000102030405060708090a0b0c0d0e0f789ed9d427"

static void events_carry_their_type_and_payload(void **state) {
  (void)state;
  expect_hex(EMPTY_MESSAGE, "=;.");
  expect_hex(PAYLOAD_ONLY, "={'foo':'bar'};.");
  expect_hex(TEXT_DELTA, "contentBlockDelta={\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"},\"p\":\"abcd\"};.");
}

static void exceptions_and_errors_say_so_in_their_name(void **state) {
  (void)state;
  expect_hex(THROTTLING, "exception.throttlingException={\"message\":\"Too many requests for this account.\"};.");
  expect_hex(ERROR_MESSAGE, "error.InternalError=boom;.");
}

static void several_messages_in_one_read_are_several_events(void **state) {
  (void)state;
  expect_hex(PAYLOAD_ONLY ERROR_MESSAGE EMPTY_MESSAGE PAYLOAD_ONLY,
             "={'foo':'bar'};error.InternalError=boom;=;={'foo':'bar'};.");
}

static void expect_header(struct slice *headers, const char *name, enum eventstream_type type, const char *hex) {
  struct eventstream_header header;
  struct buffer value = bytes_of(hex);
  assert_int_equal(eventstream_header_next(headers, &header), 1);
  assert_true(slice_equal(header.name, slice_text(name)));
  assert_int_equal(header.type, type);
  assert_true(slice_equal(header.value, buffer_slice(&value)));
  buffer_free(&value);
}

static void every_type_of_header_is_read(void **state) {
  (void)state;
  struct eventstream stream;
  struct eventstream_event event;
  struct eventstream_header header;
  struct buffer bytes = bytes_of(EVERY_TYPE);
  eventstream_init(&stream, LIMIT);
  eventstream_feed(&stream, buffer_slice(&bytes));
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_EVENT);
  expect_header(&event.headers, "t", EVENTSTREAM_TRUE, "");
  expect_header(&event.headers, "f", EVENTSTREAM_FALSE, "");
  expect_header(&event.headers, "b", EVENTSTREAM_BYTE, "fe");
  expect_header(&event.headers, "s", EVENTSTREAM_SHORT, "fffd");
  expect_header(&event.headers, "i", EVENTSTREAM_INTEGER, "fffffffc");
  expect_header(&event.headers, "l", EVENTSTREAM_LONG, "fffffffffffffffb");
  expect_header(&event.headers, "y", EVENTSTREAM_BYTES, "0102");
  expect_header(&event.headers, "s2", EVENTSTREAM_STRING, "c3a9");
  expect_header(&event.headers, "ts", EVENTSTREAM_TIMESTAMP, "0000018bcfe5687b");
  expect_header(&event.headers, "u", EVENTSTREAM_UUID, "000102030405060708090a0b0c0d0e0f");
  assert_int_equal(eventstream_header_next(&event.headers, &header), 0);
  assert_true(slice_equal(event.data, SLICE_LITERAL("x")));
  eventstream_free(&stream);
  buffer_free(&bytes);
}

/* ---- what is refused ---- */

static void a_wrong_byte_anywhere_is_corrupt(void **state) {
  (void)state;
  struct buffer bytes = bytes_of(EMPTY_MESSAGE TEXT_DELTA);
  for (size_t i = 16; i < bytes.len; i++) {
    bytes.data[i] = (char)(bytes.data[i] ^ 0x10);
    expect_told(told(buffer_slice(&bytes), bytes.len, bytes.len, LIMIT), "=;corrupt~");
    expect_told(told(buffer_slice(&bytes), 1, 1, LIMIT), "=;corrupt~");
    bytes.data[i] = (char)(bytes.data[i] ^ 0x10);
  }
  buffer_free(&bytes);
}

static void corrupt_is_for_good(void **state) {
  (void)state;
  struct eventstream stream;
  struct eventstream_event event;
  struct buffer good = bytes_of(PAYLOAD_ONLY);
  eventstream_init(&stream, LIMIT);
  eventstream_feed(&stream, SLICE_LITERAL("HTTP/1.1 502"));
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_CORRUPT);
  eventstream_feed(&stream, buffer_slice(&good));
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_CORRUPT);
  eventstream_free(&stream);
  buffer_free(&good);
}

static void half_a_message_is_no_boundary(void **state) {
  (void)state;
  struct buffer bytes = bytes_of(PAYLOAD_ONLY PAYLOAD_ONLY);
  size_t one = bytes.len / 2;
  for (size_t len = one + 1; len < bytes.len; len++) {
    expect_told(told(slice_make(bytes.data, len), len, len, LIMIT), "={'foo':'bar'};~");
  }
  expect_told(told(slice_make(bytes.data, one), one, one, LIMIT), "={'foo':'bar'};.");
  buffer_free(&bytes);
}

static void prelude_append(struct buffer *out, uint32_t total, uint32_t headers) {
  buffer_clear(out);
  number_append(out, total);
  number_append(out, headers);
  number_append(out, crc32_of(buffer_slice(out)));
}

static void impossible_lengths_are_corrupt(void **state) {
  (void)state;
  static const uint32_t pairs[][2] = {{15, 0}, {0, 0}, {16, 1}, {20, 0xffffffff}, {200000, 128 * 1024 + 1}};
  struct buffer prelude = {0};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    prelude_append(&prelude, pairs[i][0], pairs[i][1]);
    expect(buffer_slice(&prelude), "corrupt~");
  }
  buffer_free(&prelude);
}

static void the_limit_holds_to_the_byte(void **state) {
  (void)state;
  struct buffer bytes = bytes_of(EMPTY_MESSAGE PAYLOAD_ONLY);
  expect_with_limit(buffer_slice(&bytes), 29, "=;={'foo':'bar'};.");
  expect_with_limit(buffer_slice(&bytes), 28, "=;too large~");
  prelude_append(&bytes, 24 * 1024 * 1024 + 17, 0);
  expect_with_limit(buffer_slice(&bytes), 1 << 30, "too large~");
  prelude_append(&bytes, 24 * 1024 * 1024 + 16, 0);
  expect_with_limit(buffer_slice(&bytes), 1 << 30, "~");
  buffer_free(&bytes);
}

static void expect_headers_refused(struct slice headers) {
  struct buffer bytes = {0};
  message_append(&bytes, headers, SLICE_LITERAL("{}"));
  expect(buffer_slice(&bytes), "corrupt~");
  buffer_free(&bytes);
}

static void malformed_headers_are_corrupt(void **state) {
  (void)state;
  expect_headers_refused(SLICE_LITERAL("\0"));
  expect_headers_refused(SLICE_LITERAL("\0\0"));
  expect_headers_refused(SLICE_LITERAL("\1"));
  expect_headers_refused(SLICE_LITERAL("\1a"));
  expect_headers_refused(SLICE_LITERAL("\1a\12"));
  expect_headers_refused(SLICE_LITERAL("\1a\377"));
  expect_headers_refused(SLICE_LITERAL("\1a\2"));
  expect_headers_refused(SLICE_LITERAL("\1a\7\0"));
  expect_headers_refused(SLICE_LITERAL("\1a\7\0\2x"));
  expect_headers_refused(SLICE_LITERAL("\1a\0\1b\5abc"));
}

static void marks_count_only_as_strings(void **state) {
  (void)state;
  struct buffer bytes = {0};
  message_append(&bytes, SLICE_LITERAL("\13:event-type\6\0\1x"), SLICE_LITERAL("1"));
  message_append(&bytes, SLICE_LITERAL("\13:event-type\7\0\1x\1z\1"), SLICE_LITERAL("2"));
  expect(buffer_slice(&bytes), "=1;x=2;.");
  buffer_free(&bytes);
}

/* ---- memory ---- */

static void a_message_inside_the_fed_bytes_is_not_copied(void **state) {
  (void)state;
  struct eventstream stream;
  struct eventstream_event event;
  struct buffer bytes = bytes_of(PAYLOAD_ONLY PAYLOAD_ONLY);
  eventstream_init(&stream, LIMIT);
  eventstream_feed(&stream, slice_make(bytes.data, bytes.len - 1));
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_EVENT);
  assert_ptr_equal(event.raw.ptr, bytes.data);
  assert_null(stream.held.data);
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_NEED_MORE);
  assert_int_equal(stream.held.len, bytes.len / 2 - 1);
  eventstream_free(&stream);
  buffer_free(&bytes);
}

static void a_large_message_does_not_keep_its_memory(void **state) {
  (void)state;
  struct eventstream stream;
  struct eventstream_event event;
  struct buffer payload = {0}, bytes = {0};
  for (int i = 0; i < 100000; i++) buffer_append(&payload, "x", 1);
  message_append(&bytes, (struct slice){0}, buffer_slice(&payload));
  eventstream_init(&stream, LIMIT);
  eventstream_feed(&stream, slice_make(bytes.data, 5000));
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_NEED_MORE);
  eventstream_feed(&stream, slice_from(buffer_slice(&bytes), 5000));
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_EVENT);
  assert_int_equal(event.data.len, 100000);
  assert_int_equal(eventstream_next(&stream, &event), EVENTSTREAM_NEED_MORE);
  assert_int_equal(stream.held.cap, 0);
  eventstream_free(&stream);
  buffer_free(&payload);
  buffer_free(&bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_carry_their_type_and_payload),
      cmocka_unit_test(exceptions_and_errors_say_so_in_their_name),
      cmocka_unit_test(several_messages_in_one_read_are_several_events),
      cmocka_unit_test(every_type_of_header_is_read),
      cmocka_unit_test(a_wrong_byte_anywhere_is_corrupt),
      cmocka_unit_test(corrupt_is_for_good),
      cmocka_unit_test(half_a_message_is_no_boundary),
      cmocka_unit_test(impossible_lengths_are_corrupt),
      cmocka_unit_test(the_limit_holds_to_the_byte),
      cmocka_unit_test(malformed_headers_are_corrupt),
      cmocka_unit_test(marks_count_only_as_strings),
      cmocka_unit_test(a_message_inside_the_fed_bytes_is_not_copied),
      cmocka_unit_test(a_large_message_does_not_keep_its_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
