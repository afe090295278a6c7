// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "process/record.h"

/* A record in memory, as a line, and read back. */

static void exchange_fill(struct record *record) {
  struct record_exchange *exchange = record_exchange_add(record);
  exchange->origin = SLICE_LITERAL("https://api.example.com:443");
  exchange->path = SLICE_LITERAL("/v1/chat/completions");
  exchange->status = 200;
  exchange->head_ms = 12;
  exchange->end = RECORD_WHOLE;
  exchange->end_ms = 40;
  struct http_field fields[] = {{SLICE_LITERAL("content-type"), SLICE_LITERAL("text/event-stream")},
                                {SLICE_LITERAL("Set-Cookie"), SLICE_LITERAL("session=1")}};
  record_fields_copy(record, fields, 2, &exchange->fields);
  static const struct slice pieces[] = {SLICE_LITERAL("data: gr\xc3"), SLICE_LITERAL("\xbc\xc3\x9f"),
                                        SLICE_LITERAL("\n\n")};
  for (unsigned i = 0; i < 3; i++) {
    record_append(record, &exchange->body, pieces[i]);
    struct replay_piece cut = {exchange->body.len, 15 + i};
    buffer_append(&exchange->cuts, &cut, sizeof cut);
  }
}

static void record_fill(struct record *record, struct arena *arena) {
  record_open(record, arena);
  record->trace_id = SLICE_LITERAL("0123456789abcdef0123456789abcdef");
  record->generation = SLICE_LITERAL("abc");
  record->time = 1700000000.25;
  record->seed = 42;
  record->access = ACCESS_KEY;
  record->key = (struct key_identity){.id = "key-1", .name = "a \"name\"", .scopes = 3};
  record->method = SLICE_LITERAL("POST");
  record->target = SLICE_LITERAL("/v1/chat/completions?a=b");
  struct http_field fields[] = {{SLICE_LITERAL("Authorization"), SLICE_LITERAL("Bearer sk-secret")},
                                {SLICE_LITERAL("X-Api-Key"), SLICE_LITERAL("sk-secret")},
                                {SLICE_LITERAL("X-Request-Id"), SLICE_LITERAL("7")}};
  record_fields_copy(record, fields, 3, &record->fields);
  record_append(record, &record->body, SLICE_LITERAL("{\"model\":\"m\"}\n"));
  exchange_fill(record);
  tape_add(&record->tape, SLICE_LITERAL("clock.now"), SLICE_LITERAL("[1700000000.5]"));
  record->status = 200;
  record_append(record, &record->answer, SLICE_LITERAL("data: x\n\n"));
}

static void read_back(const struct record *record, struct arena *arena, struct record *out) {
  struct buffer line = {0};
  struct error error;
  record_write(record, &line);
  assert_int_equal('\n', line.data[line.len - 1]);
  assert_null(memchr(line.data, '\n', line.len - 1));
  if (record_read(slice_make(line.data, line.len - 1), arena, out, &error) < 0) fail_msg("%s", error.message);
  buffer_free(&line);
}

static void assert_text(const char *expected, struct slice given) {
  if (slice_equal(slice_text(expected), given)) return;
  fail_msg("expected \"%s\", got \"%.*s\"", expected, (int)given.len, given.ptr);
}

static void assert_pieces(const struct record_exchange *exchange, const char *const *texts, size_t count) {
  const struct replay_piece *cuts = (const void *)exchange->cuts.data;
  assert_int_equal(count, exchange->cuts.len / sizeof *cuts);
  for (size_t i = 0, from = 0; i < count; from = cuts[i++].end) {
    assert_text(texts[i], slice_make(exchange->body.data + from, cuts[i].end - from));
  }
}

static void a_record_reads_back_as_it_was(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record record, again;
  record_fill(&record, &arena);
  read_back(&record, &arena, &again);
  assert_text("0123456789abcdef0123456789abcdef", again.trace_id);
  assert_text("abc", again.generation);
  assert_true(again.time == 1700000000.25 && again.seed == 42 && again.access == ACCESS_KEY);
  assert_string_equal("a \"name\"", again.key.name);
  assert_int_equal(3, again.key.scopes);
  assert_text("/v1/chat/completions?a=b", again.target);
  assert_text("{\"model\":\"m\"}\n", buffer_slice(&again.body));
  assert_int_equal(200, again.status);
  assert_text("data: x\n\n", buffer_slice(&again.answer));
  struct slice json;
  assert_true(tape_take(&again.tape, SLICE_LITERAL("clock.now"), &json));
  assert_text("[1700000000.5]", json);
  assert_false(tape_take(&again.tape, SLICE_LITERAL("clock.now"), &json));
  record_free(&record);
  record_free(&again);
  arena_free(&arena);
}

static void a_piece_may_end_inside_of_a_character(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record record, again;
  record_fill(&record, &arena);
  read_back(&record, &arena, &again);
  const struct record_exchange *exchange = again.first;
  const char *const pieces[] = {"data: gr\xc3", "\xbc\xc3\x9f", "\n\n"};
  assert_pieces(exchange, pieces, 3);
  assert_int_equal(16, ((const struct replay_piece *)(const void *)exchange->cuts.data)[1].at_ms);
  assert_true(exchange->status == 200 && exchange->head_ms == 12 && exchange->end == RECORD_WHOLE &&
              exchange->end_ms == 40);
  record_free(&record);
  record_free(&again);
  arena_free(&arena);
}

