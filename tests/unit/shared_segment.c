// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "shared/keys.h"
#include "shared/segment.h"
#include "telemetry/metrics.h"

#define UNUSED(x) (void)(x)

static int in_child(int (*run)(struct segment *), struct segment *segment) {
  pid_t child = fork();
  if (child == 0) _exit(run(segment));
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void a_new_segment_is_zero_but_for_its_parts(void **state) {
  UNUSED(state);
  struct segment *segment = segment_open(3);
  assert_non_null(segment);
  assert_int_equal(segment->worker_count, 3);
  assert_false(segment->draining);
  for (int i = 0; i < SEGMENT_WORKERS_MAX; i++) {
    assert_int_equal(segment->workers[i].pid, 0);
    assert_int_equal(segment->workers[i].tick_ms, 0);
    assert_int_equal(segment->workers[i].state, WORKER_ABSENT);
  }
  assert_non_null(segment->keys);
  assert_int_equal((uintptr_t)segment->metrics % 64, 0);
  segment_close(segment);
}

static int worker_marks(struct segment *segment) {
  struct key_identity found;
  if (!keys_find(segment->keys, SLICE_LITERAL("secret-1"), &found)) return 1;
  struct metrics *metrics = metrics_open(segment->metrics, 3, 1);
  struct slice label = SLICE_LITERAL("active");
  metric_set(metrics_series(metrics, METRIC_CONNECTIONS, &label, 1), 7);
  metrics_close(metrics);
  segment->workers[1].tick_ms = 42;
  segment->workers[1].state = WORKER_READY;
  return 0;
}

static void what_a_worker_writes_the_supervisor_sees(void **state) {
  UNUSED(state);
  struct segment *segment = segment_open(2);
  struct key_identity identity = {.id = "k1"};
  assert_int_equal(keys_put(segment->keys, SLICE_LITERAL("secret-1"), &identity, NULL), 0);
  assert_int_equal(in_child(worker_marks, segment), 0);
  assert_int_equal(segment->workers[1].tick_ms, 42);
  assert_int_equal(segment->workers[1].state, WORKER_READY);
  struct metrics *metrics = metrics_open(segment->metrics, 3, 2);
  struct buffer text = {0};
  metrics_render(metrics, 0, &text);
  buffer_append(&text, "", 1);
  assert_non_null(strstr(text.data, "gateway_server_connections_current{state=\"active\"} 7\n"));
  buffer_free(&text);
  metrics_close(metrics);
  segment_close(segment);
}

static int worker_looks_up(struct segment *segment) {
  struct key_identity found;
  while (!keys_find(segment->keys, SLICE_LITERAL("later"), &found)) usleep(1000);
  return found.scopes == KEY_SCOPE_ADMIN ? 0 : 1;
}

static void a_key_added_after_the_fork_reaches_the_worker(void **state) {
  UNUSED(state);
  struct segment *segment = segment_open(1);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(worker_looks_up(segment));
  }
  struct key_identity identity = {.id = "k2", .scopes = KEY_SCOPE_ADMIN};
  assert_int_equal(keys_put(segment->keys, SLICE_LITERAL("later"), &identity, NULL), 0);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  segment_close(segment);
}

static void the_largest_number_of_workers_fits(void **state) {
  UNUSED(state);
  struct segment *segment = segment_open(SEGMENT_WORKERS_MAX);
  assert_non_null(segment);
  struct metrics *last = metrics_open(segment->metrics, SEGMENT_WORKERS_MAX + 1, SEGMENT_WORKERS_MAX);
  struct metrics *first = metrics_open(segment->metrics, SEGMENT_WORKERS_MAX + 1, 0);
  for (unsigned i = 0; i < 40; i++) { /* the last slot's end is still the mapping's */
    char text[8] = {'m', (char)('a' + i % 26), (char)('a' + i / 26)};
    struct slice labels[2] = {SLICE_LITERAL("p"), slice_make(text, 3)};
    metric_observe(metrics_series(last, METRIC_DURATION, labels, 2), 1);
    metric_observe(metrics_series(first, METRIC_DURATION, labels, 2), 1);
  }
  struct buffer text = {0};
  metrics_render(first, 0, &text);
  buffer_append(&text, "", 1);
  assert_non_null(strstr(text.data, "gateway_request_duration_seconds_count{provider=\"p\",model=\"maa\"} 2\n"));
  buffer_free(&text);
  metrics_close(first);
  metrics_close(last);
  segment_close(segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_segment_is_zero_but_for_its_parts),
      cmocka_unit_test(what_a_worker_writes_the_supervisor_sees),
      cmocka_unit_test(a_key_added_after_the_fork_reaches_the_worker),
      cmocka_unit_test(the_largest_number_of_workers_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
