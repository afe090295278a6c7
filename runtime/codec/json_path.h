// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/json.h"

/* Places inside a document as people write them: messages[0].content, messages[-1], metadata["a.b"]. */

enum { JSON_PATH_MAX = 64 };

struct json_path_step {
  struct slice key; /* borrowed from the path's text */
  long position;    /* counts from the end when negative */
  bool by_key;
};

struct json_path {
  struct json_path_step steps[JSON_PATH_MAX]; /* only `count` of them are written */
  unsigned count;                             /* 0: the whole document */
};

/* Reads a path: names with dots between them, positions and quoted names (taken as they stand, up to `"]`) in brackets.
 * Returns null, or what is wrong with it (static text). */
const char *json_path_parse(struct json_path *path, struct slice text);

enum json_stop {
  JSON_STOP_FOUND,
  JSON_STOP_ABSENT,     /* the object has no such key, the array no such position */
  JSON_STOP_NOT_OBJECT, /* a key was wanted of something else */
  JSON_STOP_NOT_ARRAY
};

/* Where a path leads, or how far. */
struct json_place {
  enum json_stop stop;
  unsigned steps;     /* how many could be taken */
  struct slice value; /* when found: raw */
  size_t start, end;  /* when found: of the element, or of the member from its key on */
  size_t before;      /* when found: the end of the one before it; 0 = none */
  size_t next;        /* when found: the start of the one behind it; 0 = none */
  size_t at;          /* when not found: a container's closing bracket, or the value that is no container */
  bool empty;         /* when absent: nothing stands in that container */
  long length;        /* when absent from an array: how many elements it has */
};

/* True when found. */
bool json_path_find(struct slice valid, const struct json_path *path, struct json_place *place);
