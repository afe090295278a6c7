// SPDX-License-Identifier: Apache-2.0
#include "process/worker.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/secret.h"
#include "match/set.h"
#include "process/access.h"
#include "process/call.h"
#include "process/gone.h"
#include "process/harden.h"
#include "process/live.h"
#include "process/recorder.h"
#include "process/supervisor.h"
#include "process/tell.h"

enum { DRAIN_LOOK_MS = 20, LAST_WRITES_MS = 500, LAST_ERRANDS_MS = 2000 };

/* ---- the limits and time-outs of the configuration, for the rooms that keep them ---- */

static void server_options(struct worker *worker, struct http_server_options *options) {
  const struct settings *settings = &worker->settings;
  unsigned connections = harden_connections();
  options->limits = (struct http_limits){
      .request_line = settings->request_line_bytes,
      .head = settings->head_bytes,
      .fields = {settings->header_count, settings->header_name_bytes, settings->header_value_bytes},
      .query_parameters = settings->query_parameters,
      .body = settings->max_request_bytes,
      .requests = settings->requests_per_connection,
      .connections = connections < settings->connections_per_worker ? connections : settings->connections_per_worker,
      .per_address = settings->connections_per_address,
      .queue_high = settings->queue_high_bytes,
      .queue_low = settings->queue_low_bytes,
      .queue_cap = settings->queue_cap_bytes};
  options->timeouts = (struct http_timeouts){.first_byte = settings->first_byte_ms,
                                             .head = settings->head_ms,
                                             .body_idle = settings->body_idle_ms,
                                             .body_total = settings->body_total_ms,
                                             .body_rate = settings->body_rate_bytes,
                                             .body_grace = settings->body_grace_ms,
                                             .keep_alive = settings->keep_alive_ms,
                                             .write_stall = settings->write_stall_ms};
  options->handler = (struct http_handler){.head = call_head,
                                           .request = call_request,
                                           .gone = call_gone,
                                           .writable = call_writable,
                                           .end = call_end,
                                           .refusal_fields = call_refusal_fields,
                                           .body = call_body_piece,
                                           .refusal_body = call_refusal_body};
  options->user = worker;
}

enum { PROXIES_MAX = 64 };

/* The list has been checked: what is no network is none of it. */
static void proxies_trust(struct worker *worker) {
  struct network networks[PROXIES_MAX];
  struct slice rest = slice_text(worker->settings.trusted_proxies);
  unsigned count = 0;
  while (rest.len > 0 && count < PROXIES_MAX) {
    const char *blank = memchr(rest.ptr, ' ', rest.len);
    struct slice text = slice_make(rest.ptr, blank ? (size_t)(blank - rest.ptr) : rest.len);
    count += network_parse(text, &networks[count]);
    rest = slice_from(rest, text.len + 1);
  }
  http_server_trust(worker->server, networks, count);
}

static const char *or_null(const char *text) {
  return text[0] ? text : NULL;
}

static void upstream_options(const struct settings *settings, struct upstream_options *options) {
  *options = (struct upstream_options){.pool_idle_ms = settings->upstream_pool_idle_ms,
                                       .pool_age_ms = settings->upstream_pool_age_ms,
                                       .pool_idle_max = settings->upstream_pool_idle_max,
                                       .dns_timeout_ms = settings->upstream_dns_ms,
                                       .dns_cache_ms = 30000,
                                       .ca_file = or_null(settings->ca_file),
                                       .https_proxy = or_null(settings->https_proxy),
                                       .http_proxy = or_null(settings->http_proxy),
                                       .no_proxy = or_null(settings->no_proxy)};
}

/* ---- drain: SIGTERM, then the last answers, then the end ---- */

static void drain_look(uv_timer_t *ticker) {
  struct worker *worker = ticker->data;
  atomic_store(&worker->segment->workers[worker->index].tick_ms, uv_hrtime() / 1000000);
  if (http_server_connections(worker->server) + http_server_detached(worker->server) > 0) return;
  uint64_t now = loop_now(&worker->loop);
  if (!worker->quiet_at) worker->quiet_at = now;
  bool late = now - worker->quiet_at > LAST_ERRANDS_MS; /* what scripts put off gets a moment, too */
  bool done = background_idle(&worker->background) && events_idle(worker->events);
  if (late || done) loop_stop(&worker->loop);
}

static void drain_give_up(struct timer *timer) {
  struct worker *worker = LIST_OWNER(timer, struct worker, drain_deadline);
  loop_stop(&worker->loop);
}

