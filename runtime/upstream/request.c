// SPDX-License-Identifier: Apache-2.0
#include "upstream/request.h"

enum { METHOD_MAX = 16, TARGET_MAX = 32 * 1024 };

static int refuse(struct error *error, const char *why) {
  return error_set(error, 500, "upstream_bad_request", "the request to the upstream cannot be sent: %s", why);
}

/* Written here or not at all: fields about the connection and the framing. */
static bool is_reserved(struct slice name) {
  static const struct slice reserved[] = {
      {"te", 2},
      {"host", 4},
      {"expect", 6},
      {"trailer", 7},
      {"upgrade", 7},
      {"connection", 10},
      {"keep-alive", 10},
      {"content-length", 14},
      {"proxy-connection", 16},
      {"transfer-encoding", 17},
      {"proxy-authorization", 19},
  };
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    if (name.len == reserved[i].len && slice_equal_caseless(name, reserved[i])) return true;
  }
  return false;
}

static int fields_check(const struct http_field *fields, unsigned count, struct error *error) {
  for (unsigned i = 0; i < count; i++) {
    if (!field_name_valid(fields[i].name)) return refuse(error, "a header name holds a byte that is not allowed");
    if (!field_value_valid(fields[i].value)) return refuse(error, "a header value holds a control byte");
    if (is_reserved(fields[i].name)) return refuse(error, "a header names what only the connection may say");
  }
  return 0;
}

static void fields_write(const struct http_field *fields, unsigned count, struct buffer *out) {
  for (unsigned i = 0; i < count; i++) {
    buffer_append_slice(out, fields[i].name);
    buffer_append(out, ": ", 2);
    buffer_append_slice(out, fields[i].value);
    buffer_append(out, "\r\n", 2);
  }
}

static bool method_valid(struct slice method) {
  for (size_t i = 0; i < method.len; i++) {
    if (method.ptr[i] < 'A' || method.ptr[i] > 'Z') return false;
  }
  return method.len > 0 && method.len <= METHOD_MAX && !slice_equal(method, SLICE_LITERAL("CONNECT"));
}

static bool target_valid(struct slice target) {
  if (target.len == 0 || target.len > TARGET_MAX || target.ptr[0] != '/') return false;
  for (size_t i = 0; i < target.len; i++) {
    unsigned char c = (unsigned char)target.ptr[i];
    if (c < 0x21 || c > 0x7e || c == '#') return false;
  }
  return true;
}

/* The preparing side has checked the lines; this guards the end of the head against a piece that was cut. */
static bool prepared_valid(struct slice prepared) {
  return prepared.len == 0 ||
         (prepared.len > 4 && slice_equal(slice_from(prepared, prepared.len - 2), SLICE_LITERAL("\r\n")));
}

int request_check(const struct transfer_request *request, struct error *error) {
  if (!method_valid(request->method)) return refuse(error, "the method is not a word of capital letters");
  if (!target_valid(request->target)) return refuse(error, "the target is not an encoded path");
  if (!prepared_valid(request->prepared)) return refuse(error, "the prepared header lines are incomplete");
  if (request->upgrade.len > 0 && (request->has_body || request->body_streams || !field_name_valid(request->upgrade)))
    return refuse(error, "a request to switch protocols has no body");
  return fields_check(request->fields, request->field_count, error);
}

uint64_t request_body_length(const struct transfer_request *request) {
  uint64_t length = 0;
  for (unsigned i = 0; i < request->body_count; i++) length += request->body[i].len;
  return length;
}

static void framing_write(const struct transfer_request *request, struct buffer *out) {
  if (request->upgrade.len > 0) {
    buffer_append_slice(out, SLICE_LITERAL("Connection: Upgrade\r\nUpgrade: "));
    buffer_append_slice(out, request->upgrade);
    buffer_append(out, "\r\n", 2);
  } else if (request->body_streams && !request->length_known) {
    buffer_append_slice(out, SLICE_LITERAL("Transfer-Encoding: chunked\r\n"));
  } else if (request->has_body || request->body_streams) {
    buffer_append_slice(out, SLICE_LITERAL("Content-Length: "));
    buffer_append_decimal(out, (long long)(request->body_streams ? request->length : request_body_length(request)));
    buffer_append(out, "\r\n", 2);
  }
}

void request_write(const struct transfer_request *request, struct slice authority, struct buffer *out) {
  buffer_append_slice(out, request->method);
  buffer_append(out, " ", 1);
  buffer_append_slice(out, request->target);
  buffer_append_slice(out, SLICE_LITERAL(" HTTP/1.1\r\nHost: "));
  buffer_append_slice(out, authority);
  buffer_append(out, "\r\n", 2);
  fields_write(request->fields, request->field_count, out);
  buffer_append_slice(out, request->prepared);
  framing_write(request, out);
  buffer_append(out, "\r\n", 2);
}

int transfer_fields_prepare(const struct http_field *fields, unsigned count, struct buffer *out, struct error *error) {
  if (fields_check(fields, count, error) < 0) return -1;
  fields_write(fields, count, out);
  return 0;
}
