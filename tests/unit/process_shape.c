// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "process/call.h"
#include "process/credential.h"
#include "process/relay_scan.h"
#include "process/shape.h"

static const char trace_id[33] = "0123456789abcdef0123456789abcdef";

static const struct call_problem busy = {.status = 503,
                                         .message = SLICE_LITERAL("say \"when\""),
                                         .type = SLICE_LITERAL("server_error"),
                                         .code = SLICE_LITERAL("shutting_down")};

/* ---- errors ---- */

typedef void (*writer)(enum shape shape, const struct call_problem *problem, const char *id, struct buffer *out);

static void assert_written(writer write, enum shape shape, const char *expected) {
  struct buffer out = {0};
  write(shape, &busy, trace_id, &out);
  buffer_append(&out, "", 1);
  assert_string_equal(out.data, expected);
  buffer_free(&out);
}

static void an_error_is_in_the_clients_words(void **state) {
  (void)state;
  const char *openai =
      "{\"error\":{\"message\":\"say \\\"when\\\"\",\"type\":\"server_error\",\"param\":null,"
      "\"code\":\"shutting_down\"}}\n";
  assert_written(shape_body, SHAPE_OPENAI, openai);
  assert_written(shape_body, SHAPE_RESPONSES, openai);
  assert_written(shape_body, SHAPE_ANTHROPIC,
                 "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"say \\\"when\\\"\"},"
                 "\"request_id\":\"req_0123456789abcdef0123456789abcdef\"}\n");
  assert_written(shape_body, SHAPE_GEMINI,
                 "{\"error\":{\"code\":503,\"message\":\"say \\\"when\\\"\",\"status\":\"UNAVAILABLE\"}}\n");
}

static void so_is_the_event_that_ends_a_stream(void **state) {
  (void)state;
  assert_written(shape_event, SHAPE_OPENAI,
                 "data: {\"error\":{\"message\":\"say \\\"when\\\"\",\"type\":\"server_error\",\"param\":null,"
                 "\"code\":\"shutting_down\"}}\n\n");
  assert_written(shape_event, SHAPE_RESPONSES,
                 "event: error\ndata: {\"type\":\"error\",\"code\":\"shutting_down\",\"message\":\"say \\\"when\\\"\","
                 "\"param\":null}\n\n");
  assert_written(shape_event, SHAPE_ANTHROPIC,
                 "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":"
                 "\"say \\\"when\\\"\"}}\n\n");
  assert_written(shape_event, SHAPE_GEMINI,
                 "data: {\"error\":{\"code\":503,\"message\":\"say \\\"when\\\"\",\"status\":\"UNAVAILABLE\"}}\n\n");
}

static void anthropics_clients_know_statuses_of_their_own(void **state) {
  (void)state;
  static const int expected[][2] = {{400, 400}, {401, 401}, {404, 404}, {413, 413}, {422, 400}, {429, 429},
                                    {500, 500}, {502, 500}, {503, 529}, {504, 504}, {415, 415}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    struct call_problem problem = {.status = expected[i][0]};
    assert_int_equal(shape_status(SHAPE_ANTHROPIC, &problem), expected[i][1]);
    assert_int_equal(shape_status(SHAPE_OPENAI, &problem), expected[i][0]);
  }
  struct call_problem spent = {.status = 429, .code = SLICE_LITERAL("insufficient_quota")};
  assert_int_equal(shape_status(SHAPE_ANTHROPIC, &spent), 402);
}

/* ---- routes ---- */

static const char *endpoint_of(const char *path) {
  const char *endpoint = route_find(slice_text(path))->endpoint;
  return endpoint ? endpoint : "-";
}

static void a_path_leads_to_its_endpoint(void **state) {
  (void)state;
  static const char *const expected[][2] = {
      {"/v1/chat/completions", "chat"},
      {"/v1/messages", "messages"},
      {"/v1/messages/count_tokens", "count_tokens"},
      {"/v1beta/models/gemini-2.5-pro:generateContent", "gemini"},
      {"/v1beta/models/team/one:two:streamGenerateContent", "gemini"},
      {"/v1beta/models/x:countTokens", "gemini_count"},
      {"/v1beta/models/x:embedContent", "gemini_embed"},
      {"/v1beta/models/x:batchEmbedContents", "gemini_embed"},
      {"/v1/models/gemini-2.5-pro:generateContent", "gemini"},
      {"/v1/models/team/one:two:streamGenerateContent", "gemini"},
      {"/v1/models/x:countTokens", "gemini_count"},
      {"/v1/models/x:embedContent", "gemini_embed"},
      {"/v1/models/x:batchEmbedContents", "gemini_embed"},
      {"/v1/models/x:other", "model"},
      {"/v1beta/models", "models"},
      {"/v1beta/models/x", "model"},
      {"/v1/models/team/one", "model"},
      {"/", "root"},
      {"/v1beta/other", "-"},
      {"/v2", "-"},
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    assert_string_equal(endpoint_of(expected[i][0]), expected[i][1]);
  }
  assert_string_not_equal(endpoint_of("/v1beta/models/:generateContent"), "gemini");
}

/* ---- keys ---- */

static struct slice presented(const char *path, const char *query, const char *name, const char *value) {
  struct http_field field = {slice_text(name), slice_text(value)};
  struct http_request request = {
      .path = slice_text(path), .query = slice_text(query), .fields = &field, .field_count = 1};
  return credential_presented(&request, route_find(slice_text(path)));
}

