// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* HTTP/1.1 header field lines, byte-exact and strict (RFC 9110 section 5, RFC 9112 section 5), shared by both sides. */

struct http_field {
  struct slice name;  /* 1+ tchar, as written */
  struct slice value; /* without surrounding OWS */
};

struct field_limits {
  unsigned count; /* 100 */
  unsigned name;  /* 256 B */
  unsigned value; /* 16 KiB */
};

enum field_result {
  FIELD_OK,
  FIELD_BAD_LINE_END, /* bare CR or LF */
  FIELD_BAD_NAME,     /* empty, not tchar, space before the colon, no colon */
  FIELD_BAD_VALUE,    /* control byte */
  FIELD_FOLDED,       /* obs-fold */
  FIELD_TOO_MANY,
  FIELD_NAME_TOO_LONG,
  FIELD_VALUE_TOO_LONG,
};

/* Parses the field lines of `lines`: everything after the start line up to and including the empty line's CRLF.
 * Writes at most `limits->count` fields. */
enum field_result field_lines_parse(struct slice lines, const struct field_limits *limits, struct http_field *fields,
                                    unsigned *count);

/* Length of the head that `bytes` begins with, its final CRLFCRLF included; 0 when there is none yet. `*scanned`
 * remembers how far earlier calls looked (start it at 0). */
size_t field_head_length(struct slice bytes, size_t *scanned);

const struct http_field *field_find(const struct http_field *fields, unsigned count, struct slice name);

/* The value of the first of that name; a null slice when there is none. */
struct slice field_value(const struct http_field *fields, unsigned count, struct slice name);
unsigned field_count(const struct http_field *fields, unsigned count, struct slice name);

/* `0|[1-9][0-9]{0,14}`, nothing else. */
bool field_content_length(struct slice value, unsigned long long *out);

/* True when the comma list `value` holds the token (case-insensitive, trimmed of SP and HTAB). */
bool field_list_has(struct slice value, struct slice token);

bool field_is_tchar(unsigned char c);
/* May be written as a field value: HTAB, 0x20-0x7e, 0x80-0xff. */
bool field_value_valid(struct slice value);
bool field_name_valid(struct slice name);
