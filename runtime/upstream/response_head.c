// SPDX-License-Identifier: Apache-2.0
#include "upstream/response_head.h"

#include <stdlib.h>

#include "base/check.h"

static const struct field_limits LIMITS = {RESPONSE_FIELDS_MAX, 256, RESPONSE_VALUE_MAX};

struct scan { /* a head while it is being parsed */
  struct oracle_claim claim;
  bool has_coding, bad_framing, close;
};

void response_parser_init(struct response_parser *parser) {
  oracle_init(&parser->oracle);
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* `HTTP/1.x NNN[ reason]` */
static bool status_line_parse(struct slice line, struct oracle_claim *claim) {
  if (line.len < 12 || !slice_starts(line, SLICE_LITERAL("HTTP/1."))) return false;
  const char *p = line.ptr;
  if ((p[7] != '0' && p[7] != '1') || p[8] != ' ') return false;
  if (!is_digit(p[9]) || !is_digit(p[10]) || !is_digit(p[11])) return false;
  if (line.len > 12 && (p[12] != ' ' || !field_value_valid(slice_from(line, 13)))) return false;
  claim->minor = p[7] - '0';
  claim->status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
  return claim->status >= 100 && claim->status <= 599;
}

/* Notes what a field says about framing and the connection. */
static void field_note(const struct http_field *field, struct scan *scan) {
  switch (field->name.len) {
    case 10:
      if (slice_equal_caseless(field->name, SLICE_LITERAL("connection"))) {
        scan->close |= field_list_has(field->value, SLICE_LITERAL("close"));
      }
      break;
    case 14:
      if (!slice_equal_caseless(field->name, SLICE_LITERAL("content-length"))) break;
      if (scan->claim.has_length || !field_content_length(field->value, &scan->claim.length)) scan->bad_framing = true;
      scan->claim.has_length = true;
      break;
    case 17:
      if (!slice_equal_caseless(field->name, SLICE_LITERAL("transfer-encoding"))) break;
      if (scan->has_coding || !slice_equal_caseless(field->value, SLICE_LITERAL("chunked"))) scan->bad_framing = true;
      scan->has_coding = scan->claim.chunked = true;
      break;
    default:
      break;
  }
}

static void framing_choose(const struct scan *scan, bool to_head, struct response_head *head) {
  const struct oracle_claim *claim = &scan->claim;
  bool bodiless = claim->status < 200 || claim->status == 204 || claim->status == 304;
  if (bodiless || to_head) {
    head->framing = RESPONSE_EMPTY;
  } else if (claim->chunked) {
    head->framing = RESPONSE_CHUNKED;
  } else {
    head->framing = claim->has_length ? RESPONSE_LENGTH : RESPONSE_UNTIL_CLOSE;
  }
  head->keep_alive = claim->minor == 1 && !scan->close && head->framing != RESPONSE_UNTIL_CLOSE;
  head->response.status = claim->status;
  head->response.field_count = claim->fields;
  head->response.length_known = head->framing == RESPONSE_LENGTH || head->framing == RESPONSE_EMPTY;
  head->response.length = head->framing == RESPONSE_LENGTH ? claim->length : 0;
}

/* One block: the fields, then a copy of their lines that they point into. */
static void fields_keep(const struct http_field *fields, struct slice lines, struct response_head *head) {
  size_t table = head->response.field_count * sizeof *fields;
  struct http_field *kept = malloc(table + lines.len);
  REQUIRE(kept != NULL);
  char *text = memcpy((char *)kept + table, lines.ptr, lines.len);
  for (unsigned i = 0; i < head->response.field_count; i++) {
    kept[i].name = slice_make(text + (fields[i].name.ptr - lines.ptr), fields[i].name.len);
    kept[i].value = fields[i].value.len == 0
                        ? slice_make("", 0)
                        : slice_make(text + (fields[i].value.ptr - lines.ptr), fields[i].value.len);
  }
  head->response.fields = kept;
  head->memory = kept;
}

static int fields_refuse(enum field_result result, const char *peer, struct error *error) {
  switch (result) {
    case FIELD_TOO_MANY:
    case FIELD_NAME_TOO_LONG:
    case FIELD_VALUE_TOO_LONG:
      return error_set(error, 502, "upstream_headers_too_large", "%s answered with header fields above the limits",
                       peer);
    default:
      return error_set(error, 502, "upstream_bad_response", "%s answered with a malformed header field", peer);
  }
}

static int scan_check(const struct scan *scan, struct oracle *oracle, struct slice bytes, const char *peer,
                      struct error *error) {
  const struct oracle_claim *claim = &scan->claim;
  bool both = scan->has_coding && claim->has_length;
  bool forbidden = scan->has_coding && (claim->minor == 0 || claim->status < 200 || claim->status == 204);
  if (scan->bad_framing || both || forbidden) {
    return error_set(error, 502, "upstream_bad_framing", "%s answered with ambiguous framing of the body", peer);
  }
  if (oracle_agrees(oracle, bytes, claim)) return 0;
  return error_set(error, 502, "upstream_bad_response", "%s answered with a head that two parsers read differently",
                   peer);
}

int response_head_parse(struct response_parser *parser, struct slice bytes, bool to_head, const char *peer,
                        struct response_head *head, struct error *error) {
  if (bytes.len > RESPONSE_HEAD_MAX) {
    return error_set(error, 502, "upstream_headers_too_large", "%s answered with a head above 64 KiB", peer);
  }
  const char *end = memchr(bytes.ptr, '\n', bytes.len);
  size_t line = end && end > bytes.ptr && end[-1] == '\r' ? (size_t)(end - bytes.ptr) - 1 : 0;
  struct scan scan = {0};
  if (!status_line_parse(slice_make(bytes.ptr, line), &scan.claim)) {
    return error_set(error, 502, "upstream_bad_response", "%s answered with something that is not HTTP/1.1", peer);
  }
  struct slice lines = slice_from(bytes, line + 2);
  enum field_result result = field_lines_parse(lines, &LIMITS, parser->fields, &scan.claim.fields);
  if (result != FIELD_OK) return fields_refuse(result, peer, error);
  for (unsigned i = 0; i < scan.claim.fields; i++) field_note(&parser->fields[i], &scan);
  if (scan_check(&scan, &parser->oracle, bytes, peer, error) < 0) return -1;
  framing_choose(&scan, to_head, head);
  fields_keep(parser->fields, lines, head);
  return 0;
}

bool response_head_plausible(struct slice bytes, size_t from) {
  static const char start[] = "HTTP/1.";
  for (size_t i = from; i < bytes.len; i++) {
    if (i < sizeof start - 1 && bytes.ptr[i] != start[i]) return false;
    bool after_cr = i > 0 && bytes.ptr[i - 1] == '\r';
    if ((bytes.ptr[i] == '\n') != after_cr) return false;
  }
  return true;
}

void response_head_free(struct response_head *head) {
  free(head->memory);
  head->memory = NULL;
}
