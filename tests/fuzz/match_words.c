// SPDX-License-Identifier: Apache-2.0
/* Words are found where they are, and nowhere else; what is decided of a part of the text stays so. */
#include "base/check.h"
#include "match/code.h"
#include "match/recipe.h"
#include "match/set.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool same(char a, char b, bool folding) {
  bool letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
  return a == b || (folding && letters && (a ^ b) == 0x20);
}

static bool word_at(struct slice word, struct slice text, size_t at, bool folding) {
  if (word.len > text.len - at) return false;
  for (size_t i = 0; i < word.len; i++) {
    if (!same(word.ptr[i], text.ptr[at + i], folding)) return false;
  }
  return true;
}

/* The leftmost, longest word from a place on. */
static bool plain_find(const struct match_recipe *recipe, struct slice text, size_t from, struct match_found *out) {
  bool folding = match_recipe_flags(recipe) & MATCH_CASELESS, any = false;
  for (size_t at = from; at < text.len && !any; at++) {
    size_t place = 0;
    struct slice word;
    for (unsigned i = 0; match_recipe_next(recipe, &place, &word); i++) {
      if (!word_at(word, text, at, folding) || (any && at + word.len <= out->to)) continue;
      *out = (struct match_found){at, at + word.len, i};
      any = true;
    }
  }
  return any;
}

static void check_all(const struct match_set *set, const struct match_recipe *recipe, struct slice text) {
  const struct match_found *founds;
  struct match_found found;
  struct error error;
  size_t count, from = 0;
  REQUIRE(match_set_all(set, text, 0, &founds, &count, &error) == 0);
  for (size_t i = 0; i < count; i++) {
    REQUIRE(plain_find(recipe, text, from, &found));
    REQUIRE(found.from == founds[i].from && found.to == founds[i].to && found.index == founds[i].index);
    from = found.to;
  }
  REQUIRE(!plain_find(recipe, text, from, &found));
}

static void check_decided(const struct match_set *set, const struct match_recipe *recipe, struct slice text,
                          size_t cut) {
  const struct match_found *founds;
  struct match_found found;
  struct error error;
  size_t count, decided, from = 0;
  REQUIRE(match_set_decided(set, slice_make(text.ptr, cut), 0, &founds, &count, &decided, &error) == 0);
  for (size_t i = 0; i < count; i++) {
    REQUIRE(plain_find(recipe, text, from, &found));
    REQUIRE(found.from == founds[i].from && found.to == founds[i].to);
    from = found.to;
  }
  REQUIRE(decided >= from && decided <= cut);
  REQUIRE(!plain_find(recipe, text, from, &found) || found.from >= decided);
}

/* Words are cut at zero bytes. */
static void words_add(struct match_recipe *recipe, struct slice bytes) {
  struct error error;
  while (bytes.len > 0 && recipe->count < 20) {
    const char *end = memchr(bytes.ptr, 0, bytes.len);
    size_t len = end ? (size_t)(end - bytes.ptr) : bytes.len;
    match_recipe_add(recipe, slice_make(bytes.ptr, len), &error);
    bytes = slice_from(bytes, len + 1);
  }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  if (size < 3 || size > 200) return 0;
  size_t text_len = data[1] < size - 2 ? data[1] : size - 2;
  struct slice all = {(const char *)data, size}, text = {all.ptr + 2, text_len};
  struct match_recipe recipe, copy;
  struct error error;
  match_recipe_init(&recipe, MATCH_LITERALS, data[0] & MATCH_CASELESS);
  words_add(&recipe, slice_from(all, 2 + text_len));
  match_recipe_init(&copy, MATCH_LITERALS, data[0] & MATCH_CASELESS);
  words_add(&copy, slice_from(all, 2 + text_len));
  struct match_code *code = match_code_compile(&copy, false, &error);
  if (code) {
    struct match_pool *pool = match_pool_open();
    struct match_set *set = match_pool_add(pool, &copy, code);
    check_all(set, &recipe, text);
    for (size_t cut = 0; cut <= text.len; cut += 5) check_decided(set, &recipe, text, cut);
    match_set_close(set);
    match_pool_close(pool);
  }
  match_recipe_free(&copy);
  match_recipe_free(&recipe);
  return 0;
}
