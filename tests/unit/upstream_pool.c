// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "upstream_peer.h"

/* When a connection is used again, and when never. */

#define OK "HTTP/1.1 200 OK\r\n"

static const struct slice PONG = {OK "Content-Length: 4\r\n\r\npong", sizeof(OK "Content-Length: 4\r\n\r\npong") - 1};

static void pong(struct guest *guest) {
  guest_say(guest, PONG);
}

static void ping(struct stage *stage) {
  stage_get(stage, 200, "pong");
}

static void calls_one_after_the_other_share_a_connection(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.peer.answer = pong;
  for (int i = 0; i < 100; i++) ping(&stage);
  assert_int_equal(stage.peer.accepted, 1);
  assert_int_equal(stage_stats(&stage).connects, 1);
  assert_int_equal(stage_stats(&stage).reuses, 99);
  assert_int_equal(stage_stats(&stage).idle, 1);
  assert_int_equal(stage_stats(&stage).active, 0);
  stage_close(&stage);
}

/* Answers when the test says so. */
static void wait_for_the_test(struct guest *guest) {
  struct guest **waiting = guest->peer->user;
  waiting[guest->number] = guest;
}

static void the_connection_used_last_is_used_first(void **state) {
  (void)state;
  struct stage stage;
  struct guest *waiting[4] = {0};
  struct visit visits[3] = {0};
  stage_open(&stage);
  stage.peer.answer = wait_for_the_test;
  stage.peer.user = waiting;
  for (int i = 0; i < 3; i++) visit_get(&stage, &visits[i]);
  for (int i = 0; i < 100 && stage.peer.requests < 3; i++) stage_run(&stage, 5, NULL);
  static const unsigned order[] = {2, 3, 1};
  for (int i = 0; i < 3; i++) {
    pong(waiting[order[i]]);
    stage_run(&stage, 20, NULL);
  }
  for (int i = 0; i < 3; i++) visit_expect(&visits[i], 200, "pong");
  assert_int_equal(stage_stats(&stage).idle, 3);
  struct visit next = {0};
  waiting[1] = NULL;
  visit_get(&stage, &next);
  stage_run(&stage, 20, NULL);
  assert_non_null(waiting[1]); /* the last one of the order */
  pong(waiting[1]);
  visit_wait(&stage, &next);
  visit_expect(&next, 200, "pong");
  stage_close(&stage);
}

static void expect_no_reuse(const char *reply, const char *body) {
  struct stage stage;
  stage_open(&stage);
  stage.peer.reply = slice_text(reply);
  stage_get(&stage, 200, body);
  assert_int_equal(stage_stats(&stage).idle, 0);
  stage_get(&stage, 200, body);
  assert_int_equal(stage.peer.accepted, 2);
  stage_run(&stage, 20, NULL);
  assert_int_equal(stage.peer.gone, 2);
  stage_close(&stage);
}

