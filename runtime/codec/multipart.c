// SPDX-License-Identifier: Apache-2.0
#include "codec/multipart.h"

#include "codec/field.h"

const struct multipart_limits multipart_limits_default = {.parts = 128, .head = 8 * 1024};

/* ---- parameters of Content-Type and Content-Disposition ---- */

struct parameter {
  struct slice name, value; /* the value without its quotes, escapes as they were written */
};

static bool is_lenient_value(unsigned char c) {
  return field_is_tchar(c) || (c && strchr("=/:?()", c)); /* unquoted boundaries as some clients write them */
}

static size_t run_length(struct slice text, bool (*belongs)(unsigned char c)) {
  size_t len = 0;
  while (len < text.len && belongs((unsigned char)text.ptr[len])) len++;
  return len;
}

/* Takes `len` bytes off the front. */
static struct slice cut(struct slice *rest, size_t len) {
  struct slice front = slice_make(rest->ptr, len);
  *rest = slice_from(*rest, len);
  return front;
}

/* Behind the opening quote. False without a closing one. */
static bool quoted_cut(struct slice *rest, struct slice *value) {
  size_t len = 0;
  while (len < rest->len && rest->ptr[len] != '"') len += rest->ptr[len] == '\\' ? 2 : 1;
  if (len >= rest->len) return false;
  *value = cut(rest, len);
  cut(rest, 1);
  return true;
}

static bool value_cut(struct slice *rest, struct slice *value) {
  if (rest->len > 0 && rest->ptr[0] == '"') {
    cut(rest, 1);
    return quoted_cut(rest, value);
  }
  *value = cut(rest, run_length(*rest, is_lenient_value));
  return value->len > 0;
}

/* 1: the next one; 0: there is none; -1: malformed. */
static int parameter_next(struct slice *rest, struct parameter *parameter) {
  *rest = slice_trim(*rest);
  if (rest->len == 0) return 0;
  if (rest->ptr[0] != ';') return -1;
  cut(rest, 1);
  *rest = slice_trim(*rest);
  if (rest->len == 0) return 0; /* a semicolon at the end */
  parameter->name = cut(rest, run_length(*rest, field_is_tchar));
  if (parameter->name.len == 0 || rest->len == 0 || rest->ptr[0] != '=') return -1;
  cut(rest, 1);
  return value_cut(rest, &parameter->value) ? 1 : -1;
}

static bool word_cut(struct slice *rest, struct slice word) {
  bool there = rest->len >= word.len && slice_equal_caseless(slice_make(rest->ptr, word.len), word);
  if (there) cut(rest, word.len);
  return there;
}

static bool boundary_valid(struct slice boundary) {
  return boundary.len > 0 && boundary.len <= MULTIPART_BOUNDARY_MAX &&
         run_length(boundary, is_lenient_value) == boundary.len;
}

bool multipart_boundary(struct slice content_type, struct slice *boundary) {
  struct parameter parameter;
  struct slice rest = slice_trim(content_type);
  unsigned found = 0;
  int more;
  if (!word_cut(&rest, SLICE_LITERAL("multipart/form-data"))) return false;
  while ((more = parameter_next(&rest, &parameter)) > 0) {
    if (!slice_equal_caseless(parameter.name, SLICE_LITERAL("boundary"))) continue;
    *boundary = parameter.value;
    found++;
  }
  return more == 0 && found == 1 && boundary_valid(*boundary);
}

/* ---- one part's header lines; each function returns what is wrong, or null ---- */

static const char *name_refuse(struct slice name) {
  if (name.len == 0) return "a field has no name";
  for (size_t i = 0; i < name.len; i++) {
    unsigned char c = (unsigned char)name.ptr[i];
    if (c < 0x20 || c == 0x7f || c == '\\') return "a field's name holds an escape or a control byte";
  }
  return NULL;
}

struct disposition {
  struct slice name, filename;
  unsigned names, filenames, others; /* how often each was said; `others`: filename* */
};

