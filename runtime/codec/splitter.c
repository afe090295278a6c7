// SPDX-License-Identifier: Apache-2.0
#include "codec/splitter.h"

/* ---- names and types ---- */

bool framing_named(struct slice name, enum framing *framing) {
  static const char *const names[] = {"sse", "ndjson", "eventstream"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!slice_equal(name, slice_text(names[i]))) continue;
    *framing = (enum framing)i;
    return true;
  }
  return false;
}

bool framing_has_type(enum framing framing, struct slice content_type) {
  static const struct {
    enum framing framing;
    const char *type;
  } types[] = {
      {FRAMING_SSE, "text/event-stream"},          {FRAMING_NDJSON, "application/x-ndjson"},
      {FRAMING_NDJSON, "application/ndjson"},      {FRAMING_NDJSON, "application/jsonl"},
      {FRAMING_NDJSON, "application/stream+json"}, {FRAMING_EVENTSTREAM, "application/vnd.amazon.eventstream"},
  };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    struct slice wanted = slice_text(types[i].type);
    if (types[i].framing != framing || content_type.len < wanted.len) continue;
    if (slice_equal_caseless(slice_make(content_type.ptr, wanted.len), wanted)) return true;
  }
  return false;
}

/* ---- the three of them ---- */

void splitter_init(struct splitter *splitter, enum framing framing, size_t limit) {
  splitter->framing = framing;
  switch (framing) {
    case FRAMING_SSE:
      sse_init(&splitter->sse, limit);
      break;
    case FRAMING_NDJSON:
      lines_init(&splitter->lines, limit);
      break;
    case FRAMING_EVENTSTREAM:
      eventstream_init(&splitter->eventstream, limit);
      break;
  }
}

void splitter_feed(struct splitter *splitter, struct slice bytes) {
  switch (splitter->framing) {
    case FRAMING_SSE:
      sse_feed(&splitter->sse, bytes);
      break;
    case FRAMING_NDJSON:
      lines_feed(&splitter->lines, bytes);
      break;
    case FRAMING_EVENTSTREAM:
      eventstream_feed(&splitter->eventstream, bytes);
      break;
  }
}

/* JSON that stands in the stream by itself, without `data:`: how some servers tell an error. */
static bool is_bare(const struct sse_event *found) {
  return !found->has_data && found->raw.len > 0 && (found->raw.ptr[0] == '{' || found->raw.ptr[0] == '[');
}

/* An event's bytes without the line ends behind them. */
static struct slice bare_text(struct slice raw) {
  while (raw.len > 0 && (raw.ptr[raw.len - 1] == '\n' || raw.ptr[raw.len - 1] == '\r')) raw.len--;
  return raw;
}

static enum splitter_result next_sse(struct sse *sse, struct splitter_event *event) {
  struct sse_event found;
  enum sse_result result;
  do {
    result = sse_next(sse, &found);
  } while (result == SSE_EVENT && !found.has_data && !is_bare(&found));
  if (result == SSE_NEED_MORE) return SPLITTER_NEED_MORE;
  if (result == SSE_TOO_LARGE) return SPLITTER_TOO_LARGE;
  *event = (struct splitter_event){found.name, found.has_data ? found.data : bare_text(found.raw)};
  return SPLITTER_EVENT;
}

/* An event whose blank line is missing was cut, but for these: they could not go on. */
static bool last_sse(struct sse *sse, struct splitter_event *event) {
  struct sse_event found;
  sse_feed(sse, SLICE_LITERAL("\n\n"));
  if (sse_next(sse, &found) != SSE_EVENT) return false;
  bool bare = is_bare(&found);
  *event = (struct splitter_event){found.name, bare ? bare_text(found.raw) : found.data};
  return bare || slice_equal(slice_trim(found.data), SLICE_LITERAL("[DONE]"));
}

static enum splitter_result next_line(struct lines *lines, struct splitter_event *event) {
  *event = (struct splitter_event){.name = {"", 0}};
  switch (lines_next(lines, &event->data)) {
    case LINES_LINE:
      return SPLITTER_EVENT;
    case LINES_TOO_LARGE:
      return SPLITTER_TOO_LARGE;
    case LINES_NEED_MORE:
      break;
  }
  return SPLITTER_NEED_MORE;
}

static enum splitter_result next_message(struct eventstream *stream, struct splitter_event *event) {
  struct eventstream_event found;
  switch (eventstream_next(stream, &found)) {
    case EVENTSTREAM_EVENT:
      *event = (struct splitter_event){found.name, found.data};
      return SPLITTER_EVENT;
    case EVENTSTREAM_TOO_LARGE:
      return SPLITTER_TOO_LARGE;
    case EVENTSTREAM_CORRUPT:
      return SPLITTER_CORRUPT;
    case EVENTSTREAM_NEED_MORE:
      break;
  }
  return SPLITTER_NEED_MORE;
}

enum splitter_result splitter_next(struct splitter *splitter, struct splitter_event *event) {
  switch (splitter->framing) {
    case FRAMING_SSE:
      return next_sse(&splitter->sse, event);
    case FRAMING_NDJSON:
      return next_line(&splitter->lines, event);
    case FRAMING_EVENTSTREAM:
      break;
  }
  return next_message(&splitter->eventstream, event);
}

bool splitter_last(struct splitter *splitter, struct splitter_event *event) {
  if (splitter->framing == FRAMING_EVENTSTREAM || splitter_at_boundary(splitter)) return false;
  if (splitter->framing == FRAMING_SSE) return last_sse(&splitter->sse, event);
  splitter_feed(splitter, SLICE_LITERAL("\n"));
  return splitter_next(splitter, event) == SPLITTER_EVENT;
}

bool splitter_at_boundary(const struct splitter *splitter) {
  switch (splitter->framing) {
    case FRAMING_SSE:
      return sse_at_boundary(&splitter->sse);
    case FRAMING_NDJSON:
      return lines_at_boundary(&splitter->lines);
    case FRAMING_EVENTSTREAM:
      break;
  }
  return eventstream_at_boundary(&splitter->eventstream);
}

void splitter_free(struct splitter *splitter) {
  switch (splitter->framing) {
    case FRAMING_SSE:
      sse_free(&splitter->sse);
      break;
    case FRAMING_NDJSON:
      lines_free(&splitter->lines);
      break;
    case FRAMING_EVENTSTREAM:
      eventstream_free(&splitter->eventstream);
      break;
  }
}
