// SPDX-License-Identifier: Apache-2.0
#include "match/recipe.h"

enum { HEAD_SIZE = 2 };

void match_recipe_init(struct match_recipe *recipe, enum match_kind kind, unsigned flags) {
  char head[HEAD_SIZE] = {(char)kind, (char)flags};
  *recipe = (struct match_recipe){0};
  buffer_append(&recipe->bytes, head, sizeof head);
}

void match_recipe_free(struct match_recipe *recipe) {
  buffer_free(&recipe->bytes);
  recipe->count = 0;
}

enum match_kind match_recipe_kind(const struct match_recipe *recipe) {
  return recipe->bytes.data[0] == MATCH_LITERALS ? MATCH_LITERALS : MATCH_PATTERNS;
}

unsigned match_recipe_flags(const struct match_recipe *recipe) {
  return (unsigned char)recipe->bytes.data[1];
}

static int refuse(const struct match_recipe *recipe, const char *why, struct error *error) {
  const char *what = match_recipe_kind(recipe) == MATCH_LITERALS ? "word" : "pattern";
  return error_set(error, 500, "match_refused", "%s %u: %s", what, recipe->count + 1, why);
}

int match_recipe_add(struct match_recipe *recipe, struct slice text, struct error *error) {
  bool literal = match_recipe_kind(recipe) == MATCH_LITERALS;
  unsigned most = literal ? MATCH_LITERALS_MAX : MATCH_PATTERNS_MAX;
  if (recipe->count == most) return refuse(recipe, "too many in one set", error);
  if (text.len == 0) return refuse(recipe, "is empty", error);
  if (text.len > MATCH_TEXT_MAX) return refuse(recipe, "is longer than 4096 bytes", error);
  if (recipe->bytes.len + text.len > MATCH_TOTAL_MAX) return refuse(recipe, "the set is larger than 512 KiB", error);
  if (literal && text.ptr[0] == '\0') return refuse(recipe, "begins with a NUL byte", error);
  if (!literal && memchr(text.ptr, '\0', text.len)) return refuse(recipe, "has a NUL byte (write \\x00)", error);
  uint32_t len = (uint32_t)text.len;
  buffer_append(&recipe->bytes, &len, sizeof len);
  buffer_append_slice(&recipe->bytes, text);
  buffer_append(&recipe->bytes, "", 1);
  recipe->count++;
  return 0;
}

bool match_recipe_next(const struct match_recipe *recipe, size_t *at, struct slice *text) {
  size_t place = *at ? *at : HEAD_SIZE;
  uint32_t len;
  if (place >= recipe->bytes.len) return false;
  memcpy(&len, recipe->bytes.data + place, sizeof len);
  *text = slice_make(recipe->bytes.data + place + sizeof len, len);
  *at = place + sizeof len + len + 1;
  return true;
}
