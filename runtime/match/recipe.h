// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* What a set is made from. Equal recipes make equal sets: `bytes` is the key they are found by. */
enum match_kind { MATCH_LITERALS, MATCH_PATTERNS };
enum match_flag {
  MATCH_CASELESS = 1,  /* ASCII letters only */
  MATCH_MULTILINE = 2, /* patterns: ^ and $ at every line */
  MATCH_DOTALL = 4     /* patterns: the dot takes line ends too */
};

enum {
  MATCH_LITERALS_MAX = 10000,
  MATCH_PATTERNS_MAX = 1000,
  MATCH_TEXT_MAX = 4096,       /* bytes of one word or pattern */
  MATCH_TOTAL_MAX = 512 * 1024 /* bytes of all */
};

struct match_recipe {
  struct buffer bytes; /* owned: kind, flags, then each text with its length before and a NUL behind it */
  unsigned count;
};

void match_recipe_init(struct match_recipe *recipe, enum match_kind kind, unsigned flags);
void match_recipe_free(struct match_recipe *recipe);

/* Takes a copy. -1 when the text is empty, too long, one too many, or a pattern with a NUL byte. */
int match_recipe_add(struct match_recipe *recipe, struct slice text, struct error *error);

enum match_kind match_recipe_kind(const struct match_recipe *recipe);
unsigned match_recipe_flags(const struct match_recipe *recipe);

/* The text at `*at` (0 at first), which moves on to the next. NUL-terminated. False at the end. */
bool match_recipe_next(const struct match_recipe *recipe, size_t *at, struct slice *text);
