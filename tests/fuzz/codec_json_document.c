// SPDX-License-Identifier: Apache-2.0
/* Whatever is edited, in whatever order, also while it is walked: the document stays valid JSON, and places that are
 * followed lead to strings. */
#include <stdlib.h>

#include "base/check.h"
#include "codec/json_walk.h"

/* What is left of the input to choose with. */
struct choices {
  const unsigned char *next, *end;
};

static unsigned char choose(struct choices *choices) {
  return choices->next < choices->end ? *choices->next++ : 0;
}

static struct slice value_choose(struct choices *choices) {
  static const char *const values[] = {
      "\"x\"",         "1.0",     "null",           "{}",  "[]", "{\"a\":[1,{\"b\":\"c\"}]}",
      "[\"a\",\"b\"]", "\"\\n\"", "\"a long one\"", "true"};
  return slice_text(values[choose(choices) % (sizeof values / sizeof *values)]);
}

/* A path of a few steps that documents of the corpus have. */
static void path_choose(struct choices *choices, struct json_path *path) {
  static const char *const keys[] = {"a", "b", "messages", "content", "role", "odd \" key", ""};
  path->count = choose(choices) % 4;
  for (unsigned i = 0; i < path->count; i++) {
    unsigned char choice = choose(choices);
    path->steps[i] = choice & 1 ? (struct json_path_step){.position = (choice >> 1) % 5 - 2L}
                                : (struct json_path_step){.key = slice_text(keys[(choice >> 1) % 7]), .by_key = true};
  }
}

static bool is_expected(const char *reason) {
  static const char *const limits[] = {"too many values", "too many keys in one object", "key too long"};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    if (strcmp(reason, limits[i]) == 0) return true;
  }
  return false;
}

static void document_check(const struct json_document *document, const struct json_limits *limits) {
  struct buffer out = {0};
  struct json_fault fault;
  json_document_render(document, &out);
  REQUIRE(out.len == document->length);
  REQUIRE(json_validate(buffer_slice(&out), limits, &fault) == 0 || is_expected(fault.reason));
  buffer_free(&out);
}

/* A string that was found once. */
struct part {
  uint32_t version;
  size_t start, end;
};

static void part_use(struct json_document *document, struct part *part, struct choices *choices) {
  if (document->rearranged) json_document_settle(document);
  if (!json_document_follow(document, &part->version, &part->start, &part->end)) {
    *part = (struct part){0};
    return;
  }
  struct slice raw = json_document_value(document, part->start, part->end);
  if (!raw.ptr) return;
  REQUIRE(raw.len > 0);
  if (json_type_of(raw) != JSON_STRING) return;
  if (choose(choices) & 1) json_document_replace(document, part->start, part->end, SLICE_LITERAL("\"<replaced>\""));
}

static void edit_one(struct json_document *document, struct choices *choices) {
  struct json_path path;
  path_choose(choices, &path);
  struct buffer scratch = {0};
  switch (choose(choices) % 4) {
    case 0:
      json_document_remove(document, &path);
      break;
    case 1:
      json_document_raw(document, &path, &scratch);
      break;
    case 2:
      json_document_settle(document);
      break;
    default:
      json_document_set(document, &path, value_choose(choices));
  }
  buffer_free(&scratch);
}

static void walk_edit(struct json_document *document, const struct json_rules *rules, struct choices *choices,
                      const struct json_limits *limits) {
  struct json_walk walk;
  struct json_found found;
  struct part kept = {0};
  json_walk_start(&walk, document, rules, JSON_STRING);
  for (unsigned i = 0; i < 64 && json_walk_next(&walk, &found); i++) {
    size_t start = (size_t)(found.raw.ptr - document->text.ptr);
    REQUIRE(found.raw.ptr[0] == '"' && found.raw.ptr[found.raw.len - 1] == '"');
    struct part part = {document->version, start, start + found.raw.len};
    if (found.owner != SIZE_MAX) json_role_find(document->text, found.owner, SLICE_LITERAL("role"));
    struct buffer path = {0};
    json_path_write(&path, document->text, start);
    buffer_free(&path);
    part_use(document, &part, choices);
    if (kept.end > 0) part_use(document, &kept, choices);
    if (choose(choices) & 1) kept = part;
    if (choices->next < choices->end) edit_one(document, choices);
    document_check(document, limits);
  }
}

static struct json_rules *rules_make(void) {
  static const struct {
    const char *path, *role;
  } list[] = {{"**", ""}, {"messages[].content", "messages[].role"}, {"a.*", "role"}, {"b[][]", ""}};
  struct json_rules *rules = json_rules_new();
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    struct json_rule rule = {.path = slice_text(list[i].path), .kind = SLICE_LITERAL("text")};
    REQUIRE(json_rules_add(rules, &rule, slice_text(list[i].role)) == NULL);
  }
  return rules;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Input: a byte (lenient or not), a document, maybe a byte 0xff and what to do with it. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size == 0) return 0;
  const struct json_limits *limits = data[0] & 1 ? &json_limits_lenient : &json_limits_default;
  const unsigned char *mark = memchr(data + 1, 0xff, size - 1);
  size_t len = mark ? (size_t)(mark - data) - 1 : size - 1;
  char *text = malloc(len + !len); /* ends where the document ends */
  REQUIRE(text != NULL);
  memcpy(text, data + 1, len);
  struct json_fault fault;
  if (json_validate(slice_make(text, len), limits, &fault) == 0) {
    struct choices choices = {mark ? mark + 1 : data + size, data + size};
    struct json_rules *rules = rules_make();
    struct json_document document;
    json_document_start(&document, slice_make(text, len));
    walk_edit(&document, rules, &choices, limits);
    walk_edit(&document, rules, &choices, limits);
    json_document_free(&document);
    json_rules_free(rules);
  }
  free(text);
  return 0;
}