static void drain_deadline(struct timer *timer) {
  struct worker *worker = LIST_OWNER(timer, struct worker, drain_deadline);
  http_server_each(worker->server, call_shut_down);
  timer_init(timer, drain_give_up);
  timer_start(worker->loop.wheel, timer, LAST_WRITES_MS);
}

static void drain_start(uv_signal_t *handle, int number) {
  struct worker *worker = handle->data;
  (void)number;
  if (worker->draining) return;
  worker->draining = true;
  events_drain(worker->events);
  wishes_look(worker);
  atomic_store(&worker->segment->workers[worker->index].state, WORKER_DRAINING);
  http_server_drain(worker->server);
  timer_start(worker->loop.wheel, &worker->drain_deadline, worker->settings.drain_ms);
  uv_timer_start(&worker->ticker, drain_look, 0, DRAIN_LOOK_MS);
}

/* ---- the life of a worker ---- */

static void series_add(struct worker *worker, enum metrics_family family, const char *label, uint64_t by) {
  struct slice value = slice_text(label);
  if (by > 0) metric_add(metrics_series(worker->metrics, family, &value, 1), by);
}

static void drops_publish(struct worker *worker) {
  uint64_t dropped = log_dropped(worker->log);
  if (dropped > worker->dropped) {
    metric_add(metrics_series(worker->metrics, METRIC_LOG_DROPPED, NULL, 0), dropped - worker->dropped);
  }
  worker->dropped = dropped;
}

void worker_publish(struct worker *worker) {
  struct slice active = SLICE_LITERAL("active"), idle = SLICE_LITERAL("idle");
  struct upstream_stats now;
  upstream_stats(worker->upstream, &now);
  series_add(worker, METRIC_UPSTREAM_CONNECTS, "new", now.connects - worker->published.connects);
  series_add(worker, METRIC_UPSTREAM_CONNECTS, "reused", now.reuses - worker->published.reuses);
  worker->published = now;
  drops_publish(worker);
  unsigned open = http_server_connections(worker->server);
  unsigned detached = http_server_detached(worker->server), calls = worker->open_calls - detached;
  unsigned busy = calls < open ? calls : open;
  metric_set(metrics_series(worker->metrics, METRIC_CONNECTIONS, &active, 1), busy);
  metric_set(metrics_series(worker->metrics, METRIC_CONNECTIONS, &idle, 1), open - busy);
  metric_set(metrics_series(worker->metrics, METRIC_DETACHED, NULL, 0), detached);
}

enum { TRIM_PEAK = 256 };

/* After a burst the allocator keeps what thousands of requests held; give the pages back once most of them are gone. */
static void memory_trim(struct worker *worker) {
  if (worker->peak_calls < TRIM_PEAK || worker->open_calls > worker->peak_calls / 4) return;
  worker->peak_calls = worker->open_calls;
  vm_collect(worker->vm);
  malloc_trim(0);
}

static void tick(uv_timer_t *ticker) {
  struct worker *worker = ticker->data;
  atomic_store(&worker->segment->workers[worker->index].tick_ms, uv_hrtime() / 1000000);
  if (!worker->server) return;
  overload_tick(worker);
  gone_make_room(worker);
  worker_publish(worker);
  memory_trim(worker);
  generation_look(&worker->desk);
  wishes_look(worker);
}

static int worker_fail(struct worker *worker, const char *what, const struct error *error) {
  log_begin(worker->log, LOG_ERROR, "worker cannot start");
  log_text(worker->log, "part", slice_text(what));
  log_text(worker->log, "error", slice_text(error->message));
  log_end(worker->log);
  return -1;
}

void worker_settings_apply(struct worker *worker, const struct settings *settings) {
  struct settings next = *settings;
  struct http_server_options server;
  live_settings(&next, &worker->settings);
  bool recording = recorder_differs(&next, &worker->settings);
  worker->settings = next;
  overload_configure(worker);
  if (worker->budget) budget_limit(worker->budget, next.script_cpu_ms);
  if (!worker->server) return;
  server_options(worker, &server);
  http_server_configure(worker->server, &server.limits, &server.timeouts);
  proxies_trust(worker);
  if (!recording) return;
  recorder_close(worker->recorder);
  worker->recorder = recorder_open(worker);
}

