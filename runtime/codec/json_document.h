// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "codec/json_path.h"

/* A document under edit: its text, and what shall stand in place of some of its values. Any number of edits; what no
 * edit touches keeps its bytes. Where an edit changes how many values there are, or is looked into, the edits are
 * settled: a new text is made, and places in an older one are followed into it. */

struct json_document {
  struct slice text;                         /* valid JSON; borrowed, or `own` */
  struct buffer own;                         /* owned: the text once edits were settled */
  struct buffer next;                        /* owned: memory of the text before, for the text after */
  struct buffer edits, bytes, shifts, marks; /* owned; see json_document.c */
  size_t garbage;                            /* bytes that no edit refers to any more */
  size_t length;                             /* of the text with its edits */
  size_t limit;
  uint32_t version; /* how many texts there were before this one */
  bool rearranged;  /* an edit does more than replace a string by one: settle before anything is looked for */
  bool changed;     /* since the beginning, or since json_document_rebase */
};

/* `text` is valid JSON and outlives the document. */
void json_document_start(struct json_document *document, struct slice text);
void json_document_free(struct json_document *document);

/* The raw value at a path as the edits have it, or a null slice. `scratch` is for values with edits inside. Valid until
 * the next call. */
struct slice json_document_raw(struct json_document *document, const struct json_path *path, struct buffer *scratch);

/* Puts the raw value there; a last step that is not there yet is created (a position only when it is the array's
 * length). `raw` is borrowed until return. Both return null, or why not (static text, goes behind the path); nothing
 * was changed then. */
const char *json_document_set(struct json_document *document, const struct json_path *path, struct slice raw);
/* Takes the member or element out; nothing when there is none. */
const char *json_document_remove(struct json_document *document, const struct json_path *path);

/* Puts `raw` in the place of the value [start, end) of the present text. Null or why not. */
const char *json_document_replace(struct json_document *document, size_t start, size_t end, struct slice raw);

/* What stands in the place of the value [start, end), a string, of the present text; a null slice when it is gone. */
struct slice json_document_value(const struct json_document *document, size_t start, size_t end);

/* Follows a value [start, end) of the text `*version` into the present one. False when it is gone, or a part of what
 * was replaced. */
bool json_document_follow(const struct json_document *document, uint32_t *version, size_t *start, size_t *end);
/* The same one text further only. */
bool json_document_step(const struct json_document *document, uint32_t version, size_t *start, size_t *end);
/* The place in the next text of a point between two values: behind what has taken the place of what is around it. */
size_t json_document_step_point(const struct json_document *document, uint32_t version, size_t at);

/* Makes the text with all edits the present one. */
void json_document_settle(struct json_document *document);

/* Appends the text with its edits. */
void json_document_render(const struct json_document *document, struct buffer *out);

/* The document goes on with the bytes of its present text at another place. */
void json_document_rebase(struct json_document *document, struct slice same);
