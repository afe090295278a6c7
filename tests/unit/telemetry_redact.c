// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "telemetry/redact.h"

#define UNUSED(x) (void)(x)

static void assert_redacted(const struct redactor *redactor, struct slice text, const char *expected) {
  struct buffer out = {0};
  redact_append(redactor, text, &out);
  buffer_append(&out, "", 1);
  assert_string_equal(out.data, expected);
  buffer_free(&out);
}

struct row {
  const char *text, *expected;
};

static void assert_rows(const struct redactor *redactor, const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) assert_redacted(redactor, slice_text(rows[i].text), rows[i].expected);
}

#define ROWS(redactor, ...)                                  \
  do {                                                       \
    static const struct row rows[] = {__VA_ARGS__};          \
    assert_rows(redactor, rows, sizeof rows / sizeof *rows); \
  } while (0)

static void keys_of_known_vendors_are_taken_out(void **state) {
  UNUSED(state);
  ROWS(NULL, {"key sk-ant-api03-abc_DEF-1 end", "key [REDACTED_ANTHROPIC_KEY] end"},
       {"sk-proj-abcdef", "[REDACTED_OPENAI_KEY]"}, {"x=sk-svcacct-a1b2c3,y", "x=[REDACTED_OPENAI_KEY],y"},
       {"sk-admin-a1b2c3", "[REDACTED_OPENAI_KEY]"}, {"\"sk-abcdefghij0123456789\"", "\"[REDACTED_OPENAI_KEY]\""},
       {"sk-or-v1-0123456789abcdef01234567", "[REDACTED_OPENROUTER_KEY]"}, {"sk-ws-abc123", "[REDACTED_QWEN_KEY]"},
       {"(pplx-abcdefghij0123456789)", "([REDACTED_PERPLEXITY_KEY])"},
       {"fgw_0123456789abcdef0123456789abcdef", "[REDACTED_GW_KEY]"},
       {"fgws_0123456789abcdef0123456789abcdef", "[REDACTED_GW_KEY]"},
       {"gw-0123456789abcdef0123456789abcdef", "[REDACTED_GW_KEY]"},
       {"gsk_abcdefghijklmnop0123", "[REDACTED_GROQ_KEY]"}, {"id AKIAIOSFODNN7EXAMPLE.", "id [REDACTED_AWS_KEY]."},
       {"AIzaSyA-1234567890abcdefghijklmnopqrstu", "[REDACTED_GOOGLE_KEY]"});
}

static void tokens_people_and_passwords_are_taken_out(void **state) {
  UNUSED(state);
  ROWS(NULL, {"Authorization: Bearer abc.def~x==", "Authorization: Bearer [REDACTED_BEARER_TOKEN]"},
       {"bearer   x", "bearer   [REDACTED_BEARER_TOKEN]"},
       {"\"Bearer p@ss!w:rd\"", "\"Bearer [REDACTED_BEARER_TOKEN]\""},
       {"t eyJhbGciOi.eyJzdWIiOi.SflKxwRJ_s-4 u", "t [REDACTED_JWT] u"},
       {"ask jane.doe+x@mail.example.com, or", "ask [REDACTED_EMAIL], or"}, {"mail a@b.co.", "mail [REDACTED_EMAIL]."},
       {"postgres://user:p@ss/w@db:5432/x", "postgres://user:[REDACTED]@ss/w@db:5432/x"},
       {"postgres://user:p@ss@db:5432/x", "postgres://user:[REDACTED]@db:5432/x"},
       {"https://token@host/", "https://[REDACTED]@host/"},
       {"/v1/x?a=1&api_key=abc&b=2", "/v1/x?a=1&api_key=[REDACTED]&b=2"}, {"?KEY=abc#frag", "?KEY=[REDACTED]#frag"},
       {"{\"api_key\": \"abcdefghijklmnopqrstuvwx\"}", "{\"api_key\": \"[REDACTED_CREDENTIAL]\"}"},
       {"client_secret=0123456789abcdef01234567", "client_secret=[REDACTED_CREDENTIAL]"},
       {"a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz=\n-----END RSA PRIVATE KEY----- b", "a [REDACTED_PRIVATE_KEY] b"},
       {"-----BEGIN PRIVATE KEY-----\ncut off", "[REDACTED_PRIVATE_KEY]"});
}

