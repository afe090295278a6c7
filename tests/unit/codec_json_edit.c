// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

/* One document under edit. */
struct fixture {
  struct arena arena;
  struct json_index index;
  struct json_edits edits;
};

static struct fixture open_document(const char *text) {
  struct fixture fixture = {0};
  struct json_fault fault;
  assert_int_equal(json_index_build(slice_text(text), &json_limits_default, &fixture.arena, &fixture.index, &fault), 0);
  return fixture;
}

static const struct json_member *member(struct fixture *fixture, const char *key) {
  const struct json_member *found = json_index_find(&fixture->index, slice_text(key));
  assert_non_null(found);
  return found;
}

static int replace(struct fixture *fixture, const char *key, const char *raw) {
  return json_edit_replace(&fixture->edits, fixture->index.text, member(fixture, key), slice_text(raw));
}

static int rename_key(struct fixture *fixture, const char *key, const char *to) {
  return json_edit_rename(&fixture->edits, fixture->index.text, member(fixture, key), slice_text(to));
}

static int remove_key(struct fixture *fixture, const char *key) {
  return json_edit_remove(&fixture->edits, &fixture->index, member(fixture, key));
}

static int append(struct fixture *fixture, const char *raw) {
  return json_edit_append(&fixture->edits, &fixture->index, slice_text(raw));
}

static struct buffer render(const struct fixture *fixture) {
  struct slice segments[JSON_SEGMENTS_MAX];
  unsigned count = json_edits_segments(&fixture->edits, fixture->index.text, segments);
  assert_true(count <= JSON_SEGMENTS_MAX);
  struct buffer out = {0};
  for (unsigned i = 0; i < count; i++) buffer_append_slice(&out, segments[i]);
  assert_int_equal(out.len, json_edits_length(&fixture->edits, fixture->index.text));
  struct json_fault fault;
  if (json_validate(buffer_slice(&out), &json_limits_default, &fault) != 0) {
    fail_msg("%.*s: %s", (int)out.len, out.data, fault.reason);
  }
  return out;
}

static void expect(struct fixture *fixture, const char *text) {
  struct buffer out = render(fixture);
  if (!slice_equal(buffer_slice(&out), slice_text(text))) fail_msg("%.*s, not %s", (int)out.len, out.data, text);
  buffer_free(&out);
  arena_free(&fixture->arena);
}

static void without_edits_the_text_is_itself(void **state) {
  (void)state;
  struct fixture fixture = open_document(" {\"a\" : 1.0 } ");
  struct slice segments[JSON_SEGMENTS_MAX];
  assert_int_equal(json_edits_segments(&fixture.edits, fixture.index.text, segments), 1);
  assert_ptr_equal(segments[0].ptr, fixture.index.text.ptr);
  expect(&fixture, " {\"a\" : 1.0 } ");
}

static void replacing_changes_the_value_alone(void **state) {
  (void)state;
  struct fixture fixture = open_document("{\"n\":9007199254740993, \"model\" : \"old\" ,\"x\":[1.0,0.10]}");
  assert_int_equal(replace(&fixture, "model", "\"new\""), 0);
  expect(&fixture, "{\"n\":9007199254740993, \"model\" : \"new\" ,\"x\":[1.0,0.10]}");
}

static void renaming_changes_the_key_alone(void **state) {
  (void)state;
  struct fixture fixture = open_document("{\"max_tok\\u0065ns\" : 5,\"b\":{}}");
  assert_int_equal(rename_key(&fixture, "max_tokens", "max_completion_tokens"), 0);
  assert_int_equal(rename_key(&fixture, "b", "c"), 0);
  assert_int_equal(replace(&fixture, "max_tokens", "6"), 0);
  expect(&fixture, "{\"max_completion_tokens\" : 6,\"c\":{}}");
}

static void a_name_that_needs_escapes_is_refused(void **state) {
  (void)state;
  struct fixture fixture = open_document("{\"a\":1}");
  assert_int_equal(rename_key(&fixture, "a", "x\"y"), -1);
  assert_int_equal(rename_key(&fixture, "a", "x\\y"), -1);
  assert_int_equal(rename_key(&fixture, "a", "x\ny"), -1);
  expect(&fixture, "{\"a\":1}");
}

/* Removes members in the order of `keys`; spaces around everything must not hurt. */
static void expect_removed(const char *text, const char *keys, const char *expected) {
  struct fixture fixture = open_document(text);
  for (; *keys; keys++) assert_int_equal(remove_key(&fixture, (char[]){*keys, 0}), 0);
  expect(&fixture, expected);
}