static void a_connection_is_not_reused_when_the_server_wants_it_closed(void **state) {
  (void)state;
  expect_no_reuse(OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi", "hi");
  expect_no_reuse(OK "Connection: keep-alive, close\t\r\nContent-Length: 2\r\n\r\nhi", "hi");
  expect_no_reuse("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi");
}

static void a_connection_is_not_reused_when_bytes_followed_the_response(void **state) {
  (void)state;
  expect_no_reuse(OK "Content-Length: 2\r\n\r\nhiEXTRA", "hi");
  expect_no_reuse(OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nEXTRA", "hi");
  expect_no_reuse(OK "Content-Length: 2\r\n\r\nhi" OK "Content-Length: 6\r\n\r\npoison", "hi");
}

static void close_when_idle(struct guest *guest) {
  pong(guest);
  *(struct guest **)guest->peer->user = guest;
}

static void a_servers_close_is_noticed_at_once(void **state) {
  (void)state;
  struct stage stage;
  struct guest *idle = NULL;
  stage_open(&stage);
  stage.peer.answer = close_when_idle;
  stage.peer.user = &idle;
  ping(&stage);
  assert_int_equal(stage_stats(&stage).idle, 1);
  guest_close(idle);
  stage_run(&stage, 10, NULL);
  assert_int_equal(stage_stats(&stage).idle, 0);
  ping(&stage);
  assert_int_equal(stage.peer.accepted, 2);
  stage_close(&stage);
}

static void bytes_nobody_asked_for_close_an_idle_connection(void **state) {
  (void)state;
  struct stage stage;
  struct guest *idle = NULL;
  stage_open(&stage);
  stage.peer.answer = close_when_idle;
  stage.peer.user = &idle;
  ping(&stage);
  guest_say(idle, PONG);
  stage_run(&stage, 10, NULL);
  assert_int_equal(stage_stats(&stage).idle, 0);
  assert_int_equal(stage.peer.gone, 1);
  ping(&stage);
  stage_close(&stage);
}

/* Resets the connection at this instant, behind libuv's back: its descriptor stays a valid one. */
static void connection_kill(int fd) {
  struct linger now = {.l_onoff = 1};
  int other = open("/dev/null", O_RDWR | O_CLOEXEC);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  dup2(other, fd); /* closes the socket */
  close(other);
}

/* The server resets the idle connection and the loop has not turned since: the first write fails with not one byte
 * gone. */
static void a_dead_idle_connection_is_replaced_silently(void **state) {
  (void)state;
  enum { ROUNDS = 200 };
  struct stage stage;
  struct guest *idle = NULL;
  stage_open(&stage);
  stage.peer.answer = close_when_idle;
  stage.peer.user = &idle;
  ping(&stage);
  for (unsigned i = 0; i < ROUNDS; i++) {
    struct visit visit = {0};
    connection_kill(idle->tcp.io_watcher.fd);
    visit_post(&stage, &visit, SLICE_LITERAL("{}"));
    guest_close(idle);
    visit_wait(&stage, &visit);
    visit_expect(&visit, 200, "pong");
    assert_int_equal(stage.peer.requests, i + 2);
  }
  assert_int_equal(stage.peer.accepted, ROUNDS + 1);
  stage_close(&stage);
}

/* The server's FIN is under way while we write: the request is gone, so the caller must decide. */
static void a_request_lost_in_the_idle_close_race_is_not_sent_again(void **state) {
  (void)state;
  enum { ROUNDS = 200 };
  struct stage stage;
  stage_open(&stage);
  for (unsigned i = 0; i < ROUNDS; i++) {
    struct guest *idle = NULL;
    struct visit visit = {0};
    stage.peer.answer = close_when_idle;
    stage.peer.user = &idle;
    ping(&stage);
    unsigned requests = stage.peer.requests;
    int fd = idle->tcp.io_watcher.fd;
    shutdown(fd, SHUT_RDWR); /* at this instant; the loop has not turned */
    visit_post(&stage, &visit, SLICE_LITERAL("{}"));
    visit_wait(&stage, &visit);
    assert_false(visit.untouched);
    visit_expect_error(&visit, "upstream_reset", 502);
    assert_int_equal(stage.peer.requests, requests);
    assert_int_equal(stage_stats(&stage).idle, 0);
  }
  stage_close(&stage);
}

static void close_on_second(struct guest *guest) {
  if (guest->requests == 1) {
    pong(guest);
  } else {
    guest_reset(guest);
  }
}

static void a_post_on_a_reused_connection_reaches_the_server_once(void **state) {
  (void)state;
  struct stage stage;
  struct visit visit = {0};
  stage_open(&stage);
  stage.peer.answer = close_on_second;
  ping(&stage);
  visit_post(&stage, &visit, SLICE_LITERAL("{\"costs\":\"money\"}"));
  visit_wait(&stage, &visit);
  assert_false(visit.untouched);
  visit_expect_error(&visit, "upstream_reset", 502);
  stage_run(&stage, 50, NULL);
  assert_int_equal(stage.peer.requests, 2);
  assert_int_equal(stage.peer.accepted, 1);
  stage_close(&stage);
}

static void idle_connections_close_after_their_time(void **state) {
  (void)state;
  struct stage stage;
  struct upstream_options options = STAGE_OPTIONS;
  options.pool_idle_ms = 400;
  stage_open_with(&stage, &options);
  stage.peer.answer = pong;
  ping(&stage);
  stage_run(&stage, 200, NULL);
  assert_int_equal(stage_stats(&stage).idle, 1);
  ping(&stage); /* used again: its time begins anew */
  stage_run(&stage, 250, NULL);
  assert_int_equal(stage_stats(&stage).idle, 1);
  stage_run(&stage, 300, NULL);
  assert_int_equal(stage_stats(&stage).idle, 0);
  assert_int_equal(stage.peer.accepted, 1);
  assert_int_equal(stage.peer.gone, 1);
  stage_close(&stage);
}

static void old_connections_are_replaced(void **state) {
  (void)state;
  struct stage stage;
  struct upstream_options options = STAGE_OPTIONS;
  options.pool_age_ms = 300;
  stage_open_with(&stage, &options);
  stage.peer.answer = pong;
  ping(&stage);
  ping(&stage);
  assert_int_equal(stage.peer.accepted, 1);
  stage_run(&stage, 350, NULL);
  ping(&stage);
  assert_int_equal(stage.peer.accepted, 2);
  stage_close(&stage);
}

static void the_pool_keeps_only_so_many(void **state) {
  (void)state;
  struct stage stage;
  struct upstream_options options = STAGE_OPTIONS;
  struct visit visits[5] = {0};
  options.pool_idle_max = 2;
  stage_open_with(&stage, &options);
  stage.peer.answer = pong;
  for (int i = 0; i < 5; i++) visit_get(&stage, &visits[i]);
  for (int i = 0; i < 5; i++) visit_wait(&stage, &visits[i]);
  for (int i = 0; i < 5; i++) visit_expect(&visits[i], 200, "pong");
  assert_int_equal(stage_stats(&stage).idle, 2);
  stage_run(&stage, 20, NULL);
  assert_int_equal(stage.peer.gone, 3);
  upstream_close_idle(stage.upstream);
  assert_int_equal(stage_stats(&stage).idle, 0);
  stage_run(&stage, 20, NULL);
  assert_int_equal(stage.peer.gone, 5);
  stage_close(&stage);
}

struct chain {
  struct stage *stage;
  struct transfer *transfer;
  unsigned left;
  bool over;
};

static void chain_next(struct chain *chain);

static void chain_head(struct transfer *transfer, void *owner, const struct transfer_response *response) {
  (void)transfer, (void)owner;
  assert_int_equal(response->status, 200);
}

static void chain_body(struct transfer *transfer, void *owner, struct slice bytes) {
  (void)transfer, (void)owner;
  assert_int_equal(bytes.len, 4);
}

static void chain_done(struct transfer *transfer, void *owner, const struct error *error) {
  struct chain *chain = owner;
  assert_null(error);
  transfer_free(transfer);
  chain->over = --chain->left == 0;
  if (!chain->over) chain_next(chain);
}

static void chain_next(struct chain *chain) {
  static const struct transfer_events events = {.head = chain_head, .body = chain_body, .done = chain_done};
  struct error error;
  struct transfer_request request = stage_request(chain->stage, "GET", "/");
  assert_int_equal(transfer_start(chain->stage->upstream, &request, &events, chain, &chain->transfer, &error), 0);
}

static void a_call_started_when_another_ends_finds_its_connection(void **state) {
  (void)state;
  struct stage stage;
  stage_open(&stage);
  stage.peer.answer = pong;
  struct chain chain = {.stage = &stage, .left = 500};
  chain_next(&chain);
  assert_true(stage_run(&stage, 8000, &chain.over));
  assert_int_equal(stage.peer.accepted, 1);
  assert_int_equal(stage.peer.requests, 500);
  stage_close(&stage);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_one_after_the_other_share_a_connection),
      cmocka_unit_test(the_connection_used_last_is_used_first),
      cmocka_unit_test(a_connection_is_not_reused_when_the_server_wants_it_closed),
      cmocka_unit_test(a_connection_is_not_reused_when_bytes_followed_the_response),
      cmocka_unit_test(a_servers_close_is_noticed_at_once),
      cmocka_unit_test(bytes_nobody_asked_for_close_an_idle_connection),
      cmocka_unit_test(a_dead_idle_connection_is_replaced_silently),
      cmocka_unit_test(a_request_lost_in_the_idle_close_race_is_not_sent_again),
      cmocka_unit_test(a_post_on_a_reused_connection_reaches_the_server_once),
      cmocka_unit_test(idle_connections_close_after_their_time),
      cmocka_unit_test(old_connections_are_replaced),
      cmocka_unit_test(the_pool_keeps_only_so_many),
      cmocka_unit_test(a_call_started_when_another_ends_finds_its_connection),
  };
  return cmocka_run_group_tests_name("upstream pool", tests, NULL, NULL);
}
