// SPDX-License-Identifier: Apache-2.0
#include "upstream/oracle.h"

static int on_field(llhttp_t *parser) {
  struct oracle *oracle = parser->data;
  oracle->fields++;
  return HPE_OK;
}

static int on_head(llhttp_t *parser) {
  (void)parser;
  return HPE_PAUSED; /* the body is not its business */
}

void oracle_init(struct oracle *oracle) {
  llhttp_settings_init(&oracle->settings);
  oracle->settings.on_header_field_complete = on_field;
  oracle->settings.on_headers_complete = on_head;
  llhttp_init(&oracle->parser, HTTP_RESPONSE, &oracle->settings);
  oracle->parser.data = oracle;
  oracle->fields = 0;
}

bool oracle_agrees(struct oracle *oracle, struct slice head, const struct oracle_claim *claim) {
  llhttp_t *parser = &oracle->parser;
  llhttp_reset(parser);
  oracle->fields = 0;
  if (llhttp_execute(parser, head.ptr, head.len) != HPE_PAUSED) return false;
  bool chunked = parser->flags & F_CHUNKED;
  bool has_length = parser->flags & F_CONTENT_LENGTH;
  return llhttp_get_error_pos(parser) == head.ptr + head.len && parser->status_code == claim->status &&
         parser->http_major == 1 && parser->http_minor == claim->minor && oracle->fields == claim->fields &&
         chunked == claim->chunked && has_length == claim->has_length &&
         (!has_length || parser->content_length == claim->length);
}
