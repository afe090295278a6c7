// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"

/* A configuration document with the place of every word. Scalars stay text: the schema types them, not YAML. */
enum tree_kind { TREE_SCALAR, TREE_MAP, TREE_LIST };

struct tree {
  enum tree_kind kind;
  unsigned line, column; /* 1-based */
  struct slice text;     /* scalar */
  bool quoted;           /* the scalar was written in quotes or as a block: it can only be a string */
  bool null;             /* plain empty, ~ or null */
  struct slice key;      /* this node's name in its parent map, or empty */
  unsigned key_line, key_column;
  struct tree *first, *next; /* children in order; next sibling */
  size_t count;
};

struct tree_fault {
  unsigned line, column;
  char message[200];
};
enum { TREE_FAULTS_MAX = 32 };
struct tree_faults {
  struct tree_fault items[TREE_FAULTS_MAX];
  unsigned count;
};

/* Parses YAML or JSON (by the file's ending) of at most 4 MiB, depth 64. Aliases, anchors, tags, duplicate keys,
 * several documents are refused with their place; everything that can be reported in one go is. Null when
 * `faults->count` > 0. Memory from `arena`. */
struct tree *tree_parse_yaml(struct slice text, struct arena *arena, struct tree_faults *faults);
struct tree *tree_parse_json(struct slice text, struct arena *arena, struct tree_faults *faults);
