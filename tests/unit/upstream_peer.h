// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "base/buffer.h"
#include "base/check.h"
#include "codec/field.h"
#include "loop/loop.h"
#include "upstream/upstream.h"

/* A scripted server and a caller that notes what it is told, both on the test's own loop. */

struct peer;

struct guest { /* one accepted connection; owned by the loop */
  uv_tcp_t tcp;
  struct peer *peer; /* null once the peer is closed */
  struct list node;
  struct buffer in;
  unsigned number;   /* 1 for the first connection */
  unsigned requests; /* whole requests that came on it */
  bool deaf;         /* does not look for requests */
  bool closing;
};

struct peer {
  struct loop *loop;
  uv_tcp_t listener;
  unsigned port;
  void (*answer)(struct guest *guest);    /* a whole request is there: peer->last */
  void (*accepting)(struct guest *guest); /* may be null */
  struct slice reply;                     /* what peer_reply says */
  struct buffer last;                     /* the latest request */
  struct list guests;
  unsigned accepted, requests, gone; /* gone: connections that the other side closed */
  void *user;
};

static inline void guest_closed(uv_handle_t *handle) {
  struct guest *guest = handle->data;
  buffer_free(&guest->in);
  free(guest);
}

static inline void guest_leave(struct guest *guest) {
  guest->closing = true;
  list_remove(&guest->node);
}

static inline void guest_close(struct guest *guest) {
  if (guest->closing) return;
  guest_leave(guest);
  uv_close((uv_handle_t *)&guest->tcp, guest_closed);
}

static inline void guest_reset(struct guest *guest) {
  if (guest->closing) return;
  guest_leave(guest);
  uv_tcp_close_reset(&guest->tcp, guest_closed);
}

static inline void guest_written(uv_write_t *req, int status) {
  (void)status;
  free(req->data);
  free(req);
}

static inline void guest_say(struct guest *guest, struct slice bytes) {
  if (bytes.len == 0) return;
  uv_write_t *req = malloc(sizeof *req);
  req->data = malloc(bytes.len);
  memcpy(req->data, bytes.ptr, bytes.len);
  uv_buf_t buf = uv_buf_init(req->data, (unsigned)bytes.len);
  REQUIRE(uv_write(req, (uv_stream_t *)&guest->tcp, &buf, 1, guest_written) == 0);
}

static inline void guest_say_text(struct guest *guest, const char *text) {
  guest_say(guest, slice_text(text));
}

/* Length of the request at the front of what came; 0 when it is not whole. */
static inline size_t guest_request(const struct guest *guest) {
  size_t scanned = 0;
  struct slice in = buffer_slice(&guest->in);
  size_t head = field_head_length(in, &scanned);
  if (!head) return 0;
  const char *length = memmem(in.ptr, head, "Content-Length: ", 16);
  size_t whole = head + (length ? strtoul(length + 16, NULL, 10) : 0);
  return in.len >= whole ? whole : 0;
}

static inline void guest_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  struct guest *guest = stream->data;
  struct peer *peer = guest->peer;
  if (nread < 0) {
    if (peer) peer->gone++;
    guest_close(guest);
    return;
  }
  buffer_append(&guest->in, buf->base, (size_t)nread);
  size_t len;
  while (!guest->closing && !guest->deaf && (len = guest_request(guest)) > 0) {
    buffer_clear(&peer->last);
    buffer_append(&peer->last, guest->in.data, len);
    buffer_consume(&guest->in, len);
    peer->requests++;
    guest->requests++;
    peer->answer(guest);
  }
}

static inline void peer_accept(uv_stream_t *listener, int status) {
  struct peer *peer = listener->data;
  REQUIRE(status == 0);
  struct guest *guest = calloc(1, sizeof *guest);
  guest->peer = peer;
  guest->number = ++peer->accepted;
  guest->tcp.data = guest;
  list_push_back(&peer->guests, &guest->node);
  uv_tcp_init(listener->loop, &guest->tcp);
  REQUIRE(uv_accept(listener, (uv_stream_t *)&guest->tcp) == 0);
  uv_tcp_nodelay(&guest->tcp, 1);
  uv_read_start((uv_stream_t *)&guest->tcp, loop_read_alloc, guest_read);
  if (peer->accepting) peer->accepting(guest);
}

/* Says peer->reply to every request. */
static inline void peer_reply(struct guest *guest) {
  guest_say(guest, guest->peer->reply);
}

