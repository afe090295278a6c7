// SPDX-License-Identifier: Apache-2.0
#include "http/framing.h"

#include "http/target.h"

/* Fields that may come once: two of them are two opinions, and somebody in front of us may hold the other one. */
enum single {
  CONTENT_LENGTH,
  TRANSFER_ENCODING,
  HOST,
  EXPECT,
  AUTHORIZATION,
  CONTENT_TYPE,
  CONTENT_ENCODING,
  API_KEY,
  SINGLES,
};

static const struct slice single_names[SINGLES] = {
    [CONTENT_LENGTH] = {"content-length", 14},
    [TRANSFER_ENCODING] = {"transfer-encoding", 17},
    [HOST] = {"host", 4},
    [EXPECT] = {"expect", 6},
    [AUTHORIZATION] = {"authorization", 13},
    [CONTENT_TYPE] = {"content-type", 12},
    [CONTENT_ENCODING] = {"content-encoding", 16},
    [API_KEY] = {"x-api-key", 9},
};

enum likeness { UNLIKE, SAME, SAME_BUT_UNDERSCORE };

/* Compares as the sloppiest hop in front of us might: without case, and `_` taken for `-`. */
static enum likeness name_compare(struct slice name, struct slice single) {
  if (name.len != single.len) return UNLIKE;
  enum likeness likeness = SAME;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    if (c == '_' && single.ptr[i] == '-') {
      likeness = SAME_BUT_UNDERSCORE;
    } else if (c != single.ptr[i] && !(c >= 'A' && c <= 'Z' && c + 32 == single.ptr[i])) {
      return UNLIKE;
    }
  }
  return likeness;
}

static enum http_refusal single_note(const struct http_field *field, const struct http_field **found) {
  for (unsigned i = 0; i < SINGLES; i++) {
    enum likeness likeness = name_compare(field->name, single_names[i]);
    if (likeness == UNLIKE) continue;
    if (likeness == SAME_BUT_UNDERSCORE) return HTTP_BAD_REQUEST;
    if (found[i]) return i <= TRANSFER_ENCODING ? HTTP_AMBIGUOUS_FRAMING : HTTP_BAD_REQUEST;
    found[i] = field;
    return HTTP_ACCEPTED;
  }
  return HTTP_ACCEPTED;
}

static bool coding_known(struct slice coding) {
  static const struct slice known[] = {{"gzip", 4}, {"x-gzip", 6}, {"deflate", 7}, {"compress", 8}, {"x-compress", 10}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (slice_equal_caseless(coding, known[i])) return true;
  }
  return false;
}

/* A list of real codings, maybe with `chunked` as its end, is a coding not served; anything else is ambiguous. */
static enum http_refusal codings_refuse(struct slice value) {
  while (value.len > 0) {
    const char *comma = memchr(value.ptr, ',', value.len);
    struct slice coding = slice_trim(slice_make(value.ptr, comma ? (size_t)(comma - value.ptr) : value.len));
    bool last = !comma;
    if (!coding_known(coding) && !(last && slice_equal_caseless(coding, SLICE_LITERAL("chunked")))) break;
    if (last) return HTTP_CODING_NOT_SUPPORTED;
    value = slice_make(comma + 1, value.len - (size_t)(comma + 1 - value.ptr));
  }
  return HTTP_AMBIGUOUS_FRAMING;
}

static enum http_refusal body_framing(const struct http_field *length, const struct http_field *coding, int minor,
                                      struct http_framing *out) {
  if (length && coding) return HTTP_AMBIGUOUS_FRAMING;
  if (length) {
    out->has_length = field_content_length(length->value, &out->length);
    return out->has_length ? HTTP_ACCEPTED : HTTP_AMBIGUOUS_FRAMING;
  }
  if (!coding) return HTTP_ACCEPTED;
  if (minor == 0) return HTTP_AMBIGUOUS_FRAMING;
  out->chunked = slice_equal_caseless(coding->value, SLICE_LITERAL("chunked"));
  return out->chunked ? HTTP_ACCEPTED : codings_refuse(coding->value);
}

static void connection_options(const struct http_field *fields, unsigned count, int minor, struct http_framing *out) {
  bool close = false, keep = false;
  unsigned seen = 0;
  out->plain_connection = true;
  for (unsigned i = 0; i < count; i++) {
    if (slice_equal_caseless(fields[i].name, SLICE_LITERAL("proxy-connection"))) out->plain_connection = false;
    if (!slice_equal_caseless(fields[i].name, SLICE_LITERAL("connection"))) continue;
    struct slice value = fields[i].value;
    close |= field_list_has(value, SLICE_LITERAL("close"));
    keep |= field_list_has(value, SLICE_LITERAL("keep-alive"));
    bool plain =
        slice_equal_caseless(value, SLICE_LITERAL("close")) || slice_equal_caseless(value, SLICE_LITERAL("keep-alive"));
    if (++seen > 1 || !plain) out->plain_connection = false;
  }
  out->keep_alive = !close && (minor == 1 || keep);
}

static enum http_refusal host_check(const struct http_field *host, int minor, struct http_framing *out) {
  if (!host) return minor == 1 ? HTTP_BAD_REQUEST : HTTP_ACCEPTED;
  out->host = host->value;
  return http_host_valid(host->value) ? HTTP_ACCEPTED : HTTP_BAD_REQUEST;
}

enum http_refusal http_framing_parse(const struct http_field *fields, unsigned count, int minor,
                                     struct http_framing *out) {
  *out = (struct http_framing){0};
  const struct http_field *found[SINGLES] = {0};
  enum http_refusal refusal = HTTP_ACCEPTED;
  for (unsigned i = 0; i < count && !refusal; i++) refusal = single_note(&fields[i], found);
  if (!refusal) refusal = body_framing(found[CONTENT_LENGTH], found[TRANSFER_ENCODING], minor, out);
  if (!refusal) refusal = host_check(found[HOST], minor, out);
  if (refusal) return refusal;
  connection_options(fields, count, minor, out);
  if (!found[EXPECT] || minor == 0) return HTTP_ACCEPTED; /* HTTP/1.0 has no expectations (RFC 9110, 10.1.1) */
  out->expects_continue = slice_equal_caseless(found[EXPECT]->value, SLICE_LITERAL("100-continue"));
  return out->expects_continue ? HTTP_ACCEPTED : HTTP_EXPECTATION_FAILED;
}
