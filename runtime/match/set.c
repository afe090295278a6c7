// SPDX-License-Identifier: Apache-2.0
#include "match/set.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "match/pool.h"

/* ---- pool ---- */

struct match_pool *match_pool_open(void) {
  struct match_pool *pool = calloc(1, sizeof *pool);
  REQUIRE(pool != NULL);
  list_init(&pool->sets);
  pool->shares = 1;
  return pool;
}

void match_pool_close(struct match_pool *pool) {
  if (!pool || --pool->shares > 0) return;
  hs_free_scratch(pool->scratch);
  regex_threads_free(&pool->threads);
  buffer_free(&pool->heard);
  buffer_free(&pool->founds);
  free(pool);
}

unsigned match_pool_sets(const struct match_pool *pool) {
  return pool->set_count;
}

void match_pool_prepare(struct match_pool *pool, const hs_database_t *database) {
  REQUIRE(hs_alloc_scratch(database, &pool->scratch) == HS_SUCCESS);
}

struct match_set *match_pool_find(struct match_pool *pool, const struct match_recipe *recipe) {
  uint64_t hash = map_hash(buffer_slice(&recipe->bytes));
  for (struct list *node = pool->sets.next; node != &pool->sets; node = node->next) {
    struct match_set *set = LIST_OWNER(node, struct match_set, node);
    if (set->hash != hash) continue;
    if (slice_equal(buffer_slice(&set->recipe.bytes), buffer_slice(&recipe->bytes))) return match_set_share(set);
  }
  return NULL;
}

struct match_set *match_pool_add(struct match_pool *pool, struct match_recipe *recipe, struct match_code *code) {
  struct match_set *set = calloc(1, sizeof *set);
  REQUIRE(set != NULL);
  *set = (struct match_set){.pool = pool, .recipe = *recipe, .code = code, .shares = 1};
  *recipe = (struct match_recipe){0};
  set->hash = map_hash(buffer_slice(&set->recipe.bytes));
  if (code->database) match_pool_prepare(pool, code->database);
  if (code->database) match_words_sort(set);
  list_init(&set->node);
  list_push_front(&pool->sets, &set->node);
  pool->set_count++;
  pool->shares++;
  return set;
}

/* ---- set ---- */

struct match_set *match_set_share(struct match_set *set) {
  set->shares++;
  return set;
}

void match_set_close(struct match_set *set) {
  if (!set || --set->shares > 0) return;
  struct match_pool *pool = set->pool;
  list_remove(&set->node);
  pool->set_count--;
  match_code_close(set->code);
  match_code_close(set->streaming);
  regex_automaton_free(&set->automaton);
  match_words_free(set);
  match_recipe_free(&set->recipe);
  free(set);
  match_pool_close(pool);
}