static void a_comma_goes_with_its_member(void **state) {
  (void)state;
  expect_removed("{\"a\":1}", "a", "{}");
  expect_removed("{\"a\":1,\"b\":2}", "a", "{\"b\":2}");
  expect_removed("{\"a\":1,\"b\":2}", "b", "{\"a\":1}");
  expect_removed("{ \"a\" : 1 , \"b\" : 2 , \"c\" : 3 }", "b", "{ \"a\" : 1 , \"c\" : 3 }");
  expect_removed("{ \"a\" : 1 , \"b\" : 2 , \"c\" : 3 }", "c", "{ \"a\" : 1 , \"b\" : 2 }");
  expect_removed("{ \"a\" : 1 , \"b\" : 2 , \"c\" : 3 }", "a", "{ \"b\" : 2 , \"c\" : 3 }");
}

static void members_may_be_removed_in_any_order(void **state) {
  (void)state;
  static const char *const orders[] = {"abc", "acb", "bac", "bca", "cab", "cba"};
  for (size_t i = 0; i < 6; i++) {
    expect_removed("{\"a\":1,\"b\":2,\"c\":3}", orders[i], "{}");
    expect_removed("{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", orders[i], "{\"d\":4}");
    expect_removed("{\"0\":0,\"a\":1,\"b\":2,\"c\":3}", orders[i], "{\"0\":0}");
    expect_removed("{\"0\":0,\"a\":1,\"b\":2,\"c\":3,\"d\":4}", orders[i], "{\"0\":0,\"d\":4}");
    expect_removed("{\"a\":1,\"x\":0,\"b\":2,\"y\":0,\"c\":3}", orders[i], "{\"x\":0,\"y\":0}");
  }
}

static void every_set_of_removals_is_right(void **state) {
  (void)state;
  for (unsigned set = 0; set < 64; set++) {
    struct fixture fixture = open_document("{\"0\":0 , \"1\":1 , \"2\":2 , \"3\":3 , \"4\":4 , \"5\":5 }");
    for (unsigned i = 0; i < 6; i++) {
      unsigned key = (i * 5 + 2) % 6; /* not from left to right */
      if (set >> key & 1) assert_int_equal(remove_key(&fixture, (char[]){(char)('0' + key), 0}), 0);
    }
    if (set & 32) assert_int_equal(append(&fixture, "\"new\":true"), 0);
    struct buffer out = render(&fixture);
    struct json_index after;
    struct json_fault fault;
    json_index_build(buffer_slice(&out), &json_limits_default, &fixture.arena, &after, &fault);
    assert_int_equal(after.count, (set & 32 ? 7 : 6) - (unsigned)__builtin_popcount(set));
    for (unsigned key = 0; key < 6; key++) {
      const struct json_member *left = json_index_find(&after, slice_make((char[]){(char)('0' + key)}, 1));
      assert_int_equal(left != NULL, !(set >> key & 1));
    }
    arena_free(&fixture.arena);
    buffer_free(&out);
  }
}

static void appending_puts_a_comma_where_one_is_due(void **state) {
  (void)state;
  struct fixture fixture = open_document("{\"a\":1}\n");
  assert_int_equal(append(&fixture, "\"b\":2"), 0);
  assert_int_equal(append(&fixture, "\"c\":3"), 0);
  expect(&fixture, "{\"a\":1,\"b\":2,\"c\":3}\n");
  fixture = open_document("{ }");
  assert_int_equal(append(&fixture, "\"b\":2"), 0);
  assert_int_equal(append(&fixture, "\"c\":3"), 0);
  expect(&fixture, "{ \"b\":2,\"c\":3}");
}

static void appending_to_what_removals_emptied_needs_no_comma(void **state) {
  (void)state;
  struct fixture before = open_document("{\"a\":1,\"z\":{\"}\":2}}");
  assert_int_equal(append(&before, "\"b\":2"), 0);
  assert_int_equal(append(&before, "\"c\":3"), 0);
  assert_int_equal(remove_key(&before, "z"), 0);
  assert_int_equal(remove_key(&before, "a"), 0);
  expect(&before, "{\"b\":2,\"c\":3}");
  struct fixture after = open_document("{\"a\":1,\"z\":2}");
  assert_int_equal(remove_key(&after, "a"), 0);
  assert_int_equal(remove_key(&after, "z"), 0);
  assert_int_equal(append(&after, "\"b\":2"), 0);
  assert_int_equal(append(&after, "\"c\":3"), 0);
  expect(&after, "{\"b\":2,\"c\":3}");
}

