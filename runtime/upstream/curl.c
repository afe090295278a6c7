// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "tls/tls.h"
#include "upstream/curl_call.h"

static struct curl_lane *lane_open(struct upstream *upstream) {
  struct curl_lane *lane = calloc(1, sizeof *lane);
  REQUIRE(lane != NULL);
  lane->upstream = upstream;
  list_init(&lane->groups);
  tls_library_init();
  REQUIRE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  return lane;
}

void curl_lane_close_idle(struct curl_lane *lane) {
  for (struct list *node = lane->groups.next; node != &lane->groups;) {
    struct curl_group *group = LIST_OWNER(node, struct curl_group, node);
    node = node->next;
    if (group->calls == 0) curl_group_close(group);
  }
}

void curl_lane_close(struct curl_lane *lane) {
  curl_lane_close_idle(lane);
  REQUIRE(list_empty(&lane->groups));
  curl_global_cleanup();
  free(lane);
}

/* Tells the owner what the callbacks noted. */
static void on_job(struct loop_job *job) {
  struct curl_call *call = LIST_OWNER(job, struct curl_call, job);
  struct transfer *transfer = &call->transfer;
  if (!curl_body_go_on(call)) return;
  if (call->head_ready && !call->head_told) {
    call->head_told = true;
    if (!transfer_tell_head(transfer, &call->head.response)) return;
  }
  if (call->held.len > 0 && !transfer->paused) {
    struct buffer held = call->held;
    call->held = (struct buffer){0};
    bool alive = transfer_tell_body(transfer, buffer_slice(&held));
    buffer_free(&held);
    if (!alive) return;
  }
  if (transfer->paused) return;
  if (call->finished) {
    struct error error;
    int status = curl_call_verdict(call, &error);
    transfer_finish(transfer, status < 0 ? &error : NULL);
  } else if (call->choked) {
    call->choked = false;
    curl_easy_pause(call->easy, call->hungry
                                    ? CURLPAUSE_SEND
                                    : CURLPAUSE_CONT); /* calls on_body from inside; it puts off this job again */
  }
}

static void curl_pause(struct transfer *transfer) {
  if (((struct curl_call *)transfer)->head_ready) transfer_wait(transfer, TRANSFER_CALM);
}

static void curl_resume(struct transfer *transfer) {
  struct curl_call *call = (struct curl_call *)transfer;
  if (!call->head_ready) return;
  transfer_wait(transfer, TRANSFER_IDLE);
  loop_defer(transfer->upstream->loop, &call->job);
}

static bool curl_stalled(struct transfer *transfer) {
  struct curl_call *call = (struct curl_call *)transfer;
  bool moved = call->reading;
  call->reading = false;
  return !moved;
}

static void curl_stop(struct transfer *transfer) {
  struct curl_call *call = (struct curl_call *)transfer;
  curl_group_leave(call);
  loop_job_cancel(&call->job);
  curl_easy_cleanup(call->easy);
  curl_slist_free_all(call->lines);
  call->easy = NULL;
  call->lines = NULL;
  buffer_free(&call->body);
  buffer_free(&call->head_lines);
  buffer_free(&call->held);
}

static void curl_free_call(struct transfer *transfer) {
  struct curl_call *call = (struct curl_call *)transfer;
  response_head_free(&call->head);
  free(call);
}

static const struct transfer_lane LANE = {.pause = curl_pause,
                                          .resume = curl_resume,
                                          .stalled = curl_stalled,
                                          .stop = curl_stop,
                                          .free = curl_free_call,
                                          .send = curl_body_send};

struct transfer *curl_start(const struct transfer_setup *setup) {
  struct upstream *upstream = setup->upstream;
  if (!upstream->curl) upstream->curl = lane_open(upstream);
  struct curl_call *call = calloc(1, sizeof *call);
  REQUIRE(call != NULL);
  transfer_init(&call->transfer, &LANE, setup);
  loop_job_init(&call->job, on_job);
  call->limit = setup->request->body_limit;
  call->to_head = slice_equal(setup->request->method, SLICE_LITERAL("HEAD"));
  call->easy = curl_easy_init();
  REQUIRE(call->easy != NULL);
  curl_request_set(call, setup->request);
  curl_response_set(call);
  transfer_wait(&call->transfer, TRANSFER_RESOLVING);
  curl_group_join(upstream->curl, call);
  return &call->transfer;
}
