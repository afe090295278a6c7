// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "config/settings.h"

/* The generations every process sees: a ring of slots in a shared mapping of its own, made before the first fork (the
 * first generation is judged before it is known how many workers there will be).
 *
 * The supervisor alone takes, publishes and recycles slots; the gate's child fills the one it was given; workers copy
 * what they need and only write their acknowledgement, their wishes and their statistics. A word names a slot in one
 * of its uses: 0 is none, and no word comes twice. */

enum {
  GENERATION_SLOTS = 12, /* at least the last ten stay */
  GENERATION_WORKERS = 64,
  GENERATION_ID_SIZE = 65,
  GENERATION_NOTE_SIZE = 256,
  GENERATION_ROOT_SIZE = 1024,
  GENERATION_ROOTS = 2,
  GENERATION_STEP_SIZE = 512
};

enum generation_state {
  GENERATION_FREE,
  GENERATION_BUILDING, /* at the gate, or being prepared by the workers */
  GENERATION_ACTIVE,
  GENERATION_KEPT,       /* was active */
  GENERATION_ROLLED_BACK /* was active and did not do well: `note` says why */
};

struct generation_slot {
  _Atomic uint64_t number; /* 0 while it must not be read by others */
  _Atomic int state;       /* enum generation_state */
  uint64_t previous;       /* number of what it replaced; 0 = none */
  int64_t activated_ms;    /* wall clock */
  char id[GENERATION_ID_SIZE];
  char note[GENERATION_NOTE_SIZE];
  char digest[GENERATION_ID_SIZE];    /* over everything that was read, specs too */
  char step[GENERATION_STEP_SIZE];    /* at the gate: the file it is busy with, as it lies on the disk */
  _Atomic uint32_t steps;             /* ... and how many it has begun with */
  char changed[GENERATION_NOTE_SIZE]; /* names of the scripts that are not as in the generation before */
  _Atomic uint32_t renewals;          /* of the report; odd while one is under way */
  unsigned reasons;                   /* at the gate: how many there are to refuse it; the first is `note` */
  char roots[GENERATION_ROOTS][GENERATION_ROOT_SIZE]; /* script folders it was read from; empty = none */
  char overlay[GENERATION_ROOT_SIZE];                 /* the file of catalog.overlay; empty = none */
  size_t len[3];                                      /* by enum generation_part */
  struct settings settings;                           /* the master key is replaced by its digest */
  _Atomic uint32_t scripts[GENERATION_WORKERS];       /* how many statistics each worker has: generation_stats.h */
};

enum generation_part {
  GENERATION_BUNDLE, /* runtime/script/bundle.h */
  GENERATION_REPORT, /* JSON: runtime/process/judge.h */
  GENERATION_LINES   /* the same for a terminal */
};

enum generation_wish { WISH_NONE, WISH_ASKED, WISH_GRANTED, WISH_UNKNOWN, WISH_FAILED };

/* One worker's part in a swap, and its wish to go back; a restarted worker's is cleared. */
struct generation_voice {
  _Alignas(64) _Atomic uint64_t answered; /* the candidate's word */
  _Atomic bool refused;                   /* ... cannot be prepared: */
  char reason[GENERATION_NOTE_SIZE];
  _Atomic int wish; /* enum generation_wish: ASKED by the worker, the answer by the supervisor, NONE by the worker */
  uint64_t wished;  /* number of a generation */
  char wish_reason[GENERATION_NOTE_SIZE];
};

enum generation_outcome { OUTCOME_NONE, OUTCOME_ACTIVE, OUTCOME_REFUSED };

struct generations {
  _Atomic uint64_t active;    /* word of what new requests use */
  _Atomic uint64_t candidate; /* word of what workers shall prepare; 0 = none */
  _Atomic pid_t supervisor;   /* whom a wish wakes (SIGUSR1) */
  uint64_t last_number, last_serial;
  /* reloads: a request takes the next ticket and is answered when `completed` has reached it */
  _Atomic uint64_t requested, completed;
  _Atomic uint64_t requested_all; /* the newest ticket that wants every spec run */
  _Atomic int outcome;            /* enum generation_outcome, of the run that ended last */
  _Atomic uint64_t rejections;    /* odd while the last refused report is written */
  /* what the first worker has told of as events: a generation's number, a value of `rejections` */
  _Atomic uint64_t told, told_rejections;
  int64_t rejected_ms;
  size_t rejected_len;
  struct generation_voice voices[GENERATION_WORKERS];
  struct generation_slot slots[GENERATION_SLOTS];
};

static inline unsigned generation_word_slot(uint64_t word) {
  return (unsigned)(word % 256);
}

/* Null when memory cannot be mapped. Pages are only used when they are written to. */
struct generations *generations_open(void);
/* Ends this process's view. */
void generations_close(struct generations *generations);

/* --- the supervisor's --- */

/* An empty slot for a candidate: the oldest one that is neither active nor `kept` (a slot, or -1) is given up for it.
 */
unsigned generations_take(struct generations *generations, int kept);
/* A new word for the slot. */
uint64_t generations_word(struct generations *generations, unsigned slot);
/* The slot is empty again; its memory goes back. */
void generations_drop(struct generations *generations, unsigned slot);
/* Takes over the report of slot `from`. */
void generations_renew_report(struct generations *generations, unsigned slot, unsigned from);
/* The report of what was refused. */
void generations_reject(struct generations *generations, struct slice report, int64_t now_ms);

/* --- everybody's --- */

/* The active one's slot; null before there is one. */
struct generation_slot *generations_active(struct generations *generations);
/* The slot of generation `number`, or -1. */
int generations_find(const struct generations *generations, uint64_t number);

/* Copies `bytes` into the slot's part. -1 when they do not fit. */
int generations_store(struct generations *generations, unsigned slot, enum generation_part part, struct slice bytes);
struct slice generations_part(const struct generations *generations, unsigned slot, enum generation_part part);
/* Gives this process's page tables of the part back, not what is in it. */
void generations_unmap(const struct generations *generations, unsigned slot, enum generation_part part);

/* Appends the active generation's report; nothing without one. */
void generations_report(struct generations *generations, struct buffer *out);
/* Appends the last refused report. False when there is none. */
bool generations_rejected(const struct generations *generations, struct buffer *out, int64_t *at_ms);
