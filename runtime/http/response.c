// SPDX-License-Identifier: Apache-2.0
#include "http/response.h"

#include "base/check.h"
#include "http/service.h"

#define APPEND(out, text) buffer_append(out, "" text, sizeof(text) - 1)

enum { STATUS_MIN = 200 };

static const char *const reason_phrases[] = {
    [200 - STATUS_MIN] = "OK",
    [201 - STATUS_MIN] = "Created",
    [202 - STATUS_MIN] = "Accepted",
    [204 - STATUS_MIN] = "No Content",
    [206 - STATUS_MIN] = "Partial Content",
    [301 - STATUS_MIN] = "Moved Permanently",
    [302 - STATUS_MIN] = "Found",
    [303 - STATUS_MIN] = "See Other",
    [304 - STATUS_MIN] = "Not Modified",
    [307 - STATUS_MIN] = "Temporary Redirect",
    [308 - STATUS_MIN] = "Permanent Redirect",
    [400 - STATUS_MIN] = "Bad Request",
    [401 - STATUS_MIN] = "Unauthorized",
    [402 - STATUS_MIN] = "Payment Required",
    [403 - STATUS_MIN] = "Forbidden",
    [404 - STATUS_MIN] = "Not Found",
    [405 - STATUS_MIN] = "Method Not Allowed",
    [406 - STATUS_MIN] = "Not Acceptable",
    [408 - STATUS_MIN] = "Request Timeout",
    [409 - STATUS_MIN] = "Conflict",
    [410 - STATUS_MIN] = "Gone",
    [411 - STATUS_MIN] = "Length Required",
    [412 - STATUS_MIN] = "Precondition Failed",
    [413 - STATUS_MIN] = "Content Too Large",
    [414 - STATUS_MIN] = "URI Too Long",
    [415 - STATUS_MIN] = "Unsupported Media Type",
    [417 - STATUS_MIN] = "Expectation Failed",
    [422 - STATUS_MIN] = "Unprocessable Content",
    [424 - STATUS_MIN] = "Failed Dependency",
    [428 - STATUS_MIN] = "Precondition Required",
    [429 - STATUS_MIN] = "Too Many Requests",
    [431 - STATUS_MIN] = "Request Header Fields Too Large",
    [500 - STATUS_MIN] = "Internal Server Error",
    [501 - STATUS_MIN] = "Not Implemented",
    [502 - STATUS_MIN] = "Bad Gateway",
    [503 - STATUS_MIN] = "Service Unavailable",
    [504 - STATUS_MIN] = "Gateway Timeout",
    [505 - STATUS_MIN] = "HTTP Version Not Supported",
    [529 - STATUS_MIN] = "Overloaded",
};

static struct slice reason_phrase(int status) {
  int last = (int)(sizeof reason_phrases / sizeof *reason_phrases) + STATUS_MIN - 1;
  if (status == 101) return SLICE_LITERAL("Switching Protocols");
  return slice_text(status >= STATUS_MIN && status <= last ? reason_phrases[status - STATUS_MIN] : NULL);
}

/* Names that say where messages end or what the connection does: ours alone to write. */
static bool is_ours(struct slice name) {
  static const struct slice ours[] = {{"connection", 10},
                                      {"content-length", 14},
                                      {"transfer-encoding", 17},
                                      {"date", 4},
                                      {"keep-alive", 10},
                                      {"upgrade", 7},
                                      {"trailer", 7},
                                      {"te", 2},
                                      {"proxy-connection", 16}};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
    if (slice_equal_caseless(name, ours[i])) return true;
  }
  return false;
}

static void date_refresh(struct http_server *server) {
  struct timespec now;
  REQUIRE(clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0);
  if (now.tv_sec == server->date_second) return;
  struct tm calendar;
  REQUIRE(gmtime_r(&now.tv_sec, &calendar) != NULL);
  size_t len = strftime(server->date, sizeof server->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &calendar);
  REQUIRE(len > 0);
  server->date_len = (unsigned)len;
  server->date_second = now.tv_sec;
}

static void status_line_append(struct buffer *out, int status) {
  APPEND(out, "HTTP/1.1 ");
  buffer_append_decimal(out, status);
  APPEND(out, " ");
  buffer_append_slice(out, reason_phrase(status));
  APPEND(out, "\r\n");
}

static void fields_append(struct buffer *out, const struct http_field *fields, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (is_ours(fields[i].name) || !field_name_valid(fields[i].name) || !field_value_valid(fields[i].value)) continue;
    buffer_append_slice(out, fields[i].name);
    APPEND(out, ": ");
    buffer_append_slice(out, fields[i].value);
    APPEND(out, "\r\n");
  }
}

void http_response_compose(struct http_server *server, const struct http_response *response, struct buffer *out) {
  date_refresh(server);
  buffer_clear(out);
  status_line_append(out, response->status);
  buffer_append(out, server->date, server->date_len);
  fields_append(out, response->fields, response->field_count);
  buffer_append_slice(out, response->prepared);
  if (response->framing == HTTP_BODY_LENGTH) {
    APPEND(out, "Content-Length: ");
    buffer_append_decimal(out, (long long)response->length);
    APPEND(out, "\r\n");
  }
  if (response->framing == HTTP_BODY_CHUNKED) APPEND(out, "Transfer-Encoding: chunked\r\n");
  if (response->close) APPEND(out, "Connection: close\r\n");
  if (response->upgrade) APPEND(out, "Connection: Upgrade\r\n");
  if (response->keep_alive) APPEND(out, "Connection: keep-alive\r\n");
  APPEND(out, "\r\n");
}
