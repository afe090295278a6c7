// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

#include "codec/content.h"

/* Each row is one event; it is given as a private copy of exactly its bytes, so that a sanitizer sees every read beyond
 * them. */
struct row {
  const char *name, *data;
};

enum api { CHAT, MESSAGES, RESPONSES, GEMINI };

static bool silent(enum api api, struct slice name, struct slice data) {
  switch (api) {
    case CHAT:
      return content_chat_silent(data);
    case MESSAGES:
      return content_messages_silent(name, data);
    case RESPONSES:
      return content_responses_silent(name, data);
    case GEMINI:
      break;
  }
  return content_gemini_silent(data);
}

static void assert_rows(enum api api, bool expected, const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t len = strlen(rows[i].data);
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, rows[i].data, len);
    bool found = silent(api, slice_text(rows[i].name), slice_make(copy, len));
    if (found != expected) print_error("%s %s\n", rows[i].name, rows[i].data);
    assert_int_equal(found, expected);
    free(copy);
  }
}

#define ROWS(api, expected, ...)                                  \
  do {                                                            \
    const struct row rows[] = {__VA_ARGS__};                      \
    assert_rows(api, expected, rows, sizeof rows / sizeof *rows); \
  } while (0)

static void what_only_opens_a_chat_is_silent(void **state) {
  (void)state;
  ROWS(CHAT, true, {"", "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"},
       {"",
        "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]},"
        "\"finish_reason\":null,\"logprobs\":null,\"content_filter_results\":{}}],\"usage\":null}"},
       {"", "{\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}"},
       {"", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"\"}],\"error\":null,\"x_groq\":{\"id\":\"r\"}}"},
       {"", " {\"choices\": [ {\"text\":\"\",\"index\":0} ] , \"obfuscation\":\"abc\"}"},
       {"", "{\"choices\":[],\"usage\":{\"prompt_tokens\":9}}"});
}

static void what_a_chat_says_or_ends_with_is_not(void **state) {
  (void)state;
  ROWS(CHAT, false, {"", "{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}"},
       {"", "{\"choices\":[{\"delta\":{\"content\":\"\"}},{\"index\":1,\"delta\":{\"content\":\" \"}}]}"},
       {"", "{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}"},
       {"", "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\"}]}}]}"},
       {"", "{\"choices\":[{\"delta\":{\"something_new\":1}}]}"}, {"", "{\"choices\":[{\"text\":\"a\"}]}"},
       {"", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"},
       {"", "{\"choices\":[{\"message\":{\"content\":\"whole\"}}]}"},
       {"", "{\"choices\":[],\"error\":{\"message\":\"no\"}}"}, {"", "{\"choices\":[],\"error\":\"no\"}"},
       {"", "{\"choices\":[],\"x_groq\":{\"error\":\"no\"}}"},
       {"", "{\"choices\":[{\"delta\":{},\"error\":{\"code\":5}}]}"});
}

static void what_cannot_be_read_is_not(void **state) {
  (void)state;
  static const char *const odd[] = {"",
                                    "[DONE]",
                                    "{",
                                    "[]",
                                    "null",
                                    "{\"choices\":[}",
                                    "{\"choices\":null}",
                                    "{\"choices\":{}}",
                                    "{\"choices\":[5]}",
                                    "{}",
                                    "\"x\"",
                                    "{\"error\":{}}"};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    for (int api = CHAT; api <= GEMINI; api++) {
      struct row row = {"", odd[i]};
      assert_rows((enum api)api, false, &row, 1);
    }
  }
}

static void a_chat_may_come_in_any_piece(void **state) {
  (void)state;
  static const char whole[] = "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}";
  for (size_t len = 0; len < sizeof whole - 1; len++) {
    char part[sizeof whole];
    snprintf(part, sizeof part, "%.*s", (int)len, whole);
    struct row row = {"", part};
    assert_rows(CHAT, false, &row, 1); /* half an event is no event */
  }
}

