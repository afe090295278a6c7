// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* multipart/form-data (RFC 7578; RFC 2046 section 5.1) taken apart where it lies, no byte copied. What two readers
 * might read differently is refused: bytes before the first or behind the last boundary, boundaries behind a bare LF or
 * with something after them, escapes in a field's name, parts inside of parts, parts in a transfer encoding. */

struct multipart_part {
  struct slice name;     /* of the field, as written; no quote, backslash or control byte is in it */
  struct slice filename; /* as written between its quotes, escapes not resolved */
  struct slice type;     /* value of Content-Type, empty when there is none */
  struct slice data;     /* inside the body */
  bool is_file;          /* has a file name, maybe an empty one */
};

struct multipart_limits {
  unsigned parts; /* 128 */
  unsigned head;  /* 8 KiB: the header lines of one part */
};
extern const struct multipart_limits multipart_limits_default;

/* What is wrong with a body and where. `reason` is static text, fit for a client. */
struct multipart_fault {
  const char *reason;
  size_t offset;
};

enum { MULTIPART_BOUNDARY_MAX = 70, MULTIPART_FIELDS_MAX = 16 };

/* The boundary that a Content-Type of multipart/form-data names. False when it is another type, or names none that is
 * valid (1 to 70 bytes of RFC 2046's, without white space). */
bool multipart_boundary(struct slice content_type, struct slice *boundary);

/* Writes at most `limits->parts` parts. Returns 0, or -1 with `fault` filled; `boundary` is one of
 * multipart_boundary's. */
int multipart_parse(struct slice body, struct slice boundary, const struct multipart_limits *limits,
                    struct multipart_part *parts, unsigned *count, struct multipart_fault *fault);

/* The first part of the field `name`, or null, and in `*found` how many there are: two are two opinions. */
const struct multipart_part *multipart_find(const struct multipart_part *parts, unsigned count, struct slice name,
                                            unsigned *found);

/* Whether a form of this boundary stays the same form with `value` in the place of a field's data. */
bool multipart_value_fits(struct slice value, struct slice boundary);