static void assert_presented(struct slice key, const char *expected) {
  assert_int_equal(key.len, strlen(expected));
  if (key.len > 0) assert_memory_equal(key.ptr, expected, key.len);
}

static void a_key_is_taken_where_sdks_put_it(void **state) {
  (void)state;
  assert_presented(presented("/v1/messages", "", "authorization", "Bearer k"), "k");
  assert_presented(presented("/v1/messages", "", "authorization", "Basic k"), "");
  assert_presented(presented("/v1/messages", "", "x-api-key", "k"), "k");
  assert_presented(presented("/v1beta/models", "", "x-goog-api-key", "k"), "k");
  assert_presented(presented("/v1beta/models", "alt=sse&key=k&x=y", "accept", "*"), "k");
  assert_presented(presented("/v1beta/models", "monkey=k", "accept", "*"), "");
  assert_presented(presented("/v1/models", "key=k", "accept", "*"), "");
  assert_presented(presented("/v1/models/x:generateContent", "key=k", "accept", "*"), "k");
  assert_presented(presented("/metrics", "", "x-api-key", "k"), "");
  assert_presented(presented("/admin/keys", "", "x-api-key", "k"), "");
}

/* ---- streams of other formats ---- */

static struct reply scanned(enum relay_format format, const char *name, const char *data) {
  struct reply reply = {.options = {.format = format}};
  struct sse_event event = {.name = slice_text(name), .data = slice_text(data), .has_data = true};
  usage_clear(&reply.usage);
  relay_scan(&reply, &event);
  return reply;
}

static void the_end_of_a_stream_is_known_by_its_format(void **state) {
  (void)state;
  assert_true(scanned(RELAY_ANTHROPIC, "message_stop", "{\"type\":\"message_stop\"}").saw_finish);
  assert_true(scanned(RELAY_ANTHROPIC, "", "{\"type\":\"message_stop\"}").saw_finish);
  assert_false(scanned(RELAY_ANTHROPIC, "", "{\"text\":\"message_stop\"}").saw_finish);
  assert_true(scanned(RELAY_RESPONSES, "response.incomplete", "{}").saw_finish);
  assert_true(scanned(RELAY_GEMINI, "", "{\"candidates\":[{\"finishReason\":\"STOP\"}]}").saw_finish);
  assert_true(scanned(RELAY_GEMINI, "", "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}").saw_finish);
  assert_false(scanned(RELAY_GEMINI, "", "{\"candidates\":[{\"text\":\"x\"}]}").saw_finish);
  assert_false(scanned(RELAY_GEMINI, "", "{\"finishReason\":").saw_finish);
}

static void so_are_errors_in_it(void **state) {
  (void)state;
  assert_true(scanned(RELAY_ANTHROPIC, "error", "{\"type\":\"error\"}").saw_error);
  assert_true(scanned(RELAY_RESPONSES, "response.failed", "{\"response\":{}}").saw_error);
  assert_true(scanned(RELAY_GEMINI, "", "{\"error\":{\"code\":500}}").saw_error);
  assert_false(scanned(RELAY_GEMINI, "", "{\"candidates\":[{\"error\":\"no\"}]}").saw_error);
  assert_true(scanned(RELAY_EVENTS, "", "{\"error\":{\"message\":\"no\"}}").saw_error);
  assert_false(scanned(RELAY_EVENTS, "", "{\"text\":\"\\\"error\\\"\"}").saw_error);
}

static void what_was_used_is_read_where_it_stands(void **state) {
  (void)state;
  struct usage usage = scanned(RELAY_ANTHROPIC, "message_start",
                               "{\"message\":{\"usage\":{\"input_tokens\":7,\"cache_read_input_tokens\":2,"
                               "\"cache_creation_input_tokens\":1,\"output_tokens\":3}}}")
                           .usage;
  assert_int_equal(usage.prompt, 10);
  assert_int_equal(usage.completion, 3);
  usage = scanned(RELAY_RESPONSES, "response.completed",
                  "{\"response\":{\"usage\":{\"input_tokens\":9,\"input_tokens_details\":{\"cached_tokens\":4},"
                  "\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":2}}}}")
              .usage;
  assert_int_equal(usage.prompt, 9);
  assert_int_equal(usage.cached, 4);
  assert_int_equal(usage.reasoning, 2);
  usage = scanned(RELAY_GEMINI, "",
                  "{\"usageMetadata\":{\"promptTokenCount\":8,\"toolUsePromptTokenCount\":2,\"candidatesTokenCount\":3,"
                  "\"thoughtsTokenCount\":4,\"cachedContentTokenCount\":1}}")
              .usage;
  assert_int_equal(usage.prompt, 10);
  assert_int_equal(usage.completion, 7);
  assert_int_equal(usage.cached, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_error_is_in_the_clients_words),
      cmocka_unit_test(so_is_the_event_that_ends_a_stream),
      cmocka_unit_test(anthropics_clients_know_statuses_of_their_own),
      cmocka_unit_test(a_path_leads_to_its_endpoint),
      cmocka_unit_test(a_key_is_taken_where_sdks_put_it),
      cmocka_unit_test(the_end_of_a_stream_is_known_by_its_format),
      cmocka_unit_test(so_are_errors_in_it),
      cmocka_unit_test(what_was_used_is_read_where_it_stands),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
