// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"
#include "process/forward.h"
#include "process/worker.h"

/* What of a head passes, and what is put into it (gateway-api 1.12). */

enum { SECRET_MIN = 8 /* a shorter word stands in ordinary texts */ };

/* ---- names ---- */

static char plain(char c) {
  if (c == '_') return '-';
  return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* As the sloppiest server might compare them: without case, and `_` taken for `-`. */
static bool name_is(struct slice name, struct slice other) {
  if (name.len != other.len) return false;
  for (size_t i = 0; i < name.len; i++) {
    if (plain(name.ptr[i]) != plain(other.ptr[i])) return false;
  }
  return true;
}

static bool is_one_of(struct slice name, const char *const *names) {
  for (; *names; names++) {
    if (name_is(name, slice_text(*names))) return true;
  }
  return false;
}

static bool starts_with(struct slice name, const char *prefix) {
  struct slice wanted = slice_text(prefix);
  return name.len >= wanted.len && name_is(slice_make(name.ptr, wanted.len), wanted);
}

/* Concerns one connection, or is named by a Connection field as such (RFC 9110, 7.6.1). */
static bool is_hop_by_hop(struct slice name, const struct http_field *fields, unsigned count) {
  static const char *const names[] = {
      "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
      "te",         "trailer",    "upgrade",          "transfer-encoding",  "content-length",
      NULL};
  if (is_one_of(name, names)) return true;
  for (unsigned i = 0; i < count; i++) {
    if (slice_equal_caseless(fields[i].name, SLICE_LITERAL("connection")) && field_list_has(fields[i].value, name))
      return true;
  }
  return false;
}

/* For us, or about who is on this side of us. A cookie may hold a session of the dashboard. */
static bool is_for_us(struct slice name) {
  static const char *const names[] = {
      "host",   "expect",    "x-provider", "authorization", "x-api-key",   "x-goog-api-key", "api-key",
      "cookie", "forwarded", "x-real-ip",  "x-request-id",  "traceparent", "tracestate",     NULL};
  return is_one_of(name, names) || starts_with(name, "x-forwarded-");
}

static void line_append(struct buffer *out, struct slice name, struct slice value) {
  buffer_append_slice(out, name);
  buffer_append(out, ": ", 2);
  buffer_append_slice(out, value);
  buffer_append(out, "\r\n", 2);
}

/* The name of the first prepared line; `*lines` goes on behind it. */
static struct slice line_take(struct slice *lines, struct slice *line) {
  const char *end = memchr(lines->ptr, '\n', lines->len);
  *line = slice_make(lines->ptr, end ? (size_t)(end - lines->ptr) + 1 : lines->len);
  *lines = slice_from(*lines, line->len);
  const char *colon = memchr(line->ptr, ':', line->len);
  return slice_make(line->ptr, colon ? (size_t)(colon - line->ptr) : line->len);
}

static bool has_line(struct slice lines, struct slice name) {
  struct slice line;
  while (lines.len > 0) {
    if (name_is(line_take(&lines, &line), name)) return true;
  }
  return false;
}

/* ---- to the upstream ---- */

/* A client that speaks a provider's language says which version of it; the rest of our lines is ours to say. */
static bool clients_wins(struct slice name) {
  static const char *const names[] = {"anthropic-version", "anthropic-beta", "openai-beta",
                                      "content-type",      "user-agent",     NULL};
  return is_one_of(name, names);
}

/* A browser cannot set headers of a WebSocket: the key stands among the subprotocols, and stays here. */
static void protocols_append(struct buffer *out, struct slice name, struct slice value) {
  struct buffer kept = {0};
  while (value.len > 0) {
    const char *comma = memchr(value.ptr, ',', value.len);
    struct slice protocol = slice_trim(slice_make(value.ptr, comma ? (size_t)(comma - value.ptr) : value.len));
    value = slice_from(value, comma ? (size_t)(comma - value.ptr) + 1 : value.len);
    if (protocol.len == 0 || starts_with(protocol, "openai-insecure-api-key.")) continue;
    if (kept.len > 0) buffer_append(&kept, ", ", 2);
    buffer_append_slice(&kept, protocol);
  }
  if (kept.len > 0) line_append(out, name, buffer_slice(&kept));
  buffer_free(&kept);
}

static bool request_passes(const struct forward_request *request, const struct http_request *from, struct slice name) {
  if (is_for_us(name) || is_hop_by_hop(name, from->fields, from->field_count)) return false;
  if (!request->upgrade && starts_with(name, "sec-websocket-")) return false;
  return !has_line(request->signs, name) && (!has_line(request->lines, name) || clients_wins(name));
}

static void clients_lines(const struct forward_request *request, const struct http_request *from, struct buffer *out) {
  for (unsigned i = 0; i < from->field_count; i++) {
    struct slice name = from->fields[i].name;
    if (!request_passes(request, from, name)) continue;
    if (name_is(name, SLICE_LITERAL("sec-websocket-protocol"))) {
      protocols_append(out, name, from->fields[i].value);
    } else {
      line_append(out, name, from->fields[i].value);
    }
  }
}

/* The type of a body is the client's alone to say. */
static void own_lines(const struct forward_request *request, const struct http_request *from, struct buffer *out) {
  struct slice lines = request->lines, line;
  while (lines.len > 0) {
    struct slice name = line_take(&lines, &line);
    bool said = clients_wins(name) && field_find(from->fields, from->field_count, name);
    if (said || name_is(name, SLICE_LITERAL("content-type")) || has_line(request->signs, name)) continue;
    buffer_append_slice(out, line);
  }
  buffer_append_slice(out, request->signs);
}

void forward_request_lines(const struct forward *forward, const struct forward_request *request, struct buffer *out) {
  struct exchange *exchange = forward->call->exchange;
  const struct http_request *from = exchange_request(exchange);
  const struct http_field *host = field_find(from->fields, from->field_count, SLICE_LITERAL("host"));
  clients_lines(request, from, out);
  own_lines(request, from, out);
  line_append(out, SLICE_LITERAL("X-Forwarded-For"), exchange_remote(exchange));
  if (host && host->value.len > 0) line_append(out, SLICE_LITERAL("X-Forwarded-Host"), host->value);
  line_append(out, SLICE_LITERAL("X-Forwarded-Proto"), SLICE_LITERAL("http"));
}

static bool has_word(struct slice name, struct slice word) {
  for (size_t i = 0; i + word.len <= name.len; i++) {
    if (name_is(slice_make(name.ptr + i, word.len), word)) return true;
  }
  return false;
}

struct slice forward_secret(struct slice lines) {
  struct slice line;
  while (lines.len > 0) {
    struct slice name = line_take(&lines, &line);
    bool credential = name_is(name, SLICE_LITERAL("authorization")) || has_word(name, SLICE_LITERAL("key")) ||
                      has_word(name, SLICE_LITERAL("token"));
    if (!credential || line.len < name.len + 3) continue;
    struct slice value = slice_trim(slice_make(line.ptr + name.len + 1, line.len - name.len - 3));
    const char *space = value.len ? memrchr(value.ptr, ' ', value.len) : NULL;
    return space ? slice_from(value, (size_t)(space - value.ptr) + 1) : value;
  }
  return (struct slice){0};
}

/* ---- to the client ---- */

static bool secret_append(const struct forward *forward, struct slice *text, struct buffer *out) {
  struct slice secret = forward->secret;
  const char *found =
      secret.len >= SECRET_MIN && text->len > 0 ? memmem(text->ptr, text->len, secret.ptr, secret.len) : NULL;
  if (!found) return false;
  buffer_append(out, text->ptr, (size_t)(found - text->ptr));
  buffer_append_slice(out, SLICE_LITERAL("[REDACTED:GATEWAY_CREDENTIAL]"));
  *text = slice_from(*text, (size_t)(found - text->ptr) + secret.len);
  return true;
}

void forward_scrub(const struct forward *forward, struct slice text, struct buffer *out) {
  struct buffer without = {0};
  while (secret_append(forward, &text, &without)) continue;
  buffer_append_slice(&without, text);
  log_redact(forward->call->worker->log, buffer_slice(&without), out);
  buffer_free(&without);
}

/* What our answers say themselves, and what a provider's site wants of browsers (reliability-rules G40). */
static bool is_ours(struct slice name) {
  static const char *const names[] = {"date",
                                      "server",
                                      "set-cookie",
                                      "alt-svc",
                                      "strict-transport-security",
                                      "x-content-type-options",
                                      "x-frame-options",
                                      "referrer-policy",
                                      "permissions-policy",
                                      "content-security-policy",
                                      "x-gateway-provider",
                                      NULL};
  return is_one_of(name, names) || starts_with(name, "access-control-");
}

static bool describes_body(struct slice name) {
  static const char *const names[] = {"content-encoding", "etag", "content-range", "accept-ranges", "content-md5",
                                      "digest",           NULL};
  return is_one_of(name, names);
}

static bool is_type(struct slice name) {
  return name_is(name, SLICE_LITERAL("content-type"));
}

void forward_answer_lines(const struct forward *forward, bool other_body, bool other_type, struct buffer *out) {
  const struct transfer_response *response = forward->response;
  struct buffer value = {0};
  for (unsigned i = 0; i < response->field_count; i++) {
    const struct http_field *field = &response->fields[i];
    struct slice name = field->name;
    if (is_ours(name) || is_hop_by_hop(name, response->fields, response->field_count)) continue;
    if ((other_body && describes_body(name)) || (other_type && is_type(name))) continue;
    if (call_field_taken(forward->call, name)) continue;
    if (name_is(name, SLICE_LITERAL("x-request-id"))) name = SLICE_LITERAL("X-Upstream-Request-Id");
    buffer_clear(&value);
    forward_scrub(forward, field->value, &value);
    line_append(out, name, buffer_slice(&value));
  }
  buffer_free(&value);
}
