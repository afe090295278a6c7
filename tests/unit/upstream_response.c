// SPDX-License-Identifier: Apache-2.0
#include "upstream_outcome.h"

/* Responses as bytes, and what becomes of them. Every row is read whole, byte by byte, and cut in two at every place.
 */

struct row {
  const char *name;
  struct slice bytes;
  const char *code; /* null: accepted */
  int status;
  const char *body;
};

static void expect(const struct row *row, struct outcome outcome, size_t cut) {
  bool same = !row->code == !outcome.code && (!row->code || strcmp(row->code, outcome.code) == 0);
  if (same && !row->code) {
    same = outcome.status == row->status && slice_equal(buffer_slice(&outcome.body), slice_text(row->body));
  }
  if (!same) {
    fail_msg("%s, cut at %zu: expected %s %d, got %s %d \"%.*s\"", row->name, cut, row->code ? row->code : "ok",
             row->status, outcome.code ? outcome.code : "ok", outcome.status, (int)outcome.body.len, outcome.body.data);
  }
  buffer_free(&outcome.body);
}

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const struct row *row = &rows[i];
    expect(row, read_response(row->bytes, row->bytes.len, 1, false, 0), 0);
    expect(row, read_response(row->bytes, 1, 1, false, 0), 1);
    for (size_t cut = 1; cut < row->bytes.len; cut++) {
      expect(row, read_response(row->bytes, cut, row->bytes.len, false, 0), cut);
    }
  }
}

