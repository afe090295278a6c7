// SPDX-License-Identifier: Apache-2.0
#include "process/credential.h"

static struct slice field_of(const struct http_request *request, const char *name) {
  return field_value(request->fields, request->field_count, slice_text(name));
}

static struct slice protocol_key(struct slice list) {
  static const struct slice prefix = {"openai-insecure-api-key.", 24};
  while (list.len > 0) {
    const char *comma = memchr(list.ptr, ',', list.len);
    struct slice protocol = slice_trim(slice_make(list.ptr, comma ? (size_t)(comma - list.ptr) : list.len));
    list = slice_from(list, comma ? (size_t)(comma - list.ptr) + 1 : list.len);
    if (slice_starts(protocol, prefix)) return slice_from(protocol, prefix.len);
  }
  return (struct slice){0};
}

struct slice credential_parameter(const struct http_request *request, struct slice name) {
  struct slice rest = request->query;
  while (rest.len > 0) {
    const char *end = memchr(rest.ptr, '&', rest.len);
    struct slice pair = slice_make(rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len);
    rest = slice_from(rest, pair.len < rest.len ? pair.len + 1 : pair.len);
    bool found = slice_starts(pair, name) && pair.len > name.len && pair.ptr[name.len] == '=';
    if (found) return slice_from(pair, name.len + 1);
  }
  return (struct slice){0};
}

/* Where the SDKs of others than OpenAI put it. */
static struct slice foreign_key(const struct http_request *request, const struct route *route) {
  struct slice key = field_of(request, "x-api-key");
  if (key.len == 0) key = field_of(request, "x-goog-api-key");
  if (key.len == 0 && route->shape == SHAPE_GEMINI) key = credential_parameter(request, SLICE_LITERAL("key"));
  return key;
}

struct slice credential_presented(const struct http_request *request, const struct route *route) {
  static const struct slice prefix = {"Bearer ", 7};
  struct slice header = field_of(request, "authorization");
  if (slice_starts(header, prefix)) return slice_from(header, prefix.len);
  if (route->class != ROUTE_MODEL) return (struct slice){0};
  struct slice key = foreign_key(request, route);
  if (key.len > 0 || header.len > 0 || field_of(request, "upgrade").len == 0) return key;
  return protocol_key(field_of(request, "sec-websocket-protocol"));
}
