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
  unsigned line, column; /* 1-based; the column counts characters */
  struct slice text;     /* scalar; never holds a NUL */
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
  struct tree_fault items[TREE_FAULTS_MAX]; /* the first ones; more are dropped */
  unsigned count;
};

enum { TREE_BYTES_MAX = 4 << 20, TREE_DEPTH_MAX = 64, TREE_NODES_MAX = 100000, TREE_KEY_MAX = 1024 };

/* Parses a document of at most 4 MiB, 64 levels and 100,000 values. Aliases, anchors, tags, duplicate keys, several
 * documents and NUL are faults with their place. A tree together with faults means that the document was read to its
 * end all the same, so that a schema can add what it finds; null means that reading had to stop.
 * An empty document is a null scalar. Memory from `arena`. */
struct tree *tree_parse_yaml(struct slice text, struct arena *arena, struct tree_faults *faults);
struct tree *tree_parse_json(struct slice text, struct arena *arena, struct tree_faults *faults);