static void parameter_note(const struct parameter *parameter, struct disposition *out) {
  if (slice_equal_caseless(parameter->name, SLICE_LITERAL("name"))) {
    out->name = parameter->value;
    out->names++;
  } else if (slice_equal_caseless(parameter->name, SLICE_LITERAL("filename"))) {
    out->filename = parameter->value;
    out->filenames++;
  } else if (slice_equal_caseless(parameter->name, SLICE_LITERAL("filename*"))) {
    out->others++;
  } else if (slice_equal_caseless(parameter->name, SLICE_LITERAL("name*"))) {
    out->names += 2; /* RFC 7578 has no such thing */
  }
}

static const char *disposition_read(struct slice value, struct multipart_part *part) {
  struct parameter parameter;
  struct disposition said = {0};
  int more;
  if (!word_cut(&value, SLICE_LITERAL("form-data"))) return "a part is no form-data";
  while ((more = parameter_next(&value, &parameter)) > 0) parameter_note(&parameter, &said);
  if (more < 0) return "a Content-Disposition is malformed";
  if (said.names > 1 || said.filenames > 1 || said.others > 1) return "a Content-Disposition says something twice";
  part->name = said.name;
  part->filename = said.filename;
  part->is_file = said.filenames + said.others > 0;
  return name_refuse(part->name);
}

static bool encoding_plain(struct slice encoding) {
  return slice_equal_caseless(encoding, SLICE_LITERAL("binary")) ||
         slice_equal_caseless(encoding, SLICE_LITERAL("8bit")) || slice_equal_caseless(encoding, SLICE_LITERAL("7bit"));
}

static const char *fields_read(const struct http_field *fields, unsigned count, struct multipart_part *part) {
  static const struct slice disposition = {"content-disposition", 19}, type = {"content-type", 12},
                            encoding = {"content-transfer-encoding", 25};
  if (field_count(fields, count, disposition) != 1) return "a part needs one Content-Disposition";
  if (field_count(fields, count, type) > 1) return "a part has two Content-Types";
  const char *wrong = disposition_read(field_find(fields, count, disposition)->value, part);
  if (wrong) return wrong;
  const struct http_field *said = field_find(fields, count, type);
  if (said) part->type = said->value;
  struct slice rest = part->type;
  if (word_cut(&rest, SLICE_LITERAL("multipart/"))) return "a part has parts of its own";
  for (unsigned i = 0; i < count; i++) {
    if (slice_equal_caseless(fields[i].name, encoding) && !encoding_plain(fields[i].value))
      return "a part is in a transfer encoding";
  }
  return NULL;
}

static const char *lines_reason(enum field_result result) {
  bool large = result == FIELD_TOO_MANY || result == FIELD_NAME_TOO_LONG || result == FIELD_VALUE_TOO_LONG;
  return large ? "the head of a part is too large" : "a header line of a part is malformed";
}

static const char *head_read(struct slice head, struct multipart_part *part) {
  struct http_field fields[MULTIPART_FIELDS_MAX];
  const struct field_limits limits = {.count = MULTIPART_FIELDS_MAX, .name = 256, .value = (unsigned)head.len};
  unsigned count = 0;
  enum field_result result = field_lines_parse(head, &limits, fields, &count);
  return result == FIELD_OK ? fields_read(fields, count, part) : lines_reason(result);
}

/* ---- the body ---- */

struct reading {
  struct slice body, rest; /* what is not read yet */
  char mark[1 + 2 + MULTIPART_BOUNDARY_MAX];
  struct slice delimiter; /* LF, "--", the boundary */
  struct multipart_fault *fault;
};

static int refuse(struct reading *reading, const char *reason) {
  *reading->fault = (struct multipart_fault){reason, (size_t)(reading->rest.ptr - reading->body.ptr)};
  return -1;
}

static struct slice dashes(const struct reading *reading) {
  return slice_from(reading->delimiter, 1);
}

/* The bytes from a place in the body, which no CR stands before, to the next delimiter's CR. Nothing more is cut. */
static int data_find(struct reading *reading, struct slice *data) {
  if (slice_starts(reading->rest, dashes(reading))) return refuse(reading, "a part has no end of its head");
  const char *found = reading->rest.len
                          ? memmem(reading->rest.ptr, reading->rest.len, reading->delimiter.ptr, reading->delimiter.len)
                          : NULL;
  if (!found) return refuse(reading, "the last boundary is missing");
  size_t len = (size_t)(found - reading->rest.ptr);
  if (len == 0 || found[-1] != '\r') {
    reading->rest = slice_from(reading->rest, len);
    return refuse(reading, "a boundary stands behind a bare LF");
  }
  *data = slice_make(reading->rest.ptr, len - 1);
  return 0;
}

