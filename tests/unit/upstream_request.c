// SPDX-License-Identifier: Apache-2.0
#include "upstream_peer.h"

/* What of a request reaches the wire, and what never does. */

#define OK "HTTP/1.1 200 OK\r\n"

static void expect_last(const struct peer *peer, const char *expected) {
  assert_int_equal(peer->last.len, strlen(expected));
  assert_memory_equal(peer->last.data, expected, peer->last.len);
}

static void a_request_is_written_exactly(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  char expected[256];
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 2\r\nX-A: b\r\n\r\nhi");
  struct http_field fields[] = {{SLICE_LITERAL("Accept"), SLICE_LITERAL("a/b")}, {SLICE_LITERAL("X-Empty"), {0}}};
  struct slice body[] = {SLICE_LITERAL("one"), SLICE_LITERAL(""), SLICE_LITERAL("two")};
  struct transfer_request request = stage_request(&stage, "POST", "/v1/chat?a=b");
  request.fields = fields;
  request.field_count = 2;
  request.prepared = SLICE_LITERAL("Authorization: Bearer k\r\nX-B: c\r\n");
  request.body = body;
  request.body_count = 3;
  request.has_body = true;
  visit_start(&stage, &visit, &request);
  visit_wait(&stage, &visit);
  snprintf(expected, sizeof expected,
           "POST /v1/chat?a=b HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: a/b\r\nX-Empty: \r\n"
           "Authorization: Bearer k\r\nX-B: c\r\nContent-Length: 6\r\n\r\nonetwo",
           stage.peer.port);
  expect_last(&stage.peer, expected);
  assert_int_equal(visit.field_count, 2);
  assert_false(visit.untouched);
  visit_expect(&visit, 200, "hi");
  stage_close(&stage);
}

static void an_empty_body_still_says_its_length(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 0\r\n\r\n");
  visit_post(&stage, &visit, SLICE_LITERAL(""));
  visit_wait(&stage, &visit);
  visit_expect(&visit, 200, "");
  assert_non_null(memmem(stage.peer.last.data, stage.peer.last.len, "\r\nContent-Length: 0\r\n\r\n", 23));
  stage_get(&stage, 200, "");
  assert_null(memmem(stage.peer.last.data, stage.peer.last.len, "Content-Length", 14));
  stage_close(&stage);
}

static void a_body_of_many_pieces_keeps_its_order(void **state) {
  (void)state;
  enum { PIECES = 100 };
  struct stage stage;
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 0\r\n\r\n");
  struct slice pieces[PIECES];
  char digits[PIECES * 2 + 1];
  for (int i = 0; i < PIECES; i++) {
    snprintf(digits + 2 * i, 3, "%02d", i);
    pieces[i] = slice_make(digits + 2 * i, 2);
  }
  for (unsigned count = 13; count <= PIECES; count = count < 17 ? count + 1 : count + 83) {
    struct visit visit = {0};
    struct transfer_request request = stage_request(&stage, "POST", "/");
    request.has_body = true;
    request.body = pieces;
    request.body_count = count;
    visit_start(&stage, &visit, &request);
    visit_wait(&stage, &visit);
    visit_expect(&visit, 200, "");
    assert_memory_equal(stage.peer.last.data + stage.peer.last.len - (size_t)count * 2, digits, (size_t)count * 2);
  }
  stage_close(&stage);
}

static void a_large_body_arrives_whole(void **state) {
  (void)state;
  enum { SIZE = 8 * 1024 * 1024 };
  struct stage stage;
  stage_open(&stage);
  stage.peer.reply = SLICE_LITERAL(OK "Content-Length: 0\r\n\r\n");
  char *bytes = malloc(SIZE);
  for (int i = 0; i < SIZE; i++) bytes[i] = (char)(i ^ (i >> 8) ^ (i >> 16));
  for (int round = 0; round < 2; round++) { /* on a fresh connection, then on a reused one */
    struct visit visit = {0};
    visit_post(&stage, &visit, slice_make(bytes, SIZE));
    visit_wait(&stage, &visit);
    visit_expect(&visit, 200, "");
    assert_memory_equal(stage.peer.last.data + stage.peer.last.len - SIZE, bytes, SIZE);
  }
  assert_int_equal(stage.peer.accepted, 1);
  free(bytes);
  stage_close(&stage);
}

static void expect_refused_request(struct stage *stage, const struct transfer_request *request) {
  struct error error = {0};
  struct transfer *transfer = NULL;
  struct visit visit = {0};
  assert_int_equal(transfer_start(stage->upstream, request, &VISIT_EVENTS, &visit, &transfer, &error), -1);
  assert_string_equal(error.code, "upstream_bad_request");
  assert_int_equal(error.status, 500);
  assert_int_equal(stage_stats(stage).active, 0);
}