static void credentials_in_headers_are_never_kept(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record record;
  record_fill(&record, &arena);
  assert_int_equal(1, record.fields.count);
  assert_text("X-Request-Id", record.fields.items[0].name);
  assert_int_equal(1, record.first->fields.count);
  record_free(&record);
  arena_free(&arena);
}

static void a_failure_of_the_way_reads_back(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record record, again;
  record_open(&record, &arena);
  record.trace_id = SLICE_LITERAL("0123456789abcdef0123456789abcdef");
  record.method = SLICE_LITERAL("POST");
  record.status = 502;
  struct record_exchange *exchange = record_exchange_add(&record);
  exchange->end = RECORD_FAILED;
  exchange->untouched = true;
  error_set(&exchange->error, 502, "upstream_refused", "%s", "127.0.0.1:1 refused \"it\"");
  read_back(&record, &arena, &again);
  assert_int_equal(0, again.first->status);
  assert_int_equal(RECORD_FAILED, again.first->end);
  assert_string_equal("upstream_refused", again.first->error.code);
  assert_string_equal("127.0.0.1:1 refused \"it\"", again.first->error.message);
  assert_int_equal(502, again.first->error.status);
  assert_true(again.first->untouched);
  record_free(&record);
  record_free(&again);
  arena_free(&arena);
}

static void a_secret_is_masked_across_pieces_which_keep_their_ends(void **state) {
  (void)state;
  static const char text[] = "hello jo@example.com and bye";
  for (size_t first = 0; first <= sizeof text - 1; first++) {
    struct arena arena = {0};
    struct record record;
    record_open(&record, &arena);
    struct record_exchange *exchange = record_exchange_add(&record);
    record_append(&record, &exchange->body, slice_text(text));
    struct replay_piece cuts[] = {{first, 1}, {sizeof text - 1, 2}};
    buffer_append(&exchange->cuts, cuts, sizeof cuts);
    record_mask(&record, NULL);
    assert_text("hello [REDACTED_EMAIL] and bye", buffer_slice(&exchange->body));
    const struct replay_piece *moved = (const void *)exchange->cuts.data;
    size_t grown = strlen("[REDACTED_EMAIL]") - strlen("jo@example.com");
    size_t expected = first <= 6 ? first : first < 20 ? 6 : first + grown;
    assert_int_equal(expected, moved[0].end);
    assert_int_equal(exchange->body.len, moved[1].end);
    assert_true(record.redacted);
    record_free(&record);
    arena_free(&arena);
  }
}

static void a_record_beyond_its_bound_is_not_kept(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record record;
  record_open(&record, &arena);
  struct buffer large = {0};
  buffer_reserve(&large, RECORD_BYTES_MAX);
  memset(large.data, 'x', RECORD_BYTES_MAX);
  large.len = RECORD_BYTES_MAX;
  record_append(&record, &record.body, buffer_slice(&large));
  assert_false(record.overflow);
  record_append(&record, &record.answer, SLICE_LITERAL("y"));
  assert_true(record.overflow);
  assert_int_equal(0, record.answer.len);
  buffer_free(&large);
  record_free(&record);
  arena_free(&arena);
}

static void assert_refused(const char *line, const char *why) {
  struct arena arena = {0};
  struct record record;
  struct error error = {0};
  assert_int_equal(-1, record_read(slice_text(line), &arena, &record, &error));
  if (!strstr(error.message, why)) fail_msg("\"%s\" does not say \"%s\"", error.message, why);
  record_free(&record);
  arena_free(&arena);
}

static void a_line_that_is_no_record_says_why(void **state) {
  (void)state;
  assert_refused("", "not a line of a recording");
  assert_refused("{\"v\":1", "not a line of a recording");
  assert_refused("[]", "\"v\"");
  assert_refused("{\"v\":2}", "\"v\" is missing or not 1");
  assert_refused("{\"v\":1}", "\"trace_id\"");
  assert_refused(
      "{\"v\":1,\"trace_id\":\"0123456789abcdef0123456789abcdef\",\"generation\":\"\",\"time\":1,\"seed\":1,"
      "\"access\":\"maybe\"}",
      "\"access\"");
}

/* Every truncation and every changed byte of a good line is read or refused, never more. */
static void a_damaged_line_does_no_harm(void **state) {
  (void)state;
  struct arena arena = {0};
  struct record record;
  struct buffer line = {0};
  record_fill(&record, &arena);
  record_write(&record, &line);
  for (size_t i = 0; i < line.len; i++) {
    for (const char *with = "\"{[}],0x"; *with; with++) {
      struct arena own = {0};
      struct record again;
      struct error error;
      char kept = line.data[i];
      line.data[i] = *with;
      record_read(buffer_slice(&line), &own, &again, &error);
      record_free(&again);
      line.data[i] = kept;
      arena_free(&own);
    }
  }
  buffer_free(&line);
  record_free(&record);
  arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_record_reads_back_as_it_was),
      cmocka_unit_test(a_piece_may_end_inside_of_a_character),
      cmocka_unit_test(credentials_in_headers_are_never_kept),
      cmocka_unit_test(a_failure_of_the_way_reads_back),
      cmocka_unit_test(a_secret_is_masked_across_pieces_which_keep_their_ends),
      cmocka_unit_test(a_record_beyond_its_bound_is_not_kept),
      cmocka_unit_test(a_line_that_is_no_record_says_why),
      cmocka_unit_test(a_damaged_line_does_no_harm),
  };
  return cmocka_run_group_tests_name("process: record", tests, NULL, NULL);
}
