// SPDX-License-Identifier: Apache-2.0
#include "codec/json_scan.h"
#include "codec/scan.h"

/* The place of the new edit [start, end) in the list, or -1 when there is no room or it overlaps another. Edits that
 * only insert keep their order at one place. */
static int place_find(const struct json_edits *edits, size_t start, size_t end) {
  if (edits->count == JSON_EDITS_MAX) return -1;
  unsigned at = edits->count;
  while (at > 0 && edits->items[at - 1].start > start) at--;
  if (at > 0 && edits->items[at - 1].end > start) return -1;
  if (at < edits->count && edits->items[at].start < end) return -1;
  return (int)at;
}

static int edit_insert(struct json_edits *edits, size_t start, size_t end, struct slice bytes) {
  int at = place_find(edits, start, end);
  if (at < 0) return -1;
  memmove(&edits->items[at + 1], &edits->items[at], (edits->count - (unsigned)at) * sizeof edits->items[0]);
  edits->items[at] = (struct json_edit){start, end, bytes};
  edits->count++;
  return 0;
}

static void edit_drop(struct json_edits *edits, unsigned at) {
  edits->count--;
  memmove(&edits->items[at], &edits->items[at + 1], (edits->count - at) * sizeof edits->items[0]);
}

static size_t value_start(struct slice text, const struct json_member *member) {
  return (size_t)(member->value.ptr - text.ptr);
}

static size_t value_end(struct slice text, const struct json_member *member) {
  return value_start(text, member) + member->value.len;
}

int json_edit_replace(struct json_edits *edits, struct slice text, const struct json_member *member, struct slice raw) {
  return edit_insert(edits, value_start(text, member), value_end(text, member), raw);
}

int json_edit_rename(struct json_edits *edits, struct slice text, const struct json_member *member, struct slice key) {
  for (size_t i = 0; i < key.len; i++) {
    if ((unsigned char)key.ptr[i] < 0x20 || key.ptr[i] == '"' || key.ptr[i] == '\\') return -1;
  }
  const char *content = text.ptr + member->start + 1;
  const char *after = json_string_end(content, text.ptr + text.len);
  return edit_insert(edits, member->start + 1, (size_t)(after - text.ptr) - 1, key);
}

/* The edit that takes the whole of `member` out, or null. */
static struct json_edit *removal_find(struct json_edits *edits, struct slice text, const struct json_member *member) {
  for (unsigned i = 0; i < edits->count; i++) {
    struct json_edit *edit = &edits->items[i];
    if (edit->start <= member->start && edit->end >= value_end(text, member)) return edit;
  }
  return NULL;
}

static bool member_is_changed(const struct json_edits *edits, struct slice text, const struct json_member *member) {
  for (unsigned i = 0; i < edits->count; i++) {
    if (edits->items[i].start < value_end(text, member) && edits->items[i].end > member->start) return true;
  }
  return false;
}

/* A run of removed members, first to last, that stand next to each other. */
struct run {
  size_t first, last;
};

static struct run run_around(struct json_edits *edits, const struct json_index *index, size_t at) {
  struct run run = {at, at};
  while (run.first > 0 && removal_find(edits, index->text, &index->members[run.first - 1])) run.first--;
  while (run.last + 1 < index->count && removal_find(edits, index->text, &index->members[run.last + 1])) run.last++;
  return run;
}

/* With the comma behind the run, or, when it ends the object, with the one before it. */
static struct json_edit run_edit(const struct json_index *index, struct run run) {
  const struct json_member *members = index->members;
  size_t start = members[run.first].start;
  if (run.last + 1 < index->count) return (struct json_edit){.start = start, .end = members[run.last + 1].start};
  if (run.first > 0) start = value_end(index->text, &members[run.first - 1]);
  return (struct json_edit){.start = start, .end = value_end(index->text, &members[run.last])};
}

static size_t brace_of(const struct json_index *index) {
  size_t at = index->text.len;
  while (index->text.ptr[at - 1] != '}') at--;
  return at - 1;
}

/* The comma of the first appended member, which must be empty while no member stands before it; or null. */
static struct json_edit *append_comma(struct json_edits *edits, const struct json_index *index) {
  size_t brace = brace_of(index);
  for (unsigned i = 0; i < edits->count; i++) {
    if (edits->items[i].start == brace) return &edits->items[i];
  }
  return NULL;
}

int json_edit_remove(struct json_edits *edits, const struct json_index *index, const struct json_member *member) {
  if (member_is_changed(edits, index->text, member)) return -1;
  struct run run = run_around(edits, index, (size_t)(member - index->members));
  struct json_edit edit = run_edit(index, run);
  if (run.first == run.last && edits->count == JSON_EDITS_MAX) return -1;
  for (unsigned i = edits->count; i-- > 0;) {
    struct json_edit *old = &edits->items[i];
    if (old->start < edit.end && old->end > edit.start) edit_drop(edits, i);
  }
  edit_insert(edits, edit.start, edit.end, edit.bytes);
  struct json_edit *comma = append_comma(edits, index);
  if (comma && run.first == 0 && run.last + 1 == index->count) comma->bytes.len = 0;
  return 0;
}

static bool all_removed(struct json_edits *edits, const struct json_index *index) {
  for (size_t i = 0; i < index->count; i++) {
    if (!removal_find(edits, index->text, &index->members[i])) return false;
  }
  return true;
}

int json_edit_append(struct json_edits *edits, const struct json_index *index, struct slice member_raw) {
  if (edits->count + 2 > JSON_EDITS_MAX) return -1;
  bool first = !append_comma(edits, index) && all_removed(edits, index);
  size_t brace = brace_of(index);
  edit_insert(edits, brace, brace, slice_make(",", first ? 0 : 1));
  return edit_insert(edits, brace, brace, member_raw);
}

unsigned json_edits_segments(const struct json_edits *edits, struct slice text, struct slice *segments) {
  unsigned count = 0;
  size_t at = 0;
  for (unsigned i = 0; i < edits->count; i++) {
    const struct json_edit *edit = &edits->items[i];
    if (edit->start > at) segments[count++] = slice_make(text.ptr + at, edit->start - at);
    if (edit->bytes.len > 0) segments[count++] = edit->bytes;
    at = edit->end;
  }
  if (at < text.len) segments[count++] = slice_from(text, at);
  return count;
}

size_t json_edits_length(const struct json_edits *edits, struct slice text) {
  size_t len = text.len;
  for (unsigned i = 0; i < edits->count; i++) {
    len += edits->items[i].bytes.len;
    len -= edits->items[i].end - edits->items[i].start;
  }
  return len;
}
