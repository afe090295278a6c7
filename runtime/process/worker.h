// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/clock.h"
#include "base/map.h"
#include "config/settings.h"
#include "events/events.h"
#include "http/server.h"
#include "loop/loop.h"
#include "process/background.h"
#include "process/generation.h"
#include "process/overload.h"
#include "process/queue.h"
#include "process/wish.h"
#include "script/budget.h"
#include "script/vm.h"
#include "shared/segment.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "upstream/upstream.h"

/* One worker process: a loop, a VM, its pools, its slots of the shared segment. Everything a door may reach. In a spec
 * run only `settings`, `clock` and `random` are there, the rest is null. */
struct random;
struct call;
struct match_pool;
struct lua_State;
struct record;
struct recorder;
struct replay_source;
struct worker;

struct worker_program { /* what main hands to every worker */
  const struct settings *settings;
  struct generations *generations; /* null in a replay, whose VM is made of this: */
  const struct bundle *bundle;
  void (*open_doors)(struct lua_State *L);
  void (*serve)(struct call *call); /* starts the coroutine of one call */
};

struct worker {
  const struct worker_program *program;
  struct loop loop;
  struct settings settings;
  struct segment *segment;
  unsigned index;
  struct log *log;
  struct metrics *metrics;
  struct random *random;
  struct clock_source clock;          /* what scripts take for the time */
  struct recorder *recorder;          /* null: nothing is recorded */
  struct record *replayed;            /* null but in a replay: the request that is lived through again */
  const struct replay_source *replay; /* null but in a replay: what upstreams say */
  struct upstream *upstream;
  struct match_pool *match; /* compiled sets, kept from one generation to the next */
  struct http_server *server;
  struct budget *budget;
  struct generation *generation;   /* that new requests use; owned. Null in a replay */
  struct vm *vm;                   /* its */
  struct generation_desk desk;     /* the others */
  struct list wishes;              /* of struct wish */
  struct background background;    /* what scripts have put off */
  struct queue_desk queue;         /* calls that wait for a target */
  struct events *events;           /* who is told what happens; null where nothing is served */
  struct map series;               /* "provider\0model" -> struct route_series; owned */
  struct upstream_stats published; /* what of the upstream room's counts the metrics know */
  uint64_t dropped;                /* the same of log lines nobody took in time */
  struct buffer scratch;           /* for composing one answer's fields */
  struct buffer extra;             /* for the fields a binding adds to them */
  struct buffer spare_body;        /* memory for the next body of a reply */
  struct overload overload;
  uv_timer_t ticker;
  uv_signal_t on_term;
  struct timer drain_deadline;
  bool draining;
  uint64_t quiet_at;               /* loop milliseconds: the last connection of a drain is gone; 0 = not yet */
  unsigned open_calls, peak_calls; /* requests in flight: now, and the most since memory was last given back */
};

/* Brings the series up to date that other rooms count: connections of both sides. */
void worker_publish(struct worker *worker);

/* From now on the worker goes by these, as far as a running one can. */
void worker_settings_apply(struct worker *worker, const struct settings *settings);

/* The life of a worker process: returns its exit code. */
int worker_run(struct segment *segment, unsigned index, int listen_fd, const struct worker_program *program);

/* Its three parts, for a worker without an address of its own (a replay). `worker` is zero; its log goes to `log_fd`.
 */
void worker_begin(struct worker *worker, struct segment *segment, unsigned index, const struct worker_program *program,
                  int log_fd);
/* Opens the rooms; `listen_fd` -1: no listener. -1: the log says why. */
int worker_open(struct worker *worker, int listen_fd);
/* After worker_begin, whatever worker_open returned. */
void worker_close(struct worker *worker);
