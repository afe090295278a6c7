// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "shared/breaker.h"
#include "shared/health_budget.h"
#include "shared/health_credentials.h"
#include "shared/health_latency.h"
#include "shared/health_quota.h"

/* How targets do, in shared memory, so that every worker knows what any of them has found out. A cell is the place of
 * one target, or of one model at a target. It is found by the hash of a key: whoever names the same key, in whatever
 * process and generation, comes to the same cell, and a cell is only given to another when nobody names it.
 *
 * What is taken and given back (slots, places in the queue, probes) is counted in columns, one a worker: the sum is
 * the truth, and health_forget empties the column of a process that is gone. Times are monotonic milliseconds. */

enum { HEALTH_CELLS = 8192, HEALTH_MODELS_MAX = 64, HEALTH_GUESSES_MAX = 32, HEALTH_WORKERS_MAX = 64 };

struct health_name {
  size_t len;
  char text[256];
};

struct health_cell {
  _Atomic uint64_t held; /* not-before: 48 bits of time, 16 of how many times in a row */
  _Atomic bool unhealthy;
  uint16_t models[HEALTH_MODELS_MAX]; /* of a target: cells of its models, from 1 on; some may be others' by now */
  struct health_average latency, first_token;
  struct health_quota quota;
  struct breaker breaker;
  struct health_credentials credentials; /* of a target */
  _Atomic uint64_t tickets;              /* of a target's queue: drawn so far */
  struct health_histogram whole, first;
};

struct health_column {
  _Atomic uint32_t in_flight, waiting;
  _Atomic uint64_t oldest; /* the ticket of who waits longest; 0: nobody */
};

struct health_owner {                         /* of a cell */
  uint64_t target;                            /* a model's: the hash of its target */
  struct health_name model;                   /* what it is called; "": its name is too long to be told */
  _Atomic uint16_t names[HEALTH_WORKERS_MAX]; /* how often it is named by each worker's generations */
};

struct health {
  unsigned workers;
  size_t stride;                 /* columns of one cell */
  struct health_column *columns; /* behind this struct */
  struct health_budget budget;
  pthread_mutex_t lock;          /* robust; for what follows but the cells */
  _Atomic unsigned used;         /* cells that ever were somebody's */
  uint64_t hashes[HEALTH_CELLS]; /* whose they are; 0: nobody's */
  struct health_owner owners[HEALTH_CELLS];
  struct health_cell cells[HEALTH_CELLS + 1]; /* the last is for those that found no room: see health_find */
};

/* Bytes of zeroed shared memory, 64-byte aligned. Only what is used becomes real. */
size_t health_size(unsigned workers);
/* In it, before the fork: at the same address in every process. */
struct health *health_open(void *memory, unsigned workers);

/* The cell of a target, made if need be. While all are named by others it is one that such targets share: it has
 * neither breaker nor limit (health_is_shared). Named until health_drop. */
struct health_cell *health_find(struct health *health, struct slice key, unsigned worker);
/* The cell of a model there, which is named the same way; or the target's own, which then is not named once more, when
 * HEALTH_MODELS_MAX others have theirs that are named, or open. A `guess` is a name that only a client has said: those
 * get the first HEALTH_GUESSES_MAX of them alone, so that they leave room for models that there are. */
struct health_cell *health_find_model(struct health *health, struct health_cell *target, struct slice model, bool guess,
                                      unsigned worker);
/* The models of a target that have cells, whoever has asked for them: their names are at places from 0 to
 * HEALTH_MODELS_MAX - 1. False where there is none. */
bool health_model_name(struct health *health, const struct health_cell *target, unsigned place,
                       struct health_name *out);
/* A number that is another one when others of them have cells. */
uint64_t health_models_mark(struct health *health, const struct health_cell *target);
void health_drop(struct health *health, struct health_cell *cell, unsigned worker);
bool health_is_shared(const struct health *health, const struct health_cell *cell);

/* The process of that worker is gone: all that it held is free. */
void health_forget(struct health *health, unsigned worker);

/* ---- the way of one configuration to a cell ---- */

struct health_place {
  struct health *health;
  struct health_cell *cell;   /* breaker, not-before, latencies, quota */
  struct health_cell *target; /* slots, queue, credentials, unhealthy; often the same */
  bool guarded;               /* it has a breaker, which goes by these */
  struct breaker_rules breaker;
  unsigned limit; /* of calls at a time; 0: none */
  unsigned queue_size;
  uint64_t queue_ms;
};

enum { HEALTH_QUEUE_SIZE = 1000, HEALTH_QUEUE_MS = 5000 };

enum health_answer {
  HEALTH_YES,
  HEALTH_OPEN,      /* also half-open without a free probe */
  HEALTH_UNHEALTHY, /* active checks say so */
  HEALTH_BUSY,      /* no free slot, or others wait for one */
  HEALTH_HELD,      /* it has asked to be left alone until ... */
};

/* Whether the target may be asked now; `until` is set to when that changes, 0 where nobody knows. Changes nothing. */
enum health_answer health_look(const struct health_place *place, uint64_t now, uint64_t *until);

/* Lets a call in: YES with a pass, else OPEN, UNHEALTHY or BUSY and nothing is taken. A target that is HELD lets in. */
enum health_answer health_enter(const struct health_place *place, unsigned worker, uint64_t now,
                                struct breaker_pass *pass);
/* The same for the one whose turn it is: others may wait behind it. */
enum health_answer health_enter_waited(const struct health_place *place, unsigned worker, uint64_t now,
                                       struct breaker_pass *pass);

/* How a try has ended. */
enum health_verdict { HEALTH_OK, HEALTH_FAILURE, HEALTH_THROTTLED, HEALTH_NEITHER };

/* Once for each pass. `hint_ms`: of a throttled one how long it has asked for; below 0: it has not. */
enum breaker_change health_leave(const struct health_place *place, unsigned worker, const struct breaker_pass *pass,
                                 enum health_verdict verdict, double hint_ms, uint64_t now);

/* Until when it has asked to be left alone; 0 when that is over. */
uint64_t health_held(const struct health_cell *cell, uint64_t now);

/* ---- slots and the queue, of a target's cell (health_slots.c) ---- */

struct health_column *health_column(const struct health *health, const struct health_cell *cell, unsigned worker);

struct health_load {
  unsigned in_flight, waiting;
};
struct health_load health_load(const struct health *health, const struct health_cell *target);
/* The first of the two alone: of hundreds of targets at every request. */
unsigned health_in_flight(const struct health *health, const struct health_cell *target);

/* Takes a slot while fewer than `limit` are taken, by whomever; 0: no limit. */
bool health_slot_take(struct health *health, struct health_cell *target, unsigned worker, unsigned limit);
void health_slot_give(struct health *health, struct health_cell *target, unsigned worker);
