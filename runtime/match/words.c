// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "match/pool.h"

/* Words in order, to ask quickly whether one begins with certain bytes. */

static char fold(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int compare(const void *a, const void *b) {
  const struct slice *left = a, *right = b;
  size_t shared = left->len < right->len ? left->len : right->len;
  int order = memcmp(left->ptr, right->ptr, shared);
  return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

static bool caseless(const struct match_set *set) {
  return match_recipe_flags(&set->recipe) & MATCH_CASELESS;
}

static void copy_folded(char *to, struct slice from, bool folding) {
  for (size_t i = 0; i < from.len; i++) to[i] = folding ? fold(from.ptr[i]) : from.ptr[i];
}

static bool is_plain(struct slice word) {
  for (size_t i = 0; i < word.len; i++) {
    char c = word.ptr[i];
    if ((unsigned char)c < 0x20 || c == '"' || c == '\\' || c == '/') return false;
  }
  return true;
}

void match_words_sort(struct match_set *set) {
  set->sorted = calloc(set->recipe.count, sizeof *set->sorted);
  set->folded = malloc(set->recipe.bytes.len);
  REQUIRE(set->sorted && set->folded);
  set->plain = true;
  size_t at = 0, used = 0;
  struct slice word;
  for (unsigned i = 0; match_recipe_next(&set->recipe, &at, &word); i++) {
    set->plain = set->plain && is_plain(word);
    copy_folded(set->folded + used, word, caseless(set));
    set->sorted[i] = slice_make(set->folded + used, word.len);
    used += word.len;
  }
  qsort(set->sorted, set->recipe.count, sizeof *set->sorted, compare);
}

void match_words_free(struct match_set *set) {
  free(set->sorted);
  free(set->folded);
}

/* Whether a word longer than `start` begins so. The first word that is not before `start`, or one after it, would. */
static bool begins_word(const struct match_set *set, struct slice start) {
  unsigned low = 0, high = set->recipe.count;
  while (low < high) {
    unsigned middle = low + (high - low) / 2;
    if (compare(&set->sorted[middle], &start) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  while (low < set->recipe.count && slice_equal(set->sorted[low], start)) low++;
  return low < set->recipe.count && slice_starts(set->sorted[low], start);
}

size_t match_words_pending(const struct match_set *set, struct slice text) {
  char tail[MATCH_TEXT_MAX];
  size_t most = text.len < set->code->reach - 1 ? text.len : set->code->reach - 1;
  copy_folded(tail, slice_from(text, text.len - most), caseless(set));
  for (size_t len = most; len > 0; len--) {
    if (begins_word(set, slice_make(tail + most - len, len))) return len;
  }
  return 0;
}