static int head_find(struct reading *reading, const struct multipart_limits *limits, struct slice *head) {
  struct slice window = reading->rest;
  size_t scanned = 0;
  if (window.len > limits->head) window.len = limits->head;
  if (slice_starts(window, SLICE_LITERAL("\r\n"))) return refuse(reading, "a part needs one Content-Disposition");
  size_t len = field_head_length(window, &scanned);
  if (len == 0) {
    bool large = reading->rest.len > limits->head;
    return refuse(reading, large ? "the head of a part is too large" : "the last boundary is missing");
  }
  *head = slice_make(window.ptr, len);
  if (memmem(head->ptr, len, reading->delimiter.ptr, reading->delimiter.len))
    return refuse(reading, "a part has no end of its head");
  return 0;
}

static int part_read(struct reading *reading, const struct multipart_limits *limits, struct multipart_part *part) {
  struct slice head;
  *part = (struct multipart_part){0};
  if (head_find(reading, limits, &head) < 0) return -1;
  const char *wrong = head_read(head, part);
  if (wrong) return refuse(reading, wrong);
  cut(&reading->rest, head.len);
  if (data_find(reading, &part->data) < 0) return -1;
  cut(&reading->rest, part->data.len + 1 + reading->delimiter.len);
  return 0;
}

static void reading_start(struct reading *reading, struct slice body, struct slice boundary,
                          struct multipart_fault *fault) {
  *reading = (struct reading){.body = body, .rest = body, .mark = "\n--", .fault = fault};
  memcpy(reading->mark + 3, boundary.ptr, boundary.len);
  reading->delimiter = slice_make(reading->mark, 3 + boundary.len);
  if (slice_starts(body, SLICE_LITERAL("\r\n"))) cut(&reading->rest, 2); /* some clients begin with the delimiter's */
}

int multipart_parse(struct slice body, struct slice boundary, const struct multipart_limits *limits,
                    struct multipart_part *parts, unsigned *count, struct multipart_fault *fault) {
  struct reading reading;
  reading_start(&reading, body, boundary, fault);
  *count = 0;
  if (!slice_starts(reading.rest, dashes(&reading)))
    return refuse(&reading, "the body does not begin with its boundary");
  cut(&reading.rest, dashes(&reading).len);
  while (!slice_starts(reading.rest, SLICE_LITERAL("--"))) {
    if (!slice_starts(reading.rest, SLICE_LITERAL("\r\n")))
      return refuse(&reading, "something stands between a boundary and the end of its line");
    if (*count == limits->parts) return refuse(&reading, "there are too many parts");
    cut(&reading.rest, 2);
    if (part_read(&reading, limits, &parts[*count]) < 0) return -1;
    (*count)++;
  }
  cut(&reading.rest, 2);
  bool over = reading.rest.len == 0 || slice_equal(reading.rest, SLICE_LITERAL("\r\n"));
  return over ? 0 : refuse(&reading, "something stands behind the last boundary");
}

const struct multipart_part *multipart_find(const struct multipart_part *parts, unsigned count, struct slice name,
                                            unsigned *found) {
  const struct multipart_part *first = NULL;
  *found = 0;
  for (unsigned i = 0; i < count; i++) {
    if (!slice_equal(parts[i].name, name)) continue;
    if (!first) first = &parts[i];
    ++*found;
  }
  return first;
}

bool multipart_value_fits(struct slice value, struct slice boundary) {
  for (size_t i = 0; i < value.len; i++) {
    if ((unsigned char)value.ptr[i] < 0x20) return false; /* no line can begin in it */
  }
  return value.len < 2 + boundary.len || !slice_starts(value, SLICE_LITERAL("--")) ||
         !slice_starts(slice_from(value, 2), boundary);
}
