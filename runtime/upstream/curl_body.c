// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "upstream/curl_call.h"

/* A request's body on its way into libcurl, whole or as it comes. */

enum { QUEUE_HIGH = 64 * 1024 };

static size_t left_of(const struct curl_call *call) {
  return call->body.len - call->body_at;
}

static void job_defer(struct curl_call *call) {
  loop_defer(call->transfer.upstream->loop, &call->job);
}

static void phase_change(struct curl_call *call, enum transfer_phase phase) {
  struct transfer *transfer = &call->transfer;
  bool sends = transfer->phase == TRANSFER_SENDING || transfer->phase == TRANSFER_CALM;
  if (sends && !call->head_ready) transfer_wait(transfer, phase);
}

/* Nothing is there yet: libcurl waits until it is told to go on, and no time runs. */
static size_t starve(struct curl_call *call) {
  call->hungry = true;
  phase_change(call, TRANSFER_CALM);
  return CURL_READFUNC_PAUSE;
}

size_t curl_body_read(char *out, size_t size, size_t count, void *user) {
  struct curl_call *call = user;
  size_t left = left_of(call);
  size_t len = size * count < left ? size * count : left;
  if (left == 0 && call->due) return starve(call);
  if (len > 0) memcpy(out, call->body.data + call->body_at, len);
  call->body_at += len;
  call->reading = true;
  if (len == left && !call->due) phase_change(call, TRANSFER_FIRST_BYTE);
  if (len == left && call->full) job_defer(call);
  return len;
}

/* Who refuses a body before its end, or has left, reads no more of it; but libcurl would wait for the rest while none
 * is there. */
static void give_up(struct curl_call *call) {
  call->unread = true;
  call->due = false;
  buffer_clear(&call->body);
  call->body_at = 0;
  curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L);
}

static bool is_refused(const struct curl_call *call) {
  return call->cut || (call->head_ready && call->head.response.status >= 300);
}

void curl_body_cut(CURL *easy) {
  struct curl_call *call = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
  if (!call || !call->hungry || call->finished) return;
  call->cut = true;
  job_defer(call); /* an end that libcurl tells of comes before it */
}

bool curl_body_send(struct transfer *transfer, struct slice bytes, bool last) {
  struct curl_call *call = (struct curl_call *)transfer;
  if (call->unread) return true;
  buffer_consume(&call->body, call->body_at);
  call->body_at = 0;
  buffer_append_slice(&call->body, bytes);
  if (last) call->due = false;
  if (call->hungry) job_defer(call);
  call->full = left_of(call) > call->queue_high;
  return !call->full;
}

bool curl_body_go_on(struct curl_call *call) {
  if (call->due && !call->finished && is_refused(call)) give_up(call);
  if (call->hungry && !call->finished && (left_of(call) > 0 || !call->due)) {
    call->hungry = false;
    phase_change(call, TRANSFER_SENDING);
    curl_easy_pause(call->easy, call->choked ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  }
  if (!call->full || left_of(call) > 0) return true;
  call->full = false;
  return transfer_tell_writable(&call->transfer);
}

void curl_body_set(struct curl_call *call, const struct transfer_request *request) {
  for (unsigned i = 0; i < request->body_count; i++) buffer_append_slice(&call->body, request->body[i]);
  call->due = request->body_streams;
  call->queue_high = request->queue_high ? request->queue_high : QUEUE_HIGH;
  curl_off_t length = (curl_off_t)(call->due ? request->length : call->body.len);
  if (call->due && !request->length_known) length = -1; /* in chunks */
  curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, length);
  curl_easy_setopt(call->easy, CURLOPT_READFUNCTION, curl_body_read);
  curl_easy_setopt(call->easy, CURLOPT_READDATA, call);
}
