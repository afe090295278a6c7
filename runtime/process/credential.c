// SPDX-License-Identifier: Apache-2.0
#include "process/credential.h"

static struct slice field_of(const struct http_request *request, const char *name) {
  const struct http_field *field = field_find(request->fields, request->field_count, slice_text(name));
  return field ? field->value : (struct slice){0};
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

struct slice credential_presented(const struct http_request *request) {
  static const struct slice prefix = {"Bearer ", 7};
  struct slice header = field_of(request, "authorization");
  if (slice_starts(header, prefix)) return slice_from(header, prefix.len);
  if (header.len > 0 || field_of(request, "upgrade").len == 0) return (struct slice){0};
  return protocol_key(field_of(request, "sec-websocket-protocol"));
}
