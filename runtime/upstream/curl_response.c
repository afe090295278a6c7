// SPDX-License-Identifier: Apache-2.0
#include "upstream/curl_call.h"
#include "upstream/response.h"

/* libcurl reads responses leniently: every head passes our own scanner and llhttp before anything of it is told. */

static void job_defer(struct curl_call *call) {
  loop_defer(call->transfer.upstream->loop, &call->job);
}

/* HTTP/2 has no status line; libcurl writes one for us, which the scanner is to read as HTTP/1.1's. */
static struct slice line_normal(const struct curl_call *call, struct slice line, struct buffer *head) {
  struct slice version = SLICE_LITERAL("HTTP/2 ");
  if (head->len > 0 || call->transfer.origin->protocol != ORIGIN_HTTP2 || !slice_starts(line, version)) return line;
  buffer_append_slice(head, SLICE_LITERAL("HTTP/1.1 "));
  return slice_from(line, version.len);
}

static bool refuse(struct curl_call *call, const char *code, const char *format) {
  call->refused = true;
  error_set(&call->error, 502, code, "%s %s", call->transfer.origin->name, format);
  return false;
}

/* A head is there: an interim one is counted and dropped. False to stop the call. */
static bool head_use(struct curl_call *call) {
  struct response_parser *parser = &call->transfer.upstream->parser;
  struct slice bytes = buffer_slice(&call->head_lines);
  const char *name = call->transfer.origin->name;
  if (response_head_parse(parser, bytes, call->to_head, name, &call->head, &call->error) < 0) {
    call->refused = true;
    return false;
  }
  int status = call->head.response.status;
  buffer_free(&call->head_lines);
  if (status >= 200) {
    if (call->limit && call->head.response.length > call->limit) {
      return refuse(call, "upstream_too_large", "answered with a body above the limit");
    }
    call->head_ready = true;
    job_defer(call);
    return true;
  }
  response_head_free(&call->head);
  if (status == 101) return refuse(call, "upstream_bad_response", "switched protocols unasked");
  if (++call->interim <= RESPONSE_INTERIM_MAX) return true;
  return refuse(call, "upstream_bad_response", "sent too many interim responses");
}

static bool head_line_take(struct curl_call *call, struct slice line) {
  bool last = line.len > 0 && (line.ptr[0] == '\r' || line.ptr[0] == '\n');
  buffer_append_slice(&call->head_lines, line_normal(call, line, &call->head_lines));
  if (call->head_lines.len > RESPONSE_HEAD_MAX) {
    return refuse(call, "upstream_headers_too_large", "answered with a head above 64 KiB");
  }
  return !last || head_use(call);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user) {
  struct curl_call *call = user;
  size_t len = size * count;
  transfer_wait(&call->transfer, call->transfer.paused ? TRANSFER_CALM : TRANSFER_IDLE);
  if (call->head_ready) return len; /* trailers, which libcurl bounds and we drop */
  return head_line_take(call, slice_make(bytes, len)) ? len : 0;
}

/* Takes all of it or none: none while the owner pauses or is behind. */
static size_t on_body(char *bytes, size_t size, size_t count, void *user) {
  struct curl_call *call = user;
  size_t len = size * count;
  if (call->transfer.paused || call->held.len >= CALL_HELD_MAX) {
    call->choked = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer_wait(&call->transfer, TRANSFER_IDLE);
  call->received += len;
  if (call->limit && call->received > call->limit) {
    refuse(call, "upstream_too_large", "answered with a body above the limit");
    return 0;
  }
  buffer_append(&call->held, bytes, len);
  job_defer(call);
  return len;
}

void curl_response_set(struct curl_call *call) {
  curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
  curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
}
