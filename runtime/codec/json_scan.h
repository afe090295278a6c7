// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/json.h"

/* Inside of the validator; private to the json_*.c files. */

enum { JSON_DEPTH_MAX = 64, JSON_KEYS_INLINE = 32 };

struct json_key {
  const char *text; /* decoded; inside the document, or in the set's arena when it was written with escapes */
  uint32_t len;
  uint32_t tag; /* three of its bytes; in a level with a table its seeded hash */
};

struct json_key_table;

/* One open container. */
struct json_level {
  struct json_key_table *table; /* owned; only of objects with many keys */
  uint32_t first_key;           /* where its keys begin in the set */
  bool object;
};

/* The keys of all open objects, innermost last. */
struct json_keys {
  struct json_key *items; /* `few`, or owned */
  uint32_t count, capacity;
  struct arena decoded; /* keys that were written with escapes */
  struct json_key few[JSON_KEYS_INLINE];
};

struct json_scan {
  const char *start, *end;
  const struct json_limits *limits;
  struct json_fault *fault;
  struct json_members *members; /* null, or where top-level members are recorded */
  unsigned depth, depth_limit, tokens;
  bool fresh; /* the innermost container has no member yet */
  struct json_keys keys;
  struct json_level levels[JSON_DEPTH_MAX];
};

static inline const char *json_space_skip(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

/* Fills the fault; returns null so that callers write `return json_scan_fail(...)`. */
const char *json_scan_fail(struct json_scan *scan, const char *at, const char *reason);

/* Checks a string from behind its opening quote. Returns the place behind its closing quote, or null. */
const char *json_scan_string(struct json_scan *scan, const char *p, bool *escaped);

/* Checks a number's form and length. Returns the place behind it, or null. */
const char *json_scan_number(struct json_scan *scan, const char *p);

/* Checks the whole document. Returns 0 or -1 with the fault filled. */
int json_scan_document(struct json_scan *scan);

/* Everything but the two arrays, which fill themselves as they are used. */
void json_scan_start(struct json_scan *scan, struct slice text, const struct json_limits *limits,
                     struct json_fault *fault);
void json_scan_end(struct json_scan *scan);

void json_keys_start(struct json_keys *keys);
void json_keys_end(struct json_keys *keys);

/* Adds a decoded key to the innermost object. False when that object has it already. */
bool json_keys_add(struct json_keys *keys, struct json_level *level, struct slice key);

/* Forgets the keys of the innermost object. */
void json_keys_close(struct json_keys *keys, struct json_level *level);

/* Top-level members as they are found: the first few here, the others in a buffer. */
struct json_members {
  struct arena *arena; /* borrowed: decoded keys go there */
  struct json_member few[16];
  struct buffer more;
  size_t count;
};
void json_members_add(struct json_members *members, struct slice key, size_t start);
void json_members_value(struct json_members *members, const char *value);
void json_members_close(struct json_members *members, const char *end);

/* The end of a string inside valid JSON, from behind its opening quote: behind its closing quote. */
const char *json_string_end(const char *p, const char *end);

/* Writes the content of a string (without quotes) with its escapes resolved; never longer than it was. */
size_t json_unescape(char *out, struct slice content);
