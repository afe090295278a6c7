// SPDX-License-Identifier: Apache-2.0
#include "process/replay_diff.h"

#include <stdlib.h>

#include "base/check.h"

enum { AROUND = 3, SHOWN_MAX = 60, LINE_SHOWN = 160, LINES_EXACT = 1000 };

struct lines {
  struct slice *items; /* owned; without their line feeds */
  size_t count;
};

static struct lines lines_of(struct slice text) {
  struct lines lines = {0};
  size_t room = 1;
  for (size_t i = 0; i < text.len; i++) room += text.ptr[i] == '\n';
  lines.items = calloc(room, sizeof *lines.items);
  REQUIRE(lines.items != NULL);
  while (text.len > 0) {
    const char *end = memchr(text.ptr, '\n', text.len);
    size_t len = end ? (size_t)(end - text.ptr) : text.len;
    lines.items[lines.count++] = slice_make(text.ptr, len);
    text = slice_from(text, end ? len + 1 : len);
  }
  return lines;
}

/* What a terminal can show, of a long line the part around byte `from`. */
static void line_show(FILE *out, char mark, struct slice line, size_t from) {
  size_t start = line.len > LINE_SHOWN && from > LINE_SHOWN / 4 ? from - LINE_SHOWN / 4 : 0;
  struct slice shown = slice_from(line, start);
  if (shown.len > LINE_SHOWN) shown.len = LINE_SHOWN;
  fprintf(out, "  %c%s", mark, start > 0 ? "..." : "");
  for (size_t i = 0; i < shown.len; i++) {
    unsigned char byte = (unsigned char)shown.ptr[i];
    if (byte < 0x20 || byte == 0x7f) {
      fprintf(out, "\\x%02x", byte);
    } else {
      fputc(byte, out);
    }
  }
  fprintf(out, "%s\n", start + shown.len < line.len ? "..." : "");
}

static size_t same_bytes(struct slice a, struct slice b) {
  size_t at = 0;
  while (at < a.len && at < b.len && a.ptr[at] == b.ptr[at]) at++;
  return at;
}

/* ---- the longest common subsequence of the lines between equal beginnings and ends ---- */

struct script {
  struct lines then, now;
  size_t begin, then_end, now_end; /* the lines in [begin, end) differ somewhere */
  unsigned *lengths;               /* owned; (rows + 1) * (columns + 1): common lines of what follows */
  size_t columns;
  FILE *out;
  unsigned shown;
};

static unsigned *length_at(const struct script *script, size_t row, size_t column) {
  return &script->lengths[(row - script->begin) * (script->columns + 1) + (column - script->begin)];
}

static void lengths_fill(struct script *script) {
  size_t rows = script->then_end - script->begin;
  script->columns = script->now_end - script->begin;
  if (rows > LINES_EXACT || script->columns > LINES_EXACT) return;
  script->lengths = calloc((rows + 1) * (script->columns + 1), sizeof *script->lengths);
  REQUIRE(script->lengths != NULL);
  for (size_t i = script->then_end; i-- > script->begin;) {
    for (size_t j = script->now_end; j-- > script->begin;) {
      unsigned down = *length_at(script, i + 1, j), right = *length_at(script, i, j + 1);
      bool same = slice_equal(script->then.items[i], script->now.items[j]);
      *length_at(script, i, j) = same ? *length_at(script, i + 1, j + 1) + 1 : down > right ? down : right;
    }
  }
}

static void show(struct script *script, char mark, struct slice line, size_t from) {
  if (script->shown++ < SHOWN_MAX) line_show(script->out, mark, line, from);
}

/* What is removed comes before what is added, as everywhere. */
static bool removes(const struct script *script, size_t i, size_t j) {
  if (i == script->then_end) return false;
  if (j == script->now_end || !script->lengths) return true;
  return *length_at(script, i + 1, j) >= *length_at(script, i, j + 1);
}

static void middle_show(struct script *script) {
  size_t i = script->begin, j = script->begin;
  struct slice removed = {0};
  while (i < script->then_end || j < script->now_end) {
    bool both = i < script->then_end && j < script->now_end;
    size_t from = both ? same_bytes(script->then.items[i], script->now.items[j]) : 0;
    if (both && script->lengths && slice_equal(script->then.items[i], script->now.items[j])) {
      show(script, ' ', script->then.items[i], 0);
      i++, j++;
    } else if (removes(script, i, j)) {
      removed = script->then.items[i++];
      show(script, '-', removed, from);
    } else {
      show(script, '+', script->now.items[j], same_bytes(removed, script->now.items[j]));
      j++;
    }
  }
}

static void ends_find(struct script *script) {
  const struct lines *then = &script->then, *now = &script->now;
  size_t begin = 0, then_end = then->count, now_end = now->count;
  while (begin < then_end && begin < now_end && slice_equal(then->items[begin], now->items[begin])) begin++;
  while (then_end > begin && now_end > begin && slice_equal(then->items[then_end - 1], now->items[now_end - 1])) {
    then_end--, now_end--;
  }
  script->begin = begin;
  script->then_end = then_end;
  script->now_end = now_end;
}

static void hunk_show(struct script *script) {
  size_t before = script->begin < AROUND ? script->begin : AROUND;
  size_t after = script->then.count - script->then_end;
  if (after > AROUND) after = AROUND;
  fprintf(script->out, "  @@ -%zu,%zu +%zu,%zu @@\n", script->begin - before + 1,
          script->then_end - script->begin + before + after, script->begin - before + 1,
          script->now_end - script->begin + before + after);
  for (size_t i = script->begin - before; i < script->begin; i++) show(script, ' ', script->then.items[i], 0);
  middle_show(script);
  for (size_t i = 0; i < after; i++) show(script, ' ', script->then.items[script->then_end + i], 0);
  if (script->shown > SHOWN_MAX) fprintf(script->out, "  (%u more lines)\n", script->shown - SHOWN_MAX);
}

void replay_diff(const char *what, struct slice then, struct slice now, FILE *out) {
  struct script script = {.then = lines_of(then), .now = lines_of(now), .out = out};
  ends_find(&script);
  lengths_fill(&script);
  fprintf(out, "  %s differs from byte %zu, line %zu on:\n  --- recorded\n  +++ replayed\n", what,
          same_bytes(then, now), script.begin + 1);
  hunk_show(&script);
  free(script.lengths);
  free(script.then.items);
  free(script.now.items);
}