int worker_open(struct worker *worker, int listen_fd) {
  struct error error = {0};
  struct upstream_options upstream;
  struct http_server_options server;
  upstream_options(&worker->settings, &upstream);
  upstream.replay = worker->replay;
  worker->upstream = upstream_open(&worker->loop, &upstream, &error);
  if (!worker->upstream) return worker_fail(worker, "upstream", &error);
  worker->budget = budget_open(worker->settings.script_cpu_ms);
  overload_configure(worker);
  background_open(&worker->background, worker);
  tell_open(worker);
  if (generation_load(worker, &error) < 0) return worker_fail(worker, "scripts", &error);
  worker->recorder = recorder_open(worker);
  server_options(worker, &server);
  worker->server = http_server_open(&worker->loop, &server);
  proxies_trust(worker);
  if (listen_fd >= 0 && http_server_listen(worker->server, listen_fd, &error) < 0)
    return worker_fail(worker, "listener", &error);
  return 0;
}

static void signals_open(struct worker *worker) {
  signal(SIGPIPE, SIG_IGN);
  uv_signal_init(&worker->loop.uv, &worker->on_term);
  worker->on_term.data = worker;
  uv_signal_start(&worker->on_term, drain_start, SIGTERM);
  uv_unref((uv_handle_t *)&worker->on_term);
  overload_open(worker);
  uv_timer_init(&worker->loop.uv, &worker->ticker);
  worker->ticker.data = worker;
  uv_timer_start(&worker->ticker, tick, 0, OVERLOAD_TICK_MS);
  timer_init(&worker->drain_deadline, drain_deadline);
  list_init(&worker->wishes);
  worker->desk.shared = worker->program->generations;
  generation_desk_open(&worker->desk, worker);
  queue_desk_open(&worker->queue, worker);
}

/* SIGTERM may come twice (an init system tells the whole group, the supervisor tells its workers), and news at any
 * time: on the way out they must not meet the default action. */
static void signals_block(void) {
  sigset_t late;
  sigemptyset(&late);
  sigaddset(&late, SIGTERM);
  sigaddset(&late, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &late, NULL);
}

void worker_close(struct worker *worker) {
  signals_block();
  timer_stop(&worker->drain_deadline);
  uv_close((uv_handle_t *)&worker->ticker, NULL);
  uv_close((uv_handle_t *)&worker->on_term, NULL);
  generation_desk_close(&worker->desk);
  if (worker->server) {
    http_server_each(worker->server, call_drop); /* nothing may still lean on the upstream room */
    http_server_close(worker->server);
  }
  background_close(&worker->background);
  queue_desk_close(&worker->queue);
  tell_nobody(worker);
  if (worker->upstream) upstream_close(worker->upstream);
  recorder_close(worker->recorder);
  loop_close(&worker->loop);
  generation_desk_free(&worker->desk);
  if (worker->budget) budget_close(worker->budget);
  access_close(worker);
  events_close(worker->events);
  buffer_free(&worker->scratch);
  buffer_free(&worker->extra);
  buffer_free(&worker->spare_body);
  match_pool_close(worker->match);
  random_close(worker->random);
  metrics_close(worker->metrics);
  log_close(worker->log);
}

static void ready_log(struct worker *worker) {
  log_begin(worker->log, LOG_DEBUG, "worker ready");
  log_integer(worker->log, "worker", worker->index);
  log_integer(worker->log, "script_bytes", (long long)vm_memory(worker->vm));
  log_end(worker->log);
}

void worker_begin(struct worker *worker, struct segment *segment, unsigned index, const struct worker_program *program,
                  int log_fd) {
  enum log_level level = LOG_INFO;
  worker->program = program;
  worker->settings = *program->settings;
  worker->segment = segment;
  worker->index = index;
  atomic_store(&segment->workers[index].memory, 0); /* a predecessor's are gone with it */
  atomic_store(&segment->workers[index].promised, 0);
  log_level_parse(slice_text(worker->settings.log_level), &level);
  REQUIRE(loop_open(&worker->loop) == 0);
  worker->log = log_open(log_fd, level);
  log_hide_environment(worker->log, (const char *const *)environ);
  worker->metrics = metrics_open(segment->metrics, segment->worker_count + 1, index);
  worker->random = random_open();
  worker->match = match_pool_open();
  signals_open(worker);
}

int worker_run(struct segment *segment, unsigned index, int listen_fd, const struct worker_program *program) {
  struct worker worker = {0};
  worker_begin(&worker, segment, index, program, STDOUT_FILENO);
  int status = worker_open(&worker, listen_fd);
  if (status == 0) {
    atomic_store(&segment->workers[index].state, WORKER_READY);
    ready_log(&worker);
    generation_look(&worker.desk);
    loop_run(&worker.loop);
  }
  worker_close(&worker);
  return status == 0 ? 0 : SUPERVISOR_EXIT_CONFIGURATION;
}
