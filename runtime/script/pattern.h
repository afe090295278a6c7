// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Lua 5.1's patterns, matched without recursion and within a budget of steps, so that no pattern can hang a worker.
 * Unlike Lua's own matcher a pattern may hold NUL bytes. */

enum { PATTERN_CAPTURES = 32, PATTERN_CHOICES = 256, PATTERN_SLICE = 4096 };

/* A place to come back to when what follows does not match. Every item of a pattern makes at most one. */
struct pattern_choice {
  unsigned char kind;
  unsigned char capture;
  const char *subject, *floor; /* where to go on; a greedy item gives back down to the floor */
  const char *item, *next;
};

struct pattern_capture {
  const char *start;
  ptrdiff_t len; /* or one of the two marks below */
};
enum { PATTERN_OPEN = -1, PATTERN_POSITION = -2 };

struct pattern {
  const char *subject, *subject_end;
  const char *text, *text_end;
  unsigned captures;
  struct pattern_capture capture[PATTERN_CAPTURES];
  struct pattern_choice *choices; /* PATTERN_CHOICES of them, borrowed; free again after each pattern_match */
  size_t choice_count;
  uint64_t steps; /* left for all matches with this pattern */
  uint32_t slice; /* left before `interrupted` is asked again */
  bool (*interrupted)(void *user);
  void *user;
  const char *problem; /* why the last match was given up; static text */
};

enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_BROKEN };

/* Readies `pattern`; the step budget grows with the subject. `interrupted` may be null. */
void pattern_open(struct pattern *pattern, struct slice subject, struct slice text, struct pattern_choice *choices,
                  bool (*interrupted)(void *user), void *user);

/* Matches the items from `item` on at exactly `at`; `end` is where the match ends. */
enum pattern_result pattern_match(struct pattern *pattern, const char *at, const char *item, const char **end);