static void edits_that_overlap_are_refused_and_change_nothing(void **state) {
  (void)state;
  struct fixture fixture = open_document("{\"a\":1,\"b\":2,\"c\":3}");
  assert_int_equal(replace(&fixture, "a", "9"), 0);
  assert_int_equal(replace(&fixture, "a", "8"), -1);
  assert_int_equal(remove_key(&fixture, "a"), -1);
  assert_int_equal(remove_key(&fixture, "b"), 0);
  assert_int_equal(remove_key(&fixture, "b"), -1);
  assert_int_equal(replace(&fixture, "b", "8"), -1);
  assert_int_equal(rename_key(&fixture, "b", "x"), -1);
  assert_int_equal(rename_key(&fixture, "c", "x"), 0);
  assert_int_equal(remove_key(&fixture, "c"), -1);
  expect(&fixture, "{\"a\":9,\"x\":3}");
}

static struct fixture open_many(struct buffer *text, unsigned count) {
  for (unsigned i = 0; i < count; i++) buffer_append_format(text, "%s\"k%u\":%u", i ? "," : "{", i, i);
  buffer_append(text, "}", 2);
  return open_document(text->data);
}

static void sixteen_edits_are_the_most(void **state) {
  (void)state;
  struct buffer text = {0};
  struct fixture fixture = open_many(&text, 40);
  for (unsigned i = 0; i < JSON_EDITS_MAX; i++) {
    struct json_member *spread = &fixture.index.members[38 - 2 * i];
    assert_int_equal(json_edit_replace(&fixture.edits, fixture.index.text, spread, SLICE_LITERAL("null")), 0);
  }
  assert_int_equal(replace(&fixture, "k39", "0"), -1);
  assert_int_equal(remove_key(&fixture, "k39"), -1);
  assert_int_equal(append(&fixture, "\"x\":0"), -1);
  struct slice segments[JSON_SEGMENTS_MAX];
  assert_int_equal(json_edits_segments(&fixture.edits, fixture.index.text, segments), JSON_SEGMENTS_MAX);
  struct buffer out = render(&fixture);
  buffer_free(&out);
  buffer_free(&text);
  arena_free(&fixture.arena);
}

static void an_append_takes_two_edits(void **state) {
  (void)state;
  struct buffer text = {0};
  struct fixture fixture = open_many(&text, 40);
  for (unsigned i = 0; i < JSON_EDITS_MAX - 2; i++) {
    json_edit_replace(&fixture.edits, fixture.index.text, &fixture.index.members[i], SLICE_LITERAL("0"));
  }
  struct fixture fuller = fixture;
  assert_int_equal(append(&fixture, "\"x\":0"), 0);
  assert_int_equal(replace(&fuller, "k30", "0"), 0);
  assert_int_equal(append(&fuller, "\"x\":0"), -1);
  assert_int_equal(fuller.edits.count, JSON_EDITS_MAX - 1);
  buffer_free(&text);
  arena_free(&fixture.arena);
}

static void neighbours_removed_share_one_edit(void **state) {
  (void)state;
  struct buffer text = {0};
  struct fixture fixture = open_many(&text, 40);
  for (unsigned i = 5; i < 35; i++) {
    assert_int_equal(json_edit_remove(&fixture.edits, &fixture.index, &fixture.index.members[i]), 0);
  }
  assert_int_equal(fixture.edits.count, 1);
  struct buffer out = render(&fixture);
  buffer_free(&out);
  buffer_free(&text);
  arena_free(&fixture.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_edits_the_text_is_itself),
      cmocka_unit_test(replacing_changes_the_value_alone),
      cmocka_unit_test(renaming_changes_the_key_alone),
      cmocka_unit_test(a_name_that_needs_escapes_is_refused),
      cmocka_unit_test(a_comma_goes_with_its_member),
      cmocka_unit_test(members_may_be_removed_in_any_order),
      cmocka_unit_test(every_set_of_removals_is_right),
      cmocka_unit_test(appending_puts_a_comma_where_one_is_due),
      cmocka_unit_test(appending_to_what_removals_emptied_needs_no_comma),
      cmocka_unit_test(edits_that_overlap_are_refused_and_change_nothing),
      cmocka_unit_test(sixteen_edits_are_the_most),
      cmocka_unit_test(an_append_takes_two_edits),
      cmocka_unit_test(neighbours_removed_share_one_edit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
