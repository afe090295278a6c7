// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/json_document.h"

/* Every string of a document that stands at one of a set of places: one pass, nothing allocated. */

/* A place: names with dots between them, `[]` any element, `.*` any member, a last `**` every value here and below:
 * messages[].content[].text, documents[].**. A named member goes before `*`, and both before a `**` further up. */
struct json_rule {
  struct slice path;
  struct slice kind;      /* empty: what stands here is passed over */
  struct slice role;      /* the name of the member that says whose text it is; empty: `fixed` */
  unsigned role_level;    /* how deep the object with that member lies: 1 = the document itself */
  struct slice fixed;     /* whose text it is when nothing says so */
  struct slice tool_kind; /* the kind when that role is "tool" or "function"; empty: `kind` */
  struct slice except;    /* of a `**`: names of members whose strings are passed over, a blank between them */
  struct slice unless;    /* a string that begins so is passed over ("data:"); empty: none is */
  struct slice only_type; /* wanted only beside a member "type" of this value; empty: always */
};

struct json_rules; /* compiled; owned by whoever built them */

struct json_rules *json_rules_new(void);
void json_rules_free(struct json_rules *rules);

/* Adds one place; the slices are copied. `role_path`: "messages[].role", the beginning of whose path is that of the
 * rule's own, or empty. Returns null, or what is wrong (static text). */
const char *json_rules_add(struct json_rules *rules, const struct json_rule *rule, struct slice role_path);

struct json_walk_level {
  const struct json_node *node; /* null: no place below, but perhaps `deep` */
  const struct json_rule *deep;
  size_t start;
};

/* One pass over a document. It goes on through the document's edits. */
struct json_walk {
  struct json_document *document; /* borrowed */
  const struct json_rules *rules; /* borrowed */
  enum json_type wanted;
  uint32_t version; /* of the text that `reader` and `levels` are of */
  bool begun;
  struct json_reader reader;
  struct json_walk_level levels[JSON_PATH_MAX + 1]; /* by depth; written as far as the reader is deep */
};

/* A value that was found, in the present text: json_document_value tells what an edit has made of it. */
struct json_found {
  struct slice raw; /* strings with their quotes */
  bool escaped;     /* a string with escapes */
  const struct json_rule *rule;
  size_t owner; /* where the object begins that names the role; SIZE_MAX when there is none */
};

/* `wanted`: JSON_STRING, or JSON_NUMBER for the numbers that stand at these places. */
void json_walk_start(struct json_walk *walk, struct json_document *document, const struct json_rules *rules,
                     enum json_type wanted);
bool json_walk_next(struct json_walk *walk, struct json_found *found);

/* The raw string that the member `name` of the object at `owner` is, or a null slice. */
struct slice json_role_find(struct slice text, size_t owner, struct slice name);

/* Appends the path of the value that begins at `at`: messages[0].content. */
void json_path_write(struct buffer *out, struct slice valid, size_t at);
