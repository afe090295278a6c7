// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "codec/json_scan.h"

const struct json_limits json_limits_default = {
    .depth = JSON_DEPTH_MAX, .tokens = 250000, .key_len = 1024, .number_len = 64, .keys_per_object = 10000};
const struct json_limits json_limits_lenient = {.depth = JSON_DEPTH_MAX,
                                                .tokens = 250000,
                                                .key_len = 1024,
                                                .number_len = 64,
                                                .keys_per_object = 10000,
                                                .lenient = true};

int json_validate(struct slice text, const struct json_limits *limits, struct json_fault *fault) {
  /* Zeroing the arrays would cost more than a small document's whole check. */
  struct json_scan scan __attribute__((uninitialized));
  json_scan_start(&scan, text, limits, fault);
  int result = json_scan_document(&scan);
  json_scan_end(&scan);
  return result;
}

void json_scan_start(struct json_scan *scan, struct slice text, const struct json_limits *limits,
                     struct json_fault *fault) {
  scan->start = text.ptr ? text.ptr : "";
  scan->end = scan->start + text.len;
  scan->limits = limits;
  scan->fault = fault;
  scan->members = NULL;
  scan->depth = 0;
  scan->depth_limit = limits->depth < JSON_DEPTH_MAX ? limits->depth : JSON_DEPTH_MAX;
  scan->tokens = 0;
  scan->fresh = false;
  json_keys_start(&scan->keys);
}

void json_scan_end(struct json_scan *scan) {
  while (scan->depth > 0) json_keys_close(&scan->keys, &scan->levels[--scan->depth]);
  json_keys_end(&scan->keys);
}

const char *json_scan_fail(struct json_scan *scan, const char *at, const char *reason) {
  *scan->fault = (struct json_fault){.reason = reason, .offset = (size_t)(at - scan->start)};
  return NULL;
}

static const char *literal_check(struct json_scan *scan, const char *p, struct slice word) {
  if ((size_t)(scan->end - p) < word.len || memcmp(p, word.ptr, word.len) != 0) {
    return json_scan_fail(scan, p, "not a JSON value");
  }
  return p + word.len;
}

static const char *level_open(struct json_scan *scan, const char *p, bool object) {
  if (scan->depth >= scan->depth_limit) return json_scan_fail(scan, p, "nested too deeply");
  scan->levels[scan->depth++] = (struct json_level){.object = object, .first_key = scan->keys.count};
  scan->fresh = true;
  return p + 1;
}

static const char *level_close(struct json_scan *scan, const char *p) {
  struct json_level *level = &scan->levels[--scan->depth];
  if (level->object) json_keys_close(&scan->keys, level);
  scan->fresh = false;
  return p + 1;
}

/* Checks a scalar whole, or steps inside a container. */
static const char *value_begin(struct json_scan *scan, const char *p) {
  if (p == scan->end) return json_scan_fail(scan, p, "unexpected end");
  if (++scan->tokens > scan->limits->tokens) return json_scan_fail(scan, p, "too many values");
  switch (*p) {
    case '"': {
      bool escaped;
      return json_scan_string(scan, p + 1, &escaped);
    }
    case '{':
      return level_open(scan, p, true);
    case '[':
      return level_open(scan, p, false);
    case 't':
      return literal_check(scan, p, SLICE_LITERAL("true"));
    case 'f':
      return literal_check(scan, p, SLICE_LITERAL("false"));
    case 'n':
      return literal_check(scan, p, SLICE_LITERAL("null"));
    default:
      return json_scan_number(scan, p);
  }
}

/* The key as every reader of the document will see it: "\u0061" is "a". */
static bool key_decode(struct json_scan *scan, const char *at, struct slice *key) {
  char *decoded = arena_alloc(&scan->keys.decoded, key->len);
  *key = slice_make(decoded, json_unescape(decoded, *key));
  if (!memchr(decoded, '\0', key->len)) return true;
  json_scan_fail(scan, at, "null character in a key");
  return false;
}

static bool key_add(struct json_scan *scan, const char *at, struct slice key, bool escaped) {
  struct json_level *level = &scan->levels[scan->depth - 1];
  if (key.len > scan->limits->key_len) return json_scan_fail(scan, at, "key too long");
  if (++scan->tokens > scan->limits->tokens) return json_scan_fail(scan, at, "too many values");
  if (scan->keys.count - level->first_key >= scan->limits->keys_per_object) {
    return json_scan_fail(scan, at, "too many keys in one object");
  }
  if (escaped && !key_decode(scan, at, &key)) return false;
  if (!json_keys_add(&scan->keys, level, key)) return json_scan_fail(scan, at, "duplicate key");
  if (scan->members && scan->depth == 1) {
    if (escaped) key = arena_copy(scan->members->arena, key);
    json_members_add(scan->members, key, (size_t)(at - scan->start));
  }
  return true;
}

/* A key with its colon and the white space behind it. */
static const char *key_check(struct json_scan *scan, const char *p) {
  if (*p != '"') return json_scan_fail(scan, p, "expected a key in double quotes");
  bool escaped = false;
  const char *after = json_scan_string(scan, p + 1, &escaped);
  if (!after) return NULL;
  if (!key_add(scan, p, slice_make(p + 1, (size_t)(after - p) - 2), escaped)) return NULL;
  after = json_space_skip(after, scan->end);
  if (after == scan->end) return json_scan_fail(scan, after, "unexpected end");
  if (*after != ':') return json_scan_fail(scan, after, "expected a colon");
  after = json_space_skip(after + 1, scan->end);
  if (scan->members && scan->depth == 1) json_members_value(scan->members, after);
  return after;
}

/* One member or element of the innermost container, or its end. */
static const char *container_step(struct json_scan *scan, const char *p) {
  bool object = scan->levels[scan->depth - 1].object;
  if (scan->members && scan->depth == 1 && !scan->fresh) json_members_close(scan->members, p);
  p = json_space_skip(p, scan->end);
  if (p == scan->end) return json_scan_fail(scan, p, "unexpected end");
  if (*p == (object ? '}' : ']')) return level_close(scan, p);
  if (!scan->fresh) {
    if (*p != ',') return json_scan_fail(scan, p, object ? "expected a comma or }" : "expected a comma or ]");
    p = json_space_skip(p + 1, scan->end);
    if (p == scan->end) return json_scan_fail(scan, p, "unexpected end");
  }
  scan->fresh = false;
  if (object && !(p = key_check(scan, p))) return NULL;
  return value_begin(scan, p);
}

int json_scan_document(struct json_scan *scan) {
  const char *p = value_begin(scan, json_space_skip(scan->start, scan->end));
  while (p && scan->depth > 0) p = container_step(scan, p);
  if (!p) return -1;
  p = json_space_skip(p, scan->end);
  if (p != scan->end) p = json_scan_fail(scan, p, "text after the document's end");
  return p ? 0 : -1;
}
