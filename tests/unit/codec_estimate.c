// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "base/buffer.h"
#include "codec/estimate.h"

static void a_text_is_counted_by_its_letters(void **state) {
  (void)state;
  assert_int_equal(estimate_text(SLICE_LITERAL("")), 0);
  assert_int_equal(estimate_text(SLICE_LITERAL("a")), 1);
  assert_int_equal(estimate_text(SLICE_LITERAL("Hello World!")), 3);
  assert_int_equal(estimate_text(SLICE_LITERAL("你好世界")), 4);
  assert_int_equal(estimate_text(SLICE_LITERAL("안녕하세요")), 5);
  assert_int_equal(estimate_text(SLICE_LITERAL("привет")), 3);
  assert_int_equal(estimate_text(SLICE_LITERAL("😀😀")), 4);
  assert_int_equal(estimate_text(SLICE_LITERAL("你好 abcd世界")), 6);
  assert_int_equal(estimate_text(SLICE_LITERAL("\x80\x80\xff")), 2);
}

static void a_document_is_counted_by_what_is_said_in_it(void **state) {
  (void)state;
  assert_int_equal(estimate_json(SLICE_LITERAL("{\"model\":\"a-long-name-of-a-model\",\"messages\":[{\"role\":\"user\","
                                               "\"content\":\"12345678\"},{\"role\":\"user\",\"content\":[{\"type\":"
                                               "\"text\",\"text\":\"1234\"}]}],\"temperature\":1}")),
                   3);
  assert_int_equal(estimate_json(SLICE_LITERAL("{\"input\":[\"1234\",\"1234\",[\"1234\"]],\"user\":\"12345678\"}")), 3);
  assert_int_equal(estimate_json(SLICE_LITERAL("{\"choices\":[{\"message\":{\"content\":\"12345678\",\"tool_calls\":[{"
                                               "\"id\":\"call_123\",\"function\":{\"name\":\"f\",\"arguments\":"
                                               "\"1234\"}}]}}]}")),
                   3);
  assert_int_equal(estimate_json(SLICE_LITERAL("[]")), 0);
  assert_int_equal(estimate_json(SLICE_LITERAL("{\"content\":{\"other\":\"1234\"},\"text\":\"1234\"}")), 1);
}

static void what_is_encoded_is_no_text(void **state) {
  (void)state;
  struct buffer text = {0};
  buffer_append_slice(&text, SLICE_LITERAL("{\"content\":\"data:image/png;base64,"));
  for (int i = 0; i < 1000; i++) buffer_append(&text, "abcd", 4);
  buffer_append_slice(&text, SLICE_LITERAL("\",\"text\":\"1234\"}"));
  assert_int_equal(estimate_json(buffer_slice(&text)), 1);
  buffer_free(&text);
}

static void a_stream_is_counted_by_its_events_or_what_is_in_them(void **state) {
  (void)state;
  struct estimate_flow flow = {0};
  assert_int_equal(estimate_flow_tokens(&flow), 0);
  for (int i = 0; i < 12; i++) estimate_flow_add(&flow, 200);
  assert_int_equal(estimate_flow_tokens(&flow), 10);
  estimate_flow_add(&flow, sizeof "[DONE]");
  assert_int_equal(estimate_flow_tokens(&flow), 10);
  estimate_flow_add(&flow, 200 + 4000 + 13 * 12);
  assert_int_equal(estimate_flow_tokens(&flow), 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_text_is_counted_by_its_letters),
      cmocka_unit_test(a_document_is_counted_by_what_is_said_in_it),
      cmocka_unit_test(what_is_encoded_is_no_text),
      cmocka_unit_test(a_stream_is_counted_by_its_events_or_what_is_in_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
