// SPDX-License-Identifier: Apache-2.0
#include "catalog/rules.h"

#include <ctype.h>

enum kind { KIND_MODE, KIND_STATUS, KIND_PRICE, KIND_COUNT, KIND_FLAG, KIND_DATE, KIND_TEXT };

struct rule {
  const char *name;
  enum kind kind;
};

static const struct rule rules[] = {
    {"mode", KIND_MODE},
    /* US dollars: of a million tokens, but where the name says otherwise */
    {"input", KIND_PRICE},
    {"output", KIND_PRICE},
    {"cached_input", KIND_PRICE},
    {"cache_write", KIND_PRICE},
    {"reasoning_output", KIND_PRICE},
    {"audio_input", KIND_PRICE},
    {"audio_output", KIND_PRICE},
    {"tier_input", KIND_PRICE},
    {"tier_output", KIND_PRICE},
    {"tier_cached_input", KIND_PRICE},
    {"per_image", KIND_PRICE},
    {"audio_in_per_minute", KIND_PRICE},
    {"speech_per_1m_chars", KIND_PRICE},
    {"per_1k_requests", KIND_PRICE},
    /* tokens; numbers of a vector */
    {"tier_above", KIND_COUNT},
    {"context", KIND_COUNT},
    {"max_input", KIND_COUNT},
    {"max_output", KIND_COUNT},
    {"dimensions", KIND_COUNT},
    {"vision", KIND_FLAG},
    {"pdf", KIND_FLAG},
    {"audio_in", KIND_FLAG},
    {"audio_out", KIND_FLAG},
    {"tools", KIND_FLAG},
    {"parallel_tools", KIND_FLAG},
    {"json_mode", KIND_FLAG},
    {"json_schema", KIND_FLAG},
    {"streaming", KIND_FLAG},
    {"reasoning", KIND_FLAG},
    {"prompt_caching", KIND_FLAG},
    {"no_temperature", KIND_FLAG},
    {"finetuneable", KIND_FLAG},
    {"unverified", KIND_FLAG},
    {"status", KIND_STATUS},
    {"released", KIND_DATE},
    {"deprecation_date", KIND_DATE},
    {"sunset_date", KIND_DATE},
    {"successor", KIND_TEXT},
    {"display_name", KIND_TEXT},
    {"reasoning_field", KIND_TEXT},
    {"src", KIND_TEXT},
    {"as_of", KIND_DATE},
};
enum { RULES = sizeof rules / sizeof *rules, PRICE_DIGITS = 6, COUNT_DIGITS = 12 };

static bool is_any(struct slice text, const char *const *words) {
  for (; *words; words++) {
    if (slice_equal(text, slice_text(*words))) return true;
  }
  return false;
}

static size_t digits_at(struct slice text) {
  size_t count = 0;
  while (count < text.len && isdigit((unsigned char)text.ptr[count])) count++;
  return count;
}

/* Up to six digits before the point and six behind it: a whole number of millionths, small enough to count with. */
static bool is_price(struct slice text) {
  size_t whole = digits_at(text);
  if (whole == 0 || whole > PRICE_DIGITS) return false;
  if (whole == text.len) return true;
  struct slice rest = slice_from(text, whole + 1);
  size_t behind = digits_at(rest);
  return text.ptr[whole] == '.' && behind > 0 && behind == rest.len && behind <= PRICE_DIGITS;
}

static bool is_date(struct slice text) {
  static const char shape[] = "dddd-dd-dd";
  if (text.len != sizeof shape - 1 && text.len != sizeof "dddd-dd" - 1) return false; /* some say no day */
  for (size_t i = 0; i < text.len; i++) {
    bool digit = isdigit((unsigned char)text.ptr[i]) != 0;
    if (shape[i] == 'd' ? !digit : text.ptr[i] != shape[i]) return false;
  }
  return true;
}

static const char *word_problem(enum kind kind, struct slice text) {
  static const char *const modes[] = {"chat",   "completion", "embedding",    "image", "audio_transcription",
                                      "rerank", "realtime",   "audio_speech", "video", "moderation",
                                      NULL};
  static const char *const states[] = {"ga", "preview", "deprecated", "legacy", NULL};
  if (kind == KIND_MODE && !is_any(text, modes)) {
    return "must be chat, completion, embedding, image, audio_transcription, audio_speech, rerank, realtime, video or "
           "moderation";
  }
  if (kind == KIND_STATUS && !is_any(text, states)) return "must be ga, preview, deprecated or legacy";
  if (kind == KIND_DATE && !is_date(text)) return "must be a date like 2026-01-31, or 2026-01";
  return NULL;
}

static const char *price_problem(struct slice raw, enum json_type type) {
  struct slice text = raw;
  bool plain = type == JSON_NUMBER || (type == JSON_STRING && json_string_plain(raw, &text));
  if (plain && is_price(text)) return NULL;
  return "must be US dollars as a decimal (\"0.15\"), with at most 6 digits before and 6 behind the point";
}

static const char *value_problem(enum kind kind, struct slice raw, enum json_type type) {
  long long number;
  struct slice text;
  switch (kind) {
    case KIND_PRICE:
      return price_problem(raw, type);
    case KIND_COUNT:
      if (type == JSON_NUMBER && raw.len <= COUNT_DIGITS && slice_decimal(raw, &number)) return NULL;
      return "must be a whole number";
    case KIND_FLAG:
      return type == JSON_TRUE || type == JSON_FALSE ? NULL : "must be true or false";
    default:
      if (type != JSON_STRING || !json_string_plain(raw, &text)) return "must be a plain string";
      return word_problem(kind, text);
  }
}

const char *rules_member(struct slice name, struct slice raw) {
  for (size_t i = 0; i < RULES; i++) {
    if (!slice_equal(name, slice_text(rules[i].name))) continue;
    enum json_type type = json_type_of(raw);
    return type == JSON_NULL ? NULL : value_problem(rules[i].kind, raw, type);
  }
  return "is no member of a row";
}

static bool has(const struct json_index *row, const char *name) {
  const struct json_member *member = json_index_find(row, slice_text(name));
  return member && member->type != JSON_NULL;
}

const char *rules_row(const struct json_index *row) {
  if (!has(row, "mode")) return "mode is missing";
  bool tiered = has(row, "tier_input") || has(row, "tier_output") || has(row, "tier_cached_input");
  if (tiered && !has(row, "tier_above")) return "tier prices need tier_above";
  if (has(row, "tier_above") && !has(row, "tier_input")) return "tier_above needs tier_input";
  return NULL;
}
