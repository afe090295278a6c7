// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/map.h"
#include "config/tree.h"

/* Where both parsers put what they read. Private to this room. */

struct place {
  unsigned line, column;
};

/* An open map or list. */
struct builder_level {
  struct tree *node;
  struct tree *last;
  struct map keys; /* of a map: name -> its first node's place; owned */
  struct slice key;
  struct place key_place;
  bool key_read; /* the next value belongs to `key` */
};

struct builder {
  struct arena *arena;        /* borrowed: the tree's memory */
  struct tree_faults *faults; /* borrowed */
  struct tree *root;
  struct builder_level levels[TREE_DEPTH_MAX];
  unsigned depth;
  size_t nodes;
};

/* Size and NUL. False when `text` cannot be read at all. */
bool builder_text_check(struct slice text, struct tree_faults *faults);

/* Each returns false when reading must stop: a limit is passed; the fault is recorded. */
bool builder_open(struct builder *builder, enum tree_kind kind, struct place place);
bool builder_scalar(struct builder *builder, struct slice text, bool quoted, bool null, struct place place);

/* A scalar in key position. Duplicates are recorded and reading goes on. */
bool builder_key(struct builder *builder, struct slice name, struct place place);

void builder_close(struct builder *builder);

/* True when the next scalar is a key. */
bool builder_wants_key(const struct builder *builder);

/* Frees what levels own; the tree stays in its arena. */
void builder_free(struct builder *builder);

void fault_add(struct tree_faults *faults, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The place of the byte at `offset`, looked for from `*from` at `*place` on, which both move along. Start at 0, 1:1. */
void place_advance(struct slice text, size_t offset, size_t *from, struct place *place);
