// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <hs/hs.h>

#include "base/list.h"
#include "match/code.h"
#include "match/recipe.h"
#include "match/regex.h"
#include "match/set.h"

/* What the files of this room share about sets. No other room includes this. */

struct match_code {
  hs_database_t *database;      /* owned; words */
  uint32_t *lengths;            /* owned; of the words */
  struct regex_program program; /* owned; patterns */
  size_t reach;                 /* the longest match of all; SIZE_MAX: no limit */
};

/* Memory that scanning reuses, and the sets of one thread. */
struct match_pool {
  hs_scratch_t *scratch; /* owned; large enough for every set. One scan at a time: nothing is called back into */
  struct regex_threads threads;
  struct buffer founds; /* of struct match_found: what match_set_all handed out last */
  bool gave_up;         /* the last look of patterns at a text */
  struct buffer heard;  /* of the same: what the library reported */
  struct list sets;
  unsigned set_count;
  unsigned shares; /* the owner's and one of each set */
};

struct match_set {
  struct list node;
  struct match_pool *pool;
  struct match_recipe recipe;       /* owned */
  uint64_t hash;                    /* of the recipe */
  struct match_code *code;          /* owned */
  struct match_code *streaming;     /* owned; words; null until the first stream */
  struct regex_automaton automaton; /* owned; patterns */
  struct slice *sorted;             /* owned; words in order, folded when caseless; null for patterns */
  char *folded;                     /* owned; bytes of `sorted` */
  bool plain;                       /* words: none has a byte that JSON writes with a backslash and a letter */
  unsigned shares;
};

static inline bool match_set_of_words(const struct match_set *set) {
  return set->sorted != NULL;
}

/* Makes the pool's memory large enough for `database`. */
void match_pool_prepare(struct match_pool *pool, const hs_database_t *database);

/* All words of a text, in order, none overlapping. -1 when there are too many. */
int match_words_all(const struct match_set *set, struct slice text, size_t from, struct buffer *out);
bool match_words_find(const struct match_set *set, struct slice text, struct match_found *out);

/* Fills and frees `sorted`. */
void match_words_sort(struct match_set *set);
void match_words_free(struct match_set *set);
/* How many bytes at the end of `text` are the beginning of a longer word. */
size_t match_words_pending(const struct match_set *set, struct slice text);
