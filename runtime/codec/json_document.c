// SPDX-License-Identifier: Apache-2.0
#include "codec/json_document.h"

#include "base/check.h"
#include "codec/json_scan.h"

enum { DOCUMENT_MAX = 32 << 20, GARBAGE_KEEP = 64 << 10 };

static const char too_large[] = "the document would be larger than 32 MiB";

/* [start, end) of the text becomes `len` bytes at `at` of the document's `bytes`. */
struct edit {
  size_t start, end;
  size_t at, len;
};

/* What settling did: an edit of an older text. `marks` says how many shifts there were when each text was made. */
struct shift {
  size_t start, end, len;
};

static struct edit *edits_of(const struct json_document *document) {
  return (struct edit *)(void *)document->edits.data;
}

static size_t edit_count(const struct json_document *document) {
  return document->edits.len / sizeof(struct edit);
}

void json_document_start(struct json_document *document, struct slice text) {
  *document = (struct json_document){
      .text = text, .length = text.len, .limit = text.len > DOCUMENT_MAX ? text.len : DOCUMENT_MAX};
}

void json_document_free(struct json_document *document) {
  buffer_free(&document->own);
  buffer_free(&document->next);
  buffer_free(&document->edits);
  buffer_free(&document->bytes);
  buffer_free(&document->shifts);
  buffer_free(&document->marks);
  *document = (struct json_document){0};
}

/* ---- the list of edits: by start, not overlapping ---- */

