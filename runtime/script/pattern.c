// SPDX-License-Identifier: Apache-2.0
#include "script/pattern.h"

#include "script/pattern_class.h"

enum { STEPS_BASE = 500 * 1000, STEPS_PER_BYTE = 16 };

enum choice { CHOICE_GREEDY, CHOICE_LAZY, CHOICE_OPTIONAL, UNDO_OPEN, UNDO_CLOSE };

/* Where the matcher stands. */
struct cursor {
  const char *at;
  const char *item;
};

enum verdict { GO_ON, GO_BACK, MATCHED, BROKEN };

void pattern_open(struct pattern *pattern, struct slice subject, struct slice text, struct pattern_choice *choices,
                  bool (*interrupted)(void *user), void *user) {
  pattern->subject = subject.ptr;
  pattern->subject_end = subject.ptr + subject.len;
  pattern->text = text.ptr;
  pattern->text_end = text.ptr + text.len;
  pattern->captures = 0;
  pattern->choices = choices;
  pattern->choice_count = 0;
  pattern->steps = STEPS_BASE + STEPS_PER_BYTE * (uint64_t)subject.len;
  pattern->slice = PATTERN_SLICE;
  pattern->interrupted = interrupted;
  pattern->user = user;
  pattern->problem = NULL;
}

static enum verdict broken(struct pattern *pattern, const char *problem) {
  pattern->problem = problem;
  return BROKEN;
}

/* Pays for work; false when the budget is used up or the owner wants to stop. */
static bool pay(struct pattern *pattern, size_t steps) {
  if (steps < pattern->slice) {
    pattern->slice -= (uint32_t)steps;
    return true;
  }
  uint64_t used = PATTERN_SLICE - pattern->slice + (uint64_t)steps;
  if (used > pattern->steps) {
    pattern->problem = "pattern too expensive";
    return false;
  }
  pattern->steps -= used;
  pattern->slice = PATTERN_SLICE;
  if (!pattern->interrupted || !pattern->interrupted(pattern->user)) return true;
  pattern->problem = "pattern interrupted";
  return false;
}

static enum verdict choice_push(struct pattern *pattern, struct pattern_choice choice) {
  if (pattern->choice_count == PATTERN_CHOICES) return broken(pattern, "pattern too complex");
  pattern->choices[pattern->choice_count++] = choice;
  return GO_ON;
}

static bool item_matches(const struct pattern *pattern, const char *at, const char *item, const char *next) {
  return at < pattern->subject_end && pattern_item_matches((unsigned char)*at, item, next);
}

/* ---- captures ---- */

static enum verdict capture_open(struct pattern *pattern, struct cursor *cursor) {
  if (pattern->captures == PATTERN_CAPTURES) return broken(pattern, "too many captures");
  bool position = cursor->item + 1 < pattern->text_end && cursor->item[1] == ')';
  pattern->capture[pattern->captures++] =
      (struct pattern_capture){cursor->at, position ? PATTERN_POSITION : PATTERN_OPEN};
  cursor->item += position ? 2 : 1;
  return choice_push(pattern, (struct pattern_choice){.kind = UNDO_OPEN});
}

static enum verdict capture_close(struct pattern *pattern, struct cursor *cursor) {
  unsigned last = pattern->captures;
  while (last > 0 && pattern->capture[last - 1].len != PATTERN_OPEN) last--;
  if (last == 0) return broken(pattern, "invalid pattern capture");
  struct pattern_capture *capture = &pattern->capture[last - 1];
  capture->len = cursor->at - capture->start;
  cursor->item++;
  return choice_push(pattern, (struct pattern_choice){.kind = UNDO_CLOSE, .capture = (unsigned char)(last - 1)});
}

/* %1: the text of an earlier capture again. */
static enum verdict capture_again(struct pattern *pattern, struct cursor *cursor) {
  unsigned number = (unsigned)(cursor->item[1] - '1');
  if (cursor->item[1] == '0' || number >= pattern->captures || pattern->capture[number].len == PATTERN_OPEN) {
    return broken(pattern, "invalid capture index");
  }
  const struct pattern_capture *capture = &pattern->capture[number];
  if (capture->len == PATTERN_POSITION) return GO_BACK;
  size_t len = (size_t)capture->len;
  if (!pay(pattern, len / 16)) return BROKEN;
  if ((size_t)(pattern->subject_end - cursor->at) < len || memcmp(capture->start, cursor->at, len) != 0) return GO_BACK;
  cursor->at += len;
  cursor->item += 2;
  return GO_ON;
}

/* ---- the other items ---- */

/* %bxy */
static enum verdict match_balance(struct pattern *pattern, struct cursor *cursor) {
  if (pattern->text_end - cursor->item < 4) return broken(pattern, "unbalanced pattern");
  char opening = cursor->item[2], closing = cursor->item[3];
  if (cursor->at >= pattern->subject_end || *cursor->at != opening) return GO_BACK;
  size_t depth = 1;
  const char *at = cursor->at + 1;
  for (; at < pattern->subject_end && depth > 0; at++) {
    if (*at == closing) {
      depth--;
    } else if (*at == opening) {
      depth++;
    }
  }
  if (!pay(pattern, (size_t)(at - cursor->at))) return BROKEN;
  if (depth > 0) return GO_BACK;
  cursor->at = at;
  cursor->item += 4;
  return GO_ON;
}