/* Each one byte short of a rule, or a near miss in shape. */
static void ordinary_values_stay_as_they_are(void **state) {
  UNUSED(state);
  static const char *const texts[] = {"gpt-4o-mini-2024-07-18",
                                      "claude-sk-like-model",
                                      "llama-3.1-sonar-small-128k-online",
                                      "pplx-7b-online",
                                      "sk-abcdefghij012345678",
                                      "task-abcdefghij0123456789abcd",
                                      "disk-abcdefghij0123456789abcd",
                                      "fgw_0123456789abcdef0123456789abcde",
                                      "AKIAIOSFODNN7EXAMPL",
                                      "AIzaSyA-1234567890abcdefghijklmnopqrst",
                                      "eyJhbGciOi.eyJzdWIiOi",
                                      "master-key:0123456789abcdef",
                                      "127.0.0.1:51234",
                                      "[::1]:8080",
                                      "https://api.openai.com/v1/chat",
                                      "http://host:8080/path@x",
                                      "bearer",
                                      "forbearer x",
                                      "@handle",
                                      "a@b",
                                      "user@localhost",
                                      "max_tokens: 123456789012345678901234",
                                      "api_key: abcdefghijklmnopqrstuvw",
                                      "?monkey=1&model=gpt-4",
                                      "-----BEGIN CERTIFICATE-----",
                                      "0123456789abcdef0123456789abcdef",
                                      "zZ KK JJ __ -- == :: @@",
                                      ""};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_redacted(NULL, slice_text(texts[i]), texts[i]);
}

static void secrets_side_by_side_are_all_taken_out(void **state) {
  UNUSED(state);
  ROWS(NULL, {"sk-proj-abc sk-ant-abc", "[REDACTED_OPENAI_KEY] [REDACTED_ANTHROPIC_KEY]"},
       {"a@b.co;c@d.eu", "[REDACTED_EMAIL];[REDACTED_EMAIL]"},
       {"https://u:p@h?token=t&sig=s", "https://u:[REDACTED]@h?token=[REDACTED]&sig=[REDACTED]"});
}

static struct redactor *told(void) {
  struct redactor *redactor = redactor_open();
  assert_non_null(redactor);
  redactor_hide(redactor, SLICE_LITERAL("MASTER_KEY"), SLICE_LITERAL("correct horse"));
  redactor_hide(redactor, SLICE_LITERAL("LONG"), SLICE_LITERAL("correct horse battery"));
  redactor_hide(redactor, SLICE_LITERAL(""), SLICE_LITERAL("nameless-value"));
  redactor_hide(redactor, SLICE_LITERAL("ODD"), SLICE_LITERAL("glued!onto/word"));
  return redactor;
}

static void told_values_are_taken_out_by_name(void **state) {
  UNUSED(state);
  struct redactor *redactor = told();
  ROWS(redactor, {"correct horse", "[REDACTED:MASTER_KEY]"}, {"xcorrect horsex", "x[REDACTED:MASTER_KEY]x"},
       {"correct horse battery staple", "[REDACTED:LONG] staple"}, {"a nameless-value b", "a [REDACTED_SECRET] b"},
       {"correct hors", "correct hors"}, {"Correct horse", "Correct horse"});
  redactor_close(redactor);
}

static void the_tail_of_a_told_value_behind_a_shape_goes_too(void **state) {
  UNUSED(state);
  struct redactor *redactor = told();
  ROWS(redactor, {"api_key=abcdefghijklmnopqrstuvwxglued!onto/word", "api_key=[REDACTED_CREDENTIAL]"},
       {"sk-proj-glued!onto/word.", "[REDACTED_OPENAI_KEY]."});
  redactor_close(redactor);
}

static void values_of_12_bytes_are_taken_and_shorter_ones_not(void **state) {
  UNUSED(state);
  struct redactor *redactor = redactor_open();
  redactor_hide(redactor, SLICE_LITERAL("A"), SLICE_LITERAL("elevenbytes"));
  redactor_hide(redactor, SLICE_LITERAL("B"), SLICE_LITERAL("twelve.bytes"));
  ROWS(redactor, {"elevenbytes", "elevenbytes"}, {"twelve.bytes", "[REDACTED:B]"});
  redactor_close(redactor);
}

/* The search looks at every ninth place only: no distance from the start may hide a value from it. */
static void a_told_value_is_found_at_every_offset(void **state) {
  UNUSED(state);
  struct redactor *redactor = redactor_open();
  redactor_hide(redactor, SLICE_LITERAL("K"), SLICE_LITERAL("aXbXcXdXeXfX"));
  for (size_t before = 0; before < 40; before++) {
    for (size_t after = 0; after < 12; after++) {
      char text[80], expected[80];
      memset(text, '.', sizeof text);
      memcpy(text + before, "aXbXcXdXeXfX", 12);
      snprintf(expected, sizeof expected, "%.*s[REDACTED:K]%.*s", (int)before,
               "........................................", (int)after, "............");
      assert_redacted(redactor, slice_make(text, before + 12 + after), expected);
      struct slice whole = slice_make(text, before + 12 + after);
      assert_true(redact_suspects(redactor, whole, whole.len, 0));
    }
  }
  redactor_close(redactor);
}

