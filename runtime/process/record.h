// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "codec/field.h"
#include "process/tape.h"
#include "shared/keys.h"
#include "upstream/replay.h"

/* One request as it was lived through: what the client sent, what every upstream said and when, what the client got.
 * Taken from a call while it runs (record_take.h), kept as one line of JSON, read back by a replay. */
struct redactor;

/* Who was let in, and why the others were not: their credentials are never kept. */
enum call_access { ACCESS_OPEN, ACCESS_KEY, ACCESS_MISSING, ACCESS_INVALID, ACCESS_SCOPE };

enum { RECORD_VERSION = 1, RECORD_BYTES_MAX = 32 * 1024 * 1024 };

struct record_fields {
  struct http_field *items; /* in the arena */
  unsigned count;
};

enum record_end {
  RECORD_STOPPED, /* we wanted no more of it */
  RECORD_WHOLE,
  RECORD_FAILED
};

struct record_exchange {
  struct record_exchange *next;
  struct slice origin, path;
  struct buffer sent;
  int status; /* 0: no head came */
  struct record_fields fields;
  struct buffer body, cuts; /* struct replay_piece */
  unsigned head_ms, end_ms;
  enum record_end end;
  struct error error; /* RECORD_FAILED */
  bool untouched;
  bool used;        /* a replay has served it */
  uint64_t started; /* uv_hrtime; only while it is taken */
};

enum record_outcome { RECORD_ANSWERED, RECORD_GONE /* the client left before its answer was complete */ };

struct record {
  struct arena *arena; /* borrowed: outlives the record */
  size_t bytes;        /* of all bodies so far */
  bool overflow;       /* past RECORD_BYTES_MAX: not kept */
  bool redacted;
  struct slice trace_id, generation;
  double time;
  uint64_t seed;
  enum call_access access;
  struct key_identity key; /* ACCESS_KEY, ACCESS_SCOPE */
  struct slice method, target;
  struct record_fields fields;
  struct buffer body;
  struct record_exchange *first, **last;
  struct tape tape;
  int status; /* 0: no answer */
  struct record_fields answer_fields;
  struct buffer answer;
  enum record_outcome outcome;
};

void record_open(struct record *record, struct arena *arena);
void record_free(struct record *record);

struct record_exchange *record_exchange_add(struct record *record);

/* Copies `fields` but for those that hold credentials, and those of the connection. */
void record_fields_copy(struct record *record, const struct http_field *fields, unsigned count,
                        struct record_fields *out);

/* Appends to one of the record's bodies while there is room for it. */
void record_append(struct record *record, struct buffer *body, struct slice bytes);

/* Takes what has the shape of a secret, and the secrets `redactor` was told of, out of every body and field. Pieces
 * keep their boundaries. */
void record_mask(struct record *record, const struct redactor *redactor);

/* Appends the record as one line of JSON with its line feed. */
void record_write(const struct record *record, struct buffer *out);

/* Reads a line. Everything lies in the arena or in buffers of the record. -1: `error` says what is wrong with it. */
int record_read(struct slice line, struct arena *arena, struct record *out, struct error *error);