static const struct row GOOD[] = {
    {"length", BYTES(OK "Content-Length: 5\r\n\r\nhello"), NULL, 200, "hello"},
    {"length 0", BYTES(OK "Content-Length: 0\r\n\r\n"), NULL, 200, ""},
    {"chunked", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"), NULL, 200,
     "hello world"},
    {"chunked, capitals", BYTES(OK "TRANSFER-ENCODING: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"), NULL, 200,
     "0123456789"},
    {"chunked, trailers", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"), NULL, 200,
     "x"},
    {"until close", BYTES(OK "Content-Type: a/b\r\n\r\nhello"), NULL, 200, "hello"},
    {"HTTP/1.0", BYTES("HTTP/1.0 200 OK\r\n\r\nhello"), NULL, 200, "hello"},
    {"no reason", BYTES("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx"), NULL, 200, "x"},
    {"no reason, no space", BYTES("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"), NULL, 200, "x"},
    {"reason above ASCII", BYTES("HTTP/1.1 200 \xc3\xa9t\xc3\xa9\r\nContent-Length: 1\r\n\r\nx"), NULL, 200, "x"},
    {"204", BYTES("HTTP/1.1 204 No Content\r\n\r\n"), NULL, 204, ""},
    {"304 with length", BYTES("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), NULL, 304, ""},
    {"599", BYTES("HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n"), NULL, 599, ""},
    {"100 then 200",
     BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK "Content-Length: 1\r\n\r\nx"),
     NULL, 200, "x"},
    {"empty value", BYTES(OK "X-Empty:\r\nContent-Length: 1\r\n\r\nx"), NULL, 200, "x"},
    {"spaces around", BYTES(OK "X:\t v \t\r\nContent-Length:  1 \r\n\r\nx"), NULL, 200, "x"},
    {"obs-text value", BYTES(OK "X: \xff\x80\r\nContent-Length: 1\r\n\r\nx"), NULL, 200, "x"},
};

static const struct row BAD[] = {
    {"CL and TE", BYTES(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "upstream_bad_framing",
     0, ""},
    {"TE and CL", BYTES(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), "upstream_bad_framing",
     0, ""},
    {"two different CL", BYTES(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), "upstream_bad_framing", 0,
     ""},
    {"two equal CL", BYTES(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL list", BYTES(OK "Content-Length: 5, 5\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL +5", BYTES(OK "Content-Length: +5\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL -5", BYTES(OK "Content-Length: -5\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL 5x", BYTES(OK "Content-Length: 5x\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL 0x5", BYTES(OK "Content-Length: 0x5\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL 005", BYTES(OK "Content-Length: 005\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL empty", BYTES(OK "Content-Length:\r\n\r\nhello"), "upstream_bad_framing", 0, ""},
    {"CL 2^64", BYTES(OK "Content-Length: 18446744073709551616\r\n\r\nx"), "upstream_bad_framing", 0, ""},
    {"TE gzip, chunked", BYTES(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "upstream_bad_framing", 0, ""},
    {"TE identity", BYTES(OK "Transfer-Encoding: identity\r\n\r\nx"), "upstream_bad_framing", 0, ""},
    {"TE , chunked", BYTES(OK "Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n"), "upstream_bad_framing", 0, ""},
    {"two TE", BYTES(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     "upstream_bad_framing", 0, ""},
    {"TE on HTTP/1.0", BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "upstream_bad_framing",
     0, ""},
    {"TE on 204", BYTES("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "upstream_bad_framing", 0,
     ""},
    {"LF only", BYTES("HTTP/1.1 200 OK\nContent-Length: 1\n\nx"), "upstream_bad_response", 0, ""},
    {"LF after the status line", BYTES("HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"LF after a field", BYTES(OK "A: b\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"LF ends the head", BYTES(OK "Content-Length: 1\r\n\nx"), "upstream_bad_response", 0, ""},
    {"bare CR in a value", BYTES(OK "A: b\rc\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"bare CR in the reason", BYTES("HTTP/1.1 200 O\rK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"NUL in a value", BYTES(OK "A: b\0c\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"folded", BYTES(OK "A: b\r\n c\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"folded at once", BYTES(OK " A: b\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"space before the colon", BYTES(OK "A : b\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"no colon", BYTES(OK "A\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"empty name", BYTES(OK ": b\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"ICY", BYTES("ICY 200 OK\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"HTTP/0.9", BYTES("<html>hello</html>\r\n\r\n"), "upstream_bad_response", 0, ""},
    {"HTTP/2.0", BYTES("HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"HTTP/3.7", BYTES("HTTP/3.7 200 OK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"HTTP/1.2", BYTES("HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"http/1.1", BYTES("http/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"status 99", BYTES("HTTP/1.1 99 x\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"status 099", BYTES("HTTP/1.1 099 x\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"status 600", BYTES("HTTP/1.1 600 x\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"status 1000", BYTES("HTTP/1.1 1000 x\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"two spaces", BYTES("HTTP/1.1  200 OK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"leading CRLF", BYTES("\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), "upstream_bad_response", 0, ""},
    {"101", BYTES("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
     "upstream_bad_response", 0, ""},
    {"chunk size with 0x", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n"), "upstream_bad_framing",
     200, ""},
    {"chunk size of 9 digits", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n000000001\r\nx\r\n0\r\n\r\n"),
     "upstream_bad_framing", 200, ""},
    {"LF after the chunk size", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n"), "upstream_bad_framing",
     200, ""},
    {"no CRLF after the chunk", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nxXX0\r\n\r\n"), "upstream_bad_framing",
     200, ""},
    {"head cut", BYTES(OK "Content-Le"), "upstream_reset", 0, ""},
    {"nothing after 100", BYTES("HTTP/1.1 100 Continue\r\n\r\n"), "upstream_reset", 0, ""},
    {"length cut", BYTES(OK "Content-Length: 5\r\n\r\nhell"), "upstream_truncated", 200, ""},
    {"chunk cut", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"), "upstream_truncated", 200, ""},
    {"last chunk missing", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "upstream_truncated", 200, ""},
    {"end of trailers missing", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"), "upstream_truncated",
     200, ""},
};

static void well_formed_responses_are_read_however_they_are_cut(void **state) {
  (void)state;
  check_rows(GOOD, sizeof GOOD / sizeof *GOOD);
}

static void malformed_responses_are_refused_however_they_are_cut(void **state) {
  (void)state;
  check_rows(BAD, sizeof BAD / sizeof *BAD);
}

static void every_control_byte_in_a_value_is_refused(void **state) {
  (void)state;
  for (int c = 0; c < 256; c++) {
    char text[] = OK "A: b?c\r\nContent-Length: 0\r\n\r\n";
    *strchr(text, '?') = (char)c;
    struct row row = {"control byte", {text, sizeof text - 1}, NULL, 200, ""};
    if ((c < 0x20 && c != '\t') || c == 0x7f) row.code = "upstream_bad_response";
    check_rows(&row, 1);
  }
}

static void only_token_bytes_make_a_field_name(void **state) {
  (void)state;
  for (int c = 0; c < 256; c++) {
    char text[] = OK "A?b: c\r\nContent-Length: 0\r\n\r\n";
    *strchr(text, '?') = (char)c;
    struct row row = {"name byte", {text, sizeof text - 1}, NULL, 200, ""};
    if (!field_is_tchar((unsigned char)c) && c != ':') row.code = "upstream_bad_response";
    check_rows(&row, 1);
  }
}

static void the_answer_to_head_has_no_body(void **state) {
  (void)state;
  struct outcome outcome = read_response(BYTES(OK "Content-Length: 500\r\n\r\n"), 100, 1, true, 0);
  assert_null(outcome.code);
  assert_int_equal(outcome.status, 200);
  assert_int_equal(outcome.rest, 0);
}

static void bytes_behind_the_response_are_seen(void **state) {
  (void)state;
  assert_int_equal(read_response(BYTES(OK "Content-Length: 0\r\n\r\nXYZ"), 100, 1, false, 0).rest, 3);
  struct outcome outcome = read_response(BYTES(OK "Content-Length: 1\r\n\r\naXYZ"), 100, 1, false, 0);
  assert_int_equal(outcome.rest, 3);
  buffer_free(&outcome.body);
  assert_int_equal(read_response(BYTES("HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\nXYZ"), 100, 1, false, 0).rest, 3);
}

static bool keeps_alive(const char *text) {
  struct outcome outcome = read_response(slice_text(text), strlen(text), 1, false, 0);
  assert_null(outcome.code);
  buffer_free(&outcome.body);
  return outcome.keep_alive;
}

static void a_connection_is_kept_only_when_http_1_1_says_nothing_else(void **state) {
  (void)state;
  assert_true(keeps_alive(OK "Content-Length: 0\r\n\r\n"));
  assert_true(keeps_alive(OK "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
  assert_false(keeps_alive(OK "Connection: close\r\nContent-Length: 0\r\n\r\n"));
  assert_false(keeps_alive(OK "Connection: CLOSE\t\r\nContent-Length: 0\r\n\r\n"));
  assert_false(keeps_alive(OK "Connection: keep-alive, close\r\nContent-Length: 0\r\n\r\n"));
  assert_false(keeps_alive(OK "Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  assert_false(keeps_alive("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
  assert_false(keeps_alive(OK "\r\nx"));
}

static void a_dirty_end_does_not_complete_a_body_until_close(void **state) {
  (void)state;
  struct error error;
  struct response response;
  struct slice data, bytes = BYTES(OK "\r\nhello");
  response_init(&response, "peer:1", false, 0);
  while (response_next(&response, &parser, &bytes, &data, &error) != RESPONSE_MORE) continue;
  assert_int_equal(response_close(&response, false, &error), -1);
  assert_string_equal(error.code, "upstream_truncated");
  response_free(&response);
}

static void fields_survive_the_bytes_they_came_in(void **state) {
  (void)state;
  char text[] = OK "A: one\r\nEmpty:\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok";
  struct error error;
  struct response response;
  struct slice data, bytes = {text, sizeof text - 1};
  response_init(&response, "peer:1", false, 0);
  assert_int_equal(response_next(&response, &parser, &bytes, &data, &error), RESPONSE_HEAD);
  memset(text, '!', sizeof text);
  const struct transfer_response *head = &response.head.response;
  assert_int_equal(head->field_count, 4);
  assert_true(head->length_known);
  assert_int_equal(head->length, 2);
  assert_true(slice_equal(head->fields[0].value, BYTES("one")));
  assert_true(slice_equal(head->fields[1].name, BYTES("Empty")));
  assert_int_equal(head->fields[1].value.len, 0);
  assert_true(slice_equal(field_find(head->fields, 4, BYTES("content-encoding"))->value, BYTES("gzip")));
  response_free(&response);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(well_formed_responses_are_read_however_they_are_cut),
      cmocka_unit_test(malformed_responses_are_refused_however_they_are_cut),
      cmocka_unit_test(every_control_byte_in_a_value_is_refused),
      cmocka_unit_test(only_token_bytes_make_a_field_name),
      cmocka_unit_test(the_answer_to_head_has_no_body),
      cmocka_unit_test(bytes_behind_the_response_are_seen),
      cmocka_unit_test(a_connection_is_kept_only_when_http_1_1_says_nothing_else),
      cmocka_unit_test(a_dirty_end_does_not_complete_a_body_until_close),
      cmocka_unit_test(fields_survive_the_bytes_they_came_in),
  };
  return cmocka_run_group_tests_name("upstream response", tests, setup, NULL);
}