static void hundreds_of_values_with_one_beginning_are_told_apart(void **state) {
  UNUSED(state);
  struct redactor *redactor = redactor_open();
  char value[32], name[16], expected[48];
  for (int i = 0; i < 300; i++) {
    snprintf(value, sizeof value, "common-start-%03d", i);
    snprintf(name, sizeof name, "N%d", i);
    redactor_hide(redactor, slice_text(name), slice_text(value));
  }
  for (int i = 0; i < 300; i++) {
    snprintf(value, sizeof value, "common-start-%03d", i);
    snprintf(expected, sizeof expected, "[REDACTED:N%d]", i);
    assert_redacted(redactor, slice_text(value), expected);
  }
  assert_redacted(redactor, SLICE_LITERAL("common-start-300"), "common-start-300");
  redactor_close(redactor);
}

static void the_environment_is_hidden_by_the_words_of_its_names(void **state) {
  UNUSED(state);
  static const char *const environment[] = {"OPENAI_API_KEY=value-of-openai",
                                            "my_token=value-of-token",
                                            "AWS_SECRET_ACCESS_KEY=value-of-secret",
                                            "KEYBOARD=value-of-keyboard",
                                            "MONKEY=value-of-monkey",
                                            "X_KEY=too-short",
                                            "Y_KEY=with a space in it",
                                            "STORE_DSN=postgres://moon:dsn-password@db.example/x",
                                            "FILE_KEY_DSN=/var/lib/moongate.db",
                                            "BROKEN",
                                            NULL};
  struct redactor *redactor = redactor_open();
  redactor_hide_environment(redactor, environment);
  ROWS(redactor, {"value-of-openai", "[REDACTED:OPENAI_API_KEY]"}, {"value-of-token", "[REDACTED:my_token]"},
       {"value-of-secret", "[REDACTED:AWS_SECRET_ACCESS_KEY]"}, {"value-of-keyboard", "value-of-keyboard"},
       {"value-of-monkey", "value-of-monkey"}, {"too-short", "too-short"}, {"with a space in it", "with a space in it"},
       {"is dsn-password!", "is [REDACTED:STORE_DSN]!"}, {"/var/lib/moongate.db", "/var/lib/moongate.db"});
  redactor_close(redactor);
}

static bool walk_once(const struct redactor *redactor, struct slice text, size_t limit, struct redact_match *match) {
  struct redact_walk walk;
  redact_walk_start(&walk, redactor, text, limit);
  return redact_walk_next(&walk, match);
}

/* A match may begin before the limit and end behind it; one that begins at it is not looked for. */
static void the_limit_decides_where_matches_begin(void **state) {
  UNUSED(state);
  struct redactor *redactor = told();
  struct redact_match match;
  struct slice value = SLICE_LITERAL("....correct horse"), shape = SLICE_LITERAL("....,a@b.co");
  assert_false(walk_once(redactor, value, 4, &match));
  assert_true(walk_once(redactor, value, 5, &match));
  assert_int_equal(match.at, 4);
  assert_int_equal(match.len, 13);
  assert_false(walk_once(redactor, shape, 5, &match));
  assert_true(walk_once(redactor, shape, 6, &match));
  assert_int_equal(match.at, 5);
  assert_int_equal(match.len, 6);
  redactor_close(redactor);
}

/* 1 MiB of each pattern that could make a careless search quadratic: far below a second together. */
static void hostile_texts_cost_linear_time(void **state) {
  UNUSED(state);
  enum { SIZE = 1 << 20 };
  static const char *const patterns[] = {"@",     "a@", "-",     "eyJ",    "eyJa.",       "sk-",           "://",
                                         "://a:", "=",  "key=",  "'''",    "token:",      "bearer ",       "K",
                                         "a.",    "_",  "AAKIA", "?key=&", "-----BEGIN ", "correct horse", "corr"};
  struct redactor *redactor = told();
  char *text = malloc(SIZE);
  clock_t start = clock();
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    size_t len = strlen(patterns[i]);
    for (size_t at = 0; at < SIZE; at++) text[at] = patterns[i][at % len];
    struct buffer out = {0};
    redact_append(redactor, slice_make(text, SIZE), &out);
    buffer_free(&out);
  }
  assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 10);
  free(text);
  redactor_close(redactor);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_of_known_vendors_are_taken_out),
      cmocka_unit_test(tokens_people_and_passwords_are_taken_out),
      cmocka_unit_test(ordinary_values_stay_as_they_are),
      cmocka_unit_test(secrets_side_by_side_are_all_taken_out),
      cmocka_unit_test(told_values_are_taken_out_by_name),
      cmocka_unit_test(the_tail_of_a_told_value_behind_a_shape_goes_too),
      cmocka_unit_test(values_of_12_bytes_are_taken_and_shorter_ones_not),
      cmocka_unit_test(a_told_value_is_found_at_every_offset),
      cmocka_unit_test(hundreds_of_values_with_one_beginning_are_told_apart),
      cmocka_unit_test(the_environment_is_hidden_by_the_words_of_its_names),
      cmocka_unit_test(the_limit_decides_where_matches_begin),
      cmocka_unit_test(hostile_texts_cost_linear_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
