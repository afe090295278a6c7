// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <hs/hs.h>

#include "base/list.h"
#include "match/code.h"
#include "match/recipe.h"
#include "match/set.h"

/* What the files of this room share about sets. No other room includes this. */

enum { MATCH_UNBOUNDED = UINT32_MAX };

struct match_width {
  uint32_t min, max; /* bytes of a match; max may be MATCH_UNBOUNDED */
};

struct match_code {
  hs_database_t *database;    /* owned */
  struct match_width *widths; /* owned; one for each text of the recipe */
  unsigned count;
  uint32_t reach; /* the longest match of all */
};

/* Memory that scanning reuses, and the sets of one thread. */
struct match_pool {
  hs_scratch_t *scratch; /* owned; large enough for every set. One scan at a time: nothing is called back into */
  struct list sets;
  unsigned set_count;
  unsigned shares;      /* the owner's and one of each set */
  struct buffer founds; /* of struct match_found: what match_set_all handed out last */
};

struct match_set {
  struct list node;
  struct match_pool *pool;
  struct match_recipe recipe;   /* owned */
  uint64_t hash;                /* of the recipe */
  struct match_code *code;      /* owned */
  struct match_code *streaming; /* owned; null until the first stream */
  struct slice *sorted;         /* owned; words in order, folded when caseless; null for patterns */
  char *folded;                 /* owned; bytes of `sorted` */
  unsigned shares;
};

/* Makes the pool's memory large enough for `database`. */
void match_pool_prepare(struct match_pool *pool, const hs_database_t *database);

/* One scan with the pool's memory. */
void match_scan(const struct match_set *set, struct slice text, match_event_handler on_match, void *context);

/* What a report says: for words, and patterns of one width, the beginning is reckoned from the end. */
struct match_found match_found_make(const struct match_set *set, unsigned id, unsigned long long from,
                                    unsigned long long to);

/* Fills and frees `sorted`. */
void match_words_sort(struct match_set *set);
void match_words_free(struct match_set *set);
