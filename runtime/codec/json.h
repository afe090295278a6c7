// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"

/* JSON as bytes: validated, looked into and spliced, never decoded and printed again (RFC 8259).
 * Everything here is iterative: a peer's depth never becomes our C stack. */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_limits {
  unsigned depth;           /* 64 */
  unsigned tokens;          /* 250,000: every key, every scalar, every container */
  unsigned key_len;         /* 1 KiB, raw bytes between the quotes */
  unsigned number_len;      /* 64 */
  unsigned keys_per_object; /* 10,000 */
  bool lenient; /* strings may hold bytes that are no UTF-8 and lone \uD800 escapes: a stream's event may cut
                   a character in two. Decoded they are those bytes, a lone surrogate its three of WTF-8. */
};
extern const struct json_limits json_limits_default;
extern const struct json_limits json_limits_lenient; /* the same, lenient */

/* What is wrong with a document and where. `reason` is static text, fit for a client: "duplicate key". */
struct json_fault {
  const char *reason;
  size_t offset;
};

/* One member of the top-level object. */
struct json_member {
  struct slice key;   /* its content: inside the text, or in the arena when it was written with escapes */
  struct slice value; /* inside the text: raw, strings with their quotes, no surrounding white space */
  enum json_type type;
  size_t start; /* offset of the key's opening quote */
};

/* The members of a top-level object in their order. Memory from the arena given to json_index_build. */
struct json_index {
  struct slice text; /* borrowed: must outlive the index */
  struct json_member *members;
  size_t count;
};

/* Checks the whole of `text`: one document, nothing behind it, UTF-8 (no overlong forms, no surrogates, no lone
 * \uD800 escapes), no raw control characters, the limits, no duplicate key in any object ("\u0061" is "a"), no null
 * character in a key. Depths above 64 are never allowed. Returns 0, or -1 with `fault` filled. Aims at 0.4 us for 1 KB
 * and 6 us for 20 KB of text. */
int json_validate(struct slice text, const struct json_limits *limits, struct json_fault *fault);

/* The same, and records the top-level members in the same pass. A document that is no object is a fault. */
int json_index_build(struct slice text, const struct json_limits *limits, struct arena *arena, struct json_index *index,
                     struct json_fault *fault);

/* The member named `key`, however it was spelt ("\u006dodel" is found as model), or null. */
const struct json_member *json_index_find(const struct json_index *index, struct slice key);

/* The raw string value of the first top-level member `key` in the beginning of a document: it may be cut anywhere and
 * nobody has validated it. False when the member is not there yet, is no string, or something before it is malformed.
 */
bool json_glance(struct slice text, struct slice key, struct slice *raw);

/* The raw value at a path of object keys and 0-based array positions ("messages", 2, "content") inside valid JSON.
 * Returns false when some step is not there. */
struct json_step {
  struct slice key; /* used when position < 0 */
  long position;
};
bool json_find(struct slice valid, const struct json_step *steps, size_t count, struct slice *value);

/* Decodes a raw string value (with its quotes) into `out`, escapes resolved. Requires validated input. */
void json_string_decode(struct slice raw, struct buffer *out);

/* The same into memory of the caller with room for raw.len bytes. Returns how many were written. */
size_t json_string_decode_into(char *out, struct slice raw);

/* A raw string value without quotes when it holds no escape (no copy), else false. */
bool json_string_plain(struct slice raw, struct slice *out);

/* True when a text of JSON has, or seems to have, an escape by number: \\u0041. */
bool json_unicode_escaped(struct slice text);

/* True when the raw string's content, escapes resolved, is `text`. Requires validated input. */
bool json_string_is(struct slice raw, struct slice text);

/* Appends `bytes` as a JSON string with quotes. Each byte that belongs to no well-formed UTF-8 sequence becomes U+FFFD;
 * < > & / and everything beyond ASCII are written as they are. */
void json_string_encode(struct buffer *out, struct slice bytes);

enum json_type json_type_of(struct slice raw);

/* ---- numbers: all of these require the text of a valid one ---- */

/* True when a double carries this number without loss: printed again it gives the same text, and it is no integer
 * beyond 2^53. `1.0`, `1e3`, `0.10` and 9007199254740993 are not: whoever passes them on must keep their text. */
bool json_number_exact(struct slice raw, double *out);

/* The nearest double, infinite when the number is too large for one. */
double json_number_value(struct slice raw);

/* Appends the shortest text that reads back as `value`. False for infinities and NaN, which JSON cannot say. */
bool json_number_encode(struct buffer *out, double value);

/* ---- pull reader over valid JSON ---- */

enum json_event {
  JSON_EVENT_END,
  JSON_EVENT_OPEN_OBJECT,
  JSON_EVENT_CLOSE_OBJECT,
  JSON_EVENT_OPEN_ARRAY,
  JSON_EVENT_CLOSE_ARRAY,
  JSON_EVENT_KEY,
  JSON_EVENT_SCALAR
};

struct json_reader {
  struct slice text; /* borrowed */
  size_t at;
  uint64_t in_object; /* one bit a level, depth <= 64 */
  unsigned depth;
  unsigned deepest; /* the greatest depth so far; a caller may set it back to `depth` */
  bool expect_key;
  bool escaped; /* the last key or scalar that was read is a string with escapes */
};

void json_reader_start(struct json_reader *reader, struct slice valid);

/* The next event; `raw` is the key (with quotes) or scalar. Requires validated input. */
enum json_event json_reader_next(struct json_reader *reader, struct slice *raw);

/* The whole next value, containers with all they hold. False when no value comes next but a key, a close or the end
 * (which is then consumed). */
bool json_reader_value(struct json_reader *reader, struct slice *raw);

/* Where the next value, key or closing bracket begins; the text's length at its end. */
size_t json_reader_peek(const struct json_reader *reader);

/* ---- splicing ---- */

enum { JSON_EDITS_MAX = 16, JSON_SEGMENTS_MAX = 2 * JSON_EDITS_MAX + 1 };

/* Replacements over a text that stays where it is. Replacement bytes are borrowed until rendering is over. */
struct json_edit {
  size_t start, end; /* bytes [start, end) of the text are replaced */
  struct slice bytes;
};
struct json_edits {
  struct json_edit items[JSON_EDITS_MAX]; /* by start, not overlapping */
  unsigned count;
};

/* Each returns 0, or -1 when there is no room or two edits overlap (a member both changed and removed, say); nothing
 * was changed then. `raw` is a JSON value; `key` is a plain name: one with a quote, a backslash or a control character
 * is refused. No edit looks for duplicate keys: that is the caller's business. */
int json_edit_replace(struct json_edits *edits, struct slice text, const struct json_member *member, struct slice raw);
int json_edit_rename(struct json_edits *edits, struct slice text, const struct json_member *member, struct slice key);
/* Any members may be removed in any order, all of them too: their commas go with them. */
int json_edit_remove(struct json_edits *edits, const struct json_index *index, const struct json_member *member);
/* Appends a member before the closing brace; `member_raw` is `"key":value`, borrowed. Takes two edits. */
int json_edit_append(struct json_edits *edits, const struct json_index *index, struct slice member_raw);

/* The edited text as at most JSON_SEGMENTS_MAX pieces in order, none of them copied. Returns how many. */
unsigned json_edits_segments(const struct json_edits *edits, struct slice text, struct slice *segments);
size_t json_edits_length(const struct json_edits *edits, struct slice text);
