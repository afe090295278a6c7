// SPDX-License-Identifier: Apache-2.0
#include "match/code.h"

#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

/* ---- what the library is given: arrays, one entry for each text ---- */

struct expressions {
  const char **texts;
  size_t *lengths;
  unsigned *flags, *ids;
};

static void *array_new(unsigned count, size_t size) {
  void *array = calloc(count + 1, size);
  REQUIRE(array != NULL);
  return array;
}

static unsigned flags_of(const struct match_recipe *recipe, bool stream) {
  unsigned wanted = match_recipe_flags(recipe), flags = 0;
  if (wanted & MATCH_CASELESS) flags |= HS_FLAG_CASELESS;
  if (wanted & MATCH_MULTILINE) flags |= HS_FLAG_MULTILINE;
  if (wanted & MATCH_DOTALL) flags |= HS_FLAG_DOTALL;
  if (stream) return flags | HS_FLAG_SINGLEMATCH;
  return match_recipe_kind(recipe) == MATCH_PATTERNS ? flags | HS_FLAG_SOM_LEFTMOST : flags;
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

/* ---- compiling ---- */

/* The library's words, without its hints at flags nobody can set here. */
static int refused(hs_compile_error_t *why, int position, struct error *error) {
  const char *message = why && why->message ? why->message : "cannot be compiled";
  if (strstr(message, "matches empty buffer")) message = "may match nothing at all";
  if (strstr(message, "too large")) message = "makes too large a machine: lower or drop its counted repeats";
  if (position >= 0) {
    error_set(error, 500, "match_refused", "pattern %d: %s", position + 1, message);
  } else {
    error_set(error, 500, "match_refused", "the set as a whole: %s", message);
  }
  if (why) hs_free_compile_error(why);
  return -1;
}

/* One pattern's widths. What cannot be compiled shows here, pattern by pattern. */
static int width_of(const struct expressions *from, unsigned i, struct match_width *width, struct error *error) {
  hs_compile_error_t *why = NULL;
  hs_expr_info_t *info = NULL;
  if (hs_expression_info(from->texts[i], from->flags[i], &info, &why) != HS_SUCCESS) {
    return refused(why, (int)i, error);
  }
  *width = (struct match_width){info->min_width, info->max_width};
  free(info);
  if (width->min > 0) return 0;
  return error_set(error, 500, "match_refused", "pattern %u: may match nothing at all", i + 1);
}

static int widths_make(const struct match_recipe *recipe, const struct expressions *from, struct match_code *code,
                       struct error *error) {
  for (unsigned i = 0; i < code->count; i++) {
    if (match_recipe_kind(recipe) == MATCH_LITERALS) {
      code->widths[i].min = code->widths[i].max = (uint32_t)from->lengths[i];
    } else if (width_of(from, i, &code->widths[i], error) < 0) {
      return -1;
    }
  }
  return 0;
}

static int database_make(const struct match_recipe *recipe, bool stream, const struct expressions *from,
                         struct match_code *code, struct error *error) {
  hs_compile_error_t *why = NULL;
  unsigned mode = stream ? HS_MODE_STREAM : HS_MODE_BLOCK;
  hs_error_t status =
      match_recipe_kind(recipe) == MATCH_LITERALS
          ? hs_compile_lit_multi(from->texts, from->flags, from->ids, from->lengths, code->count, mode, NULL,
                                 &code->database, &why)
          : hs_compile_multi(from->texts, from->flags, from->ids, code->count, mode, NULL, &code->database, &why);
  return status == HS_SUCCESS ? 0 : refused(why, why ? why->expression : -1, error);
}

static struct match_code *code_new(const struct match_recipe *recipe) {
  struct match_code *code = array_new(1, sizeof *code);
  code->count = recipe->count;
  code->widths = array_new(recipe->count, sizeof *code->widths);
  return code;
}

static void reach_measure(struct match_code *code) {
  for (unsigned i = 0; i < code->count; i++) {
    if (code->widths[i].max > code->reach) code->reach = code->widths[i].max;
  }
}

static int count_check(const struct match_recipe *recipe, struct error *error) {
  if (recipe->count > 0) return 0;
  return error_set(error, 500, "match_refused", "a set needs at least one word or pattern");
}

int match_code_check(const struct match_recipe *recipe, struct error *error) {
  if (count_check(recipe, error) < 0) return -1;
  struct match_code *code = code_new(recipe);
  struct expressions expressions;
  expressions_make(recipe, false, &expressions);
  int status = widths_make(recipe, &expressions, code, error);
  expressions_free(&expressions);
  match_code_close(code);
  return status;
}

struct match_code *match_code_compile(const struct match_recipe *recipe, bool stream, struct error *error) {
  if (count_check(recipe, error) < 0) return NULL;
  struct match_code *code = code_new(recipe);
  struct expressions expressions;
  expressions_make(recipe, stream, &expressions);
  int status = widths_make(recipe, &expressions, code, error);
  if (status == 0) status = database_make(recipe, stream, &expressions, code, error);
  expressions_free(&expressions);
  reach_measure(code);
  if (status == 0) return code;
  match_code_close(code);
  return NULL;
}

void match_code_close(struct match_code *code) {
  if (!code) return;
  hs_free_database(code->database);
  free(code->widths);
  free(code);
}

/* ---- as bytes ---- */

bool match_code_save(const struct match_code *code, struct buffer *out) {
  char *bytes = NULL;
  size_t len = 0;
  if (hs_serialize_database(code->database, &bytes, &len) != HS_SUCCESS) return false;
  buffer_append(out, &code->count, sizeof code->count);
  buffer_append(out, code->widths, code->count * sizeof *code->widths);
  buffer_append(out, bytes, len);
  free(bytes);
  return true;
}

struct match_code *match_code_restore(const struct match_recipe *recipe, struct slice bytes) {
  size_t widths = recipe->count * sizeof(struct match_width), head = sizeof recipe->count + widths;
  if (bytes.len <= head || memcmp(bytes.ptr, &recipe->count, sizeof recipe->count) != 0) return NULL;
  struct match_code *code = code_new(recipe);
  memcpy(code->widths, bytes.ptr + sizeof recipe->count, widths);
  reach_measure(code);
  if (hs_deserialize_database(bytes.ptr + head, bytes.len - head, &code->database) == HS_SUCCESS) return code;
  match_code_close(code);
  return NULL;
}