static void what_only_opens_a_message_is_silent(void **state) {
  (void)state;
  ROWS(MESSAGES, true, {"message_start", "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[]}}"},
       {"", "{\"type\":\"ping\"}"}, {"ping", "{}"},
       {"content_block_start", "{\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\",\"citations\":null}}"},
       {"", "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}"},
       {"content_block_delta", "{\"delta\":{\"type\":\"text_delta\",\"text\":\"\"}}"},
       {"content_block_stop", "{\"index\":0}"});
  ROWS(MESSAGES, false, {"content_block_delta", "{\"delta\":{\"type\":\"text_delta\",\"text\":\"H\"}}"},
       {"content_block_delta", "{\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}"},
       {"content_block_start", "{\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}"},
       {"content_block_start", "{\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"x\"}}"},
       {"content_block_start", "{}"}, {"message_delta", "{\"delta\":{\"stop_reason\":\"end_turn\"}}"},
       {"message_stop", "{}"}, {"error", "{\"error\":{}}"}, {"something_new", "{}"});
}

static void what_only_opens_a_response_is_silent(void **state) {
  (void)state;
  ROWS(RESPONSES, true, {"response.created", "{\"response\":{\"id\":\"r\"}}"}, {"", "{\"type\":\"response.queued\"}"},
       {"response.in_progress", "{}"}, {"response.output_item.added", "{\"item\":{\"type\":\"reasoning\"}}"},
       {"response.content_part.added", "{}"}, {"response.reasoning_summary_part.added", "{}"},
       {"", "{\"type\":\"keepalive\",\"sequence_number\":3}"}, {"response.output_text.delta", "{\"delta\":\"\"}"});
  ROWS(RESPONSES, false, {"response.output_text.delta", "{\"delta\":\"H\"}"}, {"response.output_text.delta", "{}"},
       {"response.web_search_call.searching", "{}"}, {"response.completed", "{\"response\":{}}"},
       {"response.failed", "{}"}, {"response.incomplete", "{}"}, {"error", "{\"message\":\"no\"}"},
       {"", "{\"error\":{\"message\":\"no\"}}"});
}

static void what_only_opens_an_answer_of_google_is_silent(void **state) {
  (void)state;
  ROWS(GEMINI, true, {"", "{\"usageMetadata\":{\"promptTokenCount\":9}}"}, {"", "{\"candidates\":[]}"},
       {"", "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]},\"index\":0}]}"},
       {"", "{\"candidates\":[{\"content\":{\"role\":\"model\"},\"safetyRatings\":[{\"category\":\"x\"}]}]}"},
       {"", "{\"candidates\":[{\"content\":{\"parts\":[{\"thought\":true,\"text\":\"\"}]}}],\"modelVersion\":\"g\"}"},
       {"", "{\"promptFeedback\":{\"safetyRatings\":[{}]}}"});
  ROWS(GEMINI, false, {"", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"H\"}]}}]}"},
       {"", "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"},{\"functionCall\":{\"name\":\"f\"}}]}}]}"},
       {"", "{\"candidates\":[{\"finishReason\":\"STOP\"}]}"},
       {"", "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}"}, {"", "{\"candidates\":[],\"error\":{\"code\":503}}"},
       {"", "{\"error\":{\"code\":503}}"},
       {"", "{\"candidates\":[{\"content\":{\"parts\":[{\"thoughtSignature\":\"x\"}]}}]}"});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_only_opens_a_chat_is_silent),
      cmocka_unit_test(what_a_chat_says_or_ends_with_is_not),
      cmocka_unit_test(what_cannot_be_read_is_not),
      cmocka_unit_test(a_chat_may_come_in_any_piece),
      cmocka_unit_test(what_only_opens_a_message_is_silent),
      cmocka_unit_test(what_only_opens_a_response_is_silent),
      cmocka_unit_test(what_only_opens_an_answer_of_google_is_silent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
