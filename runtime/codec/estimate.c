// SPDX-License-Identifier: Apache-2.0
#include "codec/estimate.h"

#include <string.h>

#include "codec/json.h"

enum { BYTES_PER_TOKEN = 4, DEPTH = 65, ENCODED_LEN = 512, MEMBER_BYTES = sizeof "\"content\":\"\"" - 1 };

/* Quarters of a token for a character that begins with this byte; 0: it is inside of one. */
static unsigned quarters_of(unsigned char byte) {
  if (byte < 0x80) return 1;
  if (byte < 0xc0) return 0;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 4 : 8;
}

long long estimate_text(struct slice text) {
  unsigned long long quarters = 0;
  for (size_t i = 0; i < text.len; i++) quarters += quarters_of((unsigned char)text.ptr[i]);
  return (long long)((quarters + 3) / 4);
}

static bool is_said(struct slice raw) {
  static const char *const names[] = {"content",   "text",        "input",        "prompt",     "arguments",
                                      "reasoning", "description", "instructions", "query",      "documents",
                                      "thinking",  "refusal",     "system",       "transcript", "reasoning_content"};
  struct slice name;
  if (!json_string_plain(raw, &name)) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (slice_equal(name, slice_text(names[i]))) return true;
  }
  return false;
}

/* Long, and not one space in its beginning: an image, sound, a file. */
static bool is_encoded(struct slice text) {
  return text.len > ENCODED_LEN && !memchr(text.ptr, ' ', ENCODED_LEN) &&
         (unsigned char)text.ptr[ENCODED_LEN / 2] < 0x80;
}

static long long scalar_tokens(struct slice raw) {
  if (json_type_of(raw) != JSON_STRING) return 0;
  struct slice text = slice_make(raw.ptr + 1, raw.len - 2);
  return is_encoded(text) ? 0 : estimate_text(text);
}

long long estimate_json(struct slice valid) {
  bool said[DEPTH] = {false}, wanted = false;
  long long tokens = 0;
  struct json_reader reader;
  struct slice raw;
  json_reader_start(&reader, valid);
  for (enum json_event event; (event = json_reader_next(&reader, &raw)) != JSON_EVENT_END;) {
    unsigned depth = reader.depth < DEPTH ? reader.depth : DEPTH - 1;
    if (event == JSON_EVENT_KEY) wanted = is_said(raw);
    if (event == JSON_EVENT_OPEN_ARRAY || event == JSON_EVENT_OPEN_OBJECT) said[depth] = wanted;
    if (event == JSON_EVENT_CLOSE_ARRAY || event == JSON_EVENT_CLOSE_OBJECT) wanted = said[depth];
    if (event == JSON_EVENT_SCALAR && wanted) tokens += scalar_tokens(raw);
  }
  return tokens;
}

long long estimate_flow_tokens(const struct estimate_flow *flow) {
  uint64_t around = flow->events * (flow->least + MEMBER_BYTES);
  uint64_t inside = flow->bytes > around ? (flow->bytes - around) / BYTES_PER_TOKEN : 0;
  uint64_t pieces = flow->events > 2 ? flow->events - 2 : 0;
  return (long long)(inside > pieces ? inside : pieces);
}
