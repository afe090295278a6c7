// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "match/regex.h"

/* The plain meaning of a pattern: from a place of the text, the set of places where each part of its tree may end.
 * Texts of at most 62 bytes. Shared by the unit test and the fuzzer. */

struct oracle {
  struct regex_program program;
  struct regex_automaton automaton;
  struct regex_threads threads;
  struct regex_tree tree;
  struct buffer sets;
  uint32_t root;
  struct slice pattern;
};

static inline unsigned oracle_random(unsigned *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 16;
}

static inline bool oracle_open(struct oracle *oracle, struct slice pattern, unsigned flags) {
  struct match_recipe recipe;
  struct error error;
  *oracle = (struct oracle){.pattern = pattern};
  oracle->tree.sets = &oracle->sets;
  match_recipe_init(&recipe, MATCH_PATTERNS, flags);
  bool compiled =
      match_recipe_add(&recipe, pattern, &error) == 0 && regex_compile(&recipe, &oracle->program, &error) == 0;
  match_recipe_free(&recipe);
  if (!compiled) return false;
  struct regex_reader reader = {.text = pattern, .flags = flags, .tree = &oracle->tree};
  oracle->root = regex_parse(&reader);
  REQUIRE(oracle->root != REGEX_NONE);
  oracle->automaton.left = oracle->threads.left = UINT64_MAX;
  return true;
}

static inline void oracle_close(struct oracle *oracle) {
  regex_program_free(&oracle->program);
  regex_automaton_free(&oracle->automaton);
  regex_threads_free(&oracle->threads);
  buffer_free(&oracle->tree.nodes);
  buffer_free(&oracle->sets);
}

static inline uint64_t oracle_ends(const struct oracle *oracle, uint32_t node, struct slice text, uint64_t starts);

static inline uint64_t oracle_repeat(const struct oracle *oracle, const struct regex_node *node, struct slice text,
                                     uint64_t starts) {
  for (uint32_t i = 0; i < node->min; i++) starts = oracle_ends(oracle, node->first, text, starts);
  uint64_t all = starts;
  for (uint32_t i = node->min; i < node->max && starts; i++) {
    starts = oracle_ends(oracle, node->first, text, starts) & ~all;
    all |= starts;
  }
  return all;
}

static inline uint64_t oracle_byte(const struct oracle *oracle, const struct regex_node *node, struct slice text,
                                   uint64_t starts) {
  const struct regex_set *set = (const struct regex_set *)(const void *)oracle->sets.data + node->value;
  uint64_t ends = 0;
  for (size_t i = 0; i < text.len; i++) {
    if ((starts >> i & 1) && regex_set_has(set, (unsigned char)text.ptr[i])) ends |= (uint64_t)2 << i;
  }
  return ends;
}

static inline uint64_t oracle_assert(const struct regex_node *node, struct slice text, uint64_t starts) {
  for (size_t i = 0; i <= text.len; i++) {
    struct regex_place place = {i > 0 ? (unsigned char)text.ptr[i - 1] : -1,
                                i < text.len ? (unsigned char)text.ptr[i] : -1, i + 1 == text.len};
    if (!regex_assert_holds((enum regex_assert)node->value, &place)) starts &= ~((uint64_t)1 << i);
  }
  return starts;
}

static inline uint64_t oracle_ends(const struct oracle *oracle, uint32_t place, struct slice text, uint64_t starts) {
  const struct regex_node *node = regex_node_at(&oracle->tree, place);
  uint64_t ends = 0;
  if (!starts) return 0;
  switch (node->kind) {
    case REGEX_SET:
      return oracle_byte(oracle, node, text, starts);
    case REGEX_ASSERT:
      return oracle_assert(node, text, starts);
    case REGEX_REPEAT:
      return oracle_repeat(oracle, node, text, starts);
    case REGEX_CHAIN:
      for (uint32_t child = node->first; child != REGEX_NONE; child = regex_node_at(&oracle->tree, child)->next) {
        starts = oracle_ends(oracle, child, text, starts);
      }
      return starts;
    case REGEX_CHOICE:
      for (uint32_t child = node->first; child != REGEX_NONE; child = regex_node_at(&oracle->tree, child)->next) {
        ends |= oracle_ends(oracle, child, text, starts);
      }
      return ends;
    default:
      return starts;
  }
}