/* The first edit that ends behind `at`, or stands there. Walks come from the front, so the last one is tried first. */
static size_t edit_seek(const struct json_document *document, size_t at) {
  const struct edit *edits = edits_of(document);
  size_t low = 0, high = edit_count(document);
  if (high > 0 && edits[high - 1].end <= at && edits[high - 1].start < at) return high;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (edits[middle].end > at || edits[middle].start >= at) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* True when an edit has taken [start, end) out, or has taken the place of more than that. */
static bool is_inside(const struct json_document *document, size_t start, size_t end) {
  size_t i = edit_seek(document, start);
  if (i == edit_count(document)) return false;
  const struct edit *edit = &edits_of(document)[i];
  bool around = edit->start <= start && edit->end >= end && edit->end > edit->start;
  return around && !(edit->start == start && edit->end == end && edit->len > 0);
}

/* The bytes without those that no edit refers to. */
static void bytes_compact(struct json_document *document) {
  struct buffer kept = {0};
  struct edit *edits = edits_of(document);
  for (size_t i = 0; i < edit_count(document); i++) {
    size_t at = kept.len;
    buffer_append(&kept, document->bytes.data + edits[i].at, edits[i].len);
    edits[i].at = at;
  }
  buffer_free(&document->bytes);
  document->bytes = kept;
  document->garbage = 0;
}

/* Forgets the edits [first, last). */
static void edits_drop(struct json_document *document, size_t first, size_t last) {
  struct edit *edits = edits_of(document);
  size_t count = edit_count(document);
  for (size_t i = first; i < last; i++) {
    document->garbage += edits[i].len;
    document->length = document->length - edits[i].len + (edits[i].end - edits[i].start);
  }
  if (first < last && last < count) memmove(&edits[first], &edits[last], (count - last) * sizeof *edits);
  document->edits.len -= (last - first) * sizeof *edits;
  if (document->garbage > GARBAGE_KEEP + document->bytes.len / 2) bytes_compact(document);
}

static void edit_insert(struct json_document *document, size_t at, struct edit edit) {
  size_t count = edit_count(document);
  buffer_append(&document->edits, &edit, sizeof edit);
  struct edit *edits = edits_of(document);
  if (at == count) return;
  memmove(&edits[at + 1], &edits[at], (count - at) * sizeof edit);
  edits[at] = edit;
}

/* The new edit takes the place of those inside of it. */
static const char *edit_add(struct json_document *document, size_t start, size_t end, struct slice first,
                            struct slice second) {
  size_t len = first.len + second.len;
  if (document->length + len > document->limit + (end - start)) return too_large;
  size_t from = edit_seek(document, start), to = from;
  while (to < edit_count(document) && edits_of(document)[to].start < end) to++;
  edits_drop(document, from, to);
  edit_insert(document, from, (struct edit){start, end, document->bytes.len, len});
  buffer_append_slice(&document->bytes, first);
  buffer_append_slice(&document->bytes, second);
  document->length = document->length + len - (end - start);
  document->changed = true;
  return NULL;
}

/* ---- the text with its edits ---- */

/* [start, end) of the text, all edits in it applied. */
static void range_render(const struct json_document *document, size_t start, size_t end, struct buffer *out) {
  const struct edit *edits = edits_of(document);
  size_t count = edit_count(document), at = start;
  for (size_t i = edit_seek(document, start); i < count && edits[i].start < end; i++) {
    buffer_append(out, document->text.ptr + at, edits[i].start - at);
    buffer_append(out, document->bytes.data + edits[i].at, edits[i].len);
    at = edits[i].end;
  }
  buffer_append(out, document->text.ptr + at, end - at);
}

void json_document_render(const struct json_document *document, struct buffer *out) {
  buffer_reserve(out, document->length);
  range_render(document, 0, document->text.len, out);
}

static void shifts_note(struct json_document *document) {
  buffer_append(&document->marks, &document->shifts.len, sizeof document->shifts.len);
  document->version++;
  const struct edit *edits = edits_of(document);
  for (size_t i = 0; i < edit_count(document); i++) {
    struct shift shift = {edits[i].start, edits[i].end, edits[i].len};
    buffer_append(&document->shifts, &shift, sizeof shift);
  }
}

void json_document_settle(struct json_document *document) {
  document->rearranged = false;
  if (edit_count(document) == 0) return;
  buffer_clear(&document->next);
  json_document_render(document, &document->next);
  shifts_note(document);
  struct buffer before = document->own;
  document->own = document->next;
  document->next = before;
  document->text = buffer_slice(&document->own);
  document->garbage = 0;
  buffer_clear(&document->edits);
  buffer_clear(&document->bytes);
}

void json_document_rebase(struct json_document *document, struct slice same) {
  REQUIRE(edit_count(document) == 0 && same.len == document->text.len);
  document->text = same;
  document->changed = false;
  buffer_free(&document->own);
  buffer_free(&document->next);
}

/* ---- places in older texts ---- */

/* The shifts from the text `version` to the one after it. */
struct step {
  const struct shift *shift, *last;
};

static struct step step_of(const struct json_document *document, uint32_t version) {
  const size_t *marks = (const size_t *)(const void *)document->marks.data;
  size_t end = version + 1 < document->version ? marks[version + 1] : document->shifts.len;
  const char *shifts = document->shifts.data;
  return (struct step){(const struct shift *)(const void *)(shifts + marks[version]),
                       (const struct shift *)(const void *)(shifts + end)};
}

/* Where the value [start, end) is one text later. */
static bool range_shift(struct step step, size_t *start, size_t *end) {
  size_t grown = 0, gone = 0, first = *start;
  for (; step.shift < step.last && step.shift->end <= first; step.shift++) {
    grown += step.shift->len;
    gone += step.shift->end - step.shift->start;
  }
  *start = first + grown - gone;
  for (; step.shift < step.last && step.shift->start < *end; step.shift++) {
    if (step.shift->start < first || step.shift->end > *end) return false;
    grown += step.shift->len;
    gone += step.shift->end - step.shift->start;
  }
  *end = *end + grown - gone;
  return *end > *start;
}

bool json_document_follow(const struct json_document *document, uint32_t *version, size_t *start, size_t *end) {
  for (; *version < document->version; ++*version) {
    if (!range_shift(step_of(document, *version), start, end)) return false;
  }
  return true;
}

bool json_document_step(const struct json_document *document, uint32_t version, size_t *start, size_t *end) {
  return range_shift(step_of(document, version), start, end);
}

size_t json_document_step_point(const struct json_document *document, uint32_t version, size_t at) {
  struct step step = step_of(document, version);
  size_t grown = 0, gone = 0;
  for (; step.shift < step.last && step.shift->start < at; step.shift++) {
    size_t left = step.shift->end > at ? step.shift->end - at : 0;
    grown += step.shift->len + left;
    gone += step.shift->end - step.shift->start;
  }
  return at + grown - gone;
}

/* ---- paths ---- */

/* True when an edit has taken the place of what a path has met. */
static bool is_stale(const struct json_document *document, const struct json_place *place) {
  if (place->stop == JSON_STOP_FOUND) {
    size_t start = (size_t)(place->value.ptr - document->text.ptr);
    return is_inside(document, start, start + place->value.len);
  }
  size_t i = edit_seek(document, place->at);
  return i < edit_count(document) && edits_of(document)[i].start <= place->at && edits_of(document)[i].end > place->at;
}

static bool find(struct json_document *document, const struct json_path *path, struct json_place *place) {
  if (document->rearranged) json_document_settle(document);
  json_path_find(document->text, path, place);
  if (document->edits.len > 0 && is_stale(document, place)) {
    json_document_settle(document);
    json_path_find(document->text, path, place);
  }
  return place->stop == JSON_STOP_FOUND;
}

struct slice json_document_value(const struct json_document *document, size_t start, size_t end) {
  if (document->edits.len == 0) return slice_make(document->text.ptr + start, end - start);
  if (is_inside(document, start, end)) return (struct slice){0};
  size_t i = edit_seek(document, start);
  const struct edit *edit = &edits_of(document)[i];
  bool edited = i < edit_count(document) && edit->start == start && edit->end == end;
  return edited ? slice_make(document->bytes.data + edit->at, edit->len)
                : slice_make(document->text.ptr + start, end - start);
}

struct slice json_document_raw(struct json_document *document, const struct json_path *path, struct buffer *scratch) {
  struct json_place place;
  if (!find(document, path, &place)) return (struct slice){0};
  size_t start = (size_t)(place.value.ptr - document->text.ptr), end = start + place.value.len;
  size_t i = edit_seek(document, start);
  if (i == edit_count(document) || edits_of(document)[i].start >= end) return place.value;
  buffer_clear(scratch);
  range_render(document, start, end, scratch);
  return buffer_slice(scratch);
}

const char *json_document_replace(struct json_document *document, size_t start, size_t end, struct slice raw) {
  if (is_inside(document, start, end)) return "its place is gone";
  return edit_add(document, start, end, (struct slice){0}, raw);
}

static unsigned depth_of(struct slice raw) {
  struct json_reader reader;
  struct slice whole;
  json_reader_start(&reader, raw);
  json_reader_value(&reader, &whole);
  return reader.deepest;
}

static const char *why_not(const struct json_path *path, const struct json_place *place) {
  if (place->stop == JSON_STOP_NOT_OBJECT) return "what it stands in is no object";
  if (place->stop == JSON_STOP_NOT_ARRAY) return "what it stands in is no array";
  if (place->steps + 1 < path->count) return "what it stands in is not there";
  const struct json_path_step *last = &path->steps[path->count - 1];
  if (!last->by_key && last->position != place->length) return "an array grows only at its end, by one element";
  return NULL;
}

/* Adds the last step to the container where it is missing. */
static const char *create(struct json_document *document, const struct json_path *path, const struct json_place *place,
                          struct slice raw) {
  const char *fault = why_not(path, place);
  if (fault) return fault;
  const struct json_path_step *last = &path->steps[path->count - 1];
  struct buffer before = {0};
  if (!place->empty) buffer_append(&before, ",", 1);
  if (last->by_key) {
    json_string_encode(&before, last->key);
    buffer_append(&before, ":", 1);
  }
  fault = edit_add(document, place->at, place->at, buffer_slice(&before), raw);
  buffer_free(&before);
  if (!fault) document->rearranged = true;
  return fault;
}

const char *json_document_set(struct json_document *document, const struct json_path *path, struct slice raw) {
  struct json_place place;
  if (path->count + depth_of(raw) > JSON_DEPTH_MAX) return "nested deeper than 64 levels";
  if (!find(document, path, &place)) return create(document, path, &place, raw);
  size_t start = (size_t)(place.value.ptr - document->text.ptr);
  bool same = json_type_of(place.value) == json_type_of(raw) && raw.ptr[0] != '{' && raw.ptr[0] != '[';
  const char *fault = edit_add(document, start, start + place.value.len, (struct slice){0}, raw);
  if (!fault && !same) document->rearranged = true;
  return fault;
}

const char *json_document_remove(struct json_document *document, const struct json_path *path) {
  struct json_place place;
  if (path->count == 0) return "the whole document cannot be removed";
  if (!find(document, path, &place)) return NULL;
  size_t start = place.next || !place.before ? place.start : place.before;
  size_t end = place.next ? place.next : place.end;
  document->rearranged = true; /* an edit without bytes always has room */
  return edit_add(document, start, end, (struct slice){0}, (struct slice){0});
}
