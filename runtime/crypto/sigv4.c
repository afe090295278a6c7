// SPDX-License-Identifier: Apache-2.0
#include "crypto/sigv4.h"

#include <stdlib.h>
#include <time.h>

#include "crypto/digest.h"

/* Two texts of which the first is the key of order, then the second. */
struct pair {
  struct slice name, value;
};

static int slice_order(struct slice a, struct slice b) {
  size_t common = a.len < b.len ? a.len : b.len;
  int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int pair_order(const void *left, const void *right) {
  const struct pair *a = left, *b = right;
  int order = slice_order(a->name, b->name);
  return order ? order : slice_order(a->value, b->value);
}

static void buffer_text(struct buffer *out, const char *text) {
  buffer_append_slice(out, slice_text(text));
}

static void buffer_hex(struct buffer *out, const struct digest *digest) {
  char text[DIGEST_HEX_SIZE];
  digest_hex(digest, text);
  buffer_append(out, text, sizeof text);
}

/* ---- percent encoding ---- */

static bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

static void byte_encode(struct buffer *out, char c) {
  static const char digits[] = "0123456789ABCDEF";
  unsigned char byte = (unsigned char)c;
  char code[3] = {'%', digits[byte >> 4], digits[byte & 15]};
  if (is_plain(c))
    buffer_append(out, &c, 1);
  else
    buffer_append(out, code, sizeof code);
}

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands at the front of wire text, in one spelling. Returns the rest. */
static struct slice wire_recode(struct buffer *out, struct slice text) {
  int high = text.len > 2 && text.ptr[0] == '%' ? digit_of(text.ptr[1]) : -1;
  int low = high >= 0 ? digit_of(text.ptr[2]) : -1;
  byte_encode(out, low >= 0 ? (char)(high << 4 | low) : text.ptr[0]);
  return slice_from(text, low >= 0 ? 3 : 1);
}

/* ---- the canonical request ---- */

static void path_append(struct buffer *out, struct slice path) {
  if (path.len == 0) buffer_text(out, "/");
  for (size_t i = 0; i < path.len; i++) {
    if (path.ptr[i] == '/')
      buffer_text(out, "/");
    else
      byte_encode(out, path.ptr[i]);
  }
}

static struct slice recoded(struct arena *arena, struct slice text) {
  struct buffer out = {0};
  while (text.len > 0) text = wire_recode(&out, text);
  struct slice copy = arena_copy(arena, buffer_slice(&out));
  buffer_free(&out);
  return copy;
}

static struct slice cut_at(struct slice text, char mark, struct slice *rest) {
  const char *found = text.len ? memchr(text.ptr, mark, text.len) : NULL;
  size_t len = found ? (size_t)(found - text.ptr) : text.len;
  *rest = slice_from(text, found ? len + 1 : len);
  return slice_make(text.ptr, len);
}

static int query_append(struct buffer *out, struct slice query, struct arena *arena) {
  struct pair pairs[SIGV4_HEADERS_MAX];
  size_t count = 0;
  while (query.len > 0) {
    struct slice value, parameter = cut_at(query, '&', &query);
    struct slice name = cut_at(parameter, '=', &value);
    if (parameter.len == 0) continue;
    if (count == SIGV4_HEADERS_MAX) return -1;
    pairs[count++] = (struct pair){recoded(arena, name), recoded(arena, value)};
  }
  qsort(pairs, count, sizeof *pairs, pair_order);
  for (size_t i = 0; i < count; i++) {
    if (i > 0) buffer_text(out, "&");
    buffer_append_slice(out, pairs[i].name);
    buffer_text(out, "=");
    buffer_append_slice(out, pairs[i].value);
  }
  return 0;
}

/* What proxies and the transport change, and what is added here itself. */
static bool is_unsigned(struct slice name) {
  static const char *const names[] = {"authorization", "connection",        "content-length",
                                      "expect",        "keep-alive",        "te",
                                      "trailer",       "transfer-encoding", "upgrade",
                                      "user-agent",    "x-amzn-trace-id",   "host",
                                      "x-amz-date",    "accept-encoding",   "x-amz-security-token"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (slice_equal_caseless(name, slice_text(names[i]))) return true;
  }
  return name.len >= 6 && slice_equal_caseless(slice_make(name.ptr, 6), SLICE_LITERAL("proxy-"));
}

static struct slice lower(struct arena *arena, struct slice name) {
  char *copy = arena_alloc(arena, name.len + 1);
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    copy[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
  return slice_make(copy, name.len);
}

/* Trimmed, runs of blanks as one. */
static void value_append(struct buffer *out, struct slice value) {
  value = slice_trim(value);
  for (size_t i = 0; i < value.len; i++) {
    bool blank = value.ptr[i] == ' ' || value.ptr[i] == '\t';
    if (blank && (value.ptr[i - 1] == ' ' || value.ptr[i - 1] == '\t')) continue;
    buffer_append(out, blank ? " " : &value.ptr[i], 1);
  }
}

struct signing {
  const struct sigv4_request *request;
  struct arena *arena;
  struct sigv4_signature *out;
  struct pair headers[SIGV4_HEADERS_MAX + 3];
  size_t count;
};

static void header_add(struct signing *signing, struct slice name, struct slice value) {
  signing->headers[signing->count++] = (struct pair){lower(signing->arena, name), value};
}

static int headers_collect(struct signing *signing) {
  const struct sigv4_request *request = signing->request;
  if (request->header_count > SIGV4_HEADERS_MAX) return -1;
  header_add(signing, SLICE_LITERAL("host"), request->host);
  header_add(signing, SLICE_LITERAL("x-amz-date"), slice_make(signing->out->date, SIGV4_DATE_SIZE));
  if (request->session_token.len > 0) {
    header_add(signing, SLICE_LITERAL("x-amz-security-token"), request->session_token);
  }
  for (size_t i = 0; i < request->header_count; i++) {
    const struct sigv4_header *header = &request->headers[i];
    if (!is_unsigned(header->name)) header_add(signing, header->name, header->value);
  }
  qsort(signing->headers, signing->count, sizeof *signing->headers, pair_order);
  return 0;
}

static void headers_append(struct buffer *out, const struct signing *signing) {
  for (size_t i = 0; i < signing->count; i++) {
    buffer_append_slice(out, signing->headers[i].name);
    buffer_text(out, ":");
    value_append(out, signing->headers[i].value);
    buffer_text(out, "\n");
  }
}

static void names_append(struct buffer *out, const struct signing *signing) {
  for (size_t i = 0; i < signing->count; i++) {
    if (i > 0) buffer_text(out, ";");
    buffer_append_slice(out, signing->headers[i].name);
  }
}

static int canonical_append(struct buffer *out, const struct signing *signing) {
  const struct sigv4_request *request = signing->request;
  struct slice query, path = cut_at(request->path, '?', &query);
  struct digest body;
  buffer_append_slice(out, request->method);
  buffer_text(out, "\n");
  path_append(out, path);
  buffer_text(out, "\n");
  if (query_append(out, query, signing->arena) < 0) return -1;
  buffer_text(out, "\n");
  headers_append(out, signing);
  buffer_text(out, "\n");
  names_append(out, signing);
  buffer_text(out, "\n");
  digest_sha256(request->body, &body);
  buffer_hex(out, &body);
  return 0;
}

/* ---- the signature ---- */

static int hmac(struct slice secret, struct slice bytes, struct digest *out) {
  struct digest_key *key = digest_key_open(secret);
  if (!key) return -1;
  digest_hmac(key, bytes, out);
  digest_key_close(key);
  return 0;
}

static struct slice digest_slice(const struct digest *digest) {
  return slice_make((const char *)digest->bytes, DIGEST_SIZE);
}

/* The secret, then date, region, service and the version's name, each the key of the next. */
static int signing_key(const struct signing *signing, struct digest *key) {
  const struct sigv4_request *request = signing->request;
  struct slice steps[] = {slice_make(signing->out->date, 8), request->region, request->service,
                          SLICE_LITERAL("aws4_request")};
  struct buffer secret = {0};
  buffer_text(&secret, "AWS4");
  buffer_append_slice(&secret, request->secret_key);
  int result = hmac(buffer_slice(&secret), steps[0], key);
  if (secret.data) explicit_bzero(secret.data, secret.len);
  buffer_free(&secret);
  for (size_t i = 1; i < sizeof steps / sizeof *steps && result == 0; i++) {
    struct digest last = *key;
    result = hmac(digest_slice(&last), steps[i], key);
  }
  return result;
}

static void scope_append(struct buffer *out, const struct signing *signing) {
  buffer_append(out, signing->out->date, 8);
  buffer_text(out, "/");
  buffer_append_slice(out, signing->request->region);
  buffer_text(out, "/");
  buffer_append_slice(out, signing->request->service);
  buffer_text(out, "/aws4_request");
}

static int signature_make(const struct signing *signing, struct digest *signature) {
  struct buffer text = {0};
  struct digest hash, key;
  digest_sha256(signing->out->canonical, &hash);
  buffer_append_format(&text, "AWS4-HMAC-SHA256\n%s\n", signing->out->date);
  scope_append(&text, signing);
  buffer_text(&text, "\n");
  buffer_hex(&text, &hash);
  int result = signing_key(signing, &key);
  if (result == 0) result = hmac(digest_slice(&key), buffer_slice(&text), signature);
  explicit_bzero(&key, sizeof key);
  buffer_free(&text);
  return result;
}

static void authorization_make(const struct signing *signing, const struct digest *signature) {
  struct buffer text = {0};
  buffer_text(&text, "AWS4-HMAC-SHA256 Credential=");
  buffer_append_slice(&text, signing->request->access_key);
  buffer_text(&text, "/");
  scope_append(&text, signing);
  buffer_text(&text, ", SignedHeaders=");
  names_append(&text, signing);
  buffer_text(&text, ", Signature=");
  buffer_hex(&text, signature);
  signing->out->authorization = arena_copy(signing->arena, buffer_slice(&text));
  buffer_free(&text);
}

int sigv4_sign(const struct sigv4_request *request, struct arena *arena, struct sigv4_signature *out) {
  struct signing signing = {.request = request, .arena = arena, .out = out};
  struct buffer canonical = {0};
  struct digest signature;
  struct tm broken;
  time_t seconds = (time_t)request->time;
  *out = (struct sigv4_signature){0};
  if (!gmtime_r(&seconds, &broken) || strftime(out->date, sizeof out->date, "%Y%m%dT%H%M%SZ", &broken) == 0) return -1;
  if (headers_collect(&signing) < 0) return -1;
  int result = canonical_append(&canonical, &signing);
  out->canonical = arena_copy(arena, buffer_slice(&canonical));
  buffer_free(&canonical);
  if (result < 0 || signature_make(&signing, &signature) < 0) return -1;
  authorization_make(&signing, &signature);
  return 0;
}