/* The leftmost-longest match from a place on. */
static inline bool oracle_first(const struct oracle *oracle, struct slice text, size_t from, size_t *start,
                                size_t *end) {
  for (*start = from; *start < text.len; (*start)++) {
    uint64_t ends = oracle_ends(oracle, oracle->root, text, (uint64_t)1 << *start);
    if (!ends) continue;
    *end = 63 - (size_t)__builtin_clzll(ends);
    return true;
  }
  return false;
}

static inline void oracle_fail(const struct oracle *oracle, struct slice text, const char *why) {
  fprintf(stderr, "pattern %.*s, text %.*s: %s\n", (int)oracle->pattern.len, oracle->pattern.ptr, (int)text.len,
          text.ptr, why);
  abort();
}

/* More text never changes what was decided. */
static inline void oracle_check_open(struct oracle *oracle, struct slice text, size_t cut) {
  size_t from = 0, start = 0, end = 0;
  struct slice part = {text.ptr, cut};
  for (;;) {
    size_t near;
    bool exists = regex_exists(&oracle->program, &oracle->automaton, part, from, true, &near);
    struct regex_found found = regex_find(&oracle->program, &oracle->threads, part, from, true);
    if (!exists && (found.any || found.open < cut)) oracle_fail(oracle, text, "something is under way");
    if (exists && near > (found.any ? found.from : found.open)) oracle_fail(oracle, text, "near is too far");
    bool any = oracle_first(oracle, text, from, &start, &end);
    if (found.any && (!any || found.from != start || found.to != end)) oracle_fail(oracle, text, "was not decided");
    if (!found.any && found.open > cut) oracle_fail(oracle, text, "open is beyond the text");
    if (!found.any && any && start < found.open) oracle_fail(oracle, text, "a match was given up");
    if (!found.any) return;
    from = found.to;
  }
}

static inline void oracle_check(struct oracle *oracle, struct slice text) {
  size_t from = 0, start = 0, end = 0, near;
  for (;;) {
    bool any = oracle_first(oracle, text, from, &start, &end);
    struct regex_found found = regex_find(&oracle->program, &oracle->threads, text, from, false);
    bool exists = regex_exists(&oracle->program, &oracle->automaton, text, from, false, &near);
    if (found.any != any || exists != any) oracle_fail(oracle, text, any ? "missed" : "made up");
    if (!any) break;
    if (found.from != start || found.to != end) oracle_fail(oracle, text, "found elsewhere");
    if (near > start) oracle_fail(oracle, text, "near is behind the match");
    from = end;
  }
  for (size_t cut = 0; cut <= text.len; cut += 3) oracle_check_open(oracle, text, cut);
}

static inline size_t oracle_pattern(unsigned *seed, char *out, size_t size) {
  static const char *const atoms[] = {"a", "b",       "c",      "1",      "[ab]",      "[^a]", "[a-c1]",
                                      ".", "(ab|ba)", "(a|bc)", "(a|b)*", "(c(a|1)?)", "\\b",  "\\B",
                                      "$", "^",       "\\d",    "(?i:A)", "|",         "\\n",  "(?m:$)"};
  static const char *const repeats[] = {"", "", "", "", "+", "*", "?", "{2}", "{1,3}", "{2,}"};
  size_t len = 0;
  for (unsigned count = 1 + oracle_random(seed) % 5; count > 0; count--) {
    const char *atom = atoms[oracle_random(seed) % (sizeof atoms / sizeof *atoms)];
    const char *repeat = *atom == '|' ? "" : repeats[oracle_random(seed) % (sizeof repeats / sizeof *repeats)];
    len += (size_t)snprintf(out + len, size - len, "%s%s", atom, repeat);
  }
  return len;
}

static inline size_t oracle_text(unsigned *seed, char *out, size_t size) {
  size_t len = oracle_random(seed) % size;
  for (size_t i = 0; i < len; i++) out[i] = "aaabbbcc1 \n"[oracle_random(seed) % 11];
  return len;
}
