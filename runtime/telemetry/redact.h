// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Takes secrets out of text: those it was told (redactor_hide) and whatever has the shape of a key, token, password,
 * private key or email address (gateway-api section 6.6). */
struct redactor;

struct redactor *redactor_open(void); /* null when memory is gone */
void redactor_close(struct redactor *redactor);

/* `value` becomes [REDACTED:<name>] wherever it occurs; [REDACTED_SECRET] when `name` is empty. Copies both. Values
 * shorter than 12 bytes are not taken: they would hide ordinary words. */
void redactor_hide(struct redactor *redactor, struct slice name, struct slice value);

/* Hides the value of every variable of `environment` (NAME=value, ends with null) whose name has a word that says
 * secret: KEY, TOKEN, PASSWORD ... For a DSN the password of its URL. */
void redactor_hide_environment(struct redactor *redactor, const char *const *environment);

struct redact_match {
  size_t at, len;
  struct slice name; /* redactor_hide's name, borrowed from the redactor; empty for a shape */
  const char *label; /* what to write in its place when `name` is empty */
};

/* A walk through a text from secret to secret. Linear in the text, whatever it holds. */
struct redact_walk {
  const struct redactor *redactor; /* borrowed; null: shapes only */
  struct slice text;               /* borrowed */
  size_t from, limit;              /* secrets that begin in [from, limit) are still to come */
  struct redact_match told, shape; /* the next of each kind, once looked for */
};
void redact_walk_start(struct redact_walk *walk, const struct redactor *redactor, struct slice text, size_t limit);

/* The next secret; it may end behind `limit`. */
bool redact_walk_next(struct redact_walk *walk, struct redact_match *match);

/* Could a secret begin in text[0, limit)? Cheap; false for nearly every ordinary value. `classes` are text_classes's.
 */
bool redact_suspects(const struct redactor *redactor, struct slice text, size_t limit, unsigned classes);

/* What stands in a match's place, in three parts to be written one after the other. */
struct redact_label {
  struct slice parts[3];
};
struct redact_label redact_label(const struct redact_match *match);

/* Appends `text` without its secrets. */
void redact_append(const struct redactor *redactor, struct slice text, struct buffer *out);
