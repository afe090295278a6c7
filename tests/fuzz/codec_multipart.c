// SPDX-License-Identifier: Apache-2.0
/* A form that is accepted is exactly its parts: written anew from what was found, in the bytes between them, it is the
 * same; and with another model spliced in it has the same parts but that one. The input: a Content-Type, LF, the body.
 */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/check.h"
#include "codec/multipart.h"

enum { PARTS = 8 };

static const struct multipart_limits limits = {.parts = PARTS, .head = 512};

static int parse(struct slice body, struct slice boundary, struct multipart_part *parts, unsigned *count) {
  struct multipart_fault fault = {0};
  int status = multipart_parse(body, boundary, &limits, parts, count, &fault);
  REQUIRE(status == 0 || (fault.reason && fault.offset <= body.len));
  return status;
}

/* Parts lie in their order, each between two boundaries, and no boundary lies in one. */
static void parts_check(struct slice body, struct slice boundary, const struct multipart_part *parts, unsigned count) {
  const char *at = body.ptr;
  for (unsigned i = 0; i < count; i++) {
    struct slice data = parts[i].data;
    REQUIRE(data.ptr > at && data.ptr + data.len + 4 + boundary.len <= body.ptr + body.len);
    REQUIRE(memcmp(data.ptr + data.len, "\r\n--", 4) == 0);
    REQUIRE(memcmp(data.ptr + data.len + 4, boundary.ptr, boundary.len) == 0);
    for (size_t j = 0; j + boundary.len + 3 <= data.len; j++) {
      bool mark = memcmp(data.ptr + j, "\n--", 3) == 0 && memcmp(data.ptr + j + 3, boundary.ptr, boundary.len) == 0;
      REQUIRE(!mark);
    }
    at = data.ptr + data.len;
  }
}

static void splice_check(struct slice body, struct slice boundary, const struct multipart_part *parts, unsigned count,
                         struct slice value) {
  for (unsigned i = 0; i < count; i++) {
    struct multipart_part after[PARTS];
    struct buffer spliced = {0};
    unsigned found;
    struct slice data = parts[i].data;
    buffer_append(&spliced, body.ptr, (size_t)(data.ptr - body.ptr));
    buffer_append_slice(&spliced, value);
    buffer_append_slice(&spliced, slice_from(body, (size_t)(data.ptr - body.ptr) + data.len));
    REQUIRE(parse(buffer_slice(&spliced), boundary, after, &found) == 0 && found == count);
    for (unsigned j = 0; j < count; j++) {
      REQUIRE(slice_equal(after[j].name, parts[j].name) && after[j].is_file == parts[j].is_file);
      REQUIRE(slice_equal(after[j].data, i == j ? value : parts[j].data));
    }
    buffer_free(&spliced);
  }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  struct slice input = {(const char *)data, size}, boundary;
  const char *line = size ? memchr(data, '\n', size) : NULL;
  struct multipart_part parts[PARTS];
  unsigned count;
  if (!line || !multipart_boundary(slice_make(input.ptr, (size_t)(line - input.ptr)), &boundary)) return 0;
  struct slice body = slice_from(input, (size_t)(line - input.ptr) + 1);
  if (parse(body, boundary, parts, &count) < 0) return 0;
  parts_check(body, boundary, parts, count);
  struct slice value = count ? parts[0].name : (struct slice){0};
  if (multipart_value_fits(value, boundary)) splice_check(body, boundary, parts, count, value);
  return 0;
}