/* Listens on 127.0.0.1 (or another address), on a port of its own when `port` is 0. */
static inline int peer_open_at(struct peer *peer, struct loop *loop, const char *ip, unsigned port) {
  *peer = (struct peer){.loop = loop, .answer = peer_reply};
  list_init(&peer->guests);
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address = {0};
  int size = sizeof address;
  if (strchr(ip, ':')) {
    uv_ip6_addr(ip, (int)port, &address.v6);
  } else {
    uv_ip4_addr(ip, (int)port, &address.v4);
  }
  uv_tcp_init(&loop->uv, &peer->listener);
  peer->listener.data = peer;
  int status = uv_tcp_bind(&peer->listener, &address.any, 0);
  if (status == 0) status = uv_listen((uv_stream_t *)&peer->listener, 4096, peer_accept);
  uv_tcp_getsockname(&peer->listener, &address.any, &size);
  peer->port = ntohs(address.v4.sin_port);
  return status;
}

static inline void peer_open(struct peer *peer, struct loop *loop) {
  REQUIRE(peer_open_at(peer, loop, "127.0.0.1", 0) == 0);
}

static inline void peer_close(struct peer *peer) {
  while (!list_empty(&peer->guests)) {
    struct guest *guest = LIST_OWNER(peer->guests.next, struct guest, node);
    guest->peer = NULL;
    guest_close(guest);
  }
  buffer_free(&peer->last);
  uv_close((uv_handle_t *)&peer->listener, NULL);
}

/* One call and what its owner was told. */
struct visit {
  struct transfer *transfer; /* owned; null once freed */
  int status;
  unsigned field_count;
  struct buffer body;
  unsigned bodies; /* events */
  unsigned writables;
  bool writable; /* what was sent has left */
  bool done, failed, starting;
  struct error error;
  bool untouched, unsent;
  bool cancel_at_head, cancel_at_body, pause_at_head, pause_at_body;
  struct visit *after; /* counts down towards 0 for a group of visits */
  unsigned left;
};

static inline void visit_forget(struct visit *visit) {
  if (visit->transfer) transfer_free(visit->transfer);
  visit->transfer = NULL;
}

static inline void visit_head(struct transfer *transfer, void *owner, const struct transfer_response *response) {
  struct visit *visit = owner;
  assert_false(visit->starting);
  assert_int_equal(visit->status, 0);
  visit->status = response->status;
  visit->field_count = response->field_count;
  if (visit->pause_at_head) transfer_pause(transfer);
  if (!visit->cancel_at_head) return;
  transfer_cancel(transfer);
  visit->transfer = NULL;
}

static inline void visit_body(struct transfer *transfer, void *owner, struct slice bytes) {
  struct visit *visit = owner;
  assert_false(visit->starting);
  assert_false(visit->done);
  buffer_append_slice(&visit->body, bytes);
  visit->bodies++;
  if (visit->pause_at_body) transfer_pause(transfer);
  if (!visit->cancel_at_body) return;
  transfer_cancel(transfer);
  visit->transfer = NULL;
}

static inline void visit_done(struct transfer *transfer, void *owner, const struct error *error) {
  struct visit *visit = owner;
  assert_false(visit->starting);
  assert_false(visit->done);
  visit->done = true;
  visit->failed = error != NULL;
  if (error) visit->error = *error;
  visit->untouched = transfer_untouched(transfer);
  visit->unsent = transfer_unsent(transfer);
  visit_forget(visit);
  if (visit->after) visit->after->left--;
}

static inline void visit_writable(struct transfer *transfer, void *owner) {
  struct visit *visit = owner;
  assert_ptr_equal(visit->transfer, transfer);
  assert_false(visit->done);
  visit->writables++;
  visit->writable = true;
}

static const struct transfer_events VISIT_EVENTS = {
    .head = visit_head, .body = visit_body, .done = visit_done, .writable = visit_writable};

/* Everything of one test. */
struct stage {
  struct loop loop;
  struct peer peer;
  struct upstream *upstream;
  struct origin *origin; /* the peer's */
  struct upstream_options options;
  struct transfer_timeouts timeouts;
  uint64_t body_limit;
};

static inline struct origin *stage_origin(struct stage *stage, const char *url) {
  struct error error;
  struct origin_options options = {.url = slice_text(url)};
  struct origin *origin = origin_get(stage->upstream, &options, &error);
  if (!origin) fail_msg("%s: %s", url, error.message);
  return origin;
}

static inline void stage_open_with(struct stage *stage, const struct upstream_options *options) {
  struct error error;
  char url[64];
  signal(SIGPIPE, SIG_IGN); /* as every process of ours does */
  *stage = (struct stage){.options = *options, .timeouts = {3000, 3000, 3000, 10000}};
  assert_int_equal(loop_open(&stage->loop), 0);
  peer_open(&stage->peer, &stage->loop);
  stage->upstream = upstream_open(&stage->loop, options, &error);
  assert_non_null(stage->upstream);
  snprintf(url, sizeof url, "http://127.0.0.1:%u", stage->peer.port);
  stage->origin = stage_origin(stage, url);
}