static void no_byte_that_could_end_a_line_reaches_the_wire(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  for (int c = 0; c < 256; c++) {
    char byte[2] = {'a', (char)c};
    struct http_field field = {SLICE_LITERAL("X-A"), {byte, 2}};
    struct transfer_request request = stage_request(&stage, "GET", "/");
    request.fields = &field;
    request.field_count = 1;
    if ((c < 0x20 && c != '\t') || c == 0x7f) expect_refused_request(&stage, &request);
    field = (struct http_field){{byte, 2}, SLICE_LITERAL("v")};
    if (!field_is_tchar((unsigned char)c)) expect_refused_request(&stage, &request);
    char target[3] = {'/', (char)c, 'x'};
    request = stage_request(&stage, "GET", "/");
    request.target = slice_make(target, 3);
    if (c < 0x21 || c > 0x7e || c == '#') expect_refused_request(&stage, &request);
    request = stage_request(&stage, "GET", "/");
    request.method = slice_make(byte, 2);
    byte[0] = 'G';
    if (c < 'A' || c > 'Z') expect_refused_request(&stage, &request);
  }
  assert_int_equal(stage.peer.accepted, 0);
  stage_close(&stage);
}

static void fields_about_the_connection_are_not_the_callers(void **state) {
  (void)state;
  struct stage stage;
  static const char *const names[] = {"Host",    "content-length", "Transfer-Encoding", "CONNECTION",
                                      "Upgrade", "Expect",         "Keep-Alive",        "Proxy-Authorization",
                                      "TE",      "Trailer",        "Proxy-Connection"};
  stage_open(&stage);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct http_field field = {slice_text(names[i]), SLICE_LITERAL("1")};
    struct transfer_request request = stage_request(&stage, "GET", "/");
    request.fields = &field;
    request.field_count = 1;
    expect_refused_request(&stage, &request);
    struct buffer out = {0};
    struct error error;
    assert_int_equal(transfer_fields_prepare(&field, 1, &out, &error), -1);
    assert_int_equal(out.len, 0);
  }
  stage_close(&stage);
}

static void targets_and_methods_that_are_none_are_refused(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  struct transfer_request request = stage_request(&stage, "GET", "");
  expect_refused_request(&stage, &request);
  request = stage_request(&stage, "GET", "http://other/");
  expect_refused_request(&stage, &request);
  request = stage_request(&stage, "", "/");
  expect_refused_request(&stage, &request);
  request = stage_request(&stage, "CONNECT", "/");
  expect_refused_request(&stage, &request);
  request = stage_request(&stage, "GET", "/");
  request.prepared = SLICE_LITERAL("X-A: b");
  expect_refused_request(&stage, &request);
  stage_close(&stage);
}

static void prepared_lines_come_from_checked_fields(void **state) {
  (void)state;
  struct buffer out = {0};
  struct error error;
  struct http_field good[] = {{SLICE_LITERAL("A"), SLICE_LITERAL("b")}, {SLICE_LITERAL("C"), SLICE_LITERAL("d e")}};
  struct http_field bad = {SLICE_LITERAL("A"), SLICE_LITERAL("b\r\nEvil: 1")};
  assert_int_equal(transfer_fields_prepare(good, 2, &out, &error), 0);
  assert_true(slice_equal(buffer_slice(&out), SLICE_LITERAL("A: b\r\nC: d e\r\n")));
  assert_int_equal(transfer_fields_prepare(&bad, 1, &out, &error), -1);
  assert_string_equal(error.code, "upstream_bad_request");
  buffer_free(&out);
}

static void an_answer_may_come_before_the_request_is_read(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  size_t size = 16 * 1024 * 1024;
  char *bytes = calloc(1, size);
  stage_run(&stage, 1, NULL);
  stage.peer.accepting = peer_reply; /* says it at once and reads on */
  stage.peer.reply = SLICE_LITERAL("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong");
  visit_post(&stage, &visit, slice_make(bytes, size));
  visit_wait(&stage, &visit);
  visit_expect(&visit, 413, "long");
  assert_int_equal(stage_stats(&stage).idle, 0); /* half a request was on it */
  free(bytes);
  stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_is_written_exactly),
      cmocka_unit_test(an_empty_body_still_says_its_length),
      cmocka_unit_test(a_body_of_many_pieces_keeps_its_order),
      cmocka_unit_test(a_large_body_arrives_whole),
      cmocka_unit_test(no_byte_that_could_end_a_line_reaches_the_wire),
      cmocka_unit_test(fields_about_the_connection_are_not_the_callers),
      cmocka_unit_test(targets_and_methods_that_are_none_are_refused),
      cmocka_unit_test(prepared_lines_come_from_checked_fields),
      cmocka_unit_test(an_answer_may_come_before_the_request_is_read),
  };
  return cmocka_run_group_tests_name("upstream request", tests, NULL, NULL);
}
