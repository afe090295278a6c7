// SPDX-License-Identifier: Apache-2.0
#include "process/reply.h"

/* Where a count stands: directly in the usage object, or in one of its objects of details. */
enum place { PLACE_TOP, PLACE_READ, PLACE_WRITTEN, PLACE_OTHER };

struct count_name {
  const char *name;
  enum place place;
  size_t offset; /* in struct usage */
};

#define COUNT(name, place, member) \
  { name, place, offsetof(struct usage, member) }

/* OpenAI's names, those of its newer endpoints, and of vendors who speak its wire format otherwise. */
static const struct count_name names[] = {
    COUNT("prompt_tokens", PLACE_TOP, prompt),
    COUNT("completion_tokens", PLACE_TOP, completion),
    COUNT("input_tokens", PLACE_TOP, input),
    COUNT("output_tokens", PLACE_TOP, output),
    COUNT("cached_tokens", PLACE_READ, cached),
    COUNT("cache_write_tokens", PLACE_READ, cache_write),
    COUNT("audio_tokens", PLACE_READ, audio_in),
    COUNT("reasoning_tokens", PLACE_WRITTEN, reasoning),
    COUNT("audio_tokens", PLACE_WRITTEN, audio_out),
    COUNT("cached_tokens", PLACE_TOP, cached),
    COUNT("prompt_cache_hit_tokens", PLACE_TOP, cached),
    COUNT("cache_read_input_tokens", PLACE_TOP, cache_read),
    COUNT("cache_creation_input_tokens", PLACE_TOP, cache_creation),
    COUNT("seconds", PLACE_TOP, seconds),
};
enum { NAMES = sizeof names / sizeof *names };

static bool is_any(struct slice raw, const char *one, const char *other) {
  return json_string_is(raw, slice_text(one)) || json_string_is(raw, slice_text(other));
}

static enum place place_of(struct slice raw) {
  if (is_any(raw, "prompt_tokens_details", "input_tokens_details")) return PLACE_READ;
  return is_any(raw, "completion_tokens_details", "output_tokens_details") ? PLACE_WRITTEN : PLACE_OTHER;
}

static bool whole_number(struct slice raw, long long *number) {
  if (slice_decimal(raw, number)) return true;
  double value = json_type_of(raw) == JSON_NUMBER ? json_number_value(raw) : -1;
  if (!(value >= 0 && value < 0x1p53)) return false;
  *number = (long long)value;
  return true;
}

static void count_take(struct slice raw_name, struct slice raw, enum place place, struct usage *usage) {
  struct slice name;
  long long number;
  if (!json_string_plain(raw_name, &name) || !whole_number(raw, &number)) return;
  for (size_t i = 0; i < NAMES; i++) {
    if (names[i].place != place || !slice_equal(name, slice_text(names[i].name))) continue;
    *(long long *)(void *)((char *)usage + names[i].offset) = number;
  }
}

static void counts_read(struct slice object, struct usage *usage) {
  struct json_reader reader;
  struct slice raw, key = {0};
  enum place place = PLACE_TOP;
  json_reader_start(&reader, object);
  for (enum json_event event; (event = json_reader_next(&reader, &raw)) != JSON_EVENT_END;) {
    if (event == JSON_EVENT_KEY) key = raw;
    if (event == JSON_EVENT_SCALAR && key.len > 0) count_take(key, raw, place, usage);
    if (event == JSON_EVENT_OPEN_OBJECT || event == JSON_EVENT_OPEN_ARRAY) {
      if (reader.depth > 1) place = reader.depth == 2 && key.len > 0 ? place_of(key) : PLACE_OTHER;
    }
    if ((event == JSON_EVENT_CLOSE_OBJECT || event == JSON_EVENT_CLOSE_ARRAY) && reader.depth <= 1) place = PLACE_TOP;
  }
}

static long long or_nothing(long long count) {
  return count > 0 ? count : 0;
}

/* What is told as input and output counts as prompt and completion; a prompt that is told without what came from the
 * cache and went there (Anthropic's) is the sum. */
static void counts_join(struct usage *usage) {
  if (usage->completion < 0) usage->completion = usage->output;
  if (usage->cached < 0) usage->cached = usage->cache_read;
  if (usage->cache_write < 0) usage->cache_write = usage->cache_creation;
  if (usage->prompt >= 0 || usage->input < 0) return;
  usage->prompt = usage->input + or_nothing(usage->cache_read) + or_nothing(usage->cache_creation);
}

/* A stream may tell several times, each time a part of it. */
static void counts_update(struct usage *usage, const struct usage *told) {
  long long *known = (long long *)(void *)usage;
  const long long *more = (const long long *)(const void *)told;
  for (size_t i = 0; i < sizeof *usage / sizeof *known; i++) {
    if (more[i] >= 0) known[i] = more[i];
  }
}

void usage_read(const struct json_index *index, struct usage *usage) {
  const struct json_member *member = json_index_find(index, SLICE_LITERAL("usage"));
  struct usage told;
  if (!member || member->type != JSON_OBJECT) return;
  usage_clear(&told);
  counts_read(member->value, &told);
  counts_join(&told);
  counts_update(usage, &told);
}

void usage_clear(struct usage *usage) {
  memset(usage, 0xff, sizeof *usage); /* all -1 */
}
