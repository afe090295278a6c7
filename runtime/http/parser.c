// SPDX-License-Identifier: Apache-2.0
#include "http/parser.h"

#include <llhttp.h>
#include <stdlib.h>

#include "base/check.h"

struct http_parser {
  llhttp_t llhttp; /* its `data` is this */
  llhttp_settings_t settings;
  struct slice target;
  unsigned fields;
};

static int on_url(llhttp_t *llhttp, const char *at, size_t len) {
  struct http_parser *parser = llhttp->data;
  if (!parser->target.ptr) parser->target.ptr = at;
  parser->target.len += len;
  return 0;
}

static int on_field(llhttp_t *llhttp) {
  struct http_parser *parser = llhttp->data;
  parser->fields++;
  return 0;
}

static int on_headers(llhttp_t *llhttp) {
  (void)llhttp;
  return HPE_PAUSED;
}

struct http_parser *http_parser_open(void) {
  struct http_parser *parser = calloc(1, sizeof *parser);
  REQUIRE(parser != NULL);
  llhttp_settings_init(&parser->settings);
  parser->settings.on_url = on_url;
  parser->settings.on_header_value_complete = on_field;
  parser->settings.on_headers_complete = on_headers;
  return parser;
}

void http_parser_close(struct http_parser *parser) {
  free(parser);
}

static bool framing_agrees(const llhttp_t *llhttp, const struct http_framing *framing) {
  bool has_length = (llhttp->flags & F_CONTENT_LENGTH) != 0;
  bool chunked = (llhttp->flags & F_CHUNKED) != 0;
  bool coded = (llhttp->flags & F_TRANSFER_ENCODING) != 0;
  if (has_length != framing->has_length || chunked != framing->chunked || coded != framing->chunked) return false;
  if (has_length && llhttp->content_length != framing->length) return false;
  /* One way only: llhttp takes `close<HTAB>` for no `close`; closing where it would not is the safe side. */
  return !framing->plain_connection || !framing->keep_alive || llhttp_should_keep_alive(llhttp);
}

bool http_parser_agrees(struct http_parser *parser, struct slice bytes, const struct http_head *head) {
  llhttp_t *llhttp = &parser->llhttp;
  llhttp_init(llhttp, HTTP_REQUEST, &parser->settings);
  llhttp->data = parser;
  parser->target = (struct slice){0};
  parser->fields = 0;
  if (llhttp_execute(llhttp, bytes.ptr, bytes.len) != HPE_PAUSED) return false;
  if (llhttp_get_error_pos(llhttp) != bytes.ptr + bytes.len) return false;
  struct slice method = slice_text(llhttp_method_name((llhttp_method_t)llhttp->method));
  return slice_equal(method, head->request.method) && slice_equal(parser->target, head->target) &&
         llhttp->http_major == 1 && llhttp->http_minor == head->request.minor &&
         parser->fields == head->request.field_count && framing_agrees(llhttp, &head->framing);
}
