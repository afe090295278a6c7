// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include "http/target.h"

enum { METHOD_MAX = 17 /* UPDATEREDIRECTREF is the longest registered one */ };

/* A method's length, 0 when `bytes` cannot begin with one, `bytes.len` when its end has not come. */
static size_t method_length(struct slice bytes) {
  size_t len = 0;
  while (len < bytes.len && len <= METHOD_MAX && field_is_tchar((unsigned char)bytes.ptr[len])) len++;
  if (len > METHOD_MAX) return 0;
  return len == bytes.len || bytes.ptr[len] == ' ' ? len : 0;
}

/* CR and LF come as a pair, and no other control byte but HTAB comes at all. */
static bool line_bytes_valid(struct slice bytes, size_t from) {
  for (size_t i = from; i < bytes.len; i++) {
    unsigned char c = (unsigned char)bytes.ptr[i];
    bool after_cr = i > 0 && bytes.ptr[i - 1] == '\r';
    if (after_cr != (c == '\n')) return false;
    if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

enum http_refusal http_head_glance(struct slice bytes, size_t from, const struct http_limits *limits) {
  if (bytes.len == 0) return HTTP_ACCEPTED;
  if (method_length(bytes) == 0) return HTTP_BAD_REQUEST;
  const char *line_end = memchr(bytes.ptr, '\n', bytes.len);
  size_t line = (line_end ? (size_t)(line_end - bytes.ptr) : bytes.len) - 1; /* the last byte may be its CR */
  if (line > limits->request_line) return HTTP_URI_TOO_LONG;
  if (bytes.len >= limits->head) return HTTP_HEADERS_TOO_LARGE;
  return line_bytes_valid(bytes, from) ? HTTP_ACCEPTED : HTTP_BAD_REQUEST;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* "NAME/d.d" */
static enum http_refusal version_parse(struct slice version, int *minor) {
  if (version.len < 5) return HTTP_BAD_REQUEST;
  struct slice name = slice_make(version.ptr, version.len - 4), number = slice_from(version, version.len - 4);
  if (number.ptr[0] != '/' || !is_digit(number.ptr[1]) || number.ptr[2] != '.' || !is_digit(number.ptr[3])) {
    return HTTP_BAD_REQUEST;
  }
  for (size_t i = 0; i < name.len; i++) {
    if (name.ptr[i] < 'A' || name.ptr[i] > 'Z') return HTTP_BAD_REQUEST;
  }
  if (!slice_equal(name, SLICE_LITERAL("HTTP"))) return HTTP_METHOD_NOT_SUPPORTED; /* RTSP, ICE: not our methods */
  *minor = number.ptr[3] - '0';
  return number.ptr[1] == '1' && *minor <= 1 ? HTTP_ACCEPTED : HTTP_VERSION_NOT_SUPPORTED;
}

static bool method_known(struct slice method) {
  static const struct slice methods[] = {{"GET", 3},   {"HEAD", 4},   {"POST", 4},   {"PUT", 3},
                                         {"PATCH", 5}, {"DELETE", 6}, {"OPTIONS", 7}};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    if (slice_equal(method, methods[i])) return true;
  }
  return false;
}

/* token SP target SP version, single spaces. `target` gets the raw bytes between the spaces. */
static enum http_refusal line_parse(struct slice line, struct http_request *request, struct slice *target) {
  size_t method = method_length(line);
  if (method == 0 || method == line.len) return HTTP_BAD_REQUEST;
  request->method = slice_make(line.ptr, method);
  struct slice rest = slice_from(line, method + 1);
  const char *space = rest.len ? memchr(rest.ptr, ' ', rest.len) : NULL;
  if (!space) return HTTP_BAD_REQUEST;
  *target = slice_make(rest.ptr, (size_t)(space - rest.ptr));
  enum http_refusal refusal = version_parse(slice_from(rest, target->len + 1), &request->minor);
  if (refusal) return refusal;
  return method_known(request->method) ? HTTP_ACCEPTED : HTTP_METHOD_NOT_SUPPORTED;
}

static enum http_refusal field_refusal(enum field_result result) {
  switch (result) {
    case FIELD_OK:
      return HTTP_ACCEPTED;
    case FIELD_TOO_MANY:
    case FIELD_NAME_TOO_LONG:
    case FIELD_VALUE_TOO_LONG:
      return HTTP_HEADERS_TOO_LARGE;
    case FIELD_BAD_LINE_END:
    case FIELD_BAD_NAME:
    case FIELD_BAD_VALUE:
    case FIELD_FOLDED:
      return HTTP_BAD_REQUEST;
  }
  return HTTP_BAD_REQUEST;
}

static enum http_refusal request_line_take(struct slice *bytes, const struct http_limits *limits, struct http_head *out,
                                           struct slice *authority) {
  const char *end = memchr(bytes->ptr, '\n', bytes->len);
  size_t len = end ? (size_t)(end - bytes->ptr) : 0;
  if (len == 0 || bytes->ptr[len - 1] != '\r') return HTTP_BAD_REQUEST;
  struct slice line = slice_make(bytes->ptr, len - 1);
  *bytes = slice_from(*bytes, len + 1);
  if (line.len > limits->request_line) return HTTP_URI_TOO_LONG;
  enum http_refusal refusal = line_parse(line, &out->request, &out->target);
  if (refusal) return refusal;
  struct http_target target;
  refusal = http_target_parse(out->target, slice_equal(out->request.method, SLICE_LITERAL("OPTIONS")),
                              limits->query_parameters, &target);
  if (refusal) return refusal;
  out->request.path = target.path;
  out->request.query = target.query;
  *authority = target.authority;
  return HTTP_ACCEPTED;
}

static enum http_refusal fields_take(struct slice lines, const struct http_limits *limits, struct http_field *fields,
                                     struct http_head *out) {
  struct http_request *request = &out->request;
  unsigned count = 0;
  enum http_refusal refusal = field_refusal(field_lines_parse(lines, &limits->fields, fields, &count));
  if (refusal) return refusal;
  request->fields = fields;
  request->field_count = count;
  refusal = http_framing_parse(fields, count, request->minor, &out->framing);
  if (refusal) return refusal;
  request->body_length = out->framing.length;
  request->has_body = out->framing.chunked || out->framing.length > 0;
  return HTTP_ACCEPTED;
}

enum http_refusal http_head_parse(struct slice bytes, const struct http_limits *limits, struct http_field *fields,
                                  struct http_head *out) {
  *out = (struct http_head){0};
  if (bytes.len == 0) return HTTP_BAD_REQUEST;
  struct slice lines = bytes, authority = {0};
  enum http_refusal refusal = request_line_take(&lines, limits, out, &authority);
  if (refusal) return refusal;
  if (bytes.len > limits->head) return HTTP_HEADERS_TOO_LARGE;
  refusal = fields_take(lines, limits, fields, out);
  if (refusal) return refusal;
  bool foreign = authority.len > 0 && !slice_equal_caseless(authority, out->framing.host);
  return foreign ? HTTP_BAD_REQUEST : HTTP_ACCEPTED;
}