static const struct upstream_options STAGE_OPTIONS = {
    .pool_idle_ms = 60000, .pool_age_ms = 600000, .pool_idle_max = 4096, .dns_timeout_ms = 2000, .dns_cache_ms = 30000};

static inline void stage_open(struct stage *stage) {
  stage_open_with(stage, &STAGE_OPTIONS);
}

/* No handle of ours may be left. */
static inline void stage_close(struct stage *stage) {
  if (stage->upstream) upstream_close(stage->upstream);
  peer_close(&stage->peer);
  assert_int_equal(loop_close(&stage->loop), 0);
}

static inline struct upstream_stats stage_stats(const struct stage *stage) {
  struct upstream_stats stats;
  upstream_stats(stage->upstream, &stats);
  return stats;
}

enum { LOOK_MS = 5 }; /* a flag that is raised before the loop waits for something else is seen that soon */

static inline void guard_fired(uv_timer_t *timer) {
  (void)timer;
}

static inline void guard_closed(uv_handle_t *handle) {
  free(handle);
}

/* Turns the loop for `ms` milliseconds, or until `*flag` when there is one. False when the flag did not come. */
static inline bool stage_run(struct stage *stage, unsigned ms, const bool *flag) {
  uv_timer_t *guard = malloc(sizeof *guard);
  uv_timer_init(&stage->loop.uv, guard);
  uv_update_time(&stage->loop.uv);
  uint64_t end = uv_now(&stage->loop.uv) + ms;
  uv_timer_start(guard, guard_fired, ms < LOOK_MS ? ms : LOOK_MS, LOOK_MS);
  while (uv_now(&stage->loop.uv) < end && !(flag && *flag)) uv_run(&stage->loop.uv, UV_RUN_ONCE);
  uv_close((uv_handle_t *)guard, guard_closed);
  uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
  return !flag || *flag;
}

static inline struct transfer_request stage_request(struct stage *stage, const char *method, const char *target) {
  return (struct transfer_request){
      .origin = stage->origin,
      .method = slice_text(method),
      .target = slice_text(target),
      .timeouts = stage->timeouts,
      .body_limit = stage->body_limit,
  };
}

static inline void visit_start(struct stage *stage, struct visit *visit, const struct transfer_request *request) {
  struct error error;
  visit->starting = true;
  if (transfer_start(stage->upstream, request, &VISIT_EVENTS, visit, &visit->transfer, &error) < 0) {
    fail_msg("%s", error.message);
  }
  visit->starting = false;
}

static inline void visit_get(struct stage *stage, struct visit *visit) {
  struct transfer_request request = stage_request(stage, "GET", "/");
  visit_start(stage, visit, &request);
}

static inline void visit_post(struct stage *stage, struct visit *visit, struct slice body) {
  struct transfer_request request = stage_request(stage, "POST", "/v1/x");
  request.has_body = true;
  request.body = &body;
  request.body_count = 1;
  visit_start(stage, visit, &request);
}

static inline void visit_wait(struct stage *stage, struct visit *visit) {
  if (!stage_run(stage, 8000, &visit->done)) fail_msg("the call did not end");
}

static inline void visit_expect(struct visit *visit, int status, const char *body) {
  if (visit->failed) fail_msg("%s: %s", visit->error.code, visit->error.message);
  assert_int_equal(visit->status, status);
  assert_int_equal(visit->body.len, strlen(body));
  if (visit->body.len) assert_memory_equal(visit->body.data, body, visit->body.len);
  buffer_free(&visit->body);
}

static inline void visit_expect_error(struct visit *visit, const char *code, int status) {
  assert_true(visit->done);
  assert_true(visit->failed);
  if (strcmp(visit->error.code, code) != 0) {
    fail_msg("expected %s, got %s: %s", code, visit->error.code, visit->error.message);
  }
  assert_int_equal(visit->error.status, status);
  buffer_free(&visit->body);
}

/* A whole GET that must end well. */
static inline void stage_get(struct stage *stage, int status, const char *body) {
  struct visit visit = {0};
  visit_get(stage, &visit);
  visit_wait(stage, &visit);
  visit_expect(&visit, status, body);
}

/* A whole GET that must fail. */
static inline void stage_get_error(struct stage *stage, const char *code, int status) {
  struct visit visit = {0};
  visit_get(stage, &visit);
  visit_wait(stage, &visit);
  visit_expect_error(&visit, code, status);
}