/* %f[set] */
static enum verdict match_frontier(struct pattern *pattern, struct cursor *cursor) {
  const char *set = cursor->item + 2;
  if (set >= pattern->text_end || *set != '[') return broken(pattern, "missing '[' after '%f' in pattern");
  const char *next = pattern_item_end(set, pattern->text_end, &pattern->problem);
  if (!next) return BROKEN;
  unsigned char before = cursor->at == pattern->subject ? 0 : (unsigned char)cursor->at[-1];
  unsigned char here = cursor->at == pattern->subject_end ? 0 : (unsigned char)*cursor->at;
  if (pattern_item_matches(before, set, next) || !pattern_item_matches(here, set, next)) return GO_BACK;
  cursor->item = next;
  return GO_ON;
}

static enum verdict match_greedy(struct pattern *pattern, struct cursor *cursor, const char *next, const char *floor) {
  const char *at = floor;
  size_t price = 1 + (size_t)(next - cursor->item) / 4;
  while (item_matches(pattern, at, cursor->item, next)) {
    at++;
    if (!pay(pattern, price)) return BROKEN;
  }
  cursor->at = at;
  cursor->item = next + 1;
  if (at == floor) return GO_ON;
  return choice_push(pattern, (struct pattern_choice){CHOICE_GREEDY, 0, at, floor, NULL, next + 1});
}

static enum verdict match_lazy(struct pattern *pattern, struct cursor *cursor, const char *next) {
  struct pattern_choice choice = {CHOICE_LAZY, 0, cursor->at, NULL, cursor->item, next};
  cursor->item = next + 1;
  return choice_push(pattern, choice);
}

static enum verdict match_optional(struct pattern *pattern, struct cursor *cursor, const char *next, bool here) {
  const char *at = cursor->at;
  cursor->item = next + 1;
  if (!here) return GO_ON;
  cursor->at++;
  return choice_push(pattern, (struct pattern_choice){CHOICE_OPTIONAL, 0, at, NULL, NULL, next + 1});
}

/* One character or set, with what may follow it. */
static enum verdict match_single(struct pattern *pattern, struct cursor *cursor) {
  const char *next = pattern_item_end(cursor->item, pattern->text_end, &pattern->problem);
  if (!next) return BROKEN;
  bool here = item_matches(pattern, cursor->at, cursor->item, next);
  switch (next < pattern->text_end ? *next : '\0') {
    case '?':
      return match_optional(pattern, cursor, next, here);
    case '*':
      return match_greedy(pattern, cursor, next, cursor->at);
    case '+':
      return here ? match_greedy(pattern, cursor, next, cursor->at + 1) : GO_BACK;
    case '-':
      return match_lazy(pattern, cursor, next);
    default:
      if (!here) return GO_BACK;
      cursor->at++;
      cursor->item = next;
      return GO_ON;
  }
}

static enum verdict match_escape(struct pattern *pattern, struct cursor *cursor) {
  char letter = cursor->item + 1 < pattern->text_end ? cursor->item[1] : '\0';
  if (letter == 'b') return match_balance(pattern, cursor);
  if (letter == 'f') return match_frontier(pattern, cursor);
  if (letter >= '0' && letter <= '9') return capture_again(pattern, cursor);
  return match_single(pattern, cursor);
}

static enum verdict match_item(struct pattern *pattern, struct cursor *cursor) {
  if (cursor->item == pattern->text_end) return MATCHED;
  if (!pay(pattern, 1)) return BROKEN;
  switch (*cursor->item) {
    case '(':
      return capture_open(pattern, cursor);
    case ')':
      return capture_close(pattern, cursor);
    case '%':
      return match_escape(pattern, cursor);
    case '$':
      if (cursor->item + 1 == pattern->text_end) return cursor->at == pattern->subject_end ? MATCHED : GO_BACK;
      return match_single(pattern, cursor);
    default:
      return match_single(pattern, cursor);
  }
}

/* ---- backtracking ---- */

/* Tries the newest choice once more; false when it is used up and was only undone. */
static bool choice_retry(struct pattern *pattern, struct pattern_choice *choice, struct cursor *cursor) {
  switch (choice->kind) {
    case UNDO_OPEN:
      pattern->captures--;
      return false;
    case UNDO_CLOSE:
      pattern->capture[choice->capture].len = PATTERN_OPEN;
      return false;
    case CHOICE_OPTIONAL:
      *cursor = (struct cursor){choice->subject, choice->next};
      pattern->choice_count--;
      return true;
    case CHOICE_GREEDY:
      if (choice->subject == choice->floor) return false;
      *cursor = (struct cursor){--choice->subject, choice->next};
      return true;
    default:
      if (!item_matches(pattern, choice->subject, choice->item, choice->next)) return false;
      *cursor = (struct cursor){++choice->subject, choice->next + 1};
      return true;
  }
}

static enum verdict go_back(struct pattern *pattern, struct cursor *cursor) {
  while (pattern->choice_count > 0) {
    if (!pay(pattern, 1)) return BROKEN;
    struct pattern_choice *choice = &pattern->choices[pattern->choice_count - 1];
    if (choice_retry(pattern, choice, cursor)) return GO_ON;
    pattern->choice_count--;
  }
  return GO_BACK;
}

enum pattern_result pattern_match(struct pattern *pattern, const char *at, const char *item, const char **end) {
  struct cursor cursor = {at, item};
  pattern->captures = 0;
  pattern->choice_count = 0;
  enum verdict verdict = GO_ON;
  while (verdict == GO_ON) {
    verdict = match_item(pattern, &cursor);
    if (verdict == GO_BACK) verdict = go_back(pattern, &cursor);
  }
  *end = cursor.at;
  if (verdict == BROKEN) return PATTERN_BROKEN;
  return verdict == MATCHED ? PATTERN_YES : PATTERN_NO;
}
