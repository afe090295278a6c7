// SPDX-License-Identifier: Apache-2.0
#include "match/code.h"

#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

static void *array_new(size_t count, size_t size) {
  void *array = calloc(count + 1, size);
  REQUIRE(array != NULL);
  return array;
}

/* ---- words: what the library is given are arrays, one entry for each ---- */

struct expressions {
  const char **texts;
  size_t *lengths;
  unsigned *flags, *ids;
};

static unsigned flags_of(const struct match_recipe *recipe, bool stream) {
  unsigned flags = match_recipe_flags(recipe) & MATCH_CASELESS ? HS_FLAG_CASELESS : 0;
  return stream ? flags | HS_FLAG_SINGLEMATCH : flags;
}

static void expressions_make(const struct match_recipe *recipe, bool stream, struct expressions *out) {
  out->texts = array_new(recipe->count, sizeof *out->texts);
  out->lengths = array_new(recipe->count, sizeof *out->lengths);
  out->flags = array_new(recipe->count, sizeof *out->flags);
  out->ids = array_new(recipe->count, sizeof *out->ids);
  size_t at = 0;
  struct slice text;
  for (unsigned i = 0; match_recipe_next(recipe, &at, &text); i++) {
    out->texts[i] = text.ptr;
    out->lengths[i] = text.len;
    out->flags[i] = flags_of(recipe, stream);
    out->ids[i] = i;
  }
}

static void expressions_free(struct expressions *expressions) {
  free(expressions->texts);
  free(expressions->lengths);
  free(expressions->flags);
  free(expressions->ids);
}

static int refused(hs_compile_error_t *why, struct error *error) {
  const char *message = why && why->message ? why->message : "cannot be compiled";
  if (why && why->expression >= 0) {
    error_set(error, 500, "match_refused", "word %d: %s", why->expression + 1, message);
  } else {
    error_set(error, 500, "match_refused", "the words as a whole: %s", message);
  }
  if (why) hs_free_compile_error(why);
  return -1;
}

static int database_make(const struct match_recipe *recipe, bool stream, hs_database_t **database,
                         struct error *error) {
  struct expressions from;
  hs_compile_error_t *why = NULL;
  expressions_make(recipe, stream, &from);
  hs_error_t status = hs_compile_lit_multi(from.texts, from.flags, from.ids, from.lengths, recipe->count,
                                           stream ? HS_MODE_STREAM : HS_MODE_BLOCK, NULL, database, &why);
  expressions_free(&from);
  return status == HS_SUCCESS ? 0 : refused(why, error);
}

static void lengths_make(const struct match_recipe *recipe, struct match_code *code) {
  code->lengths = array_new(recipe->count, sizeof *code->lengths);
  size_t at = 0;
  struct slice text;
  for (unsigned i = 0; match_recipe_next(recipe, &at, &text); i++) {
    code->lengths[i] = (uint32_t)text.len;
    if (text.len > code->reach) code->reach = text.len;
  }
}

/* ---- either ---- */

static int patterns_make(const struct match_recipe *recipe, struct match_code *code, struct error *error) {
  if (regex_compile(recipe, &code->program, error) < 0) return -1;
  code->reach = code->program.reach == REGEX_MANY ? SIZE_MAX : code->program.reach;
  return 0;
}

static int words_make(const struct match_recipe *recipe, bool stream, struct match_code *code, struct error *error) {
  lengths_make(recipe, code);
  return database_make(recipe, stream, &code->database, error);
}

struct match_code *match_code_compile(const struct match_recipe *recipe, bool stream, struct error *error) {
  if (recipe->count == 0) {
    error_set(error, 500, "match_refused", "a set needs at least one word or pattern");
    return NULL;
  }
  struct match_code *code = array_new(1, sizeof *code);
  bool words = match_recipe_kind(recipe) == MATCH_LITERALS;
  int status = words ? words_make(recipe, stream, code, error) : patterns_make(recipe, code, error);
  if (status == 0) return code;
  match_code_close(code);
  return NULL;
}

void match_code_close(struct match_code *code) {
  if (!code) return;
  hs_free_database(code->database);
  regex_program_free(&code->program);
  free(code->lengths);
  free(code);
}
